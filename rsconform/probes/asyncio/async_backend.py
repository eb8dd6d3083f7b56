"""What only an AsyncBackend can get wrong: awaiting, cancelling, closing early, holding the loop, another loop.

These probes see the backend itself and the loop it runs on; all others see its sync face.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from contextlib import suppress
from time import perf_counter
from typing import Any, Final, TypeVar, cast

from remote_store import AlreadyExists, Capability, CapabilitySet, ResourceLocked
from remote_store.aio import AsyncBackend

from rsconform.cases.content import parse_content
from rsconform.lanes.async_facade import AsyncFacade, LoopThread, iterated
from rsconform.lanes.lane import Snapshot
from rsconform.probes import ProbeContext, probe

T = TypeVar("T")

_PIECE: Final = 64 * 1024
# What a person notices, and what other work on the loop would: far above a switch between tasks on a busy machine.
_HELD_S: Final = 0.25
_BEAT_S: Final = 0.005
# How long a cancelled operation may take to settle.
_SETTLE_S: Final = 5.0
# How long the loop may take to close what was left.
_LEFT_S: Final = 2.0
_TASKS: Final = 16


def native_of(context: ProbeContext) -> AsyncBackend:
    """Return the AsyncBackend behind the face that steps are put to."""
    return cast("AsyncFacade", context.backend).native


def run_on_loop(context: ProbeContext, work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine gives on the loop of the AsyncBackend."""
    return cast("AsyncFacade", context.backend).loop.run(work)


async def tasks_left(before: Collection[asyncio.Task[Any]], *, most: int, within_s: float) -> int:
    """Return how many tasks of this loop were not there before, once they are at most so many or the time is over.

    A generator that is left is closed by the loop, in a task of its own and some turns later.
    """
    end = perf_counter() + within_s
    while True:
        left = asyncio.all_tasks() - set(before)
        if len(left) <= most or perf_counter() > end:
            return len(left)
        await asyncio.sleep(0.01)


async def _drained(native: AsyncBackend, path: str) -> list[object]:
    return [chunk async for chunk in await iterated(native.read(path))]


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _PIECE):
        await asyncio.sleep(0)
        yield content[start : start + _PIECE]


@probe("asyncio.is_async_backend", surface="async")
def is_async_backend(context: ProbeContext) -> None:
    """The object under test is an AsyncBackend that leaves no abstract member open."""
    cls = type(native_of(context))
    open_members = [
        name
        for name in sorted(getattr(AsyncBackend, "__abstractmethods__", ()))
        if getattr(getattr(cls, name, None), "__isabstractmethod__", not hasattr(cls, name))
    ]
    if open_members:
        context.fail("every abstract member of AsyncBackend implemented", f"left open: {', '.join(open_members)}")


@probe("asyncio.awaitable", surface="async")
def awaitable(context: ProbeContext, op: str) -> None:
    """What the operation gives is to be awaited, and gives None, the second time as well."""

    async def call() -> object:
        given = getattr(native_of(context), op)()
        if not inspect.isawaitable(given):
            return f"{type(given).__name__}, which cannot be awaited"
        value = await given
        return None if value is None else f"{type(value).__name__} once awaited"

    for which in ("the first", "the second"):
        observed = context.call(f"{which} {op}()", run_on_loop, context, call())
        if observed is not None:
            context.fail(f"an awaitable of None from {which} {op}()", str(observed))


@probe("asyncio.context_manager", surface="async")
def context_manager(context: ProbeContext) -> None:
    """`async with` gives the backend itself, closes it at the end and hides no exception."""
    native = native_of(context)
    closed: list[bool] = []
    close = native.aclose

    async def note_close() -> None:
        closed.append(True)
        await close()

    try:
        native.aclose = note_close  # type: ignore[method-assign]
    except AttributeError:
        note_close = None  # type: ignore[assignment]  # Its attributes are fixed: whether it is closed is not seen.

    async def use() -> object:
        try:
            async with native as entered:
                if entered is not native:
                    return f"{type(entered).__name__}, not the backend"
                raise _OwnError
        except _OwnError:
            return None
        return "no exception"

    observed = context.call("async with", run_on_loop, context, use())
    if observed is not None:
        context.fail("the backend from `async with`, and the exception of its body", str(observed))
    if note_close is not None and not closed:
        context.fail("aclose() at the end of `async with`", "it was not called")


class _OwnError(Exception):
    """Raised in the body of a block, or by a source, on purpose."""


