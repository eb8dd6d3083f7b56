"""The kit catches mutants without a lane file, and accuses none there of what it cannot see."""

from __future__ import annotations

import pytest

from rsconform.lanes.lane import Services
from rsconform.report.report import VerdictStatus
from rsconform.selftest.harness import run, violated, without_lane_file
from rsconform.selftest.registry import BASES, MUTANTS
from rsconform.selftest.without_lane_file import shows


# A lane file would tell how to look past the backend, whether folders are real, and how to empty the store.
# Without one the kit has to find out.
@pytest.mark.parametrize(
    "name",
    [
        "BE-008a-writes-in-text-mode",
        "BE-010b-ignores-overwrite",
        "BE-012a-deletes-by-prefix",
        "BE-013a-keeps-empty-folders",
        "BE-018d-moves-into-folders",
        "BE-021i-does-not-find-prefixes",
        "AW-001-writes-in-place",
        "KIT-004-returns-true-from-delete",
        "KIT-026-replaces-and-then-refuses",
        "KIT-043-clears-and-then-refuses",
        "SAW-003-publishes-early",
        "SEEK-003a-starts-at-the-end",
    ],
)
def test_the_mutant_is_found_out_without_an_auditor_and_without_a_trait(name: str, services: Services) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.id == name)

    with without_lane_file(BASES[mutant.base], services, mutant.mutation.applied_to) as lane:
        report = run(lane, None, services, only=shows(mutant))

    assert mutant.axiom in sorted(violated(report))


def test_what_is_about_secrets_does_not_apply_where_none_is_declared(services: Services) -> None:
    memory = BASES["memory"]

    report = run(memory.lane, memory.fixture, services, only=lambda case: case.axiom.id in ("SEC-B1", "BE-004a"))

    assert [verdict.status for verdict in report.verdicts if verdict.axiom.id == "SEC-B1"] == [
        VerdictStatus.NOT_APPLICABLE
    ]
