"""A missing requirement of a lane is found without importing it, and reported with its remedy."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from rsconform.lanes import requirements as needs
from rsconform.lanes.lane import Lane
from rsconform.lanes.registry import find_lane, installed_lane_files
from rsconform.lanes.requirements import Lack, lacks, lacks_of_extra
from rsconform.spec.axiom import Place


def lane(folder: Path, target: str = "mine:make", **facts: object) -> Lane:
    file = folder / "lanes.toml"
    return Lane("mine", file, Place(str(file), 1), fixture=target, **facts)  # type: ignore[arg-type]


def written(folder: Path, text: str, name: str = "mine.py") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", ["memory", "local", "s3_boto3_moto"])
def test_our_lanes_lack_nothing_where_everything_is_installed(name: str) -> None:
    assert lacks(find_lane(name, installed_lane_files(), {})) == ()


def test_nothing_is_imported(tmp_path: Path) -> None:
    written(tmp_path, "import sys\nsys.exit(9)\ndef make(): ...\n")

    assert lacks(lane(tmp_path)) == ()
    assert "mine" not in sys.modules


def test_a_missing_module_is_found_through_modules_of_the_lanes_own(tmp_path: Path) -> None:
    written(tmp_path, "from own.deep import thing\ndef make(): ...\n", "own/__init__.py")
    written(tmp_path, "import os, no_such_module.part\n", "own/deep.py")

    (found,) = lacks(lane(tmp_path, "own:make"))
    assert found.what == "the module 'no_such_module' is not installed"


def test_what_is_only_imported_on_condition_is_not_demanded(tmp_path: Path) -> None:
    written(
        tmp_path,
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import no_such_module\n"
        "try:\n    import another\nexcept ImportError:\n    another = None\n"
        "def make():\n    import a_third\n",
    )

    assert lacks(lane(tmp_path)) == ()


@pytest.mark.parametrize(
    ("target", "text", "said"),
    [
        ("nowhere:make", "", "there is no module 'nowhere'"),
        ("nowhere.py:make", "", "there is no module 'nowhere.py'"),
        ("mine:other", "def make(): ...", "mine has no 'other'"),
        ("mine.py:other", "make = 1", "mine.py has no 'other'"),
        ("mine:make", "def make(: ...", "cannot be read"),
    ],
)
def test_code_that_is_not_there_is_told(target: str, text: str, said: str, tmp_path: Path) -> None:
    written(tmp_path, text)

    (found,) = lacks(lane(tmp_path, target))
    assert said in found.what


@pytest.mark.parametrize("text", ["make = partial(x)", "from elsewhere import made as make", "class make: ..."])
def test_a_callable_may_come_from_anywhere(text: str, tmp_path: Path) -> None:
    written(tmp_path, text)
    written(tmp_path, "made = 1", "elsewhere.py")

    assert lacks(lane(tmp_path)) == ()


def test_an_extra_that_is_missing_explains_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"rsconform": "1", "moto": "4.0"}

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(needs, "version", version)
    monkeypatch.setattr(
        needs, "requires",
        lambda name: {"rsconform": ['boto3>=1.41; extra == "s3"', 'moto[s3]>=5.1; extra == "s3"', "click>=8",
                                    'hypothesis; extra == "stateful"']}.get(name),
    )  # fmt: skip
    written(tmp_path, "import no_such_module\ndef make(): ...\n")

    assert lacks(lane(tmp_path, extra="rsconform[s3]")) == (
        Lack("boto3>=1.41 is not installed", "pip install 'rsconform[s3]'"),
        Lack("moto>=5.1 is required, and 4.0 is installed", "pip install 'rsconform[s3]'"),
    )


def test_an_extra_of_what_is_not_installed_at_all(tmp_path: Path) -> None:
    (found,) = lacks_of_extra("no-such-distribution[x]>=2")

    assert found == Lack("no-such-distribution>=2 is not installed", "pip install 'no-such-distribution[x]>=2'")


def test_an_extra_that_is_no_requirement_is_told() -> None:
    (found,) = lacks_of_extra("not a requirement")

    assert "is no requirement" in found.what


def test_an_affordance_may_need_an_extra_of_the_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "def make(): ...\n")
    monkeypatch.setattr(needs, "AFFORDANCE_EXTRAS", {"wire": "no-such-distribution"})

    assert [lack.what for lack in lacks(lane(tmp_path, affordances=("wire",)))] == [
        "no-such-distribution is not installed"
    ]
