"""What a control is: a backend that is changed and right, and that the kit must not accuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from remote_store import Capability

from rsconform.cases.case import Case
from rsconform.selftest.bases import BASES, Base, flat
from rsconform.selftest.harness import share_of
from rsconform.selftest.operators import Mutation
from rsconform.selftest.stores.flat import FlatBackend, FlatLane

__all__ = ["Case", "Control", "control", "lacking", "only"]


@dataclass(frozen=True, slots=True)
class Control:
    """A right backend.

    Args:
        name: What it does, said aloud.
        base: What it is apart from that.
        change: How it differs.
        almost_violates: Invariants that it comes close to.
        fresh_store: Without a lane file it needs the promise of a new store per call.
        axioms: What it is put to, as patterns of IDs, each axiom at every point; nothing is a share of all cases.
    """

    name: str
    base: Base
    change: Mutation
    almost_violates: frozenset[str]
    fresh_store: bool
    axioms: frozenset[str] = frozenset()

    def is_put_to(self) -> Callable[[Case], bool]:
        """Return which cases the control is put to."""
        if not self.axioms:
            return share_of(self.name)
        return lambda case: any(fnmatchcase(case.axiom.id, pattern) for pattern in self.axioms)


def control(
    name: str,
    base: str | Base,
    change: Mutation | None = None,
    *,
    almost_violates: str = "",
    fresh_store: bool = False,
    axioms: str = "",
) -> Control:
    """Return a control."""
    over = BASES[base] if isinstance(base, str) else base
    return Control(
        name, over, change or Mutation(), frozenset(almost_violates.split()), fresh_store, frozenset(axioms.split())
    )


def only(*capabilities: Capability) -> Base:
    """Return the flat lane with these capabilities alone."""
    return lacking(*(one for one in FlatBackend.CAPABILITIES if one not in capabilities))


def lacking(*capabilities: Capability) -> Base:
    """Return the flat lane without these capabilities."""
    return flat(FlatLane(without=capabilities))
