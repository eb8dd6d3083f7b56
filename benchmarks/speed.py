"""How fast rsconform is, as ratios within one run: these figures mean something on a noisy machine too.

(a) a case on `memory` against an empty parametrized test function of pytest
(b) CPU per case on `s3_boto3_moto` against the conformance suite in remote-store's source distribution, same lane
(c) collecting every case of a lane

Usage: python benchmarks/speed.py [--rounds N] [--sdist FOLDER]

Without --sdist the source distribution of remote-store is downloaded by its name; (b) is left out if that fails.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
SDIST = "remote-store==0.33.0"
UPSTREAM_NEEDS = (
    SDIST,
    "pytest",
    "boto3",
    "moto[s3,server]",
    "vcrpy",
    "pytest-asyncio",
    "pytest-recording",
    "hypothesis",
)
UPSTREAM_OPTIONS = ("-o", "asyncio_default_fixture_loop_scope=function", "-W", "ignore")
EMPTY = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_nothing(number):
    pass
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took, in seconds, and what it printed."""

    wall_s: float
    cpu_s: float
    output: str


def cost_of(command: Sequence[str], folder: Path, extra_path: str = "") -> Cost:
    """Run a command to its end and return its cost, its children's included."""
    environment = {**os.environ, "PYTHONPATH": extra_path, "PYTEST_ADDOPTS": ""}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    wall_s = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall_s, cpu_s, done.stdout + done.stderr)


def executed(output: str) -> int:
    """Return how many tests a pytest run executed, skipped ones left out."""
    return sum(int(count) for count in re.findall(r"(\d+) (?:passed|failed)", output))


def show(name: str, ratios: Sequence[float], aim: str, detail: str) -> None:
    """Print one comparison."""
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"{name}\n  ratio {middle:.2f} ({low:.2f} to {high:.2f}), aim {aim}\n  {detail}")


def memory_against_empty(folder: Path, rounds: int) -> None:
    """Compare (a) and (c): as many empty test functions as there are cases."""
    nothing = folder / "nothing"
    lane = [*PYTEST, "--rsconform-backend", "memory"]
    count = executed(cost_of(lane, nothing).output)
    (folder / "test_empty.py").write_text(EMPTY.format(count=count), encoding="utf-8")
    empty = [*PYTEST, "test_empty.py"]
    whole, each, collect = [], [], []
    for _ in range(rounds):
        ours, ours_collected = cost_of(lane, nothing), cost_of([*lane, "--co"], nothing)
        theirs, theirs_collected = cost_of(empty, folder), cost_of([*empty, "--co"], folder)
        start = cost_of([*PYTEST, "--co"], nothing)
        whole.append(ours.cpu_s / theirs.cpu_s)
        each.append((ours.cpu_s - ours_collected.cpu_s) / (theirs.cpu_s - theirs_collected.cpu_s))
        collect.append((ours_collected.cpu_s - start.cpu_s) / count * 1000)
    name = f"(a) memory, {count} cases, against as many empty test functions, CPU"
    show(name, each, "at most 1.5", f"start and collection included: {statistics.median(whole):.2f}")
    print(f"(c) collecting\n  {statistics.median(collect):.2f} s per 1,000 cases, aim under 1 s")


def s3_against_upstream(folder: Path, source: Path, rounds: int) -> None:
    """Compare (b)."""
    python = upstream_environment(folder)
    # The suite skips its boto3 lane where s3fs cannot be imported, though that lane never uses it.
    stand_in = folder / "stand-in"
    stand_in.mkdir()
    (stand_in / "s3fs.py").write_text("class S3FileSystem: ...\n", encoding="utf-8")
    upstream = [str(python), *PYTEST[1:], *UPSTREAM_OPTIONS, "tests/backends/conformance", "-k", "s3_boto3_moto"]
    ours = [sys.executable, "-m", "rsconform", "run", "--backend", "s3_boto3_moto"]
    ratios, figures = [], []
    for _ in range(rounds):
        theirs = cost_of(upstream, source, f"{stand_in}{os.pathsep}{source / 'src'}")
        mine = cost_of(ours, folder)
        count, cases = executed(theirs.output), executed(mine.output)
        if not count or not cases:
            print(f"(b) left out: {count} upstream tests and {cases} cases ran\n{theirs.output[-800:]}")
            return
        each, other = mine.cpu_s / cases * 1000, theirs.cpu_s / count * 1000
        ratios.append(each / other)
        figures.append(f"{each:.1f} ms in each of {cases} cases, {other:.1f} ms in each of {count} tests")
    show("(b) s3_boto3_moto, CPU per case, against upstream's suite", ratios, "at most 0.25", figures[-1])


def upstream_environment(folder: Path) -> Path:
    """Return the Python of a new environment that holds what upstream's suite imports."""
    uv = Path(sys.executable).with_name("uv")
    python = folder / "upstream" / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", folder / "upstream"], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *UPSTREAM_NEEDS], check=True)
    return python


def unpacked(folder: Path) -> Path | None:
    """Return the unpacked source distribution of remote-store, or None if it cannot be had."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--no-deps",
        "--no-binary",
        ":all:",
        SDIST,
        "-d",
        str(folder),
    ]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        return None
    (archive,) = folder.glob("remote_store-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return next(path for path in folder.glob("remote_store-*") if path.is_dir())


def main() -> None:
    """Print the three comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sdist", type=Path, help="an unpacked source distribution of remote-store 0.33.0")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nothing").mkdir()
        memory_against_empty(folder, options.rounds)
        source = options.sdist or unpacked(folder)
        if source is None:
            print(f"(b) left out: {SDIST} cannot be downloaded here")
        else:
            s3_against_upstream(folder, source, options.rounds)


if __name__ == "__main__":
    main()
