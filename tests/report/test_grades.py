from __future__ import annotations

from typing import Any

import pytest

from rsconform.report.grades import HARDENING, exercised, grade
from rsconform.report.model import Grade, Grading, Ruling, Verdict
from rsconform.run.model import Profile, Result
from tests.report.journals import axiom, outcome

HELD = Verdict(axiom("BE-001"), Ruling.HOLDS)


def ruled(ruling: Ruling, level: str = "MUST", **facts: Any) -> Verdict:
    return Verdict(axiom(level=level, **facts), ruling)


def looked(*kinds: str, result: Result = Result.PASSED) -> Verdict:
    """Return a verdict with a case for each kind of what looks deeper."""
    return Verdict(axiom(), Ruling.HOLDS, outcomes=tuple(outcome(result, hardens=(kind,)) for kind in kinds))


def graded(
    *verdicts: Verdict, edition: str = "dev", whole: bool = True, profile: Profile = Profile.STANDARD
) -> Grading:
    return grade(verdicts, edition=edition, whole=whole, profile=profile)


def reached(*verdicts: Verdict, **facts: Any) -> Grade | None:
    return graded(*verdicts, **facts).reached


@pytest.mark.parametrize(
    ("ruling", "level", "expected"),
    [
        (Ruling.HOLDS, "MUST", Grade.FULL),
        (Ruling.NOT_APPLICABLE, "MUST", Grade.FULL),
        (Ruling.VIOLATED, "MUST", None),
        (Ruling.INCONCLUSIVE, "MUST", None),
        (Ruling.NOT_EXERCISED, "MUST", None),
        (Ruling.WAIVED, "MUST", Grade.CORE),
        (Ruling.HOLDS, "SHOULD", Grade.FULL),
        (Ruling.NOT_APPLICABLE, "SHOULD", Grade.FULL),
        (Ruling.VIOLATED, "SHOULD", Grade.CORE),
        (Ruling.INCONCLUSIVE, "SHOULD", Grade.CORE),
        (Ruling.NOT_EXERCISED, "SHOULD", Grade.CORE),
        (Ruling.WAIVED, "SHOULD", Grade.FULL),
        *((ruling, "MAY", Grade.FULL) for ruling in Ruling),
    ],
)
def test_what_each_ruling_costs(ruling: Ruling, level: str, expected: Grade | None) -> None:
    assert reached(HELD, ruled(ruling, level)) is expected


def test_a_part_of_a_run_has_no_grade() -> None:
    assert reached(HELD, whole=False) is None


def test_where_nothing_was_executed_there_is_no_grade() -> None:
    assert reached(ruled(Ruling.NOT_APPLICABLE)) is None


def test_why_not_higher_names_the_axioms() -> None:
    grading = graded(HELD, ruled(Ruling.VIOLATED, "SHOULD"))

    assert grading.why_not_higher == ("not full: 1 SHOULD violated: BE-006",)


def test_a_waived_must_is_named() -> None:
    grading = graded(HELD, ruled(Ruling.WAIVED))

    assert grading.why_not_higher == ("not full: 1 MUST waived: BE-006",)


def test_a_dev_edition_is_never_hardened() -> None:
    verdict = looked(*HARDENING)

    assert reached(verdict) is Grade.FULL
    assert reached(verdict, edition="2027.1") is Grade.HARDENED
    assert graded(verdict).why_not_higher == ("not hardened: the edition is dev, 1 axioms",)


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
