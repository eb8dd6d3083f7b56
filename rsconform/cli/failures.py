"""What a run prints of its failures: each violated axiom once in full, its other cases by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from rsconform.report.report import Report, Verdict, VerdictStatus
from rsconform.report.text import render_failure
from rsconform.run.plan import SMOKE_FACTS
from rsconform.run.records import Attempt, Result

_MOST: Final = 25
_NAMED: Final = 5


def failures(report: Report) -> Iterator[str]:
    """Yield a text for each violated axiom, for each kind of error, and for what is left out."""
    violated = report.ruled(VerdictStatus.VIOLATED)
    for verdict in violated[:_MOST]:
        yield from _violation(report, verdict)
    if len(violated) > _MOST:
        yield f"and {len(violated) - _MOST} more violated axioms; report.json has all of them"
    yield from _errors(report)


def _violation(report: Report, verdict: Verdict) -> Iterator[str]:
    shown = False
    for outcome in verdict.failed[:1]:
        attempt = next((one for one in outcome.attempts if one.result is Result.FAILED), None)
        if attempt is not None:
            shown = True
            text = render_failure(replace(attempt, breaches=()), verdict.axiom, report.header, flaky=outcome.is_flaky)
            yield text + _others([other.case for other in verdict.failed[1:]], "fails in the same way or another")
    for witness in verdict.witnesses[:1]:
        shown = True
        attempt = Attempt(witness.case, verdict.axiom.id, 1, Result.PASSED, breaches=(witness.breach,))
        others = list(dict.fromkeys(other.case for other in verdict.witnesses if other.case != witness.case))
        yield render_failure(attempt, verdict.axiom, report.header) + _others(others, "a witness as well")
    if not shown:
        axiom = verdict.axiom
        yield f"{axiom.id}  {axiom.level}  {axiom.title}  lane {report.lane}\n  {verdict.reason}"


def _others(cases: list[str], what: str) -> str:
    if not cases:
        return ""
    named = "".join(f"\n            {case}" for case in cases[:_NAMED])
    more = f"\n            and {len(cases) - _NAMED} more" if len(cases) > _NAMED else ""
    return f"\n  also      {what}:{named}{more}"


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
