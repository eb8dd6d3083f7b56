"""remote-store's bridge, a sync Backend over an AsyncBackend: what it must pass on to the one that it wraps.

The bridge under test is put over an async backend of the kit's own that records what reaches it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from time import perf_counter
from typing import Any, Final

from remote_store import BackendUnavailable, Capability, CapabilityNotSupported, CapabilitySet
from remote_store.aio import AsyncMemoryBackend

from rsconform.probes import ProbeContext, probe
from rsconform.probes.support.usage import operations

_THREADS: Final = 32
_ROUNDS: Final = 16


class _OwnError(Exception):
    """Raised on purpose, to see whether it comes back as it is."""


class _Recording(AsyncMemoryBackend):
    """An AsyncMemoryBackend that counts pulls and entries, and fails or hangs on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.pulls = 0
        self.under_way = 0
        self.most_under_way = 0
        self.entered = 0
        self.closed = 0
        self.fails: Exception | None = None
        self.hangs = False
        self.without: frozenset[Capability] = frozenset()

    @property
    def capabilities(self) -> CapabilitySet:
        return CapabilitySet({*super().capabilities, Capability.SEEKABLE_READ} - self.without)

    async def __aenter__(self) -> _Recording:
        self.entered += 1
        return self

    async def read(self, path: str) -> AsyncIterator[bytes]:
        content = await self.read_bytes(path)
        for start in range(0, len(content), 10):
            self.pulls += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            await asyncio.sleep(0)
            self.under_way -= 1
            if self.fails is not None and start >= 20:
                raise self.fails
            yield content[start : start + 10]

    async def list_files(self, path: str, **options: Any) -> AsyncIterator[Any]:
        async for item in super().list_files(path, **options):
            self.pulls += 1
            yield item

    async def write_atomic(self, path: str, content: Any, **options: Any) -> Any:
        if Capability.ATOMIC_WRITE in self.without:
            raise CapabilityNotSupported("no atomic write", capability="atomic_write", backend=self.name)
        return await super().write_atomic(path, content, **options)

    async def check_health(self) -> None:
        if self.fails is not None:
            raise self.fails

    async def aclose(self) -> None:
        self.closed += 1
        if self.hangs:
            await asyncio.Event().wait()


@contextlib.contextmanager
def _bridged(context: ProbeContext) -> Iterator[tuple[_Recording, Any]]:
    """Yield a recording backend and the bridge of the class under test over it."""
    kind = type(context.backend)
    if not any(cls.__name__ == "AsyncBackendSyncAdapter" for cls in kind.__mro__):
        context.skip("remote-store's AsyncBackendSyncAdapter")
    inner = _Recording()
    bridge = context.call("the constructor", kind, inner)
    try:
        yield inner, bridge
    finally:
        inner.hangs = False
        with contextlib.suppress(Exception):
            bridge.close()


def _written(bridge: Any, path: str = "a") -> bytes:
    content = bytes(range(100))
    bridge.write(path, content)
    return content


