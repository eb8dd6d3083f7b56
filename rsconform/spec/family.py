"""One family: its TOML files -> Family, with every problem that they alone show."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rsconform.spec.axes import Points, read_axes, read_sets
from rsconform.spec.axiom import Axiom, AxiomId, CaseTemplate, Family, Level, StepTemplate, Table
from rsconform.spec.ids import GRAMMAR, group_of, is_axiom_id, is_family_id, sort_key
from rsconform.spec.keys import AXIOM_KEYS, CASE_KEYS, FAMILY_KEYS, THEN_KEYS
from rsconform.spec.operations import CAPABILITIES, SURFACES
from rsconform.spec.reader import TableReader, fold, kind_of, show
from rsconform.spec.traits import AFFORDANCES, INVARIANTS, TRAITS

FORMAT: Final = 1
FAMILY_FILE: Final = "_family.toml"

_CASE_NAME: Final = re.compile(r"[A-Za-z0-9._+-]{1,60}")
RELEASE: Final = re.compile(r"[0-9]+(\.[0-9]+)*")
_POINTS_WITHOUT_REASON: Final = 40


@dataclass(frozen=True, slots=True)
class _Head:
    """What the `[family]` table says."""

    id: str = ""
    title: str = ""
    contract: str = ""
    source: str = ""
    prefix: str = ""  # What the IDs of its axioms start with.
    common: bool = True


def read_family(document: TableReader, parts: Sequence[TableReader], sets: Mapping[str, Points]) -> Family:
    """Return what a family says; what it says wrongly goes to the problems of its documents.

    Args:
        document: The family's file, or the `_family.toml` of its folder.
        parts: The other files of that folder.
    """
    for part in (document, *parts):
        part.only(("format", "family", "groups", "sets", "axiom") if part is document else ("format", "sets", "axiom"))
        _check_format(part)
    table = None if document.missing("family") else document.reader("family")
    head = _Head() if table is None else _head(table)
    groups_table = document.reader("groups")
    groups = _groups(groups_table, head.prefix)
    own = [reader for part in (document, *parts) if (reader := part.reader("sets")) is not None]
    known = read_sets(own, sets)
    written = [axiom for part in (document, *parts) for axiom in part.readers("axiom")]
    axioms = tuple(sorted((_axiom(axiom, head, known) for axiom in written), key=lambda axiom: sort_key(axiom.id)))
    if not axioms and not any("axiom" in part.table for part in (document, *parts)):
        document.wrong("no-axioms", "no [[axiom]] in the family")
    if groups_table is not None:
        _check_groups(groups_table, axioms)
    return Family(head.id, head.title, head.contract, head.source, document.path, groups, axioms, head.common)


def _check_format(document: TableReader) -> None:
    if document.missing("format"):
        return
    if document.table["format"] != FORMAT:
        hint = f"This rsconform reads format {FORMAT}."
        got = show(document.table["format"])
        document.wrong("unknown-format", "unknown format", got, at=document.place("format"), hint=hint)


def _head(head: TableReader) -> _Head:
    head.only(FAMILY_KEYS)
    family_id = head.required_text("id")
    *_, folder, file = ("", *head.path.split("/"))
    stem = folder if file == FAMILY_FILE else file.removesuffix(".toml")
    if family_id and not is_family_id(family_id):
        head.wrong("bad-id", "not a family ID:", family_id, at=head.place("id"), hint="Capitals, digits and hyphens.")
    elif family_id and family_id != stem:
        hint = f"Name the folder {family_id}." if file == FAMILY_FILE else f"Name the file {family_id}.toml."
        head.wrong("misnamed-file", f'"{stem}" holds the family', family_id, at=head.place("id"), hint=hint)
    return _Head(
        family_id,
        head.required_text("title"),
        head.required_text("contract"),
        head.required_text("source"),
        head.text("prefix") or family_id,
        "common" not in head.table or head.flag("common"),
    )


def _groups(table: TableReader | None, prefix: str) -> dict[str, str]:
    if table is None:
        return {}
    for group in table.table:
        _check_id(table, group, prefix, group)
    return {group: table.required_text(group) for group in table.table}


def _check_id(reader: TableReader, axiom_id: str, prefix: str, key: str) -> None:
    if not is_axiom_id(axiom_id):
        reader.wrong("bad-id", "no axiom ID is", axiom_id, at=reader.place(key), hint=f"The grammar is {GRAMMAR}.")
    elif prefix and not axiom_id.startswith(f"{prefix}-"):
        hint = f"The IDs of this family start with {prefix}-."
        reader.wrong("foreign-id", "another family's ID", axiom_id, at=reader.place(key), hint=hint)


def _check_groups(table: TableReader, axioms: tuple[Axiom, ...]) -> None:
    groups = table.table
    filled = {group_of(axiom.id, groups) for axiom in axioms}
    own = {axiom.id for axiom in axioms}
    for group in groups:
        if group in own:
            hint = f"Give the axiom letters ({group}a), or remove the group."
            table.wrong("group-is-axiom", "both a group and an axiom:", group, at=table.place(group), hint=hint)
        elif group not in filled:
            hint = f"Add its axioms, with letters ({group}a), or remove the group."
            table.wrong("empty-group", "no axioms for the group", group, at=table.place(group), hint=hint)


def _axiom(axiom: TableReader, head: _Head, sets: Mapping[str, Points]) -> Axiom:
    axiom_id = axiom.table.get("id")
    axiom.where = f"axiom {axiom_id}" if isinstance(axiom_id, str) and axiom_id else "axiom without ID"
    axiom.only(AXIOM_KEYS)
    named = axiom.required_text("id")
    if named:
        _check_id(axiom, named, head.prefix, "id")
    read = Axiom(
        id=AxiomId(named),
        title=fold(axiom.required_text("title")),
        level=_level(axiom),
        statement=fold(axiom.required_text("statement")),
        source=axiom.text("source") or head.source,
        place=axiom.place(),
        requires=axiom.names("requires", CAPABILITIES, "capability"),
        since=_since(axiom),
        same_as=_ids(axiom, "same_as"),
        surface=_surface(axiom),
        note=_prose(axiom, "note"),
        untestable=_prose(axiom, "untestable"),
        invariant=_invariant(axiom),
        cases=_cases(axiom, sets),
        family=head.id,
    )
    _check_judged(axiom, read)
    return read


def _prose(axiom: TableReader, key: str) -> str | None:
    text = axiom.text(key)
    return None if text is None else fold(text)


def _level(axiom: TableReader) -> Level:
    written = axiom.required_text("level")
    if written and axiom.is_known(written, [level.value for level in Level], "level", axiom.place("level")):
        return Level(written)
    return Level.MUST


def _since(said: TableReader) -> str | None:
    since = said.text("since")
    if since and not RELEASE.fullmatch(since):
        said.wrong("bad-version", "no version of remote-store is", since, at=said.place("since"))
    return since


def _surface(axiom: TableReader) -> str | None:
    surface = axiom.text("surface")
    if surface and not axiom.is_known(surface, SURFACES, "surface", axiom.place("surface")):
        return None
    return surface or ("async" if "same_as" in axiom.table else None)


def _ids(reader: TableReader, key: str) -> tuple[AxiomId, ...]:
    ids = reader.texts(key)
    for each in ids:
        if not is_axiom_id(each):
            reader.wrong("bad-id", "no axiom ID is", each, at=reader.place(key), hint=f"The grammar is {GRAMMAR}.")
    return tuple(map(AxiomId, ids))


def _invariant(axiom: TableReader) -> str | None:
    invariant = axiom.text("invariant")
    if invariant:
        axiom.is_known(invariant, INVARIANTS, "invariant", axiom.place("invariant"))
    return invariant


def _cases(axiom: TableReader, sets: Mapping[str, Points]) -> tuple[CaseTemplate, ...]:
    cases: list[CaseTemplate] = []
    places: dict[str, str] = {}
    for reader in axiom.readers("case"):
        case = _case(reader, sets)
        cases.append(case)
        if case.name in places:
            hint = f"The first is at {places[case.name]}."
            reader.wrong("duplicate-case", "a second case of that name", at=reader.place("name"), hint=hint)
        elif case.name:
            places[case.name] = str(case.place)
        points = math.prod(len(axis.points) for axis in case.axes)
        if points > _POINTS_WITHOUT_REASON and "note" not in axiom.table:
            hint = "Make it smaller, or say in the axiom's note why it is worth its time."
            reader.wrong("large-matrix", f"a matrix of {points} points", at=reader.place("matrix"), hint=hint)
    return tuple(cases)


def _case(case: TableReader, sets: Mapping[str, Points]) -> CaseTemplate:
    named = case.table.get("name")
    case.where += f', case "{named}"' if isinstance(named, str) and named else ", case without name"
    case.only(CASE_KEYS)
    name = case.required_text("name")
    if name and not _CASE_NAME.fullmatch(name):
        hint = "Names are 1 to 60 of A-Z a-z 0-9 . _ + -."
        case.wrong("bad-case-name", "no good name is", name, at=case.place("name"), hint=hint)
    read = CaseTemplate(
        name=name,
        place=case.place(),
        requires=case.names("requires", CAPABILITIES, "capability"),
        lacks=case.names("lacks", CAPABILITIES, "capability"),
        traits=_traits(case),
        needs=case.names("needs", AFFORDANCES, "affordance"),
        axes=read_axes(case, sets),
        given=case.subtable("given"),
        steps=_steps(case),
        then=_then(case),
        probe=case.text("probe"),
        args=case.subtable("args"),
        fresh=case.flag("fresh"),
        since=_since(case),
        breaks=_ids(case, "breaks"),
    )
    _check_runnable(case)
    return read


def _traits(case: TableReader) -> Table:
    traits = case.reader("traits")
    if traits is None:
        return {}
    for name, value in traits.table.items():
        place = traits.place(name)
        if not traits.is_known(name, TRAITS, "trait", place):
            continue
        values = TRAITS[name].values
        if values is None:
            hint = "A step uses it as a content size; no case can ask for one."
            traits.wrong("unmatchable-trait", "a size, not a fact to match, is the trait", name, at=place, hint=hint)
        elif not any(value == allowed and type(value) is type(allowed) for allowed in values):
            got = kind_of(value) if isinstance(value, (list, dict)) else show(value)
            known = [show(allowed) for allowed in values]
            if got in known:
                traits.wrong("wrong-type", f'trait "{name}" must be {got} without quotes', at=place)
            else:
                traits.wrong("trait-value", f'trait "{name}" has no value', got, at=place, known=known)
    return traits.table


def _steps(case: TableReader) -> tuple[StepTemplate, ...]:
    steps = []
    for step in case.readers("steps"):
        laid_under = step.table.get("with", "")
        if not isinstance(laid_under, (str, dict, list)) or (
            isinstance(laid_under, list) and not all(isinstance(each, (str, dict)) for each in laid_under)
        ):
            step.wrong("wrong-type", '"with" must be a table, a "{name}" or a list of these', at=step.place("with"))
        steps.append(StepTemplate(step.table, step.place()))
    return tuple(steps)


def _then(case: TableReader) -> Table | None:
    then = case.reader("then")
    if then is None:
        return None
    then.only(THEN_KEYS)
    for alternative in then.readers("any_of"):
        alternative.only([key for key in THEN_KEYS if key != "any_of"])
    return then.table


def _check_judged(axiom: TableReader, read: Axiom) -> None:
    if "untestable" in axiom.table:
        if "case" in axiom.table or "invariant" in axiom.table:
            hint = "Remove the one or the other."
            axiom.wrong("untestable-tested", "untestable, yet checked", at=axiom.place("untestable"), hint=hint)
    elif not read.cases and not {"invariant", "case", "same_as"} & axiom.table.keys():
        hint = "Add an [[axiom.case]], an invariant, what it is the same as, or the reason why it is untestable."
        axiom.wrong("nothing-checks-it", "nothing checks it", hint=hint)


def _check_runnable(case: TableReader) -> None:
    has: Callable[[str], bool] = case.table.__contains__
    if has("probe") and has("steps"):
        hint = "A probe does its own steps."
        case.wrong("probe-with-steps", "both a probe and steps", at=case.place("probe"), hint=hint)
    elif not has("probe") and not case.table.get("steps"):
        case.wrong("nothing-runs", "neither steps nor a probe", hint="Add the one or the other.")
    if has("args") and not has("probe"):
        case.wrong("args-without-probe", "args without a probe", at=case.place("args"))
