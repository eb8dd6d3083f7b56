"""The exit code of a run, and the sentences that go with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from rsconform.plural import plural
from rsconform.report.case_outcomes import CONSTRUCTION
from rsconform.report.grades import levels_of, named
from rsconform.report.report import LEVELS, Grade, Report, VerdictStatus, WaiverFinding
from rsconform.run.records import Result


class ExitCode(IntEnum):
    """What `rsconform run` says to the shell."""

    HOLDS = 0
    VIOLATED = 1
    USAGE = 2
    BROKEN = 3
    INCOMPLETE = 4
    WAIVERS = 5


_NAMED: Final = 3  # Of what is wrong with a journal.

# If several hold, the first of these is the code, and all are named.
ORDER: Final = (ExitCode.USAGE, ExitCode.VIOLATED, ExitCode.BROKEN, ExitCode.INCOMPLETE, ExitCode.WAIVERS)


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that a code other than 0 stands for."""

    code: ExitCode
    text: str
    lane: str | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """An exit code with every reason for it and for the codes it outranks, in the order of the codes."""

    code: ExitCode
    reasons: tuple[Reason, ...]


def decide(
    reports: Sequence[Report],
    *,
    level: str = "must",
    require: Grade | None = None,
    stray: Iterable[WaiverFinding] = (),
) -> Exit:
    """Return the exit code of a run over its lanes.

    Args:
        level: The weakest level whose violation counts: must, should or may.
        require: A grade that was asked for: what it needs and nothing exercised is then missing.
        stray: Waivers of no lane of this run that ask for attention.
    """
    reasons = [reason for report in reports for reason in _reasons(report, _levels(level, require), require)]
    reasons += [Reason(ExitCode.WAIVERS, finding.text) for finding in stray]
    if not reports:
        reasons.append(Reason(ExitCode.INCOMPLETE, "no lane was run"))
    reasons.sort(key=lambda reason: ORDER.index(reason.code))
    return Exit(reasons[0].code if reasons else ExitCode.HOLDS, tuple(reasons))


def _levels(level: str, require: Grade | None) -> tuple[str, ...]:
    asked = LEVELS[: LEVELS.index(level.upper()) + 1]
    return max(asked, levels_of(require) if require is not None else (), key=len)


def _reasons(report: Report, levels: Sequence[str], require: Grade | None) -> Iterator[Reason]:
    for code, text in (
        *_usage(report),
        *_violations(report, levels),
        *_breakage(report),
        *_gaps(report, require),
        *((ExitCode.WAIVERS, finding.text) for finding in report.waivers),
    ):
        yield Reason(code, text, report.lane)


def _usage(report: Report) -> Iterator[tuple[ExitCode, str]]:
    if report.footer is not None and report.footer.ending == "dirty_store":
        detail = f": {report.footer.detail}" if report.footer.detail else ""
        yield ExitCode.USAGE, f"the store was not seen to be empty, and nothing in it was touched{detail}"


def _violations(report: Report, levels: Sequence[str]) -> Iterator[tuple[ExitCode, str]]:
    for level in levels:
        ids = [verdict.axiom.id for verdict in report.ruled(VerdictStatus.VIOLATED, level=level)]
        if ids:
            yield ExitCode.VIOLATED, f"{len(ids)} {level} violated: {named(ids)}"
    # A run that was not asked about it still fails for want of an instance.
    if report.no_instance is not None and CONSTRUCTION not in {verdict.axiom.id for verdict in report.verdicts}:
        yield ExitCode.VIOLATED, f"{CONSTRUCTION} violated: there is no instance; {report.no_instance.observed}"
    failed = [outcome.case for outcome in report.unassigned if outcome.result is Result.FAILED]
    if failed:
        yield ExitCode.VIOLATED, f"failed: {named(failed)}"


def _breakage(report: Report) -> Iterator[tuple[ExitCode, str]]:
    if report.damage:
        more = f", and {len(report.damage) - _NAMED} more" if len(report.damage) > _NAMED else ""
        yield ExitCode.BROKEN, f"the journal of the run is damaged: {'; '.join(report.damage[:_NAMED])}{more}"
    if report.unreachable is not None:
        yield ExitCode.BROKEN, f"no case was run: {report.unreachable}"
        return
    if report.no_instance is not None:
        return  # Every case errors for want of one, and that is the constructor's doing.
    errored = [outcome.case for outcome in report.outcomes() if outcome.result is Result.ERRORED]
    if errored:
        yield ExitCode.BROKEN, f"{plural(len(errored), 'case')} errored, which says nothing about the backend"


def _gaps(report: Report, require: Grade | None) -> Iterator[tuple[ExitCode, str]]:
    if report.unreachable is None:
        yield from ((ExitCode.INCOMPLETE, text) for text in report.incomplete)
    if require is None:
        return
    for level in levels_of(require):
        ids = [verdict.axiom.id for verdict in report.ruled(VerdictStatus.NOT_EXERCISED, level=level)]
        if ids:
            yield ExitCode.INCOMPLETE, f"{require} is required, and {len(ids)} {level} were not exercised: {named(ids)}"
    reached = report.grading.reached
    if reached is None or list(Grade).index(reached) < list(Grade).index(require):
        why = "was not reached" if report.certifies else "only a whole run that came to its end has a grade"
        yield ExitCode.INCOMPLETE, f"{require} is required, and {why}"
