"""What a run records: the lines of its journal, as values. Everything here can be written as JSON and read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from rsconform.cases.case import Skip as Skip
from rsconform.cases.case import SkipReason as SkipReason

JOURNAL_FORMAT = 3
REFUSED = "refused: "  # How the note begins of a case that a permitted refusal ended.
MEASURED = "measured: "  # And one that holds a figure, a different one in each run: for readers.

Json = Mapping[str, Any]


class Profile(StrEnum):
    """How deep a run looks where more looking finds more: sequences, races, leaks."""

    QUICK = "quick"
    STANDARD = "standard"
    DEEP = "deep"

    @property
    def load_factor(self) -> int:
        """Return how many times the limit of one operation a probe that looks deeper may take."""
        return {Profile.QUICK: 1, Profile.STANDARD: 4, Profile.DEEP: 30}[self]


class Result(StrEnum):
    """What one attempt at one case did."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Failure:
    """What was expected and what was seen, ready to be shown to a person."""

    expected: str
    observed: str
    step: int | None = None  # Zero-based; None is the end state.
    steps: tuple[str, ...] = ()  # Every step of the case, one line each.
    phase: str | None = None  # call, enter, body, first, drain or exit.
    hang: bool = False  # The subject did not return within the limit.
    died: bool = False  # The process ended in the middle of the case.
    # Other ways to see it than to run the case again, what each is and its text: a case of TOML, a script, a command.
    ways: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Breach:
    """An always-on invariant that did not hold during a case: the case is its witness."""

    axiom: str
    expected: str
    observed: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one case in a fresh store."""

    case: str
    axiom: str
    number: int
    result: Result
    skip: Skip | None = None
    failure: Failure | None = None
    error: str | None = None  # For errored: what broke that was not the subject.
    given: tuple[str, ...] = ()  # What the store held before the first step, a line each; of failures and breaches.
    breaches: tuple[Breach, ...] = ()
    judged: tuple[str, ...] = ()  # IDs of the invariants that were really looked at.
    notes: tuple[str, ...] = ()  # Observations, "refused", under_declared.
    duration_s: float = 0.0
    worker: str = "main"
    # It ran into its limit, and a try with a longer one decides: what is slow is not accused.
    slow: bool = False

    @property
    def hung(self) -> bool:
        """Return whether the subject did not return within the limit."""
        return self.failure is not None and self.failure.hang


@dataclass(frozen=True, slots=True)
class PlannedCase:
    """A line of the plan: a case of the edition, and whether the lane's facts alone rule it out."""

    case: str
    axiom: str
    place: str
    skip: Skip | None = None
    # Traits the lane does not declare, and the values this case presumes, the widest first: its failure only refutes
    # the reading of the last.
    readings: tuple[tuple[str, str], ...] = ()
    # Capabilities that a case the lane cannot afford would need, and those it needs the backend to lack: only the
    # instance says whether it would have applied at all.
    requires: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    surface: str | None = None  # The same of the kind of backend it would need.
    stresses: tuple[str, ...] = ()  # Of sequence, race, wire, memory, time: what it exercises beyond single operations.


