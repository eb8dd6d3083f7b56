"""Every mutant and every control: rsconform's own, and those of installed packages.

A package adds its own by an entry point of the group `rsconform.selftest`. It names a module that may have any of
`MUTANTS`, `CONTROLS`, `NO_MUTANT` (axiom -> why nothing can break it) and `BASES` (name -> right backend).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType
from typing import Any, Final

from rsconform.selftest import bases, mutants
from rsconform.selftest.bases import Base
from rsconform.selftest.control import Control
from rsconform.selftest.controls import ordinary
from rsconform.selftest.mutant import Mutant

GROUP: Final = "rsconform.selftest"

_OF_NO_FAMILY: Final[Mapping[str, str]] = {
    "ASYNC-061": "untestable: it binds the contract, not a backend",
    "ASYNC-062": "untestable: it binds the contract, not a backend",
    "ASYNC-094c": "untestable: it binds the caller",
    "BE-003d": "untestable: only the backend knows whether it narrows its capabilities at run time",
    "BE-029t": "untestable: a permission",
    "CAP-001b": "untestable: only the backend knows how it moves",
    "DEPTH-003d": "untestable: a permission",
    "SIO-001f": "untestable: it permits, and nothing can break it",
    "SIO-001g": "untestable: nothing outside a backend can make its wrapping fail",
}


def _own() -> Iterator[Mutant]:
    for found in pkgutil.iter_modules(mutants.__path__, f"{mutants.__name__}."):
        yield from importlib.import_module(found.name).MUTANTS


def _installed() -> list[ModuleType]:
    return [point.load() for point in sorted(entry_points(group=GROUP), key=lambda point: point.value)]


def _of_each(name: str) -> Iterator[Any]:
    return (getattr(module, name) for module in _INSTALLED if hasattr(module, name))


_INSTALLED: Final = _installed()

BASES: Final[Mapping[str, Base]] = MappingProxyType(
    {**bases.BASES, **{name: base for table in _of_each("BASES") for name, base in table.items()}}
)
MUTANTS: Final[tuple[Mutant, ...]] = (*_own(), *(mutant for each in _of_each("MUTANTS") for mutant in each))
CONTROLS: Final[tuple[Control, ...]] = (*ordinary.CONTROLS, *(one for each in _of_each("CONTROLS") for one in each))
# Axiom -> why it has no mutant.
NO_MUTANT: Final[Mapping[str, str]] = MappingProxyType(
    {**_OF_NO_FAMILY, **{axiom: why for table in _of_each("NO_MUTANT") for axiom, why in table.items()}}
)
