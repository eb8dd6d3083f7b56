"""Rogues that are found out where threads do different things at once, or one after the other."""

from __future__ import annotations

import io
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from rsconform_rogues.operators import FILE, ITSELF, Around, Call, asked, instead
from rsconform_rogues.row import Rogue, row

_WINDOW_S: Final = 0.001
_GLANCE_S: Final = 0.0002


def filled_late(call: Call) -> Any:
    """Remember an answer, in a moment in which it may have become another."""
    known = call.backend.__dict__.setdefault("_known", {})
    if call.path in known:
        return known[call.path]
    answer = call.proceed()
    time.sleep(_WINDOW_S)
    known[call.path] = answer
    return answer


def forgotten(call: Call) -> Any:
    """Forget what is remembered of the paths that are changed."""
    answer = call.proceed()
    known = call.backend.__dict__.setdefault("_known", {})
    for path in (call.path, str(call.arguments.get("dst", ""))):
        known.pop(path, None)
    return answer


def copied_in_ranges(call: Call) -> Any:
    """Copy in two halves, each of what the source holds then."""
    half = call.rightly("get_file_info", call.path).size // 2
    data = call.rightly("read_bytes", call.path)[:half]
    time.sleep(_WINDOW_S)
    data += call.rightly("read_bytes", call.path)[half:]
    return call.rightly("write", call.arguments["dst"], data, overwrite=True)


def by_way_of_one_buffer(call: Call) -> Any:
    """Copy by way of one buffer for all threads."""
    call.backend.__dict__["_between"] = call.rightly("read_bytes", call.path)
    time.sleep(_WINDOW_S)
    return call.rightly("write", call.arguments["dst"], call.backend.__dict__["_between"], overwrite=True)


def pruned(call: Call) -> None:
    """Take away the folder that was empty a moment ago, and what has come into it."""
    call.proceed()
    folder = call.path.rpartition("/")[0]
    if folder and not list(call.rightly("iter_children", folder)):
        # Threads that all wait until something comes would wait for each other.
        turn = next(call.backend.__dict__.setdefault("_turns", itertools.count()))
        ends = time.monotonic() + _WINDOW_S * (1 + 2 * (turn % 3))
        while time.monotonic() < ends and not list(call.rightly("iter_children", folder)):
            time.sleep(_GLANCE_S)  # Until something comes, if it does: that is what this one is about.
        call.rightly("delete_folder", folder, recursive=True, missing_ok=True)


def counted_by_asking(call: Call) -> Any:
    """Ask for each file that was listed a moment ago."""
    for info in list(call.rightly("list_files", call.path, recursive=True)):
        call.rightly("get_file_info", str(info.path))
    return call.proceed()


def folders_by_offset(call: Call) -> Iterator[Any]:
    """List in pages of two, from where the last one ended by number."""
    at = 0
    while True:
        page = sorted(call.rightly("list_folders", call.path), key=lambda one: str(one.path), reverse=True)[at : at + 2]
        if not page:
            return
        yield from page
        at += 2
        time.sleep(_WINDOW_S / 4)


def counting_up(call: Call) -> Any:
    """Keep the count of all files, and forget what other threads count meanwhile."""
    change = -1 if call.original.__name__ == "delete" else 0 if call.rightly("exists", call.path) else 1
    answer = call.proceed()
    if change and "_total" in call.backend.__dict__:
        total = call.backend.__dict__["_total"]
        time.sleep(_WINDOW_S)
        call.backend.__dict__["_total"] = total + change
    return answer


def as_counted(call: Call) -> Any:
    """Say of the root how many files were counted."""
    info = call.proceed()
    if call.path:
        return info
    return replace(info, file_count=call.backend.__dict__.setdefault("_total", info.file_count))


def beside_itself(call: Call) -> Any:
    """Write beside the file first, where everybody sees it."""
    call.rightly("write", f"{call.path}.part", call.arguments["content"], overwrite=True)
    time.sleep(_WINDOW_S)
    call.rightly("delete", f"{call.path}.part")
    return call.proceed()


def answered_from_one_place(call: Call) -> Any:
    """Keep the answer in one place until it is given."""
    call.backend.__dict__["_answer"] = call.proceed()
    time.sleep(_WINDOW_S)
    return call.backend.__dict__["_answer"]


