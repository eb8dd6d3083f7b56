"""What an operation of an AsyncBackend leaves that is cancelled, wherever that comes: no lock, no task, no half a file.

It is cancelled at its first turns of the loop, and at moments of the time that it takes when it is not cancelled.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, cast

from remote_store import NotFound
from remote_store.aio import AsyncBackend

from rsconform.probes import ProbeContext, probe
from rsconform.probes.asyncio.async_backend import native_of, run_on_loop, tasks_left
from rsconform.redaction import cut

# How long a cancelled operation may take to settle, and what it has begun to end.
_SETTLE_S: Final = 5.0
_TURNS: Final = 8
_MOMENTS: Final = 8
_NEW: Final = b"x" * 3000
_NEWER: Final = b"what came afterwards"
_LATE_S: Final = 0.05
_TRIES: Final = 2
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class _Change:
    """A change that is cancelled.

    Args:
        does: The change.
        prepares: Makes what has to be there before, each time.
        one_whole: Whether its path, or of a move one of its two, holds all of a file wherever it is cancelled.
    """

    does: Callable[[AsyncBackend, str], Awaitable[object]]
    prepares: Callable[[AsyncBackend, str], Awaitable[object]] | None = None
    one_whole: bool = False


def _other(path: str) -> str:
    return f"{path}-new"


_CHANGES: Final[Mapping[str, _Change]] = {
    "write": _Change(lambda native, path: native.write(path, _NEW, overwrite=True)),
    "write_atomic": _Change(lambda native, path: native.write_atomic(path, _NEW, overwrite=True), one_whole=True),
    "copy": _Change(lambda native, path: native.copy(path, _other(path), overwrite=True), one_whole=True),
    "delete": _Change(lambda native, path: native.delete(_other(path), missing_ok=True)),
    "move": _Change(
        lambda native, path: native.move(path, _other(path), overwrite=True),
        lambda native, path: native.write(path, _NEW, overwrite=True),
        one_whole=True,
    ),
    "delete_folder": _Change(
        lambda native, path: native.delete_folder(f"{path}-dir", recursive=True, missing_ok=True),
        lambda native, path: native.write(f"{path}-dir/x", _NEW, overwrite=True),
    ),
}


async def _once(native: AsyncBackend, op: str, path: str) -> object:
    """Do an operation to its end, and return its answer so that it can be compared; of a change nothing."""
    if op in _CHANGES:
        await _CHANGES[op].does(native, path)
        return None
    given = getattr(native, op)(path)
    if inspect.isawaitable(given):
        given = await given
    if hasattr(given, "__aiter__"):
        found = [item async for item in cast("AsyncIterator[Any]", given)]
        return b"".join(found) if op == "read" else sorted(str(item.path) for item in found)
    return given if isinstance(given, bool | bytes | None) else str(given)


@probe("asyncio.usable_after_cancel", surface="async")
def usable_after_cancel(context: ProbeContext, path: str, op: str) -> None:
    """Wherever it comes, a cancelled operation settles as cancelled, leaves no lock and no task, and works again."""
    context.touched.update((path, _other(path), f"{path}-dir/x"))
    observed = context.call(f"{op}()", run_on_loop, context, _cancelled_early(native_of(context), op, path))
    if observed is not None:
        context.fail(f"{op}() to end as cancelled, and to work after others like it were cancelled", observed)


async def _cancelled_early(native: AsyncBackend, op: str, path: str) -> str | None:
    await _prepare(native, op, path)
    started = perf_counter()
    right = await _once(native, op, path)
    took = perf_counter() - started
    before = asyncio.all_tasks()
    left: list[int] = []
    # A connection may have a task that serves it, and be given up with the operation that was cancelled on it: only
    # tasks that become more with each round are left behind.
    while len(left) < _ROUNDS and (not left or left[-1] > (left[-2] if len(left) > 1 else 0)):
        for at in range(_TURNS + _MOMENTS):
            await _prepare(native, op, path)
            wrong = await _cancelled(native, op, path, at, took, right) or await _left_half(native, op, path)
            if wrong is not None:
                return wrong
        await asyncio.sleep(2 * took)
        most, last = left[-1] if left else 0, len(left) == _ROUNDS - 1
        left.append(await tasks_left(before, most=most, within_s=_SETTLE_S if last else _SETTLE_S / 5))
    await _prepare(native, op, path)
    task = asyncio.ensure_future(_once(native, op, path))
    done, _ = await asyncio.wait({task}, timeout=_SETTLE_S)
    if not done:
        task.cancel()
        return f"the next one did not return within {_SETTLE_S:g} s"
    if task.exception() is not None:
        return f"the next one raised {task.exception()!r}"
    if len(left) == _ROUNDS and left[-1] > left[-2]:
        return f"tasks go on that cancelled ones had begun: {', then '.join(map(str, left))}"
    return None


async def _prepare(native: AsyncBackend, op: str, path: str) -> None:
    change = _CHANGES.get(op)
    if change is not None and change.prepares is not None:
        await change.prepares(native, path)


async def _cancelled(native: AsyncBackend, op: str, path: str, at: int, took: float, right: object) -> str | None:
    """Cancel an operation, and return what it did but to end as cancelled or, if it was over by then, rightly."""
    task = asyncio.ensure_future(_once(native, op, path))
    for _ in range(at if at < _TURNS else 0):
        await asyncio.sleep(0)
    if at >= _TURNS:
        await asyncio.sleep(took * (at - _TURNS + 1) / (_MOMENTS + 1))
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=_SETTLE_S)
    if not done:
        return f"it did not settle within {_SETTLE_S:g} s after cancellation"
    if task.cancelled():
        return None
    error = task.exception()
    if op == "move" and isinstance(error, NotFound):
        return None  # The one before it has gone on: that is for TIME-007.
    if error is not None:
        return f"once cancelled it raised {type(error).__name__}: {error}"
    return None if task.result() == right else f"once cancelled it returned {cut(str(task.result()), 80)}"


async def _left_half(native: AsyncBackend, op: str, path: str) -> str | None:
    """Return what is wrong with the file that a change was about: one place has to hold it, and whole."""
    if op not in _CHANGES or not _CHANGES[op].one_whole:
        return None
    places = (path, _other(path)) if op == "move" else (path,)
    contents = [await _content(native, place) for place in places]
    sizes = [str(len(content)) for content in contents if content is not None]
    whole = any(content is not None and len(content) in _whole_sizes(op) for content in contents)
    return None if whole else f"once cancelled it left {', '.join(sizes) or 'no'} bytes at {' and '.join(places)}"


def _whole_sizes(op: str) -> tuple[int, ...]:
    return (len(_NEW),) if op == "move" else (1, len(_NEW))


async def _content(native: AsyncBackend, path: str) -> bytes | None:
    try:
        return await native.read_bytes(path)
    except NotFound:
        return None


@probe("asyncio.later_change_stays", surface="async")
def later_change_stays(context: ProbeContext, path: str, op: str) -> None:
    """What is done after a change was cancelled is not undone by that change when it comes to its end after all.

    Who hands its work to a thread may lose that race once, and not in each try.
    """
    context.touched.update((path, _other(path), f"{path}-dir/x"))
    for _ in range(_TRIES):
        observed = context.call(f"{op}()", run_on_loop, context, _overtaken(native_of(context), op, path))
        if observed is None:
            return
    context.fail(f"what was written after {op}() had been cancelled to stay", observed)


async def _overtaken(native: AsyncBackend, op: str, path: str) -> str | None:
    await _prepare(native, op, path)
    started = perf_counter()
    await _once(native, op, path)
    took = perf_counter() - started
    for at in range(_TURNS):
        target = path if op.startswith("write") else f"{path}-dir/x" if op == "delete_folder" else _other(path)
        await _prepare(native, op, path)
        task = asyncio.ensure_future(_once(native, op, path))
        for _ in range(at):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task}, timeout=_SETTLE_S)
        await native.write(target, _NEWER, overwrite=True)
        await asyncio.sleep(2 * took + _LATE_S / _TURNS)
        seen = await _content(native, target)
        if seen != _NEWER:
            return f"{'no file' if seen is None else f'{len(seen)} other bytes'} at {target} a little later"
    return None
