"""Facts about a lane that cases depend on: traits, affordances, and the invariants that stand on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Trait:
    """A fact a lane may declare. `default` is what holds where it is not declared; None is unknown."""

    values: tuple[object, ...] | None  # None: a size literal, or a regular expression.
    default: object = None
    of_class: bool = False  # The backend's class says it itself, so no lane declares it.
    pattern: bool = False  # A regular expression.


_BOOL: Final = (True, False)

TRAITS: Final[Mapping[str, Trait]] = {
    "flat_namespace": Trait(_BOOL),
    # The clause on self-moves has no exemption, so only a lane that says so is excused.
    "self_op_supported": Trait(_BOOL, default=True),
    "rejects_write_under_file_ancestor": Trait(_BOOL),
    # False where the server cannot refuse to copy onto a file that came after the backend looked.
    "exclusive_copies": Trait(_BOOL, default=True),
    "concurrency": Trait(("thread_safe", "single_connection"), default="thread_safe"),
    "transport": Trait(("none", "fs", "http", "ssh", "sql")),
    # Large enough for every copy buffer and spool known, small enough to be cheap in memory.
    "large_write": Trait(None, default="1MiB+1"),
    "range_reader": Trait(_BOOL, default=False),
    # The most that the store holds of each, in bytes; what is not declared has no bound.
    "largest_file": Trait(None),
    "longest_path": Trait(None),
    "largest_metadata": Trait(None),
    # What the path of each file matches as a whole, where the store takes only some names.
    "names": Trait(None, pattern=True),
    "sizes_known": Trait(_BOOL, default=True),
    "close_is_terminal": Trait(_BOOL, of_class=True),
}

# A declared fact that settles another one: writing below a file is refused wherever folders are real (BE-008g).
IMPLIED_TRAITS: Final = ((("flat_namespace", False), ("rejects_write_under_file_ancestor", True)),)

# What a lane fixture may offer besides the backend -> what it is.
AFFORDANCES: Final[Mapping[str, str]] = {
    "seed": "puts files into the store past the backend",
    "audit": "shows the store past the backend",
    "peer": "makes a second client of the same store",
    "container": "removes and makes the bucket or root folder",
    "requests": "counts the requests to an HTTP server",
    "wire": "a proxy before an HTTP server; a store without HTTP cannot have it",
    "deny": "takes access away",
    "variants": "makes the backend with other options",
    "other_process": "makes the backend in another process",
}


@dataclass(frozen=True, slots=True)
class Invariant:
    """What an always-on invariant stands on."""

    needs: tuple[str, ...] = ()  # Affordances.
    traits: Mapping[str, object] = field(default_factory=dict)


# Checkers of the always-on invariants: the `invariant` key of an axiom names one.
INVARIANTS: Final[Mapping[str, Invariant]] = {
    "only-our-errors": Invariant(),
    "error-names-backend": Invariant(),
    "error-names-path": Invariant(),
    "error-attributes": Invariant(),
    "failure-changes-nothing": Invariant(("audit",)),
    "failure-leaves-no-folders": Invariant(("audit",), {"flat_namespace": False}),
    "touches-only-its-paths": Invariant(("audit",)),
    "file-info-types": Invariant(),
    "file-info-options": Invariant(),
    "aware-times": Invariant(),
    "folder-info-types": Invariant(),
    "folder-info-options": Invariant(),
    "folder-entry-types": Invariant(),
    "write-result-types": Invariant(),
    "plain-answers": Invariant(),
    "arguments-untouched": Invariant(),
    "keeps-secrets": Invariant(),
    "ends-in-time": Invariant(),
    "requests-bounded": Invariant(("requests",), {"transport": "http"}),
}
