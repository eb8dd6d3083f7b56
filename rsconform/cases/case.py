"""A case: one runnable check of an axiom at one point of its matrix, with nothing left to look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType

from rsconform.cases.content import Content, Source
from rsconform.cases.deferred import MISSING, Bound, Limit, Missing
from rsconform.cases.faults import Fault
from rsconform.cases.matchers import Matcher
from rsconform.spec.axiom import Axiom, AxiomId, Place

CaseId = NewType("CaseId", str)

THROUGH_THE_WIRE: Final = frozenset({"wire", "deny"})  # Affordances that a wire gives.


class SkipReason(StrEnum):
    """Why a case was skipped; decides between not_exercised and not_applicable."""

    AFFORDANCE = "affordance"  # The lane fixture cannot: weakens a certificate.
    CAPABILITY = "capability"  # The backend does not declare it.
    TRAIT = "trait"  # A declared fact of the lane excludes it.
    READING = "reading"  # The trait is not declared, and this reading of it does not hold.
    RELEASE = "release"  # The installed remote_store does not have it yet.
    SURFACE = "surface"  # The case cannot be put to this kind of backend.
    HOLDING = "holding"  # The store cannot hold what the case begins with: weakens a certificate.
    FAULT = "fault"  # The backend sent no request that would have met the fault: weakens a certificate.


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a case was not run."""

    reason: SkipReason
    detail: str  # The missing name: "audit", "GLOB", "flat_namespace = false".


@dataclass(frozen=True, slots=True)
class Given:
    """What the store holds before the first step."""

    files: Mapping[str, GivenFile] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file to be seeded."""

    content: Content | Source
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One operation and what is expected of it. An expectation that is MISSING is not judged."""

    op: str
    place: Place
    table: Mapping[str, object]  # As written, placeholders filled.
    on: str | None = None  # A bound name, "peer", or None for the subject.
    arguments: Mapping[str, object] = field(default_factory=dict)
    positional: tuple[object, ...] = ()
    bind: str | None = None
    drain: bool | int = True
    returns: Matcher | Missing = MISSING
    reads: object = MISSING  # Content, Source, Bound, a tuple of them any of which will do, or MISSING.
    paths: object = MISSING  # A list of paths, Bound or MISSING.
    raises: tuple[str, ...] = ()
    or_raises: tuple[str, ...] = ()
    error: Mapping[str, Matcher] = field(default_factory=dict)
    at: str | None = None
    requests: Mapping[str, Limit] = field(default_factory=dict)
    within_s: float | None = None
    faults: tuple[Fault, ...] = ()  # Armed on the wire for this step.


@dataclass(frozen=True, slots=True)
class End:
    """The end state that a case demands of the store."""

    tree: Mapping[str, Content | Source | Bound] | None = None
    unchanged: bool = False
    folders: tuple[str, ...] | None = None
    residue: bool | None = None  # False: nothing may be left outside the tree.
    any_of: tuple[End, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One runnable check of an axiom."""

    id: CaseId
    axiom: Axiom
    place: Place
    capabilities: frozenset[str]
    lacks: frozenset[str]
    traits: Mapping[str, object]
    needs: tuple[str, ...]
    given: Given
    steps: tuple[Step, ...]
    then: End | None
    probe: str | None
    args: Mapping[str, object]
    fresh: bool
    breaks: tuple[AxiomId, ...]
    surface: str | None = None  # "sync" or "async": the only kind of backend that it can be put to.
    since: str | None = None  # The release of remote-store whose contract was the first to have it.

    @property
    def over_wire(self) -> bool:
        """Return whether the backend has to talk to its server through a wire."""
        return bool(THROUGH_THE_WIRE.intersection(self.needs))
