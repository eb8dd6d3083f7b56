"""Mutants of BE-006 and BE-007: read() and read_bytes()."""

from __future__ import annotations

import io
from typing import Any, Final

from remote_store import InvalidPath, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import late
from rsconform.selftest.mutant import Mutant, mutant


def as_text(stream: Any) -> Any:
    return io.BytesIO(stream.read().replace(b"\r\n", b"\n"))


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-006a", "drops-the-last-byte", "flat", op.alters("read", lambda s: io.BytesIO(s.read()[:-1])),
        also="SEEK-003a"),
    mutant("BE-006a", "reads-in-text-mode", "memory", op.alters("read", as_text)),
    mutant("BE-006b", "raises-at-the-first-byte", "flat", op.replace("read", late, op.MISSING),
        reason="NotFound at call"),
    mutant("BE-006b", "is-empty-for-missing-files", "memory", op.replace("read", lambda _: io.BytesIO(), op.MISSING),
        also="BE-021d"),
    mutant("BE-006c", "does-not-find-folders", "flat", op.raises("read", NotFound, op.FOLDER), reason="NotFound"),
    mutant("BE-006d", "reports-invalid-path-below-files", "memory", op.raises("read", InvalidPath, op.BELOW_FILE)),
    mutant("BE-007a", "reads-in-text-mode", "memory",
        op.alters("read_bytes", lambda data: data.replace(b"\r\n", b"\n"))),
    mutant("BE-007b", "is-empty-for-missing-files", "flat", op.swallows("read_bytes", NotFound, b"")),
    mutant("BE-007c", "is-empty-for-folders", "memory", op.returns("read_bytes", b"", op.FOLDER)),
    mutant("BE-007d", "reports-invalid-path-below-files", "memory",
        op.raises("read_bytes", InvalidPath, op.BELOW_FILE)),
)
# fmt: on
