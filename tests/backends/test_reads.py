"""How many requests a read takes, and that one reader never mixes versions."""

from __future__ import annotations

import hashlib
import io
import itertools
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import FlexibleChecksumError, ReadTimeoutError, ResponseStreamingError
from botocore.response import StreamingBody
from remote_store import BackendUnavailable, InvalidPath, NotFound, PermissionDenied, RemoteStoreError
from rsconform_s3 import S3Boto3Backend
from rsconform_s3.reads import BUFFER_BYTES, LINE_BYTES, RESUMES, WINDOW_BYTES

if TYPE_CHECKING:
    from tests.backends.conftest import Seed, Wire

CONTENT = bytes(itertools.islice(itertools.cycle(range(251)), 3 * 1024 * 1024))
ENDS = [
    (0, io.SEEK_SET, 0),
    (7, io.SEEK_SET, 7),
    (-6, io.SEEK_END, len(CONTENT) - 6),
    (5, io.SEEK_END, len(CONTENT) + 5),
]


# What a reader that is opened and drained has sent.
DRAINED = {"read": ["GetObject"], "read_seekable": ["HeadObject", "GetObject"]}


def ranges(wire: Wire) -> list[str | None]:
    return [parameters.get("Range") for parameters in wire.parameters("GetObject")]


@pytest.mark.parametrize("how", ["read", "read_seekable"])
class TestBothReaders:
    def test_opening_is_one_request_and_seeking_none(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, how: str
    ) -> None:
        seed("f", body=CONTENT)
        wire.calls.clear()

        with getattr(backend, how)("f") as stream:
            for offset, whence, position in ENDS:
                assert stream.seek(offset, whence) == stream.tell() == position

        assert wire.operations == DRAINED[how][:1]

    def test_draining_is_one_request(self, backend: S3Boto3Backend, wire: Wire, seed: Seed, how: str) -> None:
        seed("f", body=CONTENT)
        wire.calls.clear()

        with getattr(backend, how)("f") as stream:
            assert stream.read() == CONTENT
            assert stream.read() == stream.read(10) == b""

        assert wire.operations == DRAINED[how]

    def test_an_empty_object_needs_no_request(self, backend: S3Boto3Backend, wire: Wire, seed: Seed, how: str) -> None:
        seed("f", body=b"")
        wire.calls.clear()
        with getattr(backend, how)("f") as stream:
            assert stream.seek(0, io.SEEK_END) == 0
            assert stream.read() == stream.read(5) == b""
        assert wire.operations == DRAINED[how][:1]

    def test_reading_past_the_end_is_empty(self, backend: S3Boto3Backend, seed: Seed, how: str) -> None:
        seed("f", body=b"abc")
        with getattr(backend, how)("f") as stream:
            stream.seek(100)
            assert stream.read(1) == b""

    def test_a_negative_position_is_refused_and_changes_nothing(
        self, backend: S3Boto3Backend, seed: Seed, how: str
    ) -> None:
        seed("f", body=b"abcdef")
        with getattr(backend, how)("f") as stream:
            stream.seek(2)
            with pytest.raises(ValueError, match="negative"):
                stream.seek(-10, io.SEEK_END)
            with pytest.raises(ValueError):
                stream.seek(0, 7)
            assert stream.read(2) == b"cd"

    def test_lines_come_whole(self, backend: S3Boto3Backend, wire: Wire, seed: Seed, how: str) -> None:
        lines = [b"a" * (2 * LINE_BYTES) + b"\n", b"\n", b"b\n", b"end"]
        seed("f", body=b"".join(lines))
        with getattr(backend, how)("f") as stream:
            assert list(stream) == lines
            stream.seek(0)
            assert stream.readline(3) == b"aaa"
        assert len(wire.parameters("GetObject")) <= 8

    def test_an_overwrite_meanwhile_is_an_error(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, how: str
    ) -> None:
        seed("f", body=CONTENT)
        with getattr(backend, how)("f") as stream:
            stream.read(10)
            seed("f", body=CONTENT[::-1])
            stream.seek(2 * WINDOW_BYTES)
            with pytest.raises(BackendUnavailable, match="changed") as caught:
                stream.read(10)
        assert caught.value.path == "f"
        assert all(sent["IfMatch"].startswith('"') for sent in wire.parameters("GetObject") if "Range" in sent)
        assert wire.parameters("GetObject")[-1]["Range"]

    def test_a_delete_meanwhile_is_not_found(
        self, backend: S3Boto3Backend, client: Any, bucket: str, seed: Seed, how: str
    ) -> None:
        seed("f", body=CONTENT)
        with getattr(backend, how)("f") as stream:
            client.delete_object(Bucket=bucket, Key="f")
            stream.seek(10)
            with pytest.raises(NotFound) as caught:
                stream.read(10)
        assert caught.value.path == "f"

    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [(400, "ExpiredToken", PermissionDenied), (503, "SlowDown", BackendUnavailable)],
    )
    def test_a_refused_fetch_keeps_its_class(
        self,
        backend: S3Boto3Backend,
        wire: Wire,
        seed: Seed,
        how: str,
        status: int,
        code: str,
        expected: type[Exception],
    ) -> None:
        seed("f")
        with getattr(backend, how)("f") as stream:
            stream.seek(2)
            wire.fail("GetObject", status, code)
            with pytest.raises(expected):
                stream.read(4)
            assert stream.read() == b"eded"

    def test_a_body_that_ends_early_is_never_taken_for_the_whole(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, how: str
    ) -> None:
        seed("f", body=b"0123456789")
        for length in (10, None):
            body = StreamingBody(io.BytesIO(b"01234"), length)  # type: ignore[arg-type]  # The stubs want a length.
            wire.reply("GetObject", {"Body": body, "ContentLength": 10, "ETag": '"e"'})
            with getattr(backend, how)("f") as stream, pytest.raises(BackendUnavailable):
                stream.read()

    def test_a_server_that_ignores_ranges_is_found_out(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, how: str
    ) -> None:
        seed("f", body=b"0123456789")
        with getattr(backend, how)("f") as stream:
            wire.reply("GetObject", {"Body": StreamingBody(io.BytesIO(b"0123456789"), 10)})
            stream.seek(5)
            with pytest.raises(RemoteStoreError, match="range"):
                stream.read(5)

    def test_after_close_of_the_backend_a_fetch_says_so(self, bucket: str, client: Any, seed: Seed, how: str) -> None:
        seed("f")
        backend = S3Boto3Backend(bucket, client=client)
        with getattr(backend, how)("f") as stream:
            backend.close()
            stream.seek(1)
            with pytest.raises(BackendUnavailable, match="is closed"):
                stream.read()

    def test_a_closed_stream_is_closed(self, backend: S3Boto3Backend, seed: Seed, how: str) -> None:
        seed("f")
        stream = getattr(backend, how)("f")
        stream.read(1)
        stream.close()
        stream.close()
        assert stream.closed
        with pytest.raises(ValueError):
            stream.read()

    @pytest.mark.parametrize(("path", "expected"), [("gone", NotFound), ("d", InvalidPath), ("", InvalidPath)])
    def test_what_is_no_file_is_refused_at_the_call(
        self, backend: S3Boto3Backend, seed: Seed, how: str, path: str, expected: type[RemoteStoreError]
    ) -> None:
        seed("d/child")
        with pytest.raises(expected) as caught:
            getattr(backend, how)(path)
        assert caught.value.path == path


