"""Histories: what several threads did to one file has to have an order in which each answer is right.

What the threads do is drawn from the seed before they start, so that a history that went wrong can be asked for again.
How they are scheduled cannot be: only an answer that no order explains is held against a backend.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, NotFound

from rsconform.probes import ProbeContext, probe
from rsconform.probes.racing import demand_no_error, race
from rsconform.run.model import Profile
from rsconform.stateful.linear import Answer, Kind, Operation, shortest_wrong

_THREADS: Final = 4
_KEYS: Final = 2
_LENGTH: Final = 6  # Operations of a thread: what is found in long histories is found in short ones, and seen there.
_BUDGET_S: Final = {Profile.QUICK: 0.15, Profile.STANDARD: 1.2, Profile.DEEP: 10.0}
_SIZES: Final = (1, 900, 30_000)  # In units of a value's name: within a page, a buffer, and beyond.
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a thread is to do."""

    kind: Kind
    path: str
    value: str
    size: int

    @property
    def content(self) -> bytes:
        return self.value.encode() * self.size


@probe("histories.of_one_file")
def of_one_file(context: ProbeContext, folder: str, write: str, creates: bool) -> None:
    """Whatever several threads do to a file has an order in which each answer is right."""
    stop, rounds = monotonic() + _BUDGET_S[context.profile], 0
    while rounds < 2 or monotonic() < stop:
        plans = _plans(random.Random(f"{context.seed} {rounds}"), f"{folder}/{rounds}", _kinds(creates))
        context.touched.update(planned.path for planned in itertools.chain(*plans))
        histories = _performed(context, plans, write)
        for path, history in histories.items():
            wrong = shortest_wrong(history)
            if wrong:
                shown = "; ".join(map(str, wrong[-_SHOWN:]))
                context.fail(
                    "an order in which each answer is right",
                    f"none for {path} (seed {context.seed}, round {rounds}): {shown}",
                )
        rounds += 1


def _kinds(creates: bool) -> list[Kind]:
    return [Kind.PUT, Kind.READ, Kind.READ, Kind.CLEAR, *((Kind.CREATE,) * 2 if creates else ())]


def _plans(chance: random.Random, folder: str, kinds: Sequence[Kind]) -> list[list[_Planned]]:
    return [
        [
            _Planned(
                chance.choice(kinds), f"{folder}-{chance.randrange(_KEYS)}", f"<{thread}.{at}>", chance.choice(_SIZES)
            )
            for at in range(_LENGTH)
        ]
        for thread in range(_THREADS)
    ]


def _performed(context: ProbeContext, plans: Sequence[Sequence[_Planned]], write: str) -> dict[str, list[Operation]]:
    """Return what happened to each file; the clock counts calls and returns in the order in which they were seen."""
    backend: Any = context.backend
    clock = itertools.count()  # next() is one step of the interpreter: no two events get the same number.
    seen: list[list[tuple[str, Operation]]] = [[] for _ in plans]
    contents = {planned.content: planned.value for planned in itertools.chain(*plans)}

    def thread(number: int) -> Callable[[], None]:
        def work() -> None:
            for planned in plans[number]:
                called = next(clock)
                answer, value = _done(backend, planned, write, contents)
                returned = float("inf") if answer is Answer.UNKNOWN else next(clock)
                operation = Operation(planned.kind, answer, called, returned, value, number)
                seen[number].append((planned.path, operation))

        return work

    demand_no_error(context, race(context, [thread(number) for number in range(len(plans))]))
    histories: dict[str, list[Operation]] = {}
    for path, operation in itertools.chain(*seen):
        histories.setdefault(path, []).append(operation)
    return histories


def _done(backend: Any, planned: _Planned, write: str, contents: dict[bytes, str]) -> tuple[Answer, str | None]:
    try:
        match planned.kind:
            case Kind.READ:
                seen = bytes(backend.read_bytes(planned.path))
                return Answer.DONE, contents.get(seen, f"{len(seen)} bytes that nobody wrote")
            case Kind.DELETE | Kind.CLEAR:
                backend.delete(planned.path, missing_ok=planned.kind is Kind.CLEAR)
                return Answer.DONE, None
            case Kind.PUT | Kind.CREATE:
                getattr(backend, write)(planned.path, planned.content, overwrite=planned.kind is Kind.PUT)
                return Answer.DONE, planned.value
    except NotFound:
        if planned.kind in (Kind.READ, Kind.DELETE):
            return Answer.ABSENT, None
        raise
    except AlreadyExists:
        if planned.kind is Kind.CREATE:
            return Answer.TAKEN, planned.value
        raise
    except BackendUnavailable:
        return Answer.UNKNOWN, planned.value
