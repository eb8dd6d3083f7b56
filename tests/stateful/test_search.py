"""The search finds what a sequence breaks, and leaves out what does not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from remote_store.backends import MemoryBackend

from rsconform.cases.content import Content
from rsconform.lanes.lane import Snapshot, StoredFile, Subject
from rsconform.stateful.model import Model
from rsconform.stateful.operations import Operation
from rsconform.stateful.runner import Broken, Instances, Track, usable_operations
from rsconform.stateful.search import Depth, search

SHALLOW = Depth(sequences=60, length=24, fills=(12,), budget_s=10)


class Forgetful(MemoryBackend):
    """Loses a file when another one is copied over it."""

    def copy(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        existed = self.is_file(dst)
        super().copy(src, dst, overwrite=overwrite)
        if existed:
            self.delete(dst)


class Repeating(MemoryBackend):
    """Repeats the eleventh entry of a listing."""

    def list_files(self, path: str, **options: Any) -> Iterator[Any]:
        for number, info in enumerate(super().list_files(path, **options), start=1):
            yield info
            if number == 11:
                yield info


def track_of(backend: MemoryBackend, touched: Callable[[str], None] = lambda _path: None) -> Track:
    subject = Subject(make=lambda: backend)
    names = usable_operations(backend, "sync", subject)
    return Track(Instances(subject, backend), names, lambda: Model(flat=False, below_files=False), touched)


def found(track: Track, seed: int = 3) -> Broken | None:
    return search(track, SHALLOW, seed, surface="sync")


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    track = track_of(MemoryBackend())

    assert found(track) is None
    assert track.begun == SHALLOW.sequences


def test_the_sequence_that_is_shown_has_nothing_to_spare() -> None:
    broken = found(track_of(Forgetful()))

    assert broken is not None
    names = [operation.op for operation in broken.operations]
    assert "copy" in names
    assert len(names) <= 5


def test_a_folder_is_filled_so_that_its_listing_has_pages() -> None:
    broken = found(track_of(Repeating()))

    assert broken is not None
    assert broken.operations[-1].op == "list_files"
    assert len(broken.operations) == 12
    assert max(broken.observed.count(f"f{number:04}") for number in range(1, 13)) == 2


def test_one_seed_makes_one_sequence() -> None:
    first, again = found(track_of(Forgetful()), seed=5), found(track_of(Forgetful()), seed=5)

    assert first is not None
    assert again is not None
    assert first.operations == again.operations


def test_every_path_that_is_written_is_told_and_nothing_stays() -> None:
    reported: set[str] = set()
    backend = MemoryBackend()
    found(track_of(backend, reported.add))

    assert any(path.endswith("/d/e/a") for path in reported)
    assert list(backend.list_files("", recursive=True)) == []


def test_a_sequence_shows_again_what_it_showed() -> None:
    broken = found(track_of(Forgetful()))
    assert broken is not None

    again = track_of(Forgetful()).replay(broken.operations)
    assert again is not None
    assert again.kind == broken.kind
    assert track_of(MemoryBackend()).replay(broken.operations) is None


def test_what_the_backend_hides_is_seen_past_it() -> None:
    kept = Snapshot({"s1/a": StoredFile(b"x")})  # And stays so, whatever the backend says.
    looks = iter([Snapshot({}), kept, kept])
    subject = Subject(make=MemoryBackend, audit=lambda: next(looks))
    backend = subject.make()
    track = Track(Instances(subject, backend), ("write", "delete"), lambda: Model(flat=True, below_files=True))
    write, delete = Operation("write", "a", content=Content("text:x")), Operation("delete", "a")

    broken = track.replay([write, delete])

    assert broken is not None
    assert broken.operations == (write, delete)
    assert (broken.expected, broken.tree) == ("the store to hold no a", {})
