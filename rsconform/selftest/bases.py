"""The right backends that mutants and controls are made from, each with its lane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from remote_store import Backend, Capability

from rsconform.lanes.lane import Lane, LaneFixture, Services, Subject
from rsconform.lanes.other_process import BackendRecipe
from rsconform.lanes.registry import find_lane, import_target, installed_lane_files
from rsconform.selftest.stores.flat import FlatLane
from rsconform.selftest.stores.keyed import KeyedBackend
from rsconform.spec.axiom import Place

IN_THIS_PACKAGE: Final = "flat"
# As text: what it names imports every mutant, and those import this module.
_REMOTE_MAKE: Final = "rsconform.selftest.remote:make"
_HERE: Final = Place(__file__, 1)


@dataclass(frozen=True, slots=True)
class Base:
    """A lane with a correct backend."""

    lane: Lane
    fixture: LaneFixture
    known: frozenset[str] = frozenset()  # Axioms that its backend is known to violate.

    def require_code(self) -> None:
        """Look whether the code of its lane can be imported here.

        Raises:
            MissingExtraError: It needs what is not installed.
        """
        if self.lane.fixture not in (None, IN_THIS_PACKAGE):
            import_target(self.lane.fixture, self.lane)

    def with_make(self, wrap: Callable[[Callable[[], Backend]], Callable[[], Backend]], name: str = "") -> LaneFixture:
        """Return its lane fixture with another `make`. Nothing is kept from case to case.

        Args:
            name: Of the mutant or control whose change that is: what another process knows it by.
        """

        @contextmanager
        def wrapped(services: Services) -> Iterator[Subject]:
            manager: AbstractContextManager[Subject] = self.fixture(services)
            with manager as subject:
                yield replace(subject, make=wrap(subject.make), reset=None, other_process=_renamed(subject, name))

        return wrapped


def _renamed(subject: Subject, name: str) -> Callable[[], BackendRecipe] | None:
    make = subject.other_process
    return None if make is None else lambda: _changed(make(), name)


def _changed(elsewhere: BackendRecipe, name: str) -> BackendRecipe:
    """Return how another process makes a backend with the change of the mutant or control of that name."""
    return BackendRecipe(_REMOTE_MAKE, {"name": name, "target": elsewhere.target, "options": elsewhere.options})


def registered(name: str, *, known: Iterable[str] = ()) -> Base:
    """Return a lane of our own. Its code is imported when it is first used: what it needs may not be installed."""
    lane = find_lane(name, installed_lane_files(), {})

    @contextmanager
    def fixture(services: Services) -> Iterator[Subject]:
        manager: AbstractContextManager[Subject] = import_target(lane.fixture or "", lane)(services)
        with manager as subject:
            yield subject

    return Base(lane, fixture, frozenset(known))


def flat(fixture: FlatLane) -> Base:
    """Return a lane over the flat backend."""
    traits = {"flat_namespace": True, "rejects_write_under_file_ancestor": fixture.rejects_file_ancestor}
    affordances = ("seed", "audit", "peer")
    return Base(Lane("flat", Path(__file__), _HERE, IN_THIS_PACKAGE, affordances=affordances, traits=traits), fixture)


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
