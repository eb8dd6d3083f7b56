"""Objects as remote_store describes them: answers of S3 to `FileInfo` and `WriteResult`, metadata to headers."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from remote_store import ContentDigest, FileInfo, RemotePath, RemoteStoreError, WriteResult

# What remote_store calls the time of a file whose time is not known.
UNKNOWN_TIME = datetime.min.replace(tzinfo=UTC)

# In order of preference, with the length of the digest.
_CHECKSUMS = (
    ("sha512", "ChecksumSHA512", 64),
    ("sha256", "ChecksumSHA256", 32),
    ("sha1", "ChecksumSHA1", 20),
    ("md5", "ChecksumMD5", 16),
    ("crc64nvme", "ChecksumCRC64NVME", 8),
    ("crc32c", "ChecksumCRC32C", 4),
    ("crc32", "ChecksumCRC32", 4),
)
CHECKSUM_MEMBERS = tuple(member for _, member, _ in _CHECKSUMS)

# 'token' in RFC 9110, 5.6.2: what a header name may hold.
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PLAIN_VALUE = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
# An 'encoded-word' of RFC 2047, section 2, in the one form that `encode_metadata` writes.
_ENCODED_VALUE = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/]*={0,2})\?=")


def file_info(path: RemotePath, head: Mapping[str, Any]) -> FileInfo:
    """Return what HEAD says of an object."""
    return FileInfo(
        path=path,
        name=path.name,
        size=head["ContentLength"],
        modified_at=head.get("LastModified") or UNKNOWN_TIME,
        digest=content_digest(head),
        etag=clean_etag(head),
        content_type=head.get("ContentType"),
        metadata=decode_metadata(head.get("Metadata")),
    )


def listed_file(path: RemotePath, entry: Mapping[str, Any]) -> FileInfo:
    """Return what a listing says of an object."""
    return FileInfo(
        path=path,
        name=path.name,
        size=entry["Size"],
        modified_at=entry.get("LastModified") or UNKNOWN_TIME,
        etag=clean_etag(entry),
    )


def write_result(
    path: RemotePath, size: int, answer: Mapping[str, Any], metadata: Mapping[str, str] | None
) -> WriteResult:
    """Return what the answer to a write says; it holds no time, and no request is sent for one."""
    version_id = answer.get("VersionId")
    return WriteResult(
        path=path,
        size=size,
        source="native",
        digest=content_digest(answer),
        etag=clean_etag(answer),
        # A bucket whose versioning is off or suspended says "null".
        version_id=None if version_id == "null" else version_id,
        metadata=dict(metadata) if metadata else None,
    )


def clean_etag(answer: Mapping[str, Any]) -> str | None:
    """Return the ETag for people: without quotes, in lower case. Conditions need it as it came."""
    raw = answer.get("ETag")
    return raw.strip('"').lower() if raw else None


def content_digest(answer: Mapping[str, Any]) -> ContentDigest | None:
    """Return the checksum of the whole content, or None.

    After a multipart upload S3 may report a checksum of the parts' checksums, which is no digest of the content.
    """
    kind = answer.get("ChecksumType")
    in_parts = "-" in str(answer.get("ETag", ""))
    if kind == "COMPOSITE" or (in_parts and kind != "FULL_OBJECT"):
        return None
    for algorithm, member, length in _CHECKSUMS:
        try:
            # Strict, so that the "-3" behind a checksum of three parts is not read as padding.
            value = base64.b64decode(answer.get(member, ""), validate=True)
        except binascii.Error:
            continue
        if len(value) == length:
            return ContentDigest(algorithm, value.hex())
    return None


def encode_metadata(metadata: Mapping[str, str] | None, *, path: str, backend: str) -> dict[str, str]:
    """Return user metadata as headers can carry it; what is not plain ASCII travels as an RFC 2047 encoded word.

    Raises:
        ValueError: Two names differ in case only, and S3 folds case.
        RemoteStoreError: A name cannot be part of a header name.
    """
    encoded: dict[str, str] = {}
    for name, value in (metadata or {}).items():
        if not _HEADER_NAME.fullmatch(name):
            raise RemoteStoreError(f"S3 cannot store metadata named {name!r}", path=path, backend=backend)
        if name.lower() in encoded:
            raise ValueError(f"Metadata names that differ in case only are one name to S3: {name!r}")
        encoded[name.lower()] = _encode_value(value)
    return encoded


def decode_metadata(stored: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return user metadata as it was written; None if there is none."""
    return {name.lower(): _decode_value(value) for name, value in stored.items()} if stored else None


def _encode_value(value: str) -> str:
    if _PLAIN_VALUE.fullmatch(value) and not _ENCODED_VALUE.fullmatch(value):
        return value
    return f"=?utf-8?b?{base64.b64encode(value.encode()).decode()}?="


def _decode_value(value: str) -> str:
    word = _ENCODED_VALUE.fullmatch(value)
    if word is None:
        return value
    try:
        return base64.b64decode(word[1], validate=True).decode()
    except ValueError:
        return value