class TestRangeReader:
    def test_a_read_is_one_request_for_just_its_bytes(self, backend: S3Boto3Backend, wire: Wire, seed: Seed) -> None:
        seed("f", body=CONTENT)
        wire.calls.clear()

        stream = backend.read_seekable("f")
        stream.seek(1000)
        assert stream.read(100) == CONTENT[1000:1100]
        stream.seek(-50, io.SEEK_END)
        assert stream.read(100) == CONTENT[-50:]
        assert stream.read(100) == b""

        assert ranges(wire) == ["bytes=1000-1099", f"bytes={len(CONTENT) - 50}-{len(CONTENT) - 1}"]
        assert not isinstance(stream, io.BufferedReader)

    @pytest.mark.parametrize("size", [1, 64 * 1024, 4 * 1024 * 1024])
    def test_readinto_is_one_request(self, backend: S3Boto3Backend, wire: Wire, seed: Seed, size: int) -> None:
        seed("f", body=CONTENT)
        buffer = bytearray(size)

        stream: Any = backend.read_seekable("f")
        count = stream.readinto(buffer)

        assert count == min(size, len(CONTENT))
        assert buffer[:count] == CONTENT[:count]
        assert len(wire.parameters("GetObject")) == 1


class TestStreamReader:
    @pytest.mark.parametrize("size", [1000, 64 * 1024, BUFFER_BYTES, 1024 * 1024])
    def test_reading_on_is_one_request(self, backend: S3Boto3Backend, wire: Wire, seed: Seed, size: int) -> None:
        seed("f", body=CONTENT)
        wire.calls.clear()

        with backend.read("f") as stream:
            assert b"".join(iter(lambda: stream.read(size), b"")) == CONTENT

        assert wire.operations == ["GetObject"]

    def test_an_overwrite_meanwhile_does_not_touch_what_is_on_the_line(
        self, backend: S3Boto3Backend, seed: Seed
    ) -> None:
        seed("f", body=CONTENT)
        with backend.read("f") as stream:
            seed("f", body=CONTENT[::-1])
            assert stream.read() == CONTENT

    def test_a_jump_fetches_a_window_and_reading_on_from_there_the_rest(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed
    ) -> None:
        seed("f", body=CONTENT)
        with backend.read("f") as stream:
            stream.seek(500)
            assert stream.read(10) == CONTENT[500:510]
            assert ranges(wire) == [None, f"bytes=500-{500 + WINDOW_BYTES - 1}"]
            assert stream.read() == CONTENT[510:]
        assert len(ranges(wire)) == 3


