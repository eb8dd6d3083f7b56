"""Listings: in pages, fresh, of what can be named; and deleting folders."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from remote_store import (
    BackendUnavailable,
    DirectoryNotEmpty,
    FileInfo,
    FolderEntry,
    InvalidPath,
    NotFound,
    PermissionDenied,
    RemotePath,
    RemoteStoreError,
)
from rsconform_s3 import S3Boto3Backend

if TYPE_CHECKING:
    from tests.backends.conftest import Seed, Wire

Stored = Callable[[], dict[str, bytes]]

TREE = ["top.txt", "a/one.txt", "a/two.csv", "a/b/three.txt", "a/b/c/four.txt", "aXb/five.txt", "a2/six.txt"]
FOREIGN = ["/x", "a//b", "a/../b", "a/./b", "back\\slash", "a/marker/"]


def paths(entries: Any) -> list[str]:
    found = [str(entry.path) for entry in entries]
    assert len(found) == len(set(found))
    return sorted(found)


@pytest.mark.parametrize("root", ["", ".", "./", "/"])
def test_the_root_is_listed_under_each_spelling(backend: S3Boto3Backend, seed: Seed, wire: Wire, root: str) -> None:
    seed(*TREE)
    assert paths(backend.list_files(root)) == ["top.txt"]
    assert paths(backend.list_folders(root)) == ["a", "a2", "aXb"]
    assert paths(backend.list_files(root, recursive=True)) == sorted(TREE)
    assert {parameters["Prefix"] for parameters in wire.parameters("ListObjectsV2")} == {""}


def test_a_folder_is_listed_without_its_look_alikes(backend: S3Boto3Backend, seed: Seed) -> None:
    seed(*TREE)
    assert paths(backend.list_files("a")) == ["a/one.txt", "a/two.csv"]
    assert paths(backend.list_folders("a")) == ["a/b"]
    assert paths(backend.iter_children("a")) == ["a/b", "a/one.txt", "a/two.csv"]
    assert paths(backend.list_files("a", recursive=True)) == sorted(key for key in TREE if key.startswith("a/"))


@pytest.mark.parametrize("path", ["top.txt", "missing", "a/one.txt/below"])
def test_what_is_no_folder_lists_nothing(backend: S3Boto3Backend, seed: Seed, path: str) -> None:
    seed(*TREE)
    for listing in (backend.list_files(path), backend.list_files(path, recursive=True), backend.list_folders(path)):
        assert list(listing) == []
    assert list(backend.iter_children(path)) == []


@pytest.mark.parametrize(
    ("max_depth", "expected"),
    [(0, ["a/one.txt", "a/two.csv"]), (1, ["a/b/three.txt"]), (2, ["a/b/c/four.txt"]), (9, []), (None, [])],
)
def test_depth_is_counted_in_folders_below(
    backend: S3Boto3Backend, seed: Seed, max_depth: int | None, expected: list[str]
) -> None:
    seed(*TREE)
    found = set(paths(backend.list_files("a", recursive=True, max_depth=max_depth)))
    assert set(expected) <= found
    assert len(found) == {0: 2, 1: 3}.get(4 if max_depth is None else max_depth, 4)
    assert paths(backend.list_files("a", max_depth=max_depth)) == ["a/one.txt", "a/two.csv"]


def test_an_entry_agrees_with_the_file_info(backend: S3Boto3Backend) -> None:
    backend.write("a/f.txt", b"hello", metadata={"k": "v"})
    (listed,) = backend.list_files("a")
    info = backend.get_file_info("a/f.txt")
    assert (listed.path, listed.name, listed.size, listed.etag) == (info.path, "f.txt", 5, info.etag)
    assert abs((listed.modified_at - info.modified_at).total_seconds()) <= 1
    assert listed.modified_at.tzinfo is not None
    assert listed.digest is None
    (folder,) = backend.list_folders("")
    assert folder == FolderEntry(path=RemotePath("a"), name="a")


@pytest.fixture
def crowded(client: Any, bucket: str, seed: Seed) -> S3Boto3Backend:
    """1,201 objects in `d`, of which 600 are in folders of their own, put there past the wire."""
    from moto.s3.models import s3_backends

    seed("d/f0000", body=b"x")
    region = s3_backends["123456789012"]["global" if "global" in s3_backends["123456789012"] else "us-east-1"]
    objects = region.buckets[bucket].keys
    for number in range(1, 1201):
        objects[f"d/f{number:04}" if number % 2 else f"d/s{number:04}/f"] = objects["d/f0000"]
    for name in list(objects):
        clone = objects["d/f0000"].__class__.__new__(objects["d/f0000"].__class__)
        clone.__dict__.update(objects["d/f0000"].__dict__)
        clone.name = name
        objects[name] = clone
    return S3Boto3Backend(bucket, client=client)


def test_more_than_a_page_is_listed_once_each(crowded: S3Boto3Backend, wire: Wire) -> None:
    assert len(paths(crowded.list_files("d", recursive=True))) == 1201
    assert len(paths(crowded.list_files("d"))) == 601
    assert len(paths(crowded.list_folders("d"))) == 600
    assert len(paths(crowded.iter_children("d"))) == 1201
    assert len(paths(crowded.glob("d/**/f*"))) == 1201
    info = crowded.get_folder_info("d")
    assert (info.file_count, info.total_size) == (1201, 1201)
    assert wire.operations == ["ListObjectsV2"] * 12

    wire.calls.clear()
    crowded.delete_folder("d", recursive=True)
    assert wire.operations == ["ListObjectsV2", "DeleteObjects"] * 2
    assert list(crowded.list_files("", recursive=True)) == []


class TestPages:
    """A listing whose second page is made to fail, or to lead nowhere."""

    LISTINGS: ClassVar[dict[str, Callable[[S3Boto3Backend], Any]]] = {
        "list_files": lambda backend: list(backend.list_files("d")),
        "recursive": lambda backend: list(backend.list_files("d", recursive=True)),
        "list_folders": lambda backend: list(backend.list_folders("d")),
        "iter_children": lambda backend: list(backend.iter_children("d")),
        "glob": lambda backend: list(backend.glob("d/**")),
        "get_folder_info": lambda backend: backend.get_folder_info("d"),
        "delete_folder": lambda backend: backend.delete_folder("d", recursive=True),
    }

    @pytest.mark.parametrize("listing", LISTINGS)
    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [
            (404, "NoSuchBucket", NotFound),
            (403, "AccessDenied", PermissionDenied),
            (503, "SlowDown", BackendUnavailable),
        ],
    )
    def test_a_later_page_that_fails_is_an_error(
        self,
        backend: S3Boto3Backend,
        wire: Wire,
        listing: str,
        status: int,
        code: str,
        expected: type[RemoteStoreError],
    ) -> None:
        wire.reply("ListObjectsV2", {"IsTruncated": True, "NextContinuationToken": "t"})
        wire.fail("ListObjectsV2", status, code)
        with pytest.raises(expected) as caught:
            self.LISTINGS[listing](backend)
        assert caught.value.path in ("d", "d/**")

    @pytest.mark.parametrize("more", [{}, {"NextContinuationToken": "t"}])
    def test_a_listing_that_turns_in_a_circle_ends(
        self, backend: S3Boto3Backend, wire: Wire, more: dict[str, str]
    ) -> None:
        wire.reply("ListObjectsV2", {"IsTruncated": True, **more}, times=5)
        with pytest.raises(BackendUnavailable):
            list(backend.list_files("d"))
        assert len(wire.calls) <= 2

    @pytest.mark.parametrize("listing", ["list_files", "recursive", "list_folders", "iter_children", "glob"])
    def test_in_a_bucket_that_is_gone_there_is_nothing(self, client: Any, listing: str) -> None:
        assert self.LISTINGS[listing](S3Boto3Backend("no-such-bucket", client=client)) == []


def test_what_is_asked_for_without_a_bucket(client: Any) -> None:
    backend = S3Boto3Backend("no-such-bucket", client=client)
    assert not any(question("f") for question in (backend.exists, backend.is_file, backend.is_folder))
    assert backend.exists("")
    assert backend.is_folder(".")
    assert backend.get_folder_info("").file_count == 0
    backend.delete("f", missing_ok=True)
    backend.delete_folder("d", missing_ok=True)
    backend.delete_folder("d", recursive=True, missing_ok=True)
    for operation in (
        lambda: backend.read("f"),
        lambda: backend.read_bytes("f"),
        lambda: backend.get_file_info("f"),
        lambda: backend.get_folder_info("d"),
        lambda: backend.delete("f"),
        lambda: backend.delete_folder("d"),
        lambda: backend.copy("f", "g"),
        lambda: backend.move("f", "g"),
        backend.check_health,
    ):
        with pytest.raises(NotFound):
            operation()


class TestForeignKeys:
    def test_keys_that_no_path_names_are_passed_over(
        self, backend: S3Boto3Backend, seed: Seed, caplog: pytest.LogCaptureFixture
    ) -> None:
        seed("a/named", *FOREIGN)
        with caplog.at_level(logging.DEBUG, logger="rsconform_s3"):
            assert paths(backend.list_files("", recursive=True)) == ["a/named"]
        assert "back\\\\slash" in caplog.text
        assert paths(backend.list_folders("")) == ["a"]
        assert paths(backend.iter_children("")) == ["a"]
        assert paths(backend.iter_children("a")) == ["a/marker", "a/named"]
        assert paths(backend.glob("**")) == ["a/named"]
        info = backend.get_folder_info("")
        assert (info.file_count, info.total_size, info.path) == (1, 6, RemotePath.ROOT)

    def test_they_go_with_their_folder(self, backend: S3Boto3Backend, seed: Seed, stored: Stored) -> None:
        seed("a/named", "keep", *FOREIGN)
        backend.delete_folder("a", recursive=True)
        assert set(stored()) == {"keep", "/x", "back\\slash"}
        assert not backend.exists("a")

    @pytest.mark.parametrize(
        "key", ["tab\tkey", "a b+c%41?#&'\"<>", "ü/日本", "u\u0308", "e\U0001f600", "line\nend\r", "\x01\x1f"]
    )
    def test_strange_names_are_names(self, backend: S3Boto3Backend, stored: Stored, key: str) -> None:
        path = f"d/{key}"
        backend.write(path, b"x")
        assert paths(backend.list_files("d", recursive=True)) == [path]
        assert backend.read_bytes(path) == b"x"
        backend.copy(path, f"e/{key}")
        backend.move(path, f"f/{key}")
        assert set(stored()) == {f"e/{key}", f"f/{key}"}
        backend.delete_folder("e", recursive=True)
        backend.delete(f"f/{key}")
        assert stored() == {}

    @pytest.mark.parametrize("path", ["a//b", "/a/b", "a/b/", "./a/b", "a/./b", "a\\b"])
    def test_another_spelling_is_the_same_file_for_every_operation(
        self, backend: S3Boto3Backend, stored: Stored, path: str
    ) -> None:
        assert backend.write(path, b"x").path == RemotePath("a/b")
        assert set(stored()) == {"a/b"}
        assert backend.exists(path)
        assert backend.read_bytes(path) == b"x"
        assert backend.get_file_info(path).name == "b"
        backend.copy(path, path)
        backend.delete(path)
        assert stored() == {}


class TestMarkers:
    def test_a_marker_is_a_folder_and_no_file(self, backend: S3Boto3Backend, seed: Seed) -> None:
        seed("d/", "d/e/", body=b"")
        assert backend.exists("d")
        assert backend.is_folder("d")
        assert not backend.is_file("d")
        assert list(backend.list_files("d", recursive=True)) == []
        assert paths(backend.list_folders("")) == ["d"]
        assert backend.get_folder_info("d").file_count == 0
        with pytest.raises(InvalidPath):
            backend.read("d")

    def test_a_marker_alone_is_an_empty_folder(self, backend: S3Boto3Backend, seed: Seed, stored: Stored) -> None:
        seed("d/", body=b"")
        backend.delete_folder("d")
        assert stored() == {}

    def test_markers_go_with_their_folder(self, backend: S3Boto3Backend, seed: Seed, stored: Stored) -> None:
        seed("d/", "d/e/", "d/f")
        backend.delete_folder("d", recursive=True)
        assert stored() == {}


class TestShadows:
    """A file `p` and a file `p/c`: a state that only a flat namespace has."""

    def test_the_file_wins_and_its_children_are_listed(self, backend: S3Boto3Backend, seed: Seed) -> None:
        seed("p", "p/c")
        assert backend.is_file("p")
        assert not backend.is_folder("p")
        assert backend.read_bytes("p") == b"seeded"
        assert backend.exists("p/c")
        assert paths(backend.list_files("p")) == ["p/c"]
        assert backend.get_folder_info("p").file_count == 1

    def test_each_is_deleted_without_the_other(self, backend: S3Boto3Backend, seed: Seed, stored: Stored) -> None:
        seed("p", "p/c")
        backend.delete("p")
        assert set(stored()) == {"p/c"}
        seed("p")
        backend.delete_folder("p", recursive=True)
        assert set(stored()) == {"p"}


class TestDeleteFolder:
    def test_a_folder_with_content_stays(self, backend: S3Boto3Backend, seed: Seed, stored: Stored) -> None:
        seed("d/f", "d/e/f")
        with pytest.raises(DirectoryNotEmpty) as caught:
            backend.delete_folder("d")
        assert caught.value.path == "d"
        assert set(stored()) == {"d/f", "d/e/f"}

    def test_look_alikes_stay(self, backend: S3Boto3Backend, seed: Seed, stored: Stored) -> None:
        seed("d/f", "d2/f", "dX")
        backend.delete_folder("d", recursive=True)
        assert set(stored()) == {"d2/f", "dX"}

    @pytest.mark.parametrize("recursive", [False, True])
    @pytest.mark.parametrize("missing_ok", [False, True])
    def test_a_file_is_no_folder(self, backend: S3Boto3Backend, seed: Seed, recursive: bool, missing_ok: bool) -> None:
        seed("f")
        with pytest.raises(InvalidPath) as caught:
            backend.delete_folder("f", recursive=recursive, missing_ok=missing_ok)
        assert caught.value.path == "f"
        assert backend.is_file("f")

    @pytest.mark.parametrize("recursive", [False, True])
    def test_a_missing_one_takes_two_requests(self, backend: S3Boto3Backend, wire: Wire, recursive: bool) -> None:
        backend.delete_folder("d", recursive=recursive, missing_ok=True)
        assert wire.operations == ["ListObjectsV2", "HeadObject"]
        with pytest.raises(NotFound):
            backend.delete_folder("d", recursive=recursive)

    @pytest.mark.parametrize("root", ["", ".", "/"])
    def test_the_root_is_refused(self, backend: S3Boto3Backend, seed: Seed, root: str) -> None:
        seed("f")
        with pytest.raises(InvalidPath):
            backend.delete_folder(root, recursive=True)
        assert backend.is_file("f")

    @pytest.mark.parametrize(
        ("code", "expected"),
        [("AccessDenied", PermissionDenied), ("InternalError", BackendUnavailable), ("Strange", RemoteStoreError)],
    )
    def test_an_object_that_was_not_deleted_is_an_error(
        self, backend: S3Boto3Backend, wire: Wire, seed: Seed, code: str, expected: type[RemoteStoreError]
    ) -> None:
        seed("d/f")
        wire.reply("DeleteObjects", {"Errors": [{"Key": "d/f", "Code": code, "Message": "no"}]})
        with pytest.raises(RemoteStoreError, match="d/f") as caught:
            backend.delete_folder("d", recursive=True)
        assert type(caught.value) is expected
        assert caught.value.path == "d"
        assert backend.is_file("d/f")


class TestGlob:
    @pytest.mark.parametrize(
        ("pattern", "expected", "prefix"),
        [
            ("*.txt", ["top.txt"], ""),
            ("a/*", ["a/one.txt", "a/two.csv"], "a/"),
            ("a/o*.txt", ["a/one.txt"], "a/o"),
            ("a/**", ["a/b/c/four.txt", "a/b/three.txt", "a/one.txt", "a/two.csv"], "a/"),
            ("a/**/*.txt", ["a/b/c/four.txt", "a/b/three.txt", "a/one.txt"], "a/"),
            ("**/four.txt", ["a/b/c/four.txt"], ""),
            ("**/**/four.txt", ["a/b/c/four.txt"], ""),
            ("a?/*", ["a2/six.txt"], "a"),
            ("a[0-9]/*", ["a2/six.txt"], "a"),
            ("a[!0-9]b/*", ["aXb/five.txt"], "a"),
            ("*/*/three.*", ["a/b/three.txt"], ""),
            ("top.txt", ["top.txt"], "top.txt"),
            ("a/**/", [], "a/"),
            ("none/**", [], "none/"),
            ("", [], ""),
        ],
    )
    def test_only_what_can_match_is_listed(
        self, backend: S3Boto3Backend, seed: Seed, wire: Wire, pattern: str, expected: list[str], prefix: str
    ) -> None:
        seed(*TREE)
        wire.calls.clear()
        found = list(backend.glob(pattern))
        assert paths(found) == expected
        assert all(isinstance(info, FileInfo) for info in found)
        assert [parameters["Prefix"] for parameters in wire.parameters("ListObjectsV2")] == [prefix]

    @pytest.mark.parametrize("pattern", ["**x", "a/x**/b", "***"])
    def test_two_stars_are_a_whole_segment_or_an_error(self, backend: S3Boto3Backend, pattern: str) -> None:
        with pytest.raises(ValueError, match="whole segment"):
            list(backend.glob(pattern))

    def test_a_pattern_that_no_key_starts_like_is_refused(self, backend: S3Boto3Backend, wire: Wire) -> None:
        for pattern in ("a\0*", "\ud800*"):
            with pytest.raises(InvalidPath):
                list(backend.glob(pattern))
        assert wire.calls == []
