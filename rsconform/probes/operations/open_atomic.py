"""The block of open_atomic(): what its file can do, what shows before its end, and what an exception in it does."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from remote_store import AlreadyExists, RemoteStoreError

from rsconform.cases.content import parse_content
from rsconform.lanes.errors import counted_as
from rsconform.probes import ProbeContext, probe
from rsconform.probes.support.caller_errors import make_own, require_own, require_raised
from rsconform.probes.support.observer import looking_at, shown
from rsconform.run.case.outcomes import Failed, Refused


@probe("operations.block_manager", surface="sync")
def block_manager(context: ProbeContext, path: str, raises: str) -> None:
    """open_atomic() gives a context manager; what is wrong with the target is raised on entering it at the latest."""
    try:
        block = context.backend.open_atomic(path)
    except Exception as exc:
        if counted_as(exc).__name__ != raises:
            context.fail(f"{raises or 'nothing'} from open_atomic() or on entering", f"{type(exc).__name__}: {exc}")
        return
    for method in ("__enter__", "__exit__"):
        if not hasattr(type(block), method):
            context.fail("a context manager from open_atomic()", f"{type(block).__name__} without {method}")
    try:
        file = block.__enter__()
    except Exception as exc:
        if counted_as(exc).__name__ != raises:
            context.fail(f"{raises or 'nothing'} on entering", f"{type(exc).__name__}: {exc}")
        return
    try:
        if raises:
            context.fail(f"{raises} on entering", "the block was entered")
        context.call("write(bytes) of the block's file", file.write, b"entered")
    finally:
        context.call("leaving the block", block.__exit__, None, None, None)


@probe("operations.block_pieces", surface="sync")
def block_pieces(context: ProbeContext, path: str, pieces: Sequence[str], *, reuses: bool = False) -> None:
    """The pieces are written one after the other, all from one bytearray that is used again if `reuses` says so."""
    buffer = bytearray()
    with _Entered(context, path) as file:
        for piece in pieces:
            data = parse_content(piece).data
            if not reuses:
                context.call("write(bytes) in the block", file.write, data)
                continue
            buffer[:] = data
            context.call("write(bytearray) in the block", file.write, buffer)
            buffer[:] = b"\xff" * len(buffer)


@probe("operations.block_tell", surface="sync")
def block_tell(context: ProbeContext, path: str, pieces: Sequence[str]) -> None:
    """tell() of the block's file says how many bytes were written so far."""
    written = 0
    with _Entered(context, path) as file:
        for piece in ("text:", *pieces):
            data = parse_content(piece).data
            context.call("write(bytes) in the block", file.write, data)
            written += len(data)
            at = context.call("tell() in the block", file.tell)
            if type(at) is not int or at != written:
                context.fail(f"tell() = {written} after so many bytes", f"{at!r}")


@probe("operations.block_rewritten", surface="sync")
def block_rewritten(context: ProbeContext, path: str, header: str, content: str) -> None:
    """The block's file is filled, then its beginning is written anew, and so it ends in the middle."""
    start, data = parse_content(header).data, parse_content(content).data
    with _Entered(context, path) as file:
        context.call("write(bytes) in the block", file.write, data)
        try:
            file.seek(0)
        except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError.
            context.skip("a block whose file can seek")
        context.call("write(bytes) after seek(0)", file.write, start)
    stored = context.call("read_bytes()", context.backend.read_bytes, path)
    if stored != start + data[len(start) :]:
        context.fail(f"{len(data)} bytes, the first {len(start)} of them written last", f"{len(stored)} other bytes")


@probe("operations.block_hidden_until_end", surface="sync")
def block_hidden_until_end(context: ProbeContext, path: str, pieces: Sequence[str], by: str) -> None:
    """Until the block ends its path shows what it showed before."""
    with looking_at(context, path, by) as look:
        before = look()
        with _Entered(context, path) as file:
            for count, piece in enumerate(("text:", *pieces)):
                context.call("write(bytes) in the block", file.write, parse_content(piece).data)
                now = look()
                if now != before:
                    context.fail(f"{shown(before)} until the block ends", f"{shown(now)} after {count} pieces")


@probe("operations.block_raises", surface="sync")
def block_raises(context: ProbeContext, path: str, raised: str, body: str) -> None:
    """An exception raised in the block comes out of it as the very object."""
    own = make_own(raised)
    try:
        with _Entered(context, path) as file:
            file.write(parse_content(body).data)
            raise own
    except BaseException as exc:
        require_own(context, own, exc)
        return
    require_raised(context, own)


@probe("operations.two_blocks", surface="sync")
def two_blocks(context: ProbeContext, outer: str, inner: str, content: str) -> None:
    """Two blocks are open at once and written to in turn; the outer holds twice what the inner does."""
    data = parse_content(content).data
    with _Entered(context, outer) as first, _Entered(context, inner, beside=True) as second:
        for file in (first, second, first):
            context.call("write(bytes) in one of two blocks", file.write, data)


@probe("operations.block_published", surface="sync")
def block_published(context: ProbeContext, path: str) -> None:
    """A block that ends without an error has published its file, although another was made there meanwhile."""
    content = b"the block's"
    block = context.call("open_atomic()", context.backend.open_atomic, path)
    try:
        with block as file:
            file.write(content)
            context.change("write() of the rival", context.backend.write, path, b"the rival's")
    except RemoteStoreError as exc:
        context.notes.append(f"the block that came too late raised {type(exc).__name__}")
        return
    seen = context.call("read_bytes()", context.backend.read_bytes, path)
    if seen != content:
        context.fail("an error at the end of the block, or its file", f"it ended, and the file holds {seen[:40]!r}")


@probe("operations.block_rival", surface="sync")
def block_rival(context: ProbeContext, path: str, by: str) -> None:
    """A file that another client made while the block was open is not replaced silently without overwrite."""
    other = context.subject.make() if by == "peer" else context.backend
    block = context.call("open_atomic()", context.backend.open_atomic, path)
    try:
        with block as file:
            file.write(b"the block's")
            context.change("write() of the rival", other.write, path, b"the rival's")
    except AlreadyExists:
        return
    except RemoteStoreError as exc:
        context.notes.append(f"the block that came too late raised {type(exc).__name__}")
        return
    finally:
        if other is not context.backend:
            other.close()
    context.fail("AlreadyExists at the end of the block that came too late", "it ended, and replaced the rival's file")


class _Entered:
    """An open_atomic block with overwrite, entered and left through the context.

    Args:
        beside: Another block is open, so that the store may refuse this one.
    """

    def __init__(self, context: ProbeContext, path: str, *, beside: bool = False) -> None:
        self._context = context
        self._call = context.change if beside else context.call
        self._block = self._call("open_atomic()", context.backend.open_atomic, path, overwrite=True)
        context.changed = False  # A block changes nothing before its end.

    def __enter__(self) -> Any:
        file = self._call("entering the block", self._block.__enter__)
        self._context.changed = False
        return file

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if exc is None:
            self._context.call("leaving the block", self._block.__exit__, None, None, None)
            return False
        swallowed = bool(self._block.__exit__(kind, exc, trace))
        return swallowed and not isinstance(exc, Failed | Refused)