def test_read_bytes_is_one_request_without_a_range(backend: S3Boto3Backend, wire: Wire, seed: Seed) -> None:
    seed("f", body=CONTENT)
    wire.calls.clear()
    assert backend.read_bytes("f") == CONTENT
    assert wire.operations == ["GetObject"]
    assert ranges(wire) == [None]


def test_a_miss_of_read_bytes_is_one_request_more(backend: S3Boto3Backend, wire: Wire, seed: Seed) -> None:
    seed("d/child")
    wire.calls.clear()
    with pytest.raises(NotFound):
        backend.read_bytes("gone")
    with pytest.raises(InvalidPath):
        backend.read_bytes("d")
    assert wire.operations == ["GetObject", "ListObjectsV2"] * 2


def test_a_length_that_the_server_does_not_say_is_an_error_of_ours(backend: S3Boto3Backend, wire: Wire) -> None:
    wire.reply("GetObject", {"Body": StreamingBody(io.BytesIO(b"01"), 2)})
    with pytest.raises(RemoteStoreError, match="how long"):
        backend.read_bytes("f")


class Cut(io.BytesIO):
    """A body whose connection breaks after so many bytes."""

    def __init__(self, data: bytes, after: int, error: Exception) -> None:
        super().__init__(data)
        self._after = after
        self._error = error

    def read(self, size: int | None = None) -> bytes:
        left = self._after - self.tell()
        if size is None or size < 0 or size > left:
            raise self._error
        return super().read(size)


@pytest.fixture
def cuts(client: Any) -> Iterator[list[int]]:
    """After how many bytes the connections of the next answers break; the last one for all that follow."""
    after: list[int] = []

    def cut(parsed: dict[str, Any], **_: Any) -> None:
        if after and "Body" in parsed:
            data = parsed["Body"].read()
            limit = after[0] if len(after) == 1 else after.pop(0)
            parsed["Body"] = StreamingBody(Cut(data, limit, ResponseStreamingError(error="reset")), len(data))

    client.meta.events.register("after-call.s3.GetObject", cut, unique_id="cut")
    yield after
    client.meta.events.unregister("after-call.s3.GetObject", unique_id="cut")


def all_of(backend: S3Boto3Backend, how: str) -> bytes:
    if how == "read_bytes":
        return backend.read_bytes("f")
    with backend.read_seekable("f") if how == "seekable" else backend.read("f") as stream:
        return b"".join(iter(lambda: stream.read(100_000), b"")) if how == "pieces" else stream.read()


WHOLE = 1 << 40


