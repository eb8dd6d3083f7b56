"""Coverage: an ID is executed if a case of it was, on one lane at least; of every other one the reason is given."""

from __future__ import annotations

from typing import Any

import pytest

from rsconform.report.coverage import Coverage, NoReportError, Tally, of_report
from rsconform.report.json_report import as_document
from tests.report.journals import axiom, passed, planned, report, rich, skip


def document(*executed: str, lane: str = "memory") -> dict[str, Any]:
    ids = ("BE-006", "BE-008a", "BE-008b", "SEEK-001")
    made = report(
        *(passed(f"{one}/a") for one in executed),
        axioms=[axiom(one, group="BE-008" if one.startswith("BE-008") else None) for one in ids],
        plan=[planned(f"{one}/a", **({} if one in executed else {"skip": skip("peer")})) for one in ids],
    )
    found = as_document(made)
    found["lane"]["name"] = lane
    return found


def test_ids_and_axioms_are_counted_by_family_and_in_all() -> None:
    found = Coverage([of_report(document("BE-006", "BE-008a"))])

    assert list(found.tallies()) == [
        Tally("BE", ids=2, ids_executed=2, axioms=3, axioms_executed=2),
        Tally("SEEK", ids=1, ids_executed=0, axioms=1, axioms_executed=0),
        Tally("all", ids=3, ids_executed=2, axioms=4, axioms_executed=2),
    ]
    assert found.gaps() == [("not exercised: needs peer", ["BE-008b", "SEEK-001"])]


def test_what_one_lane_executed_is_executed() -> None:
    found = Coverage([of_report(document("BE-006")), of_report(document("BE-008a", "SEEK-001", lane="local"))])

    assert [axioms for _, axioms in found.gaps()] == [["BE-008b"]]


def test_where_lanes_have_different_reasons_each_is_told() -> None:
    other = document(lane="local")
    other["axioms"][0]["reason"] = "needs audit"

    found = Coverage([of_report(document()), of_report(other)])

    assert ("memory: not exercised: needs peer; local: not exercised: needs audit", ["BE-006"]) in (found.gaps())


def test_every_kind_of_gap_has_its_reason() -> None:
    gaps = dict(Coverage([of_report(as_document(rich()))]).gaps())

    assert gaps == {
        "untestable: needs a second universe": ["BE-014"],
        "not exercised: needs audit": ["BE-010"],
        "not applicable: only where flat_namespace = true": ["BE-011"],
        "not applicable: flat_namespace = false was not observed": ["BE-013"],
        "inconclusive: 1 of 1 case errored": ["BE-012"],
    }


@pytest.mark.parametrize("wrong", [{}, {"format": 99}, {"format": 1, "axioms": 3}, {"format": 1, "axioms": [{}]}])
def test_what_is_no_report_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(NoReportError):
        of_report(wrong)
