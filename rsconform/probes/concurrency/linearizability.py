"""Histories: what several threads did to one file has to have an order in which each answer is right.

What the threads do is drawn from the seed before they start, so that a history that went wrong can be asked for again.
How they are scheduled cannot be: only a result that no order explains is a failure. When all are done
everybody's answers are looked at once more: a cache that was filled by who looked too early shows only then.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, Capability, FileInfo, NotFound, ResourceLocked

from rsconform.probes import ProbeContext, probe
from rsconform.probes.concurrency._races import race, require_no_error, rounds
from rsconform.run.records import Profile
from rsconform.stateful.linearize import Answer, Kind, Operation, shortest_wrong

_THREADS: Final = 4
_KEYS: Final = 2
_LENGTH: Final = 6  # Operations of a thread: what is found in long histories is found in short ones, and seen there.
_BUDGET_S: Final = {Profile.QUICK: 0.15, Profile.STANDARD: 1.2, Profile.DEEP: 10.0}
_SIZES: Final = (1, 900, 30_000)  # In units of a value's name: within a page, a buffer, and beyond.
_NAME: Final = "<{:02}>"  # Of a value.
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a thread is to do.

    Args:
        by: The operation it asks or writes with.
    """

    kind: Kind
    path: str
    value: str
    size: int
    by: str

    @property
    def content(self) -> bytes:
        return self.value.encode() * self.size


@probe("concurrency.linearizable", stresses="race")
def linearizable(context: ProbeContext, folder: str, write: str, creates: bool) -> None:
    """Whatever several threads do to a file has an order in which each answer is right."""
    asks = _ways_to_ask(context)
    longest = [len(_NAME.format(0)) * (units + _THREADS * _LENGTH) for units in _SIZES]
    sizes = [units for units, size in zip(_SIZES, longest, strict=True) if context.fitting(size) == size] or [1]
    for number in rounds(context, seconds=_BUDGET_S):
        chance = random.Random(f"{context.seed} {number}")
        plans = _plans(chance, f"{folder}/{number}", _kinds(creates), write, asks, sizes)
        context.touched.update(planned.path for planned in itertools.chain(*plans))
        histories = _performed(context, plans, asks)
        for path, history in histories.items():
            wrong = shortest_wrong(history)
            if wrong:
                shown = "; ".join(map(str, wrong[-_SHOWN:]))
                where = f"{path} (seed {context.seed}, round {number}; thread {_THREADS} came when all were done)"
                context.fail("an order in which each answer is right", f"none for {where}: {shown}")


def _kinds(creates: bool) -> list[Kind]:
    return [Kind.PUT, Kind.READ, Kind.READ, Kind.LOOK, Kind.CLEAR, *((Kind.CREATE,) * 2 if creates else ())]


def _ways_to_ask(context: ProbeContext) -> Mapping[Kind, Sequence[str]]:
    described = context.knows_sizes and context.backend.capabilities.supports(Capability.METADATA)
    return {Kind.READ: ("read_bytes", *(("get_file_info",) if described else ())), Kind.LOOK: ("is_file", "exists")}


def _plans(
    chance: random.Random,
    folder: str,
    kinds: Sequence[Kind],
    write: str,
    asks: Mapping[Kind, Sequence[str]],
    sizes: Sequence[int],
) -> list[list[_Planned]]:
    def planned(thread: int, at: int) -> _Planned:
        kind, number = chance.choice(kinds), thread * _LENGTH + at
        path, size = f"{folder}-{chance.randrange(_KEYS)}", chance.choice(sizes) + number  # No two are of one size.
        return _Planned(kind, path, _NAME.format(number), size, chance.choice(asks.get(kind, (write,))))

    return [[planned(thread, at) for at in range(_LENGTH)] for thread in range(_THREADS)]


def _performed(
    context: ProbeContext, plans: Sequence[Sequence[_Planned]], asks: Mapping[Kind, Sequence[str]]
) -> dict[str, list[Operation]]:
    """Return what happened to each file; the clock counts calls and returns in the order in which they were seen."""
    backend: Any = context.backend
    clock = itertools.count()  # next() is one step of the interpreter: no two events get the same number.
    seen: list[list[tuple[str, Operation]]] = [[] for _ in (*plans, "afterwards")]
    contents = {len(planned.content): planned for planned in itertools.chain(*plans)}

    def thread(number: int, plan: Sequence[_Planned]) -> Callable[[], None]:
        def work() -> None:
            for planned in plan:
                called = next(clock)
                answer, value = _done(backend, planned, contents)
                returned = float("inf") if answer is Answer.UNKNOWN else next(clock)
                operation = Operation(planned.kind, answer, called, returned, value, number, _called(planned))
                seen[number].append((planned.path, operation))

        return work

    require_no_error(context, race(context, [thread(number, plan) for number, plan in enumerate(plans)]))
    paths = sorted({planned.path for planned in itertools.chain(*plans)})
    last = [_Planned(kind, path, "", 0, by) for path in paths for kind, ways in asks.items() for by in ways]
    context.call("asking once all were done", thread(len(plans), last))
    histories: dict[str, list[Operation]] = {}
    for path, operation in itertools.chain(*seen):
        histories.setdefault(path, []).append(operation)
    return histories


def _done(backend: Any, planned: _Planned, contents: Mapping[int, _Planned]) -> tuple[Answer, str | None]:
    operation: Any = getattr(backend, planned.by, None)
    try:
        match planned.kind:
            case Kind.READ:
                return Answer.DONE, _value(operation(planned.path), contents)
            case Kind.LOOK:
                return Answer.DONE if operation(planned.path) else Answer.ABSENT, None
            case Kind.DELETE | Kind.CLEAR:
                backend.delete(planned.path, missing_ok=planned.kind is Kind.CLEAR)
                return Answer.DONE, None
            case Kind.PUT | Kind.CREATE:
                operation(planned.path, planned.content, overwrite=planned.kind is Kind.PUT)
                return Answer.DONE, planned.value
    except NotFound:
        if planned.kind in (Kind.READ, Kind.DELETE):
            return Answer.ABSENT, None
        raise
    except AlreadyExists:
        if planned.kind is Kind.CREATE:
            return Answer.TAKEN, planned.value
        raise
    except (BackendUnavailable, ResourceLocked):
        return Answer.UNKNOWN, planned.value


def _called(planned: _Planned) -> str:
    return planned.by if planned.kind in (Kind.READ, Kind.LOOK) else planned.kind


def _value(seen: Any, contents: Mapping[int, _Planned]) -> str:
    """Return which value was read, or described: its size alone says that."""
    described = isinstance(seen, FileInfo)
    size = seen.size if described else len(seen)
    planned = contents.get(size)
    if planned is None or (not described and seen != planned.content):
        return f"{size} bytes that were never written"
    return planned.value
