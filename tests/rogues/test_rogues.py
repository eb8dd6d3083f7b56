"""Every axiom can fail: each rogue is found out for what is wrong with it, and for nothing else."""

from __future__ import annotations

import pytest
from rsconform_rogues.harness import edition
from rsconform_rogues.row import Rogue
from rsconform_rogues.table import BASES, NO_ROGUE, ROWS
from rsconform_rogues.trials import Asked, Catch, Kind, make_trial_with

from rsconform.lanes.model import Services


@pytest.mark.parametrize("rogue", ROWS, ids=lambda rogue: rogue.name)
def test_the_rogue_is_found_out_for_that_alone(rogue: Rogue, services: Services) -> None:
    trial = make_trial_with(services, Asked(Kind.ROGUE, rogue.name))

    assert trial.wrong == ()
    assert trial.left_out is None
    assert trial.catch is Catch.CAUGHT


@pytest.mark.parametrize("base", BASES, ids=str)
def test_the_base_is_right_in_the_canonical_cases(base: str, services: Services) -> None:
    trial = make_trial_with(services, Asked(Kind.BASE, base))

    assert trial.wrong == ()
    assert trial.violated == ()


def test_every_axiom_has_a_rogue_or_a_reason_for_none() -> None:
    with_row = {rogue.axiom for rogue in ROWS}
    # What is the same as another axiom has its rogues.
    axioms = {axiom.id for axiom in edition().axioms if not axiom.same_as}

    assert axioms - with_row - NO_ROGUE.keys() == set()
    assert with_row <= axioms
    assert not with_row & NO_ROGUE.keys()


def test_rogues_have_names_of_their_own() -> None:
    names = [rogue.name for rogue in ROWS]

    assert len(names) == len(set(names))
