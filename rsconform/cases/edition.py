"""Reading axioms so that one look tells every problem: those of the files, and those of their cases."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from rsconform.cases.compiler import compile_edition
from rsconform.spec.axiom import Edition
from rsconform.spec.loader import load_edition
from rsconform.spec.problems import Problem, SpecError

# What a case says of a name that a problem of its own table kept from being read.
_FOLLOW_ON: Final = frozenset({"unknown-name", "unknown-field"})


def load_checked(folders: Sequence[Traversable | Path]) -> Edition:
    """Return the axioms of folders; where a file is wrong its cases are looked at all the same.

    Raises:
        SpecError: A file is wrong: with every problem of every file, and those of the cases that could be read.
    """
    try:
        return load_edition(folders)
    except SpecError as exc:
        raise SpecError((*exc.problems, *_of_cases(exc))) from exc


def _of_cases(error: SpecError) -> tuple[Problem, ...]:
    if error.read is None:
        return ()
    places = {problem.where for problem in error.problems}
    reported = {(problem.where, problem.slug, problem.got) for problem in error.problems}
    try:
        compile_edition(error.read)
    except SpecError as exc:
        return tuple(
            one
            for one in exc.problems
            if (one.slug not in _FOLLOW_ON or one.where not in places)
            and (one.where, one.slug, one.got) not in reported
        )
    return ()
