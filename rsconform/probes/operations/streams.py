"""What the streams from read() and read_seekable() do: closing, seeking, and outliving the file they read."""

from __future__ import annotations

import contextlib
import io
from typing import Any, Final

from remote_store import RemoteStoreError

from rsconform.cases.content import parse_content
from rsconform.lanes.draining import drained
from rsconform.probes import ProbeContext, probe
from rsconform.stateful.expected import foreign_byte

# How a stream may refuse a position: ours, or what the io protocol raises.
_REFUSALS: Final = (RemoteStoreError, ValueError, OSError)


@probe("operations.stream_in_with", surface="sync")
def stream_in_with(context: ProbeContext, path: str, op: str) -> None:
    """A `with` over the stream closes it at the end, read or not, and does not hide an exception."""
    for size in (-1, 1, 0):
        stream = _open(context, path, op)
        try:
            with stream as entered:
                context.call("read()", entered.read, size)
        except Exception as exc:
            context.fail("a context manager", f"{type(exc).__name__}: {exc}")
        if stream.closed is not True:
            context.fail("closed = True after the block", f"{stream.closed!r}")


@probe("operations.stream_closed_early")
def stream_closed_early(context: ProbeContext, path: str, op: str, times: int) -> None:
    """However often a stream is closed unfinished, the next one gives the whole file."""
    for _ in range(times):
        stream = _open(context, path, op)
        context.call("read(100)", stream.read, 100)
        context.call("close()", stream.close)
    with contextlib.closing(_open(context, path, op)) as stream:
        seen = context.call("read()", stream.read)
    if seen != context.content[path]:
        context.fail(f"the {len(context.content[path])} bytes of the file", f"{len(seen)} bytes, or others")


@probe("operations.stream_innermost", surface="sync")
def stream_innermost(context: ProbeContext, path: str, op: str) -> None:
    """Under its wrappers the stream is no BytesIO."""
    with contextlib.closing(_open(context, path, op)) as stream:
        body = _innermost(stream)
        # A class of its own may be made from BytesIO and still fill itself as it is read.
        if type(body) is io.BytesIO or (
            isinstance(body, io.BytesIO) and len(body.getbuffer()) == len(context.content[path])
        ):
            context.fail("a stream that fetches as it is read", f"{_chain(stream)}: all of it was there before")


@probe("operations.stream_readinto", surface="sync")
def stream_readinto(context: ProbeContext, path: str, op: str, size: int) -> None:
    """readinto() under the wrappers puts bytes of the file into a buffer of any size, as many as it says."""
    content = context.content[path]
    with contextlib.closing(_open(context, path, op)) as stream:
        body = _innermost(stream)
        if not hasattr(body, "readinto"):
            context.skip("a stream with readinto()")
        at = 0
        while at < len(content):
            buffer = bytearray(b"\xff" * size)
            count = context.call("readinto()", body.readinto, buffer)
            if type(count) is not int or not 0 < count <= size:
                context.fail(f"1 to {size} bytes from readinto() at byte {at} of {len(content)}", f"{count!r}")
            if buffer[:count] != content[at : at + count]:
                context.fail(f"the bytes of the file from byte {at}", "others")
            at += count
        rest = context.call("readinto()", body.readinto, bytearray(size))
        if rest != 0:
            context.fail("0 from readinto() at the end", f"{rest!r}")


@probe("operations.stream_lines", surface="sync")
def stream_lines(context: ProbeContext, path: str, op: str) -> None:
    """Lines are those of the file: one by one, in iteration, and cut where a limit is given."""
    wanted = io.BytesIO(context.content[path]).readlines()  # Other than splitlines() they end at "\n" alone.
    with contextlib.closing(_open(context, path, op)) as stream:
        by_one = list(iter(lambda: context.call("readline()", stream.readline), b""))
        context.call("seek(0)", stream.seek, 0)
        beginning = context.call("readline(3)", stream.readline, 3)
        context.call("seek(0)", stream.seek, 0)
        iterated = context.call("iterating", list, stream)
    if by_one != wanted or iterated != wanted:
        counts = f"{len(by_one)} by readline(), {len(iterated)} in iteration"
        context.fail(f"the {len(wanted)} lines of the file", f"{counts}, or others")
    if beginning != wanted[0][:3]:
        context.fail(f"{wanted[0][:3]!r} from readline(3)", repr(beginning[:40]))


