"""Mutants of SEEK: read_seekable()."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from typing import Any, Final

from remote_store import InvalidPath, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import ReadAhead, asking, forward_only, in_halves, read_at_once
from rsconform.selftest.mutant import Mutant, mutant


def spool(max_size: int, *, closing: bool = True) -> Callable[[Any], Callable[[str], Any]]:
    """Return what makes a read_seekable() that spools."""

    def for_backend(backend: Any) -> Callable[[str], Any]:
        def read_seekable(path: str) -> Any:
            source = backend.read(path)
            kept = tempfile.SpooledTemporaryFile(max_size=max_size)  # noqa: SIM115  # It is what is returned.
            try:
                kept.write(source.read())
            finally:
                if closing:
                    source.close()
            kept.seek(0)
            return kept

        return read_seekable

    return for_backend


def copying(backend: Any) -> Callable[[str], Any]:
    return lambda path: io.BytesIO(backend.read(path).read())


def off_by_one(stream: Any, offset: int, whence: int = 0) -> int:
    return int(stream.seek(offset + 1 if offset else offset, whence))


class Ahead:
    """A reader that fetches more than it is asked for, and does not say so."""

    def __init__(self, stream: Any) -> None:
        self._kept = io.BufferedReader(stream, 65536)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)


def at_its_end(stream: Any) -> Any:
    stream.seek(0, io.SEEK_END)
    return stream


class ShortLines(io.BytesIO):
    """Ends a line before its end."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream.read())

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(-1 if size is None else size)
        return line[: max(1, len(line) - 1)]


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # SEEK: reading at random.
    mutant("SEEK-001", "claims-to-seek", "flat", op.alters("read", forward_only), reason="seekable to return True"),
    mutant("SEEK-001", "seeks-a-byte-too-far", "memory", op.streams("read", seek=off_by_one), also="SEEK-003a"),
    mutant("SEEK-003a", "counts-back-from-the-end-of-its-block", "flat", op.alters("read_seekable", ReadAhead)),
    mutant("SEEK-003a", "starts-at-the-end", "flat", op.alters("read_seekable", at_its_end)),
    mutant("SEEK-003a", "keeps-eight-mebibytes", "flat",
        op.alters("read_seekable", lambda s: io.BytesIO(s.read(8 << 20)))),
    mutant("SEEK-003a", "ends-lines-early", "flat", op.alters("read_seekable", ShortLines), reason="lines of the file"),
    mutant("SEEK-003a", "returns-everything-for-read-0", "flat",
        op.streams("read_seekable", read=lambda stream, size=-1: stream.read(size or -1)), also="SIO-012",
        reason="0 bytes"),
    mutant("SEEK-003b", "opens-when-it-is-read", "flat",
        op.replace("read_seekable", lambda call: op.Late(call.path, call.backend.name), op.MISSING),
        reason="it came at"),
    mutant("SEEK-003b", "reports-invalid-path", "memory", op.raises("read_seekable", InvalidPath, op.MISSING)),
    mutant("SEEK-004", "copies-the-stream", "flat", op.shadows(read_seekable=copying), reason="the very stream"),
    mutant("SEEK-005", "spools-less", "bare", op.shadows(read_seekable=spool(1 << 20)), reason="1048576"),
    mutant("SEEK-005", "does-not-spool", "bare", op.shadows(read_seekable=copying), reason="SpooledTemporaryFile"),
    mutant("SEEK-006a", "reads-when-opened", "s3", op.alters("read_seekable", read_at_once), reason="total requests"),
    mutant("SEEK-006b", "asks-before-it-seeks", "s3", op.replace("read_seekable", asking("seek")),
        reason="total requests"),
    mutant("SEEK-006c", "reads-in-halves", "s3", op.streams("read_seekable", readinto=in_halves),
        reason="total requests"),
    mutant("SEEK-006d", "reads-ahead", "s3", op.alters("read_seekable", io.BufferedReader), reason="BufferedReader"),
    mutant("SEEK-006d", "reads-ahead-in-disguise", "s3", op.alters("read_seekable", Ahead), reason="total requests"),
    mutant("SEEK-010", "loses-the-path", "memory", op.relabels("read_seekable", path=lambda _: None)),
    mutant("SEEK-010", "changes-the-class", "flat", op.raises_instead("read_seekable", NotFound, InvalidPath),
        reason="InvalidPath"),
    mutant("SEEK-011", "keeps-the-source", "bare", op.shadows(read_seekable=spool(8 << 20, closing=False)),
        reason="still open"),
)
# fmt: on
