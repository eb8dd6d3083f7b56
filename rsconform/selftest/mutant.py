"""One mutant: the axiom that it violates, the right backend that it is made from, and its problem."""

from __future__ import annotations

from dataclasses import dataclass

from rsconform.selftest.operators import Mutation


@dataclass(frozen=True, slots=True)
class Mutant:
    """A backend with one known problem.

    Args:
        axiom: The axiom that it violates.
        name: What it does, in a few words.
        base: The right backend that it is made from, a key of `BASES`.
        also: Axioms that it may violate besides.
        reason: A part of what the failure must say.
        seen_in: Cases of other axioms that show it, for an invariant that the canonical cases do not reach.
        limit_s: How long one operation may take.
    """

    axiom: str
    name: str
    base: str
    mutation: Mutation
    also: frozenset[str]
    reason: str
    seen_in: tuple[str, ...]
    limit_s: float

    @property
    def id(self) -> str:
        """Return the axiom and the name, which no other mutant has."""
        return f"{self.axiom}-{self.name}"


def mutant(
    axiom: str,
    name: str,
    base: str,
    mutation: Mutation,
    *,
    also: str = "",
    reason: str = "",
    seen_in: tuple[str, ...] = (),
    limit_s: float = 5.0,
) -> Mutant:
    """Return a mutant."""
    return Mutant(axiom, name, base, mutation, frozenset(also.split()), reason, seen_in, limit_s)
