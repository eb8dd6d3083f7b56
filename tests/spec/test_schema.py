"""The schema of family files, which editors read, and `rsconform lint` agree."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from rsconform.cases.compiler import compile_edition
from rsconform.cases.edition import load_checked
from rsconform.spec.problems import SpecError
from rsconform.spec.schema import NAME, render, schema

ROOT = Path(__file__).parents[2]
FAMILIES = [path for path in sorted((ROOT / "specs").rglob("*.toml")) if path.name != "_sets.toml"]
HEAD = 'format = 1\nfamily = { id = "T", title = "t", contract = "c", source = "s" }\n'
AXIOM = '[[axiom]]\nid = "T-001"\ntitle = "t"\nlevel = "MUST"\nstatement = "s"\n'
CASE = '[[axiom.case]]\nname = "plain"\n'
STEPS = 'steps = [ { op = "exists", path = "a", returns = false } ]\n'


def errors(document: dict[str, Any]) -> list[str]:
    return [error.message for error in Draft7Validator(schema()).iter_errors(document)]


def test_the_file_is_what_the_vocabulary_makes() -> None:
    found = (ROOT / "specs" / NAME).read_text(encoding="utf-8")

    assert found == render(), "write it anew: python -m rsconform.spec.schema"
    Draft7Validator.check_schema(json.loads(found))


@pytest.mark.parametrize("path", FAMILIES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_family_of_ours_is_right_by_the_schema(path: Path) -> None:
    assert errors(tomllib.loads(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        HEAD + AXIOM + CASE + STEPS,
        HEAD + AXIOM + 'untestable = "no way"\n',
        HEAD + "[sets.names]\nplain = 'a'\n" + AXIOM + CASE + STEPS + 'matrix = { path = "@names" }\n',
        HEAD + AXIOM + CASE + 'probe = "operations.is_backend"\n',
        HEAD + AXIOM + CASE + 'steps = [ { op = "read", path = "a", raises = ["NotFound", "InvalidPath"] } ]\n',
    ],
)
def test_what_lint_takes_the_schema_takes(tmp_path: Path, text: str) -> None:
    (tmp_path / "T.toml").write_text(text, encoding="utf-8")

    compile_edition(load_checked([tmp_path]))
    assert errors(tomllib.loads(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("format = 1\n", "") + AXIOM + CASE + STEPS,
        HEAD.replace("format = 1", "format = 2") + AXIOM + CASE + STEPS,
        HEAD.replace('"T"', '"t"') + AXIOM + CASE + STEPS,
        HEAD + "more = 1\n" + AXIOM + CASE + STEPS,
        HEAD + AXIOM,
        HEAD + AXIOM.replace("MUST", "must") + CASE + STEPS,
        HEAD + AXIOM.replace("T-001", "T-1-") + CASE + STEPS,
        HEAD + AXIOM.replace("title", "titel") + CASE + STEPS,
        HEAD + AXIOM + 'requires = ["RAED"]\n' + CASE + STEPS,
        HEAD + AXIOM + 'invariant = "no-such"\n',
        HEAD + AXIOM + 'surface = "both"\n' + CASE + STEPS,
        HEAD + AXIOM + CASE,
        HEAD + AXIOM + CASE + STEPS + 'probe = "operations.is_backend"\n',
        HEAD + AXIOM + CASE + 'probe = "operations.is_no_such"\n',
        HEAD + AXIOM + CASE + STEPS + 'traits = { flat_namespace = "yes" }\n',
        HEAD + AXIOM + CASE + STEPS + 'needs = ["peers"]\n',
        HEAD + AXIOM + CASE + STEPS + "matrix = { path = [] }\n",
        HEAD + AXIOM + CASE + STEPS + "fresh = 1\n",
        HEAD + AXIOM + CASE + STEPS + "then = { tre = {} }\n",
        HEAD + AXIOM + CASE + 'steps = [ { op = "exist", path = "a" } ]\n',
        HEAD + AXIOM + CASE + 'steps = [ { op = "exists", paht = "a" } ]\n',
        HEAD + AXIOM + CASE + 'steps = [ { op = "read", path = "a", raises = "NotFuond" } ]\n',
        HEAD + AXIOM + CASE + 'steps = [ { op = "read", path = "a", at = "later", raises = "NotFound" } ]\n',
        HEAD + AXIOM + CASE + 'steps = [ { op = "read", path = "a", fault = { stat = 503 } } ]\n',
    ],
)
def test_what_the_schema_refuses_lint_refuses_as_well(tmp_path: Path, text: str) -> None:
    (tmp_path / "T.toml").write_text(text, encoding="utf-8")

    with pytest.raises(SpecError):
        compile_edition(load_checked([tmp_path]))
    assert errors(tomllib.loads(text)) != []
