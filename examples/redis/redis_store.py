"""A remote-store backend that keeps files in Redis: the example of docs/authors.md."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar, cast
from uuid import uuid4

import redis
from remote_store import (
    AlreadyExists,
    Backend,
    BackendUnavailable,
    Capability,
    CapabilitySet,
    DirectoryNotEmpty,
    FileInfo,
    FolderEntry,
    FolderInfo,
    InvalidPath,
    NotFound,
    PermissionDenied,
    RemotePath,
    RemoteStoreError,
    WriteResult,
)

_PIECE = 1 << 20
_STAGED_S = 24 * 60 * 60

# A script runs alone in Redis: of several writers without overwrite one succeeds, and nobody sees half a change.
# KEYS are the content and the facts of a file (of source and target), the index, and what is staged.
_PUBLISH = """
if ARGV[1] == "0" and redis.call("EXISTS", KEYS[2]) == 1 then return 0 end
redis.call("RENAME", KEYS[4], KEYS[1])
redis.call("PERSIST", KEYS[1])
redis.call("HSET", KEYS[2], "size", redis.call("STRLEN", KEYS[1]), "modified", ARGV[3], "metadata", ARGV[4])
redis.call("ZADD", KEYS[3], 0, ARGV[2])
return 1
"""
_CARRY = """
if redis.call("EXISTS", KEYS[2]) == 0 then return "missing" end
if KEYS[2] == KEYS[4] then return "done" end
if ARGV[1] == "0" and redis.call("EXISTS", KEYS[4]) == 1 then return "taken" end
for at = 1, 2 do
    if ARGV[2] == "move" then
        redis.call("RENAME", KEYS[at], KEYS[at + 2])
    else
        redis.call("COPY", KEYS[at], KEYS[at + 2], "REPLACE")
    end
