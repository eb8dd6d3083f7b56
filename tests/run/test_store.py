"""The store of a case: what is compared, and the benefit of the doubt where the subject itself is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from remote_store import FileInfo, InvalidPath, NotFound
from remote_store.backends import MemoryBackend

from rsconform.cases.case import End, Given, GivenFile, Skip, SkipReason
from rsconform.cases.content import Content
from rsconform.lanes.lane import CannotHoldError, NoEmptyFoldersError, Snapshot, StoredFile, Subject
from rsconform.run.case.outcomes import Skipped
from rsconform.run.case.store import (
    GivenFailedError,
    Mismatch,
    StoreView,
    changed_paths,
    changes,
    segments,
    tree_mismatch,
)
from tests.run.sessions import snapshot
from tests.snippets import case_of


def content(text: str) -> Content:
    """Return content as a case holds it."""
    given = case_of(f'given = {{ "a" = "text:{text}" }}\nsteps = [ {{ op = "exists", path = "a" }} ]').given
    literal = given.files["a"].content
    assert isinstance(literal, Content)
    return literal


def end(**tree: str) -> End:
    return End(tree={path: content(text) for path, text in tree.items()})


def judge(backend: MemoryBackend, wanted: End, *touched: str, given: Given | None = None) -> Mismatch | None:
    """Return how the store differs, as the backend itself tells it."""
    view = StoreView(Subject(make=MemoryBackend), backend, flat=False)
    view.touched.update(touched)
    return view.judge(wanted, None, given or Given(), lambda _: None)


def filled(kind: type[MemoryBackend] = MemoryBackend, /, **files: str) -> MemoryBackend:
    backend = kind()
    for path, text in files.items():
        MemoryBackend.write(backend, path, text.encode())
    return backend


@pytest.mark.parametrize(
    ("path", "parts"),
    [("a//b/", ("a", "b")), ("./a/.", ("a",)), ("", ()), ("/", ()), ("a/../b", ("a", "..", "b"))],
)
def test_paths_are_compared_by_their_segments(path: str, parts: tuple[str, ...]) -> None:
    assert segments(path) == parts


@pytest.mark.parametrize(
    ("expected", "seen", "says"),
    [
        ({"a": b"x"}, {"a": b"x"}, None),
        ({}, {}, None),
        ({"a": b"x"}, {}, ("a with 1 bytes", "a is missing")),
        ({}, {"a": b"xy"}, ("no a", "a with 2 bytes")),
        (
            {"a": b"x" * 100},
            {"a": b"x" * 99},
            ("a with 100 bytes", "a with 99 bytes, first difference at byte 99: it ends there"),
        ),
    ],
    ids=["same", "empty", "missing", "strange", "different"],
)
def test_trees_differ_file_by_file(
    expected: dict[str, bytes], seen: dict[str, bytes], says: tuple[str, str] | None
) -> None:
    mismatch = tree_mismatch(expected, seen, "the tree")

    if says is None:
        assert mismatch is None
    else:
        assert mismatch == Mismatch(f"the tree: {says[0]}", says[1])


def test_many_differences_are_told_by_the_first_of_them() -> None:
    mismatch = tree_mismatch({f"f{number}": b"" for number in range(9)}, {}, "the tree")

    assert mismatch is not None
    assert mismatch.observed.endswith("f4 is missing; and 4 more")


def test_metadata_counts_as_a_change_and_times_do_not() -> None:
    before = Snapshot({"a": StoredFile(b"x", {"k": "v"})})
    after = Snapshot({"a": StoredFile(b"x", {"k": "w"})})

    assert changes(before, before) is None
    mismatch = changes(before, after)
    assert mismatch is not None
    assert mismatch.observed == "a with metadata {'k': 'w'}"
    assert changed_paths(before, after) == {"a"}
    assert changed_paths(snapshot(a="x", b="y"), snapshot(b="y", c="z")) == {"a", "c"}


# -- through the subject --


class ListsNothing(MemoryBackend):
    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        raise NotFound("no listing today", path=path, backend="memory")


class CutsBytes(MemoryBackend):
    def read_bytes(self, path: str) -> bytes:
        return super().read_bytes(path)[:-1]


class Loses(MemoryBackend):
    def read_bytes(self, path: str) -> bytes:
        raise NotFound("lost", path=path, backend="memory")

    read = read_bytes  # type: ignore[assignment]
    read_seekable = read_bytes  # type: ignore[assignment]


@pytest.mark.parametrize("kind", [MemoryBackend, ListsNothing, CutsBytes])
def test_a_file_holds_what_is_expected_if_any_way_of_looking_says_so(kind: type[MemoryBackend]) -> None:
    assert judge(filled(kind, a="text"), end(a="text")) is None


@pytest.mark.parametrize(
    ("backend", "wanted", "observed"),
    [
        (filled(a="text"), end(), "a with 4 bytes"),
        (
            filled(a="text"),
            end(a="next"),
            "a with b'text' (4 bytes), first difference at byte 0: b'text' instead of b'next'",
        ),
        (filled(Loses, a="text"), end(a="text"), "a is missing"),
        (filled(), end(a="text"), "a is missing"),
    ],
    ids=["strange", "different", "unreadable", "missing"],
)
def test_what_no_way_of_looking_shows_is_a_difference(backend: MemoryBackend, wanted: End, observed: str) -> None:
    mismatch = judge(backend, wanted)

    assert mismatch is not None
    assert mismatch.observed == observed


def test_a_file_that_no_listing_shows_is_found_where_it_was_written() -> None:
    mismatch = judge(filled(ListsNothing, a="text"), end(), "a")

    assert mismatch is not None
    assert mismatch.observed == "a with 4 bytes"


def test_two_spellings_of_one_file_are_one_file_unless_the_backend_lists_both() -> None:
    backend = filled(**{"d/x": "text"})
    assert judge(backend, end(**{"d/x": "text"}), "d/./x", "d//x") is None
    assert judge(backend, end(**{"d/./x": "text"}), "d/./x") is None

    class ListsBoth(MemoryBackend):
        def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
            for info in super().list_files(path, **options):
                yield info
                object.__setattr__(info, "path", "d//x")
                yield info

    assert judge(filled(ListsBoth, **{"d/x": "text"}), end(**{"d/x": "text"})) is not None


def test_the_root_is_no_file_however_it_was_written_to() -> None:
    assert judge(filled(), end(), "", ".", "/") is None


def test_unchanged_without_an_auditor_is_the_given_state() -> None:
    given = Given({"a": GivenFile(content("text"))})

    assert judge(filled(a="text"), End(unchanged=True), given=given) is None
    assert judge(filled(a="text", b=""), End(unchanged=True), given=given) is not None


def test_alternatives_hold_if_one_does_and_are_told_together() -> None:
    either = End(any_of=(end(a="old"), end(a="new")))

    assert judge(filled(a="new"), either) is None
    mismatch = judge(filled(a="odd"), either)
    assert mismatch is not None
    assert mismatch.expected == "the tree: a with 3 bytes or the tree: a with 3 bytes"


def test_folders_are_judged_where_they_are_real() -> None:
    backend = filled(**{"d/e/f": "text"})

    assert judge(backend, End(folders=("d", "d/e"))) is None
    assert judge(backend, End(folders=("d",))) is not None
    flat = StoreView(Subject(make=MemoryBackend), backend, flat=True)
    assert flat.judge(End(folders=("d",)), None, Given(), lambda _: None) is None


def test_what_is_left_outside_the_tree_is_seen_by_the_auditor_alone() -> None:
    left = Snapshot({}, residue=("upload of a",))
    view = StoreView(Subject(make=MemoryBackend, audit=lambda: left), MemoryBackend(), flat=True)

    mismatch = view.judge(End(residue=False), None, Given(), lambda _: None)
    assert mismatch is not None
    assert mismatch.observed == "left behind: upload of a"


# -- seeding --


def test_an_empty_folder_is_made_by_a_file_that_goes_again() -> None:
    backend = MemoryBackend()
    view = StoreView(Subject(make=MemoryBackend), backend, flat=False)

    view.seed(Given({}, ("d/e",)))

    assert backend.is_folder("d/e")
    assert list(backend.list_files("", recursive=True)) == []
    assert view.touched == {"d/e/rsconform"}


def test_what_the_subject_raises_while_it_is_seeded_is_no_error_of_the_kit() -> None:
    class Refuses(MemoryBackend):
        def write(self, path: str, *args: Any, **options: Any) -> Any:
            raise InvalidPath("not here", path=path, backend="memory")

    view = StoreView(Subject(make=MemoryBackend), Refuses(), flat=False)

    with pytest.raises(GivenFailedError, match="InvalidPath: not here"):
        view.seed(Given({"a": GivenFile(content("text"))}))
    assert view.touched == {"a"}


def test_a_store_that_holds_no_empty_folder_has_no_case_about_one() -> None:
    def seed(files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
        raise NoEmptyFoldersError

    backend = MemoryBackend()
    with pytest.raises(Skipped) as skipped:
        StoreView(Subject(make=lambda: backend, seed=seed), backend, flat=False).seed(Given(folders=("d",)))

    assert skipped.value.skip == Skip(SkipReason.TRAIT, "the store holds empty folders")


@pytest.mark.parametrize(
    ("path", "skip"),
    [
        ("d/a", Skip(SkipReason.HOLDING, "what the case begins with")),
        ("A b", Skip(SkipReason.TRAIT, "the store holds names of every kind")),
    ],
)
def test_a_file_that_the_store_cannot_hold_skips_the_case_and_a_plain_one_leaves_its_axiom_unexercised(
    path: str, skip: Skip
) -> None:
    def seed(files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
        raise CannotHoldError(path, "parquet files only")

    backend = MemoryBackend()
    with pytest.raises(Skipped) as skipped:
        StoreView(Subject(make=lambda: backend, seed=seed), backend, flat=False).seed(
            Given({path: GivenFile(content("text"))})
        )

    assert skipped.value.skip == skip


@pytest.mark.parametrize("name", ["A", "d/Upper", ".hidden", "d/.hidden", "dot.", "a b", "ä", "-rf", "k" * 65])
def test_a_name_that_not_every_store_holds_skips_the_case_where_the_backend_itself_refuses_it(name: str) -> None:
    class Refuses(MemoryBackend):
        def write(self, path: str, *_args: object, **_options: object) -> Any:
            raise InvalidPath("not here", path=path, backend=self.name)

    with pytest.raises(Skipped):
        StoreView(Subject(make=MemoryBackend), Refuses(), flat=False).seed(Given({name: GivenFile(content("text"))}))
