"""Rogues that only a sequence of operations shows."""

from __future__ import annotations

import itertools
import random
import threading
from typing import Any, Final

from remote_store import BackendUnavailable, ResourceLocked

from rsconform_rogues import aio
from rsconform_rogues.deeds import blobs, stale
from rsconform_rogues.operators import (
    FILE,
    LISTINGS,
    ROOT,
    WRITES,
    Around,
    Call,
    When,
    asked,
    first,
    has,
    instead,
    remembers,
)
from rsconform_rogues.row import Rogue, row


def _node(backend: Any, path: str) -> tuple[Any, str]:
    """Return the folder that holds a path in a MemoryBackend, and its name there."""
    *folders, name = path.split("/")
    node = backend._root
    for folder in folders:
        node = node.children[folder]
    return node, name


def aliased(call: Call) -> Any:
    """Copy by letting two names share one file."""
    call.proceed()
    source, name = _node(call.backend, call.path)
    target, other = _node(call.backend, str(call.arguments["dst"]))
    target.children[other] = source.children[name]


def listed_once(call: Call) -> Any:
    """Remember each listing for good."""
    known = call.backend.__dict__.setdefault("_listings", {})
    key = (call.path, call.arguments.get("recursive", False))
    if key not in known:
        known[key] = list(call.proceed())
    return iter(known[key])


def copied_instead(call: Call) -> Any:
    """Leave the source where the target was overwritten."""
    return call.rightly("copy", call.path, call.arguments["dst"], overwrite=True)


def noted_write(call: Call) -> Any:
    """Note how often a path was written, and what the second write left there."""
    result = call.proceed()
    writes = call.backend.__dict__.setdefault("_writes", {})
    count, second = writes.get(call.path, (0, None))
    writes[call.path] = (count + 1, call.rightly("read_bytes", call.path) if count == 1 else second)
    return result


def as_second_written(call: Call, writes: int = 3) -> Any:
    """Give what the second write left, from the third one on or a later one."""
    count, second = call.backend.__dict__.get("_writes", {}).get(call.path, (0, None))
    content = call.proceed()
    return second if count >= writes else content


def in_pages(call: Call, size: int = 10) -> Any:
    """List in pages, each of which begins with the last entry of the one before."""
    last = None
    for number, entry in enumerate(call.proceed()):
        if number and number % size == 0:
            yield last
        last = entry
        yield entry


def after_commit(call: Call) -> Any:
    """Fail when all is done, where something is written over that was moved there."""
    result = call.proceed()
    if call.path in call.backend.__dict__.get("_moved", ()):
        raise BackendUnavailable("no reply", path=call.path, backend=call.backend.name)
    return result


def noted_leaving(call: Call) -> Any:
    """Note out of which folders something was moved."""
    call.proceed()
    call.backend.__dict__.setdefault("_holes", set()).add(call.path.rpartition("/")[0])


def in_pages_over_holes(call: Call) -> Any:
    """List in pages of ten that overlap where something was moved away."""
    return in_pages(call) if call.path in call.backend.__dict__.get("_holes", ()) else call.proceed()


def copied_the_second_time(call: Call) -> Any:
    """Move by copying what was moved before."""
    moved = call.backend.__dict__.setdefault("_moved", set())
    again = call.path in moved
    moved.add(str(call.arguments["dst"]))
    if again:
        return call.rightly("copy", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])
    return call.proceed()


def wrong_each_twentieth(call: Call) -> Any:
    """Answer wrongly each twentieth time."""
    count = call.backend.__dict__.setdefault("_asked", itertools.count(1))
    return call.proceed() is not (next(count) % 20 == 0)


def wrong_by_chance(call: Call, chance: float = 0.05) -> Any:
    """Answer wrongly by chance."""
    dice = call.backend.__dict__.setdefault("_dice", random.Random())
    return call.proceed() is not (dice.random() < chance)


