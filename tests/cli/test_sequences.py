"""`rsconform repro` and `rsconform fuzz` from outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rsconform.cases.content import Content
from rsconform.stateful.operations import Operation
from rsconform.stateful.tokens import Repro, encode
from tests.cli.commands import Ran, rsconform

MOVES = """
import random
from remote_store.backends import MemoryBackend

class Copying(MemoryBackend):
    def move(self, src, dst, *, overwrite=False):
        self.copy(src, dst, overwrite=overwrite)

def copying(): return Copying()
def sound(): return MemoryBackend()
"""
X = Content("text:x")
STEPS = (Operation("write", "a", content=X), Operation("move", "a", "b"), Operation("exists", "a"))
TOKEN = encode(Repro("mine.py:copying", False, False, STEPS))


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder with two backends of somebody's."""
    (tmp_path / "mine.py").write_text(MOVES, encoding="utf-8")
    return tmp_path


def fuzz(cwd: Path, name: str, *arguments: str, minutes: str = "0.03") -> Ran:
    flat = "--trait=flat_namespace=false"
    return rsconform(cwd, "fuzz", f"--backend=mine.py:{name}", flat, f"--minutes={minutes}", *arguments)


def test_a_token_shows_each_step_and_where_it_goes_wrong(mine: Path) -> None:
    ran = rsconform(mine, "repro", TOKEN)

    assert ran.code == 1
    assert '2 { op = "move", src = "a", dst = "b" }' in ran.out
    assert "expected  False\nobserved  True" in ran.out


def test_on_a_backend_that_is_right_it_ends_with_0(mine: Path) -> None:
    ran = rsconform(mine, "repro", TOKEN, "--backend=mine.py:sound", "--times=2")

    assert ran.code == 0
    assert "it went wrong in 0 of 2 fresh stores" in ran.out


@pytest.mark.parametrize(("form", "begins"), [("toml", "[[axiom.case]]"), ("script", '"""exists() of a')])
def test_it_is_printed_to_be_kept(mine: Path, form: str, begins: str) -> None:
    ran = rsconform(mine, "repro", TOKEN, f"--as={form}")

    assert ran.code == 1
    assert ran.out.startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "this is no token"),
        ([TOKEN[:-9]], "the token is damaged"),
        ([TOKEN, "--backend=nobody"], "no lane 'nobody'"),
        (
            [encode(Repro("mine.py:sound", False, False, (Operation("drop_container"),)))],
            "does not afford what the sequence needs: container",
        ),
    ],
    ids=["no-token", "cut-off", "no-lane", "no-container"],
)
def test_what_cannot_be_run_is_said_in_a_sentence(mine: Path, arguments: list[str], says: str) -> None:
    ran = rsconform(mine, "repro", *arguments)

    assert ran.code == 2
    assert says in ran.err
    assert "Traceback" not in ran.err


def test_a_campaign_keeps_what_it_finds_and_shares_it(mine: Path) -> None:
    first = fuzz(mine, "copying", "--reports=one", "--database=shared")
    kept = sorted((mine / "one").rglob("*.toml"))

    assert first.code == 1
    assert kept
    assert re.search(r"repro +rsconform repro 1\.", first.out)

    # Another machine looks for no time at all, and has it from the database.
    other = fuzz(mine, "copying", "--reports=two", "--database=shared", "--seed=1", minutes="0.01")
    assert {path.name for path in kept} <= {path.name for path in (mine / "two").rglob("*.toml")}
    assert other.code == 1


def test_a_campaign_that_finds_nothing_says_how_much_it_tried(mine: Path) -> None:
    ran = fuzz(mine, "sound", "--seed=7")

    assert ran.code == 0
    assert re.search(r"mine\.sound: \d+ s, \d+ rounds, [1-9]\d* sequences, \d+ operations, 0 found; seed 7", ran.out)


def test_a_campaign_asks_for_what_it_has_to_know(mine: Path) -> None:
    ran = rsconform(mine, "fuzz", "--backend=mine.py:sound", "--minutes=0.01")

    assert ran.code == 2
    assert "--trait flat_namespace=true or --trait flat_namespace=false" in ran.err
