"""Sessions over lanes that a test writes for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from remote_store import Backend
from remote_store.backends import MemoryBackend

from rsconform.cases.case import Case
from rsconform.cases.compiler import compile_edition
from rsconform.lanes.lane import LaneFixture, Services, Snapshot, StoredFile, Subject
from rsconform.run.lane.session import LaneSession, Log
from rsconform.run.records import Profile
from tests.snippets import AXIOM, edition_of, lane_of


def session_of(
    cases: str,
    make: Callable[[], Backend] = MemoryBackend,
    *,
    more: str = "",
    fixture: LaneFixture | None = None,
    limit_s: float = 5.0,
    fresh: bool = False,
    log: Log | None = None,
    start: bool = True,
    profile: Profile = Profile.QUICK,
    corpus: Path | None = None,
    **facts: object,
) -> tuple[LaneSession, tuple[Case, ...]]:
    """Return a session over a callable or a lane fixture, and the cases of a snippet.

    Args:
        cases: The `[[axiom.case]]` tables of the axiom T-001.
        more: More axioms.
        facts: Of the lane.
    """
    edition = edition_of(AXIOM + cases + more)
    lane = lane_of(**({"backend": "test:make", "make": make} if fixture is None else {}), **facts)
    session = LaneSession(
        lane,
        edition.axioms,
        Services(own_process=False),
        step_limit_s=limit_s,
        fresh=fresh,
        profile=profile,
        corpus=corpus,
        fixture=fixture,
        log=log,
    )
    if start:
        session.start()
    return session, compile_edition(edition, lane.declared)


@dataclass
class Shelf:
    """A store that is emptied for the next case, and remembers what was done to it."""

    make: Callable[[], Backend] = MemoryBackend
    opened: int = 0
    closed: int = 0
    resets: int = 0
    secrets: tuple[str, ...] = ()
    fails_to_reset: bool = False
    backend: Backend | None = field(default=None, repr=False)

    def _make(self) -> Backend:
        self.backend = self.make()
        return self.backend

    def _reset(self) -> None:
        self.resets += 1
        if self.fails_to_reset:
            raise OSError("the shelf is stuck")
        assert self.backend is not None
        for info in list(self.backend.list_files("", recursive=True)):
            self.backend.delete(str(info.path))

    @contextmanager
    def fixture(self, _services: Services) -> Iterator[Subject]:
        """Hand out the shelf."""
        self.opened += 1
        yield Subject(make=self._make, reset=self._reset, secrets=self.secrets)
        self.closed += 1


def files(**content: str) -> Mapping[str, StoredFile]:
    """Return stored files by path."""
    return {path: StoredFile(text.encode()) for path, text in content.items()}


def snapshot(**content: str) -> Snapshot:
    """Return a look at a store with these files."""
    return Snapshot(files(**content))
