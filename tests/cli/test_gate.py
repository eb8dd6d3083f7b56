"""`rsconform gate` by its exit codes and sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rsconform.cli.gate import gate
from tests.gate.certificates import document, violated, written


def test_a_violation_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = written(tmp_path, document("none", axioms=violated()))

    result = CliRunner().invoke(gate, [str(path)])

    assert result.exit_code == 1
    assert "BE-008n (MUST) is violated: Metadata is refused." in result.output
    assert "stale" in result.output


def test_a_file_that_is_no_certificate_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "certificate.toml"
    path.write_text("format = 2", "utf-8")

    result = CliRunner().invoke(gate, [str(path)])

    assert result.exit_code == 2
    assert "format = 2" in result.output


def test_a_baseline_goes_with_one_certificate(tmp_path: Path) -> None:
    path = str(written(tmp_path, document()))

    assert CliRunner().invoke(gate, [path, path, "--baseline", path]).exit_code == 2


def test_control_characters_of_a_certificate_do_not_reach_the_terminal(tmp_path: Path) -> None:
    listed = {"violated": {"BE-008n": {"level": "MUST", "title": "red \x1b[31m turned \u202e"}}}

    result = CliRunner().invoke(gate, [str(written(tmp_path, document("none", axioms=listed)))])

    assert "red \\x1b[31m turned \\u202e" in result.output
    assert not {"\x1b", "\u202e"} & set(result.output)


@pytest.mark.parametrize("lane", ["memory", "memory_async", "s3_boto3_moto", "s3_boto3_moto_strict"])
def test_our_own_certificates_are_admitted(lane: str) -> None:
    path = Path(__file__).parents[2] / "reports" / lane / "certificate.toml"

    result = CliRunner().invoke(gate, [str(path), "--require", "full"])

    assert result.exit_code == 0, result.output
    assert "could not be" not in result.output
