"""Mutants of ERR: error attributes."""

from __future__ import annotations

from typing import Any, Final

from remote_store import AlreadyExists, NotFound, PermissionDenied, RemotePath, ResourceLocked

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import TO_FILE, TO_FOLDER
from rsconform.selftest.mutant import Mutant, mutant


def denied_nameless(call: op.Call) -> Any:
    try:
        return call.proceed()
    except PermissionDenied as exc:
        exc.path = None
        raise


def words_filled_in(call: op.Call) -> Any:
    """Put the name of what is missing into the words of an error before the rest is filled in."""
    try:
        return call.proceed()
    except NotFound as exc:
        said = f"there is no {call.path} in {{store}}".format(store=call.backend.name)
        raise NotFound(said, path=call.path, backend=call.backend.name) from exc


def words_filled_in_by_percent(call: op.Call) -> Any:
    try:
        return call.proceed()
    except AlreadyExists as exc:
        said = f"there is {call.path} in %s" % call.backend.name
        raise AlreadyExists(said, path=call.path, backend=call.backend.name) from exc


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # ERR: errors as values.
    mutant("ERR-001", "has-a-path-for-a-path", "flat", op.relabels("read", path=lambda c: RemotePath(c.path)),
        also="ERR-002"),
    mutant("ERR-002", "names-the-folder", "memory", op.relabels("read", path=lambda c: c.path.rpartition("/")[0])),
    mutant("ERR-002", "names-nothing", "flat", op.relabels("delete", path=lambda _: None), reason="path=None"),
    mutant("ERR-002", "says-nothing-of-what-is-locked", "flat",
        op.raises("write", ResourceLocked, op.called_with(path="c"), path=None),
        seen_in=("KIT-031/other-operations[op=read,call=write]",), reason="ResourceLocked with path=None"),
    mutant("ERR-002", "fills-in-names", "memory", op.replace("get_file_info", words_filled_in), also="BE-021a"),
    mutant("ERR-003", "names-the-source", "memory", op.relabels("copy", op.FILE & TO_FILE, path=lambda c: c.path),
        reason="path"),
    mutant("ERR-003", "fills-in-names", "flat", op.replace("write", words_filled_in_by_percent), also="BE-021a"),
    mutant("ERR-004", "does-not-say-where", "s3", op.replace(f"{op.EVERYTHING} glob read_seekable", denied_nameless),
        also="ERR-002", reason="path"),
    mutant("ERR-005b", "names-the-source", "memory", op.relabels("move", op.FILE & TO_FOLDER, path=lambda c: c.path),
        reason="path"),
    mutant("ERR-006", "names-the-member", "bare", op.relabels("write_atomic", capability=lambda _: "ATOMIC_WRITE"),
        reason="'ATOMIC_WRITE'"),
    mutant("ERR-007", "drops-backend-name-once-closed", "flat",
        op.relabels("read_bytes", op.CLOSED, backend=lambda _: None), also="BE-002b"),
    mutant("ERR-007", "drops-backend-name-when-unreachable", "s3",
        op.relabels("get_file_info", ~op.CLOSED, backend=lambda _: None), also="BE-002b", reason="backend"),
    mutant("ERR-009", "says-nothing", "flat", op.relabels("read_bytes", args=lambda _: ("")), reason="no message"),
    mutant("ERR-010", "names-the-file-inside", "memory",
        op.relabels("delete_folder", op.FOLDER, path=lambda c: f"{c.path}/f"), also="ERR-002"),
)
# fmt: on
