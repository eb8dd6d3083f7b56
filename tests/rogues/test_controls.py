"""The kit accuses nobody who is right: each control keeps every axiom, registered and at the bare door."""

from __future__ import annotations

import pytest
from rsconform_rogues.controls import CONTROLS, Control
from rsconform_rogues.harness import door, held_against, run, share_of

from rsconform.lanes.model import Services
from rsconform.spec.vocabulary import INVARIANTS


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_nothing_is_held_against_it(control: Control, services: Services) -> None:
    report = run(
        control.base.lane,
        control.base.with_make(control.change.applied_to, control.name),
        services,
        only=share_of(control.name),
    )

    assert held_against(report, known=control.base.known) == {}
    assert not report.incomplete


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_nothing_is_held_against_it_at_the_bare_door(control: Control, services: Services) -> None:
    with door(control.base, services, control.change.applied_to, fresh_store=control.fresh_store) as lane:
        report = run(lane, None, services, only=share_of(control.name))

    assert held_against(report, known=control.base.known) == {}
    assert not report.incomplete


def test_every_invariant_has_a_control_that_comes_close() -> None:
    assert INVARIANTS.keys() - {name for control in CONTROLS for name in control.near} == set()
