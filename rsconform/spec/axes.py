"""The dimensions of a matrix: lists, tables of label and value, and the named sets they share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from rsconform.spec.axiom import Axis, Place
from rsconform.spec.reader import TableReader, kind_of, show

Points = tuple[tuple[str, object], ...]
Sets = dict[str, Points]

# Labels stand in case IDs, which pytest, xdist and shells must all leave alone.
_LABEL: Final = re.compile(r"[A-Za-z0-9._+/-]{1,40}")
_AXIS_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ALPHABET: Final = "Labels are 1 to 40 of A-Z a-z 0-9 . _ + / -."


def read_sets(documents: Iterable[TableReader], outer: Mapping[str, Points]) -> Sets:
    """Return the sets of some documents, and those around them.

    A set is a table of label and value, or a list of other sets: `writes = ["@plain_writes", "@atomic_writes"]`.
    """
    sets: Sets = dict(outer)
    lists: dict[str, tuple[TableReader, list[object]]] = {}
    for document in documents:
        for name, rows in document.table.items():
            place = document.place(name)
            if name in sets or name in lists:
                document.wrong("duplicate-set", "another file already has the set", name, at=place)
            elif isinstance(rows, dict):
                sets[name] = _table_points(document, name, rows, "set")
            elif isinstance(rows, list):
                lists[name] = (document, rows)
            else:
                what = f'set "{name}" must be a table of label and value, or a list of sets, not {kind_of(rows)}'
                document.wrong("wrong-type", what, at=place)
    for name in lists:
        _join(name, lists, sets, ())
    return sets


def _join(name: str, lists: Mapping[str, tuple[TableReader, list[object]]], sets: Sets, above: tuple[str, ...]) -> None:
    """Add the set that a list of other sets is."""
    if name in sets:
        return
    document, members = lists[name]
    points: dict[str, object] = {}
    for index, member in enumerate(members):
        place = document.place(name, index)
        if not isinstance(member, str) or not member.startswith("@"):
            document.wrong("wrong-type", f'a member of set "{name}" must be an "@set"', at=place)
            continue
        other = member[1:]
        if other in (*above, name):
            document.wrong("circular-set", f'set "{name}" is a part of itself, by way of', member, at=place)
            continue
        if other in lists:
            _join(other, lists, sets, (*above, name))
        elif not document.is_known(member, [f"@{each}" for each in (*sets, *lists)], "set", place):
            continue
        for label, value in sets.get(other, ()):
            if label in points:
                document.wrong("duplicate-label", f'set "{name}" has twice the label', label, at=place)
            points[label] = value
    sets[name] = tuple(points.items())


def read_axes(case: TableReader, sets: Mapping[str, Points]) -> tuple[Axis, ...]:
    """Return the axes of a case, in file order."""
    matrix = case.reader("matrix")
    if matrix is None:
        return ()
    axes = []
    for name, written in matrix.table.items():
        place = matrix.place(name)
        if not _AXIS_NAME.fullmatch(name):
            matrix.wrong("bad-axis-name", "an axis name must be a plain word, not", name, at=place)
        axes.append(Axis(name, _points(matrix, name, written, sets), place))
    return tuple(axes)


def _points(matrix: TableReader, name: str, written: object, sets: Mapping[str, Points]) -> Points:
    place = matrix.place(name)
    match written:
        case []:
            matrix.wrong("empty-axis", "no points in the axis", name, at=place)
            return ()
        case list():
            return _list_points(matrix, name, written)
        case dict():
            return _table_points(matrix, name, written, "axis")
        case str() if written.startswith("@"):
            known = matrix.is_known(written, [f"@{each}" for each in sets], "set", place)
            return sets[written[1:]] if known else ()
    matrix.wrong("wrong-type", f'axis "{name}" must be a list, a table or an "@set", not {kind_of(written)}', at=place)
    return ()


def _list_points(matrix: TableReader, name: str, values: list[object]) -> Points:
    points: dict[str, object] = {}
    for index, value in enumerate(values):
        place = matrix.place(name, index)
        label = show(value)
        if isinstance(value, (list, dict)) or not _LABEL.fullmatch(label):
            got = None if isinstance(value, (list, dict)) else label
            what = (
                f'axis "{name}": {kind_of(value)} has no label' if got is None else f'axis "{name}": no good label is'
            )
            matrix.wrong("bad-label", what, got, at=place, hint=_table_form(value))
        elif label in points:
            matrix.wrong("duplicate-label", f'axis "{name}" has twice the label', label, at=place)
        else:
            points[label] = value
    return tuple(points.items())


def _table_points(reader: TableReader, name: str, rows: Mapping[str, object], noun: str) -> Points:
    block = reader.block.key(name)
    if not rows:
        reader.wrong("empty-axis", f"no points in the {noun}", name, at=reader.place(name))
    for label in rows:
        if not _LABEL.fullmatch(label):
            place = Place(reader.path, block.key(label).line)
            reader.wrong("bad-label", f'{noun} "{name}": no good label is', label, at=place, hint=_ALPHABET)
    return tuple(rows.items())


def _table_form(value: object) -> str:
    written = f'"{value}"' if isinstance(value, str) and len(value) <= 40 and value.isprintable() else "..."
    return f"Use the table form, {{ a-label = {written} }}. {_ALPHABET}"
