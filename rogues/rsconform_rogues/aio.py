"""What only an AsyncBackend can get wrong, as methods that replace those of AsyncMemoryBackend."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from remote_store import BackendUnavailable, CapabilitySet
from remote_store.aio import AsyncMemoryBackend

_LOOPS: dict[int, asyncio.AbstractEventLoop] = {}  # Of each instance the loop that it was first used on.
_NEVER: set[asyncio.Task[Any]] = set()


class LateName(str):
    """A name that is to be awaited."""

    __slots__ = ()

    def __await__(self) -> Any:
        yield


class LateCapabilities(CapabilitySet):
    """Capabilities that are to be awaited."""

    def __await__(self) -> Any:
        yield


def left_open(self: Any, src: str, dst: str) -> None:
    """Do nothing, as a member that is still abstract."""


left_open.__isabstractmethod__ = True  # type: ignore[attr-defined]


async def read_as_bytearrays(self: Any, path: str) -> AsyncIterator[Any]:
    """Give chunks of another type."""
    async for chunk in AsyncMemoryBackend.read(self, path):
        yield bytearray(chunk)


async def read_one_chunk(self: Any, path: str) -> AsyncIterator[bytes]:
    """Give the first 64 KiB only."""
    yield (await self.read_bytes(path))[: 64 * 1024]


def leaving_a_task(op: str) -> Callable[..., AsyncIterator[Any]]:
    """Return a read or a listing that starts a task for each call and never ends it."""

    async def leave(self: Any, path: str, **options: Any) -> AsyncIterator[Any]:
        task = asyncio.ensure_future(asyncio.sleep(3600))
        _NEVER.add(task)
        task.add_done_callback(_NEVER.discard)
        if op == "read":
            content = await self.read_bytes(path)
            for start in range(0, len(content), 65536):
                yield content[start : start + 65536]
        else:
            async for item in getattr(AsyncMemoryBackend, op)(self, path, **options):
                yield item
        task.cancel()

    return leave


def stopping_at_nothing(op: str) -> Callable[..., Awaitable[Any]]:
    """Return a write that takes an empty piece for the end."""

    async def write(self: Any, path: str, content: Any, **options: Any) -> Any:
        if not isinstance(content, bytes):
            taken = b""
            async for piece in content:
                if not piece:
                    break
                taken += piece
            content = taken
        return await getattr(AsyncMemoryBackend, op)(self, path, content, **options)

    return write


def closes_at_once(self: Any) -> None:
    """Close without being awaited."""


async def enters_as_another(self: Any) -> AsyncMemoryBackend:
    """Give another instance to the block."""
    return AsyncMemoryBackend()


async def leaves_open(self: Any, *_exc: object) -> None:
    """Leave the block without closing."""


async def keeps_its_lock(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Hold a lock while the source is read, and give it back on the ways out that were thought of."""
    lock = self.__dict__.setdefault("_lock_of_writes", asyncio.Lock())
    await lock.acquire()
    try:
        answer = await AsyncMemoryBackend.write(self, path, content, **options)
    except Exception:
        lock.release()
        raise
    lock.release()
    return answer


def looks_then_writes(op: str) -> Callable[..., Awaitable[Any]]:
    """Return a write that lets others have a turn between the look at the target and the write."""

    async def write(self: Any, path: str, content: Any, *, overwrite: bool = False, **options: Any) -> Any:
        right = getattr(AsyncMemoryBackend, op)
        if not overwrite and await AsyncMemoryBackend.exists(self, path):
            return await right(self, path, content, **options)
        await asyncio.sleep(0.001)
        return await right(self, path, content, overwrite=True, **options)

    return write


