"""`rsconform selftest` by its exit codes and what it prints; the trials themselves are made elsewhere."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rsconform.cli.selftest import selftest
from rsconform.selftest.registry import MUTANTS
from rsconform.selftest.trials import Asked, Catch, Kind, Trial, axiom_of

# The package has the command under this name.
module = sys.modules["rsconform.cli.selftest"]


def caught(asked: Asked) -> Trial:
    axiom = axiom_of(asked)
    if axiom is None:
        return Trial(asked, asked.name)
    return Trial(asked, "flat", axiom, Catch.CAUGHT, (axiom,), failed=(f"{axiom}/a",), executed=(f"{axiom}/a",))


def invoke(monkeypatch: pytest.MonkeyPatch, *arguments: str, change: dict[str, object], leave: int = 0) -> Result:
    """Run the command with trials that end well, but for a change of the first mutant and the last few not made."""

    def made(asked: Sequence[Asked], workers: int, limit_s: float | None) -> tuple[list[Trial], list[Asked]]:
        done = [caught(one) for one in asked[: len(asked) - leave]]
        first = next(index for index, trial in enumerate(done) if trial.axiom is not None)
        done[first] = replace(done[first], **change)  # type: ignore[arg-type]
        return done, list(asked[len(asked) - leave :])

    monkeypatch.setattr(module, "_make_all", made)
    return CliRunner().invoke(selftest, list(arguments))


def test_a_sound_kit_ends_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, change={})

    assert result.exit_code == 0, result.output
    assert f"{len(MUTANTS)} of {len(MUTANTS)} found out" in result.output


def test_a_mutant_that_gets_away_makes_3_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke(monkeypatch, change={"catch": Catch.MISSED, "wrong": ("BE-1 is not violated but holds",)})

    assert result.exit_code == 3
    assert "BE-1 is not violated but holds" in result.output
    assert f"{len(MUTANTS) - 1} of {len(MUTANTS)} found out" in result.output


def test_what_was_left_out_is_said_and_is_4_only_if_an_axiom_is_left_without(monkeypatch: pytest.MonkeyPatch) -> None:
    one = invoke(monkeypatch, change={}, leave=1)
    many = invoke(monkeypatch, change={}, leave=len(MUTANTS) - 1)

    assert one.exit_code == 0
    assert "there was no time left" in one.output
    assert many.exit_code == 4
    assert "no mutant of theirs was tried" in many.output


def test_the_second_try_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "by chance" in invoke(monkeypatch, change={"tries": 2}).output


@pytest.mark.parametrize("name", ["matrix.json", "matrix.toml"])
def test_the_matrix_is_written(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / name

    result = invoke(monkeypatch, "--full", "--write", str(path), change={"executed": ("BE-1/a", "BE-1/b")})

    text = path.read_text(encoding="utf-8")
    document = json.loads(text) if name.endswith("json") else tomllib.loads(text)
    assert result.exit_code == 0, result.output
    assert len(document["mutants"]) == len(MUTANTS)
    assert document["never_failed"] == ["BE-1/a", "BE-1/b"]
    assert "BE-1/b" in result.output


def test_a_file_of_another_kind_is_a_usage_error(tmp_path: Path) -> None:
    assert CliRunner().invoke(selftest, ["--write", "matrix.xml"]).exit_code == 2
    assert CliRunner().invoke(selftest, ["--write", str(tmp_path / "no" / "m.toml")]).exit_code == 2


def test_the_kinds_of_right_backends_are_tried_too(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: set[Kind] = set()

    def made(asked: Sequence[Asked], workers: int, limit_s: float | None) -> tuple[list[Trial], list[Asked]]:
        kinds.update(one.kind for one in asked)
        return [caught(one) for one in asked], []

    monkeypatch.setattr(module, "_make_all", made)
    CliRunner().invoke(selftest, ["--full"])

    assert kinds == set(Kind)
