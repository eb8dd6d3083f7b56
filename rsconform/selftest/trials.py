"""One trial: a mutant or a right backend is put to cases, and what came of it is a value that processes can hand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from multiprocessing.util import Finalize
from time import monotonic
from typing import Final

from rsconform.cases.case import Case
from rsconform.lanes.lane import Services
from rsconform.lanes.registry import LaneError
from rsconform.report.report import Report, VerdictStatus
from rsconform.run.records import Result
from rsconform.selftest.bases import Base
from rsconform.selftest.behaviours import let_go
from rsconform.selftest.canonical import CANONICAL
from rsconform.selftest.harness import reasons, run, share_of, unmet, violated
from rsconform.selftest.mutant import Mutant
from rsconform.selftest.registry import BASES, CONTROLS, MUTANTS
from rsconform.spec.probes import facts_of

# A bug that shows by chance, as in a race, may need more than one try; the report says so.
TRIES: Final = 3
_MANY_FILES: Final = 200


class Kind(StrEnum):
    """What is tried."""

    MUTANT = "mutant"
    BASE = "base"
    CONTROL = "control"


class Catch(StrEnum):
    """What became of a mutant."""

    CAUGHT = "caught"
    FOR_ANOTHER_REASON = "caught for another reason"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Asked:
    """A trial to be made.

    Args:
        whole: Put it to its share of all other cases, too.
    """

    kind: Kind
    name: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a trial.

    Attributes:
        axiom: What a mutant violates; None for a right backend.
        catch: What became of a mutant.
        violated: Every axiom that it violates and its base does not, in order.
        unexpected: Those that its own or the canonical cases show and `also` does not name.
        failed: The cases that failed, and the witnesses of a breach.
        executed: The cases that it was put to.
        wrong: What the kit is to blame for, a sentence each.
        left_out: Why it could not be made here.
        tries: How many it took.
    """

    asked: Asked
    base: str = ""
    axiom: str | None = None
    catch: Catch | None = None
    violated: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    executed: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    left_out: str | None = None
    tries: int = 1
    took_s: float = 0.0


_MUTANTS: Final = {mutant.id: mutant for mutant in MUTANTS}
_CONTROLS: Final = {control.name: control for control in CONTROLS}


def mutants(*, whole: bool = False) -> Iterator[Asked]:
    """Yield a trial for each mutant: the first of every axiom, then the second, so that few are without in any time.

    Of one turn those that send nothing over a network come first.
    """
    turns: dict[str, int] = {}
    ordered: list[tuple[tuple[int, bool], str]] = []
    for mutant in MUTANTS:
        turns[mutant.axiom] = turns.get(mutant.axiom, 0) + 1
        sends = BASES[mutant.base].lane.declared.get("transport") not in (None, "none", "fs")
        ordered.append(((turns[mutant.axiom], sends), mutant.id))
    yield from (Asked(Kind.MUTANT, name, whole) for _, name in sorted(ordered, key=lambda turn: turn[0]))


def bases() -> Iterator[Asked]:
    """Yield a trial for each backend that mutants are made from, which must pass the canonical cases."""
    yield from (Asked(Kind.BASE, name) for name in BASES)


def controls() -> Iterator[Asked]:
    """Yield a trial for each control, which must pass its share of all cases."""
    yield from (Asked(Kind.CONTROL, name) for name in _CONTROLS)


def axiom_of(asked: Asked) -> str | None:
    """Return the axiom that a mutant violates."""
    return _MUTANTS[asked.name].axiom if asked.kind is Kind.MUTANT else None


def make_trial(asked: Asked) -> Trial:
    """Make a trial in this process, with its services: a client of boto3 takes longer than most trials."""
    return make_trial_with(_services(), asked)


@cache
def _services() -> Services:
    services = Services(own_process=True)
    Finalize(None, services.close, exitpriority=10)  # The processes of a pool run nothing else when they end.
    return services


def make_trial_with(services: Services, asked: Asked) -> Trial:
    """Make a trial in this process."""
    begun = monotonic()
    make = {Kind.MUTANT: _try_mutant, Kind.BASE: _try_base, Kind.CONTROL: _try_control}[asked.kind]
    try:
        trial, tries = make(asked, services), 1
        while trial.wrong and tries < TRIES:
            trial, tries = make(asked, services), tries + 1
    except LaneError as exc:  # An extra that is not installed.
        return Trial(asked, axiom=axiom_of(asked), left_out=str(exc))
    finally:
        let_go()
    return replace(trial, tries=tries, took_s=round(monotonic() - begun, 2))


