"""Folders of TOML -> Edition, or every problem of every file at once."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rsconform.spec.axes import read_sets
from rsconform.spec.axiom import Axiom, Edition, Family, Place
from rsconform.spec.family import FAMILY_FILE, read_family
from rsconform.spec.gc_paused import gc_paused
from rsconform.spec.ids import base_of
from rsconform.spec.locate import locate
from rsconform.spec.lock import digest
from rsconform.spec.problems import Problem, SpecError, nearest
from rsconform.spec.reader import TableReader

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SETS_FILE: Final = "_sets.toml"

_SYNTAX_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_SYNTAX_HINT: Final = "In TOML 1.0 an inline table stands on one line, strings are quoted, and no key comes twice."


@gc_paused
def load_edition(folders: Sequence[Traversable | Path], *, name: str = "dev") -> Edition:
    """Return the axioms of all families, in the order of their IDs.

    A family is a file NAME.toml, or a folder NAME with a `_family.toml` and any number of other files.

    Args:
        folders: Each holds families and, if it likes, a `_sets.toml`, whose sets all folders share. Other files whose
            names start with an underscore are not read.
        name: The edition's.

    Raises:
        SpecError: With every problem of every file.
    """
    _make_importable(folder.resolve().parent for folder in folders if isinstance(folder, Path))
    problems: list[Problem] = []
    found = [written for folder in dict.fromkeys(folders) for written in _written(folder, problems)]
    sets = read_sets((document for document, *_ in found if _is_sets(document.path)), {})
    families = sorted(
        (read_family(document, parts, sets) for document, *parts in found if not _is_sets(document.path)),
        key=lambda family: family.id,
    )
    problems.extend(_repeated_ids(families))
    if not any(problem.slug in ("toml-syntax", "not-utf-8") for problem in problems):
        problems.extend(_dangling_ids(families))
    edition = Edition(name, tuple(families), lock_digest="")
    if problems:
        raise SpecError(problems, read=edition)
    return replace(edition, lock_digest=digest(edition))


def _make_importable(folders: Iterable[Path]) -> None:
    """Let the probes of a pack be modules beside its folder, as the lane's are beside its file; nothing is hidden."""
    sys.path.extend(str(folder) for folder in dict.fromkeys(folders) if str(folder) not in sys.path)


def _is_sets(path: str) -> bool:
    return path.rpartition("/")[2] == SETS_FILE


def _written(folder: Traversable | Path, problems: list[Problem]) -> Iterator[list[TableReader]]:
    """Yield the documents of each family of a folder, its head first, and its `_sets.toml` alone; by name."""
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name) if folder.is_dir() else []
    families = 0
    for entry in entries:
        if entry.is_dir():
            files = sorted((one for one in entry.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
            files.sort(key=lambda one: one.name != FAMILY_FILE)
            if not files or files[0].name != FAMILY_FILE:
                continue
            paths = [(file, _short(folder, f"{entry.name}/{file.name}")) for file in files]
        elif entry.name.endswith(".toml") and (entry.name == SETS_FILE or not entry.name.startswith("_")):
            paths = [(entry, _short(folder, entry.name))]
        else:
            continue
        families += entry.name != SETS_FILE
        documents = [document for file, path in paths if (document := _parsed(file, path, problems)) is not None]
        if len(documents) == len(paths):
            yield documents
    if families == 0:
        what = "no family file (NAME.toml) in the folder" if folder.is_dir() else "no such folder"
        problems.append(Problem("empty-folder", Place(_short(folder), 0), "", what))


def _parsed(file: Traversable | Path, path: str, problems: list[Problem]) -> TableReader | None:
    try:
        text = file.read_bytes().decode("utf-8").replace("\r\n", "\n")
        return TableReader(tomllib.loads(text), locate(text), path, "", problems)
    except UnicodeDecodeError as exc:
        line = exc.object[: exc.start].count(b"\n") + 1
        problems.append(Problem("not-utf-8", Place(path, line), "", "not UTF-8"))
    except tomllib.TOMLDecodeError as exc:
        problems.append(_syntax_mistake(path, text, exc))
    return None


def _short(folder: Traversable | Path, file: str = "") -> str:
    """Return a path that can be opened: from the working directory where it lies below that."""
    if isinstance(folder, Path):
        full = folder.resolve() / file
        return (full.relative_to(Path.cwd()) if full.is_relative_to(Path.cwd()) else full).as_posix()
    return f"{folder.name}/{file}" if file else folder.name


def _syntax_mistake(path: str, text: str, exc: tomllib.TOMLDecodeError) -> Problem:
    said = str(exc)
    at = _SYNTAX_PLACE.search(said)
    line = int(at[1]) if at is not None and at[1] else text.rstrip().count("\n") + 1
    what = f"not TOML: {_SYNTAX_PLACE.sub('', said).rstrip('.')}"
    return Problem("toml-syntax", Place(path, line), "", what, hint=_SYNTAX_HINT)


def _repeated_ids(families: Sequence[Family]) -> Iterator[Problem]:
    files: dict[str, str] = {}
    places: dict[str, Place] = {}
    for family in families:
        if family.id and family.id in files:
            hint = f"{files[family.id]} has it as well; a family is one file."
            yield Problem(
                "duplicate-family", Place(family.path, 0), "", "a second file of family", family.id, hint=hint
            )
        files.setdefault(family.id, family.path)
        for axiom in family.axioms:
            if axiom.id and axiom.id in places:
                hint = f"The first is at {places[axiom.id]}."
                yield Problem("duplicate-id", axiom.place, _where(axiom), "a second axiom of that ID", hint=hint)
            places.setdefault(axiom.id, axiom.place)


def _dangling_ids(families: Sequence[Family]) -> Iterator[Problem]:
    """Yield what an axiom says of another one, or of a group, that no file has."""
    axioms = {axiom.id: axiom for family in families for axiom in family.axioms}
    invariants = {axiom.id for axiom in axioms.values() if axiom.invariant is not None}
    for family in families:
        for axiom in family.axioms:
            base = base_of(axiom.id)
            # Beside an axiom of the plain ID the letters are the contract's own.
            if base is not None and base not in family.groups and base not in axioms:
                hint = f'Add "{base}" = "its title" to [groups] of {family.path}.'
                yield Problem("missing-group", axiom.place, _where(axiom), "an axiom without group", base, hint=hint)
            groups = {group for one in families for group in one.groups}
            for same in axiom.same_as:
                if same not in axioms and same not in groups:
                    meant = nearest(same, [*axioms, *groups])
                    what = "the same as an unknown axiom or group"
                    yield Problem("unknown-axiom", axiom.place, _where(axiom), what, same, meant=meant)
            for case in axiom.cases:
                for broken in case.breaks:
                    if broken not in invariants:
                        where = f'{_where(axiom)}, case "{case.name}"'
                        what = "no always-on invariant is" if broken in axioms else "breaks an unknown axiom"
                        meant = nearest(broken, invariants)
                        yield Problem("unknown-invariant-id", case.place, where, what, broken, meant=meant)


def _where(axiom: Axiom) -> str:
    return f"axiom {axiom.id}"
