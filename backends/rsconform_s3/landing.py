"""Whether an object is the one that a request of ours made, where the answer to that request was lost.

botocore sends a request again whose answer did not come. If the first attempt had reached the server, the second one
meets its own object: `If-None-Match` fails, or the upload that it was to complete is no more. The ETag alone does not
tell that from a rival's object: it is no digest of the content where S3 encrypts with a key of KMS or of the caller's.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, RemoteStoreError

from rsconform_s3.errors import date_of, refusal_of
from rsconform_s3.objects import CHECKSUM_MEMBERS, clean_etag
from rsconform_s3.requests import Requests, Response

# Times of objects are whole seconds, and the clocks of a service's machines are not quite one.
_SLACK: Final = timedelta(seconds=3)
_MD5: Final = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")
_DIRECTORY_BUCKET: Final = "--x-s3"
_ALGORITHMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "ChecksumCRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "ChecksumSHA1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "ChecksumSHA256": lambda data: hashlib.sha256(data).digest(),
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a request was to make, and when it was first sent.

    Args:
        size_bytes: Of the object; None if it is not known.
        etag: The ETag that S3 gives the object unless it encrypts with a key of KMS or of the caller's; None if that is
            not known either.
        checksum: Returns the checksum that a member of an answer has to hold (`ChecksumCRC32`), or None.
        sent_s: On the monotonic clock.
    """

    size_bytes: int | None
    etag: str | None
    checksum: Callable[[str], str | None]
    sent_s: float

    def made(self, bucket: str, head: Response, now: datetime | None) -> bool | None:
        """Tell whether it made the object that HEAD describes; None if that cannot be known.

        Args:
            now: The server's time.
        """
        size_bytes = head.get("ContentLength")
        if self.size_bytes is not None and size_bytes is not None and size_bytes != self.size_bytes:
            return False
        written = head.get("LastModified")
        age_limit = timedelta(seconds=monotonic() - self.sent_s) + _SLACK
        if now is not None and written is not None and now - written > age_limit:
            return False
        for member in CHECKSUM_MEMBERS:
            found, wanted = head.get(member), self.checksum(member)
            if found and wanted and ("-" in found) == ("-" in wanted):
                return bool(found == wanted)
        etag = clean_etag(head)
        if etag is not None and etag == self.etag:
            return True
        # An ETag that is no digest says nothing if it is another one.
        return False if self.etag is not None and _is_digest(bucket, etag, head) else None


def of_bytes(body: bytes, sent_s: float) -> Attempt:
    """Return the attempt to put some bytes."""
    etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return Attempt(len(body), etag, lambda member: _checksum(member, body), sent_s)


def of_parts(parts: list[dict[str, Any]], size_bytes: int | None, sent_s: float) -> Attempt:
    """Return the attempt to complete an upload, from what the server answered to its parts."""

    def composite(member: str) -> str | None:
        sums = [part[member] for part in parts if member in part]
        if not sums or len(sums) != len(parts):
            return None
        total = _checksum(member, b"".join(base64.b64decode(one) for one in sums))
        return f"{total}-{len(parts)}" if total else None

    try:
        digests = b"".join(bytes.fromhex(part["ETag"].strip('"')) for part in parts)
    except ValueError:
        return Attempt(size_bytes, None, composite, sent_s)
    etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
    return Attempt(size_bytes, etag, composite, sent_s)


def of_copy(bucket: str, source: Response, sent_s: float) -> Attempt:
    """Return the attempt to copy an object, from what HEAD says of it with its checksums."""
    etag = clean_etag(source)
    in_parts = etag is None or "-" in etag
    kind = source.get("ChecksumType")
    sums = {} if kind == "COMPOSITE" or (in_parts and kind != "FULL_OBJECT") else source
    keeps = not in_parts and _is_digest(bucket, etag, source)  # One copy request makes an object of no parts.
    return Attempt(source.get("ContentLength"), etag if keeps else None, sums.get, sent_s)


class AnswerLostError(BackendUnavailable):
    """An object is there, and whether the operation made it is not known."""


def landed(
    requests: Requests, key: str, path: str, exc: RemoteStoreError, attempt: Callable[[], Attempt]
) -> Response | None:
    """Return what HEAD says of the object that a request of ours made in an attempt whose answer was lost.

    None means that it made none: what the failure says holds.

    Args:
        exc: How the request failed that was sent again.

    Raises:
        AlreadyExists: There is another object.
        AnswerLostError: There is an object, and whose it is cannot be known.
    """
    refusal = refusal_of(exc)
    if refusal is None or not refusal.retries:
        return None
    is_refused = refusal.status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT)
    if not is_refused and refusal.code != "NoSuchUpload":
        return None
    try:
        head = requests.head(key, path, ChecksumMode="ENABLED")
    except RemoteStoreError as failure:
        raise _unknown(requests, path) from failure
    if head is None:
        return None
    own = attempt().made(requests.bucket, head, date_of(head) or refusal.date)
    if own is None:
        raise _unknown(requests, path) from exc.__cause__
    if not own and is_refused:
        message = "There is a file already, and overwrite is not set"
        raise AlreadyExists(message, path=path, backend=requests.backend) from exc.__cause__
    return head if own else None


def _unknown(requests: Requests, path: str) -> AnswerLostError:
    message = "The answer of the server was lost: whether the file there is the one of this operation is not known"
    return AnswerLostError(message, path=path, backend=requests.backend)


def _is_digest(bucket: str, etag: str | None, head: Response) -> bool:
    """Tell whether an ETag is made of the content's MD5, so that another one means another content."""
    is_encrypted = head.get("SSECustomerAlgorithm") or str(head.get("ServerSideEncryption", "")).startswith("aws:")
    is_odd = is_encrypted or bucket.endswith(_DIRECTORY_BUCKET)
    return not is_odd and etag is not None and _MD5.fullmatch(etag) is not None


def _checksum(member: str, data: bytes) -> str | None:
    algorithm = _ALGORITHMS.get(member)
    return base64.b64encode(algorithm(data)).decode() if algorithm else None
