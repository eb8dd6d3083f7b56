"""Mutants of MOD: models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import EARLY, loosened
from rsconform.selftest.mutant import Mutant, mutant


def each_loosened(models: Any) -> Any:
    return map(loosened, models)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("MOD-001", "can-be-changed", "flat", op.alters("get_file_info", loosened), reason="FrozenInstanceError"),
    mutant("MOD-001", "can-be-changed-in-listings", "memory", op.alters("list_files", each_loosened),
        reason="FrozenInstanceError"),
    mutant("MOD-002a", "has-text-for-paths", "flat", op.fills_each("list_files", path=lambda i: str(i.path))),
    mutant("MOD-002a", "has-fractions-of-bytes", "memory", op.fills_each("list_files", size=lambda i: float(i.size))),
    mutant("MOD-002b", "invents-times-to-the-second", "flat",
        op.fills("get_file_info", modified_at=lambda _: datetime.now(UTC).replace(microsecond=0)),
        reason="a second later"),
    mutant("MOD-002b", "has-naive-times", "flat",
        op.fills_each("list_files", modified_at=lambda i: i.modified_at.replace(tzinfo=None))),
    mutant("MOD-002b", "invents-times", "flat",
        op.fills("get_file_info", modified_at=lambda _: datetime.now(UTC))),
    mutant("MOD-002b", "keeps-the-first-time", "flat",
        op.fills("get_file_info", modified_at=lambda i: i.modified_at if "b" in i.name else EARLY), reason="ge"),
    mutant("MOD-002c", "has-local-times", "flat",
        op.fills("get_file_info", modified_at=lambda i: i.modified_at.astimezone().replace(tzinfo=UTC)),
        reason="345 minutes ahead"),
    mutant("MOD-003", "has-a-number-for-an-etag", "flat", op.fills("get_file_info", etag=lambda _: 7), reason="etag"),
    mutant("MOD-003", "has-no-extra", "memory", op.fills_each("list_files", extra=lambda _: None), reason="extra"),
    mutant("MOD-003", "has-pairs-for-metadata", "flat", op.fills("get_file_info", metadata=lambda _: (("owner", "me"))),
        reason="metadata"),
    mutant("MOD-004", "has-text-for-paths", "memory", op.fills("get_folder_info", path=lambda i: str(i.path))),
    mutant("MOD-004", "can-be-changed", "flat", op.alters("get_folder_info", loosened), reason="FrozenInstanceError"),
    mutant("MOD-005", "has-text-for-times", "flat", op.fills("get_folder_info", modified_at=lambda _: "today"),
        reason="modified_at"),
    mutant("MOD-006", "has-text-for-paths", "flat", op.fills_each("list_folders", path=lambda i: str(i.path))),
    mutant("MOD-006", "can-be-changed", "memory", op.alters("list_folders", each_loosened),
        reason="FrozenInstanceError"),
    mutant("MOD-008", "has-paths-for-names", "flat", op.fills_each("list_folders", name=lambda e: str(e.path)),
        reason="name"),
)
# fmt: on
