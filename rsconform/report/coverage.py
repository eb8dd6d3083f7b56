"""Which spec IDs have an executed case, and why the others have none: from reports, certificates or lanes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rsconform.cases.case import Case
from rsconform.lanes.lane import Lane
from rsconform.report.json_report import FORMAT
from rsconform.report.report import VerdictStatus
from rsconform.report.verdicts import skip_in_words
from rsconform.run.applicability import rule_out
from rsconform.run.plan import axiom_facts, in_scope
from rsconform.spec.axiom import Edition
from rsconform.spec.ids import group_of

EXECUTED: Final = (VerdictStatus.HOLDS, VerdictStatus.VIOLATED, VerdictStatus.WAIVED, VerdictStatus.NOT_TAKEN)


class NoReportError(Exception):
    """A document is no report."""


@dataclass(frozen=True, slots=True)
class Source:
    """What one lane says of its axioms.

    Attributes:
        lane: Its name.
        groups: The axioms that bind it, each with its group.
        missing: Why an axiom has no executed case; one that has is not in it.
    """

    lane: str
    groups: Mapping[str, str | None]
    missing: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the IDs of one family, or of all, are executed."""

    family: str
    ids: int  # As the contract has them: groups, and axioms of their own.
    ids_executed: int  # At least one of their axioms.
    axioms: int
    axioms_executed: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The axioms of all sources: executed if one of them executed it."""

    sources: Sequence[Source]

    @property
    def groups(self) -> Mapping[str, str | None]:
        """Return every axiom with its group, by ID."""
        return {axiom: group for source in self.sources for axiom, group in sorted(source.groups.items())}

    def is_executed(self, axiom: str) -> bool:
        """Return whether a case of an axiom was executed anywhere."""
        return any(axiom in source.groups and axiom not in source.missing for source in self.sources)

    def tallies(self) -> Iterator[Tally]:
        """Yield a tally for each family, by name, and one for all."""
        families = sorted({_family(axiom) for axiom in self.groups})
        for family in families:
            yield self._tally(family, [axiom for axiom in self.groups if _family(axiom) == family])
        yield self._tally("all", list(self.groups))

    def gaps(self) -> Sequence[tuple[str, list[str]]]:
        """Return the axioms without an executed case by the reason, the most frequent first."""
        groups: dict[str, list[str]] = {}
        for axiom in sorted(self.groups):
            if not self.is_executed(axiom):
                groups.setdefault(self._why(axiom), []).append(axiom)
        return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))

    def _why(self, axiom: str) -> str:
        reasons: dict[str, list[str]] = {}
        for source in self.sources:
            if axiom in source.groups:
                reasons.setdefault(source.missing[axiom], []).append(source.lane)
        if len(reasons) == 1:
            return next(iter(reasons))
        return "; ".join(f"{', '.join(lanes)}: {reason}" for reason, lanes in reasons.items())

    def _tally(self, family: str, axioms: Sequence[str]) -> Tally:
        executed = [axiom for axiom in axioms if self.is_executed(axiom)]
        ids = {self.groups[axiom] or axiom for axiom in axioms}
        return Tally(family, len(ids), len({self.groups[one] or one for one in executed}), len(axioms), len(executed))


def of_report(document: Mapping[str, Any]) -> Source:
    """Return what a report.json says.

    Raises:
        NoReportError: It is none.
    """
    try:
        if document["format"] != FORMAT:
            raise NoReportError(f"format = {document['format']!r}, and this kit reads format {FORMAT}")
        axioms = [*document["axioms"], *document["untestable"]]
        return Source(
            document["lane"]["name"],
            {axiom["id"]: axiom["group"] for axiom in axioms},
            {axiom["id"]: _why_not(axiom) for axiom in axioms if axiom.get("status") not in EXECUTED},
        )
    except (KeyError, TypeError) as exc:
        raise NoReportError(f"it is no report of rsconform's: {type(exc).__name__} {exc}") from exc


def _why_not(axiom: Mapping[str, Any]) -> str:
    if axiom.get("untestable"):
        return f"untestable: {axiom['untestable']}"
    return f"{axiom['status']}: {axiom['reason']}".replace("_", " ", 1)


def of_certificate(edition: Edition, lane: Lane, said: Mapping[str, str]) -> Source:
    """Return what a certificate says, which lists only the axioms that do not simply hold.

    Args:
        said: Why an axiom that it lists has no executed case.
    """
    axioms = in_scope(edition, lane)
    untestable = {str(axiom.id): f"untestable: {axiom.untestable}" for axiom in axioms if axiom.untestable}
    return Source(lane.name, _groups(edition, lane), {**said, **untestable})


def of_lane(edition: Edition, cases: Iterable[Case], lane: Lane, contract: str) -> Source:
    """Return what a lane could run by its facts alone: what its backend declares only a run can say."""
    missing: dict[str, str] = {}
    ruled_out: dict[str, list[str]] = {}
    possible: set[str] = set()
    for case in cases:
        skip = rule_out(case, lane, contract)
        if skip is None:
            possible.add(case.axiom.id)
        else:
            ruled_out.setdefault(case.axiom.id, []).append(skip_in_words(skip))
    for axiom in in_scope(edition, lane):
        facts = axiom_facts(axiom, None, lane)
        if axiom.untestable:
            missing[axiom.id] = f"untestable: {axiom.untestable}"
        elif axiom.invariant is not None:
            if facts.skip is not None:
                missing[axiom.id] = skip_in_words(facts.skip)
        elif axiom.id not in possible and not axiom.same_as:
            missing[axiom.id] = ", ".join(dict.fromkeys(ruled_out.get(axiom.id, ("it has no case",))))
    return Source(lane.name, _groups(edition, lane), missing)


def _groups(edition: Edition, lane: Lane) -> Mapping[str, str | None]:
    groups = edition.groups
    return {str(axiom.id): group_of(axiom.id, groups) for axiom in in_scope(edition, lane)}


def _family(axiom: str) -> str:
    return axiom.rpartition("-")[0] or axiom
