"""What is done again and again, and what a process holds after that: this runs where the backend is."""

from __future__ import annotations

import gc
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from rsconform.lanes.async_facade import AsyncFacade
from rsconform.probes.resources._leak_operations import ACTS, CHANGES, OF_NAMES, making
from rsconform.redaction import cut

_WARM: Final = 6  # Whatever is made once is made by then.
_FEWEST: Final = 20  # However slow.
# How often in one part, at least, before something is said to pile up. Blocks of memory fill caches that hold hundreds.
_SURE: Final = {"objects": 150, "blocks": 600, "handles": 0}
# Of what is kept for each name or thread. A cache with a bound that is not full yet grows as well, and then stops.
_SURE_OF_NAMES: Final = {"objects": 15_000, "blocks": 15_000, "handles": 900}
# Where the store may be in this very process: what is written may be kept in it until a log is rewritten, say.
_SURE_OF_CHANGES: Final = {"objects": 5_000, "blocks": 5_000, "handles": 0}
_OF_MEMORY_S: Final = 3.0  # A store in memory does so many changes in that time; what takes longer lies elsewhere.
_SEEN: Final = 0.05  # Growth for each repetition that is worth another look.
_STEADY: Final = 0.6
_SURE_OF_HANDLES: Final = 16  # How many more in one part: a pool of the usual size is full by then.
_MOST_HANDLES: Final = 64  # So many more end a part: a process may have as few as 1,024 descriptors.
_LOOKS_EVERY: Final = 32
_SETTLES_S: Final = 5.0  # What a backend does later, in a thread of its own, is done by then.
_IDLE_S: Final = 1.0  # And of what it does something goes within this, again and again.
_PART_S: Final = 8.0  # A part that would take longer is not begun, and its result is left out.
_OF_BUDGET: Final = 4  # Where only objects seem to stay, a part may take this many times the budget.


class ActFailedError(Exception):
    """What was to be repeated did not work."""


def repeat(
    backend: Any,
    act: str,
    folder: str,
    times: int,
    budget_s: float,
    make: tuple[str, Mapping[str, Any]] | None = None,
    *,
    store_here: bool = False,
) -> dict[str, Any]:
    """Do something in two halves, and longer and longer if something seems to stay.

    Args:
        make: How to make an instance, for the act of making one.
        store_here: The store may be in this process.

    Returns:
        `grown`: for each kind of handle, for "objects" and "blocks" the least growth for each repetition in any part of
        them; what was not repeated often enough to be sure is left out. `times`: how often it was done. `kinds`: what
        objects there are more of. `raised`: what came out, if anything did.
    """
    do = ACTS[act] if make is None else making(*make)
    sure = _SURE_OF_NAMES if act in OF_NAMES else _SURE_OF_CHANGES if store_here and act in CHANGES else _SURE
    if not gc.get_freeze_count():  # A process of its own: no look need go through what was loaded by now.
        gc.collect()
        gc.freeze()
    try:
        with _temp_folder() as temp:
            return _repeated(lambda: do(backend, folder), times, budget_s, _Held(backend, temp), sure)
    except ActFailedError as exc:
        return {"raised": str(exc)}


def _repeated(
    do: Callable[[], None], times: int, budget_s: float, held: _Held, sure: Mapping[str, int]
) -> dict[str, Any]:
    started = monotonic()
    _do(do, _WARM)
    each_s = (monotonic() - started) / _WARM
    if sure is _SURE_OF_CHANGES and each_s * _SURE_OF_CHANGES["blocks"] > _OF_MEMORY_S:
        sure = _SURE
    half = max(_FEWEST, min(times, int(budget_s / max(each_s, 1e-6)))) // 2
    before, kinds_before = first, _ = held.now()
    grown: dict[str, float] = {}
    most: dict[str, float] = {}
    done, part, parts = 0, half, 0
    while parts < 2 or each_s * part * 4 < _allowed_s(grown, part, budget_s, sure):
        part = _do(do, part * 4 if parts >= 2 else half, _MOST_HANDLES + sure["handles"])
        after, kinds = held.now()
        each = {name: (after[name] - before[name]) / part for name in before.keys() | after.keys()}
        grown = {name: min(rate, grown.get(name, rate)) for name, rate in each.items()}
        most = {name: max(rate, most.get(name, rate)) for name, rate in each.items()}
        if sure is not _SURE:
            grown = {name: rate if rate > _STEADY * most[name] else 0.0 for name, rate in grown.items()}
        before, done, parts = after, done + part, parts + 1
    more = [f"{count} {kind}" for kind, count in (kinds - kinds_before).most_common(2) if count >= half]
    grown = {name: rate for name, rate in grown.items() if _is_sure(name, rate, part, sure)}
    return {
        "grown": _settled(grown, first, done, held),
        "times": done,
        "kinds": more,
    }


