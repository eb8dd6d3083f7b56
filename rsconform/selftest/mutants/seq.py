"""Mutants of SEQ: sequences of operations."""

from __future__ import annotations

import itertools
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from remote_store import BackendUnavailable, ResourceLocked
from remote_store.aio import AsyncMemoryBackend

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import blobs, stale
from rsconform.selftest.mutant import Mutant, mutant


def described_once(call: op.Call) -> Any:
    """Remember what a file was, until this very instance changes something."""
    known: dict[str, Any] = call.backend.__dict__.setdefault("_described", {})
    if call.path not in known:
        known[call.path] = call.proceed()
    return known[call.path]


def forgotten(call: op.Call) -> None:
    """Forget what files were."""
    call.backend.__dict__.setdefault("_described", {}).clear()


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


def _node(backend: Any, path: str) -> tuple[Any, str]:
    """Return the folder that holds a path in a MemoryBackend, and its name there."""
    *folders, name = path.split("/")
    node = backend._root
    for folder in folders:
        node = node.children[folder]
    return node, name


def aliased(call: op.Call) -> Any:
    """Copy by letting two names share one file."""
    call.proceed()
    source, name = _node(call.backend, call.path)
    target, other = _node(call.backend, str(call.arguments["dst"]))
    target.children[other] = source.children[name]


def listed_once(call: op.Call) -> Any:
    """Remember each listing for good."""
    known = call.backend.__dict__.setdefault("_listings", {})
    key = (call.path, call.arguments.get("recursive", False))
    if key not in known:
        known[key] = list(call.proceed())
    return iter(known[key])


def copied_instead(call: op.Call) -> Any:
    """Leave the source where the target was overwritten."""
    return call.call_correct("copy", call.path, call.arguments["dst"], overwrite=True)


def noted_write(call: op.Call) -> Any:
    """Note how often a path was written, and what the second write left there."""
    result = call.proceed()
    writes = call.backend.__dict__.setdefault("_writes", {})
    count, second = writes.get(call.path, (0, None))
    writes[call.path] = (count + 1, call.call_correct("read_bytes", call.path) if count == 1 else second)
    return result


def as_second_written(call: op.Call, writes: int = 3) -> Any:
    """Give what the second write left, from the third one on or a later one."""
    count, second = call.backend.__dict__.get("_writes", {}).get(call.path, (0, None))
    content = call.proceed()
    return second if count >= writes else content


def in_pages(call: op.Call, size: int = 10) -> Any:
    """List in pages, each of which begins with the last entry of the one before."""
    last = None
    for number, entry in enumerate(call.proceed()):
        if number and number % size == 0:
            yield last
        last = entry
        yield entry


def after_commit(call: op.Call) -> Any:
    """Fail when all is done, where something is written over that was moved there."""
    result = call.proceed()
    if call.path in call.backend.__dict__.get("_moved", ()):
        raise BackendUnavailable("no reply", path=call.path, backend=call.backend.name)
    return result


def noted_leaving(call: op.Call) -> Any:
    """Note out of which folders something was moved."""
    call.proceed()
    call.backend.__dict__.setdefault("_holes", set()).add(call.path.rpartition("/")[0])


def in_pages_over_holes(call: op.Call) -> Any:
    """List in pages of ten that overlap where something was moved away."""
    return in_pages(call) if call.path in call.backend.__dict__.get("_holes", ()) else call.proceed()


def copied_the_second_time(call: op.Call) -> Any:
    """Move by copying what was moved before."""
    moved = call.backend.__dict__.setdefault("_moved", set())
    again = call.path in moved
    moved.add(str(call.arguments["dst"]))
    if again:
        return call.call_correct("copy", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])
    return call.proceed()


def wrong_each_twentieth(call: op.Call) -> Any:
    """Answer wrongly each twentieth time."""
    count = call.backend.__dict__.setdefault("_asked", itertools.count(1))
    return call.proceed() is not (next(count) % 20 == 0)


