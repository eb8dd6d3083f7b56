"""Rogues that lose races."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, NotFound

from rsconform_rogues.deeds import blobs
from rsconform_rogues.operators import FILE, ITSELF, Call, asked, instead
from rsconform_rogues.row import Rogue, row

_WINDOW_S: Final = 0.001


def looked_first(call: Call) -> Any:
    """Look for the target, and write whatever came in between."""
    target = str(call.arguments.get("dst", call.path))
    if call.rightly("exists", target):
        raise AlreadyExists("there is one", path=target, backend=call.backend.name)
    time.sleep(_WINDOW_S)
    return call.proceed(overwrite=True)


def in_two_halves(call: Call) -> Any:
    """Overwrite with the first half, and then with all of it."""
    content = call.arguments["content"]
    if isinstance(content, bytes) and len(content) > 1:
        call.rightly("write", call.path, content[: len(content) // 2], overwrite=True)
        time.sleep(_WINDOW_S)
    return call.proceed()


def shared_buffer(call: Call) -> Any:
    """Hold what is read in one place for all threads."""
    call.backend.__dict__["_buffer"] = call.proceed()
    time.sleep(_WINDOW_S)
    return call.backend.__dict__["_buffer"]


def lost_update(call: Call) -> Any:
    """Put back the index that was read before, with this write in it: what others wrote meanwhile is lost."""
    before = blobs(call).copy()
    time.sleep(_WINDOW_S)
    result = call.proceed()
    call.backend._blobs.by_key = {**before, call.path: blobs(call)[call.path]}
    return result


def counted(call: Call) -> Any:
    """Count writes in one place, and refuse where the count is not what it was."""
    seen = call.backend.__dict__.get("_count", 0)
    time.sleep(_WINDOW_S)
    if call.backend.__dict__.get("_count", 0) != seen:
        raise RuntimeError("the count has changed")
    call.backend.__dict__["_count"] = seen + 1
    return call.proceed()


def indexed(call: Call) -> Any:
    """Note the new file in an index that others may change meanwhile."""
    answer = call.proceed()
    call.backend.__dict__.setdefault("_noted", set()).add(call.path)
    index = call.backend.__dict__.get("_index", frozenset())
    time.sleep(_WINDOW_S)
    call.backend.__dict__["_index"] = index | {call.path}
    return answer


def by_index(call: Call) -> Iterator[Any]:
    """Leave out what was noted in the index and is not there."""
    held = call.backend.__dict__
    lost = held.get("_noted", set()) - held.get("_index", frozenset())
    return (info for info in call.proceed() if str(info.path) not in lost)


def taken_twice(call: Call) -> Any:
    """Bring the file to its target, and then take it away where it was, if it still is there."""
    content = call.rightly("read_bytes", call.path)
    time.sleep(_WINDOW_S)
    call.rightly("write", call.arguments["dst"], content, overwrite=call.arguments["overwrite"])
    call.rightly("delete", call.path, missing_ok=True)


def outage(call: Call) -> Any:
    """Look whether the file is there, and take it for an outage when it then is not."""
    time.sleep(_WINDOW_S)
    try:
        return call.proceed()
    except NotFound as exc:
        raise BackendUnavailable("it cannot be opened", path=call.path, backend=call.backend.name) from exc


def moved_in_two_steps(call: Call) -> Any:
    """Take the source away before the target is there."""
    content = call.rightly("read_bytes", call.path)
    call.rightly("delete", call.path)
    time.sleep(_WINDOW_S)
    call.rightly("write", call.arguments["dst"], content, overwrite=True)


def moved_by_copying(call: Call) -> Any:
    """Let the source stay until the target is there."""
    call.rightly("copy", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])
    time.sleep(_WINDOW_S)
    call.rightly("delete", call.path)


def listed_in_pages(call: Call) -> Any:
    """List by position: what is deleted meanwhile shifts the rest."""
    first = list(call.proceed())
    half = len(first) // 2
    time.sleep(_WINDOW_S)
    return iter(first[:half] + list(call.proceed())[half + (len(first) % 2) :])


def lock_of(call: Call) -> Any:
    return call.backend.__dict__.setdefault("_own_lock", threading.RLock())


def locked(call: Call) -> Any:
    with lock_of(call):
        return call.proceed()


def unreleased(call: Call) -> Any:
    """Give the lock back unless something goes wrong."""
    lock_of(call).acquire()
    result = call.proceed()
    lock_of(call).release()
    return result


def under_lock(call: Call) -> Iterator[Any]:
    """Hold the lock until the listing is at its end."""
    with lock_of(call):
        yield from call.proceed()


_LAST: dict[str, Any] = {}


def in_class(call: Call) -> Any:
    """Hand the content over in one place for all instances."""
    _LAST["content"] = call.arguments["content"]
    time.sleep(_WINDOW_S)
    return call.proceed(content=_LAST["content"])


def joined(call: Call) -> Any:
    """Hand out what another thread is about to read: it may have been there before this one asked."""
    under_way = call.backend.__dict__.setdefault("_under_way", {})
    if call.path in under_way:
        return under_way[call.path]
    content = under_way[call.path] = call.proceed()
    time.sleep(_WINDOW_S)
    under_way.pop(call.path, None)
    return content


def undone(call: Call) -> Any:
    """Keep what was there, and put it back where a reader may have seen the new content."""
    if call.rightly("is_file", call.path):
        kept = call.rightly("read_bytes", call.path)
        call.proceed()
        time.sleep(_WINDOW_S)
        call.rightly("write", call.path, kept, overwrite=True)
    return call.proceed()


def target_first(call: Call) -> Any:
    """Make room before anything takes the room."""
    target = call.arguments["dst"]
    if call.rightly("is_file", target):
        call.rightly("delete", target)
        time.sleep(_WINDOW_S)
    return call.proceed()


def closed_by_hand(call: Call) -> Any:
    """Drop what the operations use."""
    call.backend.__dict__["_pool"] = None
    return call.proceed()


def through_a_pool(call: Call) -> Any:
    """Look at once whether the pool is there, and use it later."""
    held = call.backend.__dict__
    if "_pool" not in held:
        held["_pool"] = {}
    if held["_pool"] is not None:
        time.sleep(_WINDOW_S)
        held["_pool"].get(call.path)  # Nothing has it any more, once it was closed meanwhile.
    return call.proceed()


def pool_cancelled(call: Call) -> Any:
    """End the workers without waiting for what they have to do."""
    pool = call.backend.__dict__.pop("_workers", None)
    if pool is not None:
        pool.shutdown(wait=False, cancel_futures=True)
    return call.proceed()


def in_a_worker(call: Call) -> Any:
    """Do it in one of few workers, which are made when they are needed."""
    held = call.backend.__dict__
    if "_workers" not in held:
        held["_workers"] = ThreadPoolExecutor(1)

    def work() -> Any:
        time.sleep(_WINDOW_S)
        return call.proceed()

    return held["_workers"].submit(work).result()


def emptied_by_list(call: Call) -> Any:
    """Delete what is listed, and then a folder that has to be empty."""
    if not call.arguments["recursive"] or not call.rightly("is_folder", call.path):
        return call.proceed()
    for info in list(call.rightly("list_files", call.path, recursive=True)):
        call.rightly("delete", str(info.path))
        time.sleep(_WINDOW_S)
    if list(call.rightly("list_files", call.path, recursive=True)):
        raise OSError("directory not empty")
    return None


NEW: Final = asked(overwrite=False)

ROWS: Final[tuple[Rogue, ...]] = (
    row(
        "RACE-016",
        "makes-room-first",
        "flat",
        instead("move", target_first, ~ITSELF & asked(overwrite=True)),
        reason="no file",
    ),
    row("BE-028a", "shares-its-buffer", "flat", instead("read_bytes", shared_buffer), reason="own bytes"),
    row("BE-028b", "counts-in-one-place", "flat", instead("write", counted), reason="errors"),
    row("BE-028b", "loses-an-update", "flat", instead("write", lost_update), reason="d/"),
    row(
        "BE-028b",
        "loses-what-it-indexed",
        "flat",
        instead("write write_atomic", indexed) + instead("list_files", by_index),
        reason="listed",
    ),
    row("BE-028c", "shares-its-buffer", "flat", instead("read_bytes", shared_buffer), reason="own bytes"),
    row(
        "BE-028d",
        "writes-in-two-halves",
        "flat",
        instead("write_atomic", in_two_halves, asked(overwrite=True)),
        reason="whole",
    ),
    row("BE-028e", "looks-first", "flat", instead("write", looked_first, NEW), reason="creators"),
    row("BE-028e", "looks-first-atomically", "flat", instead("write_atomic", looked_first, NEW), reason="creators"),
    row("BE-028f", "counts-in-one-place", "flat", instead("write_atomic", counted), reason="errors"),
    row("BE-028g", "shares-a-file-of-its-own", "single", instead("write", in_class), reason="own bytes"),
    row(
        "CAP-007a",
        "moves-in-two-steps",
        "memory",
        instead("move", moved_in_two_steps),
        also="BE-018a",
        reason="neither path",
    ),
    row(
        "CAP-007a",
        "moves-by-copying",
        "memory",
        instead("move", moved_by_copying, ~ITSELF),
        reason="both paths",
    ),
    row(
        "KIT-063",
        "lists-in-pages",
        "flat",
        instead("list_files", listed_in_pages, asked(recursive=False)),
        reason="file",
    ),
    row("RACE-001", "joins-a-read-under-way", "flat", instead("read_bytes", joined), reason="none for d/"),
    row("RACE-002", "looks-first", "flat", instead("write_atomic", looked_first, NEW), reason="none for d/"),
    row("RACE-003", "shows-and-takes-back", "flat", instead("write", undone), also="KIT-005", reason="none for d/"),
    row(
        "RACE-004",
        "makes-room-first",
        "memory",
        instead("move", target_first, ~ITSELF & asked(overwrite=True)),
        reason="no file",
    ),
    row(
        "RACE-005",
        "makes-room-first",
        "flat",
        instead("copy", target_first, ~ITSELF & asked(overwrite=True)),
        reason="no file",
    ),
    row(
        "RACE-006",
        "pulls-the-pool-away",
        "flat",
        instead("close", closed_by_hand) + instead("read_bytes", through_a_pool),
        reason="AttributeError",
    ),
    row(
        "RACE-006",
        "cancels-its-copies",
        "flat",
        instead("close", pool_cancelled) + instead("copy", in_a_worker),
        reason="Error",
    ),
    row("RACE-007", "deletes-what-is-listed", "flat", instead("delete_folder", emptied_by_list), reason="not empty"),
    row(
        "RACE-010",
        "takes-what-is-taken",
        "memory",
        instead("move", taken_twice, FILE & ~ITSELF),
        reason="moves returned",
        also="CAP-007a",
    ),
    row("RACE-011", "trusts-its-look", "flat", instead("read_bytes", outage, FILE), reason="BackendUnavailable"),
    row(
        "RACE-012",
        "takes-it-in-hand",
        "flat",
        instead("move", moved_in_two_steps, FILE & ~ITSELF & NEW),
        reason="neither",
    ),
    row("RACE-009", "looks-first", "s3", instead("write_atomic", looked_first, NEW), reason="creators"),
    row(
        "KIT-066",
        "keeps-its-lock",
        "memory",
        instead("get_file_info", unreleased) + instead("write", locked),
        reason="still waits",
        limit_s=20.0,
    ),
    row(
        "KIT-067",
        "lists-under-its-lock",
        "memory",
        instead("list_files", under_lock) + instead("read_bytes", locked),
        reason="still waits",
        limit_s=20.0,
    ),
    row("KIT-064", "looks-first", "flat", instead("copy", looked_first, NEW), reason="creators"),
    row(
        "KIT-065",
        "writes-in-two-halves",
        "flat",
        instead("write", in_two_halves, asked(overwrite=True)),
        reason="whole",
    ),
)