@dataclass(frozen=True, slots=True)
class AxiomFacts:
    """What a report says about an axiom."""

    id: str
    title: str
    level: Literal["MUST", "SHOULD", "MAY"]
    statement: str
    source: str
    place: str
    group: str | None = None
    note: str | None = None
    untestable: str | None = None
    invariant: str | None = None
    skip: Skip | None = None  # For want of what the lane's facts keep an invariant from being judged.
    requires: tuple[str, ...] = ()  # Capabilities without which an invariant meets nothing to judge.
    same_as: tuple[str, ...] = ()  # IDs whose verdict is its own on an AsyncBackend.


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """The facts of a lane that a certificate repeats."""

    name: str
    evidence: str
    stage: int
    affordances: tuple[str, ...]
    traits: Mapping[str, Any]
    specs: tuple[str, ...]
    audit: Literal["lane", "self"]
    digest: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a journal: everything that can be known before the first case."""

    kit: str
    edition: str
    lock: str
    contract: str  # Version of the installed remote-store.
    lane: LaneFacts
    date: str  # UTC, ISO.
    seed: int
    profile: Profile
    complete: bool  # False when options or pytest selected a part of the plan.
    level: str
    rerun_command: str  # The command that runs this lane again, to which --case is added.
    plan: tuple[PlannedCase, ...]
    plan_digest: str
    axioms: tuple[AxiomFacts, ...]
    groups: Mapping[str, str]
    format: int = JOURNAL_FORMAT


@dataclass(frozen=True, slots=True)
class Instance:
    """What the first instance of a lane said of itself, or why there is none."""

    capabilities: tuple[str, ...] = ()
    name: str = ""
    type: str = ""  # Dotted name of the class.
    distribution: str | None = None
    version: str | None = None
    failure: Failure | None = None  # The constructor raised, hung, died or gave no backend: BE-001a.
    unreachable: str | None = None  # The lane fixture says that its service is down, or could not start.
    surface: Literal["sync", "async"] = "sync"
    failed_affordances: tuple[str, ...] = ()  # Declared affordances that did not come up.


@dataclass(frozen=True, slots=True)
class Footer:
    """The last line of a journal: how the run ended. A journal without one is incomplete."""

    ending: Literal["finished", "interrupted", "stopped", "died", "dirty_store", "limit", "renewed"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    """A run as its journal tells it."""

    header: Header
    instance: Instance | None
    attempts: Sequence[Attempt]
    footer: Footer | None
    begun: tuple[str, ...] = field(default=())  # Cases begun that have no end.
    left: tuple[str, ...] = ()  # Processes that the run started and that go on after its end.
    damage: tuple[str, ...] = ()  # What stands in it and cannot be of this run, a sentence each.


def as_json(record: object) -> dict[str, Any]:
    """Return a record as JSON data."""
    return asdict(record)  # type: ignore[call-overload, no-any-return]


def _failure_from(raw: Json | None) -> Failure | None:
    if raw is None:
        return None
    ways = tuple((what, text) for what, text in raw["ways"])
    return Failure(**{**raw, "steps": tuple(raw["steps"]), "ways": ways})


def _skip_from(raw: Json | None) -> Skip | None:
    return None if raw is None else Skip(SkipReason(raw["reason"]), raw["detail"])


def attempt_from(raw: Json) -> Attempt:
    """Read an attempt back from JSON data."""
    return Attempt(
        **{
            **raw,
            "result": Result(raw["result"]),
            "skip": _skip_from(raw["skip"]),
            "failure": _failure_from(raw["failure"]),
            "given": tuple(raw["given"]),
            "breaches": tuple(Breach(**breach) for breach in raw["breaches"]),
            "judged": tuple(raw["judged"]),
            "notes": tuple(raw["notes"]),
        }
    )


def instance_from(raw: Json) -> Instance:
    """Read an instance record back from JSON data."""
    return Instance(
        **{
            **raw,
            "capabilities": tuple(raw["capabilities"]),
            "failed_affordances": tuple(raw["failed_affordances"]),
            "failure": _failure_from(raw["failure"]),
        }
    )


def _axiom_from(raw: Json) -> AxiomFacts:
    lists = {name: tuple(raw[name]) for name in ("requires", "same_as")}
    return AxiomFacts(**{**raw, **lists, "skip": _skip_from(raw["skip"])})


def header_from(raw: Json) -> Header:
    """Read a header back from JSON data."""
    lane = raw["lane"]
    return Header(
        **{
            **raw,
            "profile": Profile(raw["profile"]),
            "lane": LaneFacts(**{**lane, "affordances": tuple(lane["affordances"]), "specs": tuple(lane["specs"])}),
            "plan": tuple(
                PlannedCase(
                    **{
                        **planned,
                        "skip": _skip_from(planned["skip"]),
                        "readings": tuple((trait, value) for trait, value in planned["readings"]),
                        "requires": tuple(planned["requires"]),
                        "lacks": tuple(planned["lacks"]),
                        "stresses": tuple(planned["stresses"]),
                    }
                )
                for planned in raw["plan"]
            ),
            "axioms": tuple(_axiom_from(axiom) for axiom in raw["axioms"]),
        }
    )
