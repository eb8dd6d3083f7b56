"""Steps, from the tables that TOML has: each name checked against the vocabulary."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rsconform.cases import matchers as m
from rsconform.cases.case import Step
from rsconform.cases.content import Content, Source
from rsconform.cases.deferred import MISSING, Bound, Limit, Text, show
from rsconform.cases.faults import compile_faults
from rsconform.cases.fill import unfold
from rsconform.cases.toml_values import (
    BadValueError,
    limit_of,
    list_of,
    literal_of,
    optional_text,
    seconds_of,
    table_of,
    text_of,
)
from rsconform.spec.axiom import Place, Table
from rsconform.spec.keys import IS_PREDICATES, MATCHERS, PHASES, REQUESTS, STEP_KEYS, TOTAL
from rsconform.spec.operations import BOUND_OPERATIONS, ERRORS, EXCEPT, OPERATIONS, PYTHON_ERRORS, SOURCE_ERROR

_CONTENT_ARGUMENTS: Final = frozenset({"content"})


def compile_step(table: Mapping[str, object], place: Place) -> Step:
    """Return the step that a table is, its placeholders filled."""
    name = table.get("op")
    if not isinstance(name, str):
        raise BadValueError("no-operation", "the step names no operation (`op`)")
    on = table.get("on")
    if on is not None and not isinstance(on, str):
        raise BadValueError("wrong-type", '`on` names a value bound with `as`, or "peer"')
    of_value = on is not None and on != "peer"
    parameters = _parameters(name, of_value=of_value)
    known = (*STEP_KEYS, *parameters)
    for key in table:
        if key not in known:
            raise BadValueError("unknown-key", f"{name} has no argument and a step no key", key, known)
    if not of_value:
        for required in OPERATIONS[name].required:
            if required not in table:
                raise BadValueError("no-argument", f"{name} needs the argument", required)
    if "memory" in table:
        what = "`memory` is part of the vocabulary but this release of rsconform cannot judge it"
        raise BadValueError("not-yet", what)
    return Step(
        op=name,
        place=place,
        table=table,
        on=on,
        arguments={key: _argument(key, table[key]) for key in parameters if key in table},
        positional=_positional(table),
        bind=optional_text(table, "as"),
        drain=_drain(table.get("drain", True)),
        returns=compile_matcher(table["returns"]) if "returns" in table else MISSING,
        reads=_one_or_more(table["reads"]) if "reads" in table else MISSING,
        paths=_paths(table["paths"]) if "paths" in table else MISSING,
        raises=_errors(table.get("raises", []), "raises"),
        or_raises=_errors(table.get("or_raises", []), "or_raises"),
        error={key: compile_matcher(value) for key, value in table_of(table.get("error", {})).items()},
        at=_phase(table.get("at")),
        requests=_requests(table.get("requests", {})),
        within_s=seconds_of(table.get("within")),
        faults=compile_faults(table.get("fault", [])),
    )


def names_bound(tables: Sequence[Table], axes: Sequence[object]) -> Iterator[str]:
    """Yield each name that `as` binds in steps, in the sources they hand over, and in rows that are laid under them."""
    pending: list[object] = [*tables, *(getattr(axis, "points", ()) for axis in axes)]
    while pending:
        value = pending.pop(0)
        if isinstance(value, Mapping):
            if isinstance(value.get("as"), str):
                yield str(value["as"])
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)


def _parameters(name: str, *, of_value: bool) -> tuple[str, ...]:
    if of_value:
        if name not in BOUND_OPERATIONS:
            known = tuple(BOUND_OPERATIONS)
            raise BadValueError("unknown-operation", "unknown operation on a bound value", name, known)
        return ()
    if name not in OPERATIONS:
        raise BadValueError("unknown-operation", "unknown operation", name, tuple(OPERATIONS))
    return OPERATIONS[name].parameters


def _positional(table: Mapping[str, object]) -> tuple[object, ...]:
    if table.get("op") == "set":
        return (text_of(table.get("attribute"), "attribute"), table.get("to"))
    return tuple(list_of(table.get("args", []), "args"))


def _argument(key: str, value: object) -> object:
    if key in _CONTENT_ARGUMENTS:
        return literal_of(value)
    return value


def _one_or_more(value: object) -> Content | Source | Bound | tuple[Content | Source | Bound, ...]:
    """Return what one literal stands for, or each of several."""
    return tuple(map(literal_of, value)) if isinstance(value, list) else literal_of(value)


def _drain(value: object) -> bool | int:
    if isinstance(value, bool) or (isinstance(value, int) and value >= 1):
        return value
    raise BadValueError("wrong-type", f"`drain` is true, false or a positive number of bytes, got {show(value)}")


def _paths(value: object) -> object:
    if isinstance(value, Bound):
        return value
    return tuple(
        itertools.chain.from_iterable(
            [item] if isinstance(item, Bound | Text) else unfold(text_of(item, "paths"))
            for item in list_of(value, "paths")
        )
    )


def _errors(value: object, key: str) -> tuple[str, ...]:
    known = (*ERRORS, *PYTHON_ERRORS, SOURCE_ERROR)
    names = tuple(text_of(name, key) for name in (value if isinstance(value, list) else [value]))
    for name in names:
        if name.removeprefix(EXCEPT) not in known:
            raise BadValueError("unknown-error", f"unknown error in `{key}`:", name.removeprefix(EXCEPT), known)
    return names


def _phase(value: object) -> str | None:
    if value is None:
        return None
    phase = text_of(value, "at")
    if phase not in PHASES:
        raise BadValueError("unknown-phase", "unknown phase in `at`:", phase, PHASES)
    return phase


def _requests(value: object) -> dict[str, Limit]:
    known = (TOTAL, *REQUESTS)
    limits = {}
    for kind, limit in table_of(value).items():
        if kind not in known:
            raise BadValueError("unknown-request", "unknown kind of request in `requests`:", kind, known)
        limits[kind] = limit_of(limit)
    return limits


def compile_matcher(value: object) -> m.Matcher:
    """Return the demand that a value in TOML makes."""
    if isinstance(value, list):
        return m.Items(tuple(compile_matcher(item) for item in value))
    if not isinstance(value, Mapping):
        return m.Equals(value)
    if len(value) == 1:
        key, operand = next(iter(value.items()))
        if key in MATCHERS:
            return _one_key_matcher(key, operand)
    return m.Fields({key: compile_matcher(item) for key, item in value.items()})


def _one_key_matcher(key: str, operand: object) -> m.Matcher:
    match key:
        case "not":
            return m.Not(compile_matcher(operand))
        case "any_of":
            return m.AnyOf(tuple(compile_matcher(item) for item in list_of(operand, key)))
        case "each":
            return m.Each(compile_matcher(operand))
        case "equals":
            return m.Equals(operand)
        case "digest_of":
            return m.Holds(key, literal_of(operand))
        case "is":
            if operand not in IS_PREDICATES:
                raise BadValueError("unknown-predicate", "unknown predicate in `is`:", str(operand), IS_PREDICATES)
    return m.Holds(key, operand)
