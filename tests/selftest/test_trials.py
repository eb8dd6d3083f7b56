"""A trial says what became of a mutant, and blames the kit for each way in which that may go wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rsconform.lanes.lane import Services
from rsconform.selftest import trials
from rsconform.selftest.matrix import Matrix, as_document
from rsconform.selftest.operators import Mutation
from rsconform.selftest.registry import BASES, MUTANTS
from rsconform.selftest.trials import Asked, Catch, Kind, Trial, make_trial_with

SOUND = next(mutant for mutant in MUTANTS if mutant.id == "BE-012a-deletes-by-prefix")


def tried(services: Services, monkeypatch: pytest.MonkeyPatch, **changes: object) -> Trial:
    mutant = replace(SOUND, **changes)  # type: ignore[arg-type]
    monkeypatch.setitem(trials._MUTANTS, mutant.id, mutant)
    return make_trial_with(services, Asked(Kind.MUTANT, mutant.id))


def test_a_mutant_is_caught(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = tried(services, monkeypatch)

    assert (trial.catch, trial.wrong, trial.tries) == (Catch.CAUGHT, (), 1)
    assert "BE-012a" in trial.violated
    assert set(trial.failed) & set(trial.executed)


def test_one_that_does_nothing_wrong_is_missed_at_every_try(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = tried(services, monkeypatch, mutation=Mutation())

    assert (trial.catch, trial.tries) == (Catch.MISSED, trials.TRIES)
    assert trial.wrong == ("BE-012a is not violated but holds",)


def test_one_that_is_caught_for_something_else_speaks_against_the_kit(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = tried(services, monkeypatch, reason="the moon")

    assert trial.catch is Catch.FOR_ANOTHER_REASON
    assert "without 'the moon' being said" in trial.wrong[0]


def test_what_nobody_foretold_speaks_against_the_kit(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = tried(services, monkeypatch, also=frozenset())

    assert trial.unexpected == ("KIT-003",)
    assert "KIT-003 is violated as well" in trial.wrong[0]


def test_a_right_backend_that_is_accused_speaks_against_the_kit(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = BASES["flat"]
    mutant = replace(flat, fixture=flat.with_make(SOUND.mutation.applied_to))
    monkeypatch.setattr(trials, "BASES", {"flat": mutant})

    trial = make_trial_with(services, Asked(Kind.BASE, "flat"))

    assert trial.wrong
    assert all(" is violated: " in line for line in trial.wrong)


def test_the_first_mutant_of_every_axiom_comes_before_any_second() -> None:
    axioms = [trials.axiom_of(asked) for asked in trials.mutants()]
    distinct = len(set(axioms))

    assert len(axioms) == len(MUTANTS)
    assert len(set(axioms[:distinct])) == distinct


def test_the_matrix_names_what_no_mutant_fails() -> None:
    asked = Asked(Kind.MUTANT, SOUND.name, whole=True)
    executed = ("BE-012a/a[x=1]", "BE-012a/a[x=2]", "BE-012a/b", "BE-012a/c[x=1]", "BE-012a/c[x=2]")
    trial = Trial(asked, "flat", "BE-012a", Catch.CAUGHT, ("BE-012a",), failed=("BE-012a/a[x=1]",), executed=executed)
    matrix = Matrix([trial], {})

    document = as_document(matrix, whole=True)

    assert document["never_failed"] == ["BE-012a/b", "BE-012a/c"]
    assert document["never_failed_points"] == ["BE-012a/a[x=2]"]
    assert "BE-004a" in matrix.unshown
    assert "BE-012a" not in matrix.unshown