def moved_here(call: Call) -> Any:
    """Note what came by being moved."""
    call.proceed()
    call.backend.__dict__.setdefault("_moved", set()).add(str(call.arguments["dst"]))


def spares_the_moved(call: Call) -> Any:
    """Forget what is not in the index of what was written."""
    moved = call.backend.__dict__.get("_moved", set())
    kept = {
        path: call.rightly("read_bytes", path)
        for path in moved
        if path.startswith(f"{call.path}/") and call.rightly("is_file", path)
    }
    call.proceed()
    for path, content in kept.items():
        call.rightly("write", path, content)


# Readers and listings that stay open while other things are done.


def own(call: Call) -> set[str]:
    """Return the paths that an instance wrote itself."""
    return call.backend.__dict__.setdefault("_own", set())  # type: ignore[no-any-return]


def noted_as_own(call: Call) -> None:
    """Note that an instance wrote a path itself."""
    own(call).add(call.path)
    call.backend._changes = call.backend.__dict__.get("_changes", 0) + 1


OWN: Final = When(lambda call, path: path in own(call))


def at_one_position(call: Call) -> Any:
    """Give every reader of a file the one stream that is kept for it."""
    streams = call.backend.__dict__.setdefault("_streams", {})
    key = (call.path, blobs(call)[call.path].modified_at)
    stream = streams.setdefault(key, call.proceed())
    stream.seek(0)
    return Around(stream, close=lambda _: None)


def with_one_cursor(call: Call) -> Any:
    """Give readers that go on where the last one stood that was read."""
    backend, stream = call.backend, call.proceed()

    def read(stream: Any, size: int = -1) -> bytes:
        reader, at = backend.__dict__.get("_cursor", (stream, 0))
        stream.seek(stream.tell() if reader is stream else at)
        piece: bytes = stream.read(size)
        backend._cursor = stream, stream.tell()
        return piece

    backend._cursor = stream, 0
    return Around(stream, read=read)


def from_what_is_there(call: Call) -> Any:
    """Read each piece from what the file holds then."""

    def read(stream: Any, size: int = -1) -> bytes:
        at, now = stream.tell(), blobs(call).get(call.path)
        if now is None:
            return bytes(stream.read(size))
        piece: bytes = now.data[at:] if size < 0 else now.data[at : at + size]
        stream.seek(at + len(piece))
        return piece

    return Around(call.proceed(), read=read)


def counting_from_the_last_piece(call: Call) -> Any:
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

    return Around(call.proceed(), read=read, seek=seek)


def locked_by_seeking(call: Call) -> Any:
    """Keep a lock on a file whose reader was sought, also when that is closed."""
    locked = call.backend.__dict__.setdefault("_locked", set())

    def seek(stream: Any, *to: int) -> int:
        locked.add(call.path)
        return int(stream.seek(*to))

    return Around(call.proceed(), seek=seek)


def refused_where_locked(call: Call) -> None:
    if call.path in call.backend.__dict__.get("_locked", ()):
        raise ResourceLocked("somebody reads it", path=call.path, backend=call.backend.name)


def until_the_next(call: Call) -> Any:
    """List until another listing is begun."""
    turn = call.backend._turn = object()
    for entry in call.proceed():
        yield entry
        if call.backend._turn is not turn:
            return


def deleted_again(call: Call) -> Any:
    """Delete once more a little later, to be sure."""
    answer = call.proceed()

    def delete() -> None:
        call.rightly("delete", call.path, missing_ok=True)

    timer = threading.Timer(0.05, delete)
    timer.daemon = True
    timer.start()
    return answer


def counted_once(call: Call) -> Any:
    """Count all files once, and after that only where one is written or deleted by itself."""
    totals = call.backend.__dict__.setdefault("_totals", {})
    if call.path not in totals:
        totals[call.path] = call.proceed()
    return totals[call.path]


def counts_forgotten(call: Call) -> Any:
    """Forget what was counted."""
    call.backend.__dict__.pop("_totals", None)
    return call.proceed()


