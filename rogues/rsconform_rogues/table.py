"""The rogues: for every axiom at least one backend that breaks it, and what it breaks besides.

A row reads: this axiom is broken by a backend that ...; its base; what is wrong with it. `also` are the axioms that it
may violate as well among its own cases and the canonical ones: mostly always-on invariants that see the same wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from remote_store import (
    Capability,
)

from rsconform_rogues.flat import FlatLane
from rsconform_rogues.harness import Base, flat, registered
from rsconform_rogues.keyed import KeyedBackend
from rsconform_rogues.row import Rogue
from rsconform_rogues.rows.adapters import ROWS as ADAPTERS
from rsconform_rogues.rows.aio import ROWS as AIO
from rsconform_rogues.rows.be import ROWS as BE
from rsconform_rogues.rows.beside import ROWS as BESIDE
from rsconform_rogues.rows.bounds import ROWS as BOUNDS
from rsconform_rogues.rows.common import ROWS as COMMON
from rsconform_rogues.rows.containers import ROWS as CONTAINERS
from rsconform_rogues.rows.edges import ROWS as EDGES
from rsconform_rogues.rows.further import ROWS as FURTHER
from rsconform_rogues.rows.gaps import ROWS as GAPS
from rsconform_rogues.rows.keyed import ROWS as KEYED
from rsconform_rogues.rows.kit import ROWS as KIT
from rsconform_rogues.rows.known import ROWS as KNOWN
from rsconform_rogues.rows.listing import ROWS as LISTING
from rsconform_rogues.rows.races import ROWS as RACES
from rsconform_rogues.rows.s3b import ROWS as S3B
from rsconform_rogues.rows.s3b_faults import ROWS as S3B_FAULTS
from rsconform_rogues.rows.s3b_keys import ROWS as S3B_KEYS
from rsconform_rogues.rows.s3b_made import ROWS as S3B_MADE
from rsconform_rogues.rows.s3b_reads import ROWS as S3B_READS
from rsconform_rogues.rows.s3b_writes import ROWS as S3B_WRITES
from rsconform_rogues.rows.sequences import ROWS as SEQUENCES
from rsconform_rogues.rows.stops import ROWS as STOPS
from rsconform_rogues.rows.streams import ROWS as STREAMS
from rsconform_rogues.rows.wire import ROWS as WIRE
from rsconform_rogues.rows.writes import ROWS as WRITES

# A refused name of backslashes is stored all the same, and a FileInfo has the very mapping that is stored.
MEMORY: Final = ("BE-029u", "KIT-047")

# The released bridge violates these, most of them by design; KIT-047 is of what it bridges.
BRIDGED: Final = (
    "BE-003a", "BE-003c", "BE-006b", "BE-020d", "BE-020f", "BE-020h", "BE-021a",
    "KIT-047", "RACE-006", "SAW-001", "SAW-006a", "SEEK-010", "SIO-004", "SIO-005b", "TIME-002",
)  # fmt: skip


def _single(base: Base) -> Base:
    """Return a lane whose instances are not to be shared between threads."""
    traits = {**base.lane.traits, "concurrency": "single_connection"}
    return replace(base, lane=replace(base.lane, traits=traits))


# Row -> lane. `plain` and `bare` are the flat backend with fewer capabilities, `strict` with the file-ancestor opt-in.
BASES: Final[Mapping[str, Base]] = MappingProxyType(
    {
        "memory": registered("memory", known=MEMORY),
        "async": registered("memory_async", known=MEMORY),
        "adapted": registered("memory_adapted", known=MEMORY),
        "bridged": registered("memory_bridged", known=BRIDGED),
        "local": registered(
            "local",
            known=(
                "BE-008n",
                "BE-010d",
                "BE-021a",
                "BE-021e",
                "BE-029u",
                "ERR-004",
                "KIT-027",
                "KIT-036",
                "PATH-003b",
                "PATH-007b",
                "SAW-006c",
                "WR-010b",
            ),
        ),
        "s3": registered("s3_boto3_moto"),
        "s3_strict": registered("s3_boto3_moto_strict"),
        "flat": flat(FlatLane()),
        "single": _single(flat(FlatLane())),
        "async_single": _single(registered("memory_async", known=MEMORY)),
        "strict": flat(FlatLane(rejects_file_ancestor=True)),
        "keyed": flat(FlatLane(kind=KeyedBackend)),
        "basic": flat(FlatLane(without=(Capability.WRITE_RESULT_NATIVE,))),
        "plain": flat(FlatLane(without=(Capability.USER_METADATA,))),
        "bare": flat(
            FlatLane(
                without=(
                    Capability.USER_METADATA,
                    Capability.ATOMIC_WRITE,
                    Capability.GLOB,
                    Capability.SEEKABLE_READ,
                )
            )
        ),
    }
)

ROWS: Final[tuple[Rogue, ...]] = (
    *ADAPTERS, *AIO, *BE, *BESIDE, *BOUNDS, *COMMON, *CONTAINERS, *EDGES, *FURTHER, *GAPS, *KEYED, *KIT, *KNOWN,
    *LISTING, *RACES, *S3B, *S3B_FAULTS, *S3B_KEYS, *S3B_MADE, *S3B_READS, *S3B_WRITES, *SEQUENCES, *STOPS, *STREAMS,
    *WIRE, *WRITES,
)  # fmt: skip

NO_ROGUE: Final[Mapping[str, str]] = MappingProxyType(
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
