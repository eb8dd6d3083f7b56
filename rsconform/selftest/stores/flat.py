"""A small, correct backend with a flat namespace, and the lane over it.

It is the base of the mutants that a MemoryBackend cannot be, and a control: nothing in it comes from remote_store's own
backends. Each public method stands alone, so that a mutant that wraps one changes no other.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO, ClassVar

from remote_store import (
    AlreadyExists,
    Backend,
    BackendUnavailable,
    Capability,
    CapabilityNotSupported,
    CapabilitySet,
    DirectoryNotEmpty,
    FileInfo,
    FolderEntry,
    FolderInfo,
    InvalidPath,
    NotFound,
    RemotePath,
    WriteResult,
)

from rsconform.lanes import Services, Snapshot, StoredFile, Subject

Content = bytes | BinaryIO
NAME = "flat"
SECRET = "flat/nobodys+secret"
_NATIVE_ROOT = "flat://store"


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file."""

    data: bytes
    modified_at: datetime
    metadata: Mapping[str, str] | None = None


@dataclass(slots=True)
class Blobs:
    """The store behind any number of instances."""

    by_key: dict[str, Blob] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> dict[str, Blob]:
        """Return what is stored at this moment: while the store itself is walked, other threads may change it."""
        return self.by_key.copy()


class ForwardOnly(io.RawIOBase):
    """A stream that cannot seek."""

    def __init__(self, data: bytes) -> None:
        self._source = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        return self._source.readinto(buffer)


