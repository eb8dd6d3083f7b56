from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rsconform.report.report import WaiverState
from rsconform.report.waivers import load_waivers, review_axioms, review_lanes
from rsconform.run.records import Footer, SkipReason
from rsconform.spec.problems import SpecError
from tests.report.journals import failed, passed, planned, report, skip, skipped, waiver

GOOD = """\
[[waiver]]
axiom = "BE-006"
lane = "memory"
reason = '''
[[waiver]] is only text here'''
owner = "ann"
issue = "#7"
until = 2027-12-31
expected = "nine bytes"
"""


def loading(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rsconform-waivers.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_waiver_is_read_with_its_place(tmp_path: Path) -> None:
    path = loading(tmp_path, "# why\n" + GOOD)

    (read,) = load_waivers(path)

    assert (read.axiom, read.lane, read.until, read.expected) == ("BE-006", "memory", date(2027, 12, 31), "nine bytes")
    assert str(read.place) == f"{path}:2"


def test_an_empty_file_waives_nothing(tmp_path: Path) -> None:
    assert load_waivers(loading(tmp_path, "")) == ()


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = GOOD.replace("owner", "ownr").replace("2027-12-31", '"2027-12-31"') + GOOD.replace('"#7"', "7") + "[more]\n"

    with pytest.raises(SpecError) as caught:
        load_waivers(loading(tmp_path, text))

    reported = {(problem.place.line, problem.slug) for problem in caught.value.problems}
    assert reported == {
        (1, "missing-key"),
        (6, "unknown-key"),
        (8, "wrong-type"),
        (16, "wrong-type"),
        (19, "unknown-key"),
    }
    assert 'rsconform-waivers.toml:6: waiver 1: unknown key "ownr".\n  Did you mean "owner"?' in str(caught.value)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        (GOOD + GOOD, "duplicate-waiver"),
        (GOOD.replace("2027-12-31", "2027-12-31T10:00:00"), "wrong-type"),
        (GOOD.replace('"nine bytes"', '" "'), "wrong-type"),
        ("waiver = 3", "wrong-type"),
        ("waiver = [3]", "wrong-type"),
        ("[[waiver", "toml-syntax"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, slug: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_waivers(loading(tmp_path, text))

    assert slug in {problem.slug for problem in caught.value.problems}


class TestReview:
    def test_a_waiver_in_force_asks_for_nothing(self) -> None:
        assert not report(failed("BE-006/a"), waivers=[waiver()]).waivers

    @pytest.mark.parametrize(
        ("waived", "state"),
        [
            pytest.param(waiver(until=date(2027, 3, 30)), WaiverState.EXPIRED, id="expired"),
            pytest.param(waiver("BE-099"), WaiverState.UNMATCHED, id="no such axiom"),
            pytest.param(waiver(expected="eleven"), WaiverState.UNMATCHED, id="another failure"),
            pytest.param(waiver("BE-007"), WaiverState.UNNEEDED, id="it holds"),
            pytest.param(waiver("BE-008"), WaiverState.UNNEEDED, id="it does not apply"),
        ],
    )
    def test_a_waiver_that_somebody_must_change_is_found(self, waived: object, state: WaiverState) -> None:
        excluded = skipped("BE-008/a", skip("GLOB", SkipReason.CAPABILITY))
        made = report(failed("BE-006/a"), passed("BE-007/a"), excluded, waivers=[waived])  # type: ignore[list-item]

        assert [finding.state for finding in made.waivers] == [state]

    @pytest.mark.parametrize("facts", [{"complete": False}, {"footer": Footer("interrupted")}])
    def test_a_part_of_a_run_does_not_show_that_a_waiver_can_go(self, facts: dict[str, Any]) -> None:
        made = report(passed("BE-006/a"), waivers=[waiver(), waiver("BE-099")], **facts)

        assert not made.waivers

    def test_a_failure_that_a_waiver_does_not_expect_stands_beside_what_it_expects(self) -> None:
        (finding,) = report(failed("BE-006/a"), waivers=[waiver(expected="eleven")]).waivers

        assert 'expects "eleven", and the failure is another: "nine bytes"' in finding.text

    def test_an_axiom_that_the_edition_does_not_have_is_found_beside_the_one_that_was_meant(self) -> None:
        (finding,) = review_axioms(
            [waiver("BE-06"), waiver("BE-006"), waiver("X", lane="local")], ["memory"], ["BE-006"]
        )

        assert "Did you mean BE-006?" in finding.text

    def test_an_axiom_that_was_not_exercised_keeps_its_waiver(self) -> None:
        made = report(skipped("BE-006/a", skip("audit")), passed("BE-007/a"), waivers=[waiver()])

        assert not made.waivers

    def test_an_open_axiom_keeps_its_waiver(self) -> None:
        plan = [planned("BE-006/a"), planned("BE-007/a")]

        assert not report(passed("BE-007/a"), plan=plan, waivers=[waiver()]).waivers

    def test_a_waiver_for_a_lane_that_does_not_exist_is_unmatched(self) -> None:
        found = review_lanes([waiver(), waiver(lane="memori")], {"memory", "local"})

        assert [(finding.waiver.lane, finding.state) for finding in found] == [("memori", WaiverState.UNMATCHED)]
