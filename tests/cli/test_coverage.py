"""`rsconform coverage` by what it prints and its exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rsconform.cli.coverage import coverage
from rsconform.cli.inputs import edition_of
from rsconform.report.certificate import write_certificate
from rsconform.report.json_report import write_json
from tests.report.journals import axiom, passed, planned, renamed, report, rich, skip


def asked(*arguments: object) -> Result:
    return CliRunner().invoke(coverage, [str(argument) for argument in arguments])


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_report_is_told_by_family_with_what_is_missing(tmp_path: Path) -> None:
    result = asked("--report", written(tmp_path / "report.json", write_json(rich())))

    assert result.exit_code == 0
    assert ["BE", "11", "6", "12", "7"] in [line.split() for line in result.output.splitlines()]
    assert "untestable: needs a second universe (1)\n      BE-014" in result.output


def test_a_certificate_says_the_rest_with_the_axioms_of_this_kit(tmp_path: Path) -> None:
    edition = edition_of([])
    axioms = [axiom(one.id) for family in edition.families if family.common for one in family.axioms]
    made = report(
        *(passed(f"{one.id}/a") for one in axioms if one.id != "BE-006a"),
        axioms=axioms,
        plan=[planned(f"{one.id}/a", **({"skip": skip("peer")} if one.id == "BE-006a" else {})) for one in axioms],
        lock=edition.lock_digest,
    )

    result = asked("--report", written(tmp_path / "certificate.toml", write_certificate(made)))

    assert result.exit_code == 0, result.output
    assert "not exercised: needs peer (1)\n      BE-006a" in result.output
    assert "untestable" in result.output


def test_lanes_alone_say_what_they_could_run() -> None:
    result = asked("--backend", "memory")

    assert result.exit_code == 0
    assert "could run" in result.output
    assert "untestable" in result.output
    assert "S3B" not in result.output  # It does not bind that lane.


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.json", None, "cannot be read"),
        ("none.toml", None, "cannot be read"),
        ("bad.json", "{", "neither a report.json nor a certificate.toml"),
        ("other.json", '{"format": 1}', "no report of rsconform's"),
        ("stale.toml", write_certificate(rich()), "stale"),
        ("elsewhere.toml", write_certificate(renamed(rich(), "somebodys")), "no lane 'somebodys' is known here"),
    ],
)
def test_a_file_that_says_nothing_is_a_usage_error(name: str, text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")

    result = asked("--report", path)

    assert result.exit_code == 2
    assert said in result.output


def test_a_lane_and_a_report_do_not_go_together(tmp_path: Path) -> None:
    assert asked("--backend", "memory", "--report", tmp_path / "x.json").exit_code == 2
