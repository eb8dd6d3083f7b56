"""Whether a history of concurrent operations on one file has an order in which each answer is right.

A file is a register: put, create (only where nothing is), delete (only what is there), clear, read, and look whether
anything is there. A history is linearizable if every operation can be given one moment between its call and its return
so that the answers are those of a register which does one operation after the other (Herlihy and Wing, 1990). The
search is that of Wing and Gong with Lowe's memory of what was tried. It says no only where there is no such order,
whatever the scheduler did.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What an operation on a register does."""

    PUT = "put"
    CREATE = "create"
    DELETE = "delete"
    CLEAR = "clear"  # A delete that takes it that nothing is there.
    READ = "read"
    LOOK = "look"


class Answer(StrEnum):
    """What an operation answered. A read or a look that found nothing is `absent`, one that found something `done`."""

    DONE = "done"
    ABSENT = "absent"
    TAKEN = "taken"
    UNKNOWN = "not known"  # It may have been done, at any time since its call, or not at all.


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a history.

    Args:
        value: What was put, created or read.
        called: When it was called, on a clock that all share.
        returned: When it returned; infinity for what is not known to have ended.
        by: Who called it.
        how: What was called, for readers.
    """

    kind: Kind
    answer: Answer
    called: float
    returned: float = math.inf
    value: str | None = None
    by: int = 0
    how: str = ""

    def __str__(self) -> str:
        value = f" {self.value}" if self.value is not None else ""
        until = "" if self.returned == math.inf else f"{self.returned:g}"
        return f"[{self.called:g}..{until}] thread {self.by} {self.how or self.kind}{value}: {self.answer}"


def after(state: str | None, operation: Operation) -> str | None:
    """Return the state that a register has after an operation.

    Raises:
        ValueError: No register in that state gives that answer.
    """
    match operation.kind, operation.answer:
        case Kind.PUT, Answer.DONE | Answer.UNKNOWN:
            return operation.value
        case Kind.CREATE, Answer.UNKNOWN:
            return operation.value if state is None else state
        case Kind.DELETE, Answer.UNKNOWN:
            return None
        case Kind.CLEAR, Answer.DONE | Answer.UNKNOWN:
            return None
        case Kind.CREATE, Answer.DONE if state is None:
            return operation.value
        case Kind.CREATE, Answer.TAKEN if state is not None:
            return state
        case Kind.DELETE, Answer.DONE if state is not None:
            return None
        case Kind.DELETE | Kind.READ | Kind.LOOK, Answer.ABSENT if state is None:
            return None
        case Kind.LOOK, Answer.DONE if state is not None:
            return state
        case Kind.READ, Answer.DONE if state == operation.value:
            return state
    raise ValueError(f"no register at {state!r} answers so: {operation}")


def is_linearizable(history: Iterable[Operation], before: str | None = None) -> bool:
    """Return whether there is an order of the operations in which each answer is right.

    Args:
        before: What the register holds when the history begins.
    """
    # What may not have been done need not be ordered.
    operations = [one for one in history if _says_something(one)]
    owed = sum(1 << at for at, one in enumerate(operations) if one.answer is not Answer.UNKNOWN)
    pending = [(0, before)]
    tried = set(pending)
    while pending:
        done, state = pending.pop()
        if done & owed == owed:
            return True
        for following in _following(operations, done, state):
            if following not in tried:
                tried.add(following)
                pending.append(following)
    return False


def _following(operations: Sequence[Operation], done: int, state: str | None) -> Iterator[tuple[int, str | None]]:
    """Yield what is done and held after each operation that may come next: called before any that is open returned."""
    open_ones = [at for at in range(len(operations)) if not done >> at & 1]
    first_return = min(operations[at].returned for at in open_ones)
    for at in open_ones:
        if operations[at].called < first_return:
            try:
                yield done | 1 << at, after(state, operations[at])
            except ValueError:
                continue


def shortest_wrong(history: Iterable[Operation], before: str | None = None) -> tuple[Operation, ...]:
    """Return the shortest beginning of a history that has no order; nothing if all of it has one.

    What had not returned by then counts as not known to have been done: the beginning is wrong whatever came later.
    """
    operations = sorted(history, key=lambda one: one.called)
    for end in sorted(one.returned for one in operations if one.returned != math.inf):
        beginning = [_as_of(one, end) for one in operations if one.called < end]
        if not is_linearizable(beginning, before):
            return tuple(one for one in beginning if _says_something(one))
    return () if is_linearizable(operations, before) else tuple(operations)


def _says_something(operation: Operation) -> bool:
    """Return whether an operation is more than a lookup without a known result."""
    return operation.kind not in (Kind.READ, Kind.LOOK) or operation.answer is not Answer.UNKNOWN


def _as_of(operation: Operation, end: float) -> Operation:
    if operation.returned <= end:
        return operation
    return replace(operation, answer=Answer.UNKNOWN, returned=math.inf)