def listed_from_one_place(call: Call) -> Iterator[Any]:
    """Keep the page in one place until it is listed."""
    call.backend.__dict__["_page"] = list(call.proceed())
    time.sleep(_WINDOW_S)
    yield from call.backend.__dict__["_page"]


_OF_THREAD: Final = threading.local()


def known_here(call: Call) -> Any:
    """Remember in each thread what it was told."""
    known = _OF_THREAD.__dict__.setdefault(f"{id(call.backend)}", {})
    if call.path not in known:
        known[call.path] = call.proceed()
    return known[call.path]


def forgotten_here(call: Call) -> Any:
    """Forget in this thread what it was told."""
    _OF_THREAD.__dict__.clear()
    return call.proceed()


def locked_in_order(call: Call) -> Any:
    """Lock the source, and then the target."""
    locks = call.backend.__dict__.setdefault("_locks", {})
    first, second = (locks.setdefault(path, threading.Lock()) for path in (call.path, call.arguments["dst"]))
    with first:
        time.sleep(_WINDOW_S)
        with second:
            return call.proceed()


def part_of_its_turn(call: Call) -> Any:
    """Take one of four turns, and for a part of the work another one."""
    turns = call.backend.__dict__.setdefault("_turns", threading.Semaphore(4))
    with turns:
        time.sleep(_WINDOW_S)
        with turns:
            return call.proceed()


def _own_lock(call: Call) -> Any:
    return call.backend.__dict__.setdefault("_own_lock", threading.RLock())


def locked_again(call: Call) -> Any:
    """Take a lock that this thread may have already."""
    with _own_lock(call):
        return call.proceed()


def kept_when_stopped(call: Call) -> Any:
    """Give the lock back after what was thought of."""
    lock = _own_lock(call)
    lock.acquire()
    try:
        answer = call.proceed()
    except Exception:
        lock.release()
        raise
    lock.release()
    return answer


def locked_to_its_end(call: Call) -> Iterator[Any]:
    """Give the lock back when all is listed."""
    lock = _own_lock(call)
    lock.acquire()
    yield from call.proceed()
    lock.release()


@contextmanager
def block_under_lock(call: Call) -> Iterator[Any]:
    """Hold the lock for as long as the block lasts."""
    with _own_lock(call), call.proceed() as file:
        yield file


def closed_once(call: Call) -> Any:
    """Look whether it is closed, and close then what may be closed only once."""
    held = call.backend.__dict__
    if not held.get("_is_shut"):
        time.sleep(_WINDOW_S)
        if held.get("_is_shut"):
            raise RuntimeError("it is closed already")
        held["_is_shut"] = True
    return call.proceed()


