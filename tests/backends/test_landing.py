"""Whose the object is that a repeated request found: its own, another's, or unknown."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from remote_store import AlreadyExists, BackendUnavailable
from rsconform_s3 import S3Boto3Backend
from rsconform_s3.landing import Attempt, of_bytes, of_copy, of_parts

if TYPE_CHECKING:
    from tests.backends.conftest import Seed, Wire

Stored = Callable[[], dict[str, bytes]]
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
BODY = b"content"
MD5 = hashlib.md5(BODY).hexdigest()
CRC32 = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
SHA256 = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
OTHER_MD5 = "0" * 32
KMS = {"ServerSideEncryption": "aws:kms", "ETag": f'"{OTHER_MD5}"'}
OWN, ANOTHERS, UNKNOWN = True, False, None


def head(**facts: Any) -> dict[str, Any]:
    return {"ContentLength": len(BODY), "LastModified": NOW, **facts}


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"ETag": f'"{MD5}"'}, OWN),
        ({"ETag": f'"{OTHER_MD5}"'}, ANOTHERS),
        ({"ETag": f'"{MD5}"', "ContentLength": 3}, ANOTHERS),
        ({"ETag": f'"{MD5}"', "LastModified": NOW - timedelta(hours=1)}, ANOTHERS),
        (KMS, UNKNOWN),
        ({**KMS, "ServerSideEncryption": "aws:kms:dsse"}, UNKNOWN),
        ({"SSECustomerAlgorithm": "AES256", "ETag": f'"{OTHER_MD5}"'}, UNKNOWN),
        ({**KMS, "ChecksumCRC32": CRC32}, OWN),
        ({**KMS, "ChecksumCRC32": "AAAAAA=="}, ANOTHERS),
        ({**KMS, "ChecksumSHA256": SHA256}, OWN),
        ({**KMS, "ChecksumCRC64NVME": "AAAAAAAAAAA="}, UNKNOWN),
        ({"ETag": '"not-a-digest"'}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_bytes(facts: dict[str, Any], verdict: bool | None) -> None:
    assert of_bytes(BODY, monotonic()).made("bucket", head(**facts), NOW) is verdict


def test_in_a_directory_bucket_an_etag_is_no_digest() -> None:
    attempt = of_bytes(BODY, monotonic())
    assert attempt.made("logs--use1-az4--x-s3", head(ETag=f'"{OTHER_MD5}"'), NOW) is UNKNOWN


def test_an_object_may_be_as_old_as_the_attempt() -> None:
    attempt = of_bytes(BODY, monotonic() - 600)
    facts = {"ETag": f'"{MD5}"'}
    assert attempt.made("bucket", head(**facts, LastModified=NOW - timedelta(seconds=601)), NOW) is OWN
    assert attempt.made("bucket", head(**facts, LastModified=NOW - timedelta(seconds=700)), NOW) is ANOTHERS
    assert attempt.made("bucket", head(**facts, LastModified=NOW - timedelta(seconds=700)), None) is OWN


PARTS = [{"ETag": f'"{MD5}"', "ChecksumCRC32": CRC32}, {"ETag": f'"{MD5}"', "ChecksumCRC32": CRC32}]
COMPOSITE = base64.b64encode(zlib.crc32(base64.b64decode(CRC32) * 2).to_bytes(4, "big")).decode() + "-2"


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"ETag": f'"{hashlib.md5(bytes.fromhex(MD5) * 2).hexdigest()}-2"'}, OWN),
        ({"ETag": f'"{OTHER_MD5}-2"'}, ANOTHERS),
        ({**KMS, "ChecksumCRC32": COMPOSITE, "ChecksumType": "COMPOSITE"}, OWN),
        ({**KMS, "ChecksumCRC32": "AAAAAA==-2", "ChecksumType": "COMPOSITE"}, ANOTHERS),
        ({**KMS, "ChecksumCRC32": CRC32, "ChecksumType": "FULL_OBJECT"}, UNKNOWN),
        (KMS, UNKNOWN),
    ],
)
def test_parts(facts: dict[str, Any], verdict: bool | None) -> None:
    assert of_parts(PARTS, len(BODY), monotonic()).made("bucket", head(**facts), NOW) is verdict


@pytest.mark.parametrize(
    ("source", "facts", "verdict"),
    [
        ({"ETag": f'"{MD5}"'}, {"ETag": f'"{MD5}"'}, OWN),
        ({"ETag": f'"{MD5}"'}, {"ETag": f'"{OTHER_MD5}"'}, ANOTHERS),
        ({"ETag": f'"{MD5}"'}, KMS, UNKNOWN),
        (KMS, {**KMS, "ETag": '"1"'}, UNKNOWN),
        ({**KMS, "ChecksumCRC64NVME": "x"}, {**KMS, "ETag": '"1"', "ChecksumCRC64NVME": "x"}, OWN),
        ({**KMS, "ChecksumCRC64NVME": "x"}, {**KMS, "ETag": '"1"', "ChecksumCRC64NVME": "y"}, ANOTHERS),
        ({"ETag": f'"{MD5}-2"', "ChecksumCRC32": COMPOSITE}, {"ETag": f'"{OTHER_MD5}"', "ChecksumCRC32": "x"}, UNKNOWN),
    ],
)
def test_copies(source: dict[str, Any], facts: dict[str, Any], verdict: bool | None) -> None:
    assert of_copy("bucket", head(**source), monotonic()).made("bucket", head(**facts), NOW) is verdict


def test_a_size_that_is_not_known_excludes_nothing() -> None:
    assert Attempt(None, MD5, lambda _: None, monotonic()).made("bucket", head(ETag=f'"{MD5}"'), NOW) is OWN


@contextmanager
def sent_twice(client: Any, operation: str) -> Iterator[None]:
    """Have a request sent once more after it succeeded, as if its answer had been lost."""
    left = [0.0]

    def again(**_: Any) -> float | None:
        return left.pop() if left else None

    event = f"needs-retry.s3.{operation}"
    client.meta.events.register(event, again, unique_id="again")
    try:
        yield
    finally:
        client.meta.events.unregister(event, unique_id="again")


class TestOverTheClient:
    def test_a_write_that_met_itself_is_a_success(self, backend: S3Boto3Backend, client: Any, stored: Stored) -> None:
        with sent_twice(client, "PutObject"):
            backend.write("f", BODY)
        assert stored() == {"f": BODY}

    def test_one_that_met_an_older_file_of_the_same_content_is_not(
        self, backend: S3Boto3Backend, client: Any, seed: Seed, wire: Wire
    ) -> None:
        seed("lock", body=b"")
        older = {
            "ContentLength": 0,
            "ETag": '"d41d8cd98f00b204e9800998ecf8427e"',
            "LastModified": NOW.replace(year=2020),
        }
        wire.reply("HeadObject", older)
        with sent_twice(client, "PutObject"), pytest.raises(AlreadyExists):
            backend.write("lock", b"")

    def test_where_nobody_can_tell_it_says_so(self, backend: S3Boto3Backend, client: Any, wire: Wire) -> None:
        wire.reply("HeadObject", {"ContentLength": len(BODY), **KMS})
        with sent_twice(client, "PutObject"), pytest.raises(BackendUnavailable, match="not known") as caught:
            backend.write("f", BODY)
        assert caught.value.path == "f"

    def test_where_it_may_not_look_it_says_so(self, backend: S3Boto3Backend, client: Any, wire: Wire) -> None:
        wire.fail("HeadObject", 403)
        with sent_twice(client, "PutObject"), pytest.raises(BackendUnavailable, match="not known"):
            backend.write("f", BODY)

    @pytest.mark.parametrize("in_parts", [False, True])
    @pytest.mark.parametrize("operation", ["copy", "move"])
    def test_a_copy_that_met_itself_is_a_success(
        self, backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored, operation: str, in_parts: bool
    ) -> None:
        body = bytes(9 << 20) if in_parts else BODY
        backend.write("f", io.BytesIO(body))
        seed("g", body=body)  # By the attempt whose answer was lost.
        wire.fail("HeadObject", 404, skip=1)
        wire.fail("CopyObject", 412, "PreconditionFailed", retries=1)
        if in_parts:
            # moto tells a checksum of the whole, where S3 tells one of the parts' that no copy has.
            with pytest.raises(BackendUnavailable, match="not known"):
                getattr(backend, operation)("f", "g")
            return

        getattr(backend, operation)("f", "g")

        assert stored() == ({"g": body} if operation == "move" else {"f": body, "g": body})

    def test_a_copy_that_met_a_rivals_file_is_not(self, backend: S3Boto3Backend, seed: Seed, wire: Wire) -> None:
        seed("f", body=BODY)
        seed("g", body=BODY[::-1])
        wire.fail("HeadObject", 404, skip=1)
        wire.fail("CopyObject", 412, "PreconditionFailed", retries=1)
        with pytest.raises(AlreadyExists) as caught:
            backend.move("f", "g")
        assert caught.value.path == "g"

    def test_a_delete_that_met_itself_ends_the_move(
        self, backend: S3Boto3Backend, seed: Seed, wire: Wire, client: Any, bucket: str
    ) -> None:
        seed("f", body=BODY)

        def gone(**_: Any) -> None:
            client.meta.events.unregister("before-call.s3.DeleteObject", unique_id="gone")
            client.delete_object(Bucket=bucket, Key="f")
            wire.fail("DeleteObject", 412, "PreconditionFailed", retries=1)

        client.meta.events.register_first("before-call.s3.DeleteObject", gone, unique_id="gone")
        backend.move("f", "g")
        assert backend.read_bytes("g") == BODY
