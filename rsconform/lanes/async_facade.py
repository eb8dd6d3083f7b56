"""An AsyncBackend behind the sync methods of Backend, so that steps and probes are written once.

Each call runs on one event loop in a thread of its own. remote-store's bridge between the two is not used: what it gets
wrong would be booked as the backend's.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, Final, Generic, Literal, NoReturn, TypeVar, cast

from remote_store import Backend, CapabilitySet, FileInfo, FolderEntry, FolderInfo
from remote_store.aio import AsyncBackend

T = TypeVar("T")

_PIECE: Final = 64 * 1024
# How long the loop may take to end what it has under way before it is left behind.
_PATIENCE_S: Final = 2.0


class OffSurface(BaseException):  # Not an error, and no Exception: nothing of the subject's can have raised it.
    """The case asks for something that an AsyncBackend does not have: it cannot be put to it."""


class LoopThread:
    """One event loop in a daemon thread: what it cannot end, ends with the process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rsconform-loop", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine gives. An exception of the caller's thread, such as its soft limit, cancels it."""
        if threading.current_thread() is self._thread:  # It would wait for itself.
            work.close()
            raise OffSurface("a call of an AsyncBackend while its loop waits for another one")
        under_way = _UnderWay(self._loop, work)
        try:
            self._loop.call_soon_threadsafe(under_way.start)
            value, error = under_way.ended()
        except BaseException:
            self._loop.call_soon_threadsafe(under_way.cancel)
            raise
        if error is not None:
            raise error
        return cast("T", value)

    def responds(self) -> bool:
        """Return whether the loop still runs: work that blocks it does not give it back."""
        woken = threading.Event()
        self._loop.call_soon_threadsafe(woken.set)
        return woken.wait(_PATIENCE_S)

    def tasks(self) -> int:
        """Return how many tasks of the loop have not ended."""
        return len(asyncio.all_tasks(self._loop))

    def close(self) -> None:
        """Cancel what is left and end the loop; one that is blocked is left behind."""
        if not self.responds():
            return
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result(_PATIENCE_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        if not self._thread.is_alive():
            self._loop.close()


class _UnderWay(Generic[T]):
    """One coroutine on the loop that another thread waits for.

    That thread takes no lock but this one, which no other thread waits for: an interrupt between taking and holding
    a lock leaves it taken, and with those of concurrent.futures the loop would stand still for good.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self._loop = loop
        self._work = work
        self._task: asyncio.Task[None] | None = None
        self._outcome: tuple[T, None] | tuple[None, BaseException] = (None, asyncio.CancelledError())
        self._pending = threading.Lock()
        self._pending.acquire()

    def start(self) -> None:
        """Begin; to be called by the loop."""
        self._task = self._loop.create_task(self._settle())
        self._task.add_done_callback(self._end)

    def cancel(self) -> None:
        """Cancel it, whether or not it has begun; to be called by the loop."""
        if self._task is not None:
            self._task.cancel()
        else:
            self._work.close()

    def ended(self) -> tuple[T, None] | tuple[None, BaseException]:
        """Wait for its end, and return its value or what it raised."""
        self._pending.acquire()
        return self._outcome

    def _end(self, _task: object) -> None:
        self._work.close()  # It has not begun where it was cancelled at once.
        self._pending.release()

    async def _settle(self) -> None:
        # A KeyboardInterrupt or SystemExit that left the task as it is would end the loop.
        try:
            self._outcome = (await self._work, None)
        except BaseException as exc:
            self._outcome = (None, exc)


async def _cancel_all() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.wait(others, timeout=_PATIENCE_S / 2) if others else None
    await asyncio.get_running_loop().shutdown_asyncgens()


class AsyncItems:
    """An async listing as an iterator; `close` closes it early."""

    def __init__(self, loop: LoopThread, items: AsyncIterator[Any]) -> None:
        self._loop = loop
        self._items = items

    def __iter__(self) -> AsyncItems:
        return self

    def __next__(self) -> Any:
        try:
            return self._loop.run(_next(self._items))
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """Close the listing, if it can be."""
        self._loop.run(_close(self._items))


class AsyncStream:
    """An async iterator of bytes as a readable stream; `chunks` is that iterator."""

    def __init__(self, loop: LoopThread, chunks: AsyncIterator[bytes]) -> None:
        self._loop = loop
        self.chunks = chunks
        self._rest = b""
        self.closed = False

    def next_chunk(self) -> Any:
        """Return the next chunk that is not empty, of whatever type it is, or b"" at the end."""
        if self._rest:
            piece, self._rest = self._rest, b""
            return piece
        while True:
            try:
                chunk = self._loop.run(_next(self.chunks))
            except StopAsyncIteration:
                return b""
            if not isinstance(chunk, bytes) or chunk:
                return chunk

    def read(self, size: int = -1) -> Any:
        """Return at most `size` bytes, or all that is left; a chunk that is no bytes is handed on as it is."""
        if size == 0:
            return b""
        if size > 0:
            piece = self.next_chunk()
            if isinstance(piece, bytes):
                piece, self._rest = piece[:size], piece[size:]
            return piece
        pieces: list[bytes] = []
        while piece := self.next_chunk():
            if not isinstance(piece, bytes):
                return piece
            pieces.append(piece)
        return b"".join(pieces)

    def close(self) -> None:
        """Close the iterator, if it can be."""
        self.closed = True
        self._loop.run(_close(self.chunks))

    def __enter__(self) -> AsyncStream:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


async def _next(items: AsyncIterator[Any]) -> Any:
    return await anext(items)


async def _close(items: object) -> None:
    close = getattr(items, "aclose", None)
    if close is not None:
        await close()


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def iterated(given: object) -> AsyncIterator[Any]:
    """Return the async iterator that a call gave, or that awaiting what it gave gives: the contract has both."""
    found = await given if inspect.isawaitable(given) else given
    return aiter(cast("AsyncIterator[Any]", found))


async def _pieces(stream: BinaryIO) -> AsyncIterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def _content(content: object) -> object:
    return content if isinstance(content, bytes) or not hasattr(content, "read") else _pieces(cast("BinaryIO", content))


def _absent(name: str) -> NoReturn:
    raise OffSurface(f"an AsyncBackend has no {name}")


class AsyncFacade(Backend):
    """The sync face of an AsyncBackend. What is sync on both is passed through.

    Attributes:
        native: The AsyncBackend.
        loop: Where every call of it runs.
    """

    def __init__(self, native: AsyncBackend, loop: LoopThread) -> None:
        self.native = native
        self.loop = loop

    def _run(self, operation: Callable[..., Any], *args: object, **options: object) -> Any:
        async def call() -> Any:
            return await operation(*args, **options)

        return self.loop.run(call())

    def _iterate(self, operation: Callable[..., Any], *args: object, **options: object) -> AsyncIterator[Any]:
        async def call() -> AsyncIterator[Any]:
            return await iterated(operation(*args, **options))

        return self.loop.run(call())

    @property
    def name(self) -> str:
        return self.native.name

    @property
    def capabilities(self) -> CapabilitySet:
        return self.native.capabilities

    def exists(self, path: str) -> bool:
        return cast("bool", self._run(self.native.exists, path))

    def is_file(self, path: str) -> bool:
        return cast("bool", self._run(self.native.is_file, path))

    def is_folder(self, path: str) -> bool:
        return cast("bool", self._run(self.native.is_folder, path))

    def read(self, path: str) -> BinaryIO:
        return cast("BinaryIO", AsyncStream(self.loop, self._iterate(self.native.read, path)))

    def read_bytes(self, path: str) -> bytes:
        return cast("bytes", self._run(self.native.read_bytes, path))

    def read_seekable(self, path: str) -> BinaryIO:
        _absent("read_seekable")

    def write(self, path: str, content: Any, **options: Any) -> Any:
        return self._run(self.native.write, path, _content(content), **options)

    def write_atomic(self, path: str, content: Any, **options: Any) -> Any:
        return self._run(self.native.write_atomic, path, _content(content), **options)

    def open_atomic(self, path: str, *, overwrite: bool = False) -> AbstractContextManager[BinaryIO]:
        _absent("open_atomic")

    def delete(self, path: str, **options: Any) -> None:
        return cast("None", self._run(self.native.delete, path, **options))

    def delete_folder(self, path: str, **options: Any) -> None:
        return cast("None", self._run(self.native.delete_folder, path, **options))

    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        return AsyncItems(self.loop, self._iterate(self.native.list_files, path, **options))

    def list_folders(self, path: str) -> Iterator[FolderEntry]:
        return AsyncItems(self.loop, self._iterate(self.native.list_folders, path))

    def iter_children(self, path: str) -> Iterator[FileInfo | FolderEntry]:
        return AsyncItems(self.loop, self._iterate(self.native.iter_children, path))

    def glob(self, pattern: str) -> Iterator[FileInfo]:
        return AsyncItems(self.loop, self._iterate(self.native.glob, pattern))

    def get_file_info(self, path: str) -> FileInfo:
        return cast("FileInfo", self._run(self.native.get_file_info, path))

    def get_folder_info(self, path: str) -> FolderInfo:
        return cast("FolderInfo", self._run(self.native.get_folder_info, path))

    def move(self, src: str, dst: str, **options: Any) -> None:
        return cast("None", self._run(self.native.move, src, dst, **options))

    def copy(self, src: str, dst: str, **options: Any) -> None:
        return cast("None", self._run(self.native.copy, src, dst, **options))

    def to_key(self, native_path: str) -> str:
        return self.native.to_key(native_path)

    def native_path(self, path: str) -> str:
        return self.native.native_path(path)

    def resolve(self, path: str) -> Any:
        return self.native.resolve(path)

    def unwrap(self, type_hint: type[T]) -> T:
        return self.native.unwrap(type_hint)

    def check_health(self) -> None:
        return cast("None", self._run(self.native.check_health))

    def close(self) -> None:
        return cast("None", self._run(self.native.aclose))

    def __enter__(self) -> AsyncFacade:
        entered = self.loop.run(_awaited(self.native.__aenter__()))
        return self if entered is self.native else cast("AsyncFacade", entered)

    def __exit__(self, *exc: Any) -> None:
        self.loop.run(_awaited(self.native.__aexit__(*exc)))

    def __repr__(self) -> str:
        return repr(self.native)


@contextmanager
def apart(backend: Backend) -> Iterator[Backend]:
    """Yield a backend to be asked while another one's loop waits: an AsyncBackend on a loop of its own."""
    if not isinstance(backend, AsyncFacade):
        yield backend
        return
    loop = LoopThread()
    try:
        yield AsyncFacade(backend.native, loop)
    finally:
        loop.close()


def native_of(backend: Backend) -> Backend | AsyncBackend:
    """Return the backend under test itself, whatever face it has been given."""
    return backend.native if isinstance(backend, AsyncFacade) else backend


def class_of(backend: Backend) -> type[Backend] | type[AsyncBackend]:
    """Return the class of the backend under test."""
    return type(native_of(backend))


def contract_of(backend: Backend) -> type[Backend] | type[AsyncBackend]:
    """Return the class whose contract binds the backend under test."""
    return AsyncBackend if isinstance(backend, AsyncFacade) else Backend


def surface_of(backend: Backend) -> Literal["sync", "async"]:
    """Return which kind of backend is under test."""
    return "async" if isinstance(backend, AsyncFacade) else "sync"


def as_sync(make: Callable[[], object], running_loop: Callable[[], LoopThread]) -> Any:
    """Return what a constructor gives, an AsyncBackend behind its sync face.

    It may want a running loop, or have to be awaited: then it is made on the loop that its calls will run on.
    """
    made = _made(make, running_loop)
    return AsyncFacade(made, running_loop()) if isinstance(made, AsyncBackend) else made


def _made(make: Callable[[], object], running_loop: Callable[[], LoopThread]) -> object:
    try:
        made = make()
    except RuntimeError as exc:
        if "event loop" not in str(exc):
            raise
        return _made_on(running_loop(), make)
    if inspect.isawaitable(made):
        awaitable = made
        return _made_on(running_loop(), lambda: awaitable)
    return made


def _made_on(loop: LoopThread, make: Callable[[], object]) -> object:
    async def made() -> object:
        found = make()
        return await found if inspect.isawaitable(found) else found

    return loop.run(made())
