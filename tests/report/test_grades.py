from __future__ import annotations

from typing import Any

import pytest

from rsconform.report.grades import HARDENING, exercised, grade
from rsconform.report.report import Grade, Grading, Verdict, VerdictStatus
from rsconform.run.records import Profile, Result
from tests.report.journals import axiom, outcome

HELD = Verdict(axiom("BE-001"), VerdictStatus.HOLDS)


def ruled(status: VerdictStatus, level: str = "MUST", **facts: Any) -> Verdict:
    return Verdict(axiom(level=level, **facts), status)


def looked(*kinds: str, result: Result = Result.PASSED) -> Verdict:
    """Return a verdict with a case for each kind of what looks deeper."""
    return Verdict(axiom(), VerdictStatus.HOLDS, outcomes=tuple(outcome(result, stresses=(kind,)) for kind in kinds))


def graded(
    *verdicts: Verdict, edition: str = "dev", whole: bool = True, profile: Profile = Profile.STANDARD
) -> Grading:
    return grade(verdicts, edition=edition, whole=whole, profile=profile)


def reached(*verdicts: Verdict, **facts: Any) -> Grade | None:
    return graded(*verdicts, **facts).reached


@pytest.mark.parametrize(
    ("status", "level", "expected"),
    [
        (VerdictStatus.HOLDS, "MUST", Grade.FULL),
        (VerdictStatus.NOT_APPLICABLE, "MUST", Grade.FULL),
        (VerdictStatus.VIOLATED, "MUST", None),
        (VerdictStatus.INCONCLUSIVE, "MUST", None),
        (VerdictStatus.NOT_EXERCISED, "MUST", None),
        (VerdictStatus.WAIVED, "MUST", Grade.CORE),
        (VerdictStatus.HOLDS, "SHOULD", Grade.FULL),
        (VerdictStatus.NOT_APPLICABLE, "SHOULD", Grade.FULL),
        (VerdictStatus.VIOLATED, "SHOULD", Grade.CORE),
        (VerdictStatus.INCONCLUSIVE, "SHOULD", Grade.CORE),
        (VerdictStatus.NOT_EXERCISED, "SHOULD", Grade.CORE),
        (VerdictStatus.WAIVED, "SHOULD", Grade.FULL),
        *((status, "MAY", Grade.FULL) for status in VerdictStatus),
    ],
)
def test_what_each_ruling_costs(status: VerdictStatus, level: str, expected: Grade | None) -> None:
    assert reached(HELD, ruled(status, level)) is expected


def test_a_part_of_a_run_has_no_grade() -> None:
    assert reached(HELD, whole=False) is None


def test_where_nothing_was_executed_there_is_no_grade() -> None:
    assert reached(ruled(VerdictStatus.NOT_APPLICABLE)) is None


def test_why_not_higher_names_the_axioms() -> None:
    grading = graded(HELD, ruled(VerdictStatus.VIOLATED, "SHOULD"))

    assert grading.why_not_higher == ("not full: 1 SHOULD violated: BE-006",)


def test_a_waived_must_is_named() -> None:
    grading = graded(HELD, ruled(VerdictStatus.WAIVED))

    assert grading.why_not_higher == ("not full: 1 MUST waived: BE-006",)


def test_a_dev_edition_is_never_hardened() -> None:
    verdict = looked(*HARDENING)

    assert reached(verdict) is Grade.FULL
    assert reached(verdict, edition="2027.1") is Grade.HARDENED
    assert graded(verdict).why_not_higher == ("not hardened: the edition is dev, 1 axiom",)


@pytest.mark.parametrize("absent", HARDENING)
def test_hardened_wants_one_executed_case_of_each_kind(absent: str) -> None:
    others = looked(*(kind for kind in HARDENING if kind != absent))

    skipped = looked(absent, result=Result.SKIPPED)
    assert reached(others, skipped, edition="2027.1") is Grade.FULL
    assert absent not in exercised([others, skipped])
    assert reached(others, looked(absent), edition="2027.1") is Grade.HARDENED


def test_hardened_wants_more_than_a_quick_look() -> None:
    grading = graded(looked(*HARDENING), edition="2027.1", profile=Profile.QUICK)

    assert grading.reached is Grade.FULL
    assert grading.why_not_higher == ("not hardened: the profile is quick",)