ROWS: Final[tuple[Rogue, ...]] = (
    row("SEQ-002", "deletes-again-later", "memory", instead("delete", deleted_again), reason="no file"),
    row(
        "BE-017d",
        "counts-the-root-once",
        "memory",
        instead("get_folder_info", counted_once, ROOT) + instead("write delete copy move", counts_forgotten),
        reason="file_count",
    ),
    row("SEQ-001", "copies-by-name", "memory", instead("copy", aliased), reason="the store to hold"),
    row("SEQ-001", "remembers-what-was", "memory", remembers("exists", True), reason="exists"),
    row("SEQ-001", "remembers-folders", "flat", remembers("is_folder", True), reason="is_folder"),
    row("SEQ-001", "describes-what-was", "flat", instead("get_file_info", stale, FILE), reason="get_file_info"),
    row("SEQ-001", "lists-what-was", "flat", instead("list_files", listed_once), reason="list_files"),
    row(
        "SEQ-001",
        "moves-by-copying",
        "flat",
        instead("move", copied_instead, FILE & asked(overwrite=True)),
        reason="move: the store to hold no",
    ),
    row(
        "SEQ-001",
        "is-stale-after-the-third-write",
        "flat",
        instead("write write_atomic", noted_write) + instead("read_bytes", as_second_written),
        reason="read_bytes",
    ),
    row(
        "SEQ-001",
        "moves-again-by-copying",
        "flat",
        instead("move", copied_the_second_time, FILE),
        reason="move: the store to hold no",
    ),
    row(
        "SEQ-001",
        "repeats-across-pages",
        "flat",
        instead("move", noted_leaving, FILE) + instead("list_files", in_pages_over_holes),
        reason="list_files",
    ),
    row(
        "SEQ-001",
        "fails-after-commit",
        "flat",
        instead("move", moved_here) + instead("write", after_commit),
        reason="BackendUnavailable",
    ),
    row("SEQ-001", "is-wrong-once-in-twenty", "flat", instead("exists", wrong_each_twentieth), reason="exists"),
    row(
        "SEQ-001",
        "forgets-what-was-moved",
        "flat",
        instead("move", moved_here) + instead("delete_folder", spares_the_moved, asked(recursive=True)),
        reason="delete_folder: the store to hold no",
    ),
    row(
        "SEQ-001",
        "reads-at-one-position",
        "flat",
        first(WRITES, noted_as_own) + instead("read", at_one_position, OWN & FILE),
        reason="on a handle",
    ),
    row(
        "SEQ-001",
        "reads-with-one-cursor",
        "flat",
        first(WRITES, noted_as_own) + instead("read", with_one_cursor, OWN & FILE),
        reason="on a handle",
    ),
    row(
        "SEQ-001",
        "reads-on-in-the-new-version",
        "flat",
        first(WRITES, noted_as_own) + instead("read", from_what_is_there, OWN & FILE),
        reason="on a handle",
    ),
    row(
        "SEQ-001",
        "seeks-from-the-last-piece",
        "flat",
        first(WRITES, noted_as_own) + instead("read", counting_from_the_last_piece, OWN & FILE),
        reason="on a handle",
    ),
    row(
        "SEQ-001",
        "locks-what-was-sought",
        "flat",
        first(WRITES, noted_as_own)
        + instead("read", locked_by_seeking, OWN & FILE)
        + first(f"{WRITES} delete move", refused_where_locked),
        reason="ResourceLocked",
    ),
    row("SEQ-001", "lists-until-the-next", "flat", instead(f"{LISTINGS} glob", until_the_next), reason="on a handle"),
    row(
        "SEQ-001",
        "moves-again-by-copying-for-tasks",
        "async",
        has(move=aio.copies_the_second_time),
        reason="move: the store to hold no",
    ),
    row(
        "SEQ-001",
        "lists-until-the-next-for-tasks",
        "async",
        has(**{op: aio.listing_until_the_next(op) for op in LISTINGS.split()}),
        reason="on a handle",
    ),
)
