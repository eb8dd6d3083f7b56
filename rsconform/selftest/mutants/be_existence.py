"""Mutants of BE-004 and BE-005: exists(), is_file(), is_folder()."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from remote_store import InvalidPath, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import below_pattern, blobs
from rsconform.selftest.mutant import Mutant, mutant


def any_like(chosen: Callable[[str, str], object]) -> Callable[[op.Call], bool]:
    """Return the behaviour of answering whether a test on key and path chooses any key."""
    return lambda call: any(chosen(key, call.path) for key in blobs(call))


ALIKE: Final = op.When(lambda call, path: any(key.startswith(path) for key in blobs(call)))


def exists_at_once(self: Any, path: str) -> bool:
    """Answer without being awaited."""
    return False


def by_the_next_key(call: op.Call) -> bool:
    """Look at nothing but the first key that begins as the path does."""
    key = next((key for key in sorted(blobs(call)) if key.startswith(call.path)), "")
    return key.startswith(f"{call.path}/")


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-004a", "answers-without-await", "async", op.override(exists=exists_at_once),
        also="BE-004b BE-021a BE-012a KIT-004", reason="TypeError"),
    mutant("BE-004a", "sees-what-is-not-there", "memory", op.returns("exists", True, op.MISSING)),
    mutant("BE-004a", "matches-prefixes", "flat", op.returns("exists", True, ALIKE), reason="True"),
    mutant("BE-004a", "raises-for-missing-paths", "memory", op.raises("exists", NotFound, op.MISSING),
        reason="NotFound"),
    mutant("BE-004b", "overlooks-empty-files", "memory", op.returns("exists", False, op.EMPTY_FILE)),
    mutant("BE-004c", "overlooks-folders", "flat", op.returns("exists", False, op.FOLDER)),
    mutant("BE-004c", "looks-at-the-next-key", "flat", op.replace("exists", by_the_next_key, op.FOLDER & ~op.ROOT)),
    mutant("BE-004d", "remembers-what-was", "memory", op.remembers("exists", True)),
    mutant("BE-004e", "raises-below-files", "memory", op.raises("exists", InvalidPath, op.BELOW_FILE),
        reason="InvalidPath"),
    mutant("BE-005a", "takes-files-for-folders", "flat", op.returns("is_folder", True, op.FILE)),
    mutant("BE-005b", "takes-folders-for-files", "memory", op.returns("is_file", True, op.FOLDER)),
    mutant("BE-005b", "looks-at-the-next-key", "flat", op.replace("is_folder", by_the_next_key, op.FOLDER & ~op.ROOT)),
    mutant("BE-005c", "takes-patterns", "flat",
        op.replace("is_folder", any_like(below_pattern), ~op.ROOT & ~op.CLOSED)),
    mutant("BE-005c", "raises-for-missing-paths", "memory", op.raises("is_file is_folder", NotFound, op.MISSING),
        reason="NotFound"),
    mutant("BE-005d", "raises-below-files", "flat", op.raises("is_folder", InvalidPath, op.BELOW_FILE),
        reason="InvalidPath"),
    mutant("BE-005e", "is-neither-file-nor-folder", "memory", op.returns("is_folder", False, op.FOLDER),
        also="BE-005b"),
)
# fmt: on
