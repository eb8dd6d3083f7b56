"""Rogues that only a sequence of operations shows."""

from __future__ import annotations

from typing import Any, Final

from rsconform_rogues.deeds import stale
from rsconform_rogues.operators import FILE, Call, asked, instead, remembers
from rsconform_rogues.row import Rogue, row


def _node(backend: Any, path: str) -> tuple[Any, str]:
    """Return the folder that holds a path in a MemoryBackend, and its name there."""
    *folders, name = path.split("/")
    node = backend._root
    for folder in folders:
        node = node.children[folder]
    return node, name


def aliased(call: Call) -> Any:
    """Copy by letting two names share one file."""
    call.proceed()
    source, name = _node(call.backend, call.path)
    target, other = _node(call.backend, str(call.arguments["dst"]))
    target.children[other] = source.children[name]


def listed_once(call: Call) -> Any:
    """Remember each listing for good."""
    known = call.backend.__dict__.setdefault("_listings", {})
    key = (call.path, call.arguments.get("recursive", False))
    if key not in known:
        known[key] = list(call.proceed())
    return iter(known[key])


def copied_instead(call: Call) -> Any:
    """Leave the source where the target was overwritten."""
    return call.rightly("copy", call.path, call.arguments["dst"], overwrite=True)


ROWS: Final[tuple[Rogue, ...]] = (
    row("SEQ-001", "copies-by-name", "memory", instead("copy", aliased), reason="read"),
    row("SEQ-001", "remembers-what-was", "memory", remembers("exists", True), reason="exists"),
    row("SEQ-001", "describes-what-was", "flat", instead("get_file_info", stale, FILE), reason="get_file_info"),
    row("SEQ-001", "lists-what-was", "flat", instead("list_files", listed_once), reason="list_files"),
    row(
        "SEQ-001",
        "moves-by-copying",
        "flat",
        instead("move", copied_instead, FILE & asked(overwrite=True)),
        reason="The sequence",
    ),
)
