"""Rogues that are well until they are stopped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from remote_store import BackendUnavailable, RemoteStoreError, ResourceLocked

from rsconform_rogues.operators import FILE, ITSELF, Call, asked, instead, swallows
from rsconform_rogues.row import Rogue, row

_WINDOW_S: Final = 0.05


def in_place(call: Call) -> Any:
    """Write where the file is, as if nothing could come in between."""
    return call.rightly("write", call.path, call.arguments["content"], overwrite=True)


def cleared_up_after_exceptions(call: Call) -> Any:
    """Take the content in beside the file, and clear that up where an Exception is raised."""
    if not call.rightly("is_folder", call.path.rpartition("/")[0]):
        return call.proceed()
    beside = Path(call.rightly("native_path", f"{call.path}.part"))
    beside.write_bytes(b"")
    try:
        answer = call.proceed()
    except Exception:
        beside.unlink()
        raise
    beside.unlink()
    return answer


def tried_again(call: Call) -> Any:
    """Take whatever a source raises for a hiccup, and go on with what is left of it."""
    try:
        return call.proceed()
    except BaseException as exc:
        if isinstance(exc, RemoteStoreError):
            raise
        return call.proceed()


@contextmanager
def ended_well(call: Call) -> Iterator[Any]:
    """Write what there is in the end, unless an Exception has come."""
    block = call.proceed()
    file = block.__enter__()
    try:
        yield file
    except Exception as exc:
        block.__exit__(type(exc), exc, exc.__traceback__)
        raise
    except BaseException:
        block.__exit__(None, None, None)
        raise
    else:
        block.__exit__(None, None, None)


def by_way_of_another(call: Call) -> Any:
    """Take the source away while it is copied."""
    content = call.rightly("read_bytes", call.path)
    call.rightly("delete", call.path)
    time.sleep(_WINDOW_S)
    call.rightly("write", call.path, content)
    return call.proceed()


def taken_in_hand(call: Call) -> None:
    """Hold the file in memory between the two paths."""
    content = call.rightly("read_bytes", call.path)
    call.rightly("delete", call.path)
    time.sleep(_WINDOW_S)
    call.rightly("write", call.arguments["dst"], content, overwrite=True)


def emptied_first(call: Call) -> Any:
    """Cut every file to nothing before the folder goes."""
    for info in list(call.rightly("list_files", call.path, recursive=True)):
        call.rightly("write", str(info.path), b"", overwrite=True)
    time.sleep(_WINDOW_S)
    return call.proceed()


def under_a_lock_file(call: Call) -> Any:
    """Hold a lock that is a file beside the root, and give it back whatever happens, but for a kill."""
    root = Path(call.rightly("native_path", ""))
    lock = root.with_name(f"{root.name}.{call.original.__name__}.lock")
    try:
        lock.touch(exist_ok=False)
    except FileExistsError as exc:
        raise ResourceLocked("somebody is at it", path=call.path, backend=call.backend.name) from exc
    try:
        time.sleep(_WINDOW_S)
        return call.proceed()
    finally:
        lock.unlink()


def asked_for_ever(call: Call) -> Any:
    """Ask again until there is an answer."""
    while True:
        try:
            return call.proceed()
        except BackendUnavailable:
            continue


ROWS: Final[tuple[Rogue, ...]] = (
    row(
        "TIME-001",
        "writes-in-place",
        "local",
        instead("write_atomic", in_place, asked(overwrite=True)),
        also="AW-001 AW-003b",
        reason="the old or the new",
    ),
    row("TIME-002", "ends-its-block-well", "memory", instead("open_atomic", ended_well), also="KIT-001 KIT-002"),
    row("TIME-002", "tries-again", "memory", instead("write_atomic", tried_again), reason="swallowed"),
    row("TIME-002", "clears-up-after-exceptions", "local", instead("write_atomic", cleared_up_after_exceptions)),
    row(
        "TIME-003",
        "takes-the-source-away",
        "local",
        instead("copy", by_way_of_another, FILE & ~ITSELF),
        reason="as before",
    ),
    row(
        "TIME-004",
        "holds-it-in-memory",
        "local",
        instead("move", taken_in_hand, FILE & ~ITSELF),
        also="BE-018a",
        reason="neither",
    ),
    row(
        "TIME-005",
        "empties-files-first",
        "local",
        instead("delete_folder", emptied_first, asked(recursive=True)),
        reason="0 bytes",
    ),
    row("TIME-003", "leaves-its-lock", "local", instead("copy", under_a_lock_file), reason="ResourceLocked"),
    row(
        "TIME-004",
        "leaves-its-lock",
        "local",
        instead("move", under_a_lock_file),
        also="CAP-007a RACE-004 RACE-010",
        reason="ResourceLocked",
    ),
    row("TIME-005", "leaves-its-lock", "local", instead("delete_folder", under_a_lock_file), reason="ResourceLocked"),
    row("TIME-006", "asks-for-ever", "s3", instead("read_bytes", asked_for_ever), reason="did not return"),
    row("TIME-006", "is-content", "s3", swallows("read_bytes", BackendUnavailable, value=b""), reason="returned"),
)
