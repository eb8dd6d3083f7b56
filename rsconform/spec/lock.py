"""The lock: one line per axiom, whose hash changes when its meaning does.

Meaning is what decides a verdict. Prose, notes, files and the order of things are free to change.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Final

from rsconform.spec.axiom import Axiom, CaseTemplate, Edition, Place
from rsconform.spec.problems import Problem, SpecError

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME: Final = "axioms.lock"

_HASH_LENGTH: Final = 16
_LINE: Final = re.compile(r"(\S+) ([0-9a-f]{16})")


def lock_lines(edition: Edition) -> tuple[str, ...]:
    """Return `ID hash` for every axiom, sorted."""
    return tuple(sorted(f"{axiom.id} {_hash(_meaning(axiom))}" for axiom in edition.axioms))


def digest(edition: Edition) -> str:
    """Return one hash over the whole lock of an edition."""
    return _hash(lock_lines(edition))


def read_lock(path: Path) -> dict[str, str]:
    """Return the hash of every ID in a lock; empty if there is no such file.

    Raises:
        SpecError: A line is no `ID hash`.
    """
    if not path.exists():
        return {}
    lock: dict[str, str] = {}
    problems = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            hint = "Write the lock again with: rsconform lint --update-lock"
            problems.append(Problem("bad-lock-line", Place(str(path), number), "", "no ID and hash", hint=hint))
        else:
            lock[match[1]] = match[2]
    if problems:
        raise SpecError(problems)
    return lock


def compare(edition: Edition, path: Path) -> list[str]:
    """Return a sentence for every axiom whose meaning is not the locked one, by ID."""
    locked = read_lock(path)
    current = dict(line.split(" ") for line in lock_lines(edition))
    sentences = []
    for axiom in sorted(locked.keys() | current.keys()):
        if axiom not in locked:
            sentences.append(f"{axiom} is new: the lock does not have it.")
        elif axiom not in current:
            sentences.append(f"{axiom} is gone: the lock still has it.")
        elif locked[axiom] != current[axiom]:
            sentences.append(f"{axiom} has changed its meaning since it was locked.")
    return sentences


def write_lock(edition: Edition, path: Path) -> None:
    """Write the lock of an edition."""
    path.write_text("".join(f"{line}\n" for line in lock_lines(edition)), "utf-8", newline="\n")


def _meaning(axiom: Axiom) -> dict[str, object]:
    return _said(
        level=axiom.level.value,
        requires=sorted(axiom.requires),
        since=axiom.since,
        same_as=sorted(axiom.same_as),
        surface=axiom.surface,
        invariant=axiom.invariant,
        untestable=axiom.untestable is not None,
        cases={case.name: _case_meaning(case) for case in axiom.cases},
    )


def _case_meaning(case: CaseTemplate) -> dict[str, object]:
    # Axes keep their order, which shows in the IDs of the cases. `fresh` never changes a verdict.
    return _said(
        requires=sorted(case.requires),
        lacks=sorted(case.lacks),
        traits=case.traits,
        needs=sorted(case.needs),
        axes=[[axis.name, dict(axis.points)] for axis in case.axes],
        given=case.given,
        steps=[step.table for step in case.steps],
        then=case.then,
        probe=case.probe,
        args=case.args,
        breaks=sorted(case.breaks),
        since=case.since,
    )


def _said(**parts: object) -> dict[str, object]:
    """Return what was said at all, so that a key the vocabulary gains later changes no hash."""
    return {name: part for name, part in parts.items() if part not in (None, False, [], {})}


def _hash(meaning: object) -> str:
    # TOML's dates and times are no JSON; they cannot clash with a string of the same text.
    normal = json.dumps(meaning, sort_keys=True, separators=(",", ":"), default=lambda date: {"": date.isoformat()})
    return hashlib.sha256(normal.encode()).hexdigest()[:_HASH_LENGTH]
