"""What a run will do, from the edition and the lane's facts alone: nothing is started for it."""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

from packaging.requirements import Requirement
from packaging.version import Version

from rsconform import __version__
from rsconform.cases.case import Case, SkipReason
from rsconform.cases.compiler import compile_edition
from rsconform.lanes.lane import Lane
from rsconform.lanes.registry import LaneError
from rsconform.run.applicability import readings, rule_out, rule_out_invariant
from rsconform.run.records import AxiomFacts, Header, LaneFacts, PlannedCase, Profile
from rsconform.spec.axiom import Axiom, Edition
from rsconform.spec.family import RELEASE
from rsconform.spec.ids import group_of
from rsconform.spec.probes import facts_of
from rsconform.spec.problems import nearest

SMOKE = "smoke/one-file"
SMOKE_FACTS = AxiomFacts(
    id="smoke",
    title="One file is written, listed, read and deleted",
    level="MUST",
    statement="What is found here counts under the axioms of those operations.",
    source="derived",
    place="",
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for of the whole edition.

    Args:
        specs: Patterns of axiom, group or family IDs, such as `BE-*` or `SEEK-006`; empty for all.
        cases: Whole case IDs; empty for all.
    """

    specs: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    level: str = "must"

    @property
    def is_whole(self) -> bool:
        """Return whether everything was asked for."""
        return not self.specs and not self.cases

    def takes_axiom(self, axiom: Axiom, group: str | None) -> bool:
        """Return whether an axiom is asked for, by its own ID, its group's or its family's."""
        if not self.specs:
            return True
        names = (axiom.id, axiom.family, axiom.id.rpartition("-")[0], *((group,) if group else ()))
        return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in self.specs)

    def needs(self, axiom: Axiom, group: str | None) -> bool:
        """Return whether a case of an axiom may be asked for."""
        return self.takes_axiom(axiom, group) and (
            not self.cases or any(case.partition("/")[0] == axiom.id for case in self.cases)
        )

    def takes(self, case: Case, group: str | None) -> bool:
        """Return whether a case is asked for."""
        return (not self.cases or case.id in self.cases) and self.takes_axiom(case.axiom, group)


class UnknownCaseError(LaneError):
    """A lane has no case of that ID."""

    def __init__(self, case: str, lane: Lane, known: Iterable[str]) -> None:
        self.case = case
        ids = tuple(known)
        axiom = case.partition("/")[0] + "/"
        self.meant = nearest(case, [one for one in ids if one.startswith(axiom)] or ids)
        meant = f" Did you mean {self.meant!r}?" if self.meant else ""
        super().__init__(f"lane {lane.name!r} has no case {case!r}.{meant} See: rsconform list cases")


class UnknownAxiomError(LaneError):
    """There is no axiom that a pattern would ask for."""

    def __init__(self, pattern: str, known: Iterable[str]) -> None:
        self.pattern = pattern
        self.meant = nearest(pattern, tuple(known))
        meant = f" Did you mean {self.meant!r}?" if self.meant else ""
        super().__init__(f"no axiom, group or family is {pattern!r}.{meant} See: rsconform list specs")


def parse_specs(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the patterns that options name, each of which may name several."""
    return tuple(part for text in texts for part in text.split(",") if part)


def require_axioms(selection: Selection, edition: Edition) -> None:
    """Look whether each pattern asks for something: what a slip of the pen leaves out would not be missed.

    Raises:
        UnknownAxiomError: One does not.
    """
    for pattern in selection.specs:
        one = replace(selection, specs=(pattern,))
        if not any(one.takes_axiom(axiom, group_of(axiom.id, edition.groups)) for axiom in edition.axioms):
            families = [family.id for family in edition.families]
            raise UnknownAxiomError(pattern, [*(axiom.id for axiom in edition.axioms), *edition.groups, *families])


def require_cases(selection: Selection, cases: Sequence[Case], lane: Lane) -> None:
    """Look whether every case that was asked for by its ID is there.

    Raises:
        UnknownCaseError: One is not.
    """
    known = {str(case.id) for case in cases}
    for case in selection.cases:
        if case != SMOKE and case not in known:
            raise UnknownCaseError(case, lane, known)


def selected_cases(selection: Selection, edition: Edition, lane: Lane) -> tuple[Case, ...]:
    """Return the cases of a lane that are asked for; those of other axioms are not compiled.

    Raises:
        SpecError: An axiom that is asked for cannot be compiled.
        LaneError: The lane has no such family or case, or no axiom has such an ID.
    """
    require_axioms(selection, edition)
    groups, axioms = edition.groups, in_scope(edition, lane)
    needed = [axiom for axiom in axioms if selection.needs(axiom, group_of(axiom.id, groups))]
    cases = compile_edition(edition, lane.declared, needed)
    if not {*selection.cases} <= {SMOKE, *(case.id for case in cases)}:
        require_cases(selection, compile_edition(edition, lane.declared, axioms), lane)
    return tuple(case for case in cases if selection.takes(case, group_of(case.axiom.id, groups)))


def contract_of(asked: str | None) -> str:
    """Return the release whose contract binds: the one that was asked for, else the installed one.

    Raises:
        UnknownReleaseError: What was asked for is no release.
    """
    if asked is not None and RELEASE.fullmatch(asked) is None:
        raise UnknownReleaseError(f"--contract {asked!r} is no release of remote-store. Write it like 0.33.")
    return asked or version("remote-store")


def require_contract(contract: str, edition: Edition) -> None:
    """Look whether a release is one whose contract can be known: the installed one, those of the axioms, or older.

    Raises:
        UnknownReleaseError: It is newer than all of them.
    """
    named = [one.version for family in edition.families for one in Requirement(family.contract).specifier]
    newest = max(map(Version, (version("remote-store"), *named)))
    if Version(contract) > newest:
        raise UnknownReleaseError(f"--contract {contract} is newer than {newest}, the newest contract known here.")


class UnknownReleaseError(LaneError):
    """What was asked for as a contract cannot be judged by."""


def plan(cases: Iterable[Case], lane: Lane, contract: str) -> tuple[PlannedCase, ...]:
    """Return the plan: the smoke case and every case that was asked for, those that are ruled out with the reason."""
    planned = [PlannedCase(SMOKE, "smoke", str(lane.place))]
    for case in cases:
        skip = rule_out(case, lane, contract)
        unaffordable = skip is not None and skip.reason is SkipReason.AFFORDANCE
        planned.append(
            PlannedCase(
                case.id,
                case.axiom.id,
                str(case.place),
                skip,
                () if skip else readings(case, lane),
                tuple(sorted(case.capabilities)) if unaffordable else (),
                tuple(sorted(case.lacks)) if unaffordable else (),
                case.surface if unaffordable else None,
                _stresses(case),
            )
        )
    return tuple(planned)


class UnknownFamilyError(LaneError):
    """A lane names a family of axioms that there is not."""

    def __init__(self, family: str, lane: Lane, known: Sequence[str]) -> None:
        self.family = family
        self.meant = nearest(family, known)
        meant = f" Did you mean {self.meant!r}?" if self.meant else ""
        text = f"{lane.place}: lane {lane.name!r} names the unknown family {family!r} in `specs`.{meant}"
        super().__init__(f"{text} Known: {', '.join(sorted(known))}.")


def in_scope(edition: Edition, lane: Lane) -> tuple[Axiom, ...]:
    """Return the axioms that bind a lane: the common families and those that the lane names.

    Raises:
        UnknownFamilyError: The lane names a family that there is not.
    """
    known = [family.id for family in edition.families]
    for name in lane.specs:
        if name not in known:
            raise UnknownFamilyError(name, lane, known)
    return tuple(
        axiom for family in edition.families if family.common or family.id in lane.specs for axiom in family.axioms
    )


def make_header(
    edition: Edition,
    axioms: Sequence[Axiom],
    lane: Lane,
    planned: tuple[PlannedCase, ...],
    selection: Selection,
    *,
    date: str,
    contract: str,
    seed: int,
    profile: Profile = Profile.QUICK,
    rerun_command: str,
    complete: bool,
) -> Header:
    """Return the first line of a journal."""
    groups = edition.groups
    facts = tuple(axiom_facts(axiom, group_of(axiom.id, groups), lane) for axiom in axioms)
    filled = {fact.group for fact in facts}
    return Header(
        kit=__version__,
        edition=edition.name,
        lock=edition.lock_digest,
        contract=contract,
        lane=lane_facts(lane),
        date=date,
        seed=seed,
        profile=profile,
        complete=complete and selection.is_whole,
        level=selection.level,
        rerun_command=rerun_command,
        plan=planned,
        plan_digest=hashlib.sha256("\n".join(case.case for case in planned).encode()).hexdigest()[:16],
        axioms=facts,
        groups={group: title for group, title in groups.items() if group in filled},
    )


def lane_facts(lane: Lane) -> LaneFacts:
    """Return the facts of a lane that a certificate repeats."""
    return LaneFacts(
        name=lane.name,
        evidence=lane.evidence,
        stage=lane.stage,
        affordances=tuple(sorted(lane.affordances)),
        traits=dict(sorted(lane.declared.items())),
        specs=tuple(sorted(lane.specs)),
        audit="lane" if "audit" in lane.affordances else "self",
        digest=lane.digest,
        service=lane.service,
    )


def axiom_facts(axiom: Axiom, group: str | None, lane: Lane) -> AxiomFacts:
    """Return what a report says about an axiom in a lane."""
    return AxiomFacts(
        id=axiom.id,
        title=axiom.title,
        level=axiom.level.value,
        statement=axiom.statement,
        source=axiom.source,
        place=str(axiom.place),
        group=group,
        note=axiom.note,
        untestable=axiom.untestable,
        invariant=axiom.invariant,
        skip=rule_out_invariant(axiom.invariant, lane),
        requires=axiom.requires,
        same_as=axiom.same_as,
    )


def _stresses(case: Case) -> tuple[str, ...]:
    """Return what a case exercises beyond single operations."""
    kinds = {facts_of(case.probe).stresses} if case.probe is not None else set()
    if any(step.faults for step in case.steps):
        kinds.add("wire")
    return tuple(sorted(kind for kind in kinds if kind is not None))
