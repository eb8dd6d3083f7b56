"""Copies and moves on the server: their requests, the order of their checks, and what a failure leaves."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from remote_store import (
    AlreadyExists,
    BackendUnavailable,
    ContentDigest,
    InvalidPath,
    NotFound,
    PermissionDenied,
    RemoteStoreError,
)
from rsconform_s3 import S3Boto3Backend, TransferSizes
from rsconform_s3.requests import Requests

if TYPE_CHECKING:
    from tests.backends.conftest import Seed, Wire

# As in conftest.
SMALL = TransferSizes(part_bytes=8, put_limit_bytes=20, copy_limit_bytes=10, copy_part_bytes=4)
Stored = Callable[[], dict[str, bytes]]
OPERATIONS = ["copy", "move"]
LARGE = b"0123456789AB"


def run(backend: S3Boto3Backend, operation: str, *args: str, **options: Any) -> None:
    getattr(backend, operation)(*args, **options)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_copy_sends_no_content(
    backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored, operation: str, overwrite: bool
) -> None:
    seed("f", body=b"content", Metadata={"k": "v"}, ContentType="text/x")
    wire.calls.clear()

    run(backend, operation, "f", "x/y/g", overwrite=overwrite)

    looks = ["HeadObject"] if overwrite else ["HeadObject", "HeadObject"]
    assert wire.operations == [*looks, "CopyObject", *(["DeleteObject"] if operation == "move" else [])]
    (sent,) = wire.parameters("CopyObject")
    assert sent["CopySourceIfMatch"].startswith('"')
    assert sent.get("IfNoneMatch") == (None if overwrite else "*")
    assert stored() == ({"x/y/g": b"content"} if operation == "move" else {"f": b"content", "x/y/g": b"content"})
    info = backend.get_file_info("x/y/g")
    assert (info.metadata, info.content_type) == ({"k": "v"}, "text/x")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_copy_of_what_was_uploaded_in_parts_has_the_digest_of_its_content(
    backend: S3Boto3Backend, wire: Wire, operation: str
) -> None:
    content = b"0123456789" * 900_000
    backend.write("f", io.BytesIO(content))

    run(backend, operation, "f", "g")

    assert wire.parameters("CopyObject")[0]["ChecksumAlgorithm"] == "CRC32"
    assert backend.get_file_info("g").digest == ContentDigest("crc32", f"{zlib.crc32(content):08x}")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_large_is_copied_in_pinned_parts(
    small: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored, operation: str
) -> None:
    seed("f", body=LARGE, Metadata={"k": "v"}, ContentType="text/x", CacheControl="no-store")
    wire.calls.clear()

    run(small, operation, "f", "g")

    assert "CopyObject" not in wire.operations
    sent = wire.parameters("UploadPartCopy")
    assert [parameters["CopySourceRange"] for parameters in sent] == ["bytes=0-3", "bytes=4-7", "bytes=8-11"]
    assert all(parameters["CopySourceIfMatch"].startswith('"') for parameters in sent)
    assert wire.parameters("CompleteMultipartUpload")[0]["IfNoneMatch"] == "*"
    assert wire.parameters("CreateMultipartUpload")[0]["CacheControl"] == "no-store"
    assert stored()["g"] == LARGE
    info = small.get_file_info("g")
    assert (info.metadata, info.content_type) == ({"k": "v"}, "text/x")


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("overwrite", [False, True])
def test_onto_itself_is_one_look_and_nothing_else(
    backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored, operation: str, overwrite: bool
) -> None:
    seed("d/f")
    wire.calls.clear()
    run(backend, operation, "d/f", "./d//f", overwrite=overwrite)
    assert wire.operations == ["HeadObject"]
    assert set(stored()) == {"d/f"}

    with pytest.raises(NotFound):
        run(backend, operation, "gone", "gone", overwrite=overwrite)
    with pytest.raises(InvalidPath):
        run(backend, operation, "d", "d", overwrite=overwrite)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("size", [8, 12])
@pytest.mark.parametrize("options", [{}, {"conditional_writes": False}, {"conditional_copies": False}])
def test_a_target_that_is_there_is_kept_although_the_server_overlooks_the_condition(
    client: Any,
    bucket: str,
    seed: Seed,
    stored: Stored,
    deaf: None,
    operation: str,
    size: int,
    options: dict[str, Any],
) -> None:
    backend = S3Boto3Backend(bucket, client=client, transfer=SMALL, **options)
    seed("f", body=bytes(size))
    seed("g", body=b"kept")
    with pytest.raises(AlreadyExists) as caught:
        run(backend, operation, "f", "g")
    assert caught.value.path == "g"
    assert stored() == {"f": bytes(size), "g": b"kept"}


@pytest.mark.parametrize("is_aws", [True, False])
def test_who_may_not_look_at_the_target_leaves_it_to_aws_and_to_no_other_server(
    backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored, monkeypatch: pytest.MonkeyPatch, is_aws: bool
) -> None:
    monkeypatch.setattr(Requests, "is_aws", is_aws)
    seed("f")
    wire.fail("HeadObject", 403, skip=1)
    if is_aws:
        backend.copy("f", "g")
        assert wire.parameters("CopyObject")[0]["IfNoneMatch"] == "*"
    else:
        with pytest.raises(PermissionDenied):
            backend.copy("f", "g")
    assert set(stored()) == ({"f", "g"} if is_aws else {"f"})


def test_the_conditions_of_writes_and_of_copies_are_switched_apart(client: Any, bucket: str, wire: Wire) -> None:
    backend = S3Boto3Backend(bucket, client=client, conditional_copies=False)
    backend.write("f", b"x")
    backend.copy("f", "g")
    assert wire.parameters("PutObject")[0]["IfNoneMatch"] == "*"
    assert "IfNoneMatch" not in wire.parameters("CopyObject")[0]


def test_a_server_that_cannot_copy_conditionally_is_no_reason_to_overwrite(
    backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored
) -> None:
    seed("f")
    wire.fail("CopyObject", 501, "NotImplemented")
    with pytest.raises(RemoteStoreError, match="conditional_copies=False") as caught:
        backend.copy("f", "g")
    assert type(caught.value) is RemoteStoreError
    assert set(stored()) == {"f"}


ORDER = [
    ("gone", "", InvalidPath, ""),
    ("gone", "./.", InvalidPath, "./."),
    ("", "g", InvalidPath, ""),
    (".", "g", InvalidPath, "."),
    ("gone", "taken", NotFound, "gone"),
    ("gone", "taken/below", NotFound, "gone"),
    ("d", "g", InvalidPath, "d"),
    ("f", "taken/below", InvalidPath, "taken/below"),
    ("f", "taken", AlreadyExists, "taken"),
    ("f", "a/../b", InvalidPath, "a/../b"),
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("src", "dst", "expected", "path"), ORDER)
def test_of_several_reasons_the_first_in_order_is_told(
    strict: S3Boto3Backend,
    seed: Seed,
    stored: Stored,
    operation: str,
    src: str,
    dst: str,
    expected: type[RemoteStoreError],
    path: str,
) -> None:
    seed("f", "taken", "d/child")
    with pytest.raises(RemoteStoreError) as caught:
        run(strict, operation, src, dst)
    assert type(caught.value) is expected
    assert (caught.value.path, caught.value.backend) == (path, "s3-boto3")
    assert stored() == {"f": b"seeded", "taken": b"seeded", "d/child": b"seeded"}


def test_without_the_opt_in_a_flat_namespace_takes_any_target(
    backend: S3Boto3Backend, seed: Seed, stored: Stored
) -> None:
    seed("f", "taken", "d/child")
    backend.copy("f", "taken/below")
    backend.copy("f", "d")
    assert set(stored()) == {"f", "taken", "taken/below", "d", "d/child"}


class TestRivals:
    @pytest.mark.parametrize(("operation", "body"), [("CopyObject", b"x"), ("UploadPartCopy", LARGE)])
    def test_a_source_that_changes_is_not_copied(
        self, small: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored, operation: str, body: bytes
    ) -> None:
        seed("f", body=body)
        wire.fail(operation, 412, "PreconditionFailed")

        with pytest.raises(BackendUnavailable, match="changed") as caught:
            small.move("f", "g", overwrite=True)

        assert caught.value.path == "f"
        assert stored() == {"f": body}

    def test_a_source_that_changes_between_parts_is_not_copied_although_the_server_overlooks_the_pin(
        self, small: S3Boto3Backend, seed: Seed, client: Any, bucket: str, stored: Stored
    ) -> None:
        seed("f", body=LARGE)
        newer = LARGE[::-1]

        def replace(**_: Any) -> None:
            client.put_object(Bucket=bucket, Key="f", Body=newer)

        client.meta.events.register_first("before-call.s3.UploadPartCopy", replace, unique_id="replace")
        try:
            with pytest.raises(BackendUnavailable, match="changed"):
                small.copy("f", "g", overwrite=True)
        finally:
            client.meta.events.unregister("before-call.s3.UploadPartCopy", unique_id="replace")

        assert stored() == {"f": newer}
        assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []

    def test_a_target_that_appears_is_kept(self, backend: S3Boto3Backend, seed: Seed, wire: Wire) -> None:
        seed("f", "g")
        wire.fail("HeadObject", 404, skip=1)
        wire.fail("CopyObject", 412, "PreconditionFailed")
        with pytest.raises(AlreadyExists) as caught:
            backend.copy("f", "g")
        assert caught.value.path == "g"

    def test_where_the_server_cannot_refuse_the_target_is_looked_up(
        self, bucket: str, client: Any, seed: Seed, wire: Wire, stored: Stored
    ) -> None:
        backend = S3Boto3Backend(bucket, client=client, conditional_writes=False)
        seed("f")
        seed("g", body=b"kept")
        wire.calls.clear()
        with pytest.raises(AlreadyExists):
            backend.copy("f", "g")
        backend.copy("f", "h")
        assert wire.operations == ["HeadObject", "HeadObject", "HeadObject", "HeadObject", "CopyObject"]
        assert "IfNoneMatch" not in wire.parameters("CopyObject")[0]
        assert stored()["g"] == b"kept"

    def test_a_large_target_that_appears_is_kept(
        self, small: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored
    ) -> None:
        seed("f", body=LARGE)
        seed("g", body=b"rival")
        wire.fail("HeadObject", 404, skip=1)
        with pytest.raises(AlreadyExists) as caught:
            small.copy("f", "g")
        assert caught.value.path == "g"
        assert stored()["g"] == b"rival"

    def test_a_source_that_vanishes_is_not_found(
        self, small: S3Boto3Backend, wire: Wire, client: Any, bucket: str
    ) -> None:
        for size in (4, 12):
            wire.reply("HeadObject", {"ContentLength": size, "ETag": '"e"'})
            with pytest.raises(NotFound) as caught:
                small.copy("f", "g", overwrite=True)
            assert caught.value.path == "f"
        assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []

    def test_a_newer_source_survives_the_move(
        self, backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored
    ) -> None:
        seed("f")
        wire.fail("DeleteObject", 412, "PreconditionFailed")
        with pytest.raises(BackendUnavailable, match="changed"):
            backend.move("f", "g")
        assert set(stored()) == {"f", "g"}

    @pytest.mark.parametrize("status", [501, 204], ids=["refuses-the-condition", "overlooks-it"])
    def test_a_newer_source_survives_where_the_server_has_no_conditional_deletes(
        self,
        backend: S3Boto3Backend,
        seed: Seed,
        wire: Wire,
        stored: Stored,
        client: Any,
        bucket: str,
        monkeypatch: pytest.MonkeyPatch,
        status: int,
    ) -> None:
        seed("f", body=b"old")
        if status == 501:
            wire.fail("DeleteObject", 501, "NotImplemented")
        else:
            monkeypatch.setattr(Requests, "is_aws", False)

        def replace(**_: Any) -> None:
            client.put_object(Bucket=bucket, Key="f", Body=b"newer")

        client.meta.events.register("after-call.s3.CopyObject", replace, unique_id="replace")
        try:
            with pytest.raises(BackendUnavailable, match="changed"):
                backend.move("f", "g")
        finally:
            client.meta.events.unregister("after-call.s3.CopyObject", unique_id="replace")

        assert stored() == {"f": b"newer", "g": b"old"}

    def test_a_source_deleted_meanwhile_is_moved(self, backend: S3Boto3Backend, seed: Seed, wire: Wire) -> None:
        seed("f")
        wire.fail("DeleteObject", 404, "NoSuchKey")
        backend.move("f", "g")
        assert backend.is_file("g")

    def test_a_server_without_conditional_deletes_gets_a_plain_one(
        self, backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored
    ) -> None:
        seed("f")
        wire.fail("DeleteObject", 501, "NotImplemented")
        backend.move("f", "g")
        assert set(stored()) == {"g"}


@pytest.mark.parametrize(
    ("status", "code", "expected"), [(403, "AccessDenied", PermissionDenied), (503, "SlowDown", BackendUnavailable)]
)
def test_a_move_that_cannot_delete_says_so_and_keeps_both(
    backend: S3Boto3Backend,
    seed: Seed,
    wire: Wire,
    stored: Stored,
    status: int,
    code: str,
    expected: type[RemoteStoreError],
) -> None:
    seed("f")
    wire.fail("DeleteObject", status, code)
    with pytest.raises(expected):
        backend.move("f", "g")
    assert set(stored()) == {"f", "g"}


@pytest.mark.parametrize("operation", ["CopyObject", "UploadPartCopy", "CompleteMultipartUpload"])
def test_a_copy_that_fails_leaves_nothing(
    small: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored, client: Any, bucket: str, operation: str
) -> None:
    seed("f", body=b"x" if operation == "CopyObject" else LARGE)
    wire.fail(operation, 500, "InternalError")
    with pytest.raises(BackendUnavailable):
        small.move("f", "g")
    assert set(stored()) == {"f"}
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
