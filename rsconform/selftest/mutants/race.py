"""Mutants of RACE: concurrent changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from remote_store import BackendUnavailable, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import NEW, WINDOW_S, looked_first, moved_in_two_steps
from rsconform.selftest.mutant import Mutant, mutant


def filled_late(call: op.Call) -> Any:
    """Remember an answer, in a moment in which it may have become another."""
    known = call.backend.__dict__.setdefault("_known", {})
    if call.path in known:
        return known[call.path]
    answer = call.proceed()
    time.sleep(WINDOW_S)
    known[call.path] = answer
    return answer


def forgotten(call: op.Call) -> Any:
    """Forget what is remembered of the paths that are changed."""
    answer = call.proceed()
    known = call.backend.__dict__.setdefault("_known", {})
    for path in (call.path, str(call.arguments.get("dst", ""))):
        known.pop(path, None)
    return answer


def answered_from_one_place(call: op.Call) -> Any:
    """Keep the answer in one place until it is given."""
    call.backend.__dict__["_answer"] = call.proceed()
    time.sleep(WINDOW_S)
    return call.backend.__dict__["_answer"]


def listed_from_one_place(call: op.Call) -> Iterator[Any]:
    """Keep the page in one place until it is listed."""
    call.backend.__dict__["_page"] = list(call.proceed())
    time.sleep(WINDOW_S)
    yield from call.backend.__dict__["_page"]


_OF_THREAD: Final = threading.local()


def known_here(call: op.Call) -> Any:
    """Remember each answer in the thread that got it."""
    known = _OF_THREAD.__dict__.setdefault(f"{id(call.backend)}", {})
    if call.path not in known:
        known[call.path] = call.proceed()
    return known[call.path]


def forgotten_here(call: op.Call) -> Any:
    """Forget the answers of this thread."""
    _OF_THREAD.__dict__.clear()
    return call.proceed()


def locked_in_order(call: op.Call) -> Any:
    """Lock the source, and then the target."""
    locks = call.backend.__dict__.setdefault("_locks", {})
    first, second = (locks.setdefault(path, threading.Lock()) for path in (call.path, call.arguments["dst"]))
    with first:
        time.sleep(WINDOW_S)
        with second:
            return call.proceed()


def part_of_its_turn(call: op.Call) -> Any:
    """Take one of four turns, and for a part of the work another one."""
    turns = call.backend.__dict__.setdefault("_turns", threading.Semaphore(4))
    with turns:
        time.sleep(WINDOW_S)
        with turns:
            return call.proceed()


def closed_once(call: op.Call) -> Any:
    """Look whether it is closed, and close then what may be closed only once."""
    held = call.backend.__dict__
    if not held.get("_is_shut"):
        time.sleep(WINDOW_S)
        if held.get("_is_shut"):
            raise RuntimeError("it is closed already")
        held["_is_shut"] = True
    return call.proceed()


def taken_twice(call: op.Call) -> Any:
    """Bring the file to its target, and then take it away where it was, if it still is there."""
    content = call.call_correct("read_bytes", call.path)
    time.sleep(WINDOW_S)
    call.call_correct("write", call.arguments["dst"], content, overwrite=call.arguments["overwrite"])
    call.call_correct("delete", call.path, missing_ok=True)


def outage(call: op.Call) -> Any:
    """Look whether the file is there, and take it for an outage when it then is not."""
    time.sleep(WINDOW_S)
    try:
        return call.proceed()
    except NotFound as exc:
        raise BackendUnavailable("it cannot be opened", path=call.path, backend=call.backend.name) from exc


def joined(call: op.Call) -> Any:
    """Hand out what another thread is about to read: it may have been there before this one asked."""
    under_way = call.backend.__dict__.setdefault("_under_way", {})
    if call.path in under_way:
        return under_way[call.path]
    content = under_way[call.path] = call.proceed()
    time.sleep(WINDOW_S)
    under_way.pop(call.path, None)
    return content


def undone(call: op.Call) -> Any:
    """Keep what was there, and put it back where a reader may have seen the new content."""
    if call.call_correct("is_file", call.path):
        kept = call.call_correct("read_bytes", call.path)
        call.proceed()
        time.sleep(WINDOW_S)
        call.call_correct("write", call.path, kept, overwrite=True)
    return call.proceed()


def target_first(call: op.Call) -> Any:
    """Make room before anything takes the room."""
    target = call.arguments["dst"]
    if call.call_correct("is_file", target):
        call.call_correct("delete", target)
        time.sleep(WINDOW_S)
    return call.proceed()


def closed_by_hand(call: op.Call) -> Any:
    """Drop what the operations use."""
    call.backend.__dict__["_pool"] = None
    return call.proceed()


def through_a_pool(call: op.Call) -> Any:
    """Look at once whether the pool is there, and use it later."""
    held = call.backend.__dict__
    if "_pool" not in held:
        held["_pool"] = {}
    if held["_pool"] is not None:
        time.sleep(WINDOW_S)
        held["_pool"].get(call.path)  # Nothing has it any more, once it was closed meanwhile.
    return call.proceed()


def pool_cancelled(call: op.Call) -> Any:
    """End the workers without waiting for what they have to do."""
    pool = call.backend.__dict__.pop("_workers", None)
    if pool is not None:
        pool.shutdown(wait=False, cancel_futures=True)
    return call.proceed()


def in_a_worker(call: op.Call) -> Any:
    """Do it in one of few workers, which are made when they are needed."""
    held = call.backend.__dict__
    if "_workers" not in held:
        held["_workers"] = ThreadPoolExecutor(1)

    def work() -> Any:
        time.sleep(WINDOW_S)
        return call.proceed()

    return held["_workers"].submit(work).result()


def emptied_by_list(call: op.Call) -> Any:
    """Delete what is listed, and then a folder that has to be empty."""
    if not call.arguments["recursive"] or not call.call_correct("is_folder", call.path):
        return call.proceed()
    for info in list(call.call_correct("list_files", call.path, recursive=True)):
        call.call_correct("delete", str(info.path))
        time.sleep(WINDOW_S)
    if list(call.call_correct("list_files", call.path, recursive=True)):
        raise OSError("directory not empty")
    return None


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("RACE-001", "remembers-what-it-saw-before", "flat",
        op.replace("is_file", filled_late) + op.replace("write write_atomic move copy delete", forgotten),
        reason="is_file: "),
    mutant("RACE-001", "describes-what-it-saw-before", "flat",
        op.replace("get_file_info", filled_late) + op.replace("write write_atomic move copy delete", forgotten),
        reason="get_file_info"),
    mutant("RACE-001", "joins-a-read-under-way", "flat", op.replace("read_bytes", joined), reason="none for d/"),
    mutant("RACE-002", "looks-first", "flat", op.replace("write_atomic", looked_first, NEW), reason="none for d/"),
    mutant("RACE-003", "shows-and-takes-back", "flat", op.replace("write", undone), also="KIT-005",
        reason="none for d/"),
    mutant("RACE-004", "makes-room-first", "memory",
        op.replace("move", target_first, ~op.ITSELF & op.called_with(overwrite=True)), reason="no file"),
    mutant("RACE-005", "makes-room-first", "flat",
        op.replace("copy", target_first, ~op.ITSELF & op.called_with(overwrite=True)), reason="no file"),
    mutant("RACE-006", "closes-twice-at-once", "flat", op.replace("close", closed_once), reason="RuntimeError"),
    mutant("RACE-006", "pulls-the-pool-away", "flat",
        op.replace("close", closed_by_hand) + op.replace("read_bytes", through_a_pool), reason="AttributeError"),
    mutant("RACE-006", "cancels-its-copies", "flat",
        op.replace("close", pool_cancelled) + op.replace("copy", in_a_worker), reason="Error"),
    mutant("RACE-007", "deletes-what-is-listed", "flat", op.replace("delete_folder", emptied_by_list),
        reason="not empty"),
    mutant("RACE-009", "looks-first", "s3", op.replace("write_atomic", looked_first, NEW), reason="creators"),
    mutant("RACE-010", "takes-what-is-taken", "memory", op.replace("move", taken_twice, op.FILE & ~op.ITSELF),
        reason="moves returned", also="CAP-007a"),
    mutant("RACE-011", "trusts-its-look", "flat", op.replace("read_bytes", outage, op.FILE),
        reason="BackendUnavailable"),
    mutant("RACE-012", "moves-in-two-steps", "flat", op.replace("move", moved_in_two_steps, op.FILE & ~op.ITSELF & NEW),
        reason="neither"),
    mutant("RACE-013", "describes-from-one-place", "flat", op.replace("get_file_info", answered_from_one_place)),
    mutant("RACE-013", "lists-from-one-place", "flat", op.replace("list_files", listed_from_one_place),
        reason="list_files"),
    mutant("RACE-014", "remembers-in-each-thread", "memory",
        op.replace("is_file", known_here)
        + op.replace("write write_atomic move copy delete delete_folder", forgotten_here),
        reason="is_file"),
    mutant("RACE-015", "locks-source-then-target", "memory", op.replace("move", locked_in_order, ~op.ITSELF),
        reason="none went on", limit_s=20.0),
    mutant("RACE-015", "waits-for-its-own-turns", "flat", op.replace("copy", part_of_its_turn, op.FILE & ~op.ITSELF),
        reason="none went on", limit_s=20.0),
    mutant("RACE-016", "makes-room-first", "flat",
        op.replace("move", target_first, ~op.ITSELF & op.called_with(overwrite=True)), reason="no file"),
)
# fmt: on
