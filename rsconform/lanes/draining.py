"""Reading a stream to its end, which a wrong one may not have."""

from __future__ import annotations

from typing import Any, Final

# What nothing that the kit reads exceeds. A thread that reads on for ever cannot be ended, and takes all memory.
MOST_BYTES: Final = 512 << 20


class EndlessError(Exception):
    """A stream gave no bytes, or more of them than anything that was written."""


def drained(stream: Any, size: int = 65536, most: int = MOST_BYTES) -> bytes:
    """Return what is left of a stream, read in pieces.

    Args:
        size: Of a piece; -1 for all there is.
        most: More bytes than these were never written.

    Raises:
        EndlessError: A piece is no bytes, or there is no end.
    """
    pieces: list[bytes] = []
    total = 0
    while True:
        piece = stream.read(size)
        if not isinstance(piece, bytes):
            raise EndlessError(f"read() gave a {type(piece).__name__}, which is no bytes")
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        total += len(piece)
        if total > most:
            raise EndlessError(f"read() gave more than {most >> 20} MiB and no end")
