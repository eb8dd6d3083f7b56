"""Mutants of KIT: what rsconform derives from the contract."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import os
import posixpath
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize
from urllib.parse import quote, unquote, unquote_plus

from remote_store import AlreadyExists, BackendUnavailable, NotFound, RemotePath, RemoteStoreError, WriteResult
from remote_store.aio import AsyncMemoryBackend

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import (
    METADATA,
    NEVER,
    NEW,
    SPELLED_OTHERWISE,
    STREAM,
    WINDOW_S,
    blobs,
    folder_of_target,
    in_two_halves,
    looked_first,
    path_like,
    renamed,
    tried_again,
    without_dots,
)
from rsconform.selftest.mutant import Mutant, mutant


def with_key_added(call: op.Call) -> None:
    call.arguments["metadata"]["added"] = "here"


def mapping_kept(call: op.Call) -> Any:
    """Keep the mapping of metadata that was handed over, not a copy of it."""
    result = call.proceed()
    stored = blobs(call)
    stored[call.path] = replace(stored[call.path], metadata=call.arguments["metadata"])
    return result


def mapping_told(call: op.Call) -> Any:
    """Hand out the mapping of metadata that is stored, not a copy of it."""
    returned, stored = call.proceed(), blobs(call)
    stored[call.path] = replace(stored[call.path], metadata=returned.metadata)
    return returned


def below_in_any_case(key: str, path: str) -> bool:
    return key.lower().startswith(f"{path}/".lower())


def composed(name: str) -> str:
    return normalize("NFC", name)


def printable(name: str) -> str:
    return "".join(character for character in name if character.isprintable())


def stray_folder(call: op.Call) -> None:
    call.backend._ensure_parents(["other_process", "file"])


def moved_and_told(call: op.Call) -> Any:
    call.proceed()
    return call.arguments["dst"]


def in_any_case(call: op.Call) -> Any:
    files = call.call_correct("list_files", "", recursive=True)
    return (info for info in files if fnmatchcase(str(info.path).lower(), call.path.lower()))


LENGTHY: Final = op.When(lambda _call, path: len(path) > 255)
IN_ANOTHER_CASE: Final = op.When(lambda call, path: path != path.lower() and call.call_correct("is_file", path.lower()))
SAME_SIZE: Final = op.When(
    lambda call, path: len(call.call_correct("read_bytes", path)) == len(call.arguments["content"])
)


def matching(key: str, path: str) -> bool:
    return fnmatchcase(key, path)


def in_lower_case(call: op.Call) -> Any:
    return call.proceed(path=call.path.lower(), overwrite=True)


def around_the_corner(stream: Any, offset: int, whence: int = 0) -> int:
    return int(stream.seek(offset, 2 if whence == 0 and offset < 0 else whence))


def one_reader(call: op.Call) -> Any:
    """Have one stream per file, rewound for whoever asks next."""
    readers: dict[str, Any] = call.backend.__dict__.setdefault("_readers", {})
    reader = readers.get(call.path)
    if reader is None or reader.closed:
        reader = readers[call.path] = call.proceed()
    reader.seek(0)
    return reader


def cut_off(call: op.Call) -> Any:
    """Let a stream end where its file is gone."""

    def read(stream: Any, *size: int) -> Any:
        return stream.read(*size) if call.path in blobs(call) else b""

    return op.Around(call.proceed(), read=read)


def blanked(call: op.Call) -> Any:
    """Let a stream give zeros where its file is another by now."""
    blob = blobs(call).get(call.path)

    def read(stream: Any, *size: int) -> Any:
        piece = stream.read(*size)
        return piece if blobs(call).get(call.path) is blob else bytes(len(piece))

    return op.Around(call.proceed(), read=read)


def source_errors_mapped(call: op.Call) -> Any:
    try:
        return call.proceed()
    except RemoteStoreError:
        raise
    except Exception as exc:
        raise BackendUnavailable("the source failed", path=call.path, backend=call.backend.name) from exc


def left_as_it_was(call: op.Call) -> Any:
    return WriteResult(RemotePath(call.path), len(call.arguments["content"]))


class _Kept:
    """A blob that is still its source."""

    modified_at = datetime(2001, 1, 1, tzinfo=UTC)
    metadata = None

    def __init__(self, source: Any) -> None:
        self._source = source

    @property
    def data(self) -> bytes:
        return bytes(self._source.getvalue())


def source_kept(call: op.Call) -> Any:
    source = call.arguments["content"]
    blobs(call)[call.path] = _Kept(source)
    return WriteResult(RemotePath(call.path), len(source.getvalue()))


@contextmanager
def up_to_its_position(call: op.Call) -> Iterator[Any]:
    """Store of a block's file what lies before its position."""
    written = io.BytesIO()
    with call.proceed() as file:
        yield written
        file.write(written.getvalue()[: written.tell()])


