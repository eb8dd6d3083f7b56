"""Threads that do different things through one instance: each gets its own, current result, and none waits forever."""

from __future__ import annotations

import itertools
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from remote_store import BackendUnavailable, Capability, NotFound, RemoteStoreError

from rsconform.probes import ProbeContext, probe
from rsconform.probes.concurrency._races import JOIN_S, is_slow, payload, race, require_none, rounds, switching_often
from rsconform.redaction import cut

_THREADS: Final = 8
_STILL_S: Final = 5.0
_LOOKS_AFTER_S: Final = 0.02
_PAIRS: Final = 6  # More threads than pools usually have connections.
_TIMES: Final = 3
_SLOW_S: Final = 0.5  # A copy or move that takes longer alone is done once each way.
_LOOKS: Final = 10  # So that a file is there for a while.
_LINGERS_S: Final = 1.0  # At most, for deletions that were under way.
_OUTAGE: Final = BackendUnavailable.__name__
_CHURNED: Final = 5  # How many names come and go, in turn, of each thread that lets them.

Question = Callable[[Any, str], object]


def _infos(found: Iterator[Any]) -> list[tuple[str, object]]:
    return sorted((str(info.path), getattr(info, "size", None)) for info in found)


def _totals(backend: Any, path: str) -> object:
    info = backend.get_folder_info(path)
    return str(info.path), info.file_count, info.total_size


def _described(backend: Any, path: str) -> object:
    info = backend.get_file_info(path)
    return str(info.path), info.size


_ABOUT_FILES: Final[Mapping[str, tuple[Capability | None, Question]]] = {
    "exists": (None, lambda backend, path: backend.exists(path)),
    "is_file": (None, lambda backend, path: backend.is_file(path)),
    "get_file_info": (Capability.METADATA, _described),
    "read_bytes": (Capability.READ, lambda backend, path: backend.read_bytes(path)),
}
_ABOUT_FOLDERS: Final[Mapping[str, tuple[Capability | None, Question]]] = {
    "is_folder": (None, lambda backend, path: backend.is_folder(path)),
    "list_files": (Capability.LIST, lambda backend, path: _infos(backend.list_files(path))),
    "list_folders": (Capability.LIST, lambda backend, path: _infos(backend.list_folders(path))),
    "iter_children": (Capability.LIST, lambda backend, path: _infos(backend.iter_children(path))),
    "get_folder_info": (Capability.METADATA, _totals),
}


def _questions(context: ProbeContext, files: Sequence[str], folders: Sequence[str]) -> list[tuple[str, Question, str]]:
    """Return what can be asked about paths: the operation, how to ask, and the path.

    Answers hold sizes. Those of a store that does not know them before it has read a file are not asked.
    """
    backend = context.backend
    without_sizes = () if context.knows_sizes else ("get_file_info", "list_files", "iter_children", "get_folder_info")
    asked = [(_ABOUT_FILES, path) for path in files] + [(_ABOUT_FOLDERS, path) for path in folders]
    return [
        (name, ask, path)
        for about, path in asked
        for name, (capability, ask) in about.items()
        if (capability is None or backend.capabilities.supports(capability)) and name not in without_sizes
    ]


def _answer(backend: Any, ask: Question, path: str) -> object:
    """Return an answer, or the class of the error that came instead."""
    try:
        return ask(backend, path)
    except RemoteStoreError as exc:
        return type(exc).__name__


def _differ(one: object, other: object) -> bool:
    """Return whether two answers cannot both be right. An outage may come at any time, and says nothing."""
    return one != other and _OUTAGE not in (one, other)


def _shown(answer: object) -> str:
    return f"{len(answer)} bytes" if isinstance(answer, bytes) else cut(str(answer), 200)


