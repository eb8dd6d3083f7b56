"""Mutants of DEPTH: listings of bounded depth."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import first_page
from rsconform.selftest.mutant import Mutant, mutant


def a_level_less(call: op.Call) -> Any:
    depth = call.arguments["max_depth"]
    return call.proceed(max_depth=depth - 1 if depth else depth)


def counted_from_the_top(call: op.Call) -> Any:
    depth = call.arguments["max_depth"]
    return call.proceed(max_depth=depth and max(0, depth - len(call.path.split("/")) + 1))


def by_depth(call: op.Call) -> Any:
    return call.proceed(recursive=bool(call.arguments["max_depth"]))


BOUNDED: Final = op.When(lambda call, _: call.arguments["recursive"] and call.arguments["max_depth"] is not None)
UNBOUNDED: Final = op.When(lambda call, _: call.arguments["recursive"] and call.arguments["max_depth"] is None)
BOUND_ALONE: Final = op.When(
    lambda call, _: not call.arguments["recursive"] and call.arguments["max_depth"] is not None
)


def from_folded_names(call: op.Call) -> Iterator[Any]:
    """List in pages of a thousand, each of what comes after the last name of the one before, in whatever case."""
    entries = sorted(call.proceed(), key=lambda entry: str(entry.path))
    last = ""
    while page := list(islice((one for one in entries if str(one.path).lower() > last), 1000)):
        yield from page
        last = str(page[-1].path).lower()


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("DEPTH-003a", "stops-a-level-early", "flat", op.replace("list_files", a_level_less, BOUNDED),
        reason="missing"),
    mutant("DEPTH-003a", "ignores-the-bound", "memory", op.passes("list_files", BOUNDED, max_depth=None),
        reason="unexpected"),
    mutant("DEPTH-003a", "counts-from-the-root", "flat", op.replace("list_files", counted_from_the_top, BOUNDED),
        reason="missing"),
    mutant("DEPTH-003a", "goes-on-from-folded-names", "flat", op.replace("list_files", from_folded_names),
        reason="once"),
    mutant("DEPTH-003b", "goes-by-depth-alone", "flat", op.replace("list_files", by_depth, BOUND_ALONE),
        reason="unexpected"),
    mutant("DEPTH-003c", "takes-none-for-nought", "memory", op.passes("list_files", UNBOUNDED, max_depth=0),
        also="BE-014b"),
    mutant("DEPTH-003c", "lists-one-page", "flat", op.alters("list_files", first_page), reason="missing"),
)
# fmt: on
