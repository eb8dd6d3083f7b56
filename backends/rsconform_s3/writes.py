"""Writing an object: one PUT for what fits, else a multipart upload that is completed or aborted.

A write that must not overwrite carries `If-None-Match: *` with the request that makes the object visible, so that of
many creators, in whatever process, one wins. A server may ignore the header (rclone does) and overwrite: unless it is
known to honour the header, the target is looked up right before. Two who come at once may both have looked.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import chain
from time import monotonic
from types import TracebackType
from typing import Any, BinaryIO, Self

from remote_store import AlreadyExists, RemotePath, RemoteStoreError, WriteResult

from rsconform_s3.errors import refusal_of
from rsconform_s3.landing import landed, of_bytes, of_parts
from rsconform_s3.objects import CHECKSUM_MEMBERS, encode_metadata, write_result
from rsconform_s3.requests import Requests, Response

log = logging.getLogger(__name__)

MiB = 1024 * 1024
GiB = 1024 * MiB

# A part's size doubles after each block of parts, which takes an upload of unknown length past S3's largest object
# within its 10,000 parts, while a small one never holds more than two parts of the first size.
PARTS_OF_ONE_SIZE = 1000
PUT_ATTEMPTS = 3

Content = bytes | bytearray | memoryview | BinaryIO


@dataclass(frozen=True, slots=True)
class TransferSizes:
    """Where transfers change their ways, in bytes.

    Args:
        part_bytes: A stream up to this long is one PUT; a longer one is uploaded in parts of this size.
        put_limit_bytes: Bytes up to this long are one PUT.
        copy_limit_bytes: An object up to this long is copied by one request.
        copy_part_bytes: The largest range of a longer one that one request copies.

    Raises:
        ValueError: A size is not positive.
    """

    part_bytes: int = 8 * MiB
    put_limit_bytes: int = 5 * GiB
    copy_limit_bytes: int = 5 * GiB
    copy_part_bytes: int = 1 * GiB

    def __post_init__(self) -> None:
        if min(self.part_bytes, self.put_limit_bytes, self.copy_limit_bytes, self.copy_part_bytes) < 1:
            raise ValueError(f"Sizes are positive: {self}")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a write goes: the path as the caller wrote it, its key, and what goes with the content."""

    path: str
    key: str
    overwrite: bool
    headers: Mapping[str, Any] = field(default_factory=dict)
    # Whether the server refuses to overwrite if the header asks for it; None if that is not known.
    honours_condition: bool | None = True

    @property
    def condition(self) -> dict[str, str]:
        """What the request that makes the object visible has to carry."""
        return {} if self.overwrite or self.honours_condition is False else {"IfNoneMatch": "*"}


def metadata_headers(metadata: Mapping[str, str] | None, *, path: str, backend: str) -> dict[str, Any]:
    """Return what goes with the content of an object, known to be sendable."""
    encoded = encode_metadata(metadata, path=path, backend=backend)
    return {"Metadata": encoded} if encoded else {}


def store(
    requests: Requests, target: Target, content: Content, sizes: TransferSizes, metadata: Mapping[str, str] | None
) -> WriteResult:
    """Write content to its target and return what the server answered.

    A source is read from where it stands to its end and is not closed; what it raises comes out unchanged.
    """
    if isinstance(content, (bytes, bytearray, memoryview)):
        whole = bytes(content)
        if len(whole) <= sizes.put_limit_bytes:
            return _result(target, len(whole), put(requests, target, whole), metadata)
        content = io.BytesIO(whole)
    parts = _parts(content, sizes)
    first = next(parts, b"")
    second = next(parts, None)
    if second is None:
        return _result(target, len(first), put(requests, target, first), metadata)
    refuse_existing(requests, target)
    counted = _Counted(chain((first, second), parts))
    answer = _upload(requests, target, counted)
    return _result(target, counted.size_bytes, answer, metadata)


def put(requests: Requests, target: Target, body: bytes) -> Response:
    """Write an object in one request.

    Raises:
        AlreadyExists: There is one, and it must not be overwritten.
    """
    _look_unless_trusted(requests, target)
    sent_s = monotonic()
    attempts_left = PUT_ATTEMPTS
    while True:
        attempts_left -= 1
        try:
            return requests.send(
                "put_object", target.path, Key=target.key, Body=body, **target.headers, **target.condition
            )
        except RemoteStoreError as exc:
            if attempts_left and _code_of(exc) == "ConditionalRequestConflict":
                continue
            own = (
                None
                if target.overwrite
                else landed(requests, target.key, target.path, exc, lambda: of_bytes(body, sent_s))
            )
            if own is not None:
                return own
            raise creation_error(requests, target, exc) from exc.__cause__


def refuse_existing(requests: Requests, target: Target) -> None:
    """Raise AlreadyExists if the target exists and must not be overwritten."""
    if not target.overwrite and requests.head(target.key, target.path) is not None:
        raise _already_exists(requests, target)


def _look_unless_trusted(requests: Requests, target: Target) -> None:
    """Raise AlreadyExists if the target exists, where it is not left to the server to find that out."""
    if not target.overwrite and not is_trusted(requests, target.honours_condition, target.path):
        refuse_existing(requests, target)


def is_trusted(requests: Requests, honours_condition: bool | None, path: str) -> bool:
    """Tell whether the server is known to mind conditions: because the caller says so, or because it is AWS."""
    if honours_condition is not None:
        return honours_condition
    with requests.mapping(path):
        return requests.is_aws


