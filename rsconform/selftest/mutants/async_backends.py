"""Mutants of ASYNC: AsyncBackend and the adapters between sync and async."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

from remote_store import AsyncBackendSyncAdapter, BackendUnavailable, CapabilitySet
from remote_store.aio import AsyncBackend, AsyncMemoryBackend

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import NEVER
from rsconform.selftest.mutant import Mutant, mutant

_CHUNK = 65_536


class _NoAdapter:
    """What stands in for an adapter that is none."""


def made_as_nothing(_cls: type, *_args: object) -> Any:
    """Make something else than an adapter."""
    return _NoAdapter()


async def reads_on_the_loop(self: Any, path: str) -> bytes:
    """Call the wrapped backend in the loop's own thread."""
    return bytes(self._sync.read_bytes(path))


async def lists_as_it_goes(self: Any, path: str, **options: Any) -> AsyncIterator[Any]:
    """Hand out each item as it is taken."""
    for item in self._sync.list_files(path, **options):
        yield item


async def reads_in_small_chunks(self: Any, path: str) -> AsyncIterator[bytes]:
    """Read 8 KiB at a time."""
    with contextlib.closing(self._sync.read(path)) as stream:
        while chunk := stream.read(8192):
            yield chunk


async def leaves_the_stream_open(self: Any, path: str) -> AsyncIterator[bytes]:
    """Read to the end and close nothing."""
    stream = self._sync.read(path)
    while chunk := stream.read(_CHUNK):
        yield chunk


async def closes_nothing(self: Any) -> None:
    """Leave the wrapped backend open."""


async def writes_piece_by_piece(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Hand the source on as a stream."""
    if not isinstance(content, bytes):
        content = io.BytesIO(b"".join([piece async for piece in content]))
    return self._sync.write(path, content, **options)


async def is_always_well(self: Any) -> None:
    """Answer without asking the store."""


class _Eager(io.BytesIO):
    """A stream that can seek and holds everything."""


class _Forward(io.RawIOBase):
    """A forward-only stream over bytes that are all there."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


def reads_all_at_once(self: Any, path: str) -> Any:
    """Pull everything before the first byte is asked for."""
    with contextlib.closing(AsyncBackendSyncAdapter.read(self, path)) as stream:
        return io.BufferedReader(_Forward(stream.read()))


def reads_seekable(self: Any, path: str) -> Any:
    """Give a stream that can seek."""
    with contextlib.closing(AsyncBackendSyncAdapter.read(self, path)) as stream:
        return _Eager(stream.read())


def guards_only_closed(self: Any) -> None:
    """Do not look for a running loop."""
    if self._closed:
        raise RuntimeError("closed")


def works_when_closed(self: Any, path: str) -> bool:
    """Answer although closed."""
    return False if self._closed else AsyncBackendSyncAdapter.exists(self, path)


def answers_anywhere(self: Any, path: str) -> bool:
    """Answer in a running loop and when closed as well."""
    try:
        return AsyncBackendSyncAdapter.is_file(self, path)
    except RuntimeError:
        return False


def keeps_the_loop(self: Any, timeout: float | None = 30.0) -> None:
    """Close the wrapped backend, and leave the loop running."""
    if not self._closed:
        self._closed = True
        with contextlib.suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._async_backend.aclose(), self._loop).result(timeout)


def lets_out_what_closing_raises(self: Any, timeout: float | None = 30.0) -> None:
    """Let an error of aclose() out."""
    if not self._closed:
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._async_backend.aclose(), self._loop).result(timeout)
    AsyncBackendSyncAdapter.close(self, timeout)


def lists_the_last(self: Any, path: str, **options: Any) -> Iterator[Any]:
    """Hand listings over in one place for all threads."""
    self.__dict__["_listed"] = list(AsyncBackendSyncAdapter.list_files(self, path, **options))
    with contextlib.suppress(Exception):
        AsyncBackendSyncAdapter.exists(self, path)
    return iter(self.__dict__["_listed"])


def keeps_all_capabilities(self: Any) -> CapabilitySet:
    """Mask nothing."""
    return self._async_backend.capabilities  # type: ignore[no-any-return]


@contextlib.contextmanager
def writes_whatever_happens(self: Any, path: str, *, overwrite: bool = False) -> Iterator[Any]:
    """Write what the block has, also where its body fails."""
    buffer = io.BytesIO()
    try:
        yield buffer
    finally:
        self.write_atomic(path, buffer.getvalue(), overwrite=overwrite)


def unwraps_itself(self: Any, type_hint: type) -> Any:
    """Hand out what belongs to the loop."""
    return self._async_backend


def relabels_errors(self: Any) -> None:
    """Make another error of that of the wrapped backend."""
    try:
        AsyncBackendSyncAdapter.check_health(self)
    except BackendUnavailable as exc:
        raise BackendUnavailable(str(exc), backend="bridge") from exc


def closes_silently(self: Any, timeout: float | None = 30.0) -> None:
    """Stop the loop without closing the wrapped backend."""
    if not self._closed:
        self._closed = True
        self._loop.call_soon_threadsafe(self._loop.stop)


