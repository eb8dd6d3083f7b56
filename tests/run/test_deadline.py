"""The soft limit: it comes, it comes again, and it stays away."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from rsconform.run.lane import deadline


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    deadline.install()
    yield
    deadline.disarm()
    signal.signal(signal.SIGALRM, before)


def test_what_takes_too_long_is_interrupted_even_where_it_catches_every_exception() -> None:
    def careless() -> None:
        try:
            time.sleep(20)
        except Exception as exc:
            raise AssertionError("a backend could have swallowed it") from exc

    started = time.monotonic()
    deadline.arm(0.05)
    with pytest.raises(deadline.SoftLimitError):
        careless()
    assert time.monotonic() - started < 5


def test_a_lock_that_is_never_released_is_interrupted() -> None:
    lock = threading.Lock()
    lock.acquire()

    deadline.arm(0.05)
    with pytest.raises(deadline.SoftLimitError):
        lock.acquire()


def test_what_swallows_the_first_interruption_gets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "_AGAIN_S", 0.02)
    swallowed: list[object] = []

    def stubborn() -> None:
        while len(swallowed) < 3:
            try:
                time.sleep(20)
            except deadline.SoftLimitError as exc:
                swallowed.append(exc)
        time.sleep(20)

    deadline.arm(0.02)
    with pytest.raises(deadline.SoftLimitError):
        stubborn()


def test_what_came_back_in_time_is_left_alone() -> None:
    deadline.arm(0.02)
    deadline.disarm()

    time.sleep(0.06)


def test_outside_the_main_thread_there_is_no_limit_and_no_harm() -> None:
    errors: list[BaseException] = []

    def use() -> None:
        try:
            deadline.install()
        except BaseException as exc:
            errors.append(exc)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()

    assert errors == []


@pytest.mark.parametrize(("load", "times"), [(0.5, 1.0), (2.0, 1.0), (29.0, 14.5)])
def test_on_a_busy_machine_a_limit_is_stretched(monkeypatch: pytest.MonkeyPatch, load: float, times: float) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(deadline, "_CORES", 2)
    assert deadline.load_factor() == times


def test_where_no_load_is_told_a_limit_is_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.getloadavg")
    assert deadline.load_factor() == 1.0
