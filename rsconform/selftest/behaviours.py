"""Behaviours and conditions that mutants of several families share."""

from __future__ import annotations

import asyncio
import io
import os
import posixpath
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from remote_store import AlreadyExists, ContentDigest, FileInfo, FolderInfo, RemotePath, WriteResult

from rsconform.selftest import operators as op
from rsconform.selftest.stores.flat import Blob, ForwardOnly

EARLY: Final = datetime(2001, 1, 1, tzinfo=UTC)


def blobs(call: op.Call) -> dict[str, Any]:
    """Return the store of a flat backend."""
    return call.backend._blobs.by_key  # type: ignore[no-any-return]


def path_like(chosen: Callable[[str, str], object]) -> Callable[[op.Call], None]:
    """Return the behaviour of removing every key that a test on key and path chooses."""

    def remove(call: op.Call) -> None:
        for key in [key for key in blobs(call) if chosen(key, call.path)]:
            del blobs(call)[key]

    return remove


def one_read(call: op.Call) -> Any:
    return call.proceed(content=call.arguments["content"].read(65536))


def rewound(call: op.Call) -> Any:
    content = call.arguments["content"]
    if content.seekable():
        content.seek(0)
    return call.proceed()


def replaced_folder(call: op.Call) -> None:
    call.call_correct("delete_folder", call.path, recursive=True)


def folder_of_target(call: op.Call) -> None:
    call.backend._ensure_parents(call.backend._split_path(call.arguments["dst"]))


def only_top_level(call: op.Call) -> FolderInfo:
    files = list(call.call_correct("list_files", ""))
    return FolderInfo(RemotePath.ROOT, len(files), sum(info.size for info in files))


def empty_folder_info(call: op.Call) -> FolderInfo:
    return FolderInfo(RemotePath.from_backend_path(call.path), 0, 0)


def itself_listed(call: op.Call) -> Any:
    return iter([call.call_correct("get_file_info", call.path)])


def in_halves(stream: Any, buffer: Any) -> int:
    view = memoryview(buffer)
    half = len(view) // 2
    count = stream.readinto(view[:half]) if half else 0
    return int(count + stream.readinto(view[half:]))


def read_at_once(stream: Any) -> Any:
    stream.readinto(bytearray(1))
    stream.seek(0)
    return stream


def asking(method: str) -> Callable[[op.Call], Any]:
    """Return the behaviour of giving a reader, one of whose methods sends a request of its own."""

    def do(call: op.Call) -> Any:
        def asked_first(stream: Any, *args: Any) -> Any:
            call.call_correct("is_file", call.path)
            return getattr(stream, method)(*args)

        return op.Around(call.proceed(), **{method: asked_first})

    return do


def late(call: op.Call) -> Any:
    return op.Late(call.path, call.backend.name)


def unguarded(call: op.Call) -> Any:
    """Write without the flat backend's own checks."""
    content = call.arguments["content"]
    data = content if isinstance(content, bytes) else content.read()
    blobs(call)[call.path] = Blob(data, datetime.now(UTC))
    return WriteResult(RemotePath(call.path), len(data))


def below_pattern(key: str, path: str) -> bool:
    return fnmatchcase(key, f"{path}/*")


def twice(files: Any) -> Any:
    found = list(files)
    return chain(found, found[-100:])


def as_files(entries: Any) -> Any:
    for entry in entries:
        yield entry if isinstance(entry, FileInfo) else FileInfo(entry.path, entry.name, 0, EARLY)


def stale(call: op.Call) -> Any:
    """Describe a file as it was when it was first asked for."""
    known = call.backend.__dict__.setdefault("_infos", {})
    if call.path not in known:
        known[call.path] = call.proceed()
    return known[call.path]


def deleted_only(call: op.Call) -> None:
    call.call_correct("delete", call.path)


def folders_too(call: op.Call) -> Any:
    folders = call.call_correct("list_folders", call.path.partition("/")[0])
    return chain(call.proceed(), as_files(entry for entry in folders if fnmatchcase(str(entry.path), call.path)))


def asked_once_more(call: op.Call) -> None:
    call.call_correct("is_file", call.path)


def forward_only(stream: Any) -> Any:
    return ForwardOnly(stream.read())


def _lacks_two_folders(call: op.Call, path: str) -> bool:
    parent, grandparent = path.rpartition("/")[0], path.rpartition("/")[0].rpartition("/")[0]
    return (
        bool(grandparent) and not call.call_correct("exists", parent) and not call.call_correct("exists", grandparent)
    )


