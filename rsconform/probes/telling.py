"""A source that tells how far it has been read."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import cast


class Telling(io.BytesIO):
    """A stream that calls back whenever it is read."""

    def __init__(self, data: bytes, tell: Callable[[int], None]) -> None:
        super().__init__(data)
        self._tell = tell

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._tell(self.tell())
        return piece

    def read1(self, size: int | None = -1, /) -> bytes:
        return self.read(size)

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(cast("bytearray", buffer)).cast("B")
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)
