"""Mutants of WIRE: requests and broken connections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from remote_store import BackendUnavailable, PermissionDenied

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import ending_at
from rsconform.selftest.mutant import Mutant, mutant


def giving_what_came(call: op.Call) -> bytes:
    content = b""
    with call.call_correct("read", call.path) as stream:
        try:
            while piece := stream.read(8192):
                content += piece
        except BackendUnavailable:
            return content
    return content


def never_forgiving(call: op.Call) -> Any:
    if "_trouble" in call.backend.__dict__:
        raise BackendUnavailable("wrong", path=call.path, backend=call.backend.name)
    try:
        return call.proceed()
    except BackendUnavailable:
        call.backend._trouble = True
        raise


def listing_from_memory(call: op.Call) -> Iterator[Any]:
    kept: dict[str, list[Any]] = call.backend.__dict__.setdefault("_kept", {})
    if call.path not in kept:
        kept[call.path] = []
        kept[call.path] += call.proceed()
    yield from kept[call.path]


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("WIRE-001", "returns-truncated-content", "s3", op.replace("read_bytes", giving_what_came, ~op.ROOT),
        reason="bytes"),
    mutant("WIRE-002", "lists-what-it-can-read", "s3", op.alters(f"{op.LISTINGS} glob", ending_at(BackendUnavailable)),
        reason="returned []"),
    mutant("WIRE-003", "writes-and-hopes", "s3", op.swallows("write write_atomic", BackendUnavailable),
        also="WR-001a.1", reason="write returned"),
    mutant("WIRE-004", "stays-failed", "s3", op.replace("exists read_bytes", never_forgiving),
        reason="raised BackendUnavailable"),
    mutant("WIRE-004", "remembers-an-empty-folder", "s3",
        op.replace("list_files", listing_from_memory, op.called_with(recursive=False)), reason="missing"),
    mutant("WIRE-005", "deletes-what-it-may", "s3", op.swallows("delete_folder", PermissionDenied),
        reason="delete_folder returned"),
    mutant("WIRE-006", "returns-false-for-unreadable-responses", "s3",
        op.swallows("is_folder", BackendUnavailable, value=False), reason="returned False"),
)
# fmt: on