DEEP_DOWN: Final = op.When(_lacks_two_folders)
HAS_BELOW: Final = op.When(lambda call, path: call.backend._has_below(path))
ODD: Final = op.When(lambda _call, path: "\0" in path)
STREAM: Final = op.When(lambda call, _: not isinstance(call.arguments["content"], bytes))
METADATA: Final = op.When(lambda call, _: bool(call.arguments["metadata"]))
TO_FILE: Final = op.FILE.of("dst")
TO_FOLDER: Final = op.FOLDER.of("dst")
TO_ROOT: Final = op.ROOT.of("dst")
NATIVE_ROOT: Final = op.When(lambda _call, path: path == "flat://store")
UNFOLDED: Final = op.When(lambda _call, path: "." in path.split("/"))
NO_DIGEST: Final = ContentDigest("md5", "00")


def loosened(model: Any) -> Any:
    """Return a model that takes assignments."""
    cls = type(model)
    loose: Any = object.__new__(type(cls.__name__, (cls,), {"__setattr__": object.__setattr__}))
    loose.__dict__.update(model.__dict__)
    return loose


def first_page(models: Any) -> Any:
    return islice(models, 1000)


PIECE: Final = 4096


def without_dots(path: str) -> str:
    return posixpath.normpath(path)


SPELLED_OTHERWISE: Final = op.When(
    lambda call, path: path != call.arguments["dst"] and without_dots(path) == without_dots(str(call.arguments["dst"]))
)


def renamed(change: Callable[[str], str]) -> Callable[[op.Call], Any]:
    """Return the behaviour of taking another path than the one that was given: of copy(), the source."""

    def do(call: op.Call) -> Any:
        name = next(iter(call.arguments))
        return call.proceed(**{name: change(call.path)})

    return do


def tried_again(call: op.Call) -> Any:
    """Begin once more when something came in between, with whatever the source has left."""
    try:
        return call.proceed()
    except BaseException:
        return call.proceed()


def read_for_nothing(call: op.Call) -> None:
    call.arguments["content"].read()


def looking(operation: str) -> op.Behaviour:
    """Return the behaviour of asking for something else about the same path, and not listening."""
    return lambda call: call.call_correct(operation, call.path)


def ending_at(cls: type[Exception]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return a change of a listing: it ends where the error comes."""

    def ended(found: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from found
        except cls:
            return

    return ended


def no_sha3(_model: object) -> ContentDigest:
    """Name an algorithm, and give zeros."""
    return ContentDigest("sha3-256", "00" * 32)


NEVER: set[asyncio.Task[Any]] = set()


class Keeps:
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


KEPT: Final[list[Any]] = []


def let_go() -> None:
    """Release what mutants have kept, so that the next trial finds it free."""
    for kept in KEPT:
        if isinstance(kept, int):
            os.close(kept)
    KEPT.clear()


GONE: Final = op.When(lambda call, _path: not Path(call.backend._root).is_dir())


class ReadAhead(io.RawIOBase):
    """A stream with a block that was fetched ahead; a little before it counts as in it, where it ends by its index."""

    def __init__(self, source: Any) -> None:
        self._data = io.BytesIO(source.read())
        self._block, self._start, self._at = b"", 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._data.seek(self._at)
        self._at = self._data.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        within = self._at - self._start
        if not -100 <= within < len(self._block):
            self._data.seek(self._at)
            self._block, self._start, within = self._data.read(1 << 16), self._at, 0
        piece = self._block[within:][: len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


WINDOW_S: Final = 0.001


def looked_first(call: op.Call) -> Any:
    """Look for the target, and write whatever came in between."""
    target = str(call.arguments.get("dst", call.path))
    if call.call_correct("exists", target):
        raise AlreadyExists("there is one", path=target, backend=call.backend.name)
    time.sleep(WINDOW_S)
    return call.proceed(overwrite=True)


def in_two_halves(call: op.Call) -> Any:
    """Overwrite with the first half, and then with all of it."""
    content = call.arguments["content"]
    if isinstance(content, bytes) and len(content) > 1:
        call.call_correct("write", call.path, content[: len(content) // 2], overwrite=True)
        time.sleep(WINDOW_S)
    return call.proceed()


def moved_in_two_steps(call: op.Call) -> Any:
    """Take the source away before the target is there."""
    content = call.call_correct("read_bytes", call.path)
    call.call_correct("delete", call.path)
    time.sleep(WINDOW_S)
    call.call_correct("write", call.arguments["dst"], content, overwrite=True)


NEW: Final = op.called_with(overwrite=False)