@pytest.mark.parametrize("how", ["read", "pieces", "seekable", "read_bytes"])
class TestBrokenConnections:
    @pytest.mark.parametrize("after", [[0, WHOLE], [2_000_000, WHOLE], [2_000_000, 0, 2_000_000, 0, WHOLE]])
    def test_what_is_left_is_asked_for_anew(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, cuts: list[int], how: str, after: list[int]
    ) -> None:
        seed("f", body=CONTENT)
        cuts += after

        assert all_of(backend, how) == CONTENT

        _, *others = wire.parameters("GetObject")
        etag = f'"{hashlib.md5(CONTENT).hexdigest()}"'
        assert [one.get("IfMatch") for one in others] == [etag] * len(others)
        assert len(others) <= len(after)

    def test_what_came_in_pieces_is_not_fetched_again(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, cuts: list[int], how: str
    ) -> None:
        seed("f", body=CONTENT)
        cuts += [0, 2_000_000, WHOLE]
        assert all_of(backend, how) == CONTENT
        start = int(str(ranges(wire)[-1]).removeprefix("bytes=").partition("-")[0])
        assert start >= WINDOW_BYTES

    def test_a_line_that_always_breaks_is_given_up(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, cuts: list[int], how: str
    ) -> None:
        seed("f", body=CONTENT)
        cuts += [0]
        with pytest.raises(BackendUnavailable) as caught:
            all_of(backend, how)
        assert caught.value.path == "f"
        assert len(wire.parameters("GetObject")) == 1 + RESUMES

    @pytest.mark.parametrize("minds", [True, False], ids=["minds-the-pin", "overlooks-the-pin"])
    def test_of_two_versions_nothing_is_joined(
        self, backend: S3Boto3Backend, client: Any, bucket: str, seed: Seed, cuts: list[int], how: str, minds: bool
    ) -> None:
        seed("f", body=CONTENT)
        cuts += [500_000, WHOLE]

        def replace(params: dict[str, Any], **_: Any) -> None:
            if "IfMatch" in params and how != "seekable":
                client.put_object(Bucket=bucket, Key="f", Body=CONTENT[::-1])
            if not minds:
                params.pop("IfMatch", None)

        client.meta.events.register("before-parameter-build.s3.GetObject", replace, unique_id="replace")
        try:
            if how == "seekable":
                with backend.read_seekable("f") as stream:
                    client.put_object(Bucket=bucket, Key="f", Body=CONTENT[::-1])
                    with pytest.raises(BackendUnavailable, match="changed"):
                        stream.read()
            else:
                with pytest.raises(BackendUnavailable, match="changed"):
                    all_of(backend, how)
        finally:
            client.meta.events.unregister("before-parameter-build.s3.GetObject", unique_id="replace")

    @pytest.mark.parametrize(
        "error",
        [
            ReadTimeoutError(endpoint_url="http://s3", error="late"),
            FlexibleChecksumError(error_msg="Expected checksum a did not match calculated checksum b"),
        ],
        ids=["late", "checksum"],
    )
    def test_what_asking_anew_would_not_mend_is_told(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, client: Any, how: str, error: Exception
    ) -> None:
        seed("f", body=CONTENT)

        def cut(parsed: dict[str, Any], **_: Any) -> None:
            parsed["Body"] = StreamingBody(Cut(CONTENT, 0, error), len(CONTENT))

        client.meta.events.register("after-call.s3.GetObject", cut, unique_id="broken")
        try:
            with pytest.raises(BackendUnavailable):
                all_of(backend, how)
        finally:
            client.meta.events.unregister("after-call.s3.GetObject", unique_id="broken")
        assert len(wire.parameters("GetObject")) == 1


class TestLines:
    LINES = b"".join(b"%d line\n" % number for number in range(40_000)) + b"last"

    def test_lines_in_order_are_a_few_requests(self, backend: S3Boto3Backend, wire: Wire, seed: Seed) -> None:
        seed("f", body=self.LINES)
        wire.calls.clear()
        with backend.read_seekable("f") as stream:
            assert list(stream) == self.LINES.splitlines(keepends=True)
        assert len(wire.operations) < 10

    def test_lines_seeks_and_reads_may_be_mixed(self, backend: S3Boto3Backend, seed: Seed) -> None:
        seed("f", body=self.LINES)
        drawn = random.Random(1)
        model = io.BytesIO(self.LINES)
        with backend.read_seekable("f") as stream:
            for _ in range(400):
                match drawn.randrange(5):
                    case 0:
                        at = drawn.randrange(len(self.LINES) + 100)
                        assert stream.seek(at) == model.seek(at)
                    case 1:
                        size = drawn.choice([0, 1, 100, 9000, 70_000])
                        assert stream.read(size) == model.read(size)
                    case 2:
                        size = drawn.choice([-1, 0, 3, 50])
                        assert stream.readline(size) == model.readline(size)
                    case 3:
                        assert stream.readline() == model.readline()
                    case _:
                        assert stream.seek(-5, io.SEEK_CUR) == model.seek(-5, io.SEEK_CUR) if model.tell() > 5 else True
                assert stream.tell() == model.tell()

    def test_after_a_line_each_other_read_asks_for_what_it_gives(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed
    ) -> None:
        seed("f", body=self.LINES)
        with backend.read_seekable("f") as stream:
            stream.readline()
            stream.seek(200_000)
            wire.calls.clear()
            assert stream.read(10) == self.LINES[200_000:200_010]
        assert ranges(wire) == ["bytes=200000-200009"]