@probe("asyncio.chunks", surface="async")
def chunks(context: ProbeContext, path: str) -> None:
    """read() gives chunks of bytes that make up the file."""
    seen = context.call("read()", run_on_loop, context, _drained(native_of(context), path))
    odd = next((chunk for chunk in seen if not isinstance(chunk, bytes)), None)
    if odd is not None:
        context.fail("chunks of bytes", f"a chunk of type {type(odd).__name__}")
    content = b"".join(cast("list[bytes]", seen))
    if content != context.content[path]:
        context.fail(f"the {len(context.content[path])} bytes of the file", f"{len(content)} bytes, or others")


@probe("asyncio.iteration_left_early", surface="async")
def iteration_left_early(context: ProbeContext, path: str, op: str, times: int) -> None:
    """However often a read or a listing is left after its first item, no task stays, and the next one is whole."""
    native = native_of(context)

    async def leave() -> None:
        items = await iterated(getattr(native, op)(path))
        await anext(items)
        close = getattr(items, "aclose", None)
        if close is not None:
            await close()

    async def left() -> int:
        await leave()
        before = asyncio.all_tasks()
        for _ in range(times):
            await leave()
        return await tasks_left(before, most=times - 1, within_s=_LEFT_S)

    tasks = context.call(f"{op}() left early", run_on_loop, context, left())
    if tasks >= times:
        context.fail("no task left behind", f"{tasks} tasks after {times} times")

    async def whole() -> list[object]:
        return [item async for item in await iterated(getattr(native, op)(path))]

    seen = context.call(f"{op}()", run_on_loop, context, whole())
    if op == "read":
        if b"".join(seen) != context.content[path]:
            context.fail("the whole file afterwards", "something else")
        return
    paths = sorted(str(getattr(item, "path", item)) for item in seen)
    if paths != sorted(context.content):
        context.fail(f"the whole listing afterwards, {sorted(context.content)}", str(paths))


@probe("asyncio.async_content", surface="async")
def async_content(context: ProbeContext, path: str, op: str, content: str, pieces: int) -> None:
    """An async iterator of bytes is taken to its end, empty pieces and all."""
    data = parse_content(content).data
    size = max(1, -(-len(data) // pieces))
    asked: list[bool] = []

    async def source() -> AsyncIterator[bytes]:
        for start in range(0, max(1, len(data)), size):
            yield b""
            await asyncio.sleep(0)
            yield data[start : start + size]
        asked.append(True)

    async def write() -> object:
        return await getattr(native_of(context), op)(path, source())

    context.call(f"{op}()", run_on_loop, context, write())
    if not asked:
        context.fail("a source asked until its end", "it was left before")
    seen = context.call("read_bytes()", context.backend.read_bytes, path)
    if seen != data:
        context.fail(f"{len(data)} bytes, those of the source", f"{len(seen)} bytes, or others")


@probe("asyncio.cancelled_write", surface="async")
def cancelled_write(context: ProbeContext, path: str, op: str, after: int) -> None:
    """A write that is cancelled while its source waits ends as cancelled, and leaves what an aborted one may leave."""
    before = context.subject.audit() if context.subject.audit is not None else None

    async def source(waits: asyncio.Event) -> AsyncIterator[bytes]:
        yield b"x" * after
        waits.set()
        await asyncio.Event().wait()

    async def cancel() -> str | None:
        waits = asyncio.Event()
        task = asyncio.ensure_future(getattr(native_of(context), op)(path, source(waits), overwrite=True))
        reached = asyncio.ensure_future(waits.wait())
        await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED, timeout=_SETTLE_S)
        reached.cancel()
        return await _cancelled(task)

    observed = context.call(f"{op}()", run_on_loop, context, cancel())
    if observed is not None:
        context.fail("CancelledError from a write that was cancelled", observed)
    _require_unchanged(context, path, op, before)

    async def again() -> bool:
        task = asyncio.ensure_future(getattr(native_of(context), op)(path, b"again", overwrite=True))
        done, _ = await asyncio.wait({task}, timeout=_SETTLE_S)
        task.cancel()
        return bool(done)

    if not context.call(f"{op}() once more", run_on_loop, context, again()):
        context.fail("another write after one that was cancelled", f"it did not return within {_SETTLE_S:g} s")


def _require_unchanged(context: ProbeContext, path: str, op: str, before: Snapshot | None) -> None:
    """Look past the backend whether a write that was cancelled left only what it may."""
    if before is None or context.subject.audit is None:
        return
    after_it = context.subject.audit()
    changed = {p for p in {*before.files, *after_it.files} if before.files.get(p) != after_it.files.get(p)}
    # A plain write may leave a part at its own path, as when its source fails.
    allowed = {path} if op == "write" else set()
    if changed - allowed:
        context.fail("nothing else changed by a write that was cancelled", f"changed: {', '.join(sorted(changed))}")
    if set(after_it.residue) - set(before.residue):
        context.fail("no temp file and no upload left by a write that was cancelled", ", ".join(after_it.residue))


async def _cancelled(task: asyncio.Future[Any]) -> str | None:
    """Cancel a task and return what it did instead of ending as cancelled."""
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=_SETTLE_S)
    if not done:
        return f"it did not settle within {_SETTLE_S:g} s"
    if task.cancelled():
        return None
    error = task.exception()
    return "it returned" if error is None else f"{type(error).__name__}: {error}"


