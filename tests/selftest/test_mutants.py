"""Every axiom can fail: each mutant is found out for what is wrong with it, and for nothing else."""

from __future__ import annotations

import pytest

from rsconform.lanes.lane import Services
from rsconform.selftest.harness import edition
from rsconform.selftest.mutant import Mutant
from rsconform.selftest.registry import BASES, MUTANTS, NO_MUTANT
from rsconform.selftest.trials import Asked, Catch, Kind, make_trial_with


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.id)
def test_the_mutant_is_found_out_for_that_alone(mutant: Mutant, services: Services) -> None:
    trial = make_trial_with(services, Asked(Kind.MUTANT, mutant.id))

    assert trial.wrong == ()
    assert trial.left_out is None
    assert trial.catch is Catch.CAUGHT


@pytest.mark.parametrize("base", BASES, ids=str)
def test_the_base_is_right_in_the_canonical_cases(base: str, services: Services) -> None:
    trial = make_trial_with(services, Asked(Kind.BASE, base))

    assert trial.wrong == ()
    assert trial.violated == ()


def test_every_axiom_has_a_mutant_or_a_reason_for_none() -> None:
    with_row = {mutant.axiom for mutant in MUTANTS}
    # What is the same as another axiom has its mutants.
    axioms = {axiom.id for axiom in edition().axioms if not axiom.same_as}

    assert axioms - with_row - NO_MUTANT.keys() == set()
    assert with_row <= axioms
    assert not with_row & NO_MUTANT.keys()


def test_mutants_have_names_of_their_own() -> None:
    names = [mutant.id for mutant in MUTANTS]

    assert len(names) == len(set(names))
