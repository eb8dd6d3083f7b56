"""Mutants of SIO: streams."""

from __future__ import annotations

import io
from typing import Any, Final

from remote_store import BackendUnavailable

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import PIECE, STREAM, Keeps, ReadAhead, late, rewound, tried_again
from rsconform.selftest.mutant import Mutant, mutant


def end_only_once(stream: Any) -> Any:
    """Raise where a stream is read again after its end."""
    ended: list[bool] = []

    def read(stream: Any, *size: int) -> Any:
        if ended:
            raise ValueError("there is nothing left")
        piece = stream.read(*size)
        if not piece and size != (0,):
            ended.append(True)
        return piece

    return op.Around(stream, read=read)


def a_byte_more(stream: Any, size: int = -1) -> Any:
    return stream.read(size + 1 if size > 1 else size)


def relative_as_absolute(stream: Any, offset: int, whence: int = 0) -> int:
    return int(stream.seek(offset, 0 if whence == 1 else whence))


def offset_from_the_end(stream: Any, offset: int, whence: int = 0) -> int:
    at = int(stream.seek(offset, whence))
    return offset if whence == 2 else at


def read_before(stream: Any) -> Any:
    return io.BufferedReader(io.BytesIO(stream.read()))


def first_mebibyte(stream: Any) -> Any:
    return io.BytesIO(stream.read(1 << 20))


def read_losing_one(call: op.Call) -> Any:
    """Have thirty connections, of which one that is not read to its end never comes back."""
    out: list[object] = call.backend.__dict__.setdefault("_lent", [])
    if len(out) >= 30:
        raise BackendUnavailable("no connection left", path=call.path, backend=call.backend.name)
    out.append(call.path)

    def read(stream: Any, *size: int) -> Any:
        piece = stream.read(*size)
        if not piece and out:
            out.pop()
        return piece

    return op.Around(call.proceed(), read=read)


def until_a_short_piece(call: op.Call) -> Any:
    """Take a piece that is shorter than what was asked for as the last."""
    content = call.arguments["content"]
    pieces = [content.read(PIECE)]
    while len(pieces[-1]) == PIECE:
        pieces.append(content.read(PIECE))
    return call.proceed(content=b"".join(pieces))


def a_byte_short(content: bytes) -> bytes:
    return content[:-1] if len(content) == 64 * 1024 + 1 else content


def interrupts_mapped(call: op.Call) -> Any:
    try:
        return call.proceed()
    except Exception:
        raise
    except BaseException as exc:
        raise BackendUnavailable("interrupted", path=call.path, backend=call.backend.name) from exc


_WHOLE: Final = 64 << 20


def reading_far_ahead(stream: Any) -> Any:
    return io.BufferedReader(stream, _WHOLE)


class _Ahead(Keeps):
    """A stream that, once it is read from, fetches the rest as well."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._all: io.BytesIO | None = None

    def read(self, size: int = -1) -> bytes:
        if self._all is None:
            self._all = io.BytesIO(self._stream.read())
        return self._all.read(size)


def in_text_order(size: int) -> op.Behaviour:
    """Return the behaviour of storing parts of a size in the order of their numbers as text."""

    def store(call: op.Call) -> Any:
        data = call.arguments["content"].read()
        parts = {str(at // size + 1): data[at : at + size] for at in range(0, len(data), size)}
        return call.proceed(content=b"".join(parts[number] for number in sorted(parts)))

    return store


def without_a_last_part(call: op.Call) -> Any:
    """Store whole parts of five mebibytes, and take the last of them for the end where nothing follows it."""
    size, data = 5 << 20, call.arguments["content"].read()
    return call.proceed(content=data[:-size] if data and len(data) % size == 0 else data)


_BLOCK: Final = 4096


def without_holes(content: bytes) -> bytes:
    """Leave out the blocks of zeros at the end, as if they were holes."""
    while len(content) >= _BLOCK and not any(content[-_BLOCK:]):
        content = content[:-_BLOCK]
    return content


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # SIO: streams.
    mutant("SIO-001a", "cannot-be-read", "flat", op.streams("read", readable=lambda _: False), reason="readable"),
    mutant("SIO-001b", "gives-more-than-asked", "flat", op.streams("read", read=a_byte_more),
        reason="pieces of at most"),
    mutant("SIO-001b", "ends-after-a-mebibyte", "memory", op.alters("read", first_mebibyte)),
    mutant("SIO-001c", "ends-only-once", "bare", op.alters("read", end_only_once), reason="ValueError"),
    mutant("SIO-001d", "stays-open", "flat", op.streams("read", close=lambda _: None), reason="closed"),
    mutant("SIO-002", "reads-a-mebibyte-at-once", "flat", op.alters("read_bytes", lambda data: data[: 1 << 20])),
    mutant("SIO-003a", "orders-parts-as-text", "memory", op.replace("write", in_text_order(8 << 20), STREAM),
        reason="bytes"),
    mutant("SIO-003a", "loses-a-whole-last-part", "memory", op.replace("write", without_a_last_part, STREAM),
        reason="a"),
    mutant("SIO-003a", "has-no-holes-at-the-end", "flat", op.stores("write_atomic", without_holes),
        also="BE-010a WR-003"),
    mutant("SIO-003a", "loses-a-byte", "memory", op.stores("write_atomic", a_byte_short)),
    mutant("SIO-003b", "rewinds-its-source", "flat", op.replace("write_atomic", rewound, STREAM), also="BE-021a"),
    mutant("SIO-003c", "takes-a-short-piece-for-the-end", "flat", op.replace("write", until_a_short_piece, STREAM)),
    mutant("SIO-004", "fails-at-the-first-byte", "flat", op.replace("read", late, op.MISSING), reason="at call"),
    mutant("SIO-005a", "loses-connections", "flat", op.replace("read", read_losing_one), reason="BackendUnavailable"),
    mutant("SIO-005b", "maps-interrupts", "flat", op.replace("write", interrupts_mapped), reason="BackendUnavailable"),
    mutant("SIO-005b", "tries-again", "flat", op.replace("write", tried_again, STREAM), also="KIT-068 KIT-030",
        reason="swallowed"),
    mutant("SIO-008a", "says-that-it-cannot-seek", "flat", op.streams("read", seekable=lambda _: False)),
    mutant("SIO-008b", "counts-back-from-the-end-of-its-block", "flat", op.alters("read", ReadAhead), also="SEEK-003a"),
    mutant("SIO-008b", "takes-relative-for-absolute", "flat", op.streams("read", seek=relative_as_absolute)),
    mutant("SIO-008c", "keeps-a-mebibyte", "flat", op.alters("read_seekable", first_mebibyte)),
    mutant("SIO-009a", "reads-it-all-before", "local", op.alters("read", read_before), reason="BytesIO"),
    mutant("SIO-009b", "fills-no-buffers", "local", op.streams("read", readinto=lambda *_: None), reason="None"),
    mutant("SIO-009c", "fetches-the-rest-as-well", "local", op.alters("read", _Ahead), also="SEEK-003a", reason="MiB"),
    mutant("SIO-009c", "reads-far-ahead", "s3", op.alters("read", reading_far_ahead), reason="bytes came"),
    mutant("SIO-011", "forgets-the-size", "memory", op.streams("read", seek=offset_from_the_end)),
)
# fmt: on
