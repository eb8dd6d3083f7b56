"""Mutants of CDG: content digests."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Final

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import NO_DIGEST, no_sha3
from rsconform.selftest.mutant import Mutant, mutant

# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("CDG-004a", "has-any-digest", "flat", op.fills("get_file_info", digest=lambda _: NO_DIGEST),
        reason="digest"),
    # Answers.
    mutant("CDG-004a", "has-any-digest-with-dashes", "flat", op.fills("get_file_info", digest=no_sha3),
        reason="digest"),
    mutant("CDG-004b", "has-one-etag", "flat", op.fills("get_file_info", etag=lambda _: "same"), reason="anything but"),
    mutant("CDG-004b", "has-another-etag-each-time", "flat",
        op.fills("get_file_info", etag=lambda _: str(perf_counter_ns()))),
)
# fmt: on
