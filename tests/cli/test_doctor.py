"""`rsconform doctor` by its sentences and exit codes; it starts nothing and never ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rsconform.cli.doctor import doctor
from tests.cli.commands import environment, rsconform

SOUND = '[lane.mine]\nfixture = "mine:make"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def make(): ...\n", encoding="utf-8")
    return tmp_path


def asked(*arguments: str) -> Result:
    result = CliRunner().invoke(doctor, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_where_everything_is_installed_every_lane_can_run(folder: Path) -> None:
    (folder / "lanes.toml").write_text(SOUND, encoding="utf-8")

    result = asked()

    assert result.exit_code == 0, result.output
    assert "mine: can run" in result.output
    assert "s3_boto3_moto: can run" in result.output
    assert "axioms    edition dev" in result.output


def test_a_lane_that_cannot_run_makes_4_and_has_its_remedy(folder: Path) -> None:
    (folder / "lanes.toml").write_text(SOUND + 'extra = "no-such-distribution[x]"\n', encoding="utf-8")

    result = asked()

    assert result.exit_code == 4
    assert (
        "mine: cannot run\n  no-such-distribution is not installed\n    pip install 'no-such-distribution[x]'"
        in result.output
    )
    assert asked("--backend", "memory").exit_code == 0


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("lanes.toml", "[lane.mine\n", "not valid TOML"),
        ("lanes.toml", '[lane.mine]\nfixtur = "mine:make"\n', 'unknown key of a lane "fixtur"'),
        ("lanes.toml", "\udcff", "not UTF-8"),
        ("pyproject.toml", "[tool.rsconform.lane.mine]\nstage = 9\n", "`stage` is 1, 2 or 3"),
    ],
)
def test_a_broken_file_is_told_and_the_other_lanes_are_looked_at(name: str, text: str, said: str, folder: Path) -> None:
    (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))

    result = asked()

    assert result.exit_code == 2
    assert said in result.output
    assert "memory: can run" in result.output


def test_a_family_that_there_is_not_is_told(folder: Path) -> None:
    (folder / "lanes.toml").write_text(SOUND + 'specs = ["S3X"]\n', encoding="utf-8")

    result = asked()

    assert result.exit_code == 2
    assert "unknown family 'S3X'" in result.output


def test_an_unknown_lane_is_a_usage_error(folder: Path) -> None:
    result = asked("--backend", "memroy")

    assert result.exit_code == 2
    assert "Did you mean 'memory'?" in result.output


def test_a_service_is_left_to_the_run(folder: Path) -> None:
    (folder / "lanes.toml").write_text(SOUND + "stage = 2\n", encoding="utf-8")

    assert "whether that answers only a run can tell" in asked("--backend", "mine").output


def test_nothing_of_a_lane_is_imported(folder: Path) -> None:
    (folder / "lanes.toml").write_text(SOUND, encoding="utf-8")
    refuse = """
        import sys
        class Refuse:
            def find_spec(self, name, path=None, target=None):
                if name in ("boto3", "moto", "hypothesis", "mine") :
                    sys.stderr.write(f"IMPORTED {name}")
        sys.meta_path.insert(0, Refuse())
    """

    ran = rsconform(folder, "doctor", env=environment(folder, site=refuse))

    assert "IMPORTED" not in ran.err
    assert "mine: can run" in ran.out
