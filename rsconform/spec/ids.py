"""The grammar of axiom IDs: `FAMILY(-PART)*-[A-Z]?digits[letters][.digits]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from rsconform.spec.axiom import AxiomId

if TYPE_CHECKING:
    from collections.abc import Container

_FAMILY: Final = r"[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)*"
_FAMILY_ID: Final = re.compile(_FAMILY)
_AXIOM_ID: Final = re.compile(rf"(?P<plain>{_FAMILY}-[A-Z]?[0-9]+)(?P<letters>[a-z]*)(?P<number>\.[0-9]+)?")

GRAMMAR: Final = "FAMILY-PART-001, then letters for an axiom of a group (BE-008e), or .1 if the letters are taken"


def is_family_id(text: str) -> bool:
    """Return whether a text can name a family."""
    return _FAMILY_ID.fullmatch(text) is not None


def is_axiom_id(text: str) -> bool:
    """Return whether a text has the grammar of an axiom ID; the axiom need not exist."""
    return _AXIOM_ID.fullmatch(text) is not None


def base_of(axiom: str) -> AxiomId | None:
    """Return the ID of the group that an axiom would belong to: `BE-008` for `BE-008e`, `WR-001a` for `WR-001a.2`."""
    match = _AXIOM_ID.fullmatch(axiom)
    if match is None or not (match["letters"] or match["number"]):
        return None
    return AxiomId(match["plain"] + match["letters"] if match["number"] else match["plain"])


def group_of(axiom: str, groups: Container[str]) -> AxiomId | None:
    """Return the group that an axiom belongs to, or None.

    An ID with letters need not belong to a group: the contract has some of its own (`GR-036a` beside `GR-036`).
    """
    base = base_of(axiom)
    return base if base is not None and base in groups else None


def sort_key(axiom: str) -> tuple[object, ...]:
    """Return by what IDs are sorted: `BE-008b` before `BE-008aa`, and that before `BE-009`."""
    match = _AXIOM_ID.fullmatch(axiom)
    if match is None:
        return (axiom,)
    return (match["plain"], len(match["letters"]), match["letters"], int((match["number"] or ".0")[1:]))
