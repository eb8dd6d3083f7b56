"""Mutants of BE-016 and BE-017: get_file_info() and get_folder_info()."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from remote_store import FolderInfo, InvalidPath, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import EARLY, empty_folder_info, only_top_level, stale
from rsconform.selftest.mutant import Mutant, mutant


def at_first_time(call: op.Call) -> FolderInfo:
    """Take the time of the file that is listed first for the folder's."""
    info: FolderInfo = call.proceed()
    first = next(iter(call.call_correct("list_files", call.path, recursive=True)), None)
    return replace(info, modified_at=None if first is None else first.modified_at)


def with_folders_counted(call: op.Call) -> Any:
    info = call.proceed()
    return replace(info, file_count=info.file_count + len(list(call.call_correct("list_folders", call.path))))


def counted_to_a_thousand(call: op.Call) -> Any:
    info = call.proceed()
    return replace(info, file_count=min(info.file_count, 1000))


def counted_once(call: op.Call) -> Any:
    """Count all files once, and after that only where one is written or deleted by itself."""
    totals = call.backend.__dict__.setdefault("_totals", {})
    if call.path not in totals:
        totals[call.path] = call.proceed()
    return totals[call.path]


def counts_forgotten(call: op.Call) -> Any:
    """Forget what was counted."""
    call.backend.__dict__.pop("_totals", None)
    return call.proceed()


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-016a", "is-a-byte-too-long", "flat", op.fills("get_file_info", size=lambda i: i.size + 1)),
    mutant("BE-016a", "remembers-sizes", "memory", op.replace("get_file_info", stale)),
    mutant("BE-016b", "describes-nothing", "flat", op.swallows("get_file_info", NotFound)),
    mutant("BE-016c", "does-not-find-folders", "flat", op.raises("get_file_info", NotFound, op.FOLDER)),
    mutant("BE-016d", "reports-invalid-path-below-files", "memory",
        op.raises("get_file_info", InvalidPath, op.BELOW_FILE)),
    mutant("BE-017a", "counts-folders", "flat", op.replace("get_folder_info", with_folders_counted)),
    mutant("BE-017a", "counts-one-page", "flat", op.replace("get_folder_info", counted_to_a_thousand), reason="1002"),
    mutant("BE-017b", "describes-nothing", "memory", op.replace("get_folder_info", empty_folder_info, op.MISSING)),
    mutant("BE-017c", "does-not-find-files", "flat", op.raises("get_folder_info", NotFound, op.FILE)),
    mutant("BE-017d", "counts-the-top-level", "flat", op.replace("get_folder_info", only_top_level, op.ROOT)),
    mutant("BE-017d", "counts-the-root-once", "memory",
        op.replace("get_folder_info", counted_once, op.ROOT) + op.replace("write delete copy move", counts_forgotten),
        reason="file_count"),
    mutant("BE-017e", "makes-up-times", "flat", op.fills("get_folder_info", modified_at=lambda _: EARLY)),
    mutant("BE-017e", "takes-the-first-time", "flat", op.replace("get_folder_info", at_first_time),
        reason="written last"),
)
# fmt: on
