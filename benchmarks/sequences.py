"""How likely each profile finds a backend that only a sequence of operations shows to be wrong, and what that costs.

For each mutant of SEQ-001, and for rarer ones: with how many seeds of N the cases of one run (three searches, as in
specs/SEQ.toml) find it, the 95 % interval of that (Wilson), the median length of what is shown, and which axioms of the
whole rest of the contract find it as well, once. Then the time that a search takes where nothing is wrong.

Usage: python benchmarks/sequences.py [--seeds N] [--profile quick] [--budget S] [--alone] [--only NAME]
"""

from __future__ import annotations

import argparse
import functools
import math
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rsconform.lanes.async_facade import surface_of
from rsconform.lanes.lane import LaneFixture, Services
from rsconform.run.lane.session import LaneSession
from rsconform.run.records import Profile
from rsconform.selftest import operators as op
from rsconform.selftest.bases import BASES, Base
from rsconform.selftest.harness import run, violated
from rsconform.selftest.mutant import Mutant, mutant
from rsconform.selftest.mutants.seq import as_second_written, in_pages, noted_write
from rsconform.selftest.registry import MUTANTS
from rsconform.stateful.runner import Broken, track_over
from rsconform.stateful.search import DEPTHS, Depth, search


def pages_of(size: int) -> Mutant:
    """Return a mutant that repeats an entry across a page boundary."""
    wrong = op.replace("list_files", functools.partial(in_pages, size=size))
    return mutant("SEQ-001", f"repeats-across-pages-of-{size}", "flat", wrong)


def wrong_by_chance(call: op.Call, chance: float) -> Any:
    """Return a wrong result by chance."""
    dice = call.backend.__dict__.setdefault("_dice", random.Random())
    return call.proceed() is not (dice.random() < chance)


def wrong_once_in(times: int) -> Mutant:
    """Return a mutant of whose answers about existence one is wrong."""
    wrong = op.replace("exists", functools.partial(wrong_by_chance, chance=1 / times))
    return mutant("SEQ-001", f"is-wrong-once-in-{times}", "flat", wrong)


def stale_after(writes: int) -> Mutant:
    """Return a mutant that gives what the second write left, from some write on."""
    wrong = op.replace("write write_atomic", noted_write)
    return mutant(
        "SEQ-001",
        f"is-stale-after-write-{writes}",
        "flat",
        wrong + op.replace("read_bytes", functools.partial(as_second_written, writes=writes)),
    )


RARER = (
    *(pages_of(size) for size in (30, 100)),
    *(wrong_once_in(times) for times in (200, 2000, 20_000)),
    *(stale_after(writes) for writes in (4, 5, 6)),
)
SEARCHES = 3  # As many as there are seeds in the matrix of SEQ-001.


def interval(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share."""
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def searched(base: Base, fixture: LaneFixture, services: Services, depth: Depth, seed: int) -> Broken | None:
    """Return what one search finds in a store of its own."""
    session = LaneSession(base.lane, (), services, step_limit_s=600, fixture=fixture)
    session.start()
    flat, strict = (bool(base.lane.declared[name]) for name in ("flat_namespace", "rejects_write_under_file_ancestor"))
    try:
        with session.borrow(set()) as (subject, backend):
            track = track_over(subject, backend, flat=flat, below_files=flat and not strict)
            found = search(track, depth, seed, surface=surface_of(backend))
            track.instances.close()
            return found
    finally:
        session.close()


def one_run(mutant: Mutant, services: Services, depth: Depth, seed: int) -> Broken | None:
    """Return what one run finds: its searches, one after the other."""
    base = BASES[mutant.base]
    fixture = base.with_make(mutant.mutation.applied_to)
    found: Iterator[Broken | None] = (
        searched(base, fixture, services, depth, seed * 1000 + number) for number in range(1, SEARCHES + 1)
    )
    return next((broken for broken in found if broken is not None), None)


def elsewhere(mutant: Mutant, services: Services) -> list[str]:
    """Return the other axioms that find a mutant, in one run of all their cases."""
    base = BASES[mutant.base]
    report = run(
        base.lane,
        base.with_make(mutant.mutation.applied_to),
        services,
        only=lambda case: case.axiom.id != mutant.axiom and len(case.given.files) < 200,
    )
    return sorted(violated(report).keys() - base.known)


def show_mutants(depth: Depth, seeds: int, *, only: Sequence[str], alone: bool) -> None:
    """Print a line for each mutant."""
    services = Services(own_process=True)
    print(f"{'mutant':32} {'found':>8}  {'95 % interval':15} {'steps':>5} {'CPU s':>6}  found elsewhere")
    for one in (*MUTANTS, *RARER):
        if one.axiom != "SEQ-001" or (only and one.name not in only):
            continue
        begun = time.process_time()
        found = [one_run(one, services, depth, seed) for seed in range(seeds)]
        each = (time.process_time() - begun) / seeds
        lengths = [len(broken.steps) for broken in found if broken is not None]
        low, high = interval(len(lengths), seeds)
        steps = f"{statistics.median(lengths):.0f}" if lengths else "-"
        others = ", ".join(elsewhere(one, services)) or "by none" if alone else "not asked"
        share = f"{len(lengths)}/{seeds}"
        print(
            f"{one.name:32} {share:>8}  {low:.0%} to {high:.0%}".ljust(60) + f"{steps:>4} {each:6.2f}  {others}",
            flush=True,
        )
    services.close()


def show_cost(profile: Profile) -> None:
    """Print what a search costs on our lanes, where nothing is wrong."""
    services = Services(own_process=True)
    for name in ("memory", "memory_async", "local", "s3"):
        base = BASES[{"memory_async": "async"}.get(name, name)]
        begun, cpu = time.perf_counter(), time.process_time()
        session = LaneSession(base.lane, (), services, step_limit_s=600, fixture=base.fixture)
        session.start()
        flat = bool(base.lane.declared["flat_namespace"])
        with session.borrow(set()) as (subject, backend):
            track = track_over(subject, backend, flat=flat, below_files=flat)
            search(track, DEPTHS[profile], 1, surface=surface_of(backend))
            track.instances.close()
        session.close()
        took, used = time.perf_counter() - begun, time.process_time() - cpu
        print(f"{base.lane.name:16} {took:6.1f} s, {used:6.1f} s CPU: {track.begun} sequences, {track.done} operations")
    services.close()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--profile", choices=[profile.value for profile in Profile], default="quick")
    parser.add_argument("--alone", action="store_true", help="run the whole rest of the contract on each mutant too")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this mutant only; repeatable")
    # Far more than they need, so that the figures do not depend on the machine.
    parser.add_argument("--budget", type=float, default=600.0, metavar="S", help="seconds of work for each search")
    options = parser.parse_args()
    profile = Profile(options.profile)
    depth = replace(DEPTHS[profile], budget_s=options.budget)
    show_mutants(depth, options.seeds, only=options.only, alone=options.alone)
    if not options.only:
        show_cost(profile)


if __name__ == "__main__":
    main()
