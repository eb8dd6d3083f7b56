"""What a write sends, what it leaves behind when it fails, and who wins."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from remote_store import (
    AlreadyExists,
    BackendUnavailable,
    InvalidPath,
    NotFound,
    PermissionDenied,
    RemotePath,
    RemoteStoreError,
)
from rsconform_s3 import S3Boto3Backend, TransferSizes
from rsconform_s3.requests import Requests
from rsconform_s3.writes import PARTS_OF_ONE_SIZE, PUT_ATTEMPTS

if TYPE_CHECKING:
    from tests.backends.conftest import Seed, Wire

Stored = Callable[[], dict[str, bytes]]
LARGE = b"0123456789AB"
MULTIPART = ["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"]


class OnlyRead:
    """A source that has nothing but `read`, and returns less than it is asked for."""

    def __init__(self, chunks: Iterator[Any]) -> None:
        self._chunks = chunks

    def read(self, size: int) -> Any:
        chunk = next(self._chunks, b"")
        if isinstance(chunk, BaseException):
            raise chunk
        return chunk


def source(*chunks: Any) -> Any:
    return source_of(iter(chunks))


def source_of(chunks: Iterator[Any]) -> Any:
    return OnlyRead(chunks)


def uploads(client: Any, bucket: str) -> list[Any]:
    return list(client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def test_bytes_are_one_put_whatever_overwrite_says(backend: S3Boto3Backend, wire: Wire, stored: Stored) -> None:
    backend.write("f", b"one")
    backend.write("f", b"two!", overwrite=True)
    with pytest.raises(AlreadyExists) as caught:
        backend.write("f", b"three")

    assert caught.value.path == "f"
    assert wire.operations == ["PutObject"] * 3
    assert [parameters.get("IfNoneMatch") for parameters in wire.parameters("PutObject")] == ["*", None, "*"]
    assert stored() == {"f": b"two!"}


@pytest.mark.parametrize(
    "content", [b"12345678", bytearray(b"12345678"), memoryview(b"12345678"), io.BytesIO(b"12345678")]
)
def test_a_stream_that_fits_one_part_is_one_put(
    small: S3Boto3Backend, wire: Wire, stored: Stored, content: Any
) -> None:
    assert small.write("f", content).size == 8
    assert wire.operations == ["PutObject"]
    assert stored() == {"f": b"12345678"}


@pytest.mark.parametrize("content", [b"", io.BytesIO()])
def test_nothing_is_stored_as_an_empty_object(small: S3Boto3Backend, wire: Wire, stored: Stored, content: Any) -> None:
    assert small.write("f", content).size == 0
    assert wire.operations == ["PutObject"]
    assert stored() == {"f": b""}


@pytest.mark.parametrize("write", ["write", "write_atomic"])
def test_a_longer_stream_is_a_multipart_upload(small: S3Boto3Backend, wire: Wire, stored: Stored, write: str) -> None:
    result = getattr(small, write)("f", io.BytesIO(b"123456789"), overwrite=True)

    assert wire.operations == MULTIPART
    assert (result.size, result.etag[-2:], result.digest) == (9, "-2", None)
    assert stored() == {"f": b"123456789"}


def test_bytes_beyond_what_one_put_takes_are_a_multipart_upload(
    small: S3Boto3Backend, wire: Wire, stored: Stored
) -> None:
    small.write("f", b"x" * 21, overwrite=True)
    assert wire.operations == ["CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]
    assert stored() == {"f": b"x" * 21}


def test_a_new_large_object_is_created_conditionally(small: S3Boto3Backend, wire: Wire) -> None:
    small.write("f", io.BytesIO(b"123456789"))
    assert wire.operations == ["HeadObject", *MULTIPART]
    assert wire.parameters("CompleteMultipartUpload")[0]["IfNoneMatch"] == "*"


def test_a_conflict_shows_before_any_part_is_sent(small: S3Boto3Backend, wire: Wire, seed: Seed) -> None:
    seed("f")
    wire.calls.clear()
    with pytest.raises(AlreadyExists):
        small.write("f", io.BytesIO(b"123456789"))
    assert wire.operations == ["HeadObject"]


def test_a_rival_that_comes_before_completion_wins(
    small: S3Boto3Backend, seed: Seed, stored: Stored, client: Any, bucket: str
) -> None:
    def rival() -> Iterator[bytes]:
        yield b"12345678"
        yield b"12345678"
        seed("f", body=b"rival")
        yield b"9"

    with pytest.raises(AlreadyExists) as caught:
        small.write("f", OnlyRead(rival()))  # type: ignore[arg-type]  # It has all that is used.

    assert caught.value.path == "f"
    assert stored() == {"f": b"rival"}
    assert uploads(client, bucket) == []


def test_the_stream_is_read_from_where_it_stands_and_stays_open(small: S3Boto3Backend, stored: Stored) -> None:
    stream = io.BytesIO(b"0123456789ABCDEF")
    stream.seek(3)
    small.write("f", stream)
    assert not stream.closed
    assert stored() == {"f": b"3456789ABCDEF"}


def test_short_reads_and_other_kinds_of_bytes_are_joined(small: S3Boto3Backend, stored: Stored) -> None:
    content = source(b"a", bytearray(b"bcd"), memoryview(b"efgh"), b"ij", b"k" * 8)
    assert small.write("f", content).size == 18
    assert stored() == {"f": b"abcdefghij" + b"k" * 8}


@pytest.mark.parametrize("before", [[], [b"12345678"], [b"12345678"] * 3], ids=["at-once", "one-part", "in-an-upload"])
@pytest.mark.parametrize("raised", [OSError("disk"), KeyError("bug"), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_what_the_source_raises_comes_out_and_nothing_stays(
    small: S3Boto3Backend, stored: Stored, client: Any, bucket: str, before: list[bytes], raised: BaseException
) -> None:
    with pytest.raises(type(raised)) as caught:
        small.write("f", source(*before, raised))

    assert caught.value is raised
    assert stored() == {}
    assert uploads(client, bucket) == []


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "AccessDenied", PermissionDenied),
        (503, "SlowDown", BackendUnavailable),
        (200, "InternalError", BackendUnavailable),
        (404, "NoSuchUpload", RemoteStoreError),
    ],
)
def test_an_upload_that_fails_is_aborted(
    small: S3Boto3Backend,
    wire: Wire,
    client: Any,
    bucket: str,
    operation: str,
    status: int,
    code: str,
    expected: type[RemoteStoreError],
) -> None:
    wire.fail(operation, max(status, 300), code)
    with pytest.raises(RemoteStoreError) as caught:
        small.write("f", io.BytesIO(b"123456789"), overwrite=True)

    assert type(caught.value) is expected
    assert wire.operations[-1] == "AbortMultipartUpload"
    assert uploads(client, bucket) == []


def test_an_abort_that_fails_does_not_hide_the_cause(small: S3Boto3Backend, wire: Wire) -> None:
    wire.fail("UploadPart", 403, "AccessDenied")
    wire.fail("AbortMultipartUpload", 500, "InternalError")
    with pytest.raises(PermissionDenied):
        small.write("f", io.BytesIO(b"123456789"))


def test_part_sizes_grow_so_that_no_stream_needs_too_many(client: Any, bucket: str, wire: Wire) -> None:
    backend = S3Boto3Backend(bucket, client=client, transfer=TransferSizes(part_bytes=1))
    for number in itertools.count(1):
        wire.reply("UploadPart", {"ETag": f'"{number}"'}, times=1)
        if number == PARTS_OF_ONE_SIZE + 3:
            break
    wire.reply("CompleteMultipartUpload", {"ETag": '"all"'})

    backend.write("f", io.BytesIO(b"x" * (PARTS_OF_ONE_SIZE + 5)), overwrite=True)

    sizes = [len(parameters["Body"]) for parameters in wire.parameters("UploadPart")]
    assert sizes == [1] * PARTS_OF_ONE_SIZE + [2, 2, 1]


def test_a_size_is_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        TransferSizes(part_bytes=0)


def test_a_conflict_between_creators_is_tried_again(backend: S3Boto3Backend, wire: Wire, stored: Stored) -> None:
    wire.fail("PutObject", 409, "ConditionalRequestConflict")
    backend.write("f", b"mine")
    assert stored() == {"f": b"mine"}


def test_a_conflict_that_stays_is_judged_by_what_is_there(backend: S3Boto3Backend, wire: Wire, seed: Seed) -> None:
    wire.fail("PutObject", 409, "ConditionalRequestConflict", times=PUT_ATTEMPTS)
    with pytest.raises(BackendUnavailable):
        backend.write("f", b"mine")

    seed("g")
    wire.fail("PutObject", 409, "ConditionalRequestConflict", times=PUT_ATTEMPTS)
    with pytest.raises(AlreadyExists):
        backend.write("g", b"mine")


@pytest.mark.parametrize(("made_visible_by", "content"), [("PutObject", b"mine"), ("CompleteMultipartUpload", LARGE)])
class TestLostAnswers:
    """botocore repeats a request whose answer was lost; the condition then fails on what the first attempt made."""

    def test_an_object_of_ones_own_is_no_conflict(
        self, small: S3Boto3Backend, wire: Wire, seed: Seed, made_visible_by: str, content: bytes
    ) -> None:
        written = small.write("f", io.BytesIO(content), overwrite=True)
        wire.reply("HeadObject", {}, status=404, times=made_visible_by != "PutObject")
        wire.fail(made_visible_by, 412, "PreconditionFailed", retries=1)

        result = small.write("f", io.BytesIO(content))

        assert (result.etag, result.size) == (written.etag, len(content))

    @pytest.mark.parametrize("retries", [0, 1])
    def test_an_object_of_somebody_else_is_one(
        self, small: S3Boto3Backend, wire: Wire, seed: Seed, made_visible_by: str, content: bytes, retries: int
    ) -> None:
        seed("f", body=content[::-1])
        wire.reply("HeadObject", {}, status=404, times=made_visible_by != "PutObject")
        wire.fail(made_visible_by, 412, "PreconditionFailed", retries=retries)

        with pytest.raises(AlreadyExists):
            small.write("f", io.BytesIO(content))


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_upload_that_was_completed_by_a_lost_request_is_a_success(
    small: S3Boto3Backend, wire: Wire, overwrite: bool
) -> None:
    written = small.write("f", io.BytesIO(LARGE), overwrite=True)
    wire.reply("HeadObject", {}, status=404, times=not overwrite)
    wire.fail("CompleteMultipartUpload", 404, "NoSuchUpload", retries=1)

    assert small.write("f", io.BytesIO(LARGE), overwrite=overwrite).etag == written.etag


class TestWithoutConditionalWrites:
    def test_the_target_is_looked_up_instead(self, client: Any, bucket: str, wire: Wire, stored: Stored) -> None:
        backend = S3Boto3Backend(bucket, client=client, conditional_writes=False)
        backend.write("f", b"first")
        with pytest.raises(AlreadyExists):
            backend.write("f", b"second")
        backend.write("f", b"third", overwrite=True)

        assert wire.operations == ["HeadObject", "PutObject", "HeadObject", "PutObject"]
        assert not any("IfNoneMatch" in parameters for _, parameters in wire.calls)
        assert stored() == {"f": b"third"}

    def test_a_server_that_refuses_the_header_is_no_reason_to_overwrite(
        self, backend: S3Boto3Backend, wire: Wire, stored: Stored
    ) -> None:
        wire.fail("PutObject", 501, "NotImplemented")
        with pytest.raises(RemoteStoreError, match="conditional_writes=False") as caught:
            backend.write("f", b"x")
        assert type(caught.value) is RemoteStoreError
        assert wire.operations == ["PutObject"]
        assert stored() == {}


def written(backend: S3Boto3Backend, content: bytes, how: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    if how == "block":
        with backend.open_atomic("f") as file:
            file.write(content)
            meanwhile()
    else:
        backend.write("f", content if how == "bytes" else io.BytesIO(content))


class TestUnknownServers:
    """Whether a server other than AWS honours the header is not known: it is sent, and the target looked up as well."""

    @pytest.fixture
    def elsewhere(self, small: S3Boto3Backend, monkeypatch: pytest.MonkeyPatch) -> S3Boto3Backend:
        monkeypatch.setattr(Requests, "is_aws", False)
        return small

    @pytest.mark.parametrize("content", [b"new", LARGE], ids=["one-put", "in-parts"])
    @pytest.mark.parametrize("how", ["bytes", "stream", "block"])
    def test_what_is_there_is_kept_although_the_server_overlooks_the_condition(
        self, elsewhere: S3Boto3Backend, seed: Seed, stored: Stored, deaf: None, content: bytes, how: str
    ) -> None:
        seed("f", body=b"kept")
        with pytest.raises(AlreadyExists):
            written(elsewhere, content, how)
        assert stored() == {"f": b"kept"}

    @pytest.mark.parametrize("content", [b"new", LARGE], ids=["one-put", "in-parts"])
    def test_what_came_while_a_block_was_open_is_kept(
        self, elsewhere: S3Boto3Backend, seed: Seed, stored: Stored, deaf: None, content: bytes
    ) -> None:
        with pytest.raises(AlreadyExists):
            written(elsewhere, content, "block", lambda: seed("f", body=b"kept"))
        assert stored() == {"f": b"kept"}

    def test_what_came_during_a_long_upload_is_kept(
        self, elsewhere: S3Boto3Backend, seed: Seed, stored: Stored, deaf: None, client: Any, bucket: str
    ) -> None:
        def chunks() -> Iterator[bytes]:
            yield LARGE
            seed("f", body=b"kept")
            yield LARGE

        with pytest.raises(AlreadyExists):
            elsewhere.write("f", source_of(chunks()))
        assert stored() == {"f": b"kept"}
        assert uploads(client, bucket) == []

    def test_a_creation_is_one_look_and_one_conditional_put(self, elsewhere: S3Boto3Backend, wire: Wire) -> None:
        elsewhere.write("f", b"new")
        assert wire.operations == ["HeadObject", "PutObject"]
        assert wire.parameters("PutObject")[0]["IfNoneMatch"] == "*"

    def test_who_says_that_it_honours_the_header_is_spared_the_look(
        self, client: Any, bucket: str, wire: Wire, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Requests, "is_aws", False)
        S3Boto3Backend(bucket, client=client, conditional_writes=True).write("f", b"new")
        assert wire.operations == ["PutObject"]


@pytest.mark.parametrize(
    ("url", "is_aws"),
    [
        ("https://s3.eu-west-1.amazonaws.com", True),
        ("https://s3.dualstack.us-east-1.amazonaws.com", True),
        ("https://s3.cn-north-1.amazonaws.com.cn", True),
        ("http://127.0.0.1:9000", False),
        ("https://amazonaws.com.example.org", False),
    ],
)
def test_aws_is_known_by_its_hosts(url: str, is_aws: bool) -> None:
    client: Any = SimpleNamespace(meta=SimpleNamespace(endpoint_url=url))
    assert Requests("b", backend="s3", connect=lambda: client, owns_client=False).is_aws is is_aws


class TestOpenAtomic:
    def test_it_is_sent_on_leaving(self, small: S3Boto3Backend, wire: Wire, stored: Stored) -> None:
        with small.open_atomic("a/f") as stream:
            stream.write(b"1234")
            stream.write(b"56789")
            assert stream.tell() == 9
            assert wire.operations == ["HeadObject"]
        assert stored() == {"a/f": b"123456789"}

    def test_nothing_is_sent_when_the_body_raises(self, backend: S3Boto3Backend, wire: Wire, stored: Stored) -> None:
        error = KeyError("mine")

        def body() -> None:
            with backend.open_atomic("f", overwrite=True) as stream:
                stream.write(b"x")
                raise error

        with pytest.raises(KeyError) as caught:
            body()
        assert caught.value is error
        assert wire.calls == []
        assert stored() == {}

    @pytest.mark.parametrize("path", ["f", "", "a/../b", "nul\0"])
    def test_what_is_refused_is_refused_on_entering(self, backend: S3Boto3Backend, seed: Seed, path: str) -> None:
        seed("f")
        context = backend.open_atomic(path)
        with pytest.raises((AlreadyExists, InvalidPath)) as caught:
            context.__enter__()
        assert caught.value.path == path

    def test_a_rival_meanwhile_wins(self, backend: S3Boto3Backend, seed: Seed, stored: Stored) -> None:
        context = backend.open_atomic("f")
        context.__enter__().write(b"mine")
        seed("f", body=b"rival")
        with pytest.raises(AlreadyExists):
            context.__exit__(None, None, None)
        assert stored() == {"f": b"rival"}


class TestWriteResult:
    def test_it_agrees_with_the_file_info(self, backend: S3Boto3Backend, wire: Wire) -> None:
        result = backend.write("a/f", b"hello", metadata={"Owner": "me"})
        info = backend.get_file_info("a/f")

        assert (result.path, result.size, result.source) == (RemotePath("a/f"), 5, "native")
        assert (result.etag, result.digest) == (info.etag, info.digest)
        assert result.digest is not None
        assert result.digest.value == f"{crc32(b'hello'):08x}"
        assert (result.version_id, result.last_modified) == (None, None)
        assert (result.metadata, info.metadata) == ({"Owner": "me"}, {"owner": "me"})
        assert isinstance(info.modified_at, datetime)
        assert wire.operations == ["PutObject", "HeadObject"]

    def test_a_versioned_bucket_says_which_version(self, backend: S3Boto3Backend, client: Any, bucket: str) -> None:
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        assert backend.write("f", b"x").version_id
        assert backend.write("g", b"x").version_id != backend.write("h", b"x").version_id

    def test_no_metadata_is_none(self, backend: S3Boto3Backend) -> None:
        assert backend.write("f", b"x", metadata={}).metadata is None
        assert backend.get_file_info("f").metadata is None

    def test_overwriting_clears_metadata_and_the_mapping_is_the_callers(self, backend: S3Boto3Backend) -> None:
        metadata = {"a": "1"}
        result = backend.write("f", b"x", metadata=metadata)
        metadata["a"] = "2"
        assert result.metadata == {"a": "1"}
        backend.write("f", b"x", overwrite=True)
        assert backend.get_file_info("f").metadata is None

    @pytest.mark.parametrize("size", [9, 40])
    def test_metadata_goes_with_a_multipart_upload(self, small: S3Boto3Backend, size: int) -> None:
        small.write("f", io.BytesIO(b"x" * size), metadata={"k": "v", "u": "grüße"})
        assert small.get_file_info("f").metadata == {"k": "v", "u": "grüße"}


ROOTS = ["", ".", "./", ".//", "./.", "/"]
WRITERS: dict[str, Callable[[S3Boto3Backend, str], object]] = {
    "write": lambda backend, path: backend.write(path, b"x", overwrite=True),
    "write_atomic": lambda backend, path: backend.write_atomic(path, io.BytesIO(b"x" * 99)),
    "open_atomic": lambda backend, path: backend.open_atomic(path).__enter__(),
    "copy": lambda backend, path: backend.copy("missing", path),
    "move": lambda backend, path: backend.move("missing", path),
}
UNUSABLE = [*ROOTS, "a/../b", "..", "a\0b", "\ud800", "x" * 1025]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("path", UNUSABLE, ids=lambda path: ascii(path[:8]))
def test_an_unusable_path_is_refused_before_anything_is_sent(
    backend: S3Boto3Backend, wire: Wire, write: str, path: str
) -> None:
    with pytest.raises(InvalidPath) as caught:
        WRITERS[write](backend, path)
    assert (caught.value.path, caught.value.backend) == (path, "s3-boto3")
    assert wire.calls == []


def test_a_bucket_that_is_gone_is_not_found(client: Any) -> None:
    backend = S3Boto3Backend("no-such-bucket", client=client)
    with pytest.raises(NotFound):
        backend.write("f", b"x")
    with pytest.raises(NotFound):
        backend.write("f", io.BytesIO(b"x" * 9 * 1024 * 1024))


class TestFileAncestors:
    def test_by_default_nobody_looks(self, backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored) -> None:
        seed("f", "d/child")
        wire.calls.clear()
        backend.write("f/child", b"x")
        backend.write("d", b"x")
        assert wire.operations == ["PutObject"] * 2
        assert set(stored()) == {"f", "f/child", "d", "d/child"}

    @pytest.mark.parametrize("write", ["write", "write_atomic", "open_atomic"])
    def test_the_opt_in_refuses_a_path_below_a_file(
        self, strict: S3Boto3Backend, seed: Seed, wire: Wire, stored: Stored, write: str
    ) -> None:
        seed("a/f")
        wire.calls.clear()
        with pytest.raises(InvalidPath) as caught:
            WRITERS[write](strict, "a/f/b/c")
        assert caught.value.path == "a/f/b/c"
        assert wire.operations == ["HeadObject", "HeadObject"]
        assert set(stored()) == {"a/f"}

    def test_a_path_of_one_segment_is_not_looked_up(self, strict: S3Boto3Backend, wire: Wire) -> None:
        strict.write("f", b"x")
        assert wire.operations == ["PutObject"]

    @pytest.mark.parametrize(("status", "code"), [(503, ""), (403, ""), (429, "")])
    def test_a_lookup_that_fails_lets_the_write_go_on(
        self, strict: S3Boto3Backend, wire: Wire, stored: Stored, status: int, code: str
    ) -> None:
        wire.fail("HeadObject", status, code)
        strict.write("a/f", b"x")
        assert set(stored()) == {"a/f"}
