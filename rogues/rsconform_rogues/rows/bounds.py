"""Rogues that take too much, or keep what they took."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from remote_store import AlreadyExists, InvalidPath, RemoteStoreError
from remote_store.aio import AsyncMemoryBackend

from rsconform_rogues.operators import FILE, FOLDER, ITSELF, MISSING, Call, alters, asked, first, has, instead, then
from rsconform_rogues.row import Rogue, row


def slurped(stream: Any) -> Any:
    """Read everything at once, and give it bit by bit."""
    with stream:
        return io.BytesIO(stream.read())


class _Keeps:
    """A stream that keeps a copy of what it gave."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._kept: list[bytes] = []

    def read(self, size: int = -1) -> bytes:
        piece: bytes = self._stream.read(size)
        self._kept.append(piece)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Ahead(_Keeps):
    """A stream that, once it is read from, fetches the rest as well."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._all: io.BytesIO | None = None

    def read(self, size: int = -1) -> bytes:
        if self._all is None:
            self._all = io.BytesIO(self._stream.read())
        return self._all.read(size)


def joined(call: Call) -> Any:
    """Make one of all pieces before any of them is written."""
    content = call.arguments["content"]
    return call.proceed(content=content if isinstance(content, bytes) else content.read())


@contextmanager
def held_till_the_end(call: Call) -> Iterator[Any]:
    """Take all that is written in a block into memory."""
    with call.proceed() as file:
        held = io.BytesIO()
        yield held
        file.write(held.getvalue())


def by_reading(call: Call) -> None:
    """Copy by way of memory."""
    call.rightly("write", call.arguments["dst"], call.rightly("read_bytes", call.path), overwrite=False)


_KEPT: Final[list[Any]] = []


def let_go() -> None:
    """Let go of what rogues have kept, so that whoever is tried next finds it free."""
    for kept in _KEPT:
        if isinstance(kept, int):
            os.close(kept)
    _KEPT.clear()


def descriptor_kept(_call: Call) -> None:
    _KEPT.append(os.open(os.devnull, os.O_RDONLY))


def answer_kept(call: Call) -> None:
    _KEPT.append(f"asked for {call.path} for the {len(_KEPT)}th time")


def name_kept(call: Call) -> None:
    """Note of each name when it was asked for last."""
    call.backend.__dict__.setdefault("_last", {})[call.path] = time.monotonic()


def target_kept(call: Call) -> None:
    """Note a lock for each name that something was ever copied to."""
    call.backend.__dict__.setdefault("_locks", {})[call.arguments["dst"]] = threading.Lock()


def listing_open(call: Call) -> Iterator[Any]:
    """Open something for a listing, and close it at its end."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    _KEPT.append(descriptor)
    yield from call.proceed()
    _KEPT.remove(descriptor)
    os.close(descriptor)


_OF_THREAD: Final = threading.local()


def connection_kept(call: Call) -> None:
    """Connect once in each thread, and note every connection for close()."""
    if not hasattr(_OF_THREAD, "connection"):
        _OF_THREAD.connection = os.open(os.devnull, os.O_RDONLY)
        call.backend.__dict__.setdefault("_connections", []).append(_OF_THREAD.connection)


def connections_closed(call: Call) -> None:
    for connection in call.backend.__dict__.pop("_connections", ()):
        os.close(connection)


def thread_kept(_call: Call) -> None:
    threading.Thread(target=threading.Event().wait, args=[10.0], daemon=True).start()


