"""Mutants of BOUND: memory, handles, threads and their growth."""

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

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import KEPT, Keeps
from rsconform.selftest.mutant import Mutant, mutant


def joined(call: op.Call) -> Any:
    """Make one of all pieces before any of them is written."""
    content = call.arguments["content"]
    return call.proceed(content=content if isinstance(content, bytes) else content.read())


@contextmanager
def held_till_the_end(call: op.Call) -> Iterator[Any]:
    """Take all that is written in a block into memory."""
    with call.proceed() as file:
        held = io.BytesIO()
        yield held
        file.write(held.getvalue())


def by_reading(call: op.Call) -> None:
    """Copy by way of memory."""
    call.call_correct("write", call.arguments["dst"], call.call_correct("read_bytes", call.path), overwrite=False)


def descriptor_kept(_call: op.Call) -> None:
    KEPT.append(os.open(os.devnull, os.O_RDONLY))


def answer_kept(call: op.Call) -> None:
    KEPT.append(f"asked for {call.path} for the {len(KEPT)}th time")


def name_kept(call: op.Call) -> None:
    """Note of each name when it was asked for last."""
    call.backend.__dict__.setdefault("_last", {})[call.path] = time.monotonic()


def target_kept(call: op.Call) -> None:
    """Note a lock for each name that something was ever copied to."""
    call.backend.__dict__.setdefault("_locks", {})[call.arguments["dst"]] = threading.Lock()


def listing_open(call: op.Call) -> Iterator[Any]:
    """Open something for a listing, and close it at its end."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    KEPT.append(descriptor)
    yield from call.proceed()
    KEPT.remove(descriptor)
    os.close(descriptor)


_OF_THREAD: Final = threading.local()


def connection_kept(call: op.Call) -> None:
    """Connect once in each thread, and note every connection for close()."""
    if not hasattr(_OF_THREAD, "connection"):
        _OF_THREAD.connection = os.open(os.devnull, os.O_RDONLY)
        call.backend.__dict__.setdefault("_connections", []).append(_OF_THREAD.connection)


def connections_closed(call: op.Call) -> None:
    for connection in call.backend.__dict__.pop("_connections", ()):
        os.close(connection)


def thread_kept(_call: op.Call) -> None:
    threading.Thread(target=threading.Event().wait, args=[10.0], daemon=True).start()


async def task_kept(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Leave a task that waits for good."""
    task = asyncio.ensure_future(asyncio.sleep(3600))
    KEPT.append(task)
    return await AsyncMemoryBackend.write(self, path, content, **options)


def kept_of_errors(call: op.Call) -> Any:
    """Note of each name what was wrong with it last."""
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        call.backend.__dict__.setdefault("_errors", {})[call.path] = str(exc)
        raise


def lock_kept(call: op.Call) -> None:
    """Have a lock for each target, for good."""
    call.backend.__dict__.setdefault("_locks", {}).setdefault(call.arguments["dst"], threading.Lock())


def kept_where(cls: type[Exception]) -> Callable[[op.Call], Any]:
    """Return the behaviour of keeping a descriptor where an error comes."""

    def do(call: op.Call) -> Any:
        try:
            return call.proceed()
        except cls:
            descriptor_kept(call)
            raise

    return do


def kept_and_done(call: op.Call) -> Any:
    descriptor_kept(call)
    return call.proceed()


def temp_kept(call: op.Call) -> Any:
    """Spool through a file that is removed where all went well."""
    handle, name = tempfile.mkstemp()
    os.close(handle)
    answer = call.proceed()
    os.unlink(name)  # noqa: PTH108
    return answer


TO_FREE: Final = op.called_with(overwrite=False)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BOUND-001", "keeps-what-it-gave", "local", op.alters("read", Keeps), reason="MiB"),
    mutant("BOUND-002", "joins-the-pieces", "local", op.replace("write", joined), reason="MiB"),
    mutant("BOUND-002", "holds-its-block", "local", op.replace("open_atomic", held_till_the_end), reason="MiB"),
    mutant("BOUND-003", "keeps-a-descriptor", "flat", op.after("read", descriptor_kept), reason="descriptors more"),
    mutant("BOUND-003", "keeps-lookup-results", "memory", op.after("exists", answer_kept), reason="blocks more"),
    mutant("BOUND-003", "keeps-a-connection-for-each-thread", "memory",
        op.after("read_bytes", connection_kept) + op.after("close", connections_closed), reason="descriptors more"),
    mutant("BOUND-003", "keeps-what-it-copies-onto-itself", "memory", op.replace("copy", kept_and_done, op.ITSELF),
        reason="copied, done"),
    mutant("BOUND-003", "keeps-what-is-of-another-type", "memory",
        op.replace("get_folder_info", kept_where(InvalidPath)), reason="mistaken, done"),
    mutant("BOUND-003", "keeps-what-it-walks", "memory",
        op.replace("list_files", kept_and_done, op.called_with(recursive=True)), reason="listed, done"),
    mutant("BOUND-003", "keeps-what-it-moves-over", "memory",
        op.replace("move", kept_and_done, op.called_with(overwrite=True) & op.FILE), reason="moved, done"),
    mutant("BOUND-003", "keeps-what-is-taken", "memory", op.replace("write_atomic", kept_where(AlreadyExists)),
        reason="write_atomic_taken, done"),
    mutant("BOUND-003", "keeps-a-refused-folder-open", "flat",
        op.before("delete_folder", descriptor_kept, op.FOLDER & op.called_with(recursive=False)), reason="deleted"),
    mutant("BOUND-003", "keeps-a-missing-file-open", "memory",
        op.before("delete", descriptor_kept, op.MISSING & op.called_with(missing_ok=True)), reason="deleted"),
    mutant("BOUND-003", "keeps-what-it-could-not-write", "memory", op.before("write", descriptor_kept, op.FOLDER),
        reason="misplaced"),
    mutant("BOUND-003", "keeps-what-was-taken", "flat",
        op.before("open_atomic", descriptor_kept, op.FILE & op.called_with(overwrite=False)),
        reason="open_atomic_taken"),
    mutant("BOUND-003", "leaves-listings-open", "flat", op.replace("list_folders", listing_open),
        reason="listing_left"),
    mutant("BOUND-003", "connects-to-be-checked", "flat", op.before("check_health", descriptor_kept), reason="checked"),
    mutant("BOUND-003", "keeps-a-task", "async", op.override(write=task_kept), reason="tasks more"),
    mutant("BOUND-003", "keeps-a-thread", "flat", op.after("write", thread_kept), reason="threads more"),
    mutant("BOUND-003", "keeps-its-spool", "local", op.replace("write", temp_kept), reason="temporary files more"),
    mutant("BOUND-004", "copies-by-reading", "local", op.replace("copy", by_reading, op.FILE & ~op.ITSELF & TO_FREE),
        reason="MiB"),
    mutant("BOUND-005", "keeps-each-name", "memory", op.after("exists", name_kept), reason="names_asked"),
    mutant("BOUND-005", "keeps-each-error", "memory", op.replace("read_bytes", kept_of_errors), reason="names_asked"),
    mutant("BOUND-005", "keeps-a-lock-for-each-target", "memory", op.after("move", lock_kept), reason="names_carried"),
    mutant("BOUND-005", "keeps-each-address", "memory", op.after("native_path", name_kept), reason="names_addressed"),
    mutant("BOUND-005", "keeps-each-copy", "memory", op.after("copy", target_kept), reason="names_carried"),
)
# fmt: on
