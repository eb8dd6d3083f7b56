"""One rogue: what it violates, what it is apart from that, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from rsconform_rogues.operators import Wrong


@dataclass(frozen=True, slots=True)
class Rogue:
    """A backend that is wrong in one known way.

    Args:
        axiom: What it violates.
        manner: What it does, said aloud.
        base: What it is apart from that.
        also: What it may violate besides.
        reason: What the failure must say.
        seen_in: Cases of other axioms that show it, for an invariant that the canonical cases do not reach.
        limit_s: How long one operation may take.
    """

    axiom: str
    manner: str
    base: str
    wrong: Wrong
    also: frozenset[str]
    reason: str
    seen_in: tuple[str, ...]
    limit_s: float

    @property
    def name(self) -> str:
        """Return the rogue's name: the axiom and the manner."""
        return f"{self.axiom}-{self.manner}"


def row(
    axiom: str,
    manner: str,
    base: str,
    wrong: Wrong,
    *,
    also: str = "",
    reason: str = "",
    seen_in: tuple[str, ...] = (),
    limit_s: float = 5.0,
) -> Rogue:
    """Return a rogue."""
    return Rogue(axiom, manner, base, wrong, frozenset(also.split()), reason, seen_in, limit_s)