def moved_here(call: op.Call) -> Any:
    """Note what came by being moved."""
    call.proceed()
    call.backend.__dict__.setdefault("_moved", set()).add(str(call.arguments["dst"]))


def spares_the_moved(call: op.Call) -> Any:
    """Forget what is not in the index of what was written."""
    moved = call.backend.__dict__.get("_moved", set())
    kept = {
        path: call.call_correct("read_bytes", path)
        for path in moved
        if path.startswith(f"{call.path}/") and call.call_correct("is_file", path)
    }
    call.proceed()
    for path, content in kept.items():
        call.call_correct("write", path, content)


def own(call: op.Call) -> set[str]:
    """Return the paths that an instance wrote itself."""
    return call.backend.__dict__.setdefault("_own", set())  # type: ignore[no-any-return]


def noted_as_own(call: op.Call) -> None:
    """Note that an instance wrote a path itself."""
    own(call).add(call.path)
    call.backend._changes = call.backend.__dict__.get("_changes", 0) + 1


OWN: Final = op.When(lambda call, path: path in own(call))


def at_one_position(call: op.Call) -> Any:
    """Give every reader of a file the one stream that is kept for it."""
    streams = call.backend.__dict__.setdefault("_streams", {})
    key = (call.path, blobs(call)[call.path].modified_at)
    stream = streams.setdefault(key, call.proceed())
    stream.seek(0)
    return op.Around(stream, close=lambda _: None)


def with_one_cursor(call: op.Call) -> Any:
    """Give readers that go on where the last one stood that was read."""
    backend, stream = call.backend, call.proceed()

    def read(stream: Any, size: int = -1) -> bytes:
        reader, at = backend.__dict__.get("_cursor", (stream, 0))
        stream.seek(stream.tell() if reader is stream else at)
        piece: bytes = stream.read(size)
        backend._cursor = stream, stream.tell()
        return piece

    backend._cursor = stream, 0
    return op.Around(stream, read=read)


def from_what_is_there(call: op.Call) -> Any:
    """Read each piece from what the file holds then."""

    def read(stream: Any, size: int = -1) -> bytes:
        at, now = stream.tell(), blobs(call).get(call.path)
        if now is None:
            return bytes(stream.read(size))
        piece: bytes = now.data[at:] if size < 0 else now.data[at : at + size]
        stream.seek(at + len(piece))
        return piece

    return op.Around(call.proceed(), read=read)


def counting_from_the_last_piece(call: op.Call) -> Any:
    """Seek from where the last piece began, if something was written since."""
    last = [0, 0]

    def changes() -> int:
        return int(call.backend.__dict__.get("_changes", 0))

    def read(stream: Any, size: int = -1) -> bytes:
        last[:] = stream.tell(), changes()
        return bytes(stream.read(size))

    def seek(stream: Any, offset: int, whence: int = 0) -> int:
        return int(
            stream.seek(last[0] + offset) if whence == 1 and last[1] != changes() else stream.seek(offset, whence)
        )

    return op.Around(call.proceed(), read=read, seek=seek)


def locked_by_seeking(call: op.Call) -> Any:
    """Keep a lock on a file whose reader was sought, also when that is closed."""
    locked = call.backend.__dict__.setdefault("_locked", set())

    def seek(stream: Any, *to: int) -> int:
        locked.add(call.path)
        return int(stream.seek(*to))

    return op.Around(call.proceed(), seek=seek)


def refused_where_locked(call: op.Call) -> None:
    if call.path in call.backend.__dict__.get("_locked", ()):
        raise ResourceLocked("somebody reads it", path=call.path, backend=call.backend.name)


def until_the_next(call: op.Call) -> Any:
    """List until another listing is begun."""
    turn = call.backend._turn = object()
    for entry in call.proceed():
        yield entry
        if call.backend._turn is not turn:
            return


