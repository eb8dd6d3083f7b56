"""Mutants of BE-001 to BE-003: type, name, capabilities."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Final

from remote_store import Capability, CapabilitySet
from remote_store.backends import MemoryBackend

from rsconform.selftest import operators as op
from rsconform.selftest.mutant import Mutant, mutant
from rsconform.selftest.stores.flat import FlatBackend


class LookAlike:
    """Answers as a CapabilitySet does and is none."""

    def __init__(self, capabilities: CapabilitySet) -> None:
        self.supports = capabilities.supports
        self._names = list(capabilities)

    def __iter__(self) -> Iterator[Capability]:
        return iter(self._names)


class FailsWhenMade(MemoryBackend):
    """Cannot be made."""

    def __init__(self) -> None:
        raise RuntimeError("no backend today")


def open_again(cls: type, name: str) -> op.Mutation:
    """Mark a method as abstract again."""

    def still_open(self: Any, *args: Any, **options: Any) -> Any:
        return getattr(cls, name)(self, *args, **options)

    return op.override(**{name: abstractmethod(still_open)})


def copy_by_other_names(self: Any, source: str, target: str, *, overwrite: bool = False) -> None:
    MemoryBackend.copy(self, source, target, overwrite=overwrite)


def copy_overwriting(self: Any, src: str, dst: str, *, overwrite: bool = True) -> None:
    MemoryBackend.copy(self, src, dst, overwrite=overwrite)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-001a", "is-made-with-an-error", "memory", op.constructs(FailsWhenMade),
        reason="the constructor raised RuntimeError"),
    mutant("BE-001a", "is-no-backend", "memory", op.constructs(dict), reason="a Backend or an AsyncBackend"),
    mutant("BE-001b", "leaves-a-method-open", "memory", open_again(MemoryBackend, "list_folders"),
        reason="list_folders"),
    mutant("BE-001c", "renames-parameters", "memory", op.override(copy=copy_by_other_names),
        reason="no parameter 'src'"),
    mutant("BE-001c", "has-another-default", "memory", op.override(copy=copy_overwriting), reason="the default True"),
    mutant("BE-002a", "has-a-blank-name", "flat", op.override(name=""), also="BE-002b"),
    mutant("BE-002a", "has-no-name", "flat", op.override(name=None), also="BE-002b", reason="type str"),
    mutant("BE-002b", "drops-backend-name", "flat", op.relabels(op.EVERYTHING, backend=lambda _: None),
        reason="backend=None"),
    mutant("BE-002b", "names-another-on-errors", "memory", op.relabels(op.FILE_OPS, backend=lambda _: "Memory")),
    mutant("BE-003a", "declares-a-plain-set", "flat", op.override(CAPABILITIES=frozenset(FlatBackend.CAPABILITIES))),
    mutant("BE-003a", "declares-nothing", "memory", op.override(CAPABILITIES=CapabilitySet(set()))),
    mutant("BE-003b", "has-a-look-alike", "flat",
        op.override(capabilities=property(lambda self: LookAlike(self._capabilities)))),
    mutant("BE-003c", "has-more-than-its-class", "flat", op.override(capabilities=CapabilitySet(set(Capability))),
        reason="ATOMIC_MOVE"),
)
# fmt: on