def listed_before(call: op.Call) -> Iterator[Any]:
    """List a folder as it was listed before."""
    known = call.backend.__dict__.setdefault("_listings", {})
    asked = (call.path, call.arguments["recursive"], call.arguments["max_depth"])
    if asked not in known:
        known[asked] = list(call.proceed())
    yield from known[asked]


def parent_forgotten(call: op.Call) -> None:
    """Forget how the folder was listed that a file came into or went from, and no other."""
    known = call.backend.__dict__.get("_listings", {})
    changed = {posixpath.dirname(str(call.arguments.get(name, ""))) for name in ("path", "src", "dst")}
    for asked in [asked for asked in known if asked[0] in changed]:
        del known[asked]


def source_closed(call: op.Call) -> None:
    getattr(call.arguments["content"], "close", lambda: None)()


def lost_to_itself(call: op.Call) -> None:
    """Put the file there, and delete it as what it was moved from."""
    call.call_correct("delete", without_dots(call.path))


def busy(call: op.Call) -> Iterator[Any]:
    """Have one cursor, which a listing holds until its end."""
    if call.backend.__dict__.get("_busy"):
        raise BackendUnavailable("another listing is open", path=call.path, backend=call.backend.name)
    call.backend._busy = True
    yield from call.proceed()
    call.backend._busy = False


class _InTurn(io.BytesIO):
    """A stream that is read under a lock of the backend."""

    def __init__(self, data: bytes, lock: threading.Lock) -> None:
        super().__init__(data)
        self._lock = lock

    def read(self, size: int | None = -1, /) -> bytes:
        with self._lock:
            return super().read(size)


def _turn(call: op.Call) -> threading.Lock:
    lock: threading.Lock = call.backend.__dict__.setdefault("_turn", threading.Lock())
    return lock


def in_turn(call: op.Call) -> Any:
    """Hold a lock while the source is read."""
    with _turn(call):
        return call.proceed()


def read_in_turn(call: op.Call) -> Any:
    return _InTurn(call.proceed().read(), _turn(call))


def in_pages_by_number(call: op.Call) -> Iterator[Any]:
    """List in pages of a hundred, and begin each by its number in the store as it is then."""
    number = 0
    while True:
        page = sorted(call.proceed(), key=lambda entry: str(entry.path))[number : number + 100]
        yield from page
        if len(page) < 100:
            return
        number += 100


def by_number(call: op.Call) -> Iterator[Any]:
    """List entry by entry, each by its number in the store as it is then."""
    number = 0
    while True:
        entries = sorted(call.proceed(), key=lambda entry: str(entry.path))
        if number >= len(entries):
            return
        yield entries[number]
        number += 1


def looking_over_and_over(call: op.Call) -> None:
    for _ in range(600):
        call.call_correct("is_file", "no-such-file")


BYTES_IO: Final = STREAM & op.When(lambda call, _: isinstance(call.arguments["content"], io.BytesIO))


@contextmanager
def in_one_buffer(call: op.Call) -> Iterator[Any]:
    """Gather what blocks write in one place of the instance."""
    buffer = call.backend.__dict__.setdefault("_block", io.BytesIO())
    with call.proceed() as file:
        start = buffer.tell()
        yield buffer
        file.write(buffer.getvalue()[start:])


def replaced_then_refused(call: op.Call) -> Any:
    """Overwrite the file whose name differs in case alone, and then say that there is one."""
    call.proceed(path=call.path.lower(), overwrite=True)
    raise AlreadyExists("there is such a file", path=call.path, backend=call.backend.name)


def cleared_then_refused(call: op.Call) -> Any:
    """Delete the target to make room for the move, and find then that there is no source."""
    call.call_correct("delete", without_dots(call.path))
    raise NotFound("there is no such file", path=call.path, backend=call.backend.name)


