"""How fast content goes through a lane, measured once: a slow line is no fault of the backend's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, Final

from remote_store import Backend, Capability

from rsconform.cases.content import Content
from rsconform.lanes.lane import StoredFile, Subject
from rsconform.run.lane import deadline
from rsconform.run.lane.interrupts import let_through

PATH: Final = "rate.bin"
_PROBE: Final = "bytes:256KiB"  # Small enough for a line of 64 KiB a second.
_ENOUGH_S: Final = 0.2  # What takes less is fast, and how fast makes no difference.


def measure(subject: Subject, backend: Backend, limit_s: float) -> float | None:
    """Return how many bytes of content go through in a second, by the slower of writing and reading.

    None where it cannot be measured, or where there is so much that no limit depends on it.

    Args:
        limit_s: How long each way may take.
    """
    data = Content(_PROBE).data
    supports = backend.capabilities.supports
    took: list[float] = []
    if supports(Capability.WRITE):
        took.append(_time(lambda: backend.write(PATH, data), limit_s))
    elif subject.seed is not None:
        _time(partial(subject.seed, {PATH: StoredFile(data)}, ()), limit_s)  # How fast that is says nothing.
    if supports(Capability.READ):
        took.append(_time(lambda: backend.read_bytes(PATH), limit_s))
    slowest = max(took, default=0.0)
    return len(data) / slowest if slowest > _ENOUGH_S else None


def _time(work: Callable[[], Any], limit_s: float) -> float:
    """Return how long something took: nothing where it fails, which is for the cases; at most the limit."""
    started = perf_counter()
    deadline.arm(limit_s)
    try:
        work()
    except deadline.SoftLimitError:
        return limit_s
    except BaseException as exc:
        let_through(exc)
        return 0.0
    finally:
        deadline.disarm()
    return perf_counter() - started