def _blocking(bridge: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield each operation of the bridge that asks the wrapped backend; that declares no GLOB."""
    return ((name, operation) for name, operation in operations(bridge, "d/a", "d/b") if name != "glob")


@probe("asyncio.bridge_pulls_one", surface="sync")
def bridge_pulls_one(context: ProbeContext) -> None:
    """A read or a listing pulls one piece at a time, and none before the caller asks for it."""
    with _bridged(context) as (inner, bridge):
        _written(bridge, "d/a")
        _written(bridge, "d/b")
        with contextlib.closing(bridge.read("d/a")) as stream:
            context.call("read(5)", stream.read, 5)
            context.call("read(5)", stream.read, 5)
            if inner.pulls != 1:
                context.fail("one pull for the first 10 bytes", f"{inner.pulls} pulls")
            context.call("read()", stream.read)
        if inner.most_under_way > 1:
            context.fail("one pull under way at most", f"{inner.most_under_way}")
        inner.pulls = 0
        listing = bridge.list_files("d")
        next(listing)
        if inner.pulls != 1:
            context.fail("one pull for the first item", f"{inner.pulls} pulls")


@probe("asyncio.bridge_stream", surface="sync")
def bridge_stream(context: ProbeContext) -> None:
    """The stream is forward-only, gives no more than the caller asked for and stays closed."""
    with _bridged(context) as (_, bridge):
        content = _written(bridge)
        opened = bridge.read("a")
        flags = (opened.readable(), opened.seekable())
        if flags != (True, False):
            context.fail("readable and not seekable", f"(readable, seekable) = {flags}")
        pieces = []
        while piece := context.call("read(7)", opened.read, 7):
            if len(piece) > 7:
                context.fail("at most 7 bytes", f"{len(piece)}")
            pieces.append(piece)
        if b"".join(pieces) != content:
            context.fail("the content in pieces", "something else")
        opened.close()
        try:
            seen = opened.read(1)
        except ValueError:
            return
        context.fail("ValueError from a closed stream", f"{seen!r}")


@probe("asyncio.bridge_running_loop", surface="sync")
def bridge_running_loop(context: ProbeContext) -> None:
    """Within a running loop each blocking method refuses, and outside it works again."""
    with _bridged(context) as (_, bridge):

        async def ask(operation: Callable[[], object]) -> BaseException | None:
            return _raised(operation)

        for name, operation in _blocking(bridge):
            seen = asyncio.run(ask(operation))
            if not isinstance(seen, RuntimeError):
                context.fail(f"RuntimeError from {name}() within a running loop", f"{seen!r}")
        context.call("exists()", bridge.exists, "a")


@probe("asyncio.bridge_closed", surface="sync")
def bridge_closed(context: ProbeContext) -> None:
    """After close() every call is a RuntimeError."""
    with _bridged(context) as (_, bridge):
        bridge.close()
        for name, operation in _blocking(bridge):
            seen = _raised(operation)
            if not isinstance(seen, RuntimeError):
                context.fail(f"RuntimeError from {name}() after close()", f"{seen!r}")


@probe("asyncio.bridge_capabilities", surface="sync")
def bridge_capabilities(context: ProbeContext) -> None:
    """SEEKABLE_READ is masked, all else is kept."""
    with _bridged(context) as (inner, bridge):
        expected = set(inner.capabilities) - {Capability.SEEKABLE_READ}
        if set(bridge.capabilities) != expected:
            differing = sorted(cap.name for cap in set(bridge.capabilities) ^ expected)
            context.fail("the wrapped capabilities without SEEKABLE_READ", f"it differs in {', '.join(differing)}")


@probe("asyncio.bridge_block", surface="sync")
def bridge_block(context: ProbeContext, case: str) -> None:
    """open_atomic() writes at a clean end, nothing after an error, and is gated where it writes."""
    with _bridged(context) as (inner, bridge):
        if case == "gated":
            inner.without = frozenset({Capability.ATOMIC_WRITE})
            with contextlib.ExitStack() as stack:
                file = context.call("open_atomic()", stack.enter_context, bridge.open_atomic("a"))
                file.write(b"x")
                try:
                    stack.close()
                except CapabilityNotSupported:
                    return
                context.fail("CapabilityNotSupported at the end of the block", "it ended")
        try:
            with bridge.open_atomic("a") as file:
                file.write(b"block")
                if case == "raises":
                    raise _OwnError
        except _OwnError:
            if case != "raises":
                raise
        if bridge.exists("a") is not (case == "clean"):
            context.fail("a file after a clean end only", f"exists() is {bridge.exists('a')}")


@probe("asyncio.bridge_unwrap", surface="sync")
def bridge_unwrap(context: ProbeContext) -> None:
    """unwrap() refuses by default, whatever the wrapped backend would hand out."""
    with _bridged(context) as (_, bridge):
        try:
            seen = bridge.unwrap(object)
        except CapabilityNotSupported:
            return
        context.fail("CapabilityNotSupported", f"{type(seen).__name__}")


@probe("asyncio.bridge_errors", surface="sync")
def bridge_errors(context: ProbeContext, at: str) -> None:
    """The very error of the wrapped backend comes out; a stream that failed has then ended."""
    with _bridged(context) as (inner, bridge):
        _written(bridge)
        inner.fails = BackendUnavailable("down", path="a", backend=inner.name) if at == "health" else _OwnError("half")
        if at == "health":
            seen = _raised(bridge.check_health)
            if seen is not inner.fails:
                context.fail("the very error", f"{seen!r}")
            return
        opened = bridge.read("a")
        first = context.call("read(20)", _exactly, opened, 20)
        seen = _raised(lambda: opened.read(20))
        if seen is not inner.fails or first != bytes(range(20)):
            context.fail("20 bytes, then the very error", f"{first!r:.60}, then {seen!r}")
        after = context.call("read() after the error", opened.read)
        if after != b"":
            context.fail("an ended stream after its error", f"{after!r:.60}")
        opened.close()


def _exactly(opened: Any, size: int) -> bytes:
    taken = b""
    while len(taken) < size and (piece := opened.read(size - len(taken))):
        taken += piece
    return taken


def _raised(operation: Any) -> BaseException | None:
    try:
        operation()
    except BaseException as exc:
        return exc
    return None


@probe("asyncio.bridge_close_in_time", surface="sync")
def bridge_close_in_time(context: ProbeContext) -> None:
    """close(timeout) of something that hangs warns once and returns; else the wrapped backend is closed."""
    with _bridged(context) as (inner, bridge):
        bridge.close()
        if inner.closed != 1:
            context.fail("aclose() of the wrapped backend, once", f"{inner.closed} times")
    with _bridged(context) as (inner, bridge):
        inner.hangs = True
        records: list[logging.LogRecord] = []
        started = perf_counter()
        with _warnings_kept(records):
            context.call("close(timeout=0.2)", bridge.close, timeout=0.2)
        if perf_counter() - started > 3:
            context.fail("close() to return soon after its timeout", f"{perf_counter() - started:.1f} s")
        if len(records) != 1:
            context.fail("one warning", f"{len(records)}")


@probe("asyncio.bridge_close_fails", surface="sync")
def bridge_close_fails(context: ProbeContext) -> None:
    """Where closing the wrapped backend raises, close() logs a warning and returns, and the private loop is closed."""
    with _bridged(context) as (inner, bridge):
        loops: list[asyncio.AbstractEventLoop] = []
        records: list[logging.LogRecord] = []

        async def fail() -> None:
            loops.append(asyncio.get_running_loop())
            raise _OwnError("at the end")

        inner.aclose = fail  # type: ignore[method-assign]
        context.call("exists()", bridge.exists, "a")
        with _warnings_kept(records):
            context.call("close() whose aclose() raises", bridge.close)
        if not records:
            context.fail("a warning of what aclose() raised", "none")
        if not loops or not loops[0].is_closed():
            context.fail(
                "the private loop closed once close() returned", "it is not" if loops else "aclose() not called"
            )


@contextlib.contextmanager
def _warnings_kept(records: list[logging.LogRecord]) -> Iterator[None]:
    """Add what the library warns of meanwhile."""

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    keep, logger = Keep(logging.WARNING), logging.getLogger("remote_store")
    logger.addHandler(keep)
    try:
        yield
    finally:
        logger.removeHandler(keep)


@probe("asyncio.bridge_many_threads", surface="sync")
def bridge_many_threads(context: ProbeContext) -> None:
    """Many threads that use one bridge each get their own results, and none hangs."""
    with _bridged(context) as (_, bridge):
        wrong: list[str] = []

        def work(number: int) -> None:
            path = f"d/{number}"
            try:
                for turn in range(_ROUNDS):
                    data = f"{number} {turn}".encode()
                    bridge.write(path, data, overwrite=True)
                    bridge.copy(path, f"e/{number}", overwrite=True)
                    bridge.move(f"e/{number}", f"f/{number}/moved", overwrite=True)
                    if bridge.read_bytes(path) != data or bridge.read_bytes(f"f/{number}/moved") != data:
                        wrong.append(f"thread {number} read another's bytes")
                    listed = [str(info.path) for info in bridge.list_files(f"f/{number}")]
                    if listed != [f"f/{number}/moved"]:
                        wrong.append(f"thread {number} listed {listed}")
                    bridge.delete(f"f/{number}/moved")
            except Exception as exc:
                wrong.append(f"{type(exc).__name__}: {exc}")

        threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(8)
        if any(thread.is_alive() for thread in threads):
            context.fail("an end of every thread", "some still run")
        if wrong:
            context.fail("each thread's own results", wrong[0])


@probe("asyncio.bridge_source", surface="sync")
def bridge_source(context: ProbeContext, op: str) -> None:
    """The error of a source comes out itself; an atomic write has then changed nothing."""

    class Failing:
        def __init__(self) -> None:
            self.error = _OwnError("in the middle")
            self.left = 3

        def read(self, _size: int = -1) -> bytes:
            self.left -= 1
            if self.left == 0:
                raise self.error
            return b"x" * 10

    with _bridged(context) as (_, bridge):
        before = _written(bridge)
        given = Failing()
        seen = _raised(lambda: getattr(bridge, op)("a", given, overwrite=True))
        if seen is not given.error:
            context.fail("the source's very error", f"{seen!r}")
        if op == "write_atomic" and bridge.read_bytes("a") != before:
            context.fail("the file as before", "it has changed")


@probe("asyncio.bridge_context_manager", surface="sync")
def bridge_context_manager(context: ProbeContext) -> None:
    """`with` gives the bridge itself, does not enter the wrapped backend and closes at its end."""
    with _bridged(context) as (inner, bridge):
        try:
            with bridge as entered:
                same = entered is bridge
                raise _OwnError
        except _OwnError:
            pass
        if not same or inner.entered or not inner.closed:
            seen = f"same={same}, entered {inner.entered} times, closed {inner.closed} times"
            context.fail("the bridge itself, the wrapped backend not entered, closed at the end", seen)
