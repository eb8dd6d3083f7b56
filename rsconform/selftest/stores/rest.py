"""A flat store behind a small HTTP service, and a correct backend over it that goes its own ways.

Its requests are known by their methods alone. A listing begins with a look at the key itself, a description takes two
requests, a write asks for an address first, and a copy whose reply is lost is looked for before it is given up.
"""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, ClassVar, Final, NoReturn
from urllib.parse import quote, urlencode

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

_TIMEOUT_S: Final = 1.0
GONE: Final = 410
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """What the service answered."""

    status: int
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def value(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as exc:
            raise BackendUnavailable("the answer cannot be read", backend=RestBackend.NAME) from exc


class _GoneError(NotFound):
    """The whole database is gone."""


class _Lost(BackendUnavailable):
    """No reply came, or none that can be read: what was asked for may have been done."""


@dataclass
class Client:
    """Sends requests to the service. With `posts` each is a POST, whatever it asks for."""

    host: str
    port: int
    posts: bool = False

    def ask(self, method: str, what: str, path: str, body: bytes | None = None, **parameters: object) -> Reply:
        """Return the answer to a request, unless it says that the service or the rights are at fault."""
        target = f"/{what}?{urlencode(parameters, quote_via=quote)}"
        if self.posts:
            method, target = "POST", f"/as/{method}{target}"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_S)
        try:
            connection.request(method, target, body)
            answer = connection.getresponse()
            reply = Reply(answer.status, answer.read())
        except (OSError, http.client.HTTPException) as exc:
            raise _Lost("no answer", path=path, backend=RestBackend.NAME) from exc
        finally:
            connection.close()
        if reply.status in (401, 403):
            raise PermissionDenied("denied", path=path, backend=RestBackend.NAME)
        if reply.status >= 500 or reply.status == 429:
            raise BackendUnavailable(f"status {reply.status}", path=path, backend=RestBackend.NAME)
        if reply.status == 400:
            self._explain(path)
        if not reply.is_good and reply.status not in (404, 409, GONE):
            raise RemoteStoreError(f"status {reply.status}", path=path, backend=RestBackend.NAME)
        return reply

    def _explain(self, path: str) -> NoReturn:
        """Ask once whether the database is there: the service says 400 to everything when it is gone."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_TIMEOUT_S)
        try:
            connection.request("POST" if self.posts else "GET", "/as/GET/status" if self.posts else "/status")
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 400
        finally:
            connection.close()
        if status == GONE:
            raise _GoneError("there is no database", path=path, backend=RestBackend.NAME)
        raise RemoteStoreError("the service cannot make anything of it", path=path, backend=RestBackend.NAME)


class RestBackend(Backend):
    """Keys of a small HTTP service.

    move() copies the file and then removes the original.
    """

    NAME: ClassVar[str] = "rest"
    CAPABILITIES: ClassVar[CapabilitySet] = CapabilitySet(
        {
            Capability.READ,
            Capability.WRITE,
            Capability.DELETE,
            Capability.LIST,
            Capability.METADATA,
            Capability.COPY,
            Capability.MOVE,
            Capability.SEEKABLE_READ,
        }
    )

    def __init__(self, client: Client, *, strict: bool = False) -> None:
        self._client = client
        self._strict = strict

    @property
    def name(self) -> str:
        return self.NAME

    @property
    def capabilities(self) -> CapabilitySet:
        return self.CAPABILITIES

    # Existence.

    def exists(self, path: str) -> bool:
        key = self._key(path)
        with suppress(_GoneError):
            return not key or self._size(key, path) is not None or self._has_below(key, path)
        return False

    def is_file(self, path: str) -> bool:
        key = self._key(path)
        with suppress(_GoneError):
            return bool(key) and self._size(key, path) is not None
        return False

    def is_folder(self, path: str) -> bool:
        key = self._key(path)
        with suppress(_GoneError):
            return not key or self._has_below(key, path)
        return False

    # Reading.

    def read(self, path: str) -> BinaryIO:
        return io.BytesIO(self.read_bytes(path))

    def read_bytes(self, path: str) -> bytes:
        key = self._file_key(path)
        reply = self._client.ask("GET", "data", path, key=key)
        if not reply.is_good:
            raise self._no_file(key, path)
        return reply.body

    def get_file_info(self, path: str) -> FileInfo:
        key = self._file_key(path)
        reply = self._client.ask("GET", "meta", path, key=key)
        if not reply.is_good:
            raise self._no_file(key, path)
        self._client.ask("GET", "labels", path, key=key)
        return _info(key, *reply.value)

    def get_folder_info(self, path: str) -> FolderInfo:
        key = self._key(path)
        if key and not self._has_below(key, path):
            raise self._no_folder(key, path)
        sizes = [size for _, size, _ in self._below(key, path)]
        return FolderInfo(RemotePath.from_backend_path(key), len(sizes), sum(sizes))

    # Listing.

    def list_files(self, path: str, *, recursive: bool = False, max_depth: int | None = None) -> Iterator[FileInfo]:
        key = self._key(path)
        start, depth = len(key) + 1 if key else 0, max_depth if recursive else 0
        for name, size, time in self._below(key, path, looks=True):
            if depth is None or name.count("/", start) <= depth:
                yield _info(name, size, time)

    def list_folders(self, path: str) -> Iterator[FolderEntry]:
        key = self._key(path)
        seen: set[str] = set()
        start = len(key) + 1 if key else 0
        for name, _, _ in self._below(key, path, looks=True):
            folder, separator, _ = name[start:].partition("/")
            if separator and folder not in seen:
                seen.add(folder)
                yield FolderEntry(RemotePath(f"{key}/{folder}" if key else folder), folder)

    def _below(self, key: str, path: str, *, looks: bool = False) -> Iterator[tuple[str, int, float]]:
        """Yield the keys below one, page by page; a store that is gone from the start is an empty one."""
        prefix, last, begun, more = f"{key}/" if key else "", "", False, True
        while more:
            try:
                if looks and key and not begun:
                    self._client.ask("GET", "meta", path, key=key)
                reply = self._client.ask("GET", "list", path, prefix=prefix, after=last, limit=_PAGE)
            except _GoneError:
                reply = Reply(GONE)
            if not reply.is_good:
                if begun:
                    raise BackendUnavailable("the store went in the middle", path=path, backend=self.name)
                return
            begun, page = True, reply.value
            more = page["more"]
            for name, size, time in page["keys"]:
                last = name
                yield name, size, time

    # Writing and deleting.

    def write(
        self,
        path: str,
        content: bytes | BinaryIO,
        *,
        overwrite: bool = False,
        metadata: Mapping[str, str] | None = None,
    ) -> WriteResult:
        key = self._file_key(path)
        if metadata:
            self.capabilities.require(Capability.USER_METADATA, backend=self.name)
        self._require_no_file_above(key, path)
        data = content if isinstance(content, bytes) else b"".join(iter(lambda: content.read(1 << 16), b""))
        self._client.ask("GET", "address", path, key=key)
        reply = self._client.ask("PUT", "data", path, data, key=key, overwrite=int(overwrite))
        if reply.status == 409:
            raise AlreadyExists("the key is taken", path=path, backend=self.name)
        return WriteResult(RemotePath(key), len(data))

    def write_atomic(self, path: str, content: bytes | BinaryIO, **_: Any) -> WriteResult:
        self.capabilities.require(Capability.ATOMIC_WRITE, backend=self.name)
        raise AssertionError

    @contextmanager
    def open_atomic(self, path: str, *, overwrite: bool = False) -> Iterator[BinaryIO]:
        self.capabilities.require(Capability.ATOMIC_WRITE, backend=self.name)
        yield io.BytesIO()

    def delete(self, path: str, *, missing_ok: bool = False) -> None:
        key = self._file_key(path)
        try:
            if self._client.ask("DELETE", "data", path, key=key).is_good:
                return
            error: RemoteStoreError = self._no_file(key, path)
        except _GoneError as exc:
            error = exc
        if not (missing_ok and isinstance(error, NotFound)):
            raise error

    def delete_folder(self, path: str, *, recursive: bool = False, missing_ok: bool = False) -> None:
        key = self._file_key(path)
        try:
            error = None if self._has_below(key, path) else self._no_folder(key, path)
        except _GoneError as exc:
            error = exc
        if error is not None:
            if missing_ok and isinstance(error, NotFound):
                return
            raise error
        if not recursive:
            raise DirectoryNotEmpty("there are keys below", path=path, backend=self.name)
        for name, _, _ in list(self._below(key, path)):
            self._client.ask("DELETE", "data", path, key=name)

    # Copying.

    def copy(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        target, source = self._file_key(dst), self._file_key(src)
        if self._strict or source == target:
            if self._size(source, src) is None:
                raise self._no_file(source, src)
            if source == target:
                return
            self._require_no_file_above(target, dst)
        try:
            reply = self._client.ask("POST", "copy", src, src=source, dst=target, overwrite=int(overwrite))
        except _Lost:
            if not self._are_alike(source, target, src):
                raise
            return
        if reply.status == 409:
            raise AlreadyExists("the key is taken", path=dst, backend=self.name)
        if not reply.is_good:
            raise self._no_file(source, src)

    def _are_alike(self, source: str, target: str, path: str) -> bool:
        with suppress(RemoteStoreError):
            both = [self._client.ask("GET", "data", path, key=key) for key in (source, target)]
            return all(reply.is_good for reply in both) and both[0].body == both[1].body
        return False

    def move(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        self.copy(src, dst, overwrite=overwrite)
        source = self._file_key(src)
        if source != self._file_key(dst):
            self._client.ask("DELETE", "data", src, key=source)

    def check_health(self) -> None:
        reply = self._client.ask("GET", "status", "")
        if reply.status in (404, GONE):
            raise NotFound("there is no database", backend=self.name)
        if not reply.is_good:
            raise RemoteStoreError(f"status {reply.status}", backend=self.name)

    # What several operations need.

    def _key(self, path: str) -> str:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts or "\0" in path or (path.startswith("/") and parts) or (path and not path.strip("\\")):
            raise InvalidPath("no key is spelled like this", path=path, backend=self.name)
        return "/".join(parts)

    def _file_key(self, path: str) -> str:
        key = self._key(path)
        if not key:
            raise InvalidPath("the root is a folder", path=path, backend=self.name)
        return key

    def _size(self, key: str, path: str) -> int | None:
        reply = self._client.ask("GET", "meta", path, key=key)
        return int(reply.value[0]) if reply.is_good else None

    def _has_below(self, key: str, path: str) -> bool:
        reply = self._client.ask("GET", "list", path, prefix=f"{key}/", after="", limit=1)
        return reply.is_good and bool(reply.value["keys"])

    def _no_file(self, key: str, path: str) -> NotFound | InvalidPath:
        """Return why there is no file: a look that fails leaves it at that."""
        with suppress(RemoteStoreError):
            if self._has_below(key, path):
                return InvalidPath("the path names a folder", path=path, backend=self.name)
        return NotFound("there is no such file", path=path, backend=self.name)

    def _no_folder(self, key: str, path: str) -> NotFound | InvalidPath:
        with suppress(RemoteStoreError):
            if self._size(key, path) is not None:
                return InvalidPath("the path names a file", path=path, backend=self.name)
        return NotFound("there is no such folder", path=path, backend=self.name)

    def _require_no_file_above(self, key: str, path: str) -> None:
        parts = key.split("/") if self._strict else []
        for length in range(1, len(parts)):
            with suppress(BackendUnavailable):
                if self._size("/".join(parts[:length]), path) is not None:
                    raise InvalidPath("there is a file above the path", path=path, backend=self.name)


def _info(key: str, size: int, time: float) -> FileInfo:
    return FileInfo(RemotePath(key), key.rpartition("/")[2], size, datetime.fromtimestamp(time, UTC))