@probe("concurrency.own_results", stresses="race")
def own_results(context: ProbeContext, folder: str) -> None:
    """Threads that ask about paths of their own at once get the answers that each got alone."""
    backend: Any = context.backend

    def work(thread: int) -> Callable[[], str | None]:
        own = f"{folder}/{thread}"
        questions = _questions(context, (f"{own}/a", f"{own}/none"), (own, f"{own}-none"))
        alone = [_answer(backend, ask, path) for _, ask, path in questions]

        def ask_all() -> str | None:
            for _ in rounds(context):
                for (name, ask, path), before in zip(questions, alone, strict=True):
                    now = _answer(backend, ask, path)
                    if _differ(now, before):
                        return f"{name}({path!r}): {_shown(now)}, where it was {_shown(before)} alone"
            return None

        return ask_all

    works = [context.call("asking alone", work, thread) for thread in range(2 if is_slow(context) else _THREADS)]
    require_none(context, "each thread's own answer", race(context, works))


@probe("concurrency.cross_thread_visibility", stresses="race")
def cross_thread_visibility(context: ProbeContext, folder: str) -> None:
    """A change by one thread is visible in another, whatever that one looked up before; the threads take turns."""
    backend: Any = context.backend
    paths = [f"{folder}/{name}" for name in ("a", "b", "c")]
    context.touched.update(paths)
    questions = _questions(context, paths, (folder, ""))
    changes = list(_changes(backend, *paths))
    meet, answers = threading.Barrier(2), [[], []]  # type: tuple[threading.Barrier, list[list[object]]]

    def ask_all() -> list[object]:
        return [_answer(backend, ask, path) for _, ask, path in questions]

    def differing(name: str, does: int) -> str | None:
        for (asked, _, path), right, seen in zip(questions, answers[does], answers[1 - does], strict=True):
            if _differ(seen, right):
                return f"{asked}({path!r}) after {name} in another thread: {_shown(seen)}, and there {_shown(right)}"
        return None

    def thread(me: int) -> Callable[[], str | None]:
        def take_turns() -> str | None:
            ask_all()
            for name, does, change in changes:
                meet.wait(JOIN_S)
                if does == me:
                    change()
                meet.wait(JOIN_S)
                answers[me] = ask_all()
                meet.wait(JOIN_S)
                wrong = differing(name, does)
                if wrong is not None:
                    return wrong
            return None

        def bound() -> str | None:
            try:
                return take_turns()
            except threading.BrokenBarrierError:
                return None
            except BaseException:
                meet.abort()
                raise

        return bound

    require_none(context, "the same answers as in the thread that did it", race(context, [thread(0), thread(1)]))


def _changes(backend: Any, a: str, b: str, c: str) -> Iterator[tuple[str, int, Callable[[], object]]]:
    """Yield changes, each with which of two threads makes it: every way of changing comes once for either."""
    supports = backend.capabilities.supports

    def write(content: bytes) -> Callable[[], object]:
        return lambda: backend.write(a, content, overwrite=True)

    yield "write()", 0, write(b"first")
    for does in (1, 0):
        yield "write() over a file", does, write(b"other" * (does + 2))
        if supports(Capability.COPY):
            yield "copy()", 1 - does, lambda: backend.copy(a, b, overwrite=True)
        if supports(Capability.MOVE):
            yield "move()", does, lambda: backend.move(a, c, overwrite=True)
        if supports(Capability.DELETE):
            yield "delete()", 1 - does, lambda: [backend.delete(path, missing_ok=True) for path in (a, b, c)]
        yield "write()", does, write(b"anew")


