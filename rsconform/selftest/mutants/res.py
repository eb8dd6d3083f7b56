"""Mutants of RES: resolve()."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import EARLY, asked_once_more, loosened
from rsconform.selftest.mutant import Mutant, mutant


def resolved_first(call: op.Call) -> None:
    call.backend.resolve(call.path)


def secret_planned(call: op.Call) -> Any:
    return replace(call.proceed(), details={"url": f"flat://{call.backend._secret}"})


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("RES-010a", "can-be-changed", "flat", op.alters("resolve", loosened), reason="FrozenInstanceError"),
    mutant("RES-010b", "resolves-before-it-reads", "flat", op.before("read_bytes", resolved_first),
        reason="resolve() by another"),
    mutant("RES-020a", "spells-the-root", "flat", op.fills("resolve", key=lambda plan: plan.key or "/"), reason="key"),
    mutant("RES-020b", "looks-before-it-tells", "s3", op.before("resolve", asked_once_more), reason="total requests"),
    mutant("RES-020c", "has-a-kind-of-its-own", "flat", op.fills("resolve", kind=lambda _: "store"), reason="kind"),
    mutant("RES-025", "has-the-key-for-the-path", "flat", op.fills("resolve", native_path=lambda plan: plan.key),
        reason="native_path"),
    mutant("RES-S1", "plans-with-its-secret", "flat", op.replace("resolve", secret_planned),
        reason="no declared secret"),
    mutant("RES-S2", "plans-with-times", "flat", op.fills("resolve", details=lambda _: {"at": EARLY}), reason="JSON"),
    mutant("RES-S3", "shows-its-database", "flat",
        op.fills("resolve", details=lambda _: MappingProxyType({"database": "postgresql://host/db"})),
        reason="URL of a database"),
    mutant("RES-S3", "shows-its-query", "flat",
        op.fills("resolve", details=lambda _: MappingProxyType({"query": "SELECT data FROM blobs WHERE key = ?"})),
        reason="SQL query"),
)
# fmt: on
