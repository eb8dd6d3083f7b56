"""What the kit demands of a lane fixture before a case rests on it: a broken promise is never the backend's fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from remote_store import Backend
from remote_store.backends import MemoryBackend

from rsconform.lanes.lane import LaneFixture, Services, Snapshot, StoredFile, Subject
from rsconform.run.records import Attempt, Result
from tests.run.sessions import session_of

EXISTS = '[[axiom.case]]\nname = "absent"\nsteps = [ { op = "exists", path = "a", returns = false } ]\n'
WRITES = (
    '[[axiom.case]]\nname = "writes"\nsteps = [ { op = "write", path = "a", content = "text:x" } ]\n'
    'then = { tree = { "a" = "text:x" } }\n'
)
COUNTED = '[[axiom.case]]\nname = "counted"\nsteps = [ { op = "exists", path = "a", requests = { total = 1 } } ]\n'
PEER = (
    '[[axiom.case]]\nname = "peer"\nsteps = [ { op = "write", path = "a", content = "text:x" }, '
    '{ op = "exists", path = "a", on = "peer", returns = true } ]\n'
)
GONE = (
    '[[axiom.case]]\nname = "gone"\nfresh = true\n'
    'steps = [ { op = "drop_container" }, { op = "exists", path = "a", returns = false } ]\n'
)
ALL = ("seed", "audit")


@dataclass
class Store:
    """One store in memory: what is seeded, seen and dropped past its backends."""

    backend: MemoryBackend = field(default_factory=MemoryBackend)
    drops: bool = True

    def seed(self, files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
        for path, file in files.items():
            self.backend.write(path, file.content, overwrite=True)

    def audit(self) -> Snapshot:
        paths = [str(info.path) for info in self.backend.list_files("", recursive=True)]
        return Snapshot({path: StoredFile(self.backend.read_bytes(path)) for path in paths})

    def drop(self) -> None:
        for path in self.audit().files if self.drops else ():
            self.backend.delete(path)


class Proxying(MemoryBackend):
    """Another client of a store."""

    def __new__(cls, other: MemoryBackend) -> Proxying:
        made = super().__new__(cls)
        made.__dict__ = other.__dict__
        return made

    def __init__(self, other: MemoryBackend) -> None: ...


class Counter:
    """Counts what a backend sends, or nothing at all."""

    def __init__(self, *, blind: bool = False) -> None:
        self.sent = 0
        self.blind = blind

    def counts(self) -> Mapping[str, int]:
        return {"HEAD": 0 if self.blind else self.sent}


class Sending(MemoryBackend):
    """Sends one request for each exists()."""

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def exists(self, path: str) -> bool:
        self._counter.sent += 1
        return super().exists(path)


def fixture_of(subject: Callable[[Services], Subject]) -> LaneFixture:
    """Return a lane fixture that yields what a function makes."""

    @contextmanager
    def fixture(services: Services) -> Iterator[Subject]:
        yield subject(services)

    return fixture


def attempts_of(cases: str, subject: Callable[[Services], Subject], affordances: Sequence[str]) -> list[Attempt]:
    """Return the first attempt at each case of a snippet."""
    session, compiled = session_of(
        cases, fixture=fixture_of(subject), affordances=tuple(affordances), traits={"flat_namespace": True}
    )
    try:
        return [next(iter(session.attempts(case))) for case in compiled]
    finally:
        session.close()


def test_a_case_about_requests_gets_the_wire_where_nothing_else_counts() -> None:
    def readme(services: Services) -> Subject:
        counter = Counter()
        assert services.over_wire or not counter.sent
        return Subject(make=lambda: Sending(counter), requests=counter if services.over_wire else None)

    session, (case,) = session_of(COUNTED, fixture=fixture_of(readme), affordances=("wire",))
    session._pool._wire_checked = True  # Whether it injects faults is not checked here.
    attempt = next(iter(session.attempts(case)))

    assert attempt.result is Result.PASSED


def test_a_case_whose_instrument_is_missing_is_not_judged() -> None:
    (attempt,) = attempts_of(COUNTED, lambda _services: Subject(make=lambda: Sending(Counter())), ("requests",))

    assert attempt.result is Result.ERRORED
    assert "requests did not prove itself" in (attempt.error or "")


def test_a_counter_that_counts_nothing_does_not_prove_itself() -> None:
    counter = Counter(blind=True)
    (attempt,) = attempts_of(
        COUNTED, lambda _s: Subject(make=lambda: Sending(counter), requests=counter), ("requests",)
    )

    assert attempt.error == "requests did not prove itself: nothing that the backend sends is counted"


def test_a_store_that_is_not_empty_at_the_start_is_the_lane_fixtures_fault() -> None:
    def stale(_services: Services) -> Subject:
        store = Store()
        store.backend.write("left/over", b"x")
        return Subject(make=lambda: store.backend, seed=store.seed, audit=store.audit)

    (attempt,) = attempts_of(WRITES, stale, ALL)

    assert attempt.result is Result.ERRORED
    assert "a store that is not empty: it holds 'left/over'." in (attempt.error or "")


@pytest.mark.parametrize("affordances", [("seed", "audit"), ("audit",), ()], ids=["both", "audit", "neither"])
def test_a_store_that_cases_share_is_the_lane_fixtures_fault(affordances: tuple[str, ...]) -> None:
    store = Store()

    def shared(_services: Services) -> Subject:
        afforded = {name: getattr(store, name) for name in affordances}
        return Subject(make=lambda: Proxying(store.backend), **afforded)

    facts: Any = {"affordances": affordances, "traits": {"flat_namespace": True}}
    session, (writes, exists) = session_of(WRITES + EXISTS, fixture=fixture_of(shared), **facts)
    first = next(iter(session.attempts(writes)))
    second = next(iter(session.attempts(exists)))

    # The proof that `seed` works lies there from the beginning.
    assert first.result is (Result.ERRORED if "seed" in affordances else Result.PASSED)
    assert second.result is Result.ERRORED
    assert "a store that is not empty" in (second.error or "")


def test_what_an_earlier_case_wrote_late_is_not_the_lane_fixtures_fault() -> None:
    stores: list[Store] = []

    def kept(_services: Services) -> Subject:
        stores.append(Store())
        store = stores[-1]
        return Subject(make=lambda: store.backend, seed=store.seed, audit=store.audit, reset=store.drop)

    facts: Any = {"affordances": ALL, "traits": {"flat_namespace": True}}
    session, (writes, exists) = session_of(WRITES + EXISTS, fixture=fixture_of(kept), **facts)
    next(iter(session.attempts(writes)))
    stores[-1].drops = False  # It comes after the store was emptied.

    assert next(iter(session.attempts(exists))).result is Result.PASSED
    assert len(stores) == 2


def test_a_seed_that_reaches_another_store_than_the_backend_lets_no_case_be_judged() -> None:
    def apart(_services: Services) -> Subject:
        store = Store()
        return Subject(make=MemoryBackend, seed=store.seed, audit=store.audit)

    (attempt,) = attempts_of(WRITES, apart, ALL)

    assert attempt.error == "the lane fixture failed: seed did not prove to work"


@pytest.mark.parametrize(
    ("peer", "why"),
    [
        (lambda store: store.backend, "make() gives the same instance again"),
        (lambda store: MemoryBackend(), "an instance that make() gives later does not see the same store"),
    ],
    ids=["same-instance", "other-store"],
)
def test_a_peer_that_is_no_second_client_of_the_store_is_not_the_backends_fault(
    peer: Callable[[Store], Backend], why: str
) -> None:
    def alone(_services: Services) -> Subject:
        store = Store()
        made: list[Backend] = []

        def make() -> Backend:
            made.append(peer(store) if made else store.backend)
            return made[-1]

        return Subject(make=make, seed=store.seed, audit=store.audit, peers=True)

    (attempt,) = attempts_of(PEER, alone, (*ALL, "peer"))

    assert attempt.error == f"peer did not prove itself: {why}"


def test_a_second_client_of_the_store_proves_itself() -> None:
    def both(_services: Services) -> Subject:
        store = Store()
        return Subject(make=lambda: Proxying(store.backend), seed=store.seed, audit=store.audit, peers=True)

    (attempt,) = attempts_of(PEER, both, (*ALL, "peer"))

    assert attempt.result is Result.PASSED


@pytest.mark.parametrize("drops", [True, False])
def test_a_container_that_does_not_go_is_the_lane_fixtures_fault(drops: bool) -> None:
    def lasting(_services: Services) -> Subject:
        store = Store(drops=drops)
        return Subject(make=lambda: store.backend, seed=store.seed, audit=store.audit, container=store)

    (attempt,) = attempts_of(GONE, lasting, (*ALL, "container"))

    assert (attempt.result is Result.ERRORED) is not drops
    assert drops or attempt.error == "container did not prove itself: after drop() its files are still there"
