"""From journals to reports: accounting, invariants, groups, and what a partial run leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from rsconform.report.report import VerdictStatus
from rsconform.run.records import Failure, Footer, Instance, Result, Skip, SkipReason
from tests.report.journals import (
    INSTANCE,
    axiom,
    breach,
    errored,
    failed,
    passed,
    planned,
    report,
    rich,
    skip,
    skipped,
    verdict,
    waiver,
)

WATCHED = axiom("BE-021a", invariant="only-our-errors")
NO_INSTANCE = Instance(failure=Failure("a backend", "ValueError: no bucket"))


def test_a_case_that_failed_once_has_failed_whatever_came_after() -> None:
    judged = verdict(report(failed("BE-006/a"), passed("BE-006/a", number=2)))

    assert (judged.status, judged.flaky) == (VerdictStatus.VIOLATED, True)


def test_a_case_that_the_plan_rules_out_is_skipped_without_an_attempt() -> None:
    judged = verdict(report(plan=[planned("BE-006/a", skip=skip("x", SkipReason.TRAIT))]))

    assert judged.status is VerdictStatus.NOT_APPLICABLE


def test_a_case_that_the_instance_rules_out_is_skipped() -> None:
    judged = verdict(report(skipped("BE-006/a", skip("GLOB", SkipReason.CAPABILITY))))

    assert (judged.status, judged.reason) == (VerdictStatus.NOT_APPLICABLE, "GLOB is not declared")


def test_a_case_that_ran_unplanned_is_judged_all_the_same() -> None:
    assert verdict(report(failed("BE-006/b"), plan=[], axioms=[axiom()])).status is VerdictStatus.VIOLATED


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"footer": None}, "the journal has no end"),
        ({"footer": Footer("interrupted")}, "the run was interrupted"),
        ({"footer": Footer("limit")}, "too many cases ran into their limit"),
        ({}, "planned, but it has no outcome"),
        ({"footer": None, "begun": ("BE-006/a",)}, "it was begun and has no end"),
        ({"instance": Instance(unreachable="refused")}, "no case was run: refused"),
        ({"instance": NO_INSTANCE}, "no instance"),
    ],
)
def test_a_planned_case_without_an_attempt_is_inconclusive_and_says_why(facts: dict[str, Any], why: str) -> None:
    judged = verdict(report(plan=[planned("BE-006/a")], **facts))

    assert judged.status is VerdictStatus.INCONCLUSIVE
    assert [one.missing for one in judged.outcomes] == [why]


def test_a_constructor_without_an_instance_violates_one_axiom_and_leaves_the_rest_open() -> None:
    made = report(plan=[planned("BE-001a/made"), planned("BE-006/a")], instance=NO_INSTANCE)

    assert verdict(made, "BE-001a").status is VerdictStatus.VIOLATED
    assert verdict(made, "BE-001a").witnesses[0].breach.observed == "ValueError: no bucket"
    assert verdict(made, "BE-006").status is VerdictStatus.INCONCLUSIVE
    assert made.certifies


def test_a_breach_is_counted_under_its_own_axiom_and_spares_the_case() -> None:
    found = (breach("BE-021a"),)
    made = report(
        passed("BE-006/a", breaches=found, judged=("BE-021a",)),
        passed("BE-006/b", breaches=found),
        plan=[planned("BE-006/a"), planned("BE-006/b")],
        axioms=[axiom(), WATCHED],
    )

    assert verdict(made, "BE-006").status is VerdictStatus.HOLDS
    assert [w.case for w in verdict(made, "BE-021a").witnesses] == ["BE-006/a", "BE-006/b"]


def test_a_case_tried_again_is_one_witness() -> None:
    found = (breach("BE-021a"),)
    tries = (failed("BE-006/a", breaches=found), failed("BE-006/a", number=2, breaches=found))

    assert len(verdict(report(*tries, axioms=[axiom(), WATCHED]), "BE-021a").witnesses) == 1


def test_a_breach_under_an_axiom_with_cases_fails_that_axiom() -> None:
    made = report(passed("BE-006/a"), passed("BE-007/a", breaches=(breach("BE-006"),)))

    assert verdict(made).status is VerdictStatus.VIOLATED


def test_a_breach_of_an_axiom_the_run_does_not_know_is_an_observation() -> None:
    made = report(passed("BE-006/a", breaches=(breach("KIT-001"),)), complete=False)

    assert [seen.text for seen in made.observations] == ["KIT-001 was breached, which this run does not judge"]


class TestUnjudgedInvariant:
    def judged(self, *attempts: object, facts: dict[str, Any] | None = None, **more: Any) -> tuple[VerdictStatus, str]:
        watched = axiom("BE-021a", invariant="only-our-errors", **(facts or {}))
        found = verdict(
            report(*(attempts or (passed("BE-006/a"),)), axioms=[axiom(), watched], plan=[planned("BE-006/a")], **more),  # type: ignore[arg-type]
            "BE-021a",
        )
        return found.status, found.reason

    def test_what_no_case_met_is_not_exercised(self) -> None:
        assert self.judged() == (VerdictStatus.NOT_EXERCISED, "needs a case that would show it")

    def test_what_the_lane_cannot_show_is_not_exercised(self) -> None:
        assert self.judged(facts={"skip": Skip(SkipReason.AFFORDANCE, "audit")}) == (
            VerdictStatus.NOT_EXERCISED,
            "needs audit",
        )

    def test_what_a_trait_excludes_does_not_apply(self) -> None:
        skip = Skip(SkipReason.TRAIT, "flat_namespace = false")

        assert self.judged(facts={"skip": skip}) == (VerdictStatus.NOT_APPLICABLE, "only where flat_namespace = false")

    def test_what_needs_an_undeclared_capability_does_not_apply(self) -> None:
        assert self.judged(facts={"requires": ("READ", "GLOB")}) == (
            VerdictStatus.NOT_APPLICABLE,
            "GLOB is not declared",
        )

    def test_a_case_without_an_outcome_might_have_shown_it(self) -> None:
        assert self.judged(errored("BE-006/a"))[0] is VerdictStatus.INCONCLUSIVE
        assert self.judged(passed("BE-006/b"), footer=None)[0] is VerdictStatus.INCONCLUSIVE


def test_a_whole_report_leaves_nothing_out_and_a_partial_one_what_was_not_asked_for() -> None:
    axioms = [axiom(), axiom("BE-007"), WATCHED, axiom("BE-008", untestable="no way")]
    whole = report(passed("BE-006/a"), axioms=axioms)
    part = report(passed("BE-006/a"), axioms=axioms, complete=False)

    assert [one.axiom.id for one in whole.verdicts] == ["BE-006", "BE-007", "BE-021a"]
    assert verdict(whole, "BE-007").status is VerdictStatus.NOT_EXERCISED
    assert [one.axiom.id for one in part.verdicts] == ["BE-006"]


def test_an_untestable_axiom_is_listed_and_not_counted() -> None:
    made = report(passed("BE-006/a"), axioms=[axiom(), axiom("BE-008", untestable="no way")])

    assert [one.id for one in made.untestable] == ["BE-008"]
    assert made.counts() == {"MUST": {"holds": 1}}


def test_a_bundle_counts_its_untestable_sentences() -> None:
    axioms = [axiom("BE-008a", group="BE-008"), axiom("BE-008b", group="BE-008", untestable="no way")]
    made = report(passed("BE-008a/a"), axioms=axioms, groups={"BE-008": "write()"})

    assert [(b.id, b.title, b.status, b.count, b.of) for b in made.groups] == [
        ("BE-008", "write()", VerdictStatus.HOLDS, 1, 2)
    ]


def test_the_smoke_case_belongs_to_no_axiom() -> None:
    made = report(failed("smoke/one-file"), passed("BE-006/a"), axioms=[axiom()])

    assert [(one.case, one.result) for one in made.unassigned] == [("smoke/one-file", Result.FAILED)]
    assert [one.axiom.id for one in made.verdicts] == ["BE-006"]


def test_notes_are_told_once_with_their_cases() -> None:
    made = report(passed("BE-006/a", notes=("refused",)), passed("BE-006/b", notes=("refused",)))

    assert [(seen.text, seen.cases) for seen in made.observations] == [("refused", ("BE-006/a", "BE-006/b"))]


def test_waivers_of_other_lanes_do_not_count() -> None:
    made = report(failed("BE-006/a"), waivers=[waiver(lane="local")])

    assert verdict(made).status is VerdictStatus.VIOLATED
    assert not made.waivers


class TestIncomplete:
    def test_a_run_that_came_to_its_end_is_complete(self) -> None:
        made = report(passed("BE-006/a"))

        assert not made.incomplete
        assert made.certifies

    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"footer": None}, "the run did not come to its end: the journal has no end"),
            (
                {"footer": Footer("died", "signal 9")},
                "the run did not come to its end: the process of the run died (signal 9)",
            ),
            ({"plan": [planned("smoke/one-file")], "axioms": []}, "the plan is empty"),
            ({"plan": [planned("BE-006/a"), planned("BE-006/b")]}, "1 of 2 planned cases have no outcome: BE-006/b"),
            (
                {"instance": Instance(failed_affordances=("deny",))},
                "the affordance 'deny' is declared and did not come up, or does not do what it is for",
            ),
        ],
    )
    def test_each_gap_is_a_sentence(self, facts: dict[str, Any], sentence: str) -> None:
        attempts = () if "axioms" in facts else (passed("BE-006/a"),)
        made = report(*attempts, **facts)

        assert sentence in made.incomplete
        assert not made.certifies

    @pytest.mark.parametrize("why", [skip("audit"), skip("GLOB", SkipReason.CAPABILITY)])
    def test_skips_alone_are_nothing_executed(self, why: object) -> None:
        made = report(skipped("BE-006/a", why), passed("smoke/one-file"), axioms=[axiom()])  # type: ignore[arg-type]

        assert made.incomplete == ("nothing was executed of 1 planned cases",)

    def test_a_planned_smoke_case_is_accounted_for(self) -> None:
        made = report(passed("BE-006/a"), plan=[planned("smoke/one-file"), planned("BE-006/a")], axioms=[axiom()])

        assert made.incomplete == ("1 of 2 planned cases have no outcome: smoke/one-file",)

    def test_a_stop_in_the_last_case_leaves_no_gap_but_certifies_nothing(self) -> None:
        made = report(failed("BE-006/a"), footer=Footer("stopped"))

        assert not made.incomplete
        assert not made.certifies

    def test_a_stop_before_the_last_case_is_a_gap(self) -> None:
        plan = [planned("BE-006/a"), planned("BE-006/b")]

        assert len(report(failed("BE-006/a"), plan=plan, footer=Footer("stopped")).incomplete) == 2

    def test_a_part_of_the_plan_certifies_nothing(self) -> None:
        assert not report(passed("BE-006/a"), complete=False).certifies

    def test_an_unreachable_lane_certifies_nothing(self) -> None:
        down = Instance(unreachable="refused")

        assert not report(passed("BE-006/a"), instance=down).certifies


def test_a_rich_report_has_something_of_everything() -> None:
    made = rich()

    assert {one.status for one in made.verdicts} == set(VerdictStatus)
    assert made.instance == INSTANCE
    assert made.groups
    assert made.untestable
    assert made.observations
    assert len({finding.state for finding in made.waivers}) == 3


class TestAnAffordanceThatIsMissing:
    def status(self, **facts: Any) -> VerdictStatus:
        plan = [planned("BE-001/counted", skip=skip("requests"), **facts)]

        return verdict(report(axioms=[axiom("BE-001")], plan=plan), "BE-001").status

    def test_weakens_the_certificate_of_a_backend_that_would_qualify(self) -> None:
        assert self.status(requires=("READ",)) is VerdictStatus.NOT_EXERCISED

    def test_is_no_loss_where_the_backend_lacks_the_capability(self) -> None:
        assert self.status(requires=("GLOB",)) is VerdictStatus.NOT_APPLICABLE

    def test_is_no_loss_where_the_backend_has_what_it_would_have_to_lack(self) -> None:
        assert self.status(lacks=("READ",)) is VerdictStatus.NOT_APPLICABLE
