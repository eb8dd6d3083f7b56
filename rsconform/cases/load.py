"""Reading axioms so that one look tells every mistake: those of the files, and those of their cases."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from rsconform.cases.compiler import compile_edition
from rsconform.spec.loader import load_edition
from rsconform.spec.mistakes import Mistake, SpecError
from rsconform.spec.model import Edition

# What a case says of a name that a mistake of its own table kept from being read.
_FOLLOW_ON: Final = frozenset({"unknown-name", "unknown-field"})


def load_checked(folders: Sequence[Traversable | Path]) -> Edition:
    """Return the axioms of folders; where a file is wrong its cases are looked at all the same.

    Raises:
        SpecError: A file is wrong: with every mistake of every file, and those of the cases that could be read.
    """
    try:
        return load_edition(folders)
    except SpecError as exc:
        raise SpecError((*exc.mistakes, *_of_cases(exc))) from exc


def _of_cases(error: SpecError) -> tuple[Mistake, ...]:
    if error.read is None:
        return ()
    places = {mistake.where for mistake in error.mistakes}
    told = {(mistake.where, mistake.slug, mistake.got) for mistake in error.mistakes}
    try:
        compile_edition(error.read)
    except SpecError as exc:
        return tuple(
            one
            for one in exc.mistakes
            if (one.slug not in _FOLLOW_ON or one.where not in places) and (one.where, one.slug, one.got) not in told
        )
    return ()
