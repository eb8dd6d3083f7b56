"""A source that tells how far it has been read."""

from __future__ import annotations

import io
from collections.abc import Callable


class CountingSource(io.BufferedIOBase):
    """A stream that calls back whenever it is read.

    It is not a BytesIO, whose buffer a backend may take without reading it.
    """

    def __init__(self, data: bytes, tell: Callable[[int], None]) -> None:
        self._source = io.BytesIO(data)
        self._told = tell

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        piece = self._source.read(size)
        self._told(self._source.tell())
        return piece

    def read1(self, size: int = -1, /) -> bytes:
        return self.read(size)
