"""What a report says of one run of one lane, as values that every writer shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from rsconform.run.records import Attempt, AxiomFacts, Breach, Failure, Footer, Header, Instance, Result, Skip
from rsconform.spec.axiom import Level, Place

LEVELS: Final = tuple(level.value for level in Level)


class VerdictStatus(StrEnum):
    """The judgement of an axiom, in the order in which a group takes the first of its axioms'."""

    VIOLATED = "violated"
    INCONCLUSIVE = "inconclusive"
    WAIVED = "waived"
    NOT_EXERCISED = "not_exercised"
    HOLDS = "holds"
    NOT_TAKEN = "not_taken"  # A permission of the contract that the backend makes no use of.
    NOT_APPLICABLE = "not_applicable"


class Grade(StrEnum):
    """What a certificate reaches, lowest first."""

    CORE = "core"
    FULL = "full"
    HARDENED = "hardened"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A dated, owned, reasoned exception for one axiom in one lane."""

    axiom: str
    lane: str
    reason: str
    owner: str
    issue: str
    until: date  # Its last day.
    expected: str  # Text that every failure it covers shows.
    place: Place


class WaiverState(StrEnum):
    """Why a waiver asks for attention."""

    EXPIRED = "expired"
    UNMATCHED = "unmatched"
    UNNEEDED = "no_longer_needed"


@dataclass(frozen=True, slots=True)
class WaiverFinding:
    """A waiver that has to be changed or removed, and why, as a sentence."""

    waiver: Waiver
    state: WaiverState
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one planned case did, over all its attempts."""

    case: str
    axiom: str
    place: str
    result: Result | None  # None: planned, but without an outcome.
    attempts: tuple[Attempt, ...] = ()
    skip: Skip | None = None
    readings: tuple[tuple[str, str], ...] = ()
    missing: str | None = None  # Why there is no outcome.
    stresses: tuple[str, ...] = ()  # What the case exercises beyond single operations.

    @property
    def is_flaky(self) -> bool:
        """Return whether the case failed in one fresh store and did something else in another."""
        results = {attempt.result for attempt in self.attempts if not attempt.slow}
        return Result.FAILED in results and len(results) > 1

    @property
    def failure(self) -> Failure | None:
        """Return what the first failed attempt saw."""
        found = (attempt.failure for attempt in self.attempts if attempt.failure is not None and not attempt.slow)
        return next(found, None)

    @property
    def given(self) -> tuple[str, ...]:
        """Return what the store held before the first failed attempt, a line each."""
        return next((attempt.given for attempt in self.attempts if attempt.given), ())

    @property
    def error(self) -> str | None:
        """Return what broke that was not the subject."""
        return next((attempt.error for attempt in self.attempts if attempt.error is not None), None)


@dataclass(frozen=True, slots=True)
class Witness:
    """A case during which an always-on invariant did not hold."""

    case: str
    breach: Breach
    given: tuple[str, ...] = ()  # What the store held before the case, a line each.

    @property
    def attempt(self) -> Attempt:
        """Return the attempt at the case, with this breach alone."""
        return Attempt(self.case, self.breach.axiom, 1, Result.PASSED, given=self.given, breaches=(self.breach,))


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen of an always-on invariant over the whole run."""

    judged: int = 0  # Attempts in which it was really looked at.
    witnesses: tuple[Witness, ...] = ()
    skip: Skip | None = None  # Why it was looked at nowhere; None also where a case that would have is missing.


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one axiom in one lane."""

    axiom: AxiomFacts
    status: VerdictStatus
    reason: str = ""  # One line; empty where the axiom simply holds.
    outcomes: tuple[Outcome, ...] = ()  # In case order.
    watch: Watch | None = None
    waiver: Waiver | None = None
    flaky: bool = False

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Return the outcomes that speak against the axiom."""
        return tuple(outcome for outcome in self.outcomes if outcome.result is Result.FAILED)

    @property
    def skipped(self) -> tuple[Outcome, ...]:
        """Return the points that were not run."""
        return tuple(outcome for outcome in self.outcomes if outcome.result is Result.SKIPPED)

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """Return the cases during which the axiom was breached."""
        return self.watch.witnesses if self.watch is not None else ()

    @property
    def applies(self) -> bool:
        """Return whether the axiom binds this lane at all."""
        return self.status is not VerdictStatus.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """The judgement of a contract ID that holds several axioms: the worst of them."""

    id: str
    title: str
    status: VerdictStatus
    count: int  # Axioms with this status,
    of: int  # among all axioms of the group, untestable ones included.


@dataclass(frozen=True, slots=True)
class Observation:
    """What a run saw that is no judgement."""

    text: str
    cases: tuple[str, ...] = ()
    trait: tuple[str, str] | None = None  # An undeclared trait and the value seen.

    @property
    def option(self) -> str | None:
        """Return the option that would pin what was seen."""
        return f"--trait {self.trait[0]}={self.trait[1]}" if self.trait is not None else None


@dataclass(frozen=True, slots=True)
class Grading:
    """The grade reached, and a sentence for each thing that kept the next one away."""

    reached: Grade | None
    why_not_higher: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One run of one lane, judged."""

    header: Header
    instance: Instance | None
    footer: Footer | None
    verdicts: tuple[Verdict, ...]  # By ID.
    untestable: tuple[AxiomFacts, ...]  # By ID.
    unassigned: tuple[Outcome, ...]  # Cases of no axiom: the smoke case.
    groups: tuple[GroupVerdict, ...]
    observations: tuple[Observation, ...]
    waivers: tuple[WaiverFinding, ...]
    incomplete: tuple[str, ...]  # Why the run is vacuous or incomplete, a sentence each.
    grading: Grading
    damage: tuple[str, ...] = ()  # What in the journal cannot be of this run, a sentence each.

    @property
    def lane(self) -> str:
        """Return the name of the lane."""
        return self.header.lane.name

    @property
    def unreachable(self) -> str | None:
        """Return what the lane fixture said of a service that is down."""
        return self.instance.unreachable if self.instance is not None else None

    @property
    def no_instance(self) -> Failure | None:
        """Return why there never was an instance of the backend."""
        return self.instance.failure if self.instance is not None else None

    @property
    def certifies(self) -> bool:
        """Return whether the whole plan was run to its end, so that a certificate may say so."""
        if not self.header.complete or self.unreachable is not None or self.damage or not has_ended(self.footer):
            return False
        # Without an instance there is nothing more to run: that certificate is true, and short.
        return not self.incomplete or self.no_instance is not None

    def ruled(self, *statuses: VerdictStatus, level: str | None = None) -> tuple[Verdict, ...]:
        """Return the verdicts with one of these statuses, by ID."""
        return tuple(
            verdict
            for verdict in self.verdicts
            if verdict.status in statuses and (level is None or verdict.axiom.level == level)
        )

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many axioms of each level have which status; what is nought is left out."""
        table = {
            level: {status.value: len(self.ruled(status, level=level)) for status in VerdictStatus} for level in LEVELS
        }
        return {
            level: {status: count for status, count in row.items() if count}
            for level, row in table.items()
            if any(row.values())
        }

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return the outcome of every case, those of no axiom first."""
        return self.unassigned + tuple(outcome for verdict in self.verdicts for outcome in verdict.outcomes)


def has_ended(footer: Footer | None) -> bool:
    """Return whether a run came to its own end."""
    return footer is not None and footer.ending == "finished"
