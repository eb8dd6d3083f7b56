"""What a family file says, as values. Tables of a case stay templates here; `cases` fills them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

AxiomId = NewType("AxiomId", str)
Table = Mapping[str, object]


class Level(StrEnum):
    """How strongly the contract binds, strongest first."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, as people and editors write it; line 0 is the file as a whole."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of a matrix: its points in file order, each a label and a value."""

    name: str
    points: tuple[tuple[str, object], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """One step as written: a table whose placeholders are not yet filled in."""

    table: Table
    place: Place


@dataclass(frozen=True, slots=True)
class CaseTemplate:
    """One `[[axiom.case]]`: everything but the points of its matrix filled in."""

    name: str
    place: Place
    requires: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    traits: Table = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    axes: tuple[Axis, ...] = ()
    given: Table | None = None
    steps: tuple[StepTemplate, ...] = ()
    then: Table | None = None
    probe: str | None = None
    args: Table | None = None
    fresh: bool = False
    since: str | None = None
    breaks: tuple[AxiomId, ...] = ()


@dataclass(frozen=True, slots=True)
class Axiom:
    """One separately checkable requirement of the contract."""

    id: AxiomId
    title: str
    level: Level
    statement: str
    source: str
    place: Place
    requires: tuple[str, ...] = ()
    since: str | None = None
    same_as: tuple[str, ...] = ()  # IDs of axioms, or of groups, whose verdict is its own on an AsyncBackend.
    surface: str | None = None  # "sync" or "async": the only kind of backend that it binds.
    note: str | None = None
    untestable: str | None = None
    invariant: str | None = None  # Name of the checker that judges it in every case.
    cases: tuple[CaseTemplate, ...] = ()
    family: str = ""  # The ID of its family; its own ID may start with another prefix.


@dataclass(frozen=True, slots=True)
class Family:
    """The axioms of one family: one file, or one folder."""

    id: str
    title: str
    contract: str
    source: str
    path: str
    groups: Mapping[str, str]
    axioms: tuple[Axiom, ...]
    common: bool = True  # False: binds only the lanes that name the family in their `specs`.


@dataclass(frozen=True, slots=True)
class Edition:
    """The axioms that a run and its certificate speak about, in the order of their IDs."""

    name: str
    families: tuple[Family, ...]
    lock_digest: str

    @property
    def axioms(self) -> tuple[Axiom, ...]:
        """Return every axiom, family by family, in file order."""
        return tuple(axiom for family in self.families for axiom in family.axioms)

    @property
    def groups(self) -> Mapping[str, str]:
        """Return the title of every group ID."""
        return {group: title for family in self.families for group, title in family.groups.items()}
