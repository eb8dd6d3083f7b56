"""Which reading of a trait that a lane does not declare its cases show to hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from typing import Final

from rsconform.plural import plural
from rsconform.report.report import Observation, Outcome
from rsconform.run.applicability import written
from rsconform.run.records import Result, Skip, SkipReason
from rsconform.spec.traits import IMPLIED_TRAITS, TRAITS

_OTHER: Final = {"true": "false", "false": "true"}


@dataclass(frozen=True, slots=True)
class _Tally:
    """How the cases that presume one value of a trait came out."""

    trait: str
    value: str
    failed: int
    cases: int


def settle(outcomes: Sequence[Outcome]) -> tuple[tuple[Outcome, ...], tuple[Observation, ...]]:
    """Return the outcomes with those under a refuted reading skipped, and what was observed of the traits.

    A failure only refutes the narrowest reading that its case presumes. Where every reading of a trait has failures,
    the one with the fewest is taken as the lane's (the first in plan order if equal), and its failures stand. A value
    that another trait's settles is taken as well: where folders are real, nothing may be written below a file. With a
    wider reading all cases go that presume it, and say nothing of the narrower ones.
    """
    refuted: set[tuple[str, str]] = set()
    implied: dict[str, str] = {}
    observations = []
    for trait in TRAITS:
        tallies = _tallies(trait, outcomes, refuted)
        failing = [tally for tally in tallies if tally.failed]
        taken = next((tally for tally in failing if tally.value == implied.get(trait)), None)
        if taken is None and len(failing) > 1 and len(failing) == len(tallies):
            taken = min(failing, key=lambda tally: tally.failed)
        gone = [tally for tally in tallies if tally is not taken and (tally.failed or taken is not None)]
        if not failing:
            continue
        refuted |= {(trait, tally.value) for tally in gone}
        seen = _observation(tallies, gone, taken)
        observations.append(seen)
        implied |= {
            other: written(value)
            for fact, (other, value) in IMPLIED_TRAITS
            if (fact[0], written(fact[1])) == seen.trait
        }
    return tuple(_without(outcome, refuted) for outcome in outcomes), tuple(observations)


def _tallies(trait: str, outcomes: Sequence[Outcome], refuted: Set[tuple[str, str]]) -> list[_Tally]:
    reported = [
        (outcome.readings[-1][1], outcome.result)
        for outcome in outcomes
        if outcome.readings and outcome.readings[-1][0] == trait and refuted.isdisjoint(outcome.readings)
    ]
    cases = Counter(value for value, _ in reported)
    failed = Counter(value for value, result in reported if result is Result.FAILED)
    return [_Tally(trait, value, failed[value], count) for value, count in cases.items()]


def _observation(tallies: Sequence[_Tally], gone: Sequence[_Tally], taken: _Tally | None) -> Observation:
    trait = tallies[0].trait
    why = ", ".join(
        f"{tally.failed} of {plural(tally.cases, 'case')} that presume {tally.value} failed" for tally in gone
    )
    if taken is not None and not any(tally.failed for tally in gone):
        why = f"another trait settles it; {taken.failed} of {plural(taken.cases, 'case')} that presume it failed"
        return Observation(f"{trait} = {taken.value}: {why}", trait=(trait, taken.value))
    if taken is not None:
        why += f"; so did {taken.failed} of {taken.cases} that presume {taken.value}, which count"
        return Observation(f"{trait} = {taken.value}: {why}", trait=(trait, taken.value))
    left = [tally.value for tally in tallies if tally not in gone]
    if not left and len(gone) == 1 and gone[0].value in _OTHER:
        left = [_OTHER[gone[0].value]]
    if len(left) == 1:
        return Observation(f"{trait} = {left[0]}: {why}", trait=(trait, left[0]))
    return Observation(f"{trait} is not {' or '.join(tally.value for tally in gone)}: {why}")


def _without(outcome: Outcome, refuted: set[tuple[str, str]]) -> Outcome:
    # A store of the other kind often cannot even hold what such a case is given, so an error is no surprise there.
    # What never ran stays a gap.
    gone = next((reading for reading in outcome.readings if reading in refuted), None)
    if gone is None or outcome.result in (None, Result.SKIPPED):
        return outcome
    trait, value = gone
    return replace(outcome, result=Result.SKIPPED, skip=Skip(SkipReason.READING, f"{trait} = {value}"))
