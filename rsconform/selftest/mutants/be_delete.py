"""Mutants of BE-012 and BE-013: delete() and delete_folder()."""

from __future__ import annotations

from itertools import islice
from typing import Final

from remote_store import InvalidPath, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import GONE, below_pattern, path_like, replaced_folder
from rsconform.selftest.mutant import Mutant, mutant


def immediate_only(call: op.Call) -> None:
    path_like(lambda key, path: key.startswith(f"{path}/") and "/" not in key[len(path) + 1 :])(call)


def first_hundred(call: op.Call) -> None:
    for info in list(islice(call.call_correct("list_files", call.path, recursive=True), 100)):
        call.call_correct("delete", str(info.path))


def mark_ghost(call: op.Call) -> None:
    call.backend.__dict__.setdefault("_ghosts", set()).add(call.path.rpartition("/")[0])


GHOST: Final = op.When(lambda call, path: path in call.backend.__dict__.get("_ghosts", ()))


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-012a", "deletes-by-prefix", "flat", op.after("delete", path_like(str.startswith)), also="KIT-003"),
    mutant("BE-012a", "keeps-empty-files", "memory", op.returns("delete", None, op.EMPTY_FILE), reason="d/a"),
    mutant("BE-012b", "accepts-a-missing-path", "flat", op.swallows("delete", NotFound), also="BE-021d"),
    mutant("BE-012c", "ignores-missing-ok", "memory", op.passes("delete", missing_ok=False), reason="NotFound"),
    mutant("BE-012d", "does-not-find-folders", "flat",
        op.raises("delete", NotFound, op.FOLDER & op.called_with(missing_ok=False))),
    mutant("BE-012d", "deletes-folders", "memory", op.before("delete", replaced_folder, op.FOLDER),
        also="KIT-001 KIT-003", reason="NotFound"),
    mutant("BE-012e", "excuses-folders", "flat",
        op.returns("delete", None, op.FOLDER & op.called_with(missing_ok=True))),
    mutant("BE-012f", "reports-invalid-path-below-files", "memory", op.raises("delete", InvalidPath, op.BELOW_FILE)),
    mutant("BE-012g", "finds-no-container", "local",
        op.raises("delete", NotFound, GONE & op.called_with(missing_ok=True)), reason="NotFound"),
    mutant("BE-012g", "accepts-a-missing-container", "local", op.returns("delete", None, GONE), reason="returned"),
    mutant("BE-013a", "keeps-empty-folders", "memory", op.returns("delete_folder", None, op.FOLDER & op.BARREN),
        reason="folders"),
    mutant("BE-013b", "deletes-the-first-hundred", "flat",
        op.replace("delete_folder", first_hundred, op.FOLDER & op.HAS_FILES)),
    mutant("BE-013b", "deletes-one-level", "flat", op.replace("delete_folder", immediate_only, op.FOLDER)),
    mutant("BE-013c", "accepts-a-missing-path", "flat", op.swallows("delete_folder", NotFound)),
    mutant("BE-013d", "ignores-missing-ok", "flat", op.passes("delete_folder", missing_ok=False)),
    mutant("BE-013e", "excuses-files", "flat",
        op.returns("delete_folder", None, op.FILE & op.called_with(missing_ok=True))),
    mutant("BE-013e", "deletes-files", "flat", op.replace("delete_folder", path_like(str.__eq__), op.FILE)),
    mutant("BE-013f", "is-always-recursive", "memory", op.passes("delete_folder", recursive=True),
        reason="DirectoryNotEmpty"),
    mutant("BE-013f", "looks-one-level-deep", "memory",
        op.passes("delete_folder", op.FOLDER & ~op.HAS_FILES, recursive=True)),
    mutant("BE-013g", "deletes-by-prefix", "flat", op.after("delete_folder", path_like(str.startswith)),
        also="KIT-003"),
    mutant("BE-013g", "takes-patterns", "flat", op.after("delete_folder", path_like(below_pattern)), also="KIT-003"),
    mutant("BE-013g", "takes-the-file-of-that-name-along", "flat", op.after("delete_folder", path_like(str.__eq__))),
    mutant("BE-013h", "finds-no-container", "local",
        op.raises("delete_folder", NotFound, GONE & op.called_with(missing_ok=True)), reason="NotFound"),
    mutant("BE-013i", "takes-folders-for-nothing", "memory",
        op.passes("delete_folder", op.FOLDER & ~op.HAS_FILES, recursive=True)),
    mutant("BE-013k", "remembers-folders", "flat",
        op.after("delete", mark_ghost) + op.returns("is_folder", True, GHOST)),
)
# fmt: on
