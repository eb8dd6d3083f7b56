"""The JSON Schema of a family file, made from the vocabulary: `python -m rsconform.spec.schema` writes it anew.

An editor completes and checks keys and names by it (Taplo, Tombi, Even Better TOML). Only `rsconform lint` sees what
needs more than one place of a file, as placeholders and repeated IDs do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from rsconform.spec.axiom import Level
from rsconform.spec.family import FORMAT
from rsconform.spec.keys import (
    AXIOM_KEYS,
    CASE_KEYS,
    FAMILY_KEYS,
    FAULT_KEYS,
    PHASES,
    REQUESTS,
    STEP_KEYS,
    THEN_KEYS,
    TOTAL,
)
from rsconform.spec.operations import BOUND_OPERATIONS, CAPABILITIES, ERRORS, OPERATIONS, PYTHON_ERRORS, SURFACES
from rsconform.spec.probes import index
from rsconform.spec.traits import AFFORDANCES, INVARIANTS, TRAITS

NAME: Final = "family.schema.json"

_FAMILY_ID: Final = "^[A-Z][A-Z0-9]*(-[A-Z][A-Z0-9]*)*$"
_AXIOM_ID: Final = r"^[A-Z][A-Z0-9]*(-[A-Z][A-Z0-9]*)*-[A-Z]?[0-9]+[a-z]*(\.[0-9]+)?$"
_CASE_NAME: Final = "^[A-Za-z0-9._+-]{1,60}$"
_TEXT: Final = {"type": "string", "pattern": r"\S"}
_FILLED: Final = {"type": "string", "pattern": r"\{"}  # A placeholder stands for the name.
_RELEASE: Final = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*$"}


def schema() -> dict[str, Any]:
    """Return the schema."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A family of rsconform axioms",
        "description": "A file NAME.toml, or one of the files of a folder NAME; see docs/axioms.md.",
        "type": "object",
        "required": ["format"],
        "additionalProperties": False,
        "properties": {
            "format": {"const": FORMAT},
            "family": _family(),
            "groups": {"type": "object", "propertyNames": {"pattern": _AXIOM_ID}, "additionalProperties": _TEXT},
            "sets": {"type": "object", "additionalProperties": _points(_list_of({"type": "string", "pattern": "^@"}))},
            "axiom": {"type": "array", "items": _axiom()},
        },
    }


def render() -> str:
    """Return the text of the schema's file."""
    return json.dumps(schema(), indent=1) + "\n"


def _family() -> dict[str, Any]:
    said: dict[str, Any] = dict.fromkeys(FAMILY_KEYS, _TEXT)
    said |= {"id": {"type": "string", "pattern": _FAMILY_ID}, "common": {"type": "boolean"}}
    return _table(said, ("id", "title", "contract", "source"))


def _axiom() -> dict[str, Any]:
    said: dict[str, Any] = dict.fromkeys(AXIOM_KEYS, _TEXT)
    said |= {
        "id": {"type": "string", "pattern": _AXIOM_ID},
        "level": {"enum": [level.value for level in Level]},
        "requires": _list_of(_one_of(CAPABILITIES)),
        "since": _RELEASE,
        "same_as": _list_of({"type": "string", "pattern": _AXIOM_ID}),
        "surface": _one_of(SURFACES),
        "invariant": _one_of(INVARIANTS),
        "case": {"type": "array", "items": _case()},
    }
    return {
        **_table(said, ("id", "title", "level", "statement")),
        "anyOf": [{"required": [name]} for name in ("case", "invariant", "same_as", "untestable")],
    }


def _case() -> dict[str, Any]:
    table = {"type": "object"}
    said: dict[str, Any] = {
        "name": {"type": "string", "pattern": _CASE_NAME},
        "requires": _list_of(_one_of(CAPABILITIES)),
        "lacks": _list_of(_one_of(CAPABILITIES)),
        "traits": _table({name: _trait(name) for name, trait in TRAITS.items() if trait.values is not None}),
        "needs": _list_of(_one_of(AFFORDANCES)),
        "matrix": {
            "type": "object",
            "additionalProperties": _points({"type": "array", "minItems": 1}, {"type": "string", "pattern": "^@"}),
        },
        "given": table,
        "steps": {"type": "array", "items": _step()},
        "then": _then(THEN_KEYS),
        "probe": {"anyOf": [_one_of(index()), {"type": "string", "pattern": r"^[\w.]+:\w+$"}]},
        "args": table,
        "fresh": {"type": "boolean"},
        "since": _RELEASE,
        "breaks": _list_of({"type": "string", "pattern": _AXIOM_ID}),
    }
    assert set(said) == set(CASE_KEYS)
    return {**_table(said, ("name",)), "oneOf": [{"required": ["steps"]}, {"required": ["probe"]}]}


def _step() -> dict[str, Any]:
    arguments = {name for operation in OPERATIONS.values() for name in operation.parameters}
    said: dict[str, Any] = dict.fromkeys((*STEP_KEYS, *sorted(arguments)), True)
    errors = {"anyOf": [_one_of((*ERRORS, *PYTHON_ERRORS)), {"type": "string", "pattern": "^(not |source$)"}, _FILLED]}
    said |= {
        "op": {"anyOf": [_one_of((*OPERATIONS, *BOUND_OPERATIONS)), _FILLED]},
        "at": {"anyOf": [_one_of(PHASES), _FILLED]},
        "as": {"type": "string"},
        "raises": {"anyOf": [errors, _list_of(errors), {"type": "object"}]},
        "requests": {
            "anyOf": [_table(dict.fromkeys((*REQUESTS, TOTAL), True)), {"type": ["integer", "string", "array"]}]
        },
        "fault": {"anyOf": [_fault(), {"type": "array", "items": {"anyOf": [_fault(), _FILLED]}}, _FILLED]},
    }
    return _table(said)


def _fault() -> dict[str, Any]:
    return _table(dict.fromkeys(FAULT_KEYS, True))


def _then(keys: Iterable[str]) -> dict[str, Any]:
    said: dict[str, Any] = dict.fromkeys(keys, True)
    if "any_of" in said:
        said["any_of"] = {"type": "array", "items": _then([name for name in said if name != "any_of"])}
    return _table(said)


def _trait(name: str) -> dict[str, Any]:
    return {"enum": list(TRAITS[name].values or ())}


def _points(*others: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "object", "minProperties": 1}, *others]}


def _one_of(names: Iterable[str]) -> dict[str, Any]:
    return {"enum": sorted(names)}


def _list_of(what: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": what, "uniqueItems": True}


def _table(properties: dict[str, Any], required: Iterable[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


if __name__ == "__main__":
    Path("specs", NAME).write_text(render(), encoding="utf-8")
