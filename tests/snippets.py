"""Small editions written in a test, and lanes over them that need no file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from remote_store import Backend
from remote_store.backends import MemoryBackend

from rsconform.cases.case import Case
from rsconform.cases.compiler import compile_edition
from rsconform.data import shipped
from rsconform.lanes.lane import Lane, LaneFixture, Services, Subject
from rsconform.run.lane.session import LaneSession
from rsconform.run.records import Attempt
from rsconform.spec.axiom import Edition, Place
from rsconform.spec.loader import load_edition

FAMILY = """
format = 1
family.id = "T"
family.title = "Test axioms"
family.contract = "remote-store >= 0.33"
family.source = "tests"
"""
AXIOM = """
[[axiom]]
id = "T-001"
title = "A test axiom"
level = "MUST"
statement = "Whatever the test says."
"""


def edition_of(axioms: str) -> Edition:
    """Return an edition of the axioms in a snippet, with the shipped sets."""
    with tempfile.TemporaryDirectory() as folder:
        specs = Path(folder) / "specs"
        specs.mkdir()
        sets = shipped("specs").joinpath("_sets.toml").read_text(encoding="utf-8")
        (specs / "_sets.toml").write_text(sets, encoding="utf-8")
        (specs / "T.toml").write_text(FAMILY + axioms, encoding="utf-8")
        return load_edition([specs])


def cases_of(case: str, axiom: str = AXIOM) -> tuple[Case, ...]:
    """Return the cases of one axiom whose `[[axiom.case]]` tables are in a snippet."""
    return compile_edition(edition_of(axiom + case))


def case_of(case: str) -> Case:
    """Return the only case of a snippet."""
    (only,) = cases_of('[[axiom.case]]\nname = "only"\n' + case)
    return only


def lane_of(**facts: object) -> Lane:
    """Return a lane that is nowhere declared."""
    base: dict[str, object] = {"name": "test", "file": Path("lanes.toml"), "place": Place("lanes.toml", 1)}
    return Lane(**{**base, "traits": {"flat_namespace": False}, **facts})  # type: ignore[arg-type]


def fixture_of(make: Callable[[], Backend]) -> LaneFixture:
    """Return a lane fixture that affords nothing."""

    @contextmanager
    def fixture(_services: Services) -> Iterator[Subject]:
        yield Subject(make=make)

    return fixture


def attempts_at(
    case: Case, make: Callable[[], Backend] = MemoryBackend, *, lane: Lane | None = None, limit_s: float = 5.0
) -> list[Attempt]:
    """Run one case on a plain callable and return its attempts."""
    axioms = (case.axiom,)
    callable_lane = lane or lane_of(backend="test:make", make=make)
    session = LaneSession(callable_lane, axioms, Services(own_process=False), step_limit_s=limit_s)
    session.start()
    try:
        return list(session.attempts(case))
    finally:
        session.close()
