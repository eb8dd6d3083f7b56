"""Streams of content that a backend is given, ordinary and unusual ones."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, NoReturn, cast

from rsconform.cases.content import Content, Source

_PIECE = 64 * 1024


class SourceFailedError(Exception):
    """What the kit's own source raises in the middle; it has to come back to the caller unchanged."""


class _Unusual(io.BufferedIOBase):
    """A stream that reads short, cannot seek or fails in the middle, as its source says."""

    def __init__(self, source: Source) -> None:
        self._data = source.content.data
        self._at = source.position
        self._source = source
        self.raised: SourceFailedError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._source.seekable

    def read(self, size: int | None = -1, /) -> bytes:
        end = len(self._data)
        sized = size is not None and size >= 0
        if sized:
            # Only a read of so many bytes may be short: one without a size goes to the end.
            end = min(end, self._at + (size or 0), self._at + (self._source.chunk or end))
        limit = self._source.fails_after
        if limit is not None and end > limit:
            if self._at >= limit or not sized:
                self.raised = SourceFailedError(f"the source fails after {limit} bytes")
                raise self.raised
            end = limit
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def read1(self, size: int = -1, /) -> bytes:
        return self.read(size)

    def tell(self) -> int:
        if not self._source.seekable:
            raise io.UnsupportedOperation("tell")
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if not self._source.seekable:
            raise io.UnsupportedOperation("seek")
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        self._at = max(0, base + offset)
        return self._at


class _OnlyRead:
    """A BinaryIO that can do nothing but `read`: no class of `io`, and without what BinaryIO does not ask for."""

    mode = "rb"
    name = "<source>"
    closed = False

    def __init__(self, stream: _Unusual) -> None:
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(size)

    def readline(self, size: int = -1, /) -> bytes:
        return self._stream.readline(size)

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        return self._stream.readlines(hint)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    writable = isatty = seekable

    def seek(self, *_: object) -> NoReturn:
        raise io.UnsupportedOperation("it can only be read")

    tell = truncate = fileno = write = writelines = seek

    def flush(self) -> None:
        """Do nothing: nothing is ever written."""

    close = flush

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def __next__(self) -> bytes:
        return next(self._stream)

    def __enter__(self) -> _OnlyRead:
        return self

    def __exit__(self, *_: object) -> None:
        """Stay open: the caller closes it."""


class Handed:
    """Content as it is handed over in one step, and what its source raised."""

    def __init__(self, content: Content | Source) -> None:
        self._content = content
        self._unusual: _Unusual | None = None
        self.argument: bytes | BinaryIO = self._make()

    def _make(self) -> bytes | BinaryIO:
        content = self._content
        if isinstance(content, Content):
            return content.data
        if content.fails_after is None and content.chunk is None and content.seekable and not content.only_read:
            plain = io.BytesIO(content.content.data)
            plain.seek(content.position)
            return plain
        self._unusual = _Unusual(content)
        if content.only_read:
            return cast("BinaryIO", _OnlyRead(self._unusual))
        return cast("BinaryIO", self._unusual)

    @property
    def raised(self) -> SourceFailedError | None:
        """Return what the source raised, if it did."""
        return self._unusual.raised if self._unusual is not None else None

    @property
    def lost(self) -> bool:
        """Return whether the source failed: a plain write may then leave a part."""
        return self.raised is not None

    @property
    def bind(self) -> str | None:
        """Return the name under which later steps look at the source."""
        return self._content.bind if isinstance(self._content, Source) else None

    def pieces(self) -> Iterator[bytes]:
        """Yield the content piece by piece, as the body of an open_atomic block writes it."""
        if isinstance(self.argument, bytes):
            for start in range(0, len(self.argument), _PIECE):
                yield self.argument[start : start + _PIECE]
            return
        while piece := self.argument.read(_PIECE):
            yield piece
