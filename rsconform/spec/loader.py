"""Folders of TOML -> Edition, or every mistake of every file at once."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rsconform.spec.axes import Sets, read_sets
from rsconform.spec.families import read_family
from rsconform.spec.ids import base_of
from rsconform.spec.locate import locate
from rsconform.spec.lock import digest
from rsconform.spec.mistakes import Mistake, SpecError, nearest
from rsconform.spec.model import Axiom, Edition, Family, Place
from rsconform.spec.tables import TableReader
from rsconform.spec.uncollected import uncollected

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SETS_FILE: Final = "_sets.toml"

_SYNTAX_PLACE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_SYNTAX_HINT: Final = "In TOML 1.0 an inline table stands on one line, strings are quoted, and no key comes twice."


@uncollected
def load_edition(folders: Sequence[Traversable | Path], *, name: str = "dev") -> Edition:
    """Return the axioms of all family files, families in the order of their IDs.

    Args:
        folders: Each holds family files and, if it likes, a `_sets.toml`, whose sets all folders share.
            Other files whose names start with an underscore are not read.
        name: The edition's.

    Raises:
        SpecError: With every mistake of every file.
    """
    mistakes: list[Mistake] = []
    sets: Sets = {}
    documents = [document for folder in dict.fromkeys(folders) for document in _documents(folder, mistakes)]
    for document in documents:
        if _is_sets(document.path):
            read_sets(document, sets)
    families = sorted(
        (read_family(document, sets) for document in documents if not _is_sets(document.path)),
        key=lambda family: family.id,
    )
    mistakes.extend(_repeated_ids(families))
    if not any(mistake.slug in ("toml-syntax", "not-utf-8") for mistake in mistakes):
        mistakes.extend(_dangling_ids(families))
    edition = Edition(name, tuple(families), lock_digest="")
    if mistakes:
        raise SpecError(mistakes, read=edition)
    return replace(edition, lock_digest=digest(edition))


def _is_sets(path: str) -> bool:
    return path.rpartition("/")[2] == SETS_FILE


def _documents(folder: Traversable | Path, mistakes: list[Mistake]) -> Iterator[TableReader]:
    """Yield every file of a folder that can be parsed, in the order of their names."""
    files = sorted(folder.iterdir(), key=lambda file: file.name) if folder.is_dir() else []
    families = 0
    for file in files:
        if not file.name.endswith(".toml") or (file.name.startswith("_") and file.name != SETS_FILE):
            continue
        families += file.name != SETS_FILE
        path = _short(folder, file.name)
        try:
            text = file.read_bytes().decode("utf-8").replace("\r\n", "\n")
            yield TableReader(tomllib.loads(text), locate(text), path, "", mistakes)
        except UnicodeDecodeError as exc:
            line = exc.object[: exc.start].count(b"\n") + 1
            mistakes.append(Mistake("not-utf-8", Place(path, line), "", "not UTF-8"))
        except tomllib.TOMLDecodeError as exc:
            mistakes.append(_syntax_mistake(path, text, exc))
    if families == 0:
        what = "no family file (NAME.toml) in the folder" if folder.is_dir() else "no such folder"
        mistakes.append(Mistake("empty-folder", Place(_short(folder), 0), "", what))


def _short(folder: Traversable | Path, file: str = "") -> str:
    """Return a path as people write it: from the working directory, or the folder's name and the file's."""
    if isinstance(folder, Path):
        full = folder.resolve() / file
        if full.is_relative_to(Path.cwd()):
            return full.relative_to(Path.cwd()).as_posix()
        return (Path(full.parent.name) / file if file else Path(full.name)).as_posix()
    return f"{folder.name}/{file}" if file else folder.name


def _syntax_mistake(path: str, text: str, exc: tomllib.TOMLDecodeError) -> Mistake:
    said = str(exc)
    at = _SYNTAX_PLACE.search(said)
    line = int(at[1]) if at is not None and at[1] else text.rstrip().count("\n") + 1
    what = f"not TOML: {_SYNTAX_PLACE.sub('', said).rstrip('.')}"
    return Mistake("toml-syntax", Place(path, line), "", what, hint=_SYNTAX_HINT)


def _repeated_ids(families: Sequence[Family]) -> Iterator[Mistake]:
    files: dict[str, str] = {}
    places: dict[str, Place] = {}
    for family in families:
        if family.id and family.id in files:
            hint = f"{files[family.id]} has it as well; a family is one file."
            yield Mistake(
                "duplicate-family", Place(family.path, 0), "", "a second file of family", family.id, hint=hint
            )
        files.setdefault(family.id, family.path)
        for axiom in family.axioms:
            if axiom.id and axiom.id in places:
                hint = f"The first is at {places[axiom.id]}."
                yield Mistake("duplicate-id", axiom.place, _where(axiom), "a second axiom of that ID", hint=hint)
            places.setdefault(axiom.id, axiom.place)


def _dangling_ids(families: Sequence[Family]) -> Iterator[Mistake]:
    """Yield what an axiom says of another one, or of a bundle, that no file has."""
    axioms = {axiom.id: axiom for family in families for axiom in family.axioms}
    invariants = {axiom.id for axiom in axioms.values() if axiom.invariant is not None}
    for family in families:
        for axiom in family.axioms:
            base = base_of(axiom.id)
            # Beside an axiom of the plain ID the letters are the contract's own.
            if base is not None and base not in family.bundles and base not in axioms:
                hint = f'Add "{base}" = "its title" to [bundles] of {family.path}.'
                yield Mistake(
                    "missing-bundle", axiom.place, _where(axiom), "a sentence without bundle", base, hint=hint
                )
            bundles = {bundle for one in families for bundle in one.bundles}
            for same in axiom.same_as:
                if same not in axioms and same not in bundles:
                    meant = nearest(same, [*axioms, *bundles])
                    what = "the same as an unknown axiom or bundle"
                    yield Mistake("unknown-axiom", axiom.place, _where(axiom), what, same, meant=meant)
            for case in axiom.cases:
                for broken in case.breaks:
                    if broken not in invariants:
                        where = f'{_where(axiom)}, case "{case.name}"'
                        what = "no always-on invariant is" if broken in axioms else "breaks an unknown axiom"
                        meant = nearest(broken, invariants)
                        yield Mistake("unknown-invariant-id", case.place, where, what, broken, meant=meant)


def _where(axiom: Axiom) -> str:
    return f"axiom {axiom.id}"
