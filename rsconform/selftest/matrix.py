"""The mutation matrix: what trials say together, in figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rsconform.cases.compiler import compile_edition
from rsconform.run.plan import SMOKE
from rsconform.selftest.harness import edition
from rsconform.selftest.registry import MUTANTS, NO_MUTANT
from rsconform.selftest.trials import Asked, Catch, Kind, Trial, axiom_of

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Matrix:
    """Mutants by axioms, and what there was no time or no place for.

    Attributes:
        trials: Those that were made, by kind and name.
        left_out: Why each of the others was not made.
        axioms: Those whose mutants were to be tried; empty for all.
    """

    trials: Sequence[Trial]
    left_out: Mapping[Asked, str]
    axioms: frozenset[str] = frozenset()

    @property
    def mutants(self) -> list[Trial]:
        """Return the trials of mutants."""
        return [trial for trial in self.trials if trial.asked.kind is Kind.MUTANT]

    @property
    def wrong(self) -> list[Trial]:
        """Return the trials that speak against the kit."""
        return [trial for trial in self.trials if trial.wrong]

    @property
    def unshown(self) -> list[str]:
        """Return the axioms of which no mutant was tried, although there is one."""
        tried = {trial.axiom for trial in self.mutants}
        return sorted((self.axioms or {mutant.axiom for mutant in MUTANTS}) - tried)

    @property
    def by_chance(self) -> list[str]:
        """Return what came out right at the second try alone."""
        return [trial.asked.name for trial in self.trials if trial.tries > 1 and not trial.wrong]

    @property
    def never_failed(self) -> list[str]:
        """Return the cases that were put to mutants and of which none of them failed any point."""
        executed = {_case(point) for trial in self.mutants for point in trial.executed}
        return sorted(executed - {_case(point) for point in self._failed()} - {SMOKE})

    @property
    def never_failed_points(self) -> list[str]:
        """Return the points that no mutant failed, of cases that some mutant failed elsewhere."""
        executed = {point for trial in self.mutants for point in trial.executed}
        reported = {*self.never_failed, SMOKE}
        return sorted(point for point in executed - self._failed() if _case(point) not in reported)

    @property
    def unreached(self) -> list[str]:
        """Return the cases that nothing here was put to: they apply to none of our bases."""
        executed = {case for trial in self.trials for case in trial.executed}
        return sorted(_all_cases() - executed)

    def pairs(self) -> int:
        """Return how many violations there are, counted by mutant and axiom."""
        return sum(len(trial.violated) for trial in self.mutants)

    def caught(self) -> int:
        """Return how many mutants are found out for what is wrong with them."""
        return sum(trial.catch is Catch.CAUGHT for trial in self.mutants)

    def _failed(self) -> set[str]:
        return {case for trial in self.mutants for case in trial.failed}


def _case(point: str) -> str:
    """Return the case that a point of its matrix belongs to."""
    return point.partition("[")[0]


def _all_cases() -> set[str]:
    return {case.id for case in compile_edition(edition())}


def without_mutant() -> Mapping[str, str]:
    """Return the axioms without a mutant, and why."""
    same = {str(axiom.id): f"the same as {', '.join(axiom.same_as)}" for axiom in edition().axioms if axiom.same_as}
    return {**same, **NO_MUTANT}


def as_document(matrix: Matrix, *, whole: bool) -> dict[str, Any]:
    """Return the matrix as a document of plain values."""
    return {
        "format": FORMAT,
        "whole": whole,
        "edition": edition().name,
        "lock": edition().lock_digest,
        "axioms": len(edition().axioms),
        "mutants": [_row(trial) for trial in sorted(matrix.mutants, key=lambda trial: trial.asked.name)],
        "right": [
            {"name": trial.asked.name, "kind": trial.asked.kind.value, "wrong": list(trial.wrong)}
            for trial in matrix.trials
            if trial.asked.kind is not Kind.MUTANT
        ],
        "left_out": [
            {"name": asked.name, "axiom": axiom_of(asked) or "", "why": why} for asked, why in matrix.left_out.items()
        ],
        "never_failed": matrix.never_failed if whole else [],
        "never_failed_points": matrix.never_failed_points if whole else [],
        "unreached": matrix.unreached if whole else [],
        "without_mutant": dict(without_mutant()),
    }


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "name": trial.asked.name,
        "axiom": trial.axiom,
        "base": trial.base,
        "catch": trial.catch.value if trial.catch else "",
        "violated": list(trial.violated),
        "unexpected": list(trial.unexpected),
        "failed": len(trial.failed),
        "executed": len(trial.executed),
        "wrong": list(trial.wrong),
        "tries": trial.tries,
        "took_s": trial.took_s,
    }
