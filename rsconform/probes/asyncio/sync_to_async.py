"""remote-store's SyncBackendAdapter, an AsyncBackend over a sync one: what it must pass on to the one that it wraps.

The adapter under test is put over a backend of the kit's own that records what reaches it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, BinaryIO, Final, TypeVar, cast

from remote_store import BackendUnavailable
from remote_store.aio import AsyncBackend, SyncBackendAdapter
from remote_store.backends import MemoryBackend

from rsconform.lanes.async_facade import AsyncFacade, iterated
from rsconform.probes import ProbeContext, probe

T = TypeVar("T")

_CHUNK: Final = 65_536


class _Handle:
    """A native handle."""


class _Recording(MemoryBackend):
    """A MemoryBackend that records in which thread it was called, what it was given and what was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []
        self.given: list[object] = []
        self.taken = 0
        self.closed = 0
        self.streams: list[BinaryIO] = []
        self.health: Exception | None = None
        self.handle = _Handle()

    def exists(self, path: str) -> bool:
        self.threads.append(threading.get_ident())
        return super().exists(path)

    def read_bytes(self, path: str) -> bytes:
        self.threads.append(threading.get_ident())
        return super().read_bytes(path)

    def read(self, path: str) -> BinaryIO:
        self.threads.append(threading.get_ident())
        self.streams.append(super().read(path))
        return self.streams[-1]

    def write(self, path: str, content: Any, **options: Any) -> Any:
        self.threads.append(threading.get_ident())
        self.given.append(content)
        return super().write(path, content, **options)

    def write_atomic(self, path: str, content: Any, **options: Any) -> Any:
        self.threads.append(threading.get_ident())
        self.given.append(content)
        return super().write_atomic(path, content, **options)

    def list_files(self, path: str, **options: Any) -> Iterator[Any]:
        for item in super().list_files(path, **options):
            self.threads.append(threading.get_ident())
            self.taken += 1
            yield item

    def check_health(self) -> None:
        self.threads.append(threading.get_ident())
        if self.health is not None:
            raise self.health

    def unwrap(self, type_hint: type[Any]) -> Any:
        return self.handle if type_hint is _Handle else super().unwrap(type_hint)

    def close(self) -> None:
        self.closed += 1
        super().close()


def _adapted(context: ProbeContext) -> tuple[_Recording, AsyncBackend, Callable[[Coroutine[Any, Any, T]], T]]:
    """Return a recording backend, the adapter of the class under test over it, and what runs a coroutine."""
    facade = cast("AsyncFacade", context.backend)
    if not isinstance(facade.native, SyncBackendAdapter):
        context.skip("remote-store's SyncBackendAdapter")
    inner = _Recording()
    adapter = context.call("the constructor", type(facade.native), inner)
    return inner, adapter, facade.loop.run


@probe("asyncio.adapter_wraps", surface="async")
def adapter_wraps(context: ProbeContext) -> None:
    """The adapter of a sync backend is an AsyncBackend."""
    _, adapter, _ = _adapted(context)
    if not isinstance(adapter, AsyncBackend):
        context.fail("an AsyncBackend", type(adapter).__name__)


@probe("asyncio.adapter_works_in_threads", surface="async")
def adapter_works_in_threads(context: ProbeContext, call: str) -> None:
    """What the wrapped backend does, it does outside the thread of the loop."""
    inner, adapter, run = _adapted(context)
    inner.write("d/a", b"x" * 10)
    inner.threads.clear()

    async def use() -> int:
        calls: dict[str, Callable[[], Any]] = {
            "exists": lambda: adapter.exists("d/a"),
            "read": lambda: _drain(adapter.read("d/a")),
            "read_bytes": lambda: adapter.read_bytes("d/a"),
            "write": lambda: adapter.write("d/b", b"y"),
            "list_files": lambda: _drain(adapter.list_files("d")),
            "check_health": adapter.check_health,
        }
        await calls[call]()
        return threading.get_ident()

    loop_thread = context.call(call, run, use())
    if not inner.threads or loop_thread in inner.threads:
        context.fail(f"{call} in another thread than the loop's", "it ran in the loop's, or not at all")


async def _drain(given: object) -> list[Any]:
    return [item async for item in await iterated(given)]


