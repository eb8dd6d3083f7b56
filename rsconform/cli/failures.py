"""What a run prints of its failures: by cause, the one to mend first whole, the others in two lines each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from rsconform.plural import plural
from rsconform.report.causes import Cause, Finding, causes
from rsconform.report.report import LEVELS, Report, VerdictStatus
from rsconform.report.text import render_failure, render_row
from rsconform.run.plan import SMOKE_FACTS
from rsconform.run.records import Attempt, Result

_WHOLE: Final = 3  # So few causes are each shown whole; of more, only the first.
_LISTED: Final = 5
_NAMED: Final = 5
_A_LINE: Final = 7  # So many IDs fit on one: a run with many causes fits a screen of 60 lines.


def failures(report: Report) -> Iterator[str]:
    """Yield a text for each cause of a violation, for each kind of error, and for what is left out."""
    found = causes(report)
    whole = found if len(found) <= _WHOLE else found[:1]
    for number, cause in enumerate(whole, start=1):
        yield _shown_whole(report, cause, number, len(found))
    if len(found) > len(whole):
        yield "\n".join(_listed(found[len(whole) :]))
    explained = {verdict.axiom.id for cause in found for verdict in cause.verdicts}
    for verdict in report.ruled(VerdictStatus.VIOLATED):
        if verdict.axiom.id not in explained:
            axiom = verdict.axiom
            yield f"{axiom.id}  {axiom.level}  {axiom.title}  lane {report.lane}\n  {verdict.reason}"
    yield from _errors(report)


def _shown_whole(report: Report, cause: Cause, number: int, of: int) -> str:
    label = "mend first" if number == 1 and of > 1 else "cause"
    lines = [f"{label}: {cause.title} ({counted(cause)})"]
    first = cause.findings[0]
    lines.append(_example(report, first))
    others = [verdict.axiom.id for verdict in cause.verdicts if verdict.axiom.id != first.verdict.axiom.id]
    if others:
        lines.append("\n".join(render_row("also", _some(others, 2 * _A_LINE))))
    cases = [case for case in dict.fromkeys(one.case for one in cause.findings) if case != first.case]
    if cases and not others:
        lines.append("\n".join(render_row("also", _some(cases, _NAMED))))
    return "\n".join(lines)


def _example(report: Report, finding: Finding) -> str:
    axiom = finding.verdict.axiom
    if finding.witness is not None:
        return render_failure(finding.witness.attempt, axiom, report.header)
    assert finding.outcome is not None  # A finding is one or the other.
    attempt = next(one for one in finding.outcome.attempts if one.result is Result.FAILED)
    return render_failure(replace(attempt, breaches=()), axiom, report.header, flaky=finding.outcome.is_flaky)


def _listed(found: Sequence[Cause]) -> Iterator[str]:
    for cause in found[:_LISTED]:
        yield f"then: {cause.title} ({counted(cause)})"
        yield from render_row("axioms", _some([verdict.axiom.id for verdict in cause.verdicts], _A_LINE))
    if len(found) > _LISTED:
        axioms = {verdict.axiom.id for cause in found[_LISTED:] for verdict in cause.verdicts}
        yield f"and {plural(len(found) - _LISTED, 'more cause')} of {plural(len(axioms), 'axiom')}, on the page"


def counted(cause: Cause) -> str:
    """Return how many axioms of each level a cause violates, in how many cases."""
    levels = Counter(verdict.axiom.level for verdict in cause.verdicts)
    axioms = " and ".join(f"{levels[level]} {level}" for level in LEVELS if levels[level])
    cases = len({finding.case for finding in cause.findings})
    return f"{axioms}, {plural(cases, 'case')}"


def _some(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _errors(report: Report) -> Iterator[str]:
    if report.no_instance is not None:  # Said once, as the violation that it is.
        return
    first: dict[str, Attempt] = {}
    for outcome in report.outcomes():
        if outcome.result is not Result.ERRORED:  # What a reading that does not hold could not even be given.
            continue
        for attempt in outcome.attempts:
            if attempt.error is not None:
                first.setdefault(attempt.error, attempt)
    facts = {axiom.id: axiom for axiom in report.header.axioms}
    for attempt in list(first.values())[:_NAMED]:
        yield render_failure(replace(attempt, breaches=()), facts.get(attempt.axiom, SMOKE_FACTS), report.header)
