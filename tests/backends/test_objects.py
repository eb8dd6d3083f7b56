"""Checksums that are digests, and metadata that comes back as it was written."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from remote_store import ContentDigest, RemoteStoreError
from rsconform_s3 import S3Boto3Backend
from rsconform_s3.objects import clean_etag, content_digest

if TYPE_CHECKING:
    from tests.backends.conftest import Wire

SHA256 = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
DIGEST = ContentDigest("sha256", hashlib.sha256(b"x").hexdigest())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"ChecksumSHA256": SHA256, "ETag": '"e"'}, DIGEST),
        ({"ChecksumSHA256": SHA256, "ChecksumCRC32": "AAAAAA==", "ETag": '"e"'}, DIGEST),
        ({"ChecksumSHA256": SHA256, "ETag": '"e-3"', "ChecksumType": "FULL_OBJECT"}, DIGEST),
        ({"ChecksumSHA256": SHA256, "ETag": '"e-3"'}, None),
        ({"ChecksumSHA256": SHA256, "ETag": '"e"', "ChecksumType": "COMPOSITE"}, None),
        ({"ChecksumSHA256": f"{SHA256}-3", "ETag": '"e"'}, None),
        ({"ChecksumCRC32": "AAA=", "ETag": '"e"'}, None),
        ({"ChecksumCRC64NVME": "AAAAAAAAAAA=", "ETag": '"e"'}, ContentDigest("crc64nvme", "0" * 16)),
        ({"ETag": '"0cc175b9c0f1b6a831c399e269772661"'}, None),
    ],
)
def test_only_a_checksum_of_the_whole_content_is_a_digest(
    answer: dict[str, str], expected: ContentDigest | None
) -> None:
    assert content_digest(answer) == expected


def test_an_etag_is_shown_without_quotes() -> None:
    assert clean_etag({"ETag": '"ABC-2"'}) == "abc-2"
    assert clean_etag({}) is None


VALUES = [
    "plain",
    "",
    " padded ",
    "\ttab",
    "two\nlines",
    "grüße",
    "日本 🎈",
    "a" * 1500,
    "=?utf-8?b?eA==?=",
    "=?utf-8?b?",
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value[:12]))
def test_any_value_comes_back(backend: S3Boto3Backend, value: str) -> None:
    result = backend.write("f", b"x", metadata={"key-1": value, "b_2": "other"})
    assert result.metadata == {"key-1": value, "b_2": "other"}
    assert backend.get_file_info("f").metadata == {"key-1": value, "b_2": "other"}
    backend.copy("f", "g")
    assert backend.get_file_info("g").metadata == {"key-1": value, "b_2": "other"}


@pytest.mark.parametrize("stored", ["=?utf-8?b?/w==?=", "=?utf-8?b?abc?=", "=?utf-8?q?x?="])
def test_what_others_encoded_is_left_as_it_is(backend: S3Boto3Backend, seed: Callable[..., None], stored: str) -> None:
    seed("f", Metadata={"k": stored})
    assert backend.get_file_info("f").metadata == {"k": stored}


@pytest.mark.parametrize("write", ["write", "write_atomic"])
def test_names_that_no_header_can_have_are_refused(backend: S3Boto3Backend, wire: Wire, write: str) -> None:
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"with space": "v"}, RemoteStoreError),
        ({"ü": "v"}, RemoteStoreError),
        ({"": "v"}, RemoteStoreError),
        ({"a:b": "v"}, RemoteStoreError),
        ({"Key": "1", "key": "2"}, ValueError),
    ]
    for metadata, expected in cases:
        with pytest.raises(expected) as caught:
            getattr(backend, write)("f", b"x", metadata=metadata)
        assert type(caught.value) is expected
    assert wire.calls == []