def _try_mutant(asked: Asked, services: Services) -> Trial:
    mutant = _MUTANTS[asked.name]
    base = BASES[mutant.base]
    base.require_code()
    report = run(
        base.lane,
        base.with_make(mutant.mutation.applied_to, mutant.id),
        services,
        only=_put_to(mutant, whole=asked.whole),
        first=mutant.axiom,
        limit_s=mutant.limit_s,
    )
    trial = _trial(asked, mutant.base, base, report)
    verdict = next((one for one in report.verdicts if one.axiom.id == mutant.axiom), None)
    if verdict is not None and verdict.status is VerdictStatus.NOT_EXERCISED:
        return replace(trial, axiom=mutant.axiom, left_out=f"{mutant.axiom} is not exercised {verdict.reason}")
    foretold = {mutant.axiom, *mutant.also}
    unexpected = tuple(
        f"{axiom} is violated as well: {(reasons(found) or [found.reason])[0]}"
        for axiom, found in violated(report).items()
        if axiom not in foretold | base.known and _is_shown_near(found.axiom.id, report, mutant)
    )
    catch, said = _catch(mutant, report)
    return replace(
        trial,
        axiom=mutant.axiom,
        catch=catch,
        violated=tuple(sorted({*trial.violated, *([mutant.axiom] if catch is not Catch.MISSED else [])})),
        unexpected=tuple(sentence.partition(" ")[0] for sentence in unexpected),
        wrong=(*said, *unexpected),
    )


def _catch(mutant: Mutant, report: Report) -> tuple[Catch, tuple[str, ...]]:
    """Return what became of a mutant, and what is to be said of it."""
    found = unmet(report).get(mutant.axiom)
    if found is None:
        ruled = {verdict.axiom.id: f"{verdict.status} {verdict.reason}" for verdict in report.verdicts}
        said = ruled.get(mutant.axiom, "without a verdict").strip()
        return Catch.MISSED, (f"{mutant.axiom} is not violated but {said}", *report.incomplete)
    shown = reasons(found)
    if not any(mutant.reason in reason for reason in shown):
        said = (shown or ["nothing"])[0]
        return Catch.FOR_ANOTHER_REASON, (f"{mutant.axiom} is violated without {mutant.reason!r} being said: {said}",)
    return Catch.CAUGHT, ()


def _try_base(asked: Asked, services: Services) -> Trial:
    base = BASES[asked.name]
    base.require_code()
    report = run(base.lane, base.fixture, services, only=lambda case: case.id in CANONICAL)
    return _without_fault(_trial(asked, asked.name, base, report), report, base)


def _try_control(asked: Asked, services: Services) -> Trial:
    control = _CONTROLS[asked.name]
    control.base.require_code()
    fixture = control.base.with_make(control.change.applied_to, control.name)
    report = run(control.base.lane, fixture, services, only=control.is_put_to())
    return _without_fault(_trial(asked, control.base.lane.name, control.base, report), report, control.base)


def _without_fault(trial: Trial, report: Report, base: Base) -> Trial:
    """Return the trial of a right backend, of whom nothing may be said that is not known."""
    wrong = tuple(
        f"{axiom} is violated: {(reasons(verdict) or [verdict.reason])[0]}"
        for axiom, verdict in violated(report).items()
        if axiom not in base.known
    )
    return replace(trial, wrong=(*wrong, *report.incomplete))


def _trial(asked: Asked, name: str, base: Base, report: Report) -> Trial:
    outcomes = report.outcomes()
    breached = {witness.case for verdict in report.verdicts for witness in verdict.witnesses}
    failed = {outcome.case for outcome in outcomes if outcome.result is Result.FAILED}
    return Trial(
        asked,
        name,
        violated=tuple(sorted(violated(report).keys() - base.known)),
        failed=tuple(sorted(failed | breached)),
        executed=tuple(outcome.case for outcome in outcomes if outcome.result in (Result.PASSED, Result.FAILED)),
    )


def _put_to(mutant: Mutant, *, whole: bool) -> Callable[[Case], bool]:
    """Return which cases a mutant is put to: its own and the canonical ones, and of the others its share."""
    shown = CANONICAL.union(mutant.seen_in)
    is_in_share = share_of(mutant.id)

    def is_one(case: Case) -> bool:
        if case.axiom.id == mutant.axiom or case.id in shown:
            return True
        return whole and is_in_share(case) and not _takes_its_time(case)

    return is_one


def _is_shown_near(axiom: str, report: Report, mutant: Mutant) -> bool:
    near = CANONICAL.union(mutant.seen_in)
    verdict = next(one for one in report.verdicts if one.axiom.id == axiom)
    shown = [outcome.case for outcome in verdict.failed] + [witness.case for witness in verdict.witnesses]
    return any(case in near or case.partition("/")[0] == mutant.axiom for case in shown)


def _takes_its_time(case: Case) -> bool:
    """Return whether a case is slow whatever the backend: races, sequences, hundreds of files."""
    return len(case.given.files) >= _MANY_FILES or (
        case.probe is not None and facts_of(case.probe).stresses is not None
    )