class FlatBackend(Backend):
    """Files under whole keys; a folder is what keys have in common.

    A move is not atomic. One instance serves threads one at a time; give each thread its own if it must not wait.

    Args:
        blobs: The store; a new one if omitted.
        without: Capabilities of the class that this instance does not have.
        rejects_file_ancestor: Refuse to write below a file.
        secret: Never shown.
    """

    CAPABILITIES: ClassVar[CapabilitySet] = CapabilitySet(
        set(Capability) - {Capability.ATOMIC_MOVE, Capability.LAZY_READ}
    )
    close_is_terminal: ClassVar[bool] = True

    def __init__(
        self,
        blobs: Blobs | None = None,
        *,
        without: Collection[Capability] = (),
        rejects_file_ancestor: bool = False,
        secret: str = SECRET,
    ) -> None:
        self._blobs = blobs or Blobs()
        self._capabilities = CapabilitySet({one for one in self.CAPABILITIES if one not in without})
        self._rejects_file_ancestor = rejects_file_ancestor
        self._secret = secret
        self._connection = ExitStack()  # Something to be closed.
        self._closed = False

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> CapabilitySet:
        return self._capabilities

    # Existence.

    def exists(self, path: str) -> bool:
        key = self._key(path)
        return not key or key in self._blobs.by_key or self._has_below(key)

    def is_file(self, path: str) -> bool:
        return self._key(path) in self._blobs.by_key

    def is_folder(self, path: str) -> bool:
        key = self._key(path)
        return not key or (key not in self._blobs.by_key and self._has_below(key))

    # Reading.

    def read(self, path: str) -> BinaryIO:
        data = self._blob(path, Capability.READ).data
        if Capability.SEEKABLE_READ in self._capabilities:
            return io.BytesIO(data)
        return io.BufferedReader(ForwardOnly(data))

    def read_bytes(self, path: str) -> bytes:
        return self._blob(path, Capability.READ).data

    def get_file_info(self, path: str) -> FileInfo:
        blob = self._blob(path, Capability.METADATA)
        return self._info(self._key(path), blob)

    def get_folder_info(self, path: str) -> FolderInfo:
        self._demand(Capability.METADATA)
        key = self._key(path)
        below = self._below(key)
        if key and not below:
            raise self._no_folder(key, path)
        return FolderInfo(
            path=RemotePath.from_backend_path(key),
            file_count=len(below),
            total_size=sum(len(blob.data) for blob in below.values()),
            modified_at=max((blob.modified_at for blob in below.values()), default=None),
        )

    # Writing.

    def write(
        self,
        path: str,
        content: Content,
        *,
        overwrite: bool = False,
        metadata: Mapping[str, str] | None = None,
    ) -> WriteResult:
        self._demand(Capability.WRITE)
        return self._write(path, content, overwrite=overwrite, metadata=metadata)

    def write_atomic(
        self,
        path: str,
        content: Content,
        *,
        overwrite: bool = False,
        metadata: Mapping[str, str] | None = None,
    ) -> WriteResult:
        self._demand(Capability.ATOMIC_WRITE)
        return self._write(path, content, overwrite=overwrite, metadata=metadata)

    @contextmanager
    def open_atomic(self, path: str, *, overwrite: bool = False) -> Iterator[BinaryIO]:
        self._demand(Capability.ATOMIC_WRITE)
        self._target(path, overwrite=overwrite)
        buffer = io.BytesIO()
        yield buffer
        self._write(path, buffer.getvalue(), overwrite=overwrite, metadata=None)

    def _write(
        self, path: str, content: bytes | BinaryIO, *, overwrite: bool, metadata: Mapping[str, str] | None
    ) -> WriteResult:
        if metadata:
            self._demand(Capability.USER_METADATA)
        key = self._target(path, overwrite=overwrite)
        data = content if isinstance(content, bytes) else b"".join(_pieces(content))
        blob = Blob(data, datetime.now(UTC), _copied(metadata or None))
        with self._blobs.lock:
            self._target(path, overwrite=overwrite)
            self._blobs.by_key[key] = blob
        if Capability.WRITE_RESULT_NATIVE not in self._capabilities:
            return WriteResult(RemotePath(key), len(data), metadata=_copied(blob.metadata))
        return WriteResult(
            RemotePath(key), len(data), source="native", last_modified=blob.modified_at, metadata=_copied(blob.metadata)
        )

    # Deleting.

    def delete(self, path: str, *, missing_ok: bool = False) -> None:
        self._demand(Capability.DELETE)
        key = self._file_key(path)
        with self._blobs.lock:
            gone = self._blobs.by_key.pop(key, None)
        if gone is None:
            error = self._no_file(key, path)
            if not (missing_ok and isinstance(error, NotFound)):
                raise error

    def delete_folder(self, path: str, *, recursive: bool = False, missing_ok: bool = False) -> None:
        self._demand(Capability.DELETE)
        key = self._file_key(path)
        below = self._below(key)
        if not below:
            error = self._no_folder(key, path)
            if missing_ok and isinstance(error, NotFound):
                return
            raise error
        if not recursive:
            raise DirectoryNotEmpty("The folder holds files", path=path, backend=self.name)
        with self._blobs.lock:
            for file in below:
                self._blobs.by_key.pop(file, None)

    # Listing.

    def list_files(self, path: str, *, recursive: bool = False, max_depth: int | None = None) -> Iterator[FileInfo]:
        self._demand(Capability.LIST)
        depth = max_depth if recursive else 0
        start = self._start(self._key(path))
        for key, blob in self._below(self._key(path)).items():
            if depth is None or key.count("/", start) <= depth:
                yield self._info(key, blob)

    def list_folders(self, path: str) -> Iterator[FolderEntry]:
        self._demand(Capability.LIST)
        yield from self._folders(self._key(path))

    def iter_children(self, path: str) -> Iterator[FileInfo | FolderEntry]:
        self._demand(Capability.LIST)
        start = self._start(self._key(path))
        below = self._below(self._key(path)).items()
        yield from (self._info(key, blob) for key, blob in below if "/" not in key[start:])
        yield from self._folders(self._key(path))

    def glob(self, pattern: str) -> Iterator[FileInfo]:
        self._demand(Capability.GLOB)
        matches = _matcher(pattern)
        for key, blob in self._below(self._key("")).items():
            if matches(key):
                yield self._info(key, blob)

    # Copying.

    def copy(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        self._demand(Capability.COPY)
        self._copy(src, dst, overwrite=overwrite)

    def move(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        self._demand(Capability.MOVE)
        with self._blobs.lock:
            self._copy(src, dst, overwrite=overwrite)
            if self._key(src) != self._key(dst):
                del self._blobs.by_key[self._key(src)]

    def _copy(self, src: str, dst: str, *, overwrite: bool) -> None:
        target = self._file_key(dst)
        source = self._file_key(src)
        with self._blobs.lock:
            blob = self._blobs.by_key.get(source)
            if blob is None:
                raise self._no_file(source, src)
            if source != target:
                self._target(dst, overwrite=overwrite)
                self._blobs.by_key[target] = Blob(blob.data, datetime.now(UTC), blob.metadata)

    # Addressing.

    def native_path(self, path: str) -> str:
        return _NATIVE_ROOT if path in ("", ".") else f"{_NATIVE_ROOT}/{path}"

    def to_key(self, native_path: str) -> str:
        return "" if native_path == _NATIVE_ROOT else native_path.removeprefix(f"{_NATIVE_ROOT}/")

    def check_health(self) -> None:
        self._key("")

    def close(self) -> None:
        self._closed = True
        self._connection.close()

    # What several operations need.

    def _demand(self, capability: Capability) -> None:
        if self._closed:
            raise BackendUnavailable("The backend is closed", backend=self.name)
        if capability not in self._capabilities:
            message = f"{capability.name} is not declared"
            raise CapabilityNotSupported(message, capability=capability.value, backend=self.name)

    def _key(self, path: str) -> str:
        """Return the key of a path; empty for the root."""
        if self._closed:
            raise BackendUnavailable("The backend is closed", backend=self.name)
        parts = [part for part in path.split("/") if part not in ("", ".")]
        backslashes = bool(path) and not path.strip("\\")  # RemotePath takes it for the root.
        if ".." in parts or "\0" in path or (path.startswith("/") and parts) or backslashes:
            raise InvalidPath("No key is spelled like this", path=path, backend=self.name)
        return "/".join(parts)

    def _file_key(self, path: str) -> str:
        key = self._key(path)
        if not key:
            raise InvalidPath("The root is a folder", path=path, backend=self.name)
        return key

    def _target(self, path: str, *, overwrite: bool) -> str:
        key = self._file_key(path)
        parts = key.split("/")
        ancestors = ("/".join(parts[:length]) for length in range(1, len(parts)))
        if self._rejects_file_ancestor and any(ancestor in self._blobs.by_key for ancestor in ancestors):
            raise InvalidPath("There is a file above the path", path=path, backend=self.name)
        if not overwrite and key in self._blobs.by_key:
            raise AlreadyExists("The file is there", path=path, backend=self.name)
        return key

    def _blob(self, path: str, capability: Capability) -> Blob:
        self._demand(capability)
        key = self._file_key(path)
        blob = self._blobs.by_key.get(key)
        if blob is None:
            raise self._no_file(key, path)
        return blob

    def _no_file(self, key: str, path: str) -> NotFound | InvalidPath:
        if self._has_below(key):
            return InvalidPath("The path names a folder", path=path, backend=self.name)
        return NotFound("There is no such file", path=path, backend=self.name)

    def _no_folder(self, key: str, path: str) -> NotFound | InvalidPath:
        if key in self._blobs.by_key:
            return InvalidPath("The path names a file", path=path, backend=self.name)
        return NotFound("There is no such folder", path=path, backend=self.name)

    @staticmethod
    def _start(key: str) -> int:
        return len(key) + 1 if key else 0

    def _below(self, key: str) -> dict[str, Blob]:
        prefix = f"{key}/" if key else ""
        return {name: blob for name, blob in sorted(self._blobs.now().items()) if name.startswith(prefix)}

    def _has_below(self, key: str) -> bool:
        return any(name.startswith(f"{key}/") for name in self._blobs.now())

    def _folders(self, key: str) -> Iterator[FolderEntry]:
        start = self._start(key)
        names = (name[start:].split("/") for name in self._below(key))
        for folder in dict.fromkeys(parts[0] for parts in names if len(parts) > 1):
            yield FolderEntry(RemotePath(f"{key}/{folder}" if key else folder), folder)

    @staticmethod
    def _info(key: str, blob: Blob) -> FileInfo:
        return FileInfo(
            RemotePath(key), key.rpartition("/")[2], len(blob.data), blob.modified_at, metadata=_copied(blob.metadata)
        )


def _copied(metadata: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if metadata is None else dict(metadata)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(65536):
        yield piece


def _matcher(pattern: str) -> Callable[[str], object]:
    """Return a test for keys: `**/` for any folders, `*` and `?` for what is in a segment, brackets for a class."""
    wild = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    parts = re.findall(r"\*\*/|\[!?[^]]+]|[*?[]|[^*?[]+", pattern)
    return re.compile("".join(wild.get(part) or _literal_or_class(part) for part in parts)).fullmatch


def _literal_or_class(part: str) -> str:
    return part.replace("[!", "[^", 1) if len(part) > 2 and part[0] == "[" else re.escape(part)


@dataclass(slots=True)
class FlatLane:
    """Lane fixtures over FlatBackend, or a class made from it: what the instances can do is said here."""

    without: Sequence[Capability] = ()
    rejects_file_ancestor: bool = False
    kind: type[FlatBackend] = FlatBackend

    @contextmanager
    def __call__(self, _services: Services) -> Iterator[Subject]:
        """A new store, seeded and audited through its own dict."""
        blobs = Blobs()

        def make() -> FlatBackend:
            return self.kind(blobs, without=self.without, rejects_file_ancestor=self.rejects_file_ancestor)

        def seed(files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
            assert not folders, "a flat namespace has no empty folders"
            now = datetime.now(UTC)
            blobs.by_key.update({path: Blob(file.content, now, file.metadata) for path, file in files.items()})

        def audit() -> Snapshot:
            return Snapshot({path: StoredFile(blob.data, blob.metadata) for path, blob in blobs.now().items()})

        yield Subject(make=make, seed=seed, audit=audit, peers=True, reset=blobs.by_key.clear, secrets=(SECRET,))
