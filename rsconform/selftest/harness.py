"""Runs cases on a wrong or a changed backend in process, and judges them as `rsconform run` does."""

from __future__ import annotations

import functools
import os
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path

from remote_store import Backend

from rsconform.cases.case import Case
from rsconform.cases.compiler import compile_edition
from rsconform.data import shipped
from rsconform.lanes.lane import Lane, LaneFixture, Services, Subject
from rsconform.lanes.registry import installed_lane_files
from rsconform.report.build import build
from rsconform.report.report import Report, Verdict, VerdictStatus
from rsconform.run.lane.session import LaneSession
from rsconform.run.lane.store_cleanup import DirtyStoreError
from rsconform.run.plan import Selection, in_scope, make_header, plan
from rsconform.run.records import Attempt, Breach, Failure, Footer, Journal, Profile
from rsconform.selftest.bases import Base
from rsconform.spec.axiom import Edition, Place
from rsconform.spec.loader import load_edition

TODAY = date(2030, 1, 1)
_HERE = Place(__file__, 1)
_ONLY_DECLARED = ("large_write", "sizes_known", "names", "largest_file", "longest_path", "largest_metadata")


@functools.cache
def edition() -> Edition:
    """Return the shipped axioms, and those that stand beside the lane files of installed packages."""
    return load_edition([shipped("specs"), *(file.specs for file in installed_lane_files() if file.specs is not None)])


@functools.cache
def _cases(specs: tuple[str, ...], traits: tuple[tuple[str, object], ...]) -> tuple[Case, ...]:
    families = (family for family in edition().families if family.common or family.id in specs)
    names = {axiom.id for family in families for axiom in family.axioms}
    cases = compile_edition(edition(), dict(traits))
    return tuple(case for case in cases if case.axiom.id in names)


def cases_for(lane: Lane) -> tuple[Case, ...]:
    """Return every case that binds a lane."""
    return _cases(lane.specs, tuple(sorted(lane.declared.items(), key=str)))


def share_of(name: str) -> Callable[[Case], bool]:
    """Return which cases a control is put to: of each case every fourth point, another fourth for each control.

    Cases that begin with hundreds of files are left to the runs of the lanes. With RSCONFORM_EVERY_POINT=1 in the
    environment it is all of them.
    """
    if os.environ.get("RSCONFORM_EVERY_POINT") == "1":
        return lambda _case: True
    return lambda case: len(case.given.files) < 200 and ("[" not in case.id or _is_in_share(name, case.id))


def _is_in_share(name: str, case: str) -> bool:
    return zlib.crc32(f"{name} {case}".encode()) % 4 == 0


@contextmanager
def without_lane_file(
    base: Base,
    services: Services,
    wrap: Callable[[Callable[[], Backend]], Callable[[], Backend]],
    *,
    fresh_store: bool = False,
) -> Iterator[Lane]:
    """Yield the lane that `--backend file.py:make` is: no affordances, and a new store per call.

    It declares only traits that cannot be found out: how much the store holds, and that it does not know sizes.
    """
    traits = {name: value for name, value in base.lane.traits.items() if name in _ONLY_DECLARED}
    with ExitStack() as stack:

        def make() -> Backend:
            manager: AbstractContextManager[Subject] = base.fixture(services)
            backend: Backend = stack.enter_context(manager).make()
            return backend

        yield Lane(
            "without_lane_file",
            Path(__file__),
            _HERE,
            backend="somebody:make",
            make=wrap(make),
            fresh_store=fresh_store,
            traits=traits,
        )


def run(
    lane: Lane,
    fixture: LaneFixture | None,
    services: Services,
    *,
    only: Callable[[Case], bool] = lambda _case: True,
    first: str | None = None,
    limit_s: float = 5.0,
    seed: int = 0,
    profile: Profile = Profile.QUICK,
) -> Report:
    """Run the cases of a lane and return the report.

    Args:
        first: The axiom whose cases come first, as a few hangs end a run.
    """
    axioms = in_scope(edition(), lane)
    cases = {case.id: case for case in cases_for(lane) if only(case)}
    contract = version("remote-store")
    planned = plan(cases.values(), lane, contract)[1:]  # Without the smoke case.
    header = make_header(
        edition(),
        axioms,
        lane,
        planned,
        Selection(cases=tuple(cases)),
        date=TODAY.isoformat(),
        contract=contract,
        seed=seed,
        rerun_command="",
        complete=True,
        profile=profile,
    )
    session = LaneSession(lane, axioms, services, step_limit_s=limit_s, fixture=fixture, seed=seed, profile=profile)
    try:
        instance = session.start()
        runnable = [cases[one.case] for one in planned if one.skip is None]  # type: ignore[index]
        runnable.sort(key=lambda case: case.axiom.id != first)
        attempts: list[Attempt] = []
        for case in runnable:
            made = list(session.attempts(case))
            attempts += made
            if any(attempt.hung for attempt in made):
                # The limit may have come between taking and holding a lock of a client's, which then waits for good.
                services.close()
    except DirtyStoreError as exc:
        return build(Journal(header, None, (), Footer("dirty_store", str(exc))), (), TODAY)
    finally:
        session.close()
    return build(Journal(header, instance, attempts, Footer("finished")), (), TODAY)


def unmet(report: Report) -> dict[str, Verdict]:
    """Return the verdicts on the axioms that are violated, and on the permissions that are not taken."""
    statuses = (VerdictStatus.VIOLATED, VerdictStatus.NOT_TAKEN)
    return {verdict.axiom.id: verdict for verdict in report.verdicts if verdict.status in statuses}


def violated(report: Report) -> dict[str, Verdict]:
    """Return the verdicts on the axioms that do not hold."""
    return {verdict.axiom.id: verdict for verdict in report.verdicts if verdict.status is VerdictStatus.VIOLATED}


def reasons(verdict: Verdict) -> list[str]:
    """Return what was expected and observed wherever an axiom was violated."""
    found: list[Failure | Breach] = [outcome.failure for outcome in verdict.outcomes if outcome.failure is not None]
    found += [witness.breach for witness in (verdict.watch.witnesses if verdict.watch else ())]
    return [f"expected {one.expected}, observed {one.observed}" for one in found]


def held_against(report: Report, *, known: Collection[str] = ()) -> dict[str, list[str]]:
    """Return the first reasons for which axioms do not hold that are not known not to, by axiom."""
    found = violated(report)
    return {axiom: reasons(found[axiom])[:2] for axiom in found if axiom not in known}
