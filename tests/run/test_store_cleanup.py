"""The store of a plain callable: looked at before anything is written, and left as it was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from remote_store import Capability, CapabilitySet, FileInfo
from remote_store.aio import AsyncMemoryBackend
from remote_store.backends import LocalBackend, MemoryBackend

from rsconform.cases.compiler import compile_edition
from rsconform.data import shipped
from rsconform.lanes.lane import Services
from rsconform.run.lane import deadline
from rsconform.run.lane.session import LaneSession
from rsconform.run.lane.store_cleanup import DirtyStoreError, StoreCleaner
from rsconform.run.records import Result
from rsconform.spec.loader import load_edition
from tests.run.sessions import session_of
from tests.snippets import lane_of

CLEANER = StoreCleaner(lane_of(backend="test:make"))
PROMISED = StoreCleaner(lane_of(backend="test:make", fresh_store=True))
_SLOW = ("S3B", "BOUND", "RACE", "SEQ", "TIME")  # Or of another lane.
WRITES = (
    '[[axiom.case]]\nname = "writes"\nsteps = [ { op = "write", path = "d/e/a", content = "text:x" },'
    ' { op = "copy", src = "d/e/a", dst = "b" } ]'
)


class Recorded(MemoryBackend):
    """Remembers every call that could change something."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str]] = []

    def write(self, path: str, *args: Any, **options: Any) -> Any:
        self.calls.append(("write", path))
        return super().write(path, *args, **options)

    def delete(self, path: str, **options: Any) -> None:
        self.calls.append(("delete", path))
        super().delete(path, **options)

    def delete_folder(self, path: str, **options: Any) -> None:
        self.calls.append(("delete_folder", path))
        assert not options.get("recursive")
        super().delete_folder(path, **options)


class NoDelete(MemoryBackend):
    CAPABILITIES = CapabilitySet(set(MemoryBackend.CAPABILITIES) - {Capability.DELETE})

    @property
    def capabilities(self) -> CapabilitySet:
        return self.CAPABILITIES


class ListsNothing(MemoryBackend):
    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        raise OSError("no listing today")

    list_folders = list_files  # type: ignore[assignment]


class ListsForEver(MemoryBackend):
    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        time.sleep(30)
        yield from ()


class InventsFiles(MemoryBackend):
    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        backend = MemoryBackend()
        backend.write("ghost", b"")
        yield from backend.list_files("")


def test_an_empty_store_is_accepted_and_only_looked_at() -> None:
    backend = Recorded()

    CLEANER.require_empty(backend, 1)

    assert backend.calls == []


@pytest.mark.parametrize("path", ["a", "d/a", ".hidden"])
def test_a_store_that_holds_anything_is_refused_by_name_and_untouched(path: str) -> None:
    backend = Recorded()
    MemoryBackend.write(backend, path, b"precious")

    with pytest.raises(DirtyStoreError, match=f"it holds .*{path[0]}"):
        CLEANER.require_empty(backend, 1)
    assert backend.calls == []
    PROMISED.require_empty(backend, 1)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (NoDelete, "does not declare DELETE"),
        (ListsNothing, "list_files raised OSError"),
        (ListsForEver, "did not answer within"),
    ],
)
def test_a_store_that_cannot_be_looked_at_or_cleaned_is_refused(make: Callable[[], MemoryBackend], why: str) -> None:
    deadline.install()

    with pytest.raises(DirtyStoreError, match=why) as refused:
        CLEANER.require_empty(make(), 0.02)
    assert "--fresh-store" in str(refused.value)


def test_a_store_in_which_anything_is_listed_is_not_empty() -> None:
    with pytest.raises(DirtyStoreError, match="it holds 'ghost'"):
        CLEANER.require_empty(InventsFiles(), 1)


class ListsTheWrongPrefix(MemoryBackend):
    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        if options.get("recursive"):
            raise OSError("no such prefix")
        return super().list_files(path, **options)


class ListsNoFolders(MemoryBackend):
    def list_folders(self, path: str) -> Any:
        raise OSError("no folders today")


@pytest.mark.parametrize("make", [ListsTheWrongPrefix, ListsNoFolders])
def test_one_way_of_looking_that_fails_is_no_empty_store(make: Callable[[], MemoryBackend]) -> None:
    with pytest.raises(DirtyStoreError, match="raised OSError"):
        CLEANER.require_empty(make(), 1)


def test_what_no_listing_shows_and_delete_leaves_is_named_and_ends_the_lane() -> None:
    class Hides(MemoryBackend):
        def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
            return iter(())

        def delete(self, path: str, **options: Any) -> None:
            pass

    shared = Hides()
    session, (case,) = session_of(WRITES, lambda: shared)
    (first, later) = (next(iter(session.attempts(case))) for _ in range(2))

    assert "the store could not be cleaned after a case; it still holds 'b', 'd', 'd/e/a'" in first.notes
    assert later.result is Result.ERRORED