@probe("asyncio.loop_stays_free", surface="async")
def loop_stays_free(context: ProbeContext, path: str, op: str) -> None:
    """While the operation is under way the loop has time for other work."""
    native = native_of(context)
    gaps: list[float] = []

    async def beat() -> None:
        last = perf_counter()
        while True:
            await asyncio.sleep(_BEAT_S)
            now = perf_counter()
            gaps.append(now - last)
            last = now

    async def use() -> None:
        args, options = _asked_of(op, path)
        given = getattr(native, op)(*args, **options)
        if inspect.isawaitable(given):
            given = await given
        if hasattr(given, "__aiter__"):
            async for _ in given:
                pass

    async def measured() -> tuple[float, float]:
        heart = asyncio.ensure_future(beat())
        await asyncio.sleep(2 * _BEAT_S)
        gaps.clear()
        started = perf_counter()
        try:
            await use()
        finally:
            took = perf_counter() - started
            await asyncio.sleep(2 * _BEAT_S)
            heart.cancel()
        return took, max(gaps, default=took)

    held = (0.0, float("inf"))
    context.touched.update((f"{path}-new", f"{path}/x") if path else ())
    for _ in range(3):  # A pause of the machine looks the same once, not three times.
        _make_ready(context, op, path)
        held = min(held, context.call(f"{op}()", run_on_loop, context, measured()), key=lambda seen: seen[1])
        if held[1] < _HELD_S:
            return
    if held[1] > held[0] / 2:
        context.fail(f"a loop that is never held for {_HELD_S:g} s", f"{op}() held it for {held[1]:.2f} s each time")


def _asked_of(op: str, path: str) -> tuple[tuple[object, ...], dict[str, object]]:
    """Return the arguments of an operation."""
    match op:
        case "write" | "write_atomic":
            return (path, _pieces(b"x" * 200_000)), {}
        case "copy" | "move":
            return (path, f"{path}-new"), {"overwrite": True}
        case "delete_folder":
            return (path,), {"recursive": True}
        case "glob":
            return (f"{path}/*",), {}
        case "check_health":
            return (), {}
        case _:
            return (path,), {}


def _make_ready(context: ProbeContext, op: str, path: str) -> None:
    """Bring the store to where the operation can be done, once more if it was done before."""
    if op in ("write", "write_atomic"):
        context.call("delete()", context.backend.delete, path, missing_ok=True)
    elif op in ("move", "delete"):
        context.call("write()", context.backend.write, path, b"x", overwrite=True)
    elif op == "delete_folder":
        context.call("write()", context.backend.write, f"{path}/x", b"x", overwrite=True)


@probe("asyncio.concurrent_tasks", surface="async")
def concurrent_tasks(context: ProbeContext, folder: str) -> None:
    """Of many tasks on one loop each reads what it wrote, and what the others wrote is there in the end."""
    context.touched.update(f"{folder}/{number}" for number in range(_TASKS))
    native = native_of(context)

    async def write_and_read(number: int) -> str | None:
        path, data = f"{folder}/{number}", f"task {number} ".encode() * 2000
        for version in (b"first ", b"second "):
            await native.write(path, version + data, overwrite=True)
            await asyncio.sleep(0)
            seen = await native.read_bytes(path)
            if seen != version + data:
                return f"task {number} wrote {len(version + data)} bytes and read {len(seen)}, or others"
        streamed = cast("list[bytes]", await _drained(native, path))
        return None if b"".join(streamed) == b"second " + data else f"task {number} streamed something else"

    async def all_of_them() -> list[str | None]:
        return await asyncio.gather(*(write_and_read(number) for number in range(_TASKS)))

    wrong = [said for said in context.call("gather()", run_on_loop, context, all_of_them()) if said is not None]
    if wrong:
        context.fail("each task to read what it wrote", wrong[0])
    for number in range(_TASKS):
        if not context.call("exists()", context.backend.exists, f"{folder}/{number}"):
            context.fail(f"the files of {_TASKS} tasks", f"that of task {number} is missing")


