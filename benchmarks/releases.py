"""What the kit says of the releases of remote-store, each installed in an environment of its own.

Every lane is judged twice: by the contract of its release, and by that of the newest, which shows what was mended
since: the last column names what is violated there and not in the newest release.

Usage: python benchmarks/releases.py [--folder DIR] [--releases 0.30.0,0.33.0] [--lanes memory,local]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KIT = Path(__file__).resolve().parents[1]
RELEASES = "0.30.0,0.31.0,0.32.0,0.33.0"
LANES = "memory,memory_async,local,s3_boto3_moto"


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run of one lane said."""

    release: str
    lane: str
    contract: str
    statuses: Mapping[str, int]
    violated: frozenset[str]
    exit_code: int


def main() -> int:
    """Judge every release and print the table; 3 if a run broke."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where environments and reports go; kept")
    parser.add_argument("--releases", default=RELEASES)
    parser.add_argument("--lanes", default=LANES)
    asked = parser.parse_args()
    releases, lanes = asked.releases.split(","), asked.lanes.split(",")
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        found = [
            judge(folder, release, lane, contract)
            for release in releases
            for contract in dict.fromkeys((release, releases[-1]))
            for lane in lanes
        ]
    print_table(found, newest=releases[-1])
    return 3 if any(one.exit_code > 1 for one in found) else 0


def judge(folder: Path, release: str, lane: str, contract: str) -> Judged:
    """Return what the kit says of a lane with one release installed, by the contract of another."""
    programs = environment(folder / f"remote-store-{release}", release)
    reports = folder / "reports" / release / contract
    command = [str(programs / "rsconform"), "run", "--backend", lane, "--contract", contract, "--reports", str(reports)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if ended.returncode > 1:
        print(ended.stdout[-2000:] + ended.stderr[-2000:], file=sys.stderr)
    report: dict[str, Any] = json.loads((reports / lane / "report.json").read_text("utf-8"))
    statuses = Counter(axiom["status"] for axiom in report["axioms"])
    # Races show by chance, in one release as in another.
    violated = {axiom["id"] for axiom in report["axioms"] if axiom["status"] == "violated" and not axiom["flaky"]}
    return Judged(release, lane, contract, statuses, frozenset(violated), ended.returncode)


def environment(folder: Path, release: str) -> Path:
    """Return the programs of an environment with this kit and one release, making it on first use."""
    programs = folder / "bin"
    if not (programs / "rsconform").exists():
        uv = str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
        wanted = ["--editable", f"{KIT}[s3]", f"remote-store=={release}"]
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(programs / "python"), *wanted], check=True)
    return programs


def print_table(found: Sequence[Judged], *, newest: str) -> None:
    """Print a line for each run."""
    still = {one.lane: one.violated for one in found if one.release == newest}
    print(
        f"{'release':9}{'lane':15}{'contract':10}{'hold':>6}{'violated':>10}{'n/a':>6}{'open':>6}  exit  mended since"
    )
    for one in found:
        counts = [one.statuses.get(name, 0) for name in ("holds", "violated", "not_applicable")]
        left = sum(one.statuses.values()) - sum(counts)
        mended = " ".join(sorted(one.violated - still[one.lane])) or "-"
        print(
            f"{one.release:9}{one.lane:15}{one.contract:10}{counts[0]:6}{counts[1]:10}{counts[2]:6}{left:6}"
            f"{one.exit_code:6}  {mended}"
        )


if __name__ == "__main__":
    sys.exit(main())