def test_what_is_left_in_a_store_that_nobody_gets_again_is_named_as_well() -> None:
    class Keeps(MemoryBackend):
        def delete(self, path: str, **options: Any) -> None:
            pass

    session, (case,) = session_of(WRITES, Keeps)
    attempt = next(iter(session.attempts(case)))

    assert session.broken is None
    assert any("it still holds" in note for note in attempt.notes)


def test_what_a_case_wrote_is_removed_with_the_folders_it_made_and_nothing_else() -> None:
    backend = Recorded()
    for path in ("d/e/a", "b", "somebody/elses"):
        MemoryBackend.write(backend, path, b"x")

    left = CLEANER.clean(backend, {"d/e/a", "./b", "never/written", "", ".", "/"}, 1)

    assert left is not None
    assert "'somebody/elses'" in left
    assert [str(info.path) for info in MemoryBackend.list_files(backend, "", recursive=True)] == ["somebody/elses"]
    assert not backend.is_folder("d")
    touched = {path for _, path in backend.calls}
    assert touched <= {"d/e/a", "b", "./b", "never/written", "d", "d/e"}


def test_a_folder_that_lies_outside_the_store_is_never_removed() -> None:
    class Climbs(Recorded):
        def is_folder(self, path: str) -> bool:
            return True

    backend = Climbs()
    CLEANER.clean(backend, {"../outside/a", "d/../../b"}, 1)

    assert [path for call, path in backend.calls if call == "delete_folder"] == []


def test_the_root_is_never_removed() -> None:
    backend = Recorded()

    assert CLEANER.clean(backend, {"", ".", "/", "//", "./."}, 1) is None
    assert backend.calls == []


def test_a_store_that_cannot_be_cleaned_ends_the_lane_with_what_is_left() -> None:
    class Keeps(MemoryBackend):
        def delete(self, path: str, **options: Any) -> None:
            pass

    shared = Keeps()
    session, (case,) = session_of(WRITES, lambda: shared)

    (attempt,) = session.attempts(case)
    assert attempt.result is Result.PASSED  # Its own axiom is another.
    (later,) = session.attempts(case)
    assert later.result is Result.ERRORED
    assert later.error is not None
    assert "still holds 'b', 'd', 'd/e/a'" in later.error


def test_a_file_that_was_written_by_an_operation_which_did_not_return_is_removed() -> None:
    class Hangs(MemoryBackend):
        def copy(self, src: str, dst: str, **options: Any) -> None:
            super().copy(src, dst, **options)
            time.sleep(30)

    shared = Hangs()
    session, (case,) = session_of(WRITES, lambda: shared, limit_s=0.1)

    slow, attempt = session.attempts(case)
    assert slow.slow
    assert attempt.failure is not None
    assert attempt.failure.hang
    assert session.broken is None
    assert list(shared.list_files("", recursive=True)) == []


def test_files_of_an_earlier_process_are_removed_before_the_first_case_and_others_end_the_lane(
    tmp_path: Path,
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_bytes(b"left behind")

    session, (case,) = session_of(WRITES, lambda: LocalBackend(str(tmp_path)), start=False)
    session.start(left={"d/a", "never/written"})
    assert list(tmp_path.iterdir()) == []
    assert [attempt.result for attempt in session.attempts(case)] == [Result.PASSED]

    (tmp_path / "mine.txt").write_bytes(b"precious")
    session, (case,) = session_of(WRITES, lambda: LocalBackend(str(tmp_path)), start=False)
    session.start(left={"d/a"})
    assert session.broken is not None
    assert "mine.txt" in session.broken
    assert (tmp_path / "mine.txt").read_bytes() == b"precious"


def test_without_an_earlier_process_the_store_has_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"precious")
    session, _ = session_of(WRITES, lambda: LocalBackend(str(tmp_path)), start=False)

    with pytest.raises(DirtyStoreError):
        session.start()


@pytest.mark.parametrize("store", [MemoryBackend(), AsyncMemoryBackend()], ids=["sync", "async"])
def test_what_a_probe_writes_into_the_one_store_of_a_callable_is_removed(store: Any) -> None:
    edition = load_edition([shipped("specs")])
    lane = lane_of(backend="test:make", make=lambda: store)
    session = LaneSession(lane, edition.axioms, Services(own_process=False), step_limit_s=10.0)
    session.start()

    for case in compile_edition(edition, lane.declared):
        if case.probe is not None and not case.needs and not case.axiom.id.startswith(_SLOW):
            list(session.attempts(case))
            assert session.broken is None, case.id
    session.close()
