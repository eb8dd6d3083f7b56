"""Rogues of GLOB, ITER: patterns and children."""

from __future__ import annotations

from typing import Final

from remote_store import (
    NotFound,
)

from rsconform_rogues.answers import (
    WITH_CLASS,
    at_least_one,
    first_page,
    folders_as_files,
    one_folder_at_least,
    unescaped,
    without_suffixes,
)
from rsconform_rogues.deeds import (
    folders_too,
    itself_listed,
)
from rsconform_rogues.operators import (
    FILE,
    MISSING,
    alters,
    answers,
    instead,
    raises,
)
from rsconform_rogues.row import Rogue, row

ROWS: Final[tuple[Rogue, ...]] = (
    # GLOB, ITER: patterns and children.
    row("GLOB-003", "lists-instead-of-refusing", "memory", instead("glob", lambda c: c.rightly("list_files", ""))),
    row("GLOB-003", "matches-nothing", "flat", answers("glob", ()), also="BE-024b", reason="missing"),
    row("GLOB-004a", "lists-one-page", "flat", alters("glob", first_page), reason="missing"),
    row("GLOB-004a", "gives-folders", "flat", instead("glob", folders_too), also="BE-024b", reason="unexpected"),
    row("GLOB-004b", "lists-all-first", "s3", alters("glob", lambda found: iter(list(found))), reason="before it"),
    row("GLOB-004b", "gives-a-list", "flat", alters("glob", list), reason="an iterator"),
    row("GLOB-004c", "wants-a-folder", "flat", instead("glob", one_folder_at_least), reason="missing"),
    row("GLOB-004c", "takes-a-dot-for-anything", "flat", instead("glob", unescaped), reason="unexpected 'g/abc'"),
    row("GLOB-004c", "knows-no-classes", "local", answers("glob", (), WITH_CLASS), reason="missing"),
    row("GLOB-004d", "finds-nothing-an-error", "flat", instead("glob", at_least_one), reason="NotFound"),
    row("ITER-004a", "lists-one-page", "flat", alters("iter_children", first_page), reason="missing"),
    row("ITER-004a", "has-files-for-folders", "flat", alters("iter_children", folders_as_files), reason="FolderEntry"),
    row("ITER-004b", "does-not-find-it", "flat", raises("iter_children", NotFound, MISSING)),
    row(
        "ITER-004c",
        "lists-the-file-itself",
        "memory",
        instead("iter_children", itself_listed, FILE),
        reason="unexpected 'f'",
    ),
    row(
        "ITER-005",
        "skips-suffixes",
        "flat",
        alters("iter_children", without_suffixes),
        reason="lacking FileInfo 'd/g.txt'",
    ),
)
