"""Races between threads that use one instance at once.

Each starts at a barrier, with a short switch interval while it lasts, and is bounded in rounds and in time. A thread
that does not come back fails the case; it is left behind as a daemon.
"""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, Final

from remote_store import BackendUnavailable, NotFound, ResourceLocked

from rsconform.probes import ProbeContext
from rsconform.redaction import cut
from rsconform.run.records import Profile

# Python's own is 5 ms: by then most operations on a store in memory are over.
_SWITCH_S: Final = 1e-5
JOIN_S: Final = 45.0  # On a busy machine eight seconds were not enough for four large uploads.
# An operation that takes longer alone makes fewer rounds and threads: a store may answer one request at a time.
_SLOW_S: Final = 0.05
# No further round is begun after this long on a machine that has nothing else to do.
ROUNDS_S: Final = {Profile.QUICK: 0.1, Profile.STANDARD: 0.4, Profile.DEEP: 5.0}


def rounds(context: ProbeContext, least: int = 2, seconds: Mapping[Profile, float] = ROUNDS_S) -> Iterator[int]:
    """Yield the numbers of rounds: so many at least, however slow the store, and more while there is time.

    Each thread that goes on for a while asks for its own: the time begins when the first round does. A store whose
    operations are slow gets half as many.
    """
    least = max(1, least // 2) if is_slow(context) else least
    stop = monotonic() + seconds[context.profile] * context.load_factor
    return itertools.takewhile(lambda number: number < least or monotonic() < stop, itertools.count())


def is_slow(context: ProbeContext) -> bool:
    """Return whether an operation takes long although nothing is in its way: once measured, it stays so."""
    if context.answer_s is None:
        began = monotonic()
        with suppress(Exception):  # What it says is for other axioms.
            context.backend.exists("rsconform")
        context.answer_s = monotonic() - began
    return context.answer_s > _SLOW_S * context.load_factor


@contextmanager
def switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def race(context: ProbeContext, works: Sequence[Callable[[], object]]) -> list[object]:
    """Return what each work gave, or the exception it raised, after all were done at once.

    A store that locks what a client changes may refuse another thread with ResourceLocked (ERR-013), which ends its
    work: it is not among the exceptions, and gave None.
    """
    slow = is_slow(context)
    results: list[object] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(at: int, work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[at] = work()
        except ResourceLocked:
            return
        except BaseException as exc:
            results[at] = exc

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(works)]
    with switching_often():
        for thread in threads:
            thread.start()
        ends = monotonic() + JOIN_S
        for thread in threads:
            thread.join(max(0.0, ends - monotonic()))
    late = sum(thread.is_alive() for thread in threads)
    if late and slow:
        context.skip_without("a store that is fast enough for a race")
    if late:
        context.fail(f"{len(works)} threads to come to their end", f"{late} did not within {JOIN_S:g} s")
    return results


@contextmanager
def meeting(others: threading.Barrier) -> Iterator[None]:
    """Run what a thread does before it waits for the others. If that fails, the others do not wait for it."""
    try:
        yield
    except BaseException:
        others.abort()
        raise
    with suppress(threading.BrokenBarrierError):
        others.wait(JOIN_S)


def require_no_error(context: ProbeContext, results: Sequence[object]) -> None:
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        # That the backend is unavailable may only follow from what went wrong in another thread.
        first = next((error for error in errors if not isinstance(error, BackendUnavailable)), errors[0])
        said = cut(" ".join(str(first).split()), 200)
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        context.fail("no error in any thread", f"{type(first).__name__}: {said}{more}")


def require_none(context: ProbeContext, expected: str, results: Sequence[object]) -> None:
    """Fail for the first error, or else for the first text, that threads gave; None stands for what is as expected."""
    require_no_error(context, results)
    wrong = next((text for text in results if text is not None), None)
    if wrong is not None:
        context.fail(expected, str(wrong))


def payload(number: int, size: int = 4000) -> bytes:
    return f"{number:04}".encode() * (size // 4)


def content_at(backend: Any, path: str) -> bytes | None:
    """Return what is at a path, or None where nothing is; any other error is the race's."""
    try:
        return bytes(backend.read_bytes(path))
    except NotFound:
        return None