def _settled(grown: dict[str, float], first: Mapping[str, int], done: int, held: _Held) -> dict[str, float]:
    """Return what is left of a growth when nothing more is done: what waits for a thread to see to it is no leak."""
    began = lately = monotonic()
    while any(rate > _SEEN for rate in grown.values()):
        if monotonic() > min(began + _SETTLES_S, lately + _IDLE_S):
            break
        sleep(0.1)
        after, _ = held.now()
        left = {name: min(rate, (after[name] - first[name]) / done) for name, rate in grown.items()}
        grown, lately = left, lately if left == grown else monotonic()
    return grown


def _is_sure(name: str, rate: float, part: int, sure: Mapping[str, int]) -> bool:
    return part >= sure[name] if name in sure else part >= sure["handles"] and rate * part >= _SURE_OF_HANDLES


def _allowed_s(grown: Mapping[str, float], part: int, budget_s: float, sure: Mapping[str, int]) -> float:
    """Return how long another part may take: none where nothing grew in every part, or it is sure what did."""
    unsure = {name for name, rate in grown.items() if not _is_sure(name, rate, part, sure)}
    handles = [name for name, rate in grown.items() if name not in sure and rate > _SEEN]
    if any(name not in unsure for name in handles):
        return 0.0  # Before there are none left.
    if handles:
        return _PART_S
    more_s = min(_PART_S, _OF_BUDGET * budget_s)
    if sure is not _SURE:
        more_s = max(_PART_S / 2, min(_PART_S, 2 * more_s))
    return more_s if any(grown[name] > 0.5 for name in unsure) else 0.0


def _do(do: Callable[[], None], times: int, more_handles: int = _MOST_HANDLES) -> int:
    """Do it so often, or until so many more handles are open: return how often."""
    most = _open() + more_handles if times >= _LOOKS_EVERY else 0
    for number in range(1, times + 1):
        try:
            do()
        except Exception as exc:
            raise ActFailedError(f"{type(exc).__name__}: {cut(' '.join(str(exc).split()), 200)}") from exc
        if number % _LOOKS_EVERY == 0 and _open() > most:
            return number
    return times


def _open() -> int:
    """Return how many threads there are and what else is open, without a look at what it is."""
    try:
        return threading.active_count() + len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return threading.active_count()


@contextmanager
def _temp_folder() -> Iterator[Path]:
    """A folder where what goes through `tempfile` in this process has its files while this lasts."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="rsconform-") as folder:
        tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before


@dataclass(frozen=True, slots=True)
class _Held:
    """What a process holds that uses a backend."""

    backend: Any
    temp: Path

    def now(self) -> tuple[Counter[str], Counter[str]]:
        """Return how many handles of each kind and how many objects there are, and how many objects of each class."""
        gc.collect()
        held = Counter({"threads": threading.active_count(), "temporary files": len(list(self.temp.rglob("*")))})
        if isinstance(self.backend, AsyncFacade):
            held["tasks"] = self.backend.loop.tasks()
        with suppress(OSError):
            for link in Path("/proc/self/fd").iterdir():
                with suppress(OSError):
                    held["sockets" if str(link.readlink()).startswith("socket:") else "descriptors"] += 1
        tracked = gc.get_objects()
        held["objects"] = len(tracked)
        # What holds no others, such as bytes, is in these alone.
        held["blocks"] = getattr(sys, "getallocatedblocks", int)()
        return held, Counter(type(one).__name__ for one in tracked)
