"""What the inherited read_seekable() makes of the stream from read(): hands it on, or spools and closes it.

A backend with a read_seekable() of its own is not bound by these axioms.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from remote_store import Backend

from rsconform.probes import ProbeContext, probe

_SPOOL_BYTES: Final = 8 * 1024 * 1024


class _CopyFailedError(Exception):
    """Raised by a stream that fails on purpose."""


class _Failing:
    """A stream that raises when it is read, and is otherwise the one it stands for."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, *_: object) -> bytes:
        raise _CopyFailedError

    readinto = read
    read1 = read

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@probe("operations.seekable_passthrough", surface="sync")
def seekable_passthrough(context: ProbeContext, path: str) -> None:
    """read_seekable() returns the very object that read() made."""
    _require_inherited(context)
    with _watched(context) as (backend, made):
        stream = context.call("read_seekable()", backend.read_seekable, path)
        with contextlib.closing(stream):
            if not made or not made[-1].seekable():
                context.skip("a read() that can seek")
            if stream is not made[-1]:
                context.fail("the very stream that read() made", f"another {type(stream).__name__}")


@probe("operations.seekable_spool", surface="sync")
def seekable_spool(context: ProbeContext, path: str) -> None:
    """read_seekable() of a forward-only read() returns a spool of the content, standing at its beginning."""
    _require_inherited(context)
    with _watched(context) as (backend, made):
        stream = context.call("read_seekable()", backend.read_seekable, path)
        with contextlib.closing(stream):
            if made and made[-1] is stream:
                context.skip("a read() that cannot seek")  # It can, undeclared: it is handed on.
            if not isinstance(stream, tempfile.SpooledTemporaryFile):
                context.fail("a SpooledTemporaryFile", type(stream).__name__)
            size = getattr(stream, "_max_size", _SPOOL_BYTES)
            if size != _SPOOL_BYTES:
                context.fail(f"a spool that keeps {_SPOOL_BYTES} bytes in memory", f"one that keeps {size}")
            if stream.tell() != 0:
                context.fail("a spool at byte 0", f"one at byte {stream.tell()}")
            if stream.read() != context.content[path]:
                context.fail(f"the {len(context.content[path])} bytes of the file", "other content in the spool")


@probe("operations.seekable_source_closed", surface="sync")
def seekable_source_closed(context: ProbeContext, path: str, *, fails: bool) -> None:
    """The stream that was spooled is closed, after copying as well as after a copy that failed."""
    _require_inherited(context)
    with _watched(context, _Failing if fails else None) as (backend, made):
        try:
            stream = backend.read_seekable(path)
        except Exception as exc:
            if not fails:
                context.fail("read_seekable() to return", f"it raised {type(exc).__name__}: {exc}")
        else:
            with contextlib.closing(stream):
                if made and made[-1] is stream:
                    context.skip("a read() that cannot seek")
        if made and not made[-1].closed:
            context.fail("the stream from read() closed", "it is still open")


def _require_inherited(context: ProbeContext) -> None:
    """Go on only where the backend inherits read_seekable(): a read_seekable() of its own is not judged here."""
    if type(context.backend).read_seekable is not Backend.read_seekable:
        context.skip("an inherited read_seekable()")


class _StandIn:
    """The backend, with another read(). For instances that take no attribute."""

    def __init__(self, backend: Backend, read: Callable[[str], Any]) -> None:
        self._backend = backend
        self.read = read

    def read_seekable(self, path: str) -> Any:
        return Backend.read_seekable(cast("Backend", self), path)

    def __getattr__(self, name: str) -> object:
        return getattr(self._backend, name)


@contextlib.contextmanager
def _watched(context: ProbeContext, instead: Callable[[Any], Any] | None = None) -> Iterator[tuple[Any, list[Any]]]:
    """Yield the backend and the list of streams that its read() makes while this lasts."""
    backend: Any = context.backend
    read = backend.read
    made: list[Any] = []

    def watched(path: str) -> Any:
        stream = read(path)
        made.append(instead(stream) if instead is not None else stream)
        return made[-1]

    try:
        backend.read = watched
    except AttributeError:
        yield _StandIn(backend, watched), made
        return
    try:
        yield backend, made
    finally:
        del backend.read