@probe("asyncio.one_task_creates", surface="async")
def one_task_creates(context: ProbeContext, path: str, op: str, content: str) -> None:
    """Of several tasks that create one file one succeeds; the others get AlreadyExists."""
    native = native_of(context)

    async def create(number: int) -> object:
        data = f"{number:02}".encode() * 3000
        given: object = _pieces(data) if content == "iterator" else data
        try:
            await getattr(native, op)(path, given, overwrite=False)
        except (AlreadyExists, ResourceLocked):
            return None
        except Exception as exc:
            return f"{type(exc).__name__}: {exc}"
        return number

    async def race() -> list[object]:
        return await asyncio.gather(*(create(number) for number in range(8)))

    said = context.call("gather()", run_on_loop, context, race())
    winners = [number for number in said if isinstance(number, int)]
    errors = [text for text in said if isinstance(text, str)]
    if len(winners) != 1 or errors:
        context.fail(
            "one creator and seven times AlreadyExists",
            f"{len(winners)} creators{', and ' + errors[0] if errors else ''}",
        )
    if not context.backend.capabilities.supports(Capability.READ):
        return
    seen = context.call("read_bytes()", context.backend.read_bytes, path)
    if seen != f"{winners[0]:02}".encode() * 3000:
        context.fail("the content of the task whose write succeeded", "another content")


@probe("asyncio.torn_reads", surface="async")
def torn_reads(context: ProbeContext, path: str, op: str) -> None:
    """A read beside tasks that overwrite its file gives one of the contents, whole."""
    native = native_of(context)
    # Each content has a letter of its own, and a size at which no buffer ends.
    whole = (b"a", b"b" * 5003, b"c" * 300_007)

    async def overwrite(content: bytes) -> None:
        for _ in range(4):
            with suppress(ResourceLocked):
                await getattr(native, op)(path, content, overwrite=True)
            await asyncio.sleep(0)

    async def look() -> str | None:
        for _ in range(12):
            seen = await native.read_bytes(path)
            if seen not in whole:
                return f"{len(seen)} bytes of {len(set(seen))} kinds"
            await asyncio.sleep(0)
        return None

    async def race() -> list[str | None]:
        await native.write(path, whole[0], overwrite=True)
        found = await asyncio.gather(look(), look(), *map(overwrite, whole))
        return [said for said in found if isinstance(said, str)]

    wrong = context.call("gather()", run_on_loop, context, race())
    if wrong:
        context.fail("one of the contents, whole", str(wrong[0]))


@probe("asyncio.other_loop", surface="async")
def other_loop(context: ProbeContext, path: str) -> None:
    """Used from another loop the instance works, or says that it does not; it neither hangs nor mixes contents up."""
    native = native_of(context)
    data = b"from another loop"
    # What is bound to a loop is bound to the first.
    context.call("write()", context.backend.write, path, b"from the first", overwrite=True)
    context.call("read_bytes()", context.backend.read_bytes, path)

    async def use() -> bytes:
        await native.write(path, data, overwrite=True)
        return await native.read_bytes(path)

    loop = LoopThread()
    found: list[object] = []

    def try_it() -> None:
        try:
            found.append(loop.run(_bounded(use())))
        except BaseException as exc:
            found.append(exc)

    thread = threading.Thread(target=try_it, daemon=True)
    thread.start()
    thread.join(_SETTLE_S + 1)
    if not found or isinstance(found[0], TimeoutError):
        context.fail("an end, or an error, on another loop", f"nothing within {_SETTLE_S:g} s")
    loop.close()
    if isinstance(found[0], bytes) and found[0] != data:
        context.fail("what was written there", f"{len(found[0])} other bytes")


async def _bounded(work: Awaitable[T]) -> T:
    return await asyncio.wait_for(work, _SETTLE_S)


@probe("asyncio.sync_members", surface="async")
def sync_members(context: ProbeContext, path: str, member: str) -> None:
    """What the contract has as sync answers without being awaited."""
    native = native_of(context)
    members: dict[str, Callable[[], object]] = {
        "name": lambda: native.name,
        "capabilities": lambda: native.capabilities,
        "to_key": lambda: native.to_key(path),
        "native_path": lambda: native.native_path(path),
        "resolve": lambda: native.resolve(path),
    }
    kinds = {"name": str, "capabilities": CapabilitySet}
    given = context.call(member, members[member])
    if inspect.iscoroutine(given):
        given.close()
    if inspect.isawaitable(given) or not isinstance(given, kinds.get(member, object)) or given == "":
        context.fail(f"{member} to answer at once, with what the contract says", f"{type(given).__name__}")
