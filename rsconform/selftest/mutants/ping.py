"""Mutants of PING: check_health()."""

from __future__ import annotations

from typing import Final

from remote_store import BackendUnavailable, NotFound, PermissionDenied

from rsconform.selftest import operators as op
from rsconform.selftest.mutant import Mutant, mutant


def health_file(call: op.Call) -> None:
    call.call_correct("write", "health", b"ok", overwrite=True)


def asked_three_times(call: op.Call) -> None:
    for _ in range(3):
        call.call_correct("is_file", "health")


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("PING-002a", "returns-true-when-healthy", "flat", op.alters("check_health", lambda _: True), also="KIT-004",
        reason="True"),
    mutant("PING-002b", "leaves-a-file", "flat", op.after("check_health", health_file), also="KIT-003",
        reason="health"),
    mutant("PING-002c", "sends-three-requests", "s3", op.before("check_health", asked_three_times), reason="requests"),
    mutant("PING-009a", "reports-unavailable", "s3",
        op.raises_instead("check_health", PermissionDenied, BackendUnavailable), reason="BackendUnavailable"),
    mutant("PING-009a", "swallows-unavailable", "s3", op.swallows("check_health", PermissionDenied),
        reason="it returned"),
    mutant("PING-009b", "sees-nothing-missing", "s3", op.returns("check_health", None), reason="it returned"),
    mutant("PING-009b", "cannot-be-reached", "local", op.raises_instead("check_health", NotFound, BackendUnavailable),
        reason="BackendUnavailable"),
    mutant("PING-009c", "swallows-unavailable", "s3", op.swallows("check_health", BackendUnavailable),
        reason="it returned"),
    mutant("PING-009c", "reports-denied", "s3",
        op.raises_instead("check_health", BackendUnavailable, PermissionDenied), reason="PermissionDenied"),
)
# fmt: on
