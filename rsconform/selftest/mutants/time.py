"""Mutants of TIME: slow, hanging and interrupted operations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from remote_store import BackendUnavailable, RemoteStoreError, ResourceLocked
from remote_store.aio import AsyncMemoryBackend

from rsconform.selftest import operators as op
from rsconform.selftest.mutant import Mutant, mutant


async def writes_all_the_same(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Write in a task that cannot be cancelled, and that takes the longer the more there is."""
    taken = content if isinstance(content, bytes) else b"".join([piece async for piece in content])

    async def write() -> Any:
        await asyncio.sleep(len(taken) / 500_000)
        return await AsyncMemoryBackend.write(self, path, taken, **options)

    return await asyncio.shield(asyncio.ensure_future(write()))


_WINDOW_S: Final = 0.05


def in_place(call: op.Call) -> Any:
    """Write where the file is, as if nothing could come in between."""
    return call.call_correct("write", call.path, call.arguments["content"], overwrite=True)


def cleared_up_after_exceptions(call: op.Call) -> Any:
    """Take the content in beside the file, and clear that up where an Exception is raised."""
    if not call.call_correct("is_folder", call.path.rpartition("/")[0]):
        return call.proceed()
    beside = Path(call.call_correct("native_path", f"{call.path}.part"))
    beside.write_bytes(b"")
    try:
        answer = call.proceed()
    except Exception:
        beside.unlink()
        raise
    beside.unlink()
    return answer


def tried_again(call: op.Call) -> Any:
    """Take whatever a source raises for a hiccup, and go on with what is left of it."""
    try:
        return call.proceed()
    except BaseException as exc:
        if isinstance(exc, RemoteStoreError):
            raise
        return call.proceed()


@contextmanager
def ended_well(call: op.Call) -> Iterator[Any]:
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


def by_way_of_another(call: op.Call) -> Any:
    """Take the source away while it is copied."""
    content = call.call_correct("read_bytes", call.path)
    call.call_correct("delete", call.path)
    time.sleep(_WINDOW_S)
    call.call_correct("write", call.path, content)
    return call.proceed()


def taken_in_hand(call: op.Call) -> None:
    """Hold the file in memory between the two paths."""
    content = call.call_correct("read_bytes", call.path)
    call.call_correct("delete", call.path)
    time.sleep(_WINDOW_S)
    call.call_correct("write", call.arguments["dst"], content, overwrite=True)


def emptied_first(call: op.Call) -> Any:
    """Cut every file to nothing before the folder goes."""
    for info in list(call.call_correct("list_files", call.path, recursive=True)):
        call.call_correct("write", str(info.path), b"", overwrite=True)
    time.sleep(_WINDOW_S)
    return call.proceed()


def under_a_lock_file(call: op.Call) -> Any:
    """Hold a lock that is a file beside the root, and give it back whatever happens, but for a kill."""
    root = Path(call.call_correct("native_path", ""))
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


def asked_for_ever(call: op.Call) -> Any:
    """Ask again until there is an answer."""
    while True:
        try:
            return call.proceed()
        except BackendUnavailable:
            continue


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("TIME-001", "writes-in-place", "local", op.replace("write_atomic", in_place, op.called_with(overwrite=True)),
        also="AW-001 AW-003b", reason="the old or the new"),
    mutant("TIME-002", "ends-its-block-well", "memory", op.replace("open_atomic", ended_well), also="KIT-001 KIT-002"),
    mutant("TIME-002", "tries-again", "memory", op.replace("write_atomic", tried_again), reason="swallowed"),
    mutant("TIME-002", "clears-up-after-exceptions", "local", op.replace("write_atomic", cleared_up_after_exceptions)),
    mutant("TIME-003", "takes-the-source-away", "local", op.replace("copy", by_way_of_another, op.FILE & ~op.ITSELF),
        reason="as before"),
    mutant("TIME-003", "leaves-its-lock", "local", op.replace("copy", under_a_lock_file), reason="ResourceLocked"),
    mutant("TIME-004", "holds-it-in-memory", "local", op.replace("move", taken_in_hand, op.FILE & ~op.ITSELF),
        also="BE-018a", reason="neither"),
    mutant("TIME-004", "leaves-its-lock", "local", op.replace("move", under_a_lock_file),
        also="CAP-007a RACE-004 RACE-010", reason="ResourceLocked"),
    mutant("TIME-005", "empties-files-first", "local",
        op.replace("delete_folder", emptied_first, op.called_with(recursive=True)), reason="0 bytes"),
    mutant("TIME-005", "leaves-its-lock", "local", op.replace("delete_folder", under_a_lock_file),
        reason="ResourceLocked"),
    mutant("TIME-006", "retries-forever", "s3", op.replace("read_bytes", asked_for_ever), reason="did not return"),
    mutant("TIME-006", "swallows-unavailable", "s3", op.swallows("read_bytes", BackendUnavailable, value=b""),
        reason="returned"),
    mutant("TIME-007", "writes-all-the-same", "async", op.override(write=writes_all_the_same), reason="a little later"),
)
# fmt: on
