from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Literal

import pytest

from rsconform.report.report import Outcome, Verdict, VerdictStatus, WaiverState, Watch, Witness
from rsconform.report.verdicts import ForeignOutcomeError, derived, judge, roll_up
from rsconform.run.records import Failure, Instance, Result, Skip, SkipReason
from tests.report.journals import TODAY, attempt, axiom, breach, errored, failed, outcome, passed, report, skip, waiver

FAILED, ERRORED, PASSED = (outcome(result) for result in (Result.FAILED, Result.ERRORED, Result.PASSED))
MISSING = outcome(None, missing="the run was interrupted")
UNREACHABLE = outcome(Result.SKIPPED, skip=skip("audit"))
EXCLUDED = outcome(Result.SKIPPED, skip=skip("GLOB", SkipReason.CAPABILITY))


def ruled(*outcomes: Outcome, watch: Watch | None = None) -> Verdict:
    return judge(axiom(), outcomes, (), today=TODAY, watch=watch)


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        pytest.param(
            (FAILED, ERRORED, MISSING, PASSED, UNREACHABLE, EXCLUDED), VerdictStatus.VIOLATED, id="a failure settles"
        ),
        pytest.param((ERRORED, PASSED, UNREACHABLE), VerdictStatus.INCONCLUSIVE, id="an error leaves it open"),
        pytest.param((MISSING, PASSED, UNREACHABLE), VerdictStatus.INCONCLUSIVE, id="a missing outcome leaves it open"),
        pytest.param((PASSED, UNREACHABLE, EXCLUDED), VerdictStatus.HOLDS, id="skips do not undo a pass"),
        pytest.param((UNREACHABLE, EXCLUDED), VerdictStatus.NOT_EXERCISED, id="an affordance weakens"),
        pytest.param((EXCLUDED, EXCLUDED), VerdictStatus.NOT_APPLICABLE, id="a capability does not"),
        pytest.param((), VerdictStatus.NOT_EXERCISED, id="nothing planned is nothing shown"),
    ],
)
def test_the_first_standing_of_the_table_rules(outcomes: tuple[Outcome, ...], status: VerdictStatus) -> None:
    assert ruled(*outcomes).status is status


@pytest.mark.parametrize("want", list(SkipReason))
def test_only_what_could_not_be_shown_makes_a_skip_not_exercised(want: SkipReason) -> None:
    expected = (
        VerdictStatus.NOT_EXERCISED
        if want in (SkipReason.AFFORDANCE, SkipReason.FAULT, SkipReason.HOLDING)
        else VerdictStatus.NOT_APPLICABLE
    )

    assert ruled(outcome(Result.SKIPPED, skip=Skip(want, "x"))).status is expected


def test_a_skip_without_a_reason_counts_against_the_certificate() -> None:
    assert ruled(outcome(Result.SKIPPED)).status is VerdictStatus.NOT_EXERCISED


def test_a_case_for_want_of_no_capability_says_that_it_is_declared() -> None:
    assert ruled(outcome(Result.SKIPPED, skip=skip("no GLOB", SkipReason.CAPABILITY))).reason == "GLOB is declared"


def test_points_that_were_skipped_are_listed_beside_a_pass() -> None:
    verdict = ruled(PASSED, UNREACHABLE, EXCLUDED)

    assert verdict.skipped == (UNREACHABLE, EXCLUDED)
    assert verdict.reason == "2 of 3 cases skipped: GLOB is not declared (1), needs audit (1)"


def test_attempts_that_differ_make_a_flaky_violation() -> None:
    tries = (failed("BE-006/a"), passed("BE-006/a", number=2))
    verdict = ruled(outcome(Result.FAILED, attempts=tries))

    assert (verdict.status, verdict.flaky) == (VerdictStatus.VIOLATED, True)


def test_attempts_that_all_fail_are_not_flaky() -> None:
    tries = (failed("BE-006/a"), failed("BE-006/a", number=2))

    assert not ruled(outcome(Result.FAILED, attempts=tries)).flaky


def test_an_outcome_of_another_axiom_is_not_judged() -> None:
    with pytest.raises(ForeignOutcomeError) as caught:
        ruled(outcome(Result.PASSED, "BE-007/a"))

    assert caught.value.axiom == "BE-006"


@pytest.mark.parametrize(
    ("watch", "status"),
    [
        pytest.param(
            Watch(judged=3, witnesses=(Witness("x", breach("BE-006")),)), VerdictStatus.VIOLATED, id="breached"
        ),
        pytest.param(Watch(judged=3), VerdictStatus.HOLDS, id="judged"),
        pytest.param(Watch(skip=skip("audit")), VerdictStatus.NOT_EXERCISED, id="lacking"),
        pytest.param(Watch(skip=skip("READ", SkipReason.CAPABILITY)), VerdictStatus.NOT_APPLICABLE, id="undeclared"),
        pytest.param(Watch(), VerdictStatus.INCONCLUSIVE, id="cases are missing"),
    ],
)
def test_an_invariant_without_cases_is_ruled_by_what_was_seen(watch: Watch, status: VerdictStatus) -> None:
    assert ruled(watch=watch).status is status


