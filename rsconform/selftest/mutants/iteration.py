"""Mutants of ITER: iter_children()."""

from __future__ import annotations

from typing import Any, Final

from remote_store import FileInfo, FolderEntry, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import EARLY, first_page, itself_listed
from rsconform.selftest.mutant import Mutant, mutant


def without_suffixes(models: Any) -> Any:
    return (model for model in models if "." not in model.name)


def folders_as_files(entries: Any) -> Any:
    for entry in entries:
        yield FileInfo(entry.path, entry.name, 0, EARLY) if isinstance(entry, FolderEntry) else entry


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("ITER-004a", "lists-one-page", "flat", op.alters("iter_children", first_page), reason="missing"),
    mutant("ITER-004a", "has-files-for-folders", "flat", op.alters("iter_children", folders_as_files),
        reason="FolderEntry"),
    mutant("ITER-004b", "does-not-find-it", "flat", op.raises("iter_children", NotFound, op.MISSING)),
    mutant("ITER-004c", "lists-the-file-itself", "memory", op.replace("iter_children", itself_listed, op.FILE),
        reason="unexpected 'f'"),
    mutant("ITER-005", "skips-suffixes", "flat", op.alters("iter_children", without_suffixes),
        reason="lacking FileInfo 'd/g.txt'"),
)
# fmt: on
