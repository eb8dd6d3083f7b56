"""Every recipe of CONTRIBUTING.md is run as it stands there, in a copy of the tree."""

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

ROOT: Final = Path(__file__).parents[1]
_BLOCK: Final = re.compile(
    r"^(?P<indent> *)```(?P<kind>toml|python|sh)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL
)


def recipe(title: str) -> list[tuple[str, str]]:
    """Return the blocks of a section, each with its kind, without their indentation."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    found = []
    for block in _BLOCK.finditer(section):
        lines = [line.removeprefix(block["indent"]) for line in block["text"].splitlines()]
        found.append((block["kind"], "\n".join(lines) + "\n"))
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of everything that is installed."""
    for folder in ("rsconform", "specs", "fixtures", "backends"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(command: str, tree: Path, cwd: Path) -> str:
    """Run a command of a recipe on a copy of the tree."""
    words = shlex.split(command)
    words = [sys.executable, *(["-m", "rsconform"] if words[0] == "rsconform" else []), *words[1:]]
    path = os.pathsep.join(str(tree / folder) for folder in ("", "fixtures", "backends"))
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(words, check=False, cwd=cwd, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def add(text: str, tree: Path) -> None:
    """Add a block to the file that its first line names."""
    first, _, rest = text.partition("\n")
    path = tree / first.removeprefix("# ")
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{rest}", encoding="utf-8")


def test_an_axiom_is_added_locked_run_and_shown_to_fail(tree: Path) -> None:
    (_, axiom), (_, lint), (_, judge), (_, mutant), (_, selftest) = recipe("Add an axiom")
    add(axiom, tree)
    mutants = tree / "rsconform" / "selftest" / "mutants" / "be_read.py"
    row = f"    {mutant.splitlines()[-1]},\n"
    mutants.write_text(
        mutants.read_text(encoding="utf-8").replace("\n)\n# fmt: on", f"\n{row})\n# fmt: on"), encoding="utf-8"
    )

    assert "no problems" in run(lint, tree, tree)
    assert "MUST      1 hold" in run(judge, tree, tree)
    assert "1 of 1 found out" in run(selftest, tree, tree)


def test_a_probe_is_added_indexed_and_named_in_a_case(tree: Path) -> None:
    (_, probe), (_, index) = recipe("Add a probe")
    add(probe, tree)
    run(index, tree, tree)
    case = '[[axiom.case]]\nname = "short"\nprobe = "operations.name_is_short"\nargs = { most = 64 }\n'
    axiom = 'id = "BE-002z"\ntitle = "A name is short"\nlevel = "SHOULD"\nstatement = "A name is short."\n'
    add(f"# specs/BE/identity.toml\n[[axiom]]\n{axiom}\n{case}", tree)

    assert "SHOULD    1 hold" in run("rsconform run --backend memory --spec BE-002z", tree, tree)


def test_a_lane_is_added_and_certified(tree: Path, tmp_path: Path) -> None:
    (_, fixture), (_, lane), (_, judge) = recipe("Add a lane")
    folder = tmp_path / "somewhere"
    folder.mkdir()
    for text in (fixture, lane):
        first, _, rest = text.partition("\n")
        (folder / first.removeprefix("# ")).write_text(rest, encoding="utf-8")

    run(judge, tree, folder)

    assert (folder / "reports" / "my_lane" / "certificate.toml").is_file()
