"""The rule by which the outcomes of an axiom's cases become one verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from enum import Enum, auto
from typing import Final, assert_never

from rsconform.plural import plural
from rsconform.report.report import GroupVerdict, Outcome, Verdict, VerdictStatus, Waiver, Watch, Witness
from rsconform.run.applicability import off_surface
from rsconform.run.records import AxiomFacts, Breach, Failure, Instance, Result, Skip, SkipReason
from rsconform.spec.axiom import Level


class CaseEffect(Enum):
    """What one case, or the watch for an invariant, says about its axiom."""

    FAILED = auto()
    ERRORED = auto()
    MISSING = auto()
    PASSED = auto()
    UNREACHABLE = auto()
    EXCLUDED = auto()


# A failed case settles the axiom. An errored one says nothing about the store, and one without an outcome nothing at
# all: they leave the axiom open and never read as a violation. Points that were skipped do not undo a pass, and are
# listed with it. Why a case was skipped (no affordance, or no capability or trait) decides between the last two.
RULING_BY_FIRST: Final = (
    (CaseEffect.FAILED, VerdictStatus.VIOLATED),
    (CaseEffect.ERRORED, VerdictStatus.INCONCLUSIVE),
    (CaseEffect.MISSING, VerdictStatus.INCONCLUSIVE),
    (CaseEffect.PASSED, VerdictStatus.HOLDS),
    (CaseEffect.UNREACHABLE, VerdictStatus.NOT_EXERCISED),
    (CaseEffect.EXCLUDED, VerdictStatus.NOT_APPLICABLE),
)

_SKIP_WORDS: Final = {
    SkipReason.AFFORDANCE: "needs {}",
    SkipReason.CAPABILITY: "{} is not declared",
    SkipReason.TRAIT: "only where {}",
    SkipReason.READING: "{} was not observed",
    SkipReason.RELEASE: "only from {} on",
    SkipReason.SURFACE: "cannot be put to this backend: {}",
    SkipReason.HOLDING: "the store cannot hold {}",
    SkipReason.FAULT: "no request met the fault: {}",
}

# Nothing was shown, and no fact of backend or lane says that there is nothing to show.
UNREACHED: Final = (SkipReason.AFFORDANCE, SkipReason.FAULT, SkipReason.HOLDING)
_WITHOUT: Final = "no "  # A case that lacks a capability wants it not to be declared.


class ForeignOutcomeError(ValueError):
    """An outcome was brought before an axiom that it does not belong to."""

    def __init__(self, axiom: str, outcome: Outcome) -> None:
        self.axiom = axiom
        self.outcome = outcome
        super().__init__(f"case {outcome.case} belongs to {outcome.axiom}, not to {axiom}")


def judge(
    axiom: AxiomFacts,
    outcomes: Sequence[Outcome],
    waivers: Iterable[Waiver],
    *,
    today: date,
    watch: Watch | None = None,
) -> Verdict:
    """Rule on one axiom from the outcomes of its cases in one lane.

    Args:
        outcomes: One per planned case, in case order.
        waivers: Those of this lane. One counts only against a violation, while `today <= until`, and if each failure
            shows the text it expects.
        today: The run's date in UTC, passed in so that a report can be judged again.
        watch: What was seen of the axiom as an always-on invariant; a breach counts as a failure of it.

    Raises:
        ForeignOutcomeError: An outcome belongs to another axiom.
    """
    for outcome in outcomes:
        if outcome.axiom != axiom.id:
            raise ForeignOutcomeError(axiom.id, outcome)
    standings = [standing_of(outcome) for outcome in outcomes]
    if watch is not None:
        standings.append(standing_of_watch(watch))
    status = next((status for first, status in RULING_BY_FIRST if first in standings), VerdictStatus.NOT_EXERCISED)
    waiver = None
    if status is VerdictStatus.VIOLATED and axiom.level == Level.MAY:
        status = VerdictStatus.NOT_TAKEN  # A permission cannot be violated.
    if status is VerdictStatus.VIOLATED:
        waiver = next((w for w in waivers if w.axiom == axiom.id and covers(w, outcomes, watch, today=today)), None)
    if waiver is not None:
        status = VerdictStatus.WAIVED
    return Verdict(
        axiom=axiom,
        status=status,
        reason=_reason(status, outcomes, watch),
        outcomes=tuple(outcomes),
        watch=watch,
        waiver=waiver,
        flaky=any(outcome.result is Result.FAILED and outcome.is_flaky for outcome in outcomes),
    )


def standing_of(outcome: Outcome) -> CaseEffect:
    """Return what the outcome of a case says about its axiom."""
    match outcome.result:
        case None:
            return CaseEffect.MISSING
        case Result.FAILED:
            return CaseEffect.FAILED
        case Result.ERRORED:
            return CaseEffect.ERRORED
        case Result.PASSED:
            return CaseEffect.PASSED
        case Result.SKIPPED:
            return _standing_of_skip(outcome.skip)
        case _:
            assert_never(outcome.result)


def standing_of_watch(watch: Watch) -> CaseEffect:
    """Return what was seen of an invariant over the run says about it."""
    if watch.witnesses:
        return CaseEffect.FAILED
    if watch.judged:
        return CaseEffect.PASSED
    return _standing_of_skip(watch.skip) if watch.skip is not None else CaseEffect.MISSING


def _standing_of_skip(skip: Skip | None) -> CaseEffect:
    # A skip that does not say why counts against the certificate, not for it.
    if skip is None or skip.reason in UNREACHED:
        return CaseEffect.UNREACHABLE
    return CaseEffect.EXCLUDED


def covers(waiver: Waiver, outcomes: Sequence[Outcome], watch: Watch | None, *, today: date) -> bool:
    """Return whether a waiver is in force and expects every failure that was seen."""
    return today <= waiver.until and expects(waiver, outcomes, watch)


def shown_by(seen: Failure | Breach | None) -> str:
    """Return the text in which a waiver looks for what it expects."""
    return f"{seen.expected}\n{seen.observed}" if seen is not None else ""


def expects(waiver: Waiver, outcomes: Sequence[Outcome], watch: Watch | None) -> bool:
    """Return whether each failure shows the text that a waiver expects, so that no other one hides behind it."""
    return all(waiver.expected in text for text in shown_failures(outcomes, watch))


def shown_failures(outcomes: Sequence[Outcome], watch: Watch | None) -> list[str]:
    """Return what each failure and breach shows."""
    shown = [
        shown_by(attempt.failure)
        for outcome in outcomes
        for attempt in outcome.attempts
        if outcome.result is Result.FAILED and attempt.result is Result.FAILED
    ]
    shown += [shown_by(witness.breach) for witness in (watch.witnesses if watch is not None else ())]
    return shown


def derived(verdict: Verdict, verdicts: Sequence[Verdict], instance: Instance | None) -> Verdict:
    """Return the verdict on an axiom that is the same as others, on an AsyncBackend: the first status of theirs.

    Any other verdict is returned as it is.
    """
    same_as = verdict.axiom.same_as
    if not same_as:
        return verdict
    if instance is None or instance.surface != "async":
        reason = skip_in_words(off_surface(instance or Instance()))
        return replace(verdict, status=VerdictStatus.NOT_APPLICABLE, reason=reason)
    others = [one for one in verdicts if one.axiom.id in same_as or one.axiom.group in same_as]
    status = next(
        (status for status in VerdictStatus if any(one.status is status for one in others)), VerdictStatus.NOT_EXERCISED
    )
    said = ", ".join(one.axiom.id for one in others if one.status is status)
    shown = (
        said
        if status in (VerdictStatus.VIOLATED, VerdictStatus.WAIVED, VerdictStatus.INCONCLUSIVE)
        else ", ".join(same_as)
    )
    return replace(verdict, status=status, reason=f"as {shown}")


def roll_up(group: str, title: str, verdicts: Sequence[Verdict], *, of: int) -> GroupVerdict:
    """Return the verdict of a group: the first status, in the order of `VerdictStatus`, that one of its axioms has.

    Args:
        of: Sentences in the group, those without a verdict included.
    """
    statuses = [verdict.status for verdict in verdicts]
    worst = next(status for status in VerdictStatus if status in statuses)
    return GroupVerdict(group, title, worst, statuses.count(worst), of)


def skip_in_words(skip: Skip | None) -> str:
    """Return why something was skipped, as a phrase."""
    if skip is not None and skip.reason is SkipReason.CAPABILITY and skip.detail.startswith(_WITHOUT):
        return f"{skip.detail.removeprefix(_WITHOUT)} is declared"
    return "for a reason that was not recorded" if skip is None else _SKIP_WORDS[skip.reason].format(skip.detail)


def breached_cases(witnesses: Iterable[Witness]) -> int:
    """Return in how many cases a breach was seen."""
    return len({witness.case for witness in witnesses})


# Reasons go into the certificate: they count, and quote nothing that differs from machine to machine.
def _reason(status: VerdictStatus, outcomes: Sequence[Outcome], watch: Watch | None) -> str:
    if not outcomes and watch is None:
        return "no case of it was planned"
    total = plural(len(outcomes), "case")
    found = Counter(standing_of(outcome) for outcome in outcomes)
    parts: list[str] = []
    match status:
        case VerdictStatus.VIOLATED | VerdictStatus.WAIVED | VerdictStatus.NOT_TAKEN:
            if found[CaseEffect.FAILED]:
                parts.append(f"{found[CaseEffect.FAILED]} of {total} failed")
            if watch is not None and watch.witnesses:
                parts.append(f"breached in {plural(breached_cases(watch.witnesses), 'case')}")
        case VerdictStatus.INCONCLUSIVE:
            if found[CaseEffect.ERRORED]:
                parts.append(f"{found[CaseEffect.ERRORED]} of {total} errored")
            if found[CaseEffect.MISSING]:
                parts.append(f"{found[CaseEffect.MISSING]} of {total} without an outcome")
            if watch is not None and standing_of_watch(watch) is CaseEffect.MISSING:
                parts.append("no case that would show it has an outcome")
        case VerdictStatus.HOLDS:
            skipped = len(outcomes) - found[CaseEffect.PASSED]
            if skipped:
                parts.append(f"{skipped} of {total} skipped: {_skips(outcomes, watch)}")
        case VerdictStatus.NOT_EXERCISED | VerdictStatus.NOT_APPLICABLE:
            parts.append(_skips(outcomes, watch))
        case _:
            assert_never(status)
    return ", ".join(parts)


def _skips(outcomes: Sequence[Outcome], watch: Watch | None) -> str:
    phrases = Counter(skip_in_words(outcome.skip) for outcome in outcomes if outcome.result is Result.SKIPPED)
    if watch is not None and watch.skip is not None:
        phrases[skip_in_words(watch.skip)] += 1
    if len(phrases) == 1:
        return next(iter(phrases))
    return ", ".join(f"{phrase} ({count})" for phrase, count in sorted(phrases.items()))
