"""Where the shipped data lies, in a wheel or in a checkout: axioms, schemas, the page for authors and its example."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


class MissingDataError(Exception):
    """The installation lacks a folder of shipped data."""

    def __init__(self, kind: str, looked_in: tuple[str, ...]) -> None:
        self.kind = kind
        self.looked_in = looked_in
        super().__init__(f"no {kind} folder in {' or '.join(looked_in)}. Reinstall rsconform.")


def shipped(kind: Literal["specs", "reports", "docs", "examples"]) -> Traversable:
    """Return the directory of shipped data of one kind, in a wheel or a checkout.

    Raises:
        MissingDataError: Neither place has it.
    """
    # The packaged copy is tried first: beside an installed wheel the sibling folder is
    # site-packages, where an unrelated distribution of that name may live.
    packaged = files("rsconform").joinpath("_data", kind)
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).resolve().parents[1] / kind
    if checkout.is_dir():
        return checkout
    raise MissingDataError(kind, looked_in=(str(packaged), str(checkout)))
