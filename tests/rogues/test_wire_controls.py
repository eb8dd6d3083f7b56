"""The kit accuses nobody who is right in another way when requests are counted or broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rsconform_rogues.controls import Control
from rsconform_rogues.harness import reasons, run, share_of, violated
from rsconform_rogues.wire_controls import WIRE_CONTROLS, applies

from rsconform.lanes.model import Services


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    services = Services(own_process=True)
    yield services
    services.close()


@pytest.mark.parametrize("control", WIRE_CONTROLS, ids=lambda control: control.name)
def test_nothing_is_held_against_it(control: Control, services: Services) -> None:
    in_share = share_of(control.name)

    report = run(
        control.base.lane,
        control.base.with_make(control.change.applied_to),
        services,
        only=lambda case: applies(case) and in_share(case),
        limit_s=20.0,  # One that tries again waits each time for a server that says nothing.
    )

    found = violated(report)
    assert {axiom: reasons(found[axiom])[:2] for axiom in found} == {}
    assert not report.incomplete
