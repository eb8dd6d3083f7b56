"""What is installed: few dependencies, the shipped data, and every name that the vocabulary promises."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import distribution, entry_points
from pathlib import Path

import pytest

from rsconform import __version__, data, probes
from rsconform.data import MissingDataError, shipped
from rsconform.probes.index import render
from rsconform.spec.probes import INDEX_FILE, index

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def names(requirements: list[str]) -> set[str]:
    """Return the distributions that requirements name."""
    return {re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


def test_the_base_install_pulls_nothing_of_any_service() -> None:
    installed = names([text for text in distribution("rsconform").requires or () if "extra ==" not in text])

    assert installed == {
        "click",
        "hypothesis",
        "jinja2",
        "junitparser",
        "packaging",
        "pytest",
        "pytest-xdist",
        "remote-store",
        "rich",
        "tomli-w",
    }
    assert installed == names(PYPROJECT["project"]["dependencies"])


def test_the_extra_for_s3_brings_what_its_lanes_need_and_not_s3fs() -> None:
    assert names(PYPROJECT["project"]["optional-dependencies"]["s3"]) == {"boto3", "h11", "moto"}


def test_the_pinned_dependencies_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()

    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []


def test_the_command_the_plugin_and_our_lanes_are_entry_points() -> None:
    found = {(point.group, point.name): point.value for point in distribution("rsconform").entry_points}

    assert found["console_scripts", "rsconform"] == "rsconform.cli:main"
    assert found["pytest11", "rsconform"] == "rsconform.pytest.plugin"
    assert "rsconform" in {point.name for point in entry_points(group="rsconform.lanes")}
    for point in entry_points(group="console_scripts", name="rsconform"):
        assert callable(point.load())


def test_the_version_is_said_once() -> None:
    assert __version__ == PYPROJECT["project"]["version"]


# -- shipped data --


def test_the_axioms_and_the_schema_are_found() -> None:
    entries = {entry.name for entry in shipped("specs").iterdir()}

    assert {"_sets.toml", "BE", "SEEK.toml", "KIT.toml"} <= entries
    schema = json.loads(shipped("reports").joinpath("schema", "report.schema.json").read_text(encoding="utf-8"))
    assert schema["$schema"]


def test_the_packaged_copy_comes_before_a_folder_that_happens_to_lie_beside_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rsconform" / "_data" / "specs").mkdir(parents=True)
    (tmp_path / "specs").mkdir()
    monkeypatch.setattr(data, "files", lambda _package: tmp_path / "rsconform")
    monkeypatch.setattr(data, "__file__", str(tmp_path / "rsconform" / "data.py"))

    assert shipped("specs") == tmp_path / "rsconform" / "_data" / "specs"
    (tmp_path / "rsconform" / "_data" / "specs").rmdir()
    assert shipped("specs") == tmp_path / "specs"
    (tmp_path / "specs").rmdir()
    with pytest.raises(MissingDataError) as missing:
        shipped("specs")
    assert missing.value.kind == "specs"
    assert len(missing.value.looked_in) == 2


def test_the_wheel_holds_the_package_our_lanes_and_the_data_and_no_python_among_the_axioms() -> None:
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert all((ROOT / path).exists() for path in wheel["only-include"])
    assert wheel["sources"]["specs"] == "rsconform/_data/specs"
    assert wheel["sources"]["reports"] == "rsconform/_data/reports"
    assert wheel["sources"]["examples"] == "rsconform/_data/examples"
    assert list((ROOT / "specs").rglob("*.py")) == []


# -- names --


def test_the_index_of_probes_is_what_their_sources_say() -> None:
    assert INDEX_FILE.read_text(encoding="utf-8") == render(), "write it anew: python -m rsconform.probes.index"


@pytest.mark.parametrize("name", sorted(index()))
def test_a_probe_is_found_by_its_name_alone(name: str) -> None:
    assert probes.find_probe(name).__module__.startswith(f"rsconform.probes.{name.partition('.')[0]}")