async def task_kept(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Leave a task that waits for good."""
    task = asyncio.ensure_future(asyncio.sleep(3600))
    _KEPT.append(task)
    return await AsyncMemoryBackend.write(self, path, content, **options)


def kept_of_errors(call: Call) -> Any:
    """Note of each name what was wrong with it last."""
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        call.backend.__dict__.setdefault("_errors", {})[call.path] = str(exc)
        raise


def lock_kept(call: Call) -> None:
    """Have a lock for each target, for good."""
    call.backend.__dict__.setdefault("_locks", {}).setdefault(call.arguments["dst"], threading.Lock())


def kept_where(cls: type[Exception]) -> Callable[[Call], Any]:
    """Return the deed of keeping a descriptor where an error comes."""

    def do(call: Call) -> Any:
        try:
            return call.proceed()
        except cls:
            descriptor_kept(call)
            raise

    return do


def kept_and_done(call: Call) -> Any:
    descriptor_kept(call)
    return call.proceed()


def temp_kept(call: Call) -> Any:
    """Spool through a file that is removed where all went well."""
    handle, name = tempfile.mkstemp()
    os.close(handle)
    answer = call.proceed()
    os.unlink(name)  # noqa: PTH108
    return answer


TO_FREE: Final = asked(overwrite=False)

ROWS: Final[tuple[Rogue, ...]] = (
    row("CAP-007c", "reads-all-at-once", "local", alters("read", slurped), reason="MiB"),
    row("SIO-009c", "fetches-the-rest-as-well", "local", alters("read", _Ahead), also="SEEK-003a", reason="MiB"),
    row("BOUND-001", "keeps-what-it-gave", "local", alters("read", _Keeps), reason="MiB"),
    row("BOUND-002", "joins-the-pieces", "local", instead("write", joined), reason="MiB"),
    row("BOUND-002", "holds-its-block", "local", instead("open_atomic", held_till_the_end), reason="MiB"),
    row("BOUND-004", "copies-by-reading", "local", instead("copy", by_reading, FILE & ~ITSELF & TO_FREE), reason="MiB"),
    row("BOUND-003", "keeps-a-descriptor", "flat", then("read", descriptor_kept), reason="descriptors more"),
    row("BOUND-003", "keeps-what-was-asked", "memory", then("exists", answer_kept), reason="blocks more"),
    row("BOUND-005", "keeps-each-name", "memory", then("exists", name_kept), reason="names_asked"),
    row(
        "BOUND-003",
        "keeps-a-connection-for-each-thread",
        "memory",
        then("read_bytes", connection_kept) + then("close", connections_closed),
        reason="descriptors more",
    ),
    row("BOUND-005", "keeps-each-error", "memory", instead("read_bytes", kept_of_errors), reason="names_asked"),
    row("BOUND-005", "keeps-a-lock-for-each-target", "memory", then("move", lock_kept), reason="names_carried"),
    row(
        "BOUND-003",
        "keeps-what-it-copies-onto-itself",
        "memory",
        instead("copy", kept_and_done, ITSELF),
        reason="copied, done",
    ),
    row(
        "BOUND-003",
        "keeps-what-is-of-another-type",
        "memory",
        instead("get_folder_info", kept_where(InvalidPath)),
        reason="mistaken, done",
    ),
    row(
        "BOUND-003",
        "keeps-what-it-walks",
        "memory",
        instead("list_files", kept_and_done, asked(recursive=True)),
        reason="listed, done",
    ),
    row(
        "BOUND-003",
        "keeps-what-it-moves-over",
        "memory",
        instead("move", kept_and_done, asked(overwrite=True) & FILE),
        reason="moved, done",
    ),
    row(
        "BOUND-003",
        "keeps-what-is-taken",
        "memory",
        instead("write_atomic", kept_where(AlreadyExists)),
        reason="write_atomic_taken, done",
    ),
    row(
        "BOUND-003",
        "keeps-a-refused-folder-open",
        "flat",
        first("delete_folder", descriptor_kept, FOLDER & asked(recursive=False)),
        reason="deleted",
    ),
    row(
        "BOUND-003",
        "keeps-a-missing-file-open",
        "memory",
        first("delete", descriptor_kept, MISSING & asked(missing_ok=True)),
        reason="deleted",
    ),
    row(
        "BOUND-003",
        "keeps-what-it-could-not-write",
        "memory",
        first("write", descriptor_kept, FOLDER),
        reason="misplaced",
    ),
    row(
        "BOUND-003",
        "keeps-what-was-taken",
        "flat",
        first("open_atomic", descriptor_kept, FILE & asked(overwrite=False)),
        reason="open_atomic_taken",
    ),
    row("BOUND-003", "leaves-listings-open", "flat", instead("list_folders", listing_open), reason="listing_left"),
    row("BOUND-003", "connects-to-be-checked", "flat", first("check_health", descriptor_kept), reason="checked"),
    row("BOUND-005", "keeps-each-address", "memory", then("native_path", name_kept), reason="names_addressed"),
    row("BOUND-005", "keeps-each-copy", "memory", then("copy", target_kept), reason="names_carried"),
    row("BOUND-003", "keeps-a-task", "async", has(write=task_kept), reason="tasks more"),
    row("BOUND-003", "keeps-a-thread", "flat", then("write", thread_kept), reason="threads more"),
    row("BOUND-003", "keeps-its-spool", "local", instead("write", temp_kept), reason="temporary files more"),
)
