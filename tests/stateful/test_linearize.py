"""Histories that have an order, and histories that have none."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from rsconform.stateful.linearize import Answer, Kind, Operation, after, is_linearizable, shortest_wrong

DONE, ABSENT, TAKEN, UNKNOWN = Answer.DONE, Answer.ABSENT, Answer.TAKEN, Answer.UNKNOWN


def put(value: str, called: float, returned: float = math.inf, answer: Answer = DONE) -> Operation:
    return Operation(Kind.PUT, answer, called, returned, value)


def create(value: str, called: float, returned: float, answer: Answer = DONE) -> Operation:
    return Operation(Kind.CREATE, answer, called, returned, value)


def delete(called: float, returned: float, answer: Answer = DONE) -> Operation:
    return Operation(Kind.DELETE, answer, called, returned)


def clear(called: float, returned: float) -> Operation:
    return Operation(Kind.CLEAR, DONE, called, returned)


def read(value: str | None, called: float, returned: float) -> Operation:
    return Operation(Kind.READ, DONE if value else ABSENT, called, returned, value)


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([], id="nothing"),
        pytest.param([put("a", 1, 2), read("a", 3, 4), delete(5, 6), read(None, 7, 8)], id="one after the other"),
        pytest.param([put("a", 1, 9), read(None, 2, 3), read("a", 4, 5)], id="a read before and after the moment"),
        pytest.param([put("a", 1, 9), put("b", 2, 8), read("b", 3, 4), read("a", 5, 6)], id="two puts, either order"),
        pytest.param([create("a", 1, 9), create("b", 2, 8, TAKEN)], id="one creator"),
        pytest.param([put("a", 1, 2), clear(3, 9), clear(4, 8), read(None, 10, 11)], id="cleared twice"),
        pytest.param([put("a", 1, 2), delete(3, 9), delete(4, 8, ABSENT)], id="one deleter"),
        pytest.param([put("a", 1, answer=UNKNOWN), read("a", 7, 8)], id="what may have been done was"),
        pytest.param([put("a", 1, answer=UNKNOWN), read(None, 7, 8)], id="what may have been done was not"),
        pytest.param(
            [put("a", 1, answer=UNKNOWN), read(None, 7, 8), read("a", 9, 10)], id="what may have been done was late"
        ),
        pytest.param([put("a", 1, 2), create("b", 3, 9, TAKEN), delete(4, 5)], id="refused before the delete"),
    ],
)
def test_there_is_an_order(history: list[Operation]) -> None:
    assert is_linearizable(history)
    assert shortest_wrong(history) == ()


@pytest.mark.parametrize(
    "history",
    [
        pytest.param([read("a", 1, 2)], id="read what nobody put"),
        pytest.param([put("a", 1, 2), put("b", 3, 4), read("a", 5, 6)], id="stale read"),
        pytest.param([put("a", 1, 9), read("a", 2, 3), read(None, 4, 5)], id="new, then old again"),
        pytest.param([create("a", 1, 9), create("b", 2, 8)], id="two creators"),
        pytest.param([put("a", 1, 2), clear(3, 4), read("a", 5, 6)], id="read after it was cleared"),
        pytest.param([create("a", 1, 2, TAKEN)], id="refused where nothing was"),
        pytest.param([put("a", 1, 2), delete(3, 9), delete(4, 8)], id="two deleters of one file"),
        pytest.param([put("a", 1, 2), put("b", 3, 4), delete(5, 6), read("a", 7, 8)], id="lost delete"),
        pytest.param([put("a", 1, 2), create("b", 3, 9), read("a", 10, 11)], id="created over a file"),
        pytest.param([put("a", 1, answer=UNKNOWN), read("a", 2, 3), read(None, 4, 5)], id="done, then undone"),
    ],
)
def test_there_is_no_order(history: list[Operation]) -> None:
    assert not is_linearizable(history)
    assert shortest_wrong(history)


def test_a_register_that_holds_something_at_the_beginning_gives_it() -> None:
    assert is_linearizable([read("old", 1, 2)], "old")
    assert not is_linearizable([read("old", 1, 2)])


def test_the_shortest_wrong_beginning_leaves_out_what_came_later() -> None:
    wrong = shortest_wrong([put("a", 1, 2), read("b", 3, 4), put("c", 5, 6), read("c", 7, 8)])

    assert [str(one) for one in wrong] == ["[1..2] thread 0 put a: done", "[3..4] thread 0 read b: done"]


def true_history(chance: random.Random, threads: int, length: int) -> list[Operation]:
    """Return what threads see of a right register: each operation is done at one moment of its own."""
    moments = list(range(threads * length))
    chance.shuffle(moments)
    mine = [sorted(moments[at::threads]) for at in range(threads)]
    kinds = {moment: chance.choice(list(Kind)) for moment in moments}
    state, history = None, []
    owner = {moment: at for at in range(threads) for moment in mine[at]}
    for moment in sorted(moments):
        kind, value = kinds[moment], f"v{moment}"
        called, returned = moment - chance.random() * 0.9, moment + chance.random() * 0.9
        before = [one for one in mine[owner[moment]] if one < moment]
        beyond = [one for one in mine[owner[moment]] if one > moment]
        # Stretched towards the neighbours of the same thread, so that the threads overlap widely.
        called = max(before[-1] + 0.95 if before else -1.0, called - chance.randrange(4))
        returned = min(beyond[0] - 0.95 if beyond else 1e9, returned + chance.randrange(4))
        called, returned = min(called, moment), max(returned, moment)
        answer = DONE
        if kind is Kind.CREATE and state is not None:
            answer = TAKEN
        if kind in (Kind.DELETE, Kind.READ, Kind.LOOK) and state is None:
            answer = ABSENT
        seen = state if kind is Kind.READ else value if kind in (Kind.PUT, Kind.CREATE) else None
        operation = Operation(kind, answer, called, returned, seen, owner[moment])
        state = after(state, operation)
        history.append(operation)
    return history


@pytest.mark.parametrize("seed", range(40))
def test_what_a_right_register_gave_has_an_order_however_the_threads_overlap(seed: int) -> None:
    history = true_history(random.Random(seed), threads=4, length=6)

    assert is_linearizable(history)


def by_brute_force(history: list[Operation]) -> bool:
    return any(_explains(order) for order in itertools.permutations(history))


def _explains(order: tuple[Operation, ...]) -> bool:
    state = None
    for at, one in enumerate(order):
        if any(later.returned < one.called for later in order[at + 1 :]):
            return False
        try:
            state = after(state, one)
        except ValueError:
            return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_it_says_what_trying_every_order_says(seed: int) -> None:
    chance = random.Random(seed)
    history = []
    for moment in range(5):
        called = moment * 2 - chance.randrange(4)
        kind = chance.choice(list(Kind))
        answer = chance.choice(
            {Kind.PUT: [DONE], Kind.CLEAR: [DONE], Kind.CREATE: [DONE, TAKEN]}.get(kind, [DONE, ABSENT])
        )
        value = None if kind in (Kind.DELETE, Kind.CLEAR, Kind.LOOK) or answer is ABSENT else chance.choice("ab")
        history.append(Operation(kind, answer, called, called + 1 + chance.randrange(4) + 0.5, value))

    assert is_linearizable(history) == by_brute_force(history)
