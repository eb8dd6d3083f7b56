"""Which grade the verdicts of a lane reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rsconform.plural import plural
from rsconform.report.report import Grade, Grading, Verdict, VerdictStatus
from rsconform.run.records import Profile, Result

DEV: Final = "dev"  # The edition before the first freeze: nothing in it is promised to stay.

# What the grade `hardened` wants to see exercised, by a case of each.
HARDENING: Final = ("sequence", "race", "wire", "memory", "time")

# The profile that looks too little for it: in it some mutants that only races or sequences show are missed.
SHALLOW: Final = Profile.QUICK

_LEVELS: Final = {Grade.CORE: ("MUST",), Grade.FULL: ("MUST", "SHOULD"), Grade.HARDENED: ("MUST", "SHOULD")}
_BLOCKS: Final = {
    VerdictStatus.VIOLATED: "violated",
    VerdictStatus.INCONCLUSIVE: "inconclusive",
    VerdictStatus.NOT_EXERCISED: "not exercised",
}
_EXECUTED: Final = (VerdictStatus.HOLDS, VerdictStatus.WAIVED, VerdictStatus.VIOLATED, VerdictStatus.NOT_TAKEN)
_NAMED: Final = 5


def levels_of(grade: Grade) -> tuple[str, ...]:
    """Return the levels whose axioms a grade asks for."""
    return _LEVELS[grade]


def grade(verdicts: Sequence[Verdict], *, edition: str, whole: bool, profile: Profile) -> Grading:
    """Return the grade reached, with a sentence for each thing that kept the next one away.

    Args:
        whole: Whether the whole plan was run to its end; a part has no grade.
    """
    if not whole:
        return Grading(None, ("not core: a partial or incomplete run has no grade",))
    reached = None
    for candidate in Grade:
        against = _against(candidate, verdicts, edition, profile)
        if against:
            return Grading(reached, tuple(f"not {candidate}: {reason}" for reason in against))
        reached = candidate
    return Grading(reached)


def _against(candidate: Grade, verdicts: Sequence[Verdict], edition: str, profile: Profile) -> list[str]:
    asked = [verdict for verdict in verdicts if verdict.axiom.level in _LEVELS[candidate]]
    reasons = []
    if not any(verdict.status in _EXECUTED for verdict in asked):
        reasons.append("no axiom that it asks for was executed")
    for level in _LEVELS[candidate]:
        for status, word in _BLOCKS.items():
            ids = [verdict.axiom.id for verdict in asked if verdict.axiom.level == level and verdict.status is status]
            if ids:
                reasons.append(f"{len(ids)} {level} {word}: {named(ids)}")
    if candidate is not Grade.CORE:
        waived = [v.axiom.id for v in asked if v.axiom.level == "MUST" and v.status is VerdictStatus.WAIVED]
        if waived:
            reasons.append(f"{len(waived)} MUST waived: {named(waived)}")
    if candidate is Grade.HARDENED:
        if edition == DEV:
            reasons.append(f"the edition is {DEV}, {plural(len(verdicts), 'axiom')}")
        if profile == SHALLOW:
            reasons.append(f"the profile is {profile}")
        seen = exercised(verdicts)
        absent = [kind for kind in HARDENING if kind not in seen]
        if absent:
            reasons.append(f"nothing executed of: {', '.join(absent)}")
    return reasons


def exercised(verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """Return of what the grade `hardened` asks for something was executed; a skipped case exercised nothing."""
    seen = {
        kind
        for verdict in verdicts
        if verdict.status in _EXECUTED
        for outcome in verdict.outcomes
        if outcome.result in (Result.PASSED, Result.FAILED)
        for kind in outcome.stresses
    }
    return tuple(kind for kind in HARDENING if kind in seen)


def named(ids: Sequence[str]) -> str:
    """Return the first few IDs, and how many more there are."""
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