@probe("asyncio.adapter_lists_whole", surface="async")
def adapter_lists_whole(context: ProbeContext) -> None:
    """The whole listing is taken before the first item is handed out."""
    inner, adapter, run = _adapted(context)
    for name in "abcde":
        inner.write(f"d/{name}", b"x")

    async def first() -> int:
        items = await iterated(adapter.list_files("d"))
        await anext(items)
        taken = inner.taken
        await _drain(items)
        return taken

    taken = context.call("list_files()", run, first())
    if taken != 5:
        context.fail("5 items taken when the first is handed out", f"{taken}")


@probe("asyncio.adapter_chunks", surface="async")
def adapter_chunks(context: ProbeContext, leave: bool) -> None:
    """Reads come in chunks of 64 KiB, and the stream is closed at the end or where the read is left."""
    inner, adapter, run = _adapted(context)
    inner.write("a", b"x" * (2 * _CHUNK + 5))

    async def read() -> list[int]:
        items = await iterated(adapter.read("a"))
        if not leave:
            return [len(chunk) async for chunk in items]
        sizes = [len(await anext(items))]
        await cast("Any", items).aclose()
        return sizes

    sizes = context.call("read()", run, read())
    expected = [_CHUNK] if leave else [_CHUNK, _CHUNK, 5]
    if sizes != expected:
        context.fail(f"chunks of {expected} bytes", f"{sizes}")
    if not inner.streams or not inner.streams[-1].closed:
        context.fail("the wrapped stream closed", "it is open, or was never opened")


@probe("asyncio.adapter_passes_members", surface="async")
def adapter_passes_members(context: ProbeContext) -> None:
    """Sync members give what the wrapped backend gives."""
    inner, adapter, _ = _adapted(context)
    pairs: dict[str, tuple[object, object]] = {
        "name": (adapter.name, inner.name),
        "capabilities": (set(adapter.capabilities), set(inner.capabilities)),
        "to_key()": (adapter.to_key("a/b"), inner.to_key("a/b")),
        "native_path()": (adapter.native_path("a/b"), inner.native_path("a/b")),
        "resolve()": (adapter.resolve("a/b"), inner.resolve("a/b")),
        "unwrap()": (context.call("unwrap()", adapter.unwrap, _Handle), inner.unwrap(_Handle)),
    }
    for name, (own, wrapped) in pairs.items():
        if own != wrapped:
            context.fail(f"{name} of the wrapped backend: {wrapped!r}", f"{own!r}")


@probe("asyncio.adapter_closes_wrapped", surface="async")
def adapter_closes_wrapped(context: ProbeContext) -> None:
    """aclose() closes the wrapped backend."""
    inner, adapter, run = _adapted(context)
    context.call("aclose()", run, adapter.aclose())
    if inner.closed != 1:
        context.fail("close() of the wrapped backend, once", f"{inner.closed} times")


@probe("asyncio.adapter_joins_content", surface="async")
def adapter_joins_content(context: ProbeContext, op: str) -> None:
    """An async source reaches the wrapped backend as one bytes object."""
    inner, adapter, run = _adapted(context)

    async def source() -> AsyncIterator[bytes]:
        yield b"abc"
        yield b"def"

    async def write() -> None:
        await getattr(adapter, op)("a", source())

    context.call(f"{op}()", run, write())
    given = next(iter(inner.given), None)
    if type(given) is not bytes or given != b"abcdef":
        context.fail("the bytes b'abcdef', whole", f"{given!r:.60}")


@probe("asyncio.adapter_health", surface="async")
def adapter_health(context: ProbeContext) -> None:
    """check_health() lets the very error of the wrapped backend out."""
    inner, adapter, run = _adapted(context)
    context.call("check_health()", run, adapter.check_health())
    inner.health = BackendUnavailable("down", backend=inner.name)

    async def ask() -> BaseException | None:
        try:
            await adapter.check_health()
        except BaseException as exc:
            return exc
        return None

    seen = run(ask())
    if seen is not inner.health:
        context.fail("the error of the wrapped backend itself", f"{seen!r:.80}")


@probe("asyncio.adapter_matches_wrapped", surface="async")
def adapter_matches_wrapped(context: ProbeContext) -> None:
    """Many calls at once give what the wrapped backend would."""
    inner, adapter, run = _adapted(context)
    for number in range(16):
        inner.write(f"d/{number}", f"{number}".encode())

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(*(adapter.read_bytes(f"d/{number}") for number in range(16)))

    seen = context.call("gather()", run, all_at_once())
    if seen != [f"{number}".encode() for number in range(16)]:
        context.fail("each caller's own bytes", f"{seen!r:.120}")