@probe("concurrency.opposing_moves", stresses="race")
def opposing_moves(context: ProbeContext, folder: str, op: str) -> None:
    """Threads that copy or move between the same two paths in opposite directions come to their end."""
    backend: Any = context.backend
    keeps = op == "move" and backend.capabilities.supports(Capability.ATOMIC_MOVE)
    took_s = 0.0
    for number in rounds(context):
        one, other = (f"{folder}/{number}{name}" for name in "ab")
        contents = {one: payload(1), other: payload(2)}
        context.touched.update(contents)
        for path, content in contents.items():
            context.call("write()", backend.write, path, content)
        took_s = took_s or _alone_s(context, op, one, f"{folder}/{number}c")
        pairs, times = (1, 1) if took_s > _SLOW_S else (_PAIRS, _TIMES)
        done: list[str] = []
        works = [
            _carrier(backend, op, *ends, done, times) for ends in ((one, other), (other, one)) for _ in range(pairs)
        ]
        what = f"{op}() from one path to another and back in {len(works)} threads"
        _ends(context, works, done, max(_STILL_S, 3 * took_s), what)
        seen = [_answer(backend, _ABOUT_FILES["read_bytes"][1], path) for path in contents]
        whole = [content for content in seen if content in contents.values()]
        if keeps and (not whole or any(isinstance(content, bytes) and content not in whole for content in seen)):
            context.fail("one of the two contents, whole", f"{' and '.join(map(_shown, seen))}")
        if took_s > _SLOW_S:
            return


def _alone_s(context: ProbeContext, op: str, path: str, other: str) -> float:
    """Return how long an operation takes without an opposing one; the file is where it was afterwards."""
    backend: Any = context.backend
    context.touched.add(other)
    began = monotonic()
    context.call(f"{op}() alone", getattr(backend, op), path, other, overwrite=True)
    took_s = monotonic() - began
    if op == "move":
        context.call("move() back", backend.move, other, path)
    return took_s


def _carrier(backend: Any, op: str, source: str, target: str, done: list[str], times: int) -> Callable[[], None]:
    def carry() -> None:
        for _ in range(times):
            # What it says where its source is gone is for other axioms. Those that wait for ever end with their loop.
            with suppress(RemoteStoreError, OSError, CancelledError):
                getattr(backend, op)(source, target, overwrite=True)
            done.append(op)

    return carry