@probe("operations.stream_seek_beyond", surface="sync")
def stream_seek_beyond(context: ProbeContext, path: str, op: str, offset: int, whence: int) -> None:
    """A position before the beginning or past the end is refused, or holds nothing; no wrong byte comes from it."""
    content = context.content[path]
    base = (0, 3, len(content))[whence]
    with contextlib.closing(_open(context, path, op)) as stream:
        context.call("seek(3)", stream.seek, 3)
        try:
            at = stream.seek(offset, whence)
        except _REFUSALS:
            at = 3
        except Exception as exc:
            context.fail("a position or a refusal", f"{type(exc).__name__}: {exc}")
        # Refused, the position itself, or the nearest one that the file has.
        allowed = {3, max(0, base + offset), min(max(0, base + offset), len(content))}
        if at not in allowed or context.call("tell()", stream.tell) != at:
            context.fail(f"a position out of {sorted(allowed)}, which tell() says too", f"{at!r}")
        try:
            seen = stream.read()
        except _REFUSALS:
            seen = content[at:]
        if seen != content[at:]:
            context.fail(f"the {len(content[at:])} bytes from byte {at}", f"{len(seen)} bytes, or others")
        context.call("seek(0)", stream.seek, 0)
        if context.call("read()", stream.read) != content:
            context.fail("the file again after seek(0)", "something else")


@probe("operations.stream_after_replace")
def stream_after_replace(context: ProbeContext, path: str, op: str, by: str, first: int, new: str) -> None:
    """A stream that is read on after its file was replaced gives one of the two contents, or an error of ours."""
    old, now = context.content[path], parse_content(new).data
    with contextlib.closing(_open(context, path, op)) as stream:
        begun = _begun(context, stream, first)
        _replace(context, path, by, now)
        try:
            seen = begun + drained(stream)
        except RemoteStoreError:
            return
        except Exception as exc:
            context.fail("bytes, or an error of remote_store's", f"{type(exc).__name__}: {exc}")
    if seen not in (old, now):
        context.fail(
            "the old content or the new, whole",
            f"{len(seen)} bytes, equal to neither ({len(old)} and {len(now)} bytes)",
        )


@probe("operations.stream_during_write")
def stream_during_write(context: ProbeContext, path: str, op: str, first: int, new: str) -> None:
    """A stream that is read on after a plain write holds, at each place, the old byte or the new."""
    old, now = context.content[path], parse_content(new).data
    with contextlib.closing(_open(context, path, op)) as stream:
        begun = _begun(context, stream, first)
        _replace(context, path, "write", now)
        try:
            seen = begun + drained(stream)
        except RemoteStoreError:
            return
        except Exception as exc:
            context.fail("bytes, or an error of remote_store's", f"{type(exc).__name__}: {exc}")
    at = foreign_byte(seen, old, now)
    if at is not None:
        context.fail("at each place the old byte or the new", f"neither at byte {at} of {len(seen)}")


def _replace(context: ProbeContext, path: str, by: str, content: bytes) -> None:
    if by != "open_atomic":
        context.change(f"{by}()", getattr(context.backend, by), path, content, overwrite=True)
        return

    def block() -> None:
        with context.backend.open_atomic(path, overwrite=True) as file:
            file.write(content)

    context.change("open_atomic()", block)


def _open(context: ProbeContext, path: str, op: str) -> Any:
    return context.call(f"{op}()", getattr(context.backend, op), path)


def _begun(context: ProbeContext, stream: Any, size: int) -> bytes:
    """Return the first bytes of a file, so many of them."""
    begun = b""
    while len(begun) < size:
        piece = context.call("read()", stream.read, size - len(begun))
        if not isinstance(piece, bytes) or not piece:
            context.fail(f"{size} bytes of the file", f"{len(begun)} bytes, and then {piece!r}")
        begun += piece
    return begun


def _layers(stream: Any) -> list[Any]:
    """Return a stream and what it wraps. Only wrappers that are known as such are opened."""
    layers = [stream]
    while isinstance(layers[-1], io.BufferedReader) or type(layers[-1]).__name__ == "_ErrorMappingStream":
        inside = getattr(layers[-1], "raw", None) or getattr(layers[-1], "_inner", None)
        if inside is None:
            break
        layers.append(inside)
    return layers


def _innermost(stream: Any) -> Any:
    return _layers(stream)[-1]


def _chain(stream: Any) -> str:
    return " over ".join(type(layer).__name__ for layer in _layers(stream))
