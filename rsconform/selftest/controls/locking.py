"""Controls that lock what is open, ask their sources first, or refuse early: right, and unlike the backends we know."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from remote_store import ResourceLocked

from rsconform.selftest import operators as op
from rsconform.selftest.control import Control, control

_READS: Final = "read read_seekable"
_CHANGES: Final = "write write_atomic delete delete_folder move copy"


class _Open(io.BytesIO):
    """A stream that holds a lock until it is closed."""

    def __init__(self, data: bytes, release: Callable[[], None]) -> None:
        super().__init__(data)
        self._release = release

    def close(self) -> None:
        if not self.closed:
            self._release()
        super().close()


def _taken(call: op.Call) -> Callable[[], None]:
    """Note that something is open, and return what notes that it is closed."""
    opened: list[object] = call.backend.__dict__.setdefault("_opened", [])
    token = object()
    opened.append(token)
    return lambda: opened.remove(token) if token in opened else None


def _refuse_if_open(call: op.Call) -> None:
    if call.backend.__dict__.get("_opened"):
        raise ResourceLocked("Somebody is reading or writing", path=call.path, backend=call.backend.name)


def reading_with_a_lock(call: op.Call) -> Any:
    return _Open(call.proceed().read(), _taken(call))


def listing_with_a_lock(call: op.Call) -> Iterator[Any]:
    release = _taken(call)
    try:
        yield from call.proceed()
    finally:
        release()


@contextmanager
def block_with_a_lock(call: op.Call) -> Iterator[Any]:
    _refuse_if_open(call)
    with call.proceed() as file:
        release = _taken(call)
        try:
            yield file
        finally:
            release()


def changing_unless_open(call: op.Call) -> Any:
    _refuse_if_open(call)
    return call.proceed()


class _Entered:
    """A block that was entered when it was called."""

    def __init__(self, block: Any) -> None:
        self._block = block
        self._file = block.__enter__()

    def __enter__(self) -> Any:
        return self._file

    def __exit__(self, *raised: Any) -> Any:
        return self._block.__exit__(*raised)


def from_the_buffer(call: op.Call) -> Any:
    """Take what a BytesIO holds without reading it."""
    content = call.arguments["content"]
    if isinstance(content, io.BytesIO):
        content = bytes(content.getbuffer()[content.tell() :])
    return call.proceed(content=content)


def asking_the_source(call: op.Call) -> Any:
    """Ask a stream what it can do before it is read, as BinaryIO lets."""
    content = call.arguments["content"]
    if not isinstance(content, bytes):
        assert content.readable()
        if content.seekable():
            content.tell()
    return call.proceed()


_MUTEX: Final = threading.Lock()
_SLOWLY: Final = threading.Lock()
_LEASE_S: Final = 3.0


def unless_it_is_changed(call: op.Call) -> Any:
    """Refuse what another thread is changing at this moment."""
    concerned = {str(call.arguments[name]) for name in ("path", "src", "dst") if name in call.arguments}
    with _MUTEX:
        held: dict[str, int] = call.backend.__dict__.setdefault("_held", {})
        me = threading.get_ident()
        if any(held.get(path, me) != me for path in concerned):
            raise ResourceLocked("Somebody changes it", path=call.path, backend=call.backend.name)
        mine = concerned - held.keys()  # One operation may be made of others.
        held.update(dict.fromkeys(mine, me))
    try:
        return call.proceed()
    finally:
        with _MUTEX:
            for path in mine:
                del held[path]


def one_at_a_time(seconds: float) -> Callable[[op.Call], Any]:
    def answer(call: op.Call) -> Any:
        with _SLOWLY:
            time.sleep(seconds)
            return call.proceed()

    return answer


def under_a_lease(call: op.Call) -> Any:
    """Hold a lease while writing, which others wait out; who ends gives it back."""
    name = hashlib.sha256(f"{call.backend.native_path('')} {call.path}".encode()).hexdigest()
    lease = Path(tempfile.gettempdir()) / f"rsconform-lease-{name}"
    with suppress(FileNotFoundError, ValueError):
        holder, until = lease.read_text(encoding="utf-8").split()
        if int(holder) != os.getpid() and time.time() < float(until):
            raise ResourceLocked("Somebody writes it", path=call.path, backend=call.backend.name)
    lease.write_text(f"{os.getpid()} {time.time() + _LEASE_S}", encoding="utf-8")
    try:
        return call.proceed()
    finally:
        lease.unlink(missing_ok=True)


LOCKS_WHAT_IS_OPEN: Final[op.Mutation] = (
    op.replace(_READS, reading_with_a_lock)
    + op.replace(op.LISTINGS, listing_with_a_lock)
    + op.replace("open_atomic", block_with_a_lock)
    + op.replace(_CHANGES, changing_unless_open, ~op.CLOSED)
)

LOCKING_CONTROLS: Final[tuple[Control, ...]] = (
    control(
        "locks-what-is-open",
        "flat",
        LOCKS_WHAT_IS_OPEN,
        axioms="AW-001 SAW-001 SAW-003 SAW-004 SAW-005 SAW-006c SAW-013 KIT-031 KIT-032 KIT-033 KIT-035 KIT-036 KIT-066"
        " KIT-069 KIT-071 SIO-001b SIO-002 SEQ-001",
    ),
    control(
        "locks-what-it-changes",
        "memory",
        op.replace(_CHANGES, unless_it_is_changed, ~op.CLOSED),
        axioms="RACE-* BE-028* KIT-063 KIT-064 KIT-065",
    ),
    control(
        "answers-slowly-and-one-at-a-time",
        "flat",
        op.replace("exists is_file is_folder read_bytes get_file_info get_folder_info", one_at_a_time(0.2)),
        axioms="RACE-013",
    ),
    control("copies-slowly-and-one-at-a-time", "flat", op.replace("copy", one_at_a_time(5.2)), axioms="RACE-015"),
    control(
        "writes-under-a-lease",
        "local",
        op.replace("write write_atomic", under_a_lease, ~op.CLOSED),
        axioms="TIME-001 TIME-003 BE-008a",
    ),
    control(
        "enters-blocks-when-called",
        "flat",
        op.replace("open_atomic", lambda call: _Entered(call.proceed())),
        axioms="SAW-001 SAW-003 SAW-004 SAW-005 SAW-006a SAW-006b SAW-006c SAW-013 KIT-039 KIT-071 BE-028a",
    ),
    control(
        "takes-the-buffer-of-a-BytesIO",
        "flat",
        op.replace("write write_atomic", from_the_buffer),
        axioms="SIO-003a SIO-003b SIO-003c SIO-005b AW-001 AW-003a KIT-029 KIT-030 KIT-042 KIT-068",
    ),
    control(
        "asks-its-source-first",
        "flat",
        op.replace("write write_atomic", asking_the_source),
        axioms="SIO-003a SIO-003b SIO-003c SIO-005b AW-001 AW-003a KIT-029 KIT-030 KIT-042 KIT-066 KIT-068 KIT-069"
        " KIT-070",
    ),
)
