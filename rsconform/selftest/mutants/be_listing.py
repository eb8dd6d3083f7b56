"""Mutants of BE-014, BE-015, BE-024 and BE-026: listings and glob()."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from itertools import chain, islice
from typing import Any, Final
from urllib.parse import unquote

from remote_store import InvalidPath, NotFound, RemotePath

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import as_files, below_pattern, blobs, folders_too, itself_listed, twice
from rsconform.selftest.mutant import Mutant, mutant


def listing(chosen: Callable[[str, str], object]) -> Callable[[op.Call], Any]:
    """Return the behaviour of listing further files: every key that a test on key and path chooses."""

    def add(call: op.Call) -> Any:
        listed = list(call.proceed())
        paths = [str(info.path) for info in listed]
        more = [
            key
            for key in blobs(call)
            if key not in paths and not key.startswith(f"{call.path}/") and chosen(key, call.path)
        ]
        return iter(listed + [call.call_correct("get_file_info", key) for key in more])

    return add


def deep_folders(call: op.Call) -> Any:
    found = list(call.proceed())
    deeper = (call.call_correct("list_folders", str(entry.path)) for entry in found)
    return chain(found, *deeper)


def with_folders(call: op.Call) -> Any:
    folders = call.call_correct("list_folders", call.path)
    return chain(call.proceed(), as_files(folders))


def fnmatched(call: op.Call) -> Any:
    files = call.call_correct("list_files", "", recursive=True)
    return (info for info in files if fnmatchcase(str(info.path), call.path.replace("**/", "*")))


def folders_of_pages(call: op.Call) -> Iterator[Any]:
    """List folders in pages of a thousand keys: one that goes on over the end of a page comes twice."""
    entries = {str(entry.path): entry for entry in call.proceed()}
    keys = (key for key in sorted(blobs(call)) if key.startswith(f"{call.path}/"))
    while page := list(islice(keys, 1000)):
        folders = dict.fromkeys("/".join(key.split("/")[: call.path.count("/") + 2]) for key in page)
        yield from (entries[folder] for folder in folders if folder in entries)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-014a", "ignores-recursive", "flat", op.passes("list_files", recursive=True)),
    mutant("BE-014a", "lists-folders-as-files", "flat",
        op.replace("list_files", with_folders, op.called_with(recursive=False))),
    mutant("BE-014b", "lists-the-first-hundred", "memory", op.alters("list_files", lambda files: islice(files, 100))),
    mutant("BE-014b", "lists-the-last-page-twice", "flat",
        op.alters("list_files", twice, op.called_with(recursive=True)), reason="more than once"),
    mutant("BE-014b", "stops-two-levels-down", "flat",
        op.passes("list_files", op.called_with(recursive=True), max_depth=2)),
    mutant("BE-014c", "raises-for-missing-paths", "flat", op.raises("list_files", NotFound, op.MISSING),
        reason="NotFound"),
    mutant("BE-014d", "lists-the-file-itself", "flat", op.replace("list_files", itself_listed, op.FILE)),
    mutant("BE-014e", "raises-below-files", "memory", op.raises("list_files", InvalidPath, op.BELOW_FILE),
        reason="InvalidPath"),
    mutant("BE-014f", "lists-relative-to-the-folder", "flat",
        op.fills_each("list_files", op.NESTED, path=lambda i: RemotePath(i.name))),
    mutant("BE-014g", "lists-by-prefix", "flat", op.replace("list_files", listing(str.startswith), op.FOLDER)),
    mutant("BE-014g", "takes-patterns", "flat", op.replace("list_files", listing(below_pattern), op.FOLDER)),
    mutant("BE-014h", "does-not-say-sizes", "flat", op.fills_each("list_files", size=lambda _: 0)),
    mutant("BE-014h", "names-by-the-whole-path", "memory", op.fills_each("list_files", name=lambda i: str(i.path))),
    mutant("BE-014i", "unquotes-names", "flat",
        op.fills_each("list_files", path=lambda i: RemotePath(unquote(str(i.path))))),
    mutant("BE-015a", "lists-deep-folders", "flat", op.replace("list_folders", deep_folders)),
    mutant("BE-015a", "names-by-the-whole-path", "memory", op.fills_each("list_folders", name=lambda i: str(i.path))),
    mutant("BE-015a", "lists-folders-page-by-page", "flat", op.replace("list_folders", folders_of_pages, ~op.ROOT),
        reason="once"),
    mutant("BE-015b", "raises-for-missing-paths", "flat", op.raises("list_folders", NotFound, op.MISSING),
        reason="NotFound"),
    mutant("BE-015c", "raises-for-files", "flat", op.raises("list_folders", InvalidPath, op.FILE | op.BELOW_FILE)),
    mutant("BE-024a", "matches-nothing", "bare", op.returns("glob", ()), reason="glob returned"),
    mutant("BE-024b", "matches-folders", "flat", op.replace("glob", folders_too)),
    mutant("BE-024b", "crosses-slashes", "flat", op.replace("glob", fnmatched)),
    mutant("BE-026a", "forgets-folders", "flat",
        op.alters("iter_children", lambda found: (i for i in found if hasattr(i, "size")))),
    mutant("BE-026a", "gives-folders-as-files", "flat", op.alters("iter_children", as_files)),
    mutant("BE-026b", "raises-for-missing-paths", "flat", op.raises("iter_children", NotFound, op.MISSING)),
)
# fmt: on
