"""`rsconform` from outside: a command, and what became of it.

The commands know the small edition in the folder `axioms` instead of the shipped one: what they do depends on none of
our axioms, and most of the time of a short run is spent on reading those.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rsconform.cli import inputs as sources
from rsconform.cli import main

# Backends that somebody wrote, one function each. The store of `folder` outlives its instances.
BACKENDS = """
import os, sys, threading, time
from pathlib import Path
from remote_store import NotFound
from remote_store.backends import LocalBackend, MemoryBackend

def sound(): return MemoryBackend()
class Unmade(MemoryBackend):
    def __init__(self): raise ValueError("no luck today")
def raises(): return Unmade()
def hangs(): time.sleep(600)
def ends(): os._exit(3)
def none(): return None
def thing(): return object()

class Nones(MemoryBackend):
    pass
for name in dir(MemoryBackend):
    if not name.startswith("_") and name not in ("name", "capabilities", "CAPABILITIES", "close_is_terminal"):
        setattr(Nones, name, lambda self, *a, **k: None)
def nones(): return Nones()

class NoFacts(Nones):
    capabilities = property(lambda self: None)
def no_facts(): return NoFacts()

class EndsInWrite(MemoryBackend):
    def write(self, *a, **k): os._exit(7)
def ends_in_write(): return EndsInWrite()

class Deadlocks(MemoryBackend):
    def write(self, *a, **k):
        lock = threading.Lock(); lock.acquire(); lock.acquire()
def deadlocks(): return Deadlocks()

class Wrong(MemoryBackend):
    def exists(self, path): return not super().exists(path)
def wrong(): return Wrong()

class Slow(MemoryBackend):
    def exists(self, path):
        time.sleep(0.5)
        return super().exists(path)
def slow(): return Slow()

def folder():
    Path("store").mkdir(exist_ok=True)
    return LocalBackend("store")
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str
    cwd: Path

    def report(self, lane: str) -> dict[str, Any]:
        """Return the JSON report of a lane."""
        home = self.cwd / "reports" / lane
        last = max((one for one in (home, home / "partial") if (one / "report.json").is_file()), key=_written_at)
        text = (last / "report.json").read_text(encoding="utf-8")
        document: dict[str, Any] = json.loads(text)
        return document

    def certificate(self, lane: str) -> Path:
        """Return where the certificate of a lane lies, if it does."""
        return self.cwd / "reports" / lane / "certificate.toml"


def _written_at(folder: Path) -> float:
    return (folder / "report.json").stat().st_mtime


AXIOMS = Path(__file__).parent / "axioms"
SMALL_EDITION = f"""
import pathlib
import rsconform.data
rsconform.data.shipped = lambda kind: pathlib.Path({str(AXIOMS)!r})
"""


def environment(cwd: Path, *, site: str = "", **more: str) -> dict[str, str]:
    """Return an environment for a command in a folder, in which nothing of our own pytest is to be seen.

    Args:
        site: What every process does first.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    (cwd / "site").mkdir(exist_ok=True)
    (cwd / "site" / "sitecustomize.py").write_text(SMALL_EDITION + textwrap.dedent(site), encoding="utf-8")
    return {**plain, "PYTHONPATH": str(cwd / "site"), **more}


def command(*arguments: str) -> list[str]:
    """Return a command of rsconform's."""
    return [sys.executable, "-m", "rsconform", *arguments]


def rsconform(cwd: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
    """Run `rsconform` to its end in a folder."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=env or environment(cwd),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr, cwd)


def run(cwd: Path, *arguments: str, **options: Any) -> Ran:
    """Run `rsconform run` in a folder; `--backend mine.py:NAME` names one of the backends above."""
    (cwd / "mine.py").write_text(BACKENDS, encoding="utf-8")
    return rsconform(cwd, "run", *arguments, **options)


def refused_at_once(
    cwd: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> Ran:
    """Run `rsconform run` in this process, for what is refused before anything is started."""
    (cwd / "mine.py").write_text(BACKENDS, encoding="utf-8")
    monkeypatch.chdir(cwd)
    monkeypatch.setattr(sources, "shipped", lambda _kind: AXIOMS)
    monkeypatch.setattr(sys, "argv", ["rsconform", "run", *arguments])
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    return Ran(int(end.value.code or 0), out, err, cwd)


def mine(name: str) -> str:
    """Return how one of the backends above is asked for."""
    return f"--backend=mine.py:{name}"


def cases(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a report says of each case."""
    return [*report["unassigned"], *(case for axiom in report["axioms"] for case in axiom["cases"])]


def outcomes(report: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the outcome of each case by its ID."""
    return {case["case"]: case["outcome"] for case in cases(report)}


def statuses(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the status on each axiom."""
    return {axiom["id"]: axiom["status"] for axiom in report["axioms"]}