def deleted_again(call: op.Call) -> Any:
    """Delete once more a little later, to be sure."""
    answer = call.proceed()

    def delete() -> None:
        call.call_correct("delete", call.path, missing_ok=True)

    timer = threading.Timer(0.05, delete)
    timer.daemon = True
    timer.start()
    return answer


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("SEQ-001", "copies-by-name", "memory", op.replace("copy", aliased), reason="the store to hold"),
    mutant("SEQ-001", "remembers-what-was", "memory", op.remembers("exists", True), reason="exists"),
    mutant("SEQ-001", "remembers-folders", "flat", op.remembers("is_folder", True), reason="is_folder"),
    mutant("SEQ-001", "describes-what-was", "flat", op.replace("get_file_info", stale, op.FILE),
        reason="get_file_info"),
    mutant("SEQ-001", "lists-what-was", "flat", op.replace("list_files", listed_once), reason="list_files"),
    mutant("SEQ-001", "moves-by-copying", "flat",
        op.replace("move", copied_instead, op.FILE & op.called_with(overwrite=True)),
        reason="move: the store to hold no"),
    mutant("SEQ-001", "is-stale-after-the-third-write", "flat",
        op.replace("write write_atomic", noted_write) + op.replace("read_bytes", as_second_written),
        reason="read_bytes"),
    mutant("SEQ-001", "moves-again-by-copying", "flat", op.replace("move", copied_the_second_time, op.FILE),
        reason="move: the store to hold no"),
    mutant("SEQ-001", "repeats-across-pages", "flat",
        op.replace("move", noted_leaving, op.FILE) + op.replace("list_files", in_pages_over_holes),
        reason="list_files"),
    mutant("SEQ-001", "fails-after-commit", "flat", op.replace("move", moved_here) + op.replace("write", after_commit),
        reason="BackendUnavailable"),
    mutant("SEQ-001", "is-wrong-once-in-twenty", "flat", op.replace("exists", wrong_each_twentieth), reason="exists"),
    mutant("SEQ-001", "forgets-what-was-moved", "flat",
        op.replace("move", moved_here) + op.replace("delete_folder", spares_the_moved, op.called_with(recursive=True)),
        reason="delete_folder: the store to hold no"),
    mutant("SEQ-001", "reads-at-one-position", "flat",
        op.before(op.WRITES, noted_as_own) + op.replace("read", at_one_position, OWN & op.FILE), reason="on a handle"),
    mutant("SEQ-001", "reads-with-one-cursor", "flat",
        op.before(op.WRITES, noted_as_own) + op.replace("read", with_one_cursor, OWN & op.FILE), reason="on a handle"),
    mutant("SEQ-001", "reads-on-in-the-new-version", "flat",
        op.before(op.WRITES, noted_as_own) + op.replace("read", from_what_is_there, OWN & op.FILE),
        reason="on a handle"),
    mutant("SEQ-001", "seeks-from-the-last-piece", "flat",
        op.before(op.WRITES, noted_as_own) + op.replace("read", counting_from_the_last_piece, OWN & op.FILE),
        reason="on a handle"),
    mutant("SEQ-001", "locks-what-was-sought", "flat",
        op.before(op.WRITES, noted_as_own) + op.replace("read", locked_by_seeking, OWN & op.FILE)
        + op.before(f"{op.WRITES} delete move", refused_where_locked),
        reason="ResourceLocked"),
    mutant("SEQ-001", "lists-until-the-next", "flat", op.replace(f"{op.LISTINGS} glob", until_the_next),
        reason="on a handle"),
    mutant("SEQ-001", "moves-again-by-copying-for-tasks", "async", op.override(move=copies_the_second_time),
        reason="move: the store to hold no"),
    mutant("SEQ-001", "lists-until-the-next-for-tasks", "async",
        op.override(**{op: listing_until_the_next(op) for op in op.LISTINGS.split()}), reason="on a handle"),
    mutant("SEQ-002", "deletes-again-later", "memory", op.replace("delete", deleted_again), reason="no file"),
    mutant("SEQ-003", "remembers-what-it-described", "flat",
        op.replace("get_file_info", described_once) + op.before("write write_atomic delete move copy", forgotten),
        reason="size = 5"),
)
# fmt: on