class _Pooled(io.RawIOBase):
    """A stream over a connection of a pool, given back at each close."""

    def __init__(self, pool: list[dict[str, bytes]], data: bytes) -> None:
        self._pool, self._at = pool, 0
        self._connection = pool.pop() if pool else {}
        self._connection["data"] = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._connection["data"][self._at : self._at + min(len(buffer), 500)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        time.sleep(_WINDOW_S / 20)
        return len(piece)

    def close(self) -> None:
        self._pool.append(self._connection)
        super().close()


def through_one_of_two(call: Call) -> Any:
    """Read through a connection of a pool."""
    return _Pooled(call.backend.__dict__.setdefault("_connections", []), call.proceed().read())


def walked_while_all_is_there(call: Call) -> Iterator[Any]:
    """Walk folder by folder, and end where one that was seen has gone."""
    pending = [call.path]
    while pending:
        folder = pending.pop()
        below = [str(entry.path) for entry in call.rightly("list_folders", folder)]
        time.sleep(_WINDOW_S / 4)
        if not all(call.rightly("is_folder", path) for path in below):
            return
        pending += below
        yield from call.rightly("list_files", folder)


def of_four(call: Call) -> Any:
    """Read through one of four connections, and wait until one is free."""
    free = call.backend.__dict__.setdefault("_free", threading.Semaphore(4))
    stream = call.proceed()
    free.acquire()
    given_back: list[bool] = []

    def close(stream: Any) -> None:
        if not given_back:
            given_back.append(True)
            free.release()
        stream.close()

    return Around(stream, close=close)


def in_two_questions(call: Call) -> Any:
    """Ask for the size, and for the rest afterwards."""
    size = call.proceed().size
    time.sleep(_WINDOW_S)
    return replace(call.proceed(), size=size)


ROWS: Final[tuple[Rogue, ...]] = (
    row(
        "BE-028b",
        "copies-by-way-of-one-buffer",
        "flat",
        instead("copy", by_way_of_one_buffer, ~ITSELF & FILE & asked(overwrite=True)),
        reason="copied and moved",
    ),
    row("BE-028b", "prunes-what-has-come", "memory", instead("delete", pruned), reason="is gone", also="KIT-003"),
    row(
        "BE-028d",
        "describes-two-contents",
        "flat",
        instead("get_file_info", in_two_questions),
        reason="metadata of one of",
    ),
    row(
        "BE-028d",
        "copies-in-ranges",
        "flat",
        instead("copy", copied_in_ranges, ~ITSELF & FILE & asked(overwrite=True)),
        reason="kinds",
    ),
    row("KIT-063", "counts-by-asking", "memory", instead("get_folder_info", counted_by_asking), reason="NotFound"),
    row(
        "KIT-063",
        "miscounts-the-root",
        "memory",
        instead("write delete", counting_up) + instead("get_folder_info", as_counted),
        reason="files",
    ),
    row(
        "KIT-063",
        "ends-where-a-folder-goes",
        "memory",
        instead("list_files", walked_while_all_is_there, asked(recursive=True)),
        reason="missing",
    ),
    row(
        "KIT-063", "lists-folders-by-offset", "memory", instead("list_folders", folders_by_offset), reason="throughout"
    ),
    row(
        "KIT-063",
        "shows-its-temp-file",
        "flat",
        instead("write_atomic", beside_itself, asked(overwrite=True)),
        reason="never was",
        also="AW-001 AW-003b",
    ),
    row("RACE-013", "describes-from-one-place", "flat", instead("get_file_info", answered_from_one_place)),
    row("RACE-013", "lists-from-one-place", "flat", instead("list_files", listed_from_one_place), reason="list_files"),
    row(
        "RACE-014",
        "remembers-in-each-thread",
        "memory",
        instead("is_file", known_here) + instead("write write_atomic move copy delete delete_folder", forgotten_here),
        reason="is_file",
    ),
    row(
        "RACE-015",
        "locks-source-then-target",
        "memory",
        instead("move", locked_in_order, ~ITSELF),
        reason="none went on",
        limit_s=20.0,
    ),
    row(
        "RACE-015",
        "waits-for-its-own-turns",
        "flat",
        instead("copy", part_of_its_turn, FILE & ~ITSELF),
        reason="none went on",
        limit_s=20.0,
    ),
    row(
        "RACE-001",
        "remembers-what-it-saw-before",
        "flat",
        instead("is_file", filled_late) + instead("write write_atomic move copy delete", forgotten),
        reason="is_file: ",
    ),
    row(
        "RACE-001",
        "describes-what-it-saw-before",
        "flat",
        instead("get_file_info", filled_late) + instead("write write_atomic move copy delete", forgotten),
        reason="get_file_info",
    ),
    row("RACE-006", "closes-twice-at-once", "flat", instead("close", closed_once), reason="RuntimeError"),
    row("BE-028a", "gives-back-twice", "bare", instead("read", through_one_of_two, FILE), reason="own bytes"),
    row(
        "KIT-066",
        "gives-back-after-exceptions",
        "memory",
        instead("write", kept_when_stopped),
        reason="still waits",
        limit_s=20.0,
    ),
    row(
        "KIT-066",
        "lists-to-its-end-or-for-ever",
        "memory",
        instead("list_files", locked_to_its_end) + instead("write", locked_again),
        reason="still waits",
        limit_s=20.0,
    ),
    row("KIT-067", "has-four-connections", "flat", instead("read", of_four), reason="still waits", limit_s=20.0),
    row(
        "KIT-067",
        "keeps-all-out-of-its-block",
        "memory",
        instead("open_atomic", block_under_lock) + instead("read_bytes", locked_again),
        reason="still waits",
        limit_s=20.0,
    ),
)