async def keeps_its_lock(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Hold a lock while the source is read, and give it back on the ways out that were thought of."""
    lock = self.__dict__.setdefault("_lock_of_writes", asyncio.Lock())
    await lock.acquire()
    try:
        answer = await AsyncMemoryBackend.write(self, path, content, **options)
    except Exception:
        lock.release()
        raise
    lock.release()
    return answer


async def swallows_cancellation(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Take a cancellation of the source for its end."""
    if isinstance(content, bytes):
        return await AsyncMemoryBackend.write(self, path, content, **options)
    taken = b""
    with contextlib.suppress(asyncio.CancelledError):
        async for piece in content:
            taken += piece
    return await AsyncMemoryBackend.write(self, path, taken, **options)


async def leaves_its_temp_file(self: Any, path: str, content: Any, **options: Any) -> Any:
    """Write beside the file first, and clear that away only when all went well."""
    taken = content if isinstance(content, bytes) else b""
    for_now = f"{path}.tmp"
    if not isinstance(content, bytes):
        async for piece in content:
            taken += piece
            await AsyncMemoryBackend.write(self, for_now, taken, overwrite=True)
    result = await AsyncMemoryBackend.write_atomic(self, path, taken, **options)
    await AsyncMemoryBackend.delete(self, for_now, missing_ok=True)
    return result


async def locks_for_good(self: Any, path: str) -> bool:
    """Take a lock and give it back only if nothing came between."""
    lock = self.__dict__.setdefault("_own_lock", asyncio.Lock())
    await lock.acquire()
    await asyncio.sleep(0)
    found = await AsyncMemoryBackend.exists(self, path)
    lock.release()
    return found


async def answers_when_cancelled(self: Any, path: str) -> bool:
    """Take a cancellation for an answer."""
    try:
        await asyncio.sleep(0.001)
        return await AsyncMemoryBackend.exists(self, path)
    except asyncio.CancelledError:
        return False


async def fails_when_cancelled(self: Any, path: str) -> bytes:
    """Take a cancellation for an outage."""
    try:
        await asyncio.sleep(0.001)
        return await AsyncMemoryBackend.read_bytes(self, path)
    except asyncio.CancelledError as exc:
        raise BackendUnavailable("no reply", path=path, backend=self.name) from exc


async def clears_first(self: Any, path: str, content: Any, *, overwrite: bool = False, **options: Any) -> Any:
    """Take the old file away, let others have a turn, and write the new one."""
    taken = content if isinstance(content, bytes) else b"".join([piece async for piece in content])
    if overwrite and await AsyncMemoryBackend.is_file(self, path):
        await AsyncMemoryBackend.delete(self, path)
        await asyncio.sleep(0.001)
    return await AsyncMemoryBackend.write(self, path, taken, overwrite=overwrite, **options)


async def waits_for_good(self: Any, path: str) -> Any:
    """Have a task of its own ask, and leave it where it is cancelled."""
    done = asyncio.Event()

    async def ask() -> Any:
        await asyncio.sleep(0)
        try:
            return await AsyncMemoryBackend.get_file_info(self, path)
        finally:
            await done.wait()

    task = asyncio.ensure_future(ask())
    NEVER.add(task)
    await asyncio.sleep(0.001)
    done.set()
    return await task


def blocking(op: str) -> Callable[..., Awaitable[Any]]:
    """Return an operation that sleeps without giving the loop back."""

    async def block(self: Any, *args: Any, **options: Any) -> Any:
        time.sleep(0.4)
        return await getattr(AsyncMemoryBackend, op)(self, *args, **options)

    return block


def counted_by_asking(call: op.Call) -> Any:
    """Ask for each file that was listed a moment ago."""
    for info in list(call.call_correct("list_files", call.path, recursive=True)):
        call.call_correct("get_file_info", str(info.path))
    return call.proceed()


def folders_by_offset(call: op.Call) -> Iterator[Any]:
    """List in pages of two, from where the last one ended by number."""
    at = 0
    while True:
        page = sorted(call.call_correct("list_folders", call.path), key=lambda one: str(one.path), reverse=True)[
            at : at + 2
        ]
        if not page:
            return
        yield from page
        at += 2
        time.sleep(WINDOW_S / 4)


def counting_up(call: op.Call) -> Any:
    """Keep the count of all files, and forget what other threads count meanwhile."""
    change = -1 if call.original.__name__ == "delete" else 0 if call.call_correct("exists", call.path) else 1
    answer = call.proceed()
    if change and "_total" in call.backend.__dict__:
        total = call.backend.__dict__["_total"]
        time.sleep(WINDOW_S)
        call.backend.__dict__["_total"] = total + change
    return answer


def as_counted(call: op.Call) -> Any:
    """Say of the root how many files were counted."""
    info = call.proceed()
    if call.path:
        return info
    return replace(info, file_count=call.backend.__dict__.setdefault("_total", info.file_count))


def beside_itself(call: op.Call) -> Any:
    """Write beside the file first, where everybody sees it."""
    call.call_correct("write", f"{call.path}.part", call.arguments["content"], overwrite=True)
    time.sleep(WINDOW_S)
    call.call_correct("delete", f"{call.path}.part")
    return call.proceed()


def _own_lock(call: op.Call) -> Any:
    return call.backend.__dict__.setdefault("_own_lock", threading.RLock())


def locked_again(call: op.Call) -> Any:
    """Take a lock that this thread may have already."""
    with _own_lock(call):
        return call.proceed()


def kept_when_stopped(call: op.Call) -> Any:
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


def locked_to_its_end(call: op.Call) -> Iterator[Any]:
    """Give the lock back when all is listed."""
    lock = _own_lock(call)
    lock.acquire()
    yield from call.proceed()
    lock.release()


@contextmanager
def block_under_lock(call: op.Call) -> Iterator[Any]:
    """Hold the lock for as long as the block lasts."""
    with _own_lock(call), call.proceed() as file:
        yield file


def walked_while_all_is_there(call: op.Call) -> Iterator[Any]:
    """Walk folder by folder, and end where one that was seen has gone."""
    pending = [call.path]
    while pending:
        folder = pending.pop()
        below = [str(entry.path) for entry in call.call_correct("list_folders", folder)]
        time.sleep(WINDOW_S / 4)
        if not all(call.call_correct("is_folder", path) for path in below):
            return
        pending += below
        yield from call.call_correct("list_files", folder)


def of_four(call: op.Call) -> Any:
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

    return op.Around(stream, close=close)


def taking(found: Callable[[Any], bytes | None]) -> op.Behaviour:
    """Return the behaviour of storing what is found out about a source, if anything is, and else what it reads."""

    def take(call: op.Call) -> Any:
        content = found(call.arguments["content"])
        return call.proceed() if content is None else call.proceed(content=content)

    return take


def by_descriptor(source: Any) -> bytes | None:
    try:
        descriptor = source.fileno()
    except (AttributeError, OSError):
        return None
    return b"".join(iter(lambda: os.read(descriptor, 1 << 16), b""))


def by_name(source: Any) -> bytes | None:
    name = getattr(source, "name", None)
    return Path(name).read_bytes() if isinstance(name, str) else None


def by_size_on_disk(source: Any) -> bytes | None:
    try:
        size = os.fstat(source.fileno()).st_size
    except (AttributeError, OSError):
        return None
    return bytes(source.read(size))


def whatever_it_is_called(source: Any) -> bytes | None:
    Path(getattr(source, "name", None) or "nameless")
    return None


def temp_cleared(call: op.Call) -> None:
    """Clear up what would be a temporary file of one's own."""
    blobs(call).pop(f"{call.path}.tmp", None)


def packed(call: op.Call) -> Any:
    content = call.arguments["content"]
    return call.proceed(content=gzip.compress(content if isinstance(content, bytes) else content.read()))


def not_as_backups(entries: Iterator[Any]) -> Iterator[Any]:
    return (entry for entry in entries if not str(entry.path).endswith(("~", ".bak")) or str(entry.path) == "~")


PACKED: Final = op.When(lambda _call, path: path.endswith(".gz"))


def listed_in_pages(call: op.Call) -> Any:
    """List by position: what is deleted meanwhile shifts the rest."""
    first = list(call.proceed())
    half = len(first) // 2
    time.sleep(WINDOW_S)
    return iter(first[:half] + list(call.proceed())[half + (len(first) % 2) :])


def lock_of(call: op.Call) -> Any:
    return call.backend.__dict__.setdefault("_own_lock", threading.RLock())


def locked(call: op.Call) -> Any:
    with lock_of(call):
        return call.proceed()


def unreleased(call: op.Call) -> Any:
    """Give the lock back unless something goes wrong."""
    lock_of(call).acquire()
    result = call.proceed()
    lock_of(call).release()
    return result


def under_lock(call: op.Call) -> Iterator[Any]:
    """Hold the lock until the listing is at its end."""
    with lock_of(call):
        yield from call.proceed()


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # What is always on, and models.
    mutant("KIT-001", "writes-before-it-fails", "flat", op.after_failure("delete", op.writes_file("{path}"))),
    mutant("KIT-002", "makes-folders-before-it-fails", "memory", op.after_failure("move", folder_of_target),
        seen_in=("BE-018b/missing[dst=new/x]",)),
    mutant("KIT-003", "leaves-a-lock-file", "flat",
        op.after("write", op.writes_file("lock"), op.called_with(path="d/a", overwrite=False))),
    mutant("KIT-003", "makes-a-folder-elsewhere", "memory",
        op.after("write", stray_folder, op.called_with(path="d/a", overwrite=False))),
    mutant("KIT-004", "returns-true-from-delete", "flat", op.alters("delete", lambda _: True)),
    mutant("KIT-004", "returns-the-target-from-move", "memory", op.replace("move", moved_and_told)),
    mutant("KIT-005", "adds-to-metadata", "flat", op.before("write", with_key_added, METADATA), reason="'added'"),
    mutant("KIT-006", "hangs", "flat", op.hangs("list_folders"), also="BE-015a", limit_s=0.2),
    mutant("KIT-006", "never-ends-a-listing", "flat", op.alters("list_folders", cycle), also="BE-015a"),
    mutant("KIT-007", "sends-requests-without-end", "s3", op.before("exists", looking_over_and_over), limit_s=60.0,
        reason="at most"),
    # KIT, from 020 on: what follows from the numbered axioms.
    mutant("KIT-020", "unquotes-names", "flat", op.replace("write", renamed(unquote)), also="KIT-003 ERR-002"),
    mutant("KIT-020", "trims-names", "flat", op.replace("write_atomic", renamed(str.strip)), also="KIT-003 ERR-002"),
    mutant("KIT-020", "composes-names", "flat", op.replace("write", renamed(composed)), also="KIT-003 KIT-026 ERR-002"),
    mutant("KIT-020", "clears-up-what-is-not-its-own", "flat", op.after("write", temp_cleared), also="KIT-003"),
    mutant("KIT-020", "packs-by-name", "flat", op.replace("write", packed, PACKED), also="WR-003"),
    mutant("KIT-021", "unquotes-what-it-reads", "flat", op.replace("read_bytes", renamed(unquote))),
    mutant("KIT-021", "unpacks-by-name", "flat", op.alters("read_bytes", gzip.decompress, PACKED), also="BE-021a"),
    mutant("KIT-022", "trims-what-it-looks-for", "flat", op.replace("exists", renamed(str.strip))),
    mutant("KIT-023", "quotes-what-it-lists", "flat",
        op.fills_each("list_files", path=lambda i: RemotePath(quote(str(i.path))))),
    mutant("KIT-023", "hides-backups", "flat", op.alters("list_files", not_as_backups), reason="missing"),
    mutant("KIT-024", "takes-patterns", "flat", op.after("delete", path_like(matching)), also="KIT-003"),
    mutant("KIT-025", "unquotes-its-source", "flat", op.replace("copy", renamed(unquote_plus)), also="ERR-002"),
    # A refusal that has changed something.
    mutant("KIT-026", "replaces-and-then-refuses", "flat", op.replace("write", replaced_then_refused, IN_ANOTHER_CASE),
        also="KIT-001 KIT-003", reason="refused the change"),
    mutant("KIT-026", "folds-case", "flat", op.replace("write", in_lower_case, IN_ANOTHER_CASE), also="KIT-003"),
    mutant("KIT-027", "reports-long-names-as-outage", "flat", op.raises("write", BackendUnavailable, LENGTHY),
        reason="raised BackendUnavailable"),
    mutant("KIT-027", "does-not-find-long-names", "flat", op.raises("exists", NotFound, LENGTHY),
        reason="raised NotFound"),
    mutant("KIT-027", "leaks-os-errors", "flat", op.raises("write", OSError, LENGTHY), also="BE-021a",
        reason="OSError"),
    mutant("KIT-027", "drops-control-characters", "flat", op.replace("write", renamed(printable)),
        also="KIT-003 ERR-002"),
    mutant("KIT-028", "takes-one-size-for-no-change", "flat",
        op.replace("write", left_as_it_was, ~STREAM & op.FILE & op.called_with(overwrite=True) & SAME_SIZE)),
    mutant("KIT-029", "keeps-its-source", "flat", op.replace("write", source_kept, STREAM & op.MISSING)),
    mutant("KIT-029", "keeps-the-mapping", "flat", op.replace("write", mapping_kept, METADATA), reason="handed over"),
    mutant("KIT-030", "maps-its-source's-errors", "flat", op.replace("write", source_errors_mapped),
        reason="BackendUnavailable"),
    mutant("KIT-031", "has-one-reader-per-file", "flat", op.replace("read", one_reader)),
    mutant("KIT-032", "ends-with-the-file", "flat", op.replace("read", cut_off)),
    mutant("KIT-033", "gives-zeros", "flat", op.replace("read", blanked), reason="neither at byte"),
    mutant("KIT-034", "wraps-negative-seeks", "flat", op.streams("read_seekable", seek=around_the_corner)),
    mutant("KIT-035", "has-one-cursor", "flat", op.replace("list_files", busy), reason="BackendUnavailable"),
    mutant("KIT-036", "lists-by-number", "flat", op.replace("list_files", by_number)),
    mutant("KIT-036", "lists-in-pages-by-number", "flat", op.replace("list_files", in_pages_by_number),
        reason="missing"),
    mutant("KIT-037", "changes-its-mind", "flat", op.every_second_time("exists", lambda there: not there)),
    mutant("KIT-038", "matches-any-case", "flat", op.replace("glob", in_any_case), also="BE-024b", reason="unexpected"),
    mutant("KIT-039", "stores-up-to-its-position", "memory", op.replace("open_atomic", up_to_its_position)),
    mutant("KIT-040", "deletes-in-any-case", "flat", op.after("delete_folder", path_like(below_in_any_case)),
        also="KIT-003"),
    mutant("KIT-041", "keeps-what-ancestors-listed", "flat",
        op.replace("list_files", listed_before) + op.after("write delete move copy", parent_forgotten),
        reason="missing"),
    mutant("KIT-042", "closes-its-source", "flat", op.after("write", source_closed, STREAM), reason="closed"),
    mutant("KIT-043", "clears-and-then-refuses", "memory",
        op.replace("move", cleared_then_refused, SPELLED_OTHERWISE & op.called_with(overwrite=True)), also="KIT-001",
        reason="refused the change"),
    mutant("KIT-043", "moves-itself-away", "memory", op.replace("move", lost_to_itself, SPELLED_OTHERWISE)),
    mutant("KIT-045", "lists-tags-of-its-own", "flat", op.fills_each("list_files", etag=lambda i: f"{i.size}"),
        reason="etag"),
    mutant("KIT-046", "makes-the-folder-first", "memory", op.after_failure("move", folder_of_target), also="KIT-002"),
    mutant("KIT-047", "returns-its-own-mapping-in-file-info", "flat",
        op.replace("get_file_info", mapping_told, op.FILE), reason="stored"),
    mutant("KIT-047", "returns-its-own-mapping-in-results", "flat", op.replace("write", mapping_told, METADATA),
        reason="stored"),
    mutant("KIT-060", "keeps-its-lock", "async", op.override(write=keeps_its_lock), reason="did not return",
        limit_s=20.0),
    mutant("KIT-060", "swallows-cancellation", "async", op.override(write=swallows_cancellation), reason="it returned"),
    mutant("KIT-060", "leaves-its-temp-file", "async", op.override(write_atomic=leaves_its_temp_file),
        also="KIT-001 KIT-003", reason=".tmp"),
    mutant("KIT-061", "locks-for-good", "async", op.override(exists=locks_for_good), reason="did not return",
        limit_s=10.0),
    mutant("KIT-061", "answers-when-cancelled", "async", op.override(exists=answers_when_cancelled),
        reason="returned False"),
    mutant("KIT-061", "fails-when-cancelled", "async", op.override(read_bytes=fails_when_cancelled),
        reason="raised BackendUnavailable"),
    mutant("KIT-061", "clears-before-it-writes", "async", op.override(write_atomic=clears_first),
        reason="left no bytes"),
    mutant("KIT-061", "leaves-a-task", "async", op.override(get_file_info=waits_for_good), reason="tasks go on",
        limit_s=20.0),
    mutant("KIT-062", "sleeps-in-read", "async", op.override(read_bytes=blocking("read_bytes")), reason="held it for"),
    mutant("KIT-062", "sleeps-in-copy", "async", op.override(copy=blocking("copy")), reason="copy() held it for"),
    mutant("KIT-062", "sleeps-in-move", "async", op.override(move=blocking("move")), reason="move() held it for"),
    mutant("KIT-062", "sleeps-in-delete", "async", op.override(delete=blocking("delete")),
        reason="delete() held it for"),
    mutant("KIT-062", "sleeps-in-delete-folder", "async", op.override(delete_folder=blocking("delete_folder")),
        reason="delete_folder() held it for"),
    mutant("KIT-062", "sleeps-in-check-health", "async", op.override(check_health=blocking("check_health")),
        reason="check_health() held it for"),
    mutant("KIT-063", "counts-by-lookups", "memory", op.replace("get_folder_info", counted_by_asking),
        reason="NotFound"),
    mutant("KIT-063", "miscounts-the-root", "memory",
        op.replace("write delete", counting_up) + op.replace("get_folder_info", as_counted), reason="files"),
    mutant("KIT-063", "ends-where-a-folder-goes", "memory",
        op.replace("list_files", walked_while_all_is_there, op.called_with(recursive=True)), reason="missing"),
    mutant("KIT-063", "lists-folders-by-offset", "memory", op.replace("list_folders", folders_by_offset),
        reason="throughout"),
    mutant("KIT-063", "shows-its-temp-file", "flat",
        op.replace("write_atomic", beside_itself, op.called_with(overwrite=True)), reason="never was",
        also="AW-001 AW-003b"),
    mutant("KIT-063", "lists-in-pages", "flat",
        op.replace("list_files", listed_in_pages, op.called_with(recursive=False)), reason="file"),
    mutant("KIT-064", "looks-first", "flat", op.replace("copy", looked_first, NEW), reason="creators"),
    mutant("KIT-065", "writes-in-two-halves", "flat",
        op.replace("write", in_two_halves, op.called_with(overwrite=True)), reason="whole"),
    mutant("KIT-066", "releases-its-lock-only-after-exceptions", "memory", op.replace("write", kept_when_stopped),
        reason="still waits", limit_s=20.0),
    mutant("KIT-066", "holds-its-lock-until-the-listing-ends", "memory",
        op.replace("list_files", locked_to_its_end) + op.replace("write", locked_again), reason="still waits",
        limit_s=20.0),
    mutant("KIT-066", "keeps-its-lock", "memory", op.replace("get_file_info", unreleased) + op.replace("write", locked),
        reason="still waits", limit_s=20.0),
    mutant("KIT-067", "has-four-connections", "flat", op.replace("read", of_four), reason="still waits", limit_s=20.0),
    mutant("KIT-067", "holds-its-lock-during-the-block", "memory",
        op.replace("open_atomic", block_under_lock) + op.replace("read_bytes", locked_again), reason="still waits",
        limit_s=20.0),
    mutant("KIT-067", "lists-under-its-lock", "memory",
        op.replace("list_files", under_lock) + op.replace("read_bytes", locked), reason="still waits", limit_s=20.0),
    # A source that is no BytesIO.
    mutant("KIT-068", "tries-again-but-for-BytesIO", "flat", op.replace("write", tried_again, STREAM & ~BYTES_IO),
        reason="stored"),
    mutant("KIT-068", "goes-on-where-it-failed", "flat", op.replace("write", tried_again, STREAM), reason="stored"),
    mutant("KIT-069", "locks-out-its-own-streams", "flat",
        op.replace("write", in_turn) + op.replace("read", read_in_turn), reason="did not end", limit_s=2.0),
    mutant("KIT-070", "reads-descriptors", "memory", op.replace("write", taking(by_descriptor), STREAM),
        reason="bytes that"),
    mutant("KIT-070", "reads-by-name", "flat", op.replace("write_atomic", taking(by_name), STREAM),
        reason="bytes that"),
    mutant("KIT-070", "trusts-sizes-on-disk", "memory", op.replace("write", taking(by_size_on_disk), STREAM),
        reason="the pipe"),
    mutant("KIT-070", "has-files-with-names", "flat", op.replace("write", taking(whatever_it_is_called), STREAM),
        reason="without a name"),
    mutant("KIT-071", "has-one-buffer-for-its-blocks", "flat", op.replace("open_atomic", in_one_buffer),
        reason="bytes"),
)
# fmt: on
