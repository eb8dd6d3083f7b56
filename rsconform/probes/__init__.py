"""Checks that a table of steps cannot state: one package a topic.

A probe is a function that takes a `ProbeContext` and the arguments of its case. It returns if the subject did what the
axiom demands and calls `context.fail` if not. Whatever else it raises is a fault of the probe, not of the subject: so
every call of the subject goes through `context.call`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from remote_store import Backend, ResourceLocked

from rsconform.cases.case import SkipReason
from rsconform.cases.content import parse_content, parse_size
from rsconform.lanes.async_facade import class_of
from rsconform.lanes.lane import Subject
from rsconform.run.case.outcomes import Failed, Refused, Skipped
from rsconform.run.records import Breach, Profile
from rsconform.spec.probes import Stresses, facts_of

__all__ = [
    "Probe",
    "ProbeContext",
    "class_of",
    "find_probe",
    "parse_content",
    "parse_size",
    "probe",
]

Probe = Callable[..., None]


@dataclass(slots=True)
class ProbeContext:
    """What a probe has at hand.

    Attributes:
        seed: Of what is random, as the run was given it.
        profile: How deep to look.
        load_factor: How many times longer things take while this machine is busy; at least 1.
        traits: What the lane declares, with the defaults of what it does not.
        lane: What `--backend` names.
        corpus: A folder to keep what was found in, and to take it from; None to keep nothing.
        earlier: What an attempt before this one at the same case left to be looked at again.
        content: The bytes of each file in the case's `given`, by path.
        breaches: What the probe found about other axioms than its own.
    """

    subject: Subject
    backend: Backend
    content: Mapping[str, bytes] = field(default_factory=dict)
    seed: int = 0
    profile: Profile = Profile.QUICK
    load_factor: float = 1.0
    traits: Mapping[str, object] = field(default_factory=dict)
    lane: str = ""
    corpus: Path | None = None
    earlier: dict[str, object] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    answer_s: float | None = None  # How long an operation takes alone, once that was measured.
    changed: bool = False  # A change by `change` went well.
    touched: set[str] = field(default_factory=set)  # Paths that the probe may have written, for the cleanup.

    @property
    def knows_sizes(self) -> bool:
        """Return whether what the store says of sizes is to be believed at any time."""
        return self.traits.get("sizes_known") is not False

    @property
    def largest_file(self) -> int | None:
        """Return how many bytes the store holds at most in one file, if the lane says so."""
        largest = self.traits.get("largest_file")
        return None if largest is None else parse_size(str(largest))

    def fitting(self, size: int) -> int:
        """Return a size, or that of the largest file that the store holds if it is less."""
        return size if self.largest_file is None else min(size, self.largest_file)

    def call(self, what: str, operation: Callable[..., Any], *args: object, **options: object) -> Any:
        """Return what an operation of the subject gives; what it raises fails the case."""
        try:
            return operation(*args, **options)
        except Exception as exc:
            self.fail(f"{what} to return", f"it raised {type(exc).__name__}: {exc}")

    def change(self, what: str, operation: Callable[..., Any], *args: object, **options: object) -> Any:
        """Return what a change gives that meets a reader, a listing or a rival.

        A store that locks what is in use may refuse it with ResourceLocked (ERR-013): that ends the case, and the store
        has to be as it was before. Another error fails the case.
        """
        try:
            value = operation(*args, **options)
        except ResourceLocked as exc:
            raise Refused(what, exc, first=not self.changed) from exc
        except Exception as exc:
            self.fail(f"{what} to return", f"it raised {type(exc).__name__}: {exc}")
        self.changed = True
        return value

    def skip(self, what: str) -> NoReturn:
        """End the case as not applicable: it would need `what`."""
        raise Skipped(SkipReason.SURFACE, what)

    def skip_without(self, affordance: str) -> NoReturn:
        """End the case as not exercised, for want of an affordance that not every subject needs here."""
        raise Skipped(SkipReason.AFFORDANCE, affordance)

    def fail(
        self, expected: str, observed: str, *, steps: Sequence[str] = (), ways: Sequence[tuple[str, str]] = ()
    ) -> NoReturn:
        """End the case as failed.

        Args:
            steps: What was done, the last of which went wrong; else the probe is shown.
            ways: Other ways to see it, what each is and its text.
        """
        raise Failed(expected, observed, steps=steps, ways=ways)


def probe(
    name: str | None = None,
    *,
    surface: str | None = None,
    stresses: Stresses | None = None,
    processes: bool = False,
    threads: bool = False,
) -> Callable[[Probe], Probe]:
    """Declare a function to be a probe. Its parameters after the context are what a case may give in `args`.

    What is declared is read from the source, without importing it, so every value has to be a literal.

    Args:
        name: `topic.name` of one of rsconform's own. Any other is named by its place: `package.module:function`.
        surface: "sync" or "async": the only kind of backend that it can be put to.
        stresses: What a case with it exercises.
        processes: It starts processes, whose start does not count against the backend.
        threads: It waits for another thread.
    """
    return lambda function: function


def find_probe(name: str) -> Probe:
    """Return the function of a probe, importing its module.

    Raises:
        UnknownProbeError: There is none of that name.
    """
    facts = facts_of(name)
    function: Probe = getattr(importlib.import_module(facts.module), facts.function)
    return function
