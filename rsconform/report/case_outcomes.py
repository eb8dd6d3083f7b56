"""Every planned case with what it did, from the journal: nothing that was planned goes unaccounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from rsconform.report.report import Observation, Outcome, Watch, Witness, has_ended
from rsconform.run.applicability import off_surface
from rsconform.run.records import (
    Attempt,
    AxiomFacts,
    Breach,
    Footer,
    Instance,
    Journal,
    PlannedCase,
    Result,
    Skip,
    SkipReason,
)

CONSTRUCTION: Final = "BE-001a"  # The axiom that a constructor without an instance violates.
NO_INSTANCE: Final = "no instance"  # Stands for the case where there was none to run.

_ENDINGS: Final[Mapping[str, str]] = {
    "finished": "planned, but it has no outcome",
    "interrupted": "the run was interrupted",
    "stopped": "the run was stopped early",
    "died": "the process of the run died",
    "dirty_store": "the store was not seen to be empty",
    "limit": "too many cases ran into their limit",
    "renewed": "a process ended after a hang, and no other one went on",
}

# The worst of its attempts is a case's result: one that failed once has failed.
_WORST_FIRST: Final = (Result.FAILED, Result.ERRORED, Result.PASSED, Result.SKIPPED)


def account(journal: Journal) -> tuple[Outcome, ...]:
    """Return the outcome of every planned case in plan order, then of those that ran without being planned."""
    attempts: dict[str, list[Attempt]] = {}
    for attempt in journal.attempts:
        attempts.setdefault(attempt.case, []).append(attempt)
    outcomes = [_outcome(planned, attempts.pop(planned.case, ()), journal) for planned in journal.header.plan]
    places = {axiom.id: axiom.place for axiom in journal.header.axioms}
    for case, tries in attempts.items():
        axiom = tries[0].axiom
        outcomes.append(_outcome(PlannedCase(case, axiom, places.get(axiom, "")), tries, journal))
    return tuple(outcomes)


def ending_in_words(footer: Footer | None) -> str:
    """Return how a run ended, as a clause."""
    return "the journal has no end" if footer is None else _ENDINGS[footer.ending]


def watches(journal: Journal, outcomes: Sequence[Outcome]) -> Mapping[str, Watch]:
    """Return, by axiom, what was seen of the always-on invariants during the cases."""
    decisive = [attempt for attempt in journal.attempts if not attempt.slow]
    judged = Counter(axiom for attempt in decisive for axiom in attempt.judged)
    # A case that is tried again shows the same breach again: it is one witness.
    seen = dict.fromkeys(
        Witness(attempt.case, breach, attempt.given) for attempt in decisive for breach in attempt.breaches
    )
    witnesses: dict[str, list[Witness]] = {}
    for witness in seen:
        witnesses.setdefault(witness.breach.axiom, []).append(witness)
    failure = journal.instance.failure if journal.instance is not None else None
    if failure is not None:
        breach = Breach(CONSTRUCTION, failure.expected, failure.observed)
        witnesses.setdefault(CONSTRUCTION, []).append(Witness(NO_INSTANCE, breach))
    return {
        axiom.id: Watch(
            judged[axiom.id],
            tuple(witnesses.get(axiom.id, ())),
            None if judged[axiom.id] or axiom.id in witnesses else _why_unjudged(axiom, journal, outcomes),
        )
        for axiom in journal.header.axioms
        if axiom.invariant is not None or axiom.id in judged or axiom.id in witnesses
    }


def notes(journal: Journal) -> tuple[Observation, ...]:
    """Return what attempts noted, each note once with its cases, and breaches of axioms that were not asked about."""
    known = {axiom.id for axiom in journal.header.axioms}
    cases: dict[str, dict[str, None]] = {}
    for attempt in journal.attempts:
        foreign = [
            f"{b.axiom} was breached, which this run does not judge" for b in attempt.breaches if b.axiom not in known
        ]
        for text in (*attempt.notes, *foreign):
            cases.setdefault(text, {})[attempt.case] = None
    left = [Observation(f"a process that the run started goes on after its end: {name}") for name in journal.left]
    return (*left, *(Observation(text, tuple(seen)) for text, seen in sorted(cases.items())))


def incompleteness(journal: Journal, outcomes: Sequence[Outcome], known: Collection[str]) -> tuple[str, ...]:
    """Return a sentence for each thing that makes a run vacuous or incomplete.

    Args:
        outcomes: Of all cases.
        known: The IDs of the axioms: a smoke case, which belongs to none, is no run.
    """
    says = []
    of_axioms = [outcome for outcome in outcomes if outcome.axiom in known]
    missing = [outcome.case for outcome in outcomes if outcome.result is None]
    footer = journal.footer
    # A run that was to stop at the first failure and met it in the last case is complete.
    if footer is None or not (has_ended(footer) or (footer.ending == "stopped" and not missing)):
        detail = f" ({footer.detail})" if footer is not None and footer.detail else ""
        says.append(f"the run did not come to its end: {ending_in_words(footer)}{detail}")
    if not of_axioms:
        says.append("the plan is empty")
    elif not any(_is_executed(outcome, journal.instance) for outcome in of_axioms):
        says.append(f"nothing was executed of {len(of_axioms)} planned cases")
    elif missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        says.append(f"{len(missing)} of {len(outcomes)} planned cases have no outcome: {', '.join(missing[:3])}{more}")
    failed_affordances = journal.instance.failed_affordances if journal.instance is not None else ()
    says += [
        f"the affordance {name!r} is declared and did not come up, or does not do what it is for"
        for name in failed_affordances
    ]
    return tuple(says)


def _outcome(planned: PlannedCase, attempts: Sequence[Attempt], journal: Journal) -> Outcome:
    results = {attempt.result for attempt in attempts if not attempt.slow}
    result = next((result for result in _WORST_FIRST if result in results), None)
    skip = next((attempt.skip for attempt in attempts if attempt.skip is not None), _settled(planned, journal.instance))
    if result is None and skip is not None:
        result = Result.SKIPPED
    return Outcome(
        case=planned.case,
        axiom=planned.axiom,
        place=planned.place,
        result=result,
        attempts=tuple(sorted(attempts, key=lambda attempt: attempt.number)),
        skip=skip if result is Result.SKIPPED else None,
        readings=planned.readings,
        missing=_why_missing(planned.case, attempts, journal) if result is None else None,
        stresses=planned.stresses,
    )


def _settled(planned: PlannedCase, instance: Instance | None) -> Skip | None:
    """Return why a planned case was ruled out: a missing affordance is no loss where the backend would not qualify."""
    if instance is not None and instance.capabilities:
        if planned.surface not in (None, instance.surface):
            return off_surface(instance)
        for name in planned.requires:
            if name not in instance.capabilities:
                return Skip(SkipReason.CAPABILITY, name)
        for name in planned.lacks:
            if name in instance.capabilities:
                return Skip(SkipReason.CAPABILITY, f"no {name}")
    return planned.skip


def _is_executed(outcome: Outcome, instance: Instance | None) -> bool:
    # What errors for want of an instance or of the service was never put to the backend.
    if outcome.result is Result.ERRORED:
        return instance is None or (instance.failure is None and instance.unreachable is None)
    return outcome.result in (Result.PASSED, Result.FAILED)


def _why_missing(case: str, attempts: Sequence[Attempt], journal: Journal) -> str:
    instance = journal.instance or Instance()
    if instance.unreachable is not None:
        return f"no case was run: {instance.unreachable}"
    if instance.failure is not None:
        return NO_INSTANCE
    if case in journal.begun:
        return "it was begun and has no end"
    if any(attempt.slow for attempt in attempts):
        return "it ran into its limit, and no try with a longer one came to an end"
    return ending_in_words(journal.footer)


def _why_unjudged(axiom: AxiomFacts, journal: Journal, outcomes: Sequence[Outcome]) -> Skip | None:
    """Return for want of what an invariant was looked at nowhere; None if a case without outcome may be to blame."""
    if axiom.skip is not None:
        return axiom.skip
    if any(outcome.result is None for outcome in outcomes) or not any(
        outcome.result in (Result.PASSED, Result.FAILED) for outcome in outcomes
    ):
        return None
    declared = journal.instance.capabilities if journal.instance is not None else ()
    undeclared = [name for name in axiom.requires if name not in declared]
    if undeclared:
        return Skip(SkipReason.CAPABILITY, undeclared[0])
    # What keeps the axiom's own cases from being put keeps the invariant from being seen.
    own = [outcome for outcome in outcomes if outcome.axiom == axiom.id]
    if own and all(outcome.skip is not None for outcome in own):
        return own[0].skip
    return Skip(SkipReason.AFFORDANCE, "a case that would show it")
