"""Mutants of BE-020: close()."""

from __future__ import annotations

from typing import Any, Final

from remote_store import BackendUnavailable, InvalidPath

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import blobs
from rsconform.selftest.mutant import Mutant, mutant


def reopened(call: op.Call) -> None:
    call.backend._closed = False


def shut(call: op.Call) -> None:
    call.backend._closed = True


def released_first(call: op.Call) -> None:
    call.backend._connection.close()
    call.proceed()


def released_at_any_rate(call: op.Call) -> None:
    try:
        call.backend._connection.close()
    finally:
        call.proceed()


def unwrapped_anew(call: op.Call) -> Any:
    """Give one handle for as long as the backend is open, and open another one afterwards."""
    if call.arguments["type_hint"] is not dict:
        return call.proceed()
    handles: dict[bool, dict[str, str]] = call.backend.__dict__.setdefault("_handles", {})
    return handles.setdefault(call.backend._closed, {})


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-020a", "returns-true-from-close", "memory", op.alters("close", lambda _: True), also="KIT-004",
        reason="True"),
    mutant("BE-020b", "closes-once", "flat", op.raises("close", BackendUnavailable, op.CLOSED),
        reason="BackendUnavailable"),
    mutant("BE-020c", "reads-on", "flat",
        op.replace("read_bytes", lambda call: blobs(call)[call.path].data, op.CLOSED)),
    mutant("BE-020c", "opens-again", "flat", op.before("write", reopened, op.CLOSED)),
    mutant("BE-020c", "checks-its-health-on", "flat", op.before("check_health", reopened, op.CLOSED),
        reason="check_health"),
    mutant("BE-020c", "opens-another-handle", "flat", op.replace("unwrap", unwrapped_anew), reason="made anew"),
    mutant("BE-020d", "stays-closed", "memory",
        op.after("close", shut) + op.raises("write", BackendUnavailable, op.CLOSED)),
    mutant("BE-020d", "ends-its-workers-for-good", "memory",
        op.after("close", shut) + op.raises("copy", BackendUnavailable, op.CLOSED), reason="copy"),
    mutant("BE-020d", "loses-its-staging-area", "memory",
        op.after("close", shut) + op.raises("write_atomic open_atomic", BackendUnavailable, op.CLOSED),
        reason="write_atomic"),
    mutant("BE-020d", "lists-nothing-more", "memory",
        op.after("close", shut) + op.returns("iter_children", (), op.CLOSED), reason="iter_children"),
    mutant("BE-020e", "looks-for-the-root-first", "flat", op.raises(op.FILE_OPS, InvalidPath, op.CLOSED & op.ROOT)),
    mutant("BE-020f", "looks-for-the-root-first", "flat", op.raises("write", InvalidPath, op.CLOSED & op.ROOT)),
    mutant("BE-020g", "answers-for-the-root-once-closed", "flat",
        op.returns("exists is_folder", True, op.CLOSED & op.ROOT)),
    mutant("BE-020h", "lists-nothing", "flat", op.returns(op.LISTINGS, (), op.CLOSED & op.ROOT)),
    mutant("BE-020h", "globs-nothing", "flat", op.returns("glob", (), op.CLOSED)),
    mutant("BE-020i", "forgets-addresses", "flat", op.raises("native_path", BackendUnavailable, op.CLOSED)),
    mutant("BE-020j", "has-a-number-for-a-posture", "memory", op.override(close_is_terminal=0)),
    mutant("BE-020k", "releases-first", "flat", op.replace("close", released_first), reason="raised in close()"),
    mutant("BE-020k", "waits-first", "flat", op.replace("close", released_at_any_rate), reason="blocked in close()"),
)
# fmt: on
