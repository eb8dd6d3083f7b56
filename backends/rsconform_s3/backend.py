"""The backend: checks that need no request, then the one module that does the work."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Self, TypeVar, cast

from remote_store import (
    Backend,
    Capability,
    CapabilityNotSupported,
    CapabilitySet,
    FileInfo,
    FolderEntry,
    FolderInfo,
    InvalidPath,
    NotFound,
    RemotePath,
    RemoteStoreError,
    ResolutionPlan,
    RetryPolicy,
    Secret,
    WriteResult,
)

from rsconform_s3 import clients, copying, keys, listing, patterns, reads, writes
from rsconform_s3.objects import file_info
from rsconform_s3.requests import Requests
from rsconform_s3.writes import Content, Target, TransferSizes

if TYPE_CHECKING:
    from botocore.client import BaseClient

T = TypeVar("T")

NAME = "s3-boto3"
SPOOL_BYTES = 8 * 1024 * 1024


class S3Boto3Backend(Backend):
    """Files in one S3 bucket, through boto3.

    The namespace is flat: a folder is what keys have in common, so it is there with its first file and gone with its
    last, and a file `p` and files below `p/` may coexist; then `p` is a file, and its children are still listed.
    By default a write looks neither for a folder at its path nor for a file above it.

    Of writers that must not overwrite, one wins, provided that the server honours `If-None-Match`: AWS does, in copies
    too. Other servers may ignore the header, so there the backend also looks for the file, right before it writes: what
    is there is kept, and only of creators who come at once may more than one win. A copy always looks. `move` is not
    atomic: it copies, then deletes, and if the delete fails both files are there. One instance may be shared between
    threads. After `close`, or when the process dies in the middle of a large write, no part of a file is ever visible;
    parts of an upload that could not be aborted stay until the bucket's lifecycle rules remove them.

    Args:
        bucket: The bucket's name. Only checked for not being blank.
        endpoint_url: A server other than AWS; `host:port` means https.
        key: Access key ID. Without `key` and `secret` boto3 looks for credentials where it always does.
        secret: Secret access key.
        region_name: The bucket's region.
        tls_ca_bundle: A file of CA certificates; default from AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE.
        client_options: Further keywords for the client, and `config_kwargs` for its botocore Config.
        retry: Counts requests, the first included. botocore has no setting for its other fields.
        reject_write_under_file_ancestor: Ask for a file at each folder above a path before writing to it.
        conditional_writes: Whether the server honours `If-None-Match` of PutObject and CompleteMultipartUpload. True:
            a write of bytes is one request and does not look first. False: the server refuses the header, so it is not
            sent, and the backend looks instead. By default it does both, but on AWS, which is known to honour it.
            The same goes for `If-Match`, with which a move deletes its source.
        conditional_copies: The same for CopyObject, but that a copy looks first in any case. False: the header is not
            sent. By default it is, unless `conditional_writes` is False.
        client: A botocore S3 client to use instead of making one. It is not closed with the backend. Such a backend
            cannot be pickled, as no client can; every other makes a client of its own where it is unpickled.
        transfer: Sizes from which files are transferred in parts.

    Raises:
        ValueError: A parameter is unusable, or `client` comes with another that would make a client.
    """

    CAPABILITIES: ClassVar[CapabilitySet] = CapabilitySet(set(Capability) - {Capability.ATOMIC_MOVE})
    close_is_terminal: ClassVar[bool] = True

    def __init__(
        self,
        bucket: str,
        *,
        endpoint_url: str | None = None,
        key: str | Secret | None = None,
        secret: str | Secret | None = None,
        region_name: str | None = None,
        tls_ca_bundle: str | None = None,
        client_options: Mapping[str, Any] | None = None,
        retry: RetryPolicy | None = None,
        reject_write_under_file_ancestor: bool = False,
        conditional_writes: bool | None = None,
        conditional_copies: bool | None = None,
        client: BaseClient | None = None,
        transfer: TransferSizes | None = None,
    ) -> None:
        if not bucket.strip():
            raise ValueError("bucket is blank")
        self._bucket = bucket
        self._rejects_file_ancestor = reject_write_under_file_ancestor
        self._honours_conditions = conditional_writes
        self._copies_conditionally = (
            conditional_writes is not False if conditional_copies is None else conditional_copies
        )
        self._sizes = transfer or TransferSizes()
        making = {
            "endpoint_url": endpoint_url,
            "key": key,
            "secret": secret,
            "region_name": region_name,
            "tls_ca_bundle": tls_ca_bundle,
            "client_options": client_options,
            "retry": retry,
        }
        self._client = client
        self._settings: clients.ClientSettings | None = None
        if client is None:
            self._settings = clients.check_settings(**making)  # type: ignore[arg-type]  # The annotations above say it.
            self._endpoint_url = _shown(self._settings.endpoint_url)
        else:
            idle = [name for name, value in making.items() if value is not None]
            if idle:
                raise ValueError(f"{', '.join(idle)}: of no effect on a client that is given")
            clients.check_client(client)
            self._endpoint_url = _shown(client.meta.endpoint_url)
        self._requests = self._unconnected()

    def _unconnected(self) -> Requests:
        """Return the bucket's requests; the first that is sent makes the client, unless one was given."""
        client, settings = self._client, self._settings
        if settings is None:
            return Requests(self._bucket, backend=NAME, connect=lambda: cast("BaseClient", client), owns_client=False)
        return Requests(
            self._bucket,
            backend=NAME,
            connect=lambda: clients.make_client(settings),
            owns_client=True,
            secrets=settings.secrets(),
        )

    # Copies, and what goes to another process: the same bucket and settings, a client and connections of its own.

    def __getstate__(self) -> dict[str, Any]:
        if self._client is not None:
            message = "A backend over a client that was given cannot be pickled; give it what makes a client instead"
            raise TypeError(message)
        return {**self.__dict__, "_requests": self._requests.is_closed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        is_closed = state.pop("_requests")
        self.__dict__.update(state)
        self._requests = self._unconnected()
        if is_closed:
            self._requests.close()

    def __copy__(self) -> Self:
        twin = type(self).__new__(type(self))
        twin.__setstate__({**self.__dict__, "_requests": self._requests.is_closed})
        return twin

    def __deepcopy__(self, _memo: object) -> Self:
        return self.__copy__()  # What the two share never changes.

    def __repr__(self) -> str:
        return f"{type(self).__name__}(bucket={self._bucket!r}, endpoint_url={self._endpoint_url!r})"

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> CapabilitySet:
        return self.CAPABILITIES

    # Addressing: pure, total, and answered after close too.

    def native_path(self, path: str) -> str:
        return keys.native_path(self._bucket, path)

    def to_key(self, native_path: str) -> str:
        return keys.key_of_native(self._bucket, native_path)

    def resolve(self, path: str) -> ResolutionPlan:
        native = self.native_path(path)
        details = {
            "bucket": self._bucket,
            "object_key": self.to_key(native),
            "endpoint_url": self._endpoint_url,
        }
        return ResolutionPlan(kind=NAME, backend=NAME, key=path, native_path=native, details=details)

    # Existence. Here a missing bucket holds nothing, and a lookup that was refused is never "no".

    def exists(self, path: str) -> bool:
        self._requests.check_open()
        if keys.is_root(path):
            return True
        key = self._key(path)
        return self._requests.head(key, path) is not None or self._requests.has_below(f"{key}/", path)

    def is_file(self, path: str) -> bool:
        self._requests.check_open()
        return not keys.is_root(path) and self._requests.head(self._key(path), path) is not None

    def is_folder(self, path: str) -> bool:
        self._requests.check_open()
        if keys.is_root(path):
            return True
        # The file wins where both are. Files without children are the common case, so those are looked up first.
        key = self._key(path)
        return self._requests.has_below(f"{key}/", path) and self._requests.head(key, path) is None

    # Reading.

    def read(self, path: str) -> BinaryIO:
        key = self._file_key(path)
        try:
            return cast("BinaryIO", reads.open_buffered(self._requests, key, path))
        except NotFound as exc:
            raise self._requests.absent(key, path) from exc.__cause__

    def read_seekable(self, path: str) -> BinaryIO:
        key = self._file_key(path)
        head = self._requests.require(key, path)
        return cast("BinaryIO", reads.RangeReader(self._requests, key, path, head))

    def read_bytes(self, path: str) -> bytes:
        key = self._file_key(path)
        try:
            return reads.read_all(self._requests, key, path)
        except NotFound as exc:
            raise self._requests.absent(key, path) from exc.__cause__

    def get_file_info(self, path: str) -> FileInfo:
        key = self._file_key(path)
        return file_info(RemotePath(key), self._requests.require(key, path, ChecksumMode="ENABLED"))

    # Writing. S3 shows an object when it is complete, so every write is atomic.

    def write(
        self, path: str, content: Content, *, overwrite: bool = False, metadata: Mapping[str, str] | None = None
    ) -> WriteResult:
        target = self._target(path, overwrite=overwrite, metadata=metadata)
        self._refuse_file_ancestor(target)
        return writes.store(self._requests, target, content, self._sizes, metadata)

    def write_atomic(
        self, path: str, content: Content, *, overwrite: bool = False, metadata: Mapping[str, str] | None = None
    ) -> WriteResult:
        return self.write(path, content, overwrite=overwrite, metadata=metadata)

    @contextmanager
    def open_atomic(self, path: str, *, overwrite: bool = False) -> Iterator[BinaryIO]:
        target = self._target(path, overwrite=overwrite)
        self._refuse_file_ancestor(target)
        writes.refuse_existing(self._requests, target)
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
            yield cast("BinaryIO", spool)
            spool.seek(0)
            writes.store(self._requests, target, cast("BinaryIO", spool), self._sizes, None)

    # Deleting. S3 does not say whether what it deleted was there, so that is looked up first.

    def delete(self, path: str, *, missing_ok: bool = False) -> None:
        key = self._file_key(path)
        if self._requests.head(key, path) is not None:
            with suppress(NotFound):  # Gone by now is as good as deleted.
                self._requests.send("delete_object", path, Key=key)
            return
        absent = self._requests.absent(key, path)
        if not (missing_ok and isinstance(absent, NotFound)):
            raise absent

    def delete_folder(self, path: str, *, recursive: bool = False, missing_ok: bool = False) -> None:
        self._requests.check_open()
        if keys.is_root(path):
            raise InvalidPath("The root cannot be deleted", path=path, backend=NAME)
        prefix = keys.folder_prefix(path, backend=NAME)
        delete = listing.delete_below if recursive else listing.delete_if_empty
        if delete(self._requests, prefix, path):
            return
        absent = self._absent_folder(path)
        if not (missing_ok and isinstance(absent, NotFound)):
            raise absent

    # Listing.

    def list_files(self, path: str, *, recursive: bool = False, max_depth: int | None = None) -> Iterator[FileInfo]:
        self._requests.check_open()
        prefix = keys.folder_prefix(path, backend=NAME)
        yield from listing.files_below(self._requests, prefix, path, max_depth=max_depth if recursive else 0)

    def list_folders(self, path: str) -> Iterator[FolderEntry]:
        self._requests.check_open()
        yield from listing.folders(self._requests, keys.folder_prefix(path, backend=NAME), path)

    def iter_children(self, path: str) -> Iterator[FileInfo | FolderEntry]:
        self._requests.check_open()
        yield from listing.children(self._requests, keys.folder_prefix(path, backend=NAME), path)

    def glob(self, pattern: str) -> Iterator[FileInfo]:
        self._requests.check_open()
        parsed = patterns.parse_pattern(pattern)
        if not keys.is_sendable(parsed.prefix):
            raise InvalidPath("No key starts like this pattern", path=pattern, backend=NAME)
        yield from listing.matches(self._requests, parsed)

    def get_folder_info(self, path: str) -> FolderInfo:
        self._requests.check_open()
        info = listing.folder_info(self._requests, keys.folder_prefix(path, backend=NAME), path)
        if info is None:
            raise self._absent_folder(path)
        return info

    # Copying.

    def copy(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        self._copy(src, dst, overwrite=overwrite)

    def move(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        source = self._copy(src, dst, overwrite=overwrite)
        if source is not None:
            looks = not writes.is_trusted(self._requests, self._honours_conditions, src)
            copying.delete_copied(self._requests, source, looks=looks)

    def _copy(self, src: str, dst: str, *, overwrite: bool) -> copying.Source | None:
        """Copy one file and return what was copied; None if source and target are one."""
        target = self._target(dst, overwrite=overwrite)
        key = self._file_key(src)
        source = copying.Source(src, key, self._requests.require(key, src))
        # S3 refuses to copy an object onto itself unchanged.
        if key == target.key:
            return None
        self._refuse_file_ancestor(target)
        copying.copy_object(self._requests, source, target, self._sizes, is_conditional=self._copies_conditionally)
        return source

    # The connection.

    def check_health(self) -> None:
        self._requests.head_bucket()

    def close(self) -> None:
        self._requests.close()

    def unwrap(self, type_hint: type[T]) -> T:
        self._requests.check_open()
        if isinstance(type_hint, type):
            from botocore.client import BaseClient

            if issubclass(type_hint, BaseClient):
                with self._requests.mapping(None):
                    client = self._requests.client
                if isinstance(client, type_hint):
                    return client
        wanted = getattr(type_hint, "__name__", repr(type_hint))
        message = f"The {NAME} backend has a botocore client to show, no {wanted}"
        raise CapabilityNotSupported(message, capability="unwrap", backend=NAME)

    # What several operations need.

    def _key(self, path: str) -> str:
        return keys.object_key(path, backend=NAME)

    def _file_key(self, path: str) -> str:
        self._requests.check_open()
        return self._key(path)

    def _target(self, path: str, *, overwrite: bool, metadata: Mapping[str, str] | None = None) -> Target:
        key = self._file_key(path)
        headers = writes.metadata_headers(metadata, path=path, backend=NAME)
        return Target(path, key, overwrite, headers, self._honours_conditions)

    def _refuse_file_ancestor(self, target: Target) -> None:
        """Raise InvalidPath if the opt-in is set and a file stands above the target.

        A lookup that fails lets the write go on: it is then the write that says what is wrong with the server.
        """
        if not self._rejects_file_ancestor:
            return
        for ancestor in keys.ancestors(target.key):
            try:
                found = self._requests.head(ancestor, target.path)
            except RemoteStoreError:
                found = None
            if found is not None:
                message = f"There is a file above the path: {ancestor!r}"
                raise InvalidPath(message, path=target.path, backend=NAME)

    def _absent_folder(self, path: str) -> RemoteStoreError:
        """Return the error for a path below which there is nothing: InvalidPath if it names a file, else NotFound."""
        try:
            is_file = self._requests.head(self._key(path), path) is not None
        except RemoteStoreError:
            is_file = False
        if is_file:
            return InvalidPath("The path names a file, not a folder", path=path, backend=NAME)
        return NotFound("There is no such folder", path=path, backend=NAME)


def _shown(url: str | None) -> str | None:
    """Return a URL without what may stand before its host: a user and a password."""
    return re.sub(r"(?<=//)[^/@]*@", "", url) if url else url