def writes_in_two(op: str, first: int | None = None) -> Callable[..., Awaitable[Any]]:
    """Return a write that overwrites a file in two steps with a pause between: the first half, or so many bytes."""

    async def write(self: Any, path: str, content: Any, *, overwrite: bool = False, **options: Any) -> Any:
        if overwrite and isinstance(content, bytes) and len(content) > (first or 1):
            await AsyncMemoryBackend.write(self, path, content[: first or len(content) // 2], overwrite=True)
            await asyncio.sleep(0.001)
        return await getattr(AsyncMemoryBackend, op)(self, path, content, overwrite=overwrite, **options)

    return write


async def closes_once(self: Any) -> None:
    """Take a second close for a mistake of the caller."""
    if self.__dict__.setdefault("_closed_before", False):
        raise RuntimeError("already closed")
    self._closed_before = True
    await AsyncMemoryBackend.aclose(self)


async def goes_on_where_it_was_left(self: Any, path: str, **options: Any) -> AsyncIterator[Any]:
    """List without what was the first item of a listing that was left."""
    skipped = self.__dict__.setdefault("_left_at", {}).pop(path, None)
    async for entry in AsyncMemoryBackend.list_files(self, path, **options):
        if entry.path == skipped:
            continue
        try:
            yield entry
        except GeneratorExit:
            self._left_at[path] = entry.path
            raise


async def shares_a_buffer(self: Any, path: str) -> bytes:
    """Hold what is read in one place for all tasks while something else is done."""
    self._shared = await AsyncMemoryBackend.read_bytes(self, path)
    await asyncio.sleep(0.001)
    return bytes(self._shared)


async def copies_the_second_time(self: Any, src: str, dst: str, *, overwrite: bool = False) -> None:
    """Move by copying what was moved before."""
    moved = self.__dict__.setdefault("_moved", set())
    again = src in moved
    moved.add(dst)
    await getattr(AsyncMemoryBackend, "copy" if again else "move")(self, src, dst, overwrite=overwrite)


def listing_until_the_next(op: str) -> Callable[..., AsyncIterator[Any]]:
    """Return a listing that ends when another one is begun."""

    async def list_some(self: Any, path: str, **options: Any) -> AsyncIterator[Any]:
        turn = self._turn = object()
        async for entry in getattr(AsyncMemoryBackend, op)(self, path, **options):
            yield entry
            if self._turn is not turn:
                return

    return list_some


async def waits_elsewhere(self: Any, path: str) -> bytes:
    """Wait for ever on every loop but the first."""
    loop = _LOOPS.setdefault(id(self), asyncio.get_running_loop())
    if loop is not asyncio.get_running_loop():
        await asyncio.Event().wait()
    return await AsyncMemoryBackend.read_bytes(self, path)


async def swallows_cancellation(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Take a cancellation of the source for its end."""
    if isinstance(content, bytes):
        return await AsyncMemoryBackend.write(self, path, content, **options)
    taken = b""
    with contextlib.suppress(asyncio.CancelledError):
        async for piece in content:
            taken += piece
    return await AsyncMemoryBackend.write(self, path, taken, **options)


async def leaves_its_temp_file(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Write beside the file first, and clear that away only when all went well."""
    taken = content if isinstance(content, bytes) else b""
    for_now = f"{path}.tmp"
    if not isinstance(content, bytes):
        async for piece in content:
            taken += piece
            await AsyncMemoryBackend.write(self, for_now, taken, overwrite=True)
    result = await AsyncMemoryBackend.write_atomic(self, path, taken, **options)
    await AsyncMemoryBackend.delete(self, for_now, missing_ok=True)
    return result


async def locks_for_good(self: Any, path: str) -> bool:
    """Take a lock and give it back only if nothing came between."""
    lock = self.__dict__.setdefault("_own_lock", asyncio.Lock())
    await lock.acquire()
    await asyncio.sleep(0)
    found = await AsyncMemoryBackend.exists(self, path)
    lock.release()
    return found


async def answers_when_cancelled(self: Any, path: str) -> bool:
    """Take a cancellation for an answer."""
    try:
        await asyncio.sleep(0.001)
        return await AsyncMemoryBackend.exists(self, path)
    except asyncio.CancelledError:
        return False


async def fails_when_cancelled(self: Any, path: str) -> bytes:
    """Take a cancellation for an outage."""
    try:
        await asyncio.sleep(0.001)
        return await AsyncMemoryBackend.read_bytes(self, path)
    except asyncio.CancelledError as exc:
        raise BackendUnavailable("no reply", path=path, backend=self.name) from exc


async def clears_first(self: Any, path: str, content: Any, *, overwrite: bool = False, **options: Any) -> Any:
    """Take the old file away, let others have a turn, and write the new one."""
    taken = content if isinstance(content, bytes) else b"".join([piece async for piece in content])
    if overwrite and await AsyncMemoryBackend.is_file(self, path):
        await AsyncMemoryBackend.delete(self, path)
        await asyncio.sleep(0.001)
    return await AsyncMemoryBackend.write(self, path, taken, overwrite=overwrite, **options)


async def waits_for_good(self: Any, path: str) -> Any:
    """Have a task of its own ask, and leave it where it is cancelled."""
    done = asyncio.Event()

    async def ask() -> Any:
        await asyncio.sleep(0)
        try:
            return await AsyncMemoryBackend.get_file_info(self, path)
        finally:
            await done.wait()

    task = asyncio.ensure_future(ask())
    _NEVER.add(task)
    await asyncio.sleep(0.001)
    done.set()
    return await task


async def writes_all_the_same(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Write in a task that nobody can cancel, and that takes the longer the more there is."""
    taken = content if isinstance(content, bytes) else b"".join([piece async for piece in content])

    async def write() -> Any:
        await asyncio.sleep(len(taken) / 500_000)
        return await AsyncMemoryBackend.write(self, path, taken, **options)

    return await asyncio.shield(asyncio.ensure_future(write()))


def blocking(op: str) -> Callable[..., Awaitable[Any]]:
    """Return an operation that sleeps without giving the loop back."""

    async def block(self: Any, *args: Any, **options: Any) -> Any:
        time.sleep(0.4)
        return await getattr(AsyncMemoryBackend, op)(self, *args, **options)

    return block


def exists_at_once(self: Any, path: str) -> bool:
    """Answer without being awaited."""
    return False