def _ends(
    context: ProbeContext, works: Sequence[Callable[[], None]], done: Sequence[str], still_s: float, what: str
) -> None:
    """Have threads do their works, and fail if for so many seconds none of them has `done` anything more."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    with switching_often():
        for thread in threads:
            thread.start()
        seen, since = 0, monotonic()
        while late := [thread for thread in threads if thread.is_alive()]:
            late[0].join(_LOOKS_AFTER_S)
            if len(done) > seen:
                seen, since = len(done), monotonic()
            elif monotonic() > since + still_s * context.load_factor:
                context.fail(f"an end of {what}", f"{len(late)} of them wait, and none went on for {still_s:g} s")


@probe("concurrency.own_moves", stresses="race")
def own_moves(context: ProbeContext, folder: str) -> None:
    """Threads that write, copy, move and delete keys of their own find what they made, and nothing else is there."""
    backend: Any = context.backend
    left: dict[str, bytes] = {}

    def work(thread: int) -> Callable[[], str | None]:
        first, second, last = (f"{folder}/{thread}{name}" for name in "abc")
        context.touched.update((first, second, last))

        def carry() -> str | None:
            for number in rounds(context):
                data = payload(thread * 100 + number % 100)
                backend.write(first, data, overwrite=True)
                backend.copy(first, second, overwrite=True)
                backend.move(second, last, overwrite=True)
                backend.delete(first)
                if backend.read_bytes(last) != data:
                    return f"{last} has other bytes than its thread had copied and moved there"
                there = [path for path in (first, second) if backend.exists(path)]
                if there:
                    return f"{there[0]} is there, which its thread had taken away"
                left[last] = data
            return None

        return carry

    results = race(context, [work(thread) for thread in range(_THREADS)])
    require_none(context, "what each thread made of keys of its own", results)
    for path, data in left.items():
        if context.call("read_bytes()", backend.read_bytes, path) != data:
            context.fail(f"what was moved to {path}", "other bytes, once all were done")
    if all(backend.capabilities.supports(one) for one in (Capability.METADATA, Capability.LIST)):
        counted = context.call("get_folder_info()", backend.get_folder_info, folder).file_count
        if counted != len(left):
            context.fail(f"{len(left)} files counted, once all were done", str(counted))


@probe("concurrency.shared_parent", stresses="race")
def shared_parent(context: ProbeContext, folder: str) -> None:
    """Threads that each write a file and delete it do not take the folder away from under each other.

    A file stays until every deletion that was under way when it was written has ended, and its thread looks again.
    """
    backend: Any = context.backend
    deleting: set[str] = set()  # The paths whose deletion is under way; each thread changes its own alone.

    def work(thread: int) -> Callable[[], str | None]:
        path, data = f"{folder}/new/{thread}", payload(thread)
        context.touched.add(path)

        def looks() -> Iterator[int]:
            earlier, ends = set(deleting), monotonic() + _LINGERS_S * context.load_factor
            for look in itertools.count():
                under_way = earlier & deleting and monotonic() < ends
                yield look
                if look >= _LOOKS and not under_way:
                    return

        def come_and_go() -> str | None:
            for _ in rounds(context):
                backend.write(path, data)
                try:
                    for _ in looks():
                        if backend.read_bytes(path) != data:
                            return f"other bytes at {path} than its thread had written"
                    deleting.add(path)
                    backend.delete(path)
                except NotFound:
                    return f"{path} is gone, which its thread had written"
                finally:
                    deleting.discard(path)
            return None

        return come_and_go

    results = race(context, [work(thread) for thread in range(3)])
    require_none(context, "each thread's own file, until it deletes it", results)


@probe("concurrency.stable_entries", stresses="race")
def stable_entries(context: ProbeContext, folder: str, op: str) -> None:
    """Beside threads that let folders come and go another has all that was there throughout, and no more than was.

    What comes and goes is a file of one byte each, in a folder of its own, which goes with it or after it.
    """
    backend: Any = context.backend
    files = set(context.content)
    folders = {path.rpartition("/")[0] for path in files}
    size = sum(map(len, context.content.values()))

    def churn(name: str) -> Callable[[], None]:
        def come_and_go() -> None:
            for number in rounds(context):
                above = f"d/{name}{number % _CHURNED}"
                context.touched.add(f"{above}/x")
                backend.write(f"{above}/x", b"x", overwrite=True)
                if number % 2:
                    backend.delete(f"{above}/x")
                backend.delete_folder(above, recursive=number % 2 == 0, missing_ok=True)

        return come_and_go

    def look() -> str | None:
        looked = (wrong() for _ in rounds(context))
        return next((text for text in looked if text is not None), None)

    def wrong(more: int = 2 * _CHURNED) -> str | None:
        if op == "get_folder_info":
            return _miscounted(backend.get_folder_info(folder), len(files), size if context.knows_sizes else None, more)
        if op == "list_folders":
            return _missing(folders, backend.list_folders(folder))
        return _missing(files, backend.list_files(folder, recursive=True))

    results = race(context, [churn("y"), churn("z"), look, look])
    require_none(context, "all that was there throughout, and no more than there was", results)
    if op == "get_folder_info" and (text := context.call(f"{op}()", wrong, 0)):
        context.fail(f"{len(files)} files of {size} bytes, once all were done", text)


def _missing(kept: set[str], found: Iterator[Any]) -> str | None:
    paths = [str(entry.path) for entry in found]
    if len(paths) != len(set(paths)):
        return f"{max(paths, key=paths.count)} twice"
    missing = kept - set(paths)
    return f"{len(missing)} missing that were there throughout" if missing else None


def _miscounted(info: Any, kept: int, size: int | None, more: int) -> str | None:
    extra = info.file_count - kept
    if not 0 <= extra <= more:
        return f"{info.file_count} files, of which {kept} were there throughout and at most {more} came and went"
    if size is not None and not 0 <= info.total_size - size <= extra:
        return f"{info.total_size} bytes in {info.file_count} files, where {kept} had {size} and others one each"
    return None
