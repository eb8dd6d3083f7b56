"""Looks for a sequence of operations after which a backend answers otherwise than a dictionary would, and shortens it.

A sequence is a value, not calls: so one and the same is run, shortened, kept, sent as a token and shown as TOML or as a
script. Hypothesis seeds the drawing; drawn operation by operation, as its strategies do it, forty sequences were mostly
variations of a few.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic, process_time
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from rsconform.run.records import Profile
from rsconform.stateful.generator import Draft, Drawing, plainer
from rsconform.stateful.operations import Operation
from rsconform.stateful.runner import Broken, Track, never


@dataclass(frozen=True, slots=True)
class Depth:
    """How much is tried.

    Args:
        sequences: How many at most.
        length: Of how many operations each may be.
        fills: How many files a folder may be filled with at once.
        budget_s: After so many seconds of work, or twice as many by the clock, the search goes no further; half of it
            comes on top to shorten what was found.
    """

    sequences: int
    length: int
    fills: tuple[int, ...]
    budget_s: float


DEPTHS: Final[Mapping[Profile, Depth]] = {
    Profile.QUICK: Depth(sequences=130, length=24, fills=(12,), budget_s=2.0),
    Profile.STANDARD: Depth(sequences=400, length=32, fills=(12, 40), budget_s=16.0),
    Profile.DEEP: Depth(sequences=20_000, length=60, fills=(12, 40, 120, 1010), budget_s=150.0),
}


class Allowance:
    """A while in which something may be done: seconds of this process's work, and twice as many by the clock.

    Neither alone would do: on a busy machine the clock runs on with little done, and a backend over a network waits.
    """

    def __init__(self, seconds: float) -> None:
        self._work = process_time() + seconds
        self._clock = monotonic() + 2 * seconds

    def is_up(self) -> bool:
        """Return whether it is over."""
        return process_time() > self._work or monotonic() > self._clock


# Sequences in which the container goes: there may be no way back, so they come last.
_WITHOUT_CONTAINER: Final = 3
_WITHOUT_CONTAINER_S: Final = 0.5


def search(
    track: Track,
    depth: Depth,
    seed_number: int,
    *,
    surface: str,
    known: Collection[tuple[str, ...]] = (),
    before_the_end: Callable[[], Broken | None] = lambda: None,
    largest_file: int | None = None,
) -> Broken | None:
    """Return the shortest sequence found that goes wrong, or None.

    Args:
        known: Kinds of what goes wrong that are not looked for any more.
        before_the_end: Looks elsewhere, while there is still a container, if nothing was found.
        largest_file: How many bytes a file has at most; None: as many as it may.
    """
    subject = track.instances.subject
    sees = subject.audit is not None or "read_bytes" in track.names
    fresh = track.fresh
    drawing = Drawing(track.names, subject.peers, surface, fresh.metadata, depth.fills, fresh.flat, sees, largest_file)
    broken = _try(
        track,
        lambda random: drawing.draft(random, depth.length),
        depth.sequences,
        seed_number=seed_number,
        allowance=Allowance(depth.budget_s),
        known=known,
    )
    if broken is not None:
        return shortened(broken, track, Allowance(depth.budget_s / 2))
    broken = before_the_end()
    if broken is not None or "drop_container" not in track.names:
        return broken
    # In a store without its container nothing can be shortened.
    return _try(
        track,
        lambda random: drawing.without_container(random, depth.length),
        _WITHOUT_CONTAINER,
        seed_number=seed_number,
        allowance=Allowance(_WITHOUT_CONTAINER_S),
        known=known,
    )


class _FoundError(Exception):
    """Ends the search."""


def _try(
    track: Track,
    drawn: Callable[[Random], Draft],
    sequences: int,
    *,
    seed_number: int,
    allowance: Allowance,
    known: Collection[tuple[str, ...]],
) -> Broken | None:
    found: list[Broken] = []

    @seed(seed_number)
    @settings(
        max_examples=sequences,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        report_multiple_bugs=False,
    )
    @given(st.randoms(use_true_random=True))
    def try_one(random: Random) -> None:
        track.is_over = allowance.is_up
        # It runs what failed once more, to be sure: once is enough where what is seen once is true.
        if not found and not allowance.is_up():
            broken = track.explore(drawn(random).settled(track))
            found.extend([broken] if broken is not None and broken.kind not in known else ())
        if found:
            raise _FoundError

    try:
        try_one()
    except _FoundError:
        return found[0]
    finally:
        track.is_over = never
    return None


def shortened(broken: Broken, track: Track, allowance: Allowance) -> Broken:
    """Return what a sequence shows with everything left out, and made plainer, that it shows without."""

    track.is_over = allowance.is_up

    def still(operations: Sequence[Operation]) -> bool:
        nonlocal broken
        again = track.replay(operations)
        if again is None or again.kind[0] != broken.kind[0]:
            return False
        broken = again
        return True

    size = max(len(broken.steps) // 2, 1)
    while size and not allowance.is_up():
        # From the end: what stands there is least needed by what comes before it.
        at, fewer = len(broken.steps) - 1, False
        while at > 0 and not allowance.is_up():
            at = max(at - size, 0)
            kept = broken.operations
            fewer = still([*kept[:at], *kept[at + size : -1], kept[-1]]) or fewer
        size = size if fewer and size == 1 else size // 2
    for at in range(len(broken.steps)):
        while at < len(broken.steps) and not allowance.is_up():
            kept = broken.operations
            if not any(still([*kept[:at], less, *kept[at + 1 :]]) for less in plainer(kept[at])):
                break
    track.is_over = never
    return broken
