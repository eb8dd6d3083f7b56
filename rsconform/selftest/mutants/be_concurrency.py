"""Mutants of BE-028: one instance in several threads."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from remote_store import AlreadyExists, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import NEW, STREAM, WINDOW_S, blobs, in_two_halves, looked_first
from rsconform.selftest.mutant import Mutant, mutant

_GLANCE_S: Final = 0.0002


def copied_in_ranges(call: op.Call) -> Any:
    """Copy in two halves, each of what the source holds then."""
    half = call.call_correct("get_file_info", call.path).size // 2
    data = call.call_correct("read_bytes", call.path)[:half]
    time.sleep(WINDOW_S)
    data += call.call_correct("read_bytes", call.path)[half:]
    return call.call_correct("write", call.arguments["dst"], data, overwrite=True)


def by_way_of_one_buffer(call: op.Call) -> Any:
    """Copy by way of one buffer for all threads."""
    call.backend.__dict__["_between"] = call.call_correct("read_bytes", call.path)
    time.sleep(WINDOW_S)
    return call.call_correct("write", call.arguments["dst"], call.backend.__dict__["_between"], overwrite=True)


def pruned(call: op.Call) -> None:
    """Take away the folder that was empty a moment ago, and what has come into it."""
    call.proceed()
    folder = call.path.rpartition("/")[0]
    if folder and not list(call.call_correct("iter_children", folder)):
        # Threads that all wait until something comes would wait for each other.
        turn = next(call.backend.__dict__.setdefault("_turns", itertools.count()))
        ends = time.monotonic() + WINDOW_S * (1 + 2 * (turn % 3))
        while time.monotonic() < ends and not list(call.call_correct("iter_children", folder)):
            time.sleep(_GLANCE_S)  # Until something comes, if it does: that is what this one is about.
        call.call_correct("delete_folder", folder, recursive=True, missing_ok=True)


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
        time.sleep(WINDOW_S / 20)
        return len(piece)

    def close(self) -> None:
        self._pool.append(self._connection)
        super().close()


def through_one_of_two(call: op.Call) -> Any:
    """Read through a connection of a pool."""
    return _Pooled(call.backend.__dict__.setdefault("_connections", []), call.proceed().read())


def in_two_questions(call: op.Call) -> Any:
    """Ask for the size, and for the rest afterwards."""
    size = call.proceed().size
    time.sleep(WINDOW_S)
    return replace(call.proceed(), size=size)


_WINDOW_S: Final = 0.003


def spooled_in_one_place(call: op.Call) -> Any:
    """Collect what a stream holds in a buffer that all threads share."""
    buffer = call.backend.__dict__.setdefault("_spool", io.BytesIO())
    buffer.seek(0)
    buffer.truncate()
    while piece := call.arguments["content"].read(4096):
        buffer.write(piece)
        time.sleep(0)
    return call.proceed(content=buffer.getvalue())


@contextmanager
def block_that_looked_first(call: op.Call) -> Any:
    """Look for the target when the block begins, and write whatever came meanwhile."""
    if call.call_correct("exists", call.path):
        raise AlreadyExists("there is one", path=call.path, backend=call.backend.name)
    time.sleep(_WINDOW_S)
    with call.proceed(overwrite=True) as file:
        yield file


def replacing_slowly(call: op.Call) -> Any:
    """Say for a moment that the file is being replaced."""
    call.backend.__dict__["_replacing"] = call.path
    time.sleep(_WINDOW_S)
    try:
        return call.proceed()
    finally:
        call.backend.__dict__["_replacing"] = None


BEING_REPLACED: Final = op.When(lambda call, path: call.backend.__dict__.get("_replacing") == path)


def shared_buffer(call: op.Call) -> Any:
    """Hold what is read in one place for all threads."""
    call.backend.__dict__["_buffer"] = call.proceed()
    time.sleep(WINDOW_S)
    return call.backend.__dict__["_buffer"]


def lost_update(call: op.Call) -> Any:
    """Put back the index that was read before, with this write in it: what others wrote meanwhile is lost."""
    before = blobs(call).copy()
    time.sleep(WINDOW_S)
    result = call.proceed()
    call.backend._blobs.by_key = {**before, call.path: blobs(call)[call.path]}
    return result


def counted(call: op.Call) -> Any:
    """Count writes in one place, and refuse where the count is not what it was."""
    seen = call.backend.__dict__.get("_count", 0)
    time.sleep(WINDOW_S)
    if call.backend.__dict__.get("_count", 0) != seen:
        raise RuntimeError("the count has changed")
    call.backend.__dict__["_count"] = seen + 1
    return call.proceed()


def indexed(call: op.Call) -> Any:
    """Note the new file in an index that others may change meanwhile."""
    answer = call.proceed()
    call.backend.__dict__.setdefault("_noted", set()).add(call.path)
    index = call.backend.__dict__.get("_index", frozenset())
    time.sleep(WINDOW_S)
    call.backend.__dict__["_index"] = index | {call.path}
    return answer


def by_index(call: op.Call) -> Iterator[Any]:
    """Leave out what was noted in the index and is not there."""
    held = call.backend.__dict__
    lost = held.get("_noted", set()) - held.get("_index", frozenset())
    return (info for info in call.proceed() if str(info.path) not in lost)


_LAST: dict[str, Any] = {}


def in_class(call: op.Call) -> Any:
    """Hand the content over in one place for all instances."""
    _LAST["content"] = call.arguments["content"]
    time.sleep(WINDOW_S)
    return call.proceed(content=_LAST["content"])


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-028a", "returns-a-connection-twice", "bare", op.replace("read", through_one_of_two, op.FILE),
        reason="own bytes"),
    mutant("BE-028a", "shares-its-buffer", "flat", op.replace("read_bytes", shared_buffer), reason="own bytes"),
    mutant("BE-028b", "copies-by-way-of-one-buffer", "flat",
        op.replace("copy", by_way_of_one_buffer, ~op.ITSELF & op.FILE & op.called_with(overwrite=True)),
        reason="copied and moved"),
    mutant("BE-028b", "prunes-new-files", "memory", op.replace("delete", pruned), reason="is gone", also="KIT-003"),
    mutant("BE-028b", "counts-in-one-place", "flat", op.replace("write", counted), reason="the count has changed"),
    mutant("BE-028b", "loses-an-update", "flat", op.replace("write", lost_update), reason="d/"),
    mutant("BE-028b", "loses-what-it-indexed", "flat",
        op.replace("write write_atomic", indexed) + op.replace("list_files", by_index), reason="listed"),
    # Streams and readers in threads.
    mutant("BE-028c", "spools-in-one-place", "flat", op.replace("write", spooled_in_one_place, STREAM),
        reason="own bytes"),
    mutant("BE-028c", "shares-its-buffer", "flat", op.replace("read_bytes", shared_buffer), reason="own bytes"),
    mutant("BE-028d", "describes-two-contents", "flat", op.replace("get_file_info", in_two_questions),
        reason="metadata of one of"),
    mutant("BE-028d", "copies-in-ranges", "flat",
        op.replace("copy", copied_in_ranges, ~op.ITSELF & op.FILE & op.called_with(overwrite=True)), reason="kinds"),
    mutant("BE-028d", "finds-nothing-meanwhile", "flat",
        op.replace("write_atomic", replacing_slowly, op.called_with(overwrite=True))
        + op.raises("read read_bytes", NotFound, BEING_REPLACED),
        reason="NotFound"),
    mutant("BE-028d", "writes-in-two-halves", "flat",
        op.replace("write_atomic", in_two_halves, op.called_with(overwrite=True)), reason="whole"),
    mutant("BE-028e", "looks-first", "flat", op.replace("write", looked_first, NEW), reason="creators"),
    mutant("BE-028e", "looks-first-atomically", "flat", op.replace("write_atomic", looked_first, NEW),
        reason="creators"),
    mutant("BE-028f", "spools-in-one-place", "flat", op.replace("write", spooled_in_one_place, STREAM),
        reason="own bytes"),
    mutant("BE-028f", "spools-in-one-place-atomically", "flat",
        op.replace("write_atomic", spooled_in_one_place, STREAM), reason="own bytes"),
    mutant("BE-028f", "counts-in-one-place", "flat", op.replace("write_atomic", counted),
        reason="the count has changed"),
    mutant("BE-028g", "shares-a-file-of-its-own", "single", op.replace("write", in_class), reason="own bytes"),
    mutant("BE-028h", "does-not-document-it", "single", op.override(__doc__="A move is not atomic."),
        reason="between threads"),
    mutant("BE-028h", "documents-no-remedy", "single", op.override(__doc__="A move is not atomic. Not thread-safe."),
        reason="each thread needs"),
    mutant("BE-028h", "documents-only-its-own-threads", "single",
        op.override(__doc__="Uploads with a pool of threads; opens eight connections. A move copies and deletes."),
        reason="between threads"),
    mutant("BE-028i", "looks-first", "flat", op.replace("open_atomic", block_that_looked_first), reason="creators"),
)
# fmt: on
