"""What the bare door shows of a wrong backend, and what it does not hold against anybody."""

from __future__ import annotations

import pytest
from rsconform_rogues.at_the_door import shows
from rsconform_rogues.harness import door, run, violated
from rsconform_rogues.table import BASES, ROWS

from rsconform.lanes.model import Services
from rsconform.report.model import Ruling


# Each needs something that the door has to make up for: what was written is looked at through the backend, whether
# folders are real is found out, and a store that cannot be emptied is no reason to stop looking.
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
        "KIT-004-says-that-it-deleted",
        "KIT-026-replaces-and-then-refuses",
        "KIT-043-clears-and-then-refuses",
        "SAW-003-publishes-early",
        "SEEK-003a-starts-at-the-end",
    ],
)
def test_the_rogue_is_found_out_without_an_auditor_and_without_a_trait(name: str, services: Services) -> None:
    rogue = next(rogue for rogue in ROWS if rogue.name == name)

    with door(BASES[rogue.base], services, rogue.wrong.applied_to) as lane:
        report = run(lane, None, services, only=shows(rogue))

    assert rogue.axiom in sorted(violated(report))


def test_what_is_about_secrets_does_not_apply_where_none_is_declared(services: Services) -> None:
    memory = BASES["memory"]

    report = run(memory.lane, memory.fixture, services, only=lambda case: case.axiom.id in ("SEC-B1", "BE-004a"))

    assert [verdict.ruling for verdict in report.verdicts if verdict.axiom.id == "SEC-B1"] == [Ruling.NOT_APPLICABLE]
