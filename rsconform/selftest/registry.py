"""Every mutant and every control.

`also` of a mutant names the axioms that it may violate as well, among its own cases and the canonical ones: mostly
always-on invariants that see the same problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rsconform.selftest.control import Control
from rsconform.selftest.controls import ordinary
from rsconform.selftest.mutant import Mutant
from rsconform.selftest.mutants import (
    async_backends,
    aw,
    be_close,
    be_concurrency,
    be_delete,
    be_errors,
    be_existence,
    be_identity,
    be_info,
    be_listing,
    be_move_copy,
    be_native,
    be_read,
    be_root,
    be_write,
    bound,
    cap,
    cdg,
    depth,
    err,
    glob,
    iteration,
    kit,
    mod,
    npr,
    path,
    ping,
    race,
    res,
    s3b_construction,
    s3b_faults,
    s3b_keys,
    s3b_reads,
    s3b_writes,
    saw,
    sec,
    seek,
    seq,
    sio,
    time,
    wire,
    wr,
)

_FAMILIES: Final = (
    async_backends,
    aw,
    be_close,
    be_concurrency,
    be_delete,
    be_errors,
    be_existence,
    be_identity,
    be_info,
    be_listing,
    be_move_copy,
    be_native,
    be_read,
    be_root,
    be_write,
    bound,
    cap,
    cdg,
    depth,
    err,
    glob,
    iteration,
    kit,
    mod,
    npr,
    path,
    ping,
    race,
    res,
    s3b_construction,
    s3b_faults,
    s3b_keys,
    s3b_reads,
    s3b_writes,
    saw,
    sec,
    seek,
    seq,
    sio,
    time,
    wire,
    wr,
)

MUTANTS: Final[tuple[Mutant, ...]] = tuple(mutant for family in _FAMILIES for mutant in family.MUTANTS)
CONTROLS: Final[tuple[Control, ...]] = ordinary.CONTROLS

NO_MUTANT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ASYNC-061": "untestable: it binds the contract, not a backend",
        "ASYNC-062": "untestable: it binds the contract, not a backend",
        "ASYNC-094c": "untestable: it binds the caller",
        "CAP-001b": "untestable: how a backend moves is for it to know",
        "DEPTH-003d": "untestable: a permission",
        "BE-029t": "untestable: a permission",
        "BE-003d": "untestable: whether a backend narrows at run time is for it to say",
        "S3B-069": "untestable: no run has so many parts",
        "S3B-137": "untestable: it permits, and nothing can break it",
        "SIO-001g": "untestable: nothing outside a backend can make its wrapping fail",
        "SIO-001f": "untestable: it permits, and nothing can break it",
    }
)
