"""No correct backend is accused: each control keeps every axiom, with a lane file and without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest
from remote_store.aio import SyncBackendAdapter

from rsconform.cases.case import Case
from rsconform.lanes import BackendRecipe, Subject
from rsconform.lanes.lane import Services
from rsconform.report.report import VerdictStatus
from rsconform.selftest.bases import BASES
from rsconform.selftest.control import Control
from rsconform.selftest.controls.defaults import CONTRACTS, defaults_of
from rsconform.selftest.controls.ordinary import CONTROLS
from rsconform.selftest.harness import held_against, run, without_lane_file
from rsconform.spec.traits import INVARIANTS


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_nothing_is_held_against_it(control: Control, services: Services) -> None:
    report = run(
        control.base.lane,
        control.base.with_make(control.change.applied_to, control.name),
        services,
        only=control.is_put_to(),
    )

    assert held_against(report, known=control.base.known) == {}
    assert not report.incomplete


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_nothing_is_held_against_it_at_the_bare_door(control: Control, services: Services) -> None:
    with without_lane_file(control.base, services, control.change.applied_to, fresh_store=control.fresh_store) as lane:
        report = run(lane, None, services, only=control.is_put_to())

    assert held_against(report, known=control.base.known) == {}
    assert not report.incomplete


def test_an_async_backend_is_judged_from_other_processes_as_well(services: Services) -> None:
    """Its source lets the loop go on while it waits to be stopped, and its instances are made behind the sync face."""
    local = BASES["local"]

    @contextmanager
    def adapted(services: Services) -> Iterator[Subject]:
        manager: AbstractContextManager[Subject] = local.fixture(services)
        with manager as subject:
            assert subject.other_process is not None
            there = subject.other_process()
            target = BackendRecipe(
                "rsconform.selftest.remote:adapted", {"target": there.target, "options": there.options}
            )
            yield replace(subject, make=lambda: SyncBackendAdapter(subject.make()), other_process=lambda: target)

    def elsewhere(case: Case) -> bool:
        return case.axiom.id in ("RACE-009", "BOUND-003", "TIME-001", "TIME-003", "TIME-004", "TIME-005")

    report = run(local.lane, adapted, services, only=elsewhere, limit_s=10.0)

    held = {verdict.axiom.id: verdict.status for verdict in report.verdicts if verdict.outcomes}
    # LocalBackend itself lets several creators win, now and then.
    assert held.pop("RACE-009") in (VerdictStatus.HOLDS, VerdictStatus.VIOLATED)
    assert held == dict.fromkeys(held, VerdictStatus.HOLDS)
    assert {"BOUND-003", "TIME-001", "TIME-003"} <= held.keys()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_default_of_the_contract_is_used_by_a_control(contract: type) -> None:
    used = {
        name for name, default in defaults_of(contract).items() if any(_uses(one, name, default) for one in CONTROLS)
    }

    assert used == defaults_of(contract).keys()
    assert "iter_children" in used


def _uses(control: Control, name: str, default: object) -> bool:
    return control.change.has.get(name) is default and not control.axioms


def test_every_invariant_has_a_control_that_comes_close() -> None:
    assert INVARIANTS.keys() - {name for control in CONTROLS for name in control.almost_violates} == set()