end
if ARGV[2] == "move" then redis.call("ZREM", KEYS[5], ARGV[3]) end
redis.call("ZADD", KEYS[5], 0, ARGV[4])
return "done"
"""
_DELETE = """
redis.call("ZREM", KEYS[3], ARGV[1])
return redis.call("DEL", KEYS[1], KEYS[2])
"""


class RedisBackend(Backend):
    """Files in Redis, below a prefix.

    A file is a string, its content, and a hash with its size, time and metadata. A sorted set, the index, has the paths
    of all files in order, so that a folder is a range of it: folders are mere prefixes, and none is empty.
    """

    CAPABILITIES: ClassVar[CapabilitySet] = CapabilitySet(
        {
            Capability.READ,
            Capability.WRITE,
            Capability.DELETE,
            Capability.LIST,
            Capability.MOVE,
            Capability.COPY,
            Capability.ATOMIC_WRITE,
            Capability.ATOMIC_MOVE,
            Capability.METADATA,
            Capability.USER_METADATA,
            Capability.SEEKABLE_READ,
        }
    )

    def __init__(self, url: str, prefix: str = "files:") -> None:
        self.url = url
        self.prefix = prefix
        self._client = redis.Redis.from_url(url)
        self._publish = self._client.register_script(_PUBLISH)
        self._carry = self._client.register_script(_CARRY)
        self._delete = self._client.register_script(_DELETE)

    @property
    def name(self) -> str:
        return "redis"

    @property
    def capabilities(self) -> CapabilitySet:
        return self.CAPABILITIES

    def exists(self, path: str) -> bool:
        return self.is_file(path) or self.is_folder(path)

    def is_file(self, path: str) -> bool:
        key = _key(path)
        return key != "" and bool(self._ask(path, lambda: self._client.exists(self._file(key)[1])))

    def is_folder(self, path: str) -> bool:
        key = _key(path)
        return key == "" or bool(self._below(key, most=1))

    def read(self, path: str) -> BinaryIO:
        return io.BytesIO(self.read_bytes(path))

    def read_seekable(self, path: str) -> BinaryIO:
        return self.read(path)

    def read_bytes(self, path: str) -> bytes:
        key = self._file_key(path)
        content: bytes | None = self._ask(path, lambda: self._client.get(self._file(key)[0]))
        if content is None:
            raise self._missing(path)
        return content

    def write(
        self, path: str, content: Any, *, overwrite: bool = False, metadata: Mapping[str, str] | None = None
    ) -> WriteResult:
        key = self._file_key(path)
        self._require_free(path, overwrite)  # Before anything is staged; the script decides.
        staged = f"{self.prefix}staged:{uuid4().hex}"
        try:
            size = self._stage(path, staged, content)
            keys = [*self._file(key), self._index, staged]
            args = [int(overwrite), key, datetime.now(UTC).isoformat(), json.dumps(dict(metadata or {}))]
            if not self._ask(path, lambda: self._publish(keys, args)):
                raise self._taken(path)
        except BaseException:
            with suppress(redis.RedisError):  # It expires by itself.
                self._client.delete(staged)
            raise
        return WriteResult(path=RemotePath(key), size=size, metadata=dict(metadata) if metadata else None)

    def write_atomic(
        self, path: str, content: Any, *, overwrite: bool = False, metadata: Mapping[str, str] | None = None
    ) -> WriteResult:
        return self.write(path, content, overwrite=overwrite, metadata=metadata)

    @contextmanager
    def open_atomic(self, path: str, *, overwrite: bool = False) -> Iterator[BinaryIO]:
        self._require_free(path, overwrite)
        with tempfile.TemporaryFile() as written:
            yield cast("BinaryIO", written)
            written.seek(0)
            self.write(path, written, overwrite=overwrite)

    def delete(self, path: str, *, missing_ok: bool = False) -> None:
        if self._deleted(path, self._file_key(path)):
            return
        error = self._missing(path)
        if not (missing_ok and isinstance(error, NotFound)):
            raise error

    def delete_folder(self, path: str, *, recursive: bool = False, missing_ok: bool = False) -> None:
        key = self._file_key(path)  # The root stays.
        below = self._below(key)
        if below and not recursive:
            raise DirectoryNotEmpty(f"not empty: {path}", path=path, backend=self.name)
        if not below and self.is_file(key):
            raise InvalidPath(f"a file: {path}", path=path, backend=self.name)
        if not below and not missing_ok:
            raise NotFound(f"no such folder: {path}", path=path, backend=self.name)
        for file in below:
            self._deleted(path, file)

    def list_files(self, path: str, *, recursive: bool = False, max_depth: int | None = None) -> Iterator[FileInfo]:
        key = _key(path)
        for file in self._below(key):
            depth = file[len(key) :].strip("/").count("/")
            if depth and (not recursive or (max_depth is not None and depth > max_depth)):
                continue
            with suppress(NotFound):  # Deleted since.
                yield self.get_file_info(file)

    def list_folders(self, path: str) -> Iterator[FolderEntry]:
        key = _key(path)
        start = f"{key}/" if key else ""
        below = (file[len(start) :].partition("/") for file in self._below(key))
        for name in dict.fromkeys(first for first, slash, _ in below if slash):
            yield FolderEntry(path=RemotePath(start + name), name=name)

    def get_file_info(self, path: str) -> FileInfo:
        key = self._file_key(path)
        fields = ["size", "modified", "metadata"]
        size, modified, metadata = self._ask(path, lambda: self._client.hmget(self._file(key)[1], fields))
        if size is None:
            raise self._missing(path)
        where = RemotePath(key)
        return FileInfo(
            path=where,
            name=where.name,
            size=int(size),
            modified_at=datetime.fromisoformat(modified.decode()),
            metadata=json.loads(metadata) or None,
        )

    def get_folder_info(self, path: str) -> FolderInfo:
        key = _key(path)
        files = list(self.list_files(key, recursive=True))
        if key and not files:
            if self.is_file(key):
                raise InvalidPath(f"a file: {path}", path=path, backend=self.name)
            raise NotFound(f"no such folder: {path}", path=path, backend=self.name)
        return FolderInfo(
            path=RemotePath(key) if key else RemotePath.ROOT,
            file_count=len(files),
            total_size=sum(file.size for file in files),
            modified_at=max((file.modified_at for file in files), default=None),
        )

    def move(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        self._carried("move", src, dst, overwrite)

    def copy(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        self._carried("copy", src, dst, overwrite)

    def native_path(self, path: str) -> str:
        return self.prefix + ("" if path in ("", ".") else path)

    def to_key(self, native_path: str) -> str:
        return native_path.removeprefix(self.prefix)

    def check_health(self) -> None:
        self._ask("", self._client.ping)

    def close(self) -> None:
        # Not close(), which takes the connections of operations under way from them.
        self._client.connection_pool.disconnect(inuse_connections=False)

    @property
    def _index(self) -> str:
        return f"{self.prefix}index"

    def _file(self, key: str) -> tuple[str, str]:
        """Return where the content and the facts of a file are."""
        return f"{self.prefix}content:{key}", f"{self.prefix}facts:{key}"

    def _file_key(self, path: str) -> str:
        key = _key(path)
        if key == "":
            raise InvalidPath("the root is not a file", path=path, backend=self.name)
        return key

    def _below(self, key: str, most: int | None = None) -> list[str]:
        """Return the paths of the files below a folder, in order."""
        low, high = (f"[{key}/", f"({key}0") if key else ("-", "+")  # "0" comes right after "/".
        start, number = (None, None) if most is None else (0, most)
        found = self._ask(key, lambda: self._client.zrangebylex(self._index, low, high, start, number))
        return [one.decode() for one in found]

    def _missing(self, path: str) -> RemoteStoreError:
        """Return the error of a path that is not a file."""
        if self.is_folder(path):
            return InvalidPath(f"a folder: {path}", path=path, backend=self.name)
        return NotFound(f"no such file: {path}", path=path, backend=self.name)

    def _taken(self, path: str) -> AlreadyExists:
        return AlreadyExists(f"a file is there already: {path}", path=path, backend=self.name)

    def _require_free(self, path: str, overwrite: bool) -> None:
        if self._ask(path, lambda: self._client.exists(self._file(self._file_key(path))[1])) and not overwrite:
            raise self._taken(path)

    def _stage(self, path: str, staged: str, content: Any) -> int:
        """Put content where nobody looks for it, piece by piece, and return its size."""
        stream = io.BytesIO(content) if isinstance(content, bytes | bytearray | memoryview) else content
        self._ask(path, lambda: self._client.set(staged, b"", ex=_STAGED_S))
        size = 0
        while piece := stream.read(_PIECE):
            size = self._appended(path, staged, piece)
        return size

    def _appended(self, path: str, staged: str, piece: bytes) -> int:
        return cast("int", self._ask(path, lambda: self._client.append(staged, piece)))

    def _deleted(self, path: str, key: str) -> bool:
        return bool(self._ask(path, lambda: self._delete([*self._file(key), self._index], [key])))

    def _carried(self, how: str, src: str, dst: str, overwrite: bool) -> None:
        target, source = self._file_key(dst), self._file_key(src)
        keys = [*self._file(source), *self._file(target), self._index]
        result = self._ask(src, lambda: self._carry(keys, [int(overwrite), how, source, target]))
        if result == b"taken":
            raise self._taken(dst)
        if result == b"missing":
            raise self._missing(src)

    def _ask(self, path: str, do: Callable[[], Any]) -> Any:
        """Return an answer of Redis, or raise its error in the words of the contract."""
        try:
            return do()
        except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as exc:
            raise PermissionDenied("Redis refuses access", path=path, backend=self.name) from exc
        except (redis.ConnectionError, redis.TimeoutError) as exc:
            raise BackendUnavailable("Redis cannot be reached", path=path, backend=self.name) from exc
        except redis.RedisError as exc:
            raise RemoteStoreError(f"Redis: {exc}", path=path, backend=self.name) from exc


def _key(path: str) -> str:
    """Return a path as it is kept, "" for every spelling of the root."""
    is_root = all(part in ("", ".") for part in path.replace("\\", "/").split("/"))
    return "" if is_root else str(RemotePath(path))
