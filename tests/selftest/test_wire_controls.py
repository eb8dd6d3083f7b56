"""No correct backend is accused for working in another way when requests are counted or broken."""

from __future__ import annotations

import pytest

from rsconform.lanes.lane import Services
from rsconform.selftest.control import Control
from rsconform.selftest.controls.over_wire import WIRE_CONTROLS, applies
from rsconform.selftest.harness import held_against, run


@pytest.mark.parametrize("control", WIRE_CONTROLS, ids=lambda control: control.name)
def test_nothing_is_held_against_it(control: Control, services: Services) -> None:
    in_share = control.is_put_to()

    report = run(
        control.base.lane,
        control.base.with_make(control.change.applied_to),
        services,
        only=lambda case: applies(case) and in_share(case),
        limit_s=20.0,  # One that tries again waits each time for a server that says nothing.
    )

    assert held_against(report) == {}
    assert not report.incomplete