def test_a_breach_violates_an_axiom_whose_cases_pass() -> None:
    watch = Watch(witnesses=(Witness("BE-007/a", breach("BE-006")), Witness("BE-007/b", breach("BE-006"))))
    verdict = ruled(PASSED, watch=watch)

    assert verdict.status is VerdictStatus.VIOLATED
    assert verdict.reason == "breached in 2 cases"


class TestWaiver:
    def judged(self, *outcomes: Outcome, watch: Watch | None = None, today: date = TODAY, **facts: Any) -> Verdict:
        return judge(axiom(), outcomes, [waiver("BE-005"), waiver(**facts)], today=today, watch=watch)

    def test_a_violation_is_waived(self) -> None:
        verdict = self.judged(FAILED)

        assert verdict.status is VerdictStatus.WAIVED
        assert verdict.waiver == waiver()

    @pytest.mark.parametrize("other", [ERRORED, MISSING, PASSED, UNREACHABLE, EXCLUDED])
    def test_only_a_violation_is_waived(self, other: Outcome) -> None:
        assert self.judged(other) == ruled(other)

    def test_a_waiver_holds_through_its_last_day(self) -> None:
        assert self.judged(FAILED, until=TODAY).status is VerdictStatus.WAIVED

    def test_an_expired_waiver_does_not_hide_a_violation(self) -> None:
        assert self.judged(FAILED, until=date(2027, 3, 30)).status is VerdictStatus.VIOLATED

    def test_a_waiver_of_another_axiom_does_not_count(self) -> None:
        assert self.judged(FAILED, id_="BE-007").status is VerdictStatus.VIOLATED

    def test_a_failure_that_is_not_the_expected_one_is_not_hidden(self) -> None:
        another = outcome(Result.FAILED, attempts=(failed("BE-006/b", failure=Failure("ten bytes", "none")),))

        assert self.judged(FAILED, another).status is VerdictStatus.VIOLATED

    def test_an_errored_retry_is_no_other_failure(self) -> None:
        tries = (failed("BE-006/a"), errored("BE-006/a", number=2), attempt("BE-006/a", number=3))

        assert self.judged(outcome(Result.FAILED, attempts=tries)).status is VerdictStatus.WAIVED

    def test_a_breach_that_is_not_the_expected_one_is_not_hidden(self) -> None:
        watch = Watch(witnesses=(Witness("x", breach("BE-006", "nine bytes")), Witness("y", breach("BE-006", "other"))))

        assert self.judged(watch=watch).status is VerdictStatus.VIOLATED


@pytest.mark.parametrize("index", range(len(VerdictStatus)))
def test_a_bundle_takes_the_worst_ruling_of_its_verdicts(index: int) -> None:
    named = ("violated", "inconclusive", "waived", "not_exercised", "holds", "not_taken", "not_applicable")
    statuses = [VerdictStatus(name) for name in named]
    verdicts = [Verdict(axiom(), status) for status in reversed(statuses[index:])]

    assert roll_up("BE-008", "write()", verdicts, of=14).status is statuses[index]


def test_a_bundle_says_of_how_many_verdicts() -> None:
    verdicts = [Verdict(axiom(), VerdictStatus.HOLDS)] * 3 + [Verdict(axiom(), VerdictStatus.NOT_APPLICABLE)] * 10
    group = roll_up("BE-008", "write()", verdicts, of=14)

    assert (group.status, group.count, group.of) == (VerdictStatus.HOLDS, 3, 14)


@pytest.mark.parametrize(
    ("surface", "outcomes", "status"),
    [
        ("async", (PASSED,), VerdictStatus.HOLDS),
        ("async", (FAILED,), VerdictStatus.VIOLATED),
        ("async", (ERRORED,), VerdictStatus.INCONCLUSIVE),
        ("async", (EXCLUDED,), VerdictStatus.NOT_APPLICABLE),
        ("sync", (FAILED,), VerdictStatus.NOT_APPLICABLE),
    ],
)
def test_an_axiom_that_is_the_same_as_others_has_their_verdict_on_an_async_backend(
    surface: Literal["sync", "async"], outcomes: tuple[Outcome, ...], status: VerdictStatus
) -> None:
    other = ruled(*outcomes)
    same = judge(axiom("ASYNC-008", same_as=(other.axiom.id,)), (), (), today=TODAY)

    assert derived(same, (other, same), Instance(surface=surface)).status is status
    assert derived(other, (other, same), Instance(surface=surface)) is other


def test_a_permission_is_taken_or_not_taken_and_never_violated() -> None:
    may = axiom("BE-011", "MAY")
    failing = judge(may, [replace(FAILED, axiom="BE-011")], [], today=TODAY)
    passing = judge(may, [replace(PASSED, axiom="BE-011")], [], today=TODAY)

    assert failing.status is VerdictStatus.NOT_TAKEN
    assert failing.reason == "1 of 1 case failed"
    assert passing.status is VerdictStatus.HOLDS


def test_a_waiver_of_a_permission_is_not_needed() -> None:
    made = report(failed("BE-011/a"), axioms=[axiom("BE-011", "MAY")], waivers=[waiver("BE-011")])

    assert [finding.state for finding in made.waivers] == [WaiverState.UNNEEDED]
