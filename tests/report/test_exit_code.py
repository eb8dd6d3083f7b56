from __future__ import annotations

import pytest

from rsconform.report.exit_code import ExitCode, decide
from rsconform.report.report import Grade, Report
from rsconform.report.waivers import review_lanes
from rsconform.run.records import Failure, Footer, Instance, SkipReason
from tests.report.journals import axiom, errored, failed, passed, planned, report, skip, skipped, waiver

NO_INSTANCE = Instance(failure=Failure("a backend", "ValueError: no bucket"))
HOLDING = report(passed("BE-006/a"))


def of_level(level: str) -> Report:
    return report(failed("BE-006/a"), passed("BE-007/a"), axioms=[axiom(level=level), axiom("BE-007")])


@pytest.mark.parametrize(
    ("made", "code"),
    [
        pytest.param(HOLDING, 0, id="holds"),
        pytest.param(report(passed("BE-006/a"), skipped("BE-007/a", skip("audit"))), 0, id="not exercised"),
        pytest.param(report(failed("BE-006/a")), 1, id="violated"),
        pytest.param(report(failed("smoke/a"), passed("BE-006/a"), axioms=[axiom()]), 1, id="the smoke case failed"),
        pytest.param(report(plan=[planned("BE-001a/a")], instance=NO_INSTANCE), 1, id="no instance"),
        pytest.param(report(plan=[planned("BE-006/a")], instance=NO_INSTANCE), 1, id="no instance, not asked about"),
        pytest.param(report(passed("BE-006/a"), footer=Footer("dirty_store", "3 files")), 2, id="dirty store"),
        pytest.param(report(passed("BE-006/a"), errored("BE-007/a")), 3, id="errored"),
        pytest.param(report(errored("smoke/a"), passed("BE-006/a"), axioms=[axiom()]), 3, id="the smoke case errored"),
        pytest.param(report(plan=[planned("BE-006/a")], instance=Instance(unreachable="refused")), 3, id="unreachable"),
        pytest.param(report(plan=[]), 4, id="empty plan"),
        pytest.param(report(skipped("BE-006/a", skip("audit"))), 4, id="nothing executed"),
        pytest.param(report(passed("BE-006/a"), footer=None), 4, id="cut off"),
        pytest.param(report(passed("BE-006/a"), footer=Footer("interrupted")), 4, id="interrupted"),
        pytest.param(report(passed("BE-006/a"), plan=[planned("BE-006/a"), planned("BE-006/b")]), 4, id="a gap"),
        pytest.param(
            report(passed("BE-006/a"), instance=Instance(failed_affordances=("deny",))),
            4,
            id="a failed affordance",
        ),
        pytest.param(report(failed("BE-006/a"), waivers=[waiver()]), 0, id="waived"),
        pytest.param(report(passed("BE-006/a"), waivers=[waiver()]), 5, id="no longer needed"),
    ],
)
def test_each_state_of_a_run_has_its_code(made: Report, code: int) -> None:
    assert decide([made]).code == code


@pytest.mark.parametrize(
    ("violated", "asked", "code"),
    [
        ("MUST", "must", 1),
        ("SHOULD", "must", 0),
        ("SHOULD", "should", 1),
        ("MAY", "should", 0),
        ("MUST", "should", 1),
    ],
)
def test_a_violation_counts_from_the_asked_level_up(violated: str, asked: str, code: int) -> None:
    assert decide([of_level(violated)], level=asked).code == code


def test_the_first_of_2_1_3_4_5_is_the_code_and_all_are_named() -> None:
    worst = report(
        failed("BE-006/a"),
        errored("BE-007/a"),
        plan=[planned("BE-006/a"), planned("BE-007/a"), planned("BE-008/a")],
        footer=Footer("dirty_store"),
        waivers=[waiver(expected="something else")],
    )
    decision = decide([worst])

    assert decision.code is ExitCode.USAGE
    assert list(dict.fromkeys(reason.code for reason in decision.reasons)) == [2, 1, 3, 4, 5]


@pytest.mark.parametrize(
    ("other", "code"),
    [
        (report(failed("BE-006/a")), 1),
        (report(errored("BE-006/a")), 3),
        (report(plan=[]), 4),
    ],
)
def test_one_lane_decides_for_all(other: Report, code: int) -> None:
    assert decide([HOLDING, other]).code == code


def test_cases_that_error_for_want_of_an_instance_are_no_breakage_of_the_kit() -> None:
    made = report(errored("BE-001a/a", "no instance"), instance=NO_INSTANCE)

    assert [reason.code for reason in decide([made]).reasons] == [ExitCode.VIOLATED, ExitCode.INCOMPLETE]
    assert made.certifies


def test_a_waived_constructor_does_not_make_an_empty_run_hold() -> None:
    excused = waiver("BE-001a", expected="no bucket")
    made = report(errored("BE-001a/a", "no instance"), instance=NO_INSTANCE, waivers=[excused])

    assert decide([made]).code is ExitCode.INCOMPLETE


def test_an_unreachable_lane_is_one_reason() -> None:
    made = report(errored("BE-006/a", "refused"), instance=Instance(unreachable="refused"))

    assert [reason.code for reason in decide([made]).reasons] == [ExitCode.BROKEN]


def test_no_lane_at_all_is_vacuous() -> None:
    assert decide([]).code is ExitCode.INCOMPLETE


def test_a_waiver_for_no_lane_is_told() -> None:
    stray = review_lanes([waiver(lane="memori")], {"memory"})

    assert decide([HOLDING], stray=stray).code is ExitCode.WAIVERS


class TestRequire:
    def test_core_that_is_reached(self) -> None:
        assert decide([HOLDING], require=Grade.CORE).code is ExitCode.HOLDS

    def test_a_must_that_was_not_exercised(self) -> None:
        made = report(passed("BE-006/a"), skipped("BE-007/a", skip("audit")))

        assert decide([made]).code is ExitCode.HOLDS
        assert decide([made], require=Grade.CORE).code is ExitCode.INCOMPLETE

    def test_a_must_that_does_not_apply_is_no_gap(self) -> None:
        made = report(passed("BE-006/a"), skipped("BE-007/a", skip("GLOB", SkipReason.CAPABILITY)))

        assert decide([made], require=Grade.CORE).code is ExitCode.HOLDS

    def test_a_should_that_was_not_exercised_is_a_gap_of_full_only(self) -> None:
        axioms = [axiom(), axiom("BE-007", "SHOULD")]
        made = report(passed("BE-006/a"), skipped("BE-007/a", skip("audit")), axioms=axioms)

        assert decide([made], require=Grade.CORE).code is ExitCode.HOLDS
        assert decide([made], require=Grade.FULL).code is ExitCode.INCOMPLETE

    def test_a_part_of_a_run_has_no_grade(self) -> None:
        made = report(passed("BE-006/a"), complete=False)

        assert decide([made]).code is ExitCode.HOLDS
        assert decide([made], require=Grade.CORE).code is ExitCode.INCOMPLETE

    def test_full_asks_for_the_should_level(self) -> None:
        assert decide([of_level("SHOULD")], require=Grade.FULL).code is ExitCode.VIOLATED

    def test_a_grade_that_was_not_reached(self) -> None:
        made = report(failed("BE-006/a"), waivers=[waiver()])

        assert decide([made], require=Grade.CORE).code is ExitCode.HOLDS
        assert decide([made], require=Grade.FULL).code is ExitCode.INCOMPLETE
