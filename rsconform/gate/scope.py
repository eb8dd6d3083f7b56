"""What a certificate can say at all: the axioms that bind its lane, and those that cannot hold by its own facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsconform.cases.case import Case
from rsconform.cases.compiler import compile_edition
from rsconform.gate.read import Certificate
from rsconform.lanes.lane import Lane
from rsconform.report.verdicts import skip_in_words
from rsconform.run.applicability import rule_out
from rsconform.run.plan import axiom_facts, in_scope
from rsconform.spec.axiom import Axiom, Edition, Place


@dataclass(frozen=True, slots=True)
class Scope:
    """The axioms that a certificate of a lane has to speak about.

    Attributes:
        levels: The level of every axiom that a run can show, by ID.
        untestable: The IDs of those that no run can show.
        cannot_hold: Why no case of an axiom can have been executed, by ID, by the facts the certificate states.
    """

    levels: Mapping[str, str]
    untestable: frozenset[str]
    cannot_hold: Mapping[str, str]


def scope_of(certificate: Certificate, edition: Edition) -> Scope | None:
    """Return the scope of a certificate; None if its lane names families of axioms that are not known here."""
    if not {family.id for family in edition.families}.issuperset(certificate.specs):
        return None
    lane = lane_of(certificate)
    axioms = in_scope(edition, lane)
    testable = [axiom for axiom in axioms if axiom.untestable is None]
    return Scope(
        levels={str(axiom.id): axiom.level.value for axiom in testable},
        untestable=frozenset(str(axiom.id) for axiom in axioms if axiom.untestable is not None),
        cannot_hold=dict(_impossible(certificate, lane, testable, compile_edition(edition, lane.declared))),
    )


def lane_of(certificate: Certificate) -> Lane:
    """Return the lane that the facts of a certificate describe."""
    evidence: Any = certificate.evidence
    return Lane(
        name=certificate.lane,
        file=Path(),
        place=Place(str(certificate.path), 1),
        stage=certificate.stage,
        evidence=evidence,
        affordances=tuple(sorted(certificate.affordances)),
        specs=tuple(sorted(certificate.specs)),
        traits=certificate.traits,
        service=certificate.service,
    )


def _impossible(
    certificate: Certificate, lane: Lane, axioms: Iterable[Axiom], cases: Iterable[Case]
) -> Iterator[tuple[str, str]]:
    by_axiom: dict[str, list[Case]] = {}
    for case in cases:
        by_axiom.setdefault(case.axiom.id, []).append(case)
    for axiom in axioms:
        if certificate.surface and axiom.surface not in (None, certificate.surface):
            yield str(axiom.id), f"it binds {axiom.surface} backends"
            continue
        if axiom.same_as:  # On an AsyncBackend it has the verdict of others.
            if certificate.surface == "sync":
                yield str(axiom.id), "it binds async backends"
            continue
        reasons = [_why_not(case, certificate, lane) for case in by_axiom.get(axiom.id, ())]
        if axiom.invariant is not None:
            reasons.append(_why_unjudged(axiom, certificate, lane))
        if reasons and all(reasons):
            yield str(axiom.id), reasons[0] or ""


def _why_not(case: Case, certificate: Certificate, lane: Lane) -> str | None:
    """Return why a case was not executed by the facts that a certificate states; None if it can have been."""
    skip = rule_out(case, lane, certificate.contract)
    if skip is not None:
        return skip_in_words(skip)
    lacking = sorted(case.capabilities - certificate.capabilities)
    if lacking:
        return f"{lacking[0]} is not declared"
    declared = sorted(case.lacks & certificate.capabilities)
    if declared:
        return f"{declared[0]} is declared"
    if certificate.surface and case.surface not in (None, certificate.surface):
        return f"it binds {case.surface} backends"
    return None


def _why_unjudged(axiom: Axiom, certificate: Certificate, lane: Lane) -> str | None:
    """Return why an invariant was judged nowhere by the facts that a certificate states."""
    facts = axiom_facts(axiom, None, lane)
    if facts.skip is not None:
        return skip_in_words(facts.skip)
    lacking = sorted(set(axiom.requires) - certificate.capabilities)
    return f"{lacking[0]} is not declared" if lacking else None
