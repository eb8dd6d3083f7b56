"""What piles up, and what fills once."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from remote_store import RemoteStoreError, WriteResult
from remote_store.backends import MemoryBackend

from rsconform.probes.resources._leak_operations import ACTS
from rsconform.probes.resources._leak_rates import repeat


class Keeping(MemoryBackend):
    """A backend that keeps something whenever it is asked."""

    def __init__(self, most: int, handles: bool = False) -> None:
        super().__init__()
        self.write("d/a", b"a")
        self.kept: list[object] = []
        self._most, self._handles = most, handles

    def exists(self, path: str) -> bool:
        if len(self.kept) < self._most:
            self.kept.append(os.open(os.devnull, os.O_RDONLY) if self._handles else [str(len(self.kept))])
        return super().exists(path)

    def close(self) -> None:
        for handle in self.kept if self._handles else ():
            assert isinstance(handle, int)
            os.close(handle)


class Later(MemoryBackend):
    """A backend that defers its work to a thread that runs once the calls stop."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[list[int]] = []
        self._asked_at = monotonic()
        self._ended = threading.Event()
        threading.Thread(target=self._see_to_it, daemon=True).start()

    def exists(self, path: str) -> bool:
        self._asked_at = monotonic()
        self._waiting.append([len(self._waiting)])
        return super().exists(path)

    def _see_to_it(self) -> None:
        while not self._ended.wait(0.05):
            if monotonic() - self._asked_at > 0.3:
                self._waiting.clear()

    def close(self) -> None:
        self._ended.set()


@pytest.fixture
def backends() -> Iterator[list[Keeping]]:
    made: list[Keeping] = []
    yield made
    for one in made:
        one.close()


def grown(backend: MemoryBackend) -> set[str]:
    found = repeat(backend, "asked", "d", times=120, budget_s=1.0)
    return {name for name, rate in found["grown"].items() if rate > 0.5}


@pytest.mark.parametrize(
    ("most", "handles", "expected"),
    [
        pytest.param(0, False, set(), id="nothing"),
        pytest.param(500, False, set(), id="a cache of 500"),
        pytest.param(10**9, False, {"objects", "blocks"}, id="everything"),
        pytest.param(10, True, set(), id="a pool of ten"),
        pytest.param(600, True, {"descriptors"}, id="each descriptor"),
    ],
)
def test_only_what_never_stops_growing_piles_up(
    most: int, handles: bool, expected: set[str], backends: list[Keeping]
) -> None:
    backends.append(Keeping(most, handles))

    assert grown(backends[0]) == expected


class Logged(MemoryBackend):
    """A backend that keeps a record of each change, until there are so many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._log: list[list[object]] = []
        self._most = most

    def write(self, path: str, *args: Any, **options: Any) -> WriteResult:
        self._log.append([path, object()])
        if len(self._log) > self._most:
            self._log.clear()
        return super().write(path, *args, **options)


@pytest.mark.parametrize(
    ("most", "expected"),
    [pytest.param(3000, set(), id="rewritten"), pytest.param(10**9, {"objects", "blocks"}, id="never rewritten")],
)
def test_a_log_of_changes_piles_up_where_it_is_never_rewritten(most: int, expected: set[str]) -> None:
    found = repeat(Logged(most), "write", "d", times=1000, budget_s=1.0, store_here=True)

    assert {name for name, rate in found["grown"].items() if rate > 0.5} == expected


def test_what_is_put_off_does_not_pile_up() -> None:
    backend = Later()
    try:
        assert grown(backend) == set()
    finally:
        backend.close()


def test_what_does_not_work_is_told() -> None:
    assert "NotFound" in repeat(MemoryBackend(), "read", "d", times=10, budget_s=1.0)["raised"]


def test_handles_that_pile_up_are_not_piled_up_to_the_end(backends: list[Keeping]) -> None:
    backends.append(Keeping(10**9, handles=True))

    found = repeat(backends[0], "asked", "d", times=5000, budget_s=10.0)

    assert found["grown"]["descriptors"] > 0.9
    assert len(backends[0].kept) < 500


def test_a_source_that_fails_may_be_told_in_the_words_of_the_library() -> None:
    class Wraps(MemoryBackend):
        def write(self, path: str, content: Any, **options: Any) -> Any:
            try:
                return super().write(path, content, **options)
            except RemoteStoreError:
                raise
            except Exception as exc:
                raise RemoteStoreError(str(exc), path=path, backend=self.name) from exc

    ACTS["write_lost"](Wraps(), "d")