def remembers_the_last_read(self: Any, path: str) -> bytes:
    """Hand results over in one place for all threads."""
    self.__dict__["_last"] = AsyncBackendSyncAdapter.read_bytes(self, path)
    with contextlib.suppress(Exception):
        AsyncBackendSyncAdapter.exists(self, path)
    return bytes(self.__dict__["_last"])


def wraps_source_errors(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Report the error of a source as one of its own."""
    try:
        return AsyncBackendSyncAdapter.write(self, path, content, **options)
    except Exception as exc:
        if type(exc).__module__.startswith("remote_store"):
            raise
        raise BackendUnavailable("the source failed", path=path, backend=self.name) from exc


def enters_the_wrapped(self: Any) -> Any:
    """Enter the wrapped backend, and give that."""
    self._submit(self._async_backend.__aenter__())
    return self


def never_asks(self: Any) -> None:
    """Answer without asking the store."""


def ends_streams_silently(self: Any, path: str) -> Any:
    """Take an error in the middle of a stream for its end."""
    stream = AsyncBackendSyncAdapter.read(self, path)
    read = stream.read

    class Silent(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1, /) -> bytes:
            if self.closed:
                raise ValueError("closed")
            try:
                return read(size)
            except Exception:
                return b""

        def close(self) -> None:
            stream.close()
            super().close()

    return Silent()


_LOOPS: dict[int, asyncio.AbstractEventLoop] = {}  # Of each instance the loop that it was first used on.


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
        NEVER.add(task)
        task.add_done_callback(NEVER.discard)
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
    """Take a second close for a problem of the caller."""
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


async def waits_elsewhere(self: Any, path: str) -> bytes:
    """Wait for ever on every loop but the first."""
    loop = _LOOPS.setdefault(id(self), asyncio.get_running_loop())
    if loop is not asyncio.get_running_loop():
        await asyncio.Event().wait()
    return await AsyncMemoryBackend.read_bytes(self, path)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("ASYNC-001", "leaves-a-method-open", "async", op.override(copy=left_open),
        also="BE-001b BE-019a BE-001c BE-021a KIT-004", reason="copy"),
    mutant("ASYNC-002", "has-a-name-to-await", "async",
        op.override(name=property(lambda _self: LateName("async-memory"))), also="BE-002a",
        reason="name to answer at once"),
    mutant("ASYNC-003", "has-capabilities-to-await", "async",
        op.override(capabilities=property(lambda _self: LateCapabilities(set(AsyncMemoryBackend().capabilities)))),
        also="BE-003a BE-003c", reason="capabilities to answer at once"),
    mutant("ASYNC-020a", "has-chunks-of-another-type", "async", op.override(read=read_as_bytearrays),
        also="BE-006a SIO-001d", reason="bytearray"),
    mutant("ASYNC-020a", "reads-one-chunk", "async", op.override(read=read_one_chunk), reason="65537"),
    mutant("ASYNC-020b", "leaves-a-task-per-read", "async", op.override(read=leaving_a_task("read")), reason="task"),
    mutant("ASYNC-020b", "leaves-a-task-per-listing", "async",
        op.override(iter_children=leaving_a_task("iter_children")), reason="task"),
    mutant("ASYNC-020b", "resumes-an-abandoned-listing", "async", op.override(list_files=goes_on_where_it_was_left),
        reason="the whole listing afterwards"),
    mutant("ASYNC-021", "ends-at-an-empty-piece", "async", op.override(write=stopping_at_nothing("write")),
        reason="asked until its end"),
    mutant("ASYNC-021", "ends-at-an-empty-piece-atomically", "async",
        op.override(write_atomic=stopping_at_nothing("write_atomic")), reason="asked until its end"),
    mutant("ASYNC-022", "closes-without-await", "async", op.override(aclose=closes_at_once), also="BE-020a BE-021a",
        reason="awaitable"),
    mutant("ASYNC-022", "closes-once", "async", op.override(aclose=closes_once), also="BE-020a BE-021a",
        reason="second aclose()"),
    mutant("ASYNC-023", "enters-as-another", "async", op.override(__aenter__=enters_as_another),
        reason="not the backend"),
    mutant("ASYNC-023", "leaves-open", "async", op.override(__aexit__=leaves_open), reason="aclose()"),
    mutant("ASYNC-030", "makes-something-else", "adapted", op.override(__new__=made_as_nothing), also="BE-020a",
        reason="an AsyncBackend"),
    mutant("ASYNC-031", "reads-on-the-loop", "adapted", op.override(read_bytes=reads_on_the_loop),
        reason="another thread"),
    mutant("ASYNC-032", "lists-as-it-goes", "adapted", op.override(list_files=lists_as_it_goes), reason="5 items"),
    mutant("ASYNC-033", "reads-in-small-chunks", "adapted", op.override(read=reads_in_small_chunks), reason="65536"),
    mutant("ASYNC-033", "leaves-the-stream-open", "adapted", op.override(read=leaves_the_stream_open),
        reason="stream closed"),
    mutant("ASYNC-034", "has-a-name-of-its-own", "adapted", op.override(name=property(lambda self: "adapter")),
        also="BE-002b", reason="name of the wrapped"),
    mutant("ASYNC-034", "hands-out-no-handle", "adapted", op.override(unwrap=AsyncBackend.unwrap),
        reason="unwrap() to return"),
    mutant("ASYNC-035", "closes-nothing", "adapted", op.override(aclose=closes_nothing), reason="once"),
    mutant("ASYNC-036", "hands-a-stream-on", "adapted", op.override(write=writes_piece_by_piece), reason="whole"),
    mutant("ASYNC-037", "never-checks-health", "adapted", op.override(check_health=is_always_well),
        reason="error of the wrapped"),
    mutant("ASYNC-080", "reads-all-at-once", "bridged", op.override(read=reads_all_at_once), reason="one pull"),
    mutant("ASYNC-081", "can-seek", "bridged", op.override(read=reads_seekable), reason="not seekable"),
    mutant("ASYNC-081", "ends-streams-silently", "bridged", op.override(read=ends_streams_silently), also="BE-021d",
        reason="very error"),
    mutant("ASYNC-082", "does-not-look-for-a-loop", "bridged", op.override(_guard=guards_only_closed),
        reason="running loop"),
    mutant("ASYNC-082", "does-not-guard-a-lookup", "bridged", op.override(is_file=answers_anywhere),
        reason="is_file()"),
    mutant("ASYNC-083", "answers-a-lookup-when-closed", "bridged", op.override(is_file=answers_anywhere),
        reason="is_file()"),
    mutant("ASYNC-083", "works-when-closed", "bridged", op.override(exists=works_when_closed), reason="after close()"),
    mutant("ASYNC-084", "masks-nothing", "bridged", op.override(capabilities=property(keeps_all_capabilities)),
        reason="SEEKABLE_READ"),
    mutant("ASYNC-085", "writes-whatever-happens", "bridged", op.override(open_atomic=writes_whatever_happens),
        reason="clean end"),
    mutant("ASYNC-086", "unwraps", "bridged", op.override(unwrap=unwraps_itself), reason="CapabilityNotSupported"),
    mutant("ASYNC-087", "relabels-errors", "bridged", op.override(check_health=relabels_errors), reason="very error"),
    mutant("ASYNC-088", "closes-nothing", "bridged", op.override(close=closes_silently), reason="once"),
    mutant("ASYNC-088", "keeps-its-loop", "bridged", op.override(close=keeps_the_loop), also="ASYNC-090",
        reason="warning"),
    mutant("ASYNC-089", "shares-results", "bridged", op.override(read_bytes=remembers_the_last_read),
        reason="another's bytes"),
    mutant("ASYNC-089", "shares-listings", "bridged", op.override(list_files=lists_the_last), reason="listed"),
    mutant("ASYNC-090", "ends-streams-silently", "bridged", op.override(read=ends_streams_silently), also="BE-021d",
        reason="very error"),
    mutant("ASYNC-090", "lets-out-what-closing-raises", "bridged", op.override(close=lets_out_what_closing_raises),
        also="ASYNC-088", reason="at the end"),
    mutant("ASYNC-091", "wraps-source-errors", "bridged", op.override(write=wraps_source_errors), reason="very error"),
    mutant("ASYNC-092", "enters-the-wrapped", "bridged", op.override(__enter__=enters_the_wrapped),
        reason="not entered"),
    mutant("ASYNC-093", "never-calls-the-wrapped-backend", "bridged", op.override(check_health=never_asks),
        reason="very error"),
    mutant("ASYNC-094a", "looks-then-writes", "async", op.override(write_atomic=looks_then_writes("write_atomic")),
        reason="creators"),
    mutant("ASYNC-094a", "writes-in-halves", "async", op.override(write_atomic=writes_in_two("write_atomic")),
        reason="one of the contents"),
    mutant("ASYNC-094a", "tears-at-the-size-of-another-content", "async",
        op.override(write_atomic=writes_in_two("write_atomic", 5003)), reason="5003 bytes of 1 kinds"),
    mutant("ASYNC-094a", "shares-a-buffer", "async", op.override(read_bytes=shares_a_buffer),
        reason="read what it wrote"),
    mutant("ASYNC-094b", "waits-on-another-loop", "async", op.override(read_bytes=waits_elsewhere),
        reason="on another loop", limit_s=10.0),
    mutant("ASYNC-094d", "looks-then-writes", "async", op.override(write=looks_then_writes("write")),
        reason="creators"),
    mutant("ASYNC-094d", "writes-in-halves", "async", op.override(write=writes_in_two("write")),
        reason="one of the contents"),
    mutant("ASYNC-094e", "does-not-say-how-to-use-it", "async_single", op.override(__doc__="Files in memory."),
        reason="several tasks"),
)
# fmt: on
