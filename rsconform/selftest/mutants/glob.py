"""Mutants of GLOB: patterns."""

from __future__ import annotations

import re
from typing import Any, Final

from remote_store import NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import first_page, folders_too
from rsconform.selftest.mutant import Mutant, mutant


def one_folder_at_least(call: op.Call) -> Any:
    """Match with a `**/` that does not stand for no folder."""
    wanted = call.path.replace("**/", "\0")
    pattern = re.escape(wanted).replace("\0", "(?:.*/)").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return (
        info for info in call.call_correct("list_files", "", recursive=True) if re.fullmatch(pattern, str(info.path))
    )


def unescaped(call: op.Call) -> Any:
    """Match with a regular expression in which all but the wildcards is what it is there."""
    pattern = call.path.replace("**/", "\0").replace("*", "[^/]*").replace("?", "[^/]").replace("\0", "(?:.*/)?")
    try:
        matcher = re.compile(pattern)
    except re.error:
        return iter(())
    return (info for info in call.call_correct("list_files", "", recursive=True) if matcher.fullmatch(str(info.path)))


def at_least_one(call: op.Call) -> Any:
    found = list(call.proceed())
    if not found:
        raise NotFound("wrong", path=call.path, backend=call.backend.name)
    return iter(found)


WITH_CLASS: Final = op.When(lambda _call, path: "[" in path)
WITH_RANGE: Final = op.When(lambda call, _: re.search(r"\[!?\w-\w]", call.arguments["pattern"]) is not None)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # GLOB, ITER: patterns and children.
    mutant("GLOB-003", "lists-instead-of-refusing", "memory",
        op.replace("glob", lambda c: c.call_correct("list_files", ""))),
    mutant("GLOB-003", "matches-nothing", "flat", op.returns("glob", ()), also="BE-024b", reason="missing"),
    mutant("GLOB-004a", "lists-one-page", "flat", op.alters("glob", first_page), reason="missing"),
    mutant("GLOB-004a", "gives-folders", "flat", op.replace("glob", folders_too), also="BE-024b", reason="unexpected"),
    mutant("GLOB-004b", "lists-all-first", "s3", op.alters("glob", lambda found: iter(list(found))),
        reason="before it"),
    mutant("GLOB-004b", "gives-a-list", "flat", op.alters("glob", list), reason="an iterator"),
    mutant("GLOB-004c", "wants-a-folder", "flat", op.replace("glob", one_folder_at_least), reason="missing"),
    mutant("GLOB-004c", "takes-a-dot-for-anything", "flat", op.replace("glob", unescaped), reason="unexpected 'g/abc'"),
    mutant("GLOB-004c", "knows-no-classes", "local", op.returns("glob", (), WITH_CLASS), reason="missing"),
    mutant("GLOB-004d", "raises-without-matches", "flat", op.replace("glob", at_least_one), reason="NotFound"),
    mutant("GLOB-004e", "knows-no-ranges", "flat", op.returns("glob", (), WITH_RANGE), reason="missing"),
)
# fmt: on
