"""What the backend is and answers besides reading, writing, listing and copying."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import moto
import pytest
from botocore.client import BaseClient
from remote_store import (
    AlreadyExists,
    Backend,
    BackendUnavailable,
    Capability,
    CapabilityNotSupported,
    InvalidPath,
    NotFound,
    Secret,
)
from rsconform_s3 import S3Boto3Backend

if TYPE_CHECKING:
    from tests.backends.conftest import Seed, Wire


def made(**options: Any) -> S3Boto3Backend:
    return S3Boto3Backend("bucket", key="AKIASECRETID", secret="SESAM-OPEN", region_name="us-east-1", **options)


@pytest.fixture
def mocked() -> Iterator[None]:
    with moto.mock_aws():
        yield


def test_it_declares_everything_but_an_atomic_move() -> None:
    assert set(S3Boto3Backend.CAPABILITIES) == set(Capability) - {Capability.ATOMIC_MOVE}
    assert made().capabilities is S3Boto3Backend.CAPABILITIES
    assert made().name == "s3-boto3"
    assert S3Boto3Backend.close_is_terminal is True
    assert isinstance(made(), Backend)
    assert "not\n    atomic" in (S3Boto3Backend.__doc__ or "")


class TestExistence:
    ANSWERS: ClassVar = {
        "f": ((True, 1), (True, 1), (False, 1)),
        "d": ((True, 2), (False, 1), (True, 2)),
        "gone": ((False, 2), (False, 1), (False, 1)),
        "f/below": ((False, 2), (False, 1), (False, 1)),
        "": ((True, 0), (False, 0), (True, 0)),
        ".": ((True, 0), (False, 0), (True, 0)),
    }

    @pytest.mark.parametrize("path", ANSWERS)
    def test_each_question_takes_few_requests(self, backend: S3Boto3Backend, seed: Seed, wire: Wire, path: str) -> None:
        seed("f", "d/child")
        for question, (answer, requests) in zip(("exists", "is_file", "is_folder"), self.ANSWERS[path], strict=True):
            wire.calls.clear()
            assert getattr(backend, question)(path) is answer
            assert len(wire.calls) == requests


class TestDelete:
    def test_a_file_takes_two_requests_and_its_neighbours_stay(
        self, backend: S3Boto3Backend, seed: Seed, wire: Wire, stored: Callable[[], dict[str, bytes]]
    ) -> None:
        seed("f", "f2", "f/g")
        wire.calls.clear()
        backend.delete("f")
        assert wire.operations == ["HeadObject", "DeleteObject"]
        assert set(stored()) == {"f2", "f/g"}

    @pytest.mark.parametrize("missing_ok", [False, True])
    def test_a_miss_takes_two_requests(self, backend: S3Boto3Backend, seed: Seed, wire: Wire, missing_ok: bool) -> None:
        seed("d/child")
        wire.calls.clear()
        with pytest.raises(InvalidPath) as caught:
            backend.delete("d", missing_ok=missing_ok)
        assert caught.value.path == "d"
        if missing_ok:
            backend.delete("gone", missing_ok=True)
        else:
            with pytest.raises(NotFound):
                backend.delete("gone")
        assert wire.operations == ["HeadObject", "ListObjectsV2"] * 2

    def test_one_that_a_rival_deleted_is_deleted(self, backend: S3Boto3Backend, seed: Seed, wire: Wire) -> None:
        seed("f")
        wire.fail("DeleteObject", 404, "NoSuchKey")
        backend.delete("f")

    @pytest.mark.parametrize("path", ["", "."])
    def test_the_root_is_no_file(self, backend: S3Boto3Backend, wire: Wire, path: str) -> None:
        for operation in (
            lambda: backend.delete(path, missing_ok=True),
            lambda: backend.read(path),
            lambda: backend.read_bytes(path),
            lambda: backend.get_file_info(path),
        ):
            with pytest.raises(InvalidPath) as caught:
                operation()
            assert caught.value.path == path
        assert wire.calls == []


class TestInfo:
    def test_each_takes_one_request_on_a_hit_and_two_on_a_miss(
        self, backend: S3Boto3Backend, seed: Seed, wire: Wire
    ) -> None:
        seed("d/f", "d/e/g")
        wire.calls.clear()
        assert backend.get_file_info("d/f").size == 6
        assert backend.get_folder_info("d").file_count == 2
        assert wire.operations == ["HeadObject", "ListObjectsV2"]
        for path, error in (("d", InvalidPath), ("gone", NotFound)):
            with pytest.raises(error):
                backend.get_file_info(path)
        for path, error in (("d/f", InvalidPath), ("gone", NotFound)):
            with pytest.raises(error):
                backend.get_folder_info(path)
        assert len(wire.calls) == 10

    def test_a_folder_sums_up_what_is_below(self, backend: S3Boto3Backend, seed: Seed) -> None:
        seed("d/f", body=b"123")
        seed("d/e/g", body=b"4567")
        info = backend.get_folder_info("d")
        assert (str(info.path), info.file_count, info.total_size) == ("d", 2, 7)
        assert info.modified_at == max(entry.modified_at for entry in backend.list_files("d", recursive=True))
        empty = backend.get_folder_info("")
        assert (str(empty.path), empty.file_count) == (".", 2)


OPERATIONS: dict[str, Callable[[S3Boto3Backend, str], object]] = {
    "exists": lambda backend, path: backend.exists(path),
    "is_file": lambda backend, path: backend.is_file(path),
    "is_folder": lambda backend, path: backend.is_folder(path),
    "read": lambda backend, path: backend.read(path),
    "read_bytes": lambda backend, path: backend.read_bytes(path),
    "read_seekable": lambda backend, path: backend.read_seekable(path),
    "write": lambda backend, path: backend.write(path, b"x"),
    "write_atomic": lambda backend, path: backend.write_atomic(path, io.BytesIO(b"x")),
    "open_atomic": lambda backend, path: backend.open_atomic(path).__enter__(),
    "delete": lambda backend, path: backend.delete(path, missing_ok=True),
    "delete_folder": lambda backend, path: backend.delete_folder(path, missing_ok=True),
    "list_files": lambda backend, path: list(backend.list_files(path)),
    "list_folders": lambda backend, path: list(backend.list_folders(path)),
    "iter_children": lambda backend, path: list(backend.iter_children(path)),
    "glob": lambda backend, path: list(backend.glob(f"{path}*")),
    "get_file_info": lambda backend, path: backend.get_file_info(path),
    "get_folder_info": lambda backend, path: backend.get_folder_info(path),
    "copy": lambda backend, path: backend.copy(path, path),
    "move": lambda backend, path: backend.move(path, path),
}


class TestClose:
    @pytest.mark.parametrize("operation", [*OPERATIONS, "check_health", "unwrap"])
    def test_closed_outranks_every_other_reason(self, operation: str) -> None:
        everything: dict[str, Callable[[S3Boto3Backend, str], object]] = {
            **OPERATIONS,
            "check_health": lambda backend, path: backend.check_health(),
            "unwrap": lambda backend, path: backend.unwrap(BaseClient),
        }
        backend = made()
        backend.close()
        backend.close()
        for path in ("f", "", ".", "a/../b", "\0"):
            with pytest.raises(BackendUnavailable, match="is closed") as caught:
                everything[operation](backend, path)
            assert caught.value.backend == "s3-boto3"

    def test_addressing_still_answers(self) -> None:
        backend = made()
        before = [backend.native_path("a/b"), backend.to_key("bucket/a"), backend.resolve("a")]
        backend.close()
        assert [backend.native_path("a/b"), backend.to_key("bucket/a"), backend.resolve("a")] == before

    def test_a_client_of_ones_own_stays_open(self, client: Any, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
        closed: list[str] = []
        monkeypatch.setattr(client, "close", lambda: closed.append("given"))
        given = S3Boto3Backend(bucket, client=client)
        assert given.unwrap(BaseClient) is client
        given.close()
        assert closed == []

    def test_a_client_that_was_made_is_closed_once(self, mocked: None, monkeypatch: pytest.MonkeyPatch) -> None:
        backend = made()
        closed: list[str] = []
        monkeypatch.setattr(backend.unwrap(BaseClient), "close", lambda: closed.append("made"))
        backend.close()
        backend.close()
        assert closed == ["made"]


@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - {"glob"}))  # A pattern is no path.
def test_a_path_that_cannot_be_a_key_is_refused_by_every_operation(
    backend: S3Boto3Backend, wire: Wire, operation: str
) -> None:
    for path in ("a/../b", "..", "a\0b", "\ud800", "x" * 1025):
        with pytest.raises(InvalidPath) as caught:
            OPERATIONS[operation](backend, path)
        assert (caught.value.path, caught.value.backend) == (path, "s3-boto3")
    assert wire.calls == []


class TestAddressing:
    @pytest.mark.parametrize("key", ["", "a", "a/b.txt", "bucket/a", "ü b"])
    def test_a_key_comes_back(self, key: str) -> None:
        assert made().to_key(made().native_path(key)) == key

    def test_the_root_is_the_bare_bucket(self) -> None:
        assert {made().native_path(root) for root in ("", ".")} == {"bucket"}
        assert made().to_key("bucket") == ""

    @pytest.mark.parametrize("native", ["bucketX/k", "", "/", "\0", "..", "x" * 5000, "\ud800"])
    def test_what_is_not_below_the_bucket_is_left_alone(self, native: str) -> None:
        assert made().to_key(native) == native

    @pytest.mark.parametrize("path", ["..", "\0", "\ud800", "x" * 5000, "//", "a/../b"])
    def test_every_path_has_a_plan(self, path: str) -> None:
        plan = made().resolve(path)
        assert (plan.key, plan.native_path) == (path, made().native_path(path))

    def test_the_plan_says_where_and_no_secret(self) -> None:
        backend = made(endpoint_url="http://user:pw@127.0.0.1:9000")
        plan = backend.resolve("a/b")
        assert (plan.kind, plan.backend, plan.key, plan.native_path) == ("s3-boto3", "s3-boto3", "a/b", "bucket/a/b")
        expected = {"bucket": "bucket", "object_key": "a/b", "endpoint_url": "http://127.0.0.1:9000"}
        assert json.loads(json.dumps(dict(plan.details))) == expected
        for text in (repr(plan), repr(backend), str(vars(backend))):
            assert not any(secret in text for secret in ("user:", "pw@", "SESAM", "AKIA"))


class TestUnwrap:
    def test_it_shows_the_client(self, backend: S3Boto3Backend, client: Any) -> None:
        assert backend.unwrap(BaseClient) is client

    @pytest.mark.parametrize("wanted", [str, object, dict, "BaseClient", None])
    def test_it_shows_nothing_else(self, backend: S3Boto3Backend, wanted: Any) -> None:
        with pytest.raises(CapabilityNotSupported) as caught:
            backend.unwrap(wanted)
        assert (caught.value.capability, caught.value.backend) == ("unwrap", "s3-boto3")


def test_of_many_creators_one_wins(backend: S3Boto3Backend) -> None:
    start = threading.Barrier(8)

    def create(number: int) -> bool:
        start.wait()
        try:
            backend.write("f", f"{number}".encode())
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(create, range(8)))

    assert won.count(True) == 1
    assert backend.read_bytes("f") == str(won.index(True)).encode()


def test_credentials_may_be_secrets() -> None:
    backend = S3Boto3Backend("bucket", key=Secret("AKIASECRETID"), secret=Secret("SESAM-OPEN"))
    assert "SESAM" not in repr(backend)
