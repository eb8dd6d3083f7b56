"""Controls that lock what is open, ask their sources first, or refuse early: right, and unlike the backends we know."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from remote_store import ResourceLocked

from rsconform_rogues.control import Control, control
from rsconform_rogues.operators import CLOSED, LISTINGS, Call, Wrong, instead

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


def _taken(call: Call) -> Callable[[], None]:
    """Note that something is open, and return what notes that it is closed."""
    opened: list[object] = call.backend.__dict__.setdefault("_opened", [])
    token = object()
    opened.append(token)
    return lambda: opened.remove(token) if token in opened else None


def _refuse_if_open(call: Call) -> None:
    if call.backend.__dict__.get("_opened"):
        raise ResourceLocked("Somebody is reading or writing", path=call.path, backend=call.backend.name)


def reading_with_a_lock(call: Call) -> Any:
    return _Open(call.proceed().read(), _taken(call))


def listing_with_a_lock(call: Call) -> Iterator[Any]:
    release = _taken(call)
    try:
        yield from call.proceed()
    finally:
        release()


@contextmanager
def block_with_a_lock(call: Call) -> Iterator[Any]:
    _refuse_if_open(call)
    with call.proceed() as file:
        release = _taken(call)
        try:
            yield file
        finally:
            release()


def changing_unless_open(call: Call) -> Any:
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


def from_the_buffer(call: Call) -> Any:
    """Take what a BytesIO holds without reading it."""
    content = call.arguments["content"]
    if isinstance(content, io.BytesIO):
        content = bytes(content.getbuffer()[content.tell() :])
    return call.proceed(content=content)


def asking_the_source(call: Call) -> Any:
    """Ask a stream what it can do before it is read, as BinaryIO lets."""
    content = call.arguments["content"]
    if not isinstance(content, bytes):
        assert content.readable()
        if content.seekable():
            content.tell()
    return call.proceed()


LOCKS_WHAT_IS_OPEN: Final[Wrong] = (
    instead(_READS, reading_with_a_lock)
    + instead(LISTINGS, listing_with_a_lock)
    + instead("open_atomic", block_with_a_lock)
    + instead(_CHANGES, changing_unless_open, ~CLOSED)
)

LOCKING_CONTROLS: Final[tuple[Control, ...]] = (
    control(
        "locks-what-is-open",
        "flat",
        LOCKS_WHAT_IS_OPEN,
        axioms="AW-001 SAW-001 SAW-003 SAW-004 SAW-005 SAW-006c SAW-013 KIT-031 KIT-032 KIT-033 KIT-035 KIT-036 KIT-066"
        " KIT-069 KIT-071 SIO-001b SIO-002",
    ),
    control(
        "enters-blocks-when-called",
        "flat",
        instead("open_atomic", lambda call: _Entered(call.proceed())),
        axioms="SAW-001 SAW-003 SAW-004 SAW-005 SAW-006a SAW-006b SAW-006c SAW-013 KIT-039 KIT-071 BE-028a",
    ),
    control(
        "takes-the-buffer-of-a-BytesIO",
        "flat",
        instead("write write_atomic", from_the_buffer),
        axioms="SIO-003a SIO-003b SIO-003c SIO-005b AW-001 AW-003a KIT-029 KIT-030 KIT-042 KIT-068",
    ),
    control(
        "asks-its-source-first",
        "flat",
        instead("write write_atomic", asking_the_source),
        axioms="SIO-003a SIO-003b SIO-003c SIO-005b AW-001 AW-003a KIT-029 KIT-030 KIT-042 KIT-066 KIT-068 KIT-069"
        " KIT-070",
    ),
)
