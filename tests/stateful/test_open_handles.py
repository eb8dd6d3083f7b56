"""Readers and listings that stay open through a sequence: what they may give, and how that is shown."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from remote_store.backends import MemoryBackend

from rsconform.cases.content import Content
from rsconform.run.records import Result
from rsconform.stateful.expected import ByteRange, Expected, Rest
from rsconform.stateful.model import Model
from rsconform.stateful.operations import Operation
from rsconform.stateful.python_script import as_script
from rsconform.stateful.runner import Broken
from rsconform.stateful.search import Depth, search
from rsconform.stateful.tokens import Repro, decode, encode
from rsconform.stateful.toml_case import as_case
from tests.run.sessions import session_of
from tests.stateful.test_search import track_of

OLD, NEW = Content("bytes:200"), Content("bytes#2:200")
OVER = {"overwrite": True}
WRITTEN = Operation("write", "d/a", content=OLD)
BESIDE = Operation("write", "d/b", content=Content("text:beside"))
OPENED = Operation("read_seekable", "d/a", keeps=1)
LISTED = Operation("list_files", "d", keeps=1)


def on(op: str, *args: object) -> Operation:
    return Operation(op, on=1, args=args)


def seen_by(reader_at: int, *after: Operation, opened: Operation = OPENED) -> Model:
    """Return the model after so many bytes were read and other operations were done."""
    made = Model(flat=False, below_files=False, seen_past=True)
    for operation in (WRITTEN, BESIDE, opened):
        made.apply(operation)
    if reader_at:
        made.apply(on("read", reader_at), OLD.data[:reader_at])
    for operation in after:
        made.apply(operation)
    return made


def pieces(expected: Expected) -> ByteRange:
    assert isinstance(expected.value, ByteRange)
    return expected.value


@pytest.mark.parametrize(
    "beside",
    [
        Operation("write", "d/c", content=NEW),
        Operation("copy", "d/a", "e"),
        Operation("delete", "d/b"),
        Operation("move", "d/b", "e"),
    ],
    ids=lambda operation: operation.op,
)
def test_a_reader_goes_on_where_it_was_whatever_happens_to_other_files(beside: Operation) -> None:
    expected = seen_by(7, beside).expect(on("drain"))

    assert expected.errors == frozenset()
    assert pieces(expected).admits(OLD.data[7:])
    assert not pieces(expected).admits(OLD.data)
    assert not pieces(expected).admits(b"")


def test_a_piece_may_be_short_but_not_empty_and_not_long() -> None:
    piece = pieces(seen_by(7).expect(on("read", 100)))

    assert [piece.admits(OLD.data[7 : 7 + size]) for size in (0, 1, 100, 101)] == [False, True, True, False]
    assert pieces(seen_by(200).expect(on("read", 100))).admits(b"")


@pytest.mark.parametrize(
    ("begun", "rest", "admitted"),
    [
        (0, OLD.data, True),
        (0, NEW.data, True),
        (0, OLD.data[:100] + NEW.data[100:], False),
        (7, OLD.data[7:], True),
        (7, NEW.data[7:], False),
        (7, b"", False),
    ],
    ids=["old", "new", "mixed", "old on", "new on", "an early end"],
)
def test_over_an_atomic_write_it_is_the_old_content_or_the_new(begun: int, rest: bytes, *, admitted: bool) -> None:
    expected = seen_by(begun, Operation("write_atomic", "d/a", content=NEW, options=OVER)).expect(on("drain"))

    assert pieces(expected).admits(rest) is admitted
    assert expected.errors == {"RemoteStoreError"}


@pytest.mark.parametrize(
    ("change", "rest", "admitted"),
    [
        (Operation("write", "d/a", content=NEW, options=OVER), OLD.data[7:90] + NEW.data[90:], True),
        (Operation("write", "d/a", content=NEW, options=OVER), b"", True),
        (Operation("copy", "d/b", "d/a", options=OVER), OLD.data[7:], True),
        (Operation("delete", "d/a"), OLD.data[7:], True),
        (Operation("delete", "d/a"), b"beside", False),
        (Operation("move", "d/a", "e"), NEW.data[7:], False),
    ],
    ids=["mixed", "cut off", "copied over", "deleted", "another file's", "moved away"],
)
def test_over_any_other_change_it_has_no_foreign_byte(change: Operation, rest: bytes, *, admitted: bool) -> None:
    assert pieces(seen_by(7, change).expect(on("drain"))).admits(rest) is admitted


def test_a_reader_may_follow_its_file_where_that_is_moved_to() -> None:
    changes = (Operation("move", "d/a", "e"), Operation("write", "e", content=NEW, options=OVER))

    assert pieces(seen_by(7, *changes).expect(on("drain"))).admits(NEW.data[7:])


def test_a_seek_counts_from_where_the_reader_stands() -> None:
    model = seen_by(7)

    assert [model.expect(on("seek", *to)).value for to in ((3,), (3, "CUR"), (-5, "END"))] == [3, 10, 195]
    assert model.settled(on("seek", -8, "CUR")) is None  # The io protocol leaves open what that does.


def test_what_is_no_handle_is_not_done() -> None:
    model = seen_by(7, on("close"))

    assert model.settled(on("read", 1)) is None
    assert model.settled(OPENED) == Operation("read_seekable", "d/a")  # A number stands for one handle.
    assert model.settled(Operation("read", "no", keeps=2)) == Operation("read", "no")


def test_a_reopened_instance_answers_for_none_of_its_readers() -> None:
    assert seen_by(7, Operation("reopen")).settled(on("drain")) is None
    assert seen_by(7, Operation("reopen", peer=True)).settled(on("drain")) is not None


def entries(*names: str) -> tuple[str, ...]:
    sizes = {"d/a": 200, "d/b": 6, "d/c": 200}
    return tuple(f"{name} ({sizes[name]} bytes)" for name in names)


@pytest.mark.parametrize(
    ("after", "rest", "admitted"),
    [
        ((), ("d/b",), True),
        ((), (), False),
        ((), ("d/a", "d/b"), False),
        ((Operation("write", "e", content=NEW),), (), False),
        ((Operation("write", "d/c", content=NEW),), ("d/b", "d/c"), True),
        ((Operation("write", "d/c", content=NEW),), ("d/b",), True),
        ((Operation("write", "d/c", content=NEW),), ("d/c",), False),
        ((Operation("delete", "d/b"),), (), True),
        ((Operation("delete", "d/b"),), ("d/b",), True),
        ((Operation("delete", "d/b"),), ("d/c",), False),
    ],
    ids=[
        "the rest", "too little", "one again", "other folder", "with a new one", "without it", "only it", "without one",
        "with one that went", "one that never was",
    ],
)  # fmt: skip
def test_a_listing_gives_the_rest_of_what_was_there(
    after: tuple[Operation, ...], rest: tuple[str, ...], *, admitted: bool
) -> None:
    model = seen_by(0, opened=LISTED)
    model.apply(on("next"), entries("d/a"))
    for operation in after:
        model.apply(operation)

    value = model.expect(on("drain")).value
    assert isinstance(value, Rest)
    assert value.admits(entries(*rest)) is admitted


class Unclosed(io.RawIOBase):
    """A stream over another one, which stays open."""

    def __init__(self, stream: io.BytesIO) -> None:
        self.inner = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self.inner.readinto(buffer)


class OnePosition(MemoryBackend):
    """Gives every reader of a file the same stream."""

    def read(self, path: str) -> BinaryIO:
        stream = io.BytesIO(super().read_bytes(path))
        streams = self.__dict__.setdefault("streams", {})
        stream = streams.setdefault((path, stream.getvalue()), stream)
        stream.seek(0)
        return cast("BinaryIO", Unclosed(stream))


class UntilTheNext(MemoryBackend):
    """Lists until another listing is begun."""

    def list_files(self, path: str, **options: Any) -> Iterator[Any]:
        self.__dict__["turn"] = turn = object()
        for info in super().list_files(path, **options):
            yield info
            if self.__dict__["turn"] is not turn:
                return


class ReadsWhatIsThere(MemoryBackend):
    """Reads each piece from what the file holds then."""

    def read(self, path: str) -> BinaryIO:
        return Live(self, path)


class Live(io.BytesIO):
    def __init__(self, backend: MemoryBackend, path: str) -> None:
        super().__init__(backend.read_bytes(path))
        self.backend, self.path = backend, path

    def read(self, size: int | None = -1) -> bytes:
        at, now = self.tell(), self.backend.read_bytes(self.path)
        piece = now[at:] if size is None or size < 0 else now[at : at + size]
        self.seek(at + len(piece))
        return piece


RIGHT = "from remote_store.backends import MemoryBackend\nstore = MemoryBackend()\nmake = lambda: store\n"
RIGHT_ASYNC = "from remote_store.aio import AsyncMemoryBackend\nstore = AsyncMemoryBackend()\nmake = lambda: store\n"
WRONG = "from tests.stateful.test_open_handles import {0}\nstore = {0}()\nmake = lambda: store\n"
READ = Operation("read", "d/a", keeps=1)
SHOWN: dict[type[MemoryBackend], tuple[Operation, ...]] = {
    OnePosition: (WRITTEN, READ, on("read", 7), Operation("read", "d/a"), on("read", 7)),
    UntilTheNext: (WRITTEN, BESIDE, LISTED, on("next"), Operation("list_files", "d"), on("drain")),
    ReadsWhatIsThere: (
        WRITTEN, READ, on("read", 7), Operation("write_atomic", "d/a", content=NEW, options=OVER), on("drain"),
    ),
}  # fmt: skip
KINDS = pytest.mark.parametrize("kind", SHOWN)


def shown(kind: type[MemoryBackend]) -> tuple[Broken, Repro]:
    broken = track_of(kind()).replay(SHOWN[kind])
    assert broken is not None
    return broken, Repro("memory", False, False, broken.operations)


@KINDS
def test_what_a_handle_does_wrong_is_wrong_at_that_step_and_only_there(kind: type[MemoryBackend]) -> None:
    broken, repro = shown(kind)

    assert decode(encode(repro)).operations == broken.operations == SHOWN[kind]
    assert track_of(MemoryBackend()).replay(broken.operations) is None


@KINDS
def test_the_case_fails_for_it_and_for_no_right_backend(kind: type[MemoryBackend]) -> None:
    toml = as_case(*shown(kind))

    results = []
    for one in (kind, MemoryBackend):
        session, (case,) = session_of(toml, one, traits={"flat_namespace": False})
        results.append(next(iter(session.attempts(case))).result)
        session.close()
    assert results == [Result.FAILED, Result.PASSED]


def code_of(script: str, at: Path) -> int:
    at.write_text(script, encoding="utf-8")
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, at], capture_output=True, text=True, check=False, env=environment)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


@KINDS
def test_the_script_ends_with_1_for_it_and_with_0_for_a_right_backend(
    kind: type[MemoryBackend], tmp_path: Path
) -> None:
    recipes = (WRONG.format(kind.__name__), RIGHT)
    codes = [code_of(as_script(*shown(kind), recipe), tmp_path / "script.py") for recipe in recipes]
    codes.append(code_of(as_script(*shown(kind), RIGHT_ASYNC, surface="async"), tmp_path / "script.py"))

    assert codes == [1, 0, 0]


def test_the_search_keeps_readers_and_listings_open() -> None:
    broken = search(track_of(OnePosition()), Depth(150, 24, (12,), budget_s=20), 1, surface="sync")

    assert broken is not None
    assert broken.operations[-1].on