def creation_error(requests: Requests, target: Target, exc: RemoteStoreError) -> RemoteStoreError:
    """Return what a failed write means: AlreadyExists if its condition did not hold, else the failure itself."""
    refusal = refusal_of(exc)
    if target.overwrite or refusal is None:
        return exc
    if refusal.status == HTTPStatus.PRECONDITION_FAILED:
        return _already_exists(requests, target)
    if refusal.status == HTTPStatus.NOT_IMPLEMENTED and target.condition:
        message = f"The server cannot write conditionally ({exc.args[0]}); conditional_writes=False looks first instead"
        return RemoteStoreError(message, path=target.path, backend=requests.backend)
    if refusal.code == "ConditionalRequestConflict" and requests.head(target.key, target.path) is not None:
        return _already_exists(requests, target)
    return exc


class Multipart:
    """A multipart upload as a context: left by an exception it is aborted, whatever the exception."""

    def __init__(self, requests: Requests, target: Target, headers: Mapping[str, Any]) -> None:
        self._requests = requests
        self._target = target
        self._headers = headers
        self._where: dict[str, Any] = {}
        self._parts: list[dict[str, Any]] = []
        self._begun_s = monotonic()  # S3 says of an object made of parts that it was modified when the upload began.

    def __enter__(self) -> Self:
        with self._requests.mapping(self._target.path):
            algorithm = _default_checksum(self._requests)
        answer = self._send("create_multipart_upload", Key=self._target.key, **self._headers, **algorithm)
        self._where = {"Key": self._target.key, "UploadId": answer["UploadId"]}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            return
        try:
            self._send("abort_multipart_upload", **self._where)
        except RemoteStoreError as failure:
            log.warning("An upload to %r could not be aborted: %s", self._target.path, failure)

    def add(self, body: bytes) -> None:
        """Upload the next part."""
        self._note(self._send("upload_part", **self._where, PartNumber=self._next, Body=body))

    def add_copy(self, path: str, **source: Any) -> None:
        """Copy the next part from another object, which errors call by its path."""
        answer = self._requests.send("upload_part_copy", path, **self._where, PartNumber=self._next, **source)
        self._note(answer["CopyPartResult"])

    def complete(self, size_bytes: int | None = None) -> Response:
        """Make the object visible.

        Args:
            size_bytes: Of the whole object.
        """
        _look_unless_trusted(self._requests, self._target)
        parts = {"Parts": self._parts}
        try:
            return self._send(
                "complete_multipart_upload", **self._where, MultipartUpload=parts, **self._target.condition
            )
        except RemoteStoreError as exc:
            key, path = self._target.key, self._target.path
            own = landed(self._requests, key, path, exc, lambda: of_parts(self._parts, size_bytes, self._begun_s))
            if own is not None:
                return own
            raise creation_error(self._requests, self._target, exc) from exc.__cause__

    @property
    def _next(self) -> int:
        return len(self._parts) + 1

    def _note(self, answer: Mapping[str, Any]) -> None:
        # An upload made with a checksum algorithm is completed with the checksum of each part.
        checksums = {member: answer[member] for member in CHECKSUM_MEMBERS if member in answer}
        self._parts.append({"PartNumber": self._next, "ETag": answer["ETag"], **checksums})

    def _send(self, operation: str, **parameters: Any) -> Response:
        return self._requests.send(operation, self._target.path, **parameters)


class _Counted:
    """Parts on their way, and how many bytes they were."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self.size_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self.size_bytes += len(part)
            yield part


def _upload(requests: Requests, target: Target, parts: _Counted) -> Response:
    with Multipart(requests, target, target.headers) as upload:
        for part in parts:
            upload.add(part)
        return upload.complete(parts.size_bytes)


def _parts(source: BinaryIO, sizes: TransferSizes) -> Iterator[bytes]:
    """Yield a source's content in pieces of a part each; none if it is empty."""
    number = 0
    while True:
        size_bytes = sizes.part_bytes << (number // PARTS_OF_ONE_SIZE)
        part = _read_fully(source, size_bytes)
        if part:
            yield part
        if len(part) < size_bytes:
            return
        number += 1


def _read_fully(source: BinaryIO, size_bytes: int) -> bytes:
    """Read until there are that many bytes or the source ends; one read may return less."""
    chunk = source.read(size_bytes)
    if len(chunk) == size_bytes:
        return bytes(chunk)
    buffer = bytearray()
    while chunk:
        buffer += chunk
        if len(buffer) >= size_bytes:
            break
        chunk = source.read(size_bytes - len(buffer))
    return bytes(buffer)


def _default_checksum(requests: Requests) -> dict[str, str]:
    # botocore adds a CRC32 to each part unless configured otherwise. S3 accepts it only if the upload announced it.
    wanted = getattr(requests.client.meta.config, "request_checksum_calculation", None)
    return {"ChecksumAlgorithm": "CRC32"} if wanted == "when_supported" else {}


def _result(target: Target, size: int, answer: Response, metadata: Mapping[str, str] | None) -> WriteResult:
    return write_result(RemotePath(target.key), size, answer, metadata)


def _already_exists(requests: Requests, target: Target) -> AlreadyExists:
    message = "There is a file already, and overwrite is not set"
    return AlreadyExists(message, path=target.path, backend=requests.backend)


def _code_of(exc: RemoteStoreError) -> str:
    refusal = refusal_of(exc)
    return refusal.code if refusal else ""
