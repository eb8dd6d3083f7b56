"""From a journal to a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from rsconform.report.case_outcomes import account, incompleteness, notes, watches
from rsconform.report.grades import grade
from rsconform.report.report import GroupVerdict, Outcome, Report, Verdict, Waiver, Watch
from rsconform.report.trait_inference import settle
from rsconform.report.verdicts import derived, judge, roll_up
from rsconform.report.waivers import review
from rsconform.run.records import AxiomFacts, Header, Journal


def build(journal: Journal, waivers: Iterable[Waiver], today: date) -> Report:
    """Return what a run says: every verdict, what they add up to, and what is missing.

    Args:
        waivers: Of any lane; only those of the journal's lane are looked at.
        today: In UTC.
    """
    header = journal.header
    ours = tuple(waiver for waiver in waivers if waiver.lane == header.lane.name)
    outcomes, observations = settle(account(journal))
    known = {axiom.id for axiom in header.axioms}
    judged = tuple(outcome for outcome in outcomes if outcome.axiom in known)
    direct = _verdicts(header, judged, watches(journal, judged), ours, today)
    verdicts = tuple(derived(verdict, direct, journal.instance) for verdict in direct)
    incomplete = incompleteness(journal, outcomes, known)
    whole = header.complete and not incomplete and not journal.damage
    return Report(
        header=header,
        instance=journal.instance,
        footer=journal.footer,
        verdicts=verdicts,
        untestable=tuple(sorted((axiom for axiom in header.axioms if _is_untestable(axiom)), key=lambda a: a.id)),
        unassigned=tuple(outcome for outcome in outcomes if outcome.axiom not in known),
        groups=_groups(header, verdicts),
        observations=observations + notes(journal),
        waivers=review(ours, verdicts, today=today, known=known, whole=whole),
        incomplete=incomplete,
        grading=grade(verdicts, edition=header.edition, whole=whole, profile=header.profile),
        damage=journal.damage,
    )


def _is_untestable(axiom: AxiomFacts) -> bool:
    return axiom.untestable is not None


def _verdicts(
    header: Header,
    outcomes: Sequence[Outcome],
    watched: Mapping[str, Watch],
    waivers: Sequence[Waiver],
    today: date,
) -> tuple[Verdict, ...]:
    cases: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        cases.setdefault(outcome.axiom, []).append(outcome)
    return tuple(
        judge(axiom, cases.get(axiom.id, ()), waivers, today=today, watch=watched.get(axiom.id))
        for axiom in sorted(header.axioms, key=lambda axiom: axiom.id)
        if _is_in(header, axiom, cases.get(axiom.id, ()), watched.get(axiom.id))
    )


def _is_in(header: Header, axiom: AxiomFacts, cases: Sequence[Outcome], watch: Watch | None) -> bool:
    """Return whether a report has a verdict on an axiom."""
    if cases or (watch is not None and (watch.judged or watch.witnesses)):
        return True
    # What was not asked for is absent from a partial report; a whole one leaves nothing out.
    return header.complete and not _is_untestable(axiom)


def _groups(header: Header, verdicts: Sequence[Verdict]) -> tuple[GroupVerdict, ...]:
    members_of: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.axiom.group is not None:
            members_of.setdefault(verdict.axiom.group, []).append(verdict)
    return tuple(
        roll_up(
            group,
            header.groups.get(group, ""),
            members,
            of=sum(axiom.group == group for axiom in header.axioms),
        )
        for group, members in sorted(members_of.items())
    )
