"""The sync face of an AsyncBackend: its loop, its streams and listings, and what it does not have."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from types import FrameType
from typing import Any

import pytest
from remote_store import NotFound
from remote_store.aio import AsyncMemoryBackend

from rsconform.lanes.async_facade import (
    AsyncFacade,
    AsyncStream,
    LoopThread,
    OffSurface,
    apart,
    as_sync,
    class_of,
    surface_of,
)
from rsconform.probes.support.counting_source import CountingSource
from rsconform.run.lane import deadline


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture
def backend(loop: LoopThread) -> AsyncFacade:
    return AsyncFacade(AsyncMemoryBackend(), loop)


def test_what_is_written_is_read_and_listed(backend: AsyncFacade) -> None:
    backend.write("d/a", b"bytes")
    backend.write("d/b", BytesIO(b"stream"))

    assert backend.read_bytes("d/a") == b"bytes"
    assert backend.read("d/b").read() == b"stream"
    assert [str(info.path) for info in backend.list_files("d")] == ["d/a", "d/b"]
    assert surface_of(backend) == "async"
    assert class_of(backend) is AsyncMemoryBackend


def test_errors_come_back_as_they_are(backend: AsyncFacade) -> None:
    with pytest.raises(NotFound) as caught:
        backend.read_bytes("no")
    assert caught.value.path == "no"


def test_another_client_answers_while_the_loop_waits_for_its_source(backend: AsyncFacade) -> None:
    backend.write("old", b"old")
    seen: list[bytes] = []

    with apart(backend) as other:
        backend.write("new", CountingSource(b"new", lambda _at: seen.append(other.read_bytes("old"))))

    assert set(seen) == {b"old"}


def test_a_call_that_would_wait_for_itself_is_no_failure_of_the_backends(backend: AsyncFacade) -> None:
    with pytest.raises(OffSurface):
        backend.write("new", CountingSource(b"new", lambda _at: backend.delete("old")))


@pytest.mark.parametrize("name", ["read_seekable", "open_atomic"])
def test_what_an_async_backend_lacks_is_no_failure_of_its(name: str, backend: AsyncFacade) -> None:
    with pytest.raises(OffSurface):
        getattr(backend, name)("a")


def _interrupted(moment: int, call: Callable[[], object]) -> bool:
    """Interrupt a call at the moment at which so many lines, calls and returns have gone by, if it lasts that long."""
    left = moment

    def trace(_frame: FrameType, _event: str, _arg: object) -> Any:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        return trace

    earlier = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(earlier)
    return False


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # Interrupted before it was handed over.
def test_the_loop_runs_on_whenever_a_call_is_interrupted(backend: AsyncFacade) -> None:
    backend.write("d/a", b"here")

    moment = 0
    while _interrupted(moment, lambda: backend.read_bytes("d/a")):
        assert backend.loop.responds(), f"it stands still after an interrupt at moment {moment}"
        moment += 1

    assert moment > 10
    assert backend.read_bytes("d/a") == b"here"


async def _chunks() -> AsyncIterator[bytes]:
    for chunk in (b"", b"abc", b"", b"defg"):
        yield chunk


def test_an_empty_chunk_is_not_the_end_of_a_stream(loop: LoopThread) -> None:
    assert AsyncStream(loop, _chunks()).read() == b"abcdefg"


def test_a_stream_gives_no_more_than_is_asked_for(loop: LoopThread) -> None:
    stream = AsyncStream(loop, _chunks())

    assert [stream.read(2) for _ in range(5)] == [b"ab", b"c", b"de", b"fg", b""]


def test_a_keyboard_interrupt_from_a_task_leaves_the_loop_running(loop: LoopThread) -> None:
    async def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.run(interrupt())
    assert loop.responds()


def test_the_soft_limit_cancels_what_is_under_way(loop: LoopThread) -> None:
    cancelled = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    deadline.install()
    deadline.arm(0.1)
    try:
        with pytest.raises(deadline.SoftLimitError):
            loop.run(hang())
    finally:
        deadline.disarm()
    assert cancelled.wait(5)
    assert loop.responds()


def test_a_constructor_may_want_a_running_loop(loop: LoopThread) -> None:
    def make() -> AsyncMemoryBackend:
        asyncio.get_running_loop()
        return AsyncMemoryBackend()

    assert isinstance(as_sync(make, lambda: loop).native, AsyncMemoryBackend)


def test_closing_the_loop_ends_its_thread() -> None:
    loop = LoopThread()
    loop.close()

    assert "rsconform-loop" not in [thread.name for thread in threading.enumerate()]
