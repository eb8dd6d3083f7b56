"""What remote-store's two adapters between sync and async could get wrong, as members that replace theirs."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Iterator
from typing import Any

from remote_store import AsyncBackendSyncAdapter, BackendUnavailable, CapabilitySet

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
    """Ask nobody."""


class _Eager(io.BytesIO):
    """A stream that can seek and holds everything."""


def reads_all_at_once(self: Any, path: str) -> Any:
    """Pull everything before the first byte is asked for."""
    with contextlib.closing(AsyncBackendSyncAdapter.read(self, path)) as stream:
        return io.BufferedReader(_Forward(stream.read()))


class _Forward(io.RawIOBase):
    """A forward-only stream over bytes that are all there."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


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
    """Ask nobody."""


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
