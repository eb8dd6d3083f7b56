"""No correct boto3 backend is accused for working in another way than ours."""

from __future__ import annotations

import pytest
from rsconform_fixtures.s3.controls import S3_CONTROLS, S3Control

from rsconform.lanes.lane import Services
from rsconform.selftest.harness import edition, held_against, run, share_of


@pytest.mark.parametrize("control", S3_CONTROLS, ids=lambda control: control.name)
def test_nothing_is_held_against_it(control: S3Control, services: Services) -> None:
    in_share = share_of(control.name)

    report = run(
        control.base.lane,
        control.base.with_make(control.change.applied_to),
        services,
        only=lambda case: control.is_put_to(case) and in_share(case),
        limit_s=20.0,  # One that tries again waits each time for a server that says nothing.
    )

    assert held_against(report) == {}
    assert not report.incomplete


def test_controls_come_near_to_axioms_that_there_are() -> None:
    near = {axiom for control in S3_CONTROLS for axiom in control.almost_violates}

    assert near <= {axiom.id for axiom in edition().axioms}
