"""How likely each profile finds a backend that loses a race, keeps what it took, or does not bear to be stopped.

For each mutant of those instruments: in how many of N runs of its axiom's cases it is found, each run with a seed and a
store of its own, the 95 % interval of that (Wilson), and the median time of a run. The mutants that lose races have a
window of 1 ms. Then the same for right backends, which have to be found in none.

Usage: python benchmarks/races.py [--runs N] [--profile quick] [--only TEXT]
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Iterator

from rsconform.lanes.lane import LaneFixture, Services
from rsconform.run.records import Profile
from rsconform.selftest.bases import BASES, Base
from rsconform.selftest.behaviours import let_go
from rsconform.selftest.harness import reasons, run, violated
from rsconform.selftest.registry import MUTANTS

# The axioms that probes with threads, processes and repetitions show.
STRESSED = ("BE-028", "BOUND-", "KIT-06", "RACE-", "TIME-")
RIGHT = ("memory", "async", "flat", "s3")


def wilson(found: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a probability that was seen `found` times of `of`."""
    z, share = 1.96, found / of
    middle, spread = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    whole = 1 + z * z / of
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def runs(
    base: Base, fixture: LaneFixture, axioms: frozenset[str], profile: Profile, count: int
) -> Iterator[tuple[bool, float, list[str]]]:
    """Yield of each run whether something was found, how many seconds it took, and what was said."""
    services = Services(own_process=True)
    try:
        for seed in range(count):
            started = time.perf_counter()
            report = run(
                base.lane,
                fixture,
                services,
                only=lambda case: case.axiom.id in axioms,
                limit_s=10.0,
                seed=seed,
                profile=profile,
            )
            found = violated(report)
            said = [text for axiom in found for text in reasons(found[axiom])]
            yield bool(found), time.perf_counter() - started, said
            let_go()
    finally:
        services.close()


def main() -> None:
    """Print a line for each mutant and each right backend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, metavar="N")
    parser.add_argument("--profile", choices=[one.value for one in Profile], default="standard")
    parser.add_argument("--only", default="", metavar="TEXT", help="of the names of mutants and right backends")
    asked = parser.parse_args()
    profile = Profile(asked.profile)
    mutants = [mutant for mutant in MUTANTS if mutant.axiom.startswith(STRESSED)]
    for mutant in mutants:
        if asked.only in mutant.id:
            base = BASES[mutant.base]
            fixture = base.with_make(mutant.mutation.applied_to, mutant.id)
            show(mutant.id, list(runs(base, fixture, frozenset({mutant.axiom}), profile, asked.runs)))
    axioms = frozenset(mutant.axiom for mutant in mutants)
    for name in RIGHT:
        if asked.only in f"right-{name}":
            base = BASES[name]
            show(f"right-{name}", list(runs(base, base.fixture, axioms, profile, asked.runs)))


def show(name: str, seen: list[tuple[bool, float, list[str]]]) -> None:
    """Print how often something was found."""
    found = sum(one[0] for one in seen)
    low, high = wilson(found, len(seen))
    took_s = statistics.median(one[1] for one in seen)
    print(f"{name:42} {found:3} of {len(seen)}  ({low:.2f} to {high:.2f})  {took_s:5.2f} s", flush=True)
    for text in sorted({text for one in seen for text in one[2]})[:2] if name.startswith("right-") else ():
        print(f"    {text[:200]}", flush=True)


if __name__ == "__main__":
    main()
