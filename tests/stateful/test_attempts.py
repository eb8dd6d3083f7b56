"""What becomes of a sequence that goes wrong: it is tried again, kept, and tried first from then on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from remote_store import Backend, RemoteStoreError
from remote_store.backends import MemoryBackend

from rsconform.cases.content import Content
from rsconform.lanes.lane import Services, Subject
from rsconform.run.records import Attempt, Result
from rsconform.stateful.corpus import Corpus
from rsconform.stateful.operations import Operation
from rsconform.stateful.tokens import Repro
from tests.run.sessions import session_of
from tests.stateful.test_search import Forgetful

CASE = """
[[axiom.case]]
name = "any"
traits = { flat_namespace = false }
probe = "sequences.as_dictionary"
args = { flat = false, strict = true, seed = 1 }
"""


def attempts_at(make: type[Backend], corpus: Path | None = None, *, declared: bool = True) -> list[Attempt]:
    traits = {"flat_namespace": False} if declared else {}
    session, (case,) = session_of(CASE, make, corpus=corpus, traits=traits)
    attempts = list(session.attempts(case))
    session.close()
    return attempts


def test_what_always_goes_wrong_does_so_in_four_fresh_stores() -> None:
    attempts = attempts_at(Forgetful)

    assert [attempt.result for attempt in attempts] == [Result.FAILED] * 4
    failures = [attempt.failure for attempt in attempts if attempt.failure is not None]
    assert len({failure.steps for failure in failures}) == 1  # The one that was found, and no other.
    assert [what for what, _ in failures[0].ways] == ["repro", "toml"]


def test_what_goes_wrong_once_is_not_seen_again() -> None:
    answers = iter([True] * 40)

    class Once(MemoryBackend):
        def exists(self, path: str) -> bool:
            return super().exists(path) if next(answers, None) or next(lies, None) is None else not super().exists(path)

    lies = iter([1])

    assert [attempt.result for attempt in attempts_at(Once)] == [Result.FAILED, *[Result.PASSED] * 3]


def test_what_was_found_is_tried_first(tmp_path: Path) -> None:
    x = Content("text:x")
    steps = (
        Operation("write", "first", content=x),
        Operation("write", "second", content=x),
        Operation("copy", "first", "second", options={"overwrite": True}),
        Operation("is_file", "second"),
    )
    Corpus(tmp_path).keep(Repro("mine", False, False, steps), "", "")

    first, *_ = attempts_at(Forgetful, tmp_path)

    assert first.failure is not None
    assert "second" in first.failure.steps[-1]
    assert any(what == "script" for what, _ in first.failure.ways)


class Store:
    """A store whose container can be dropped; it comes back with the first write."""

    def __init__(self) -> None:
        self.backend = Nostalgic()

    def drop(self) -> None:
        for info in list(self.backend.list_files("", recursive=True)):
            self.backend.delete(str(info.path))
        self.backend.dropped = True


class Nostalgic(MemoryBackend):
    """Has its files back, as it were, when the container went."""

    dropped = False

    def exists(self, path: str) -> bool:
        return super().exists(path) or (self.dropped and path.endswith("/rare"))


@contextmanager
def with_container(_services: Services) -> Iterator[Subject]:
    store = Store()
    yield Subject(make=lambda: store.backend, container=store)


def test_what_was_found_without_the_container_is_tried_when_the_rest_was(tmp_path: Path) -> None:
    x = Content("text:x")
    steps = (Operation("write", "rare", content=x), Operation("drop_container"), Operation("exists", "rare"))
    Corpus(tmp_path).keep(Repro("mine", False, False, steps), "", "")
    traits, affordances = {"flat_namespace": False}, ("container",)
    session, (case,) = session_of(
        CASE, fixture=with_container, corpus=tmp_path, limit_s=30.0, traits=traits, affordances=affordances
    )

    attempts = list(session.attempts(case))
    session.close()

    assert [attempt.result for attempt in attempts] == [Result.FAILED] * 4
    failures = [attempt.failure for attempt in attempts if attempt.failure is not None]
    assert {len(failure.steps) for failure in failures} == {3}


def test_a_kept_file_that_cannot_be_read_is_named_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("nonsense", encoding="utf-8")

    (attempt,) = attempts_at(MemoryBackend, tmp_path)

    assert attempt.result is Result.PASSED
    assert any("bad.toml was left out" in note for note in attempt.notes)


def test_what_an_undeclared_trait_is_only_read_as_is_not_kept(tmp_path: Path) -> None:
    first, *_ = attempts_at(Forgetful, tmp_path / "corpus", declared=False)

    assert first.result is Result.FAILED
    assert not (tmp_path / "corpus").exists()


def test_a_source_that_fails_may_be_told_in_the_words_of_the_library() -> None:
    class Wraps(MemoryBackend):
        def write(self, path: str, content: Any, **options: Any) -> Any:
            try:
                return super().write(path, content, **options)
            except RemoteStoreError:
                raise
            except Exception as exc:
                raise RemoteStoreError(str(exc), path=path, backend=self.name) from exc

        write_atomic = write

    (attempt,) = attempts_at(Wraps)

    assert attempt.result is Result.PASSED, attempt.failure
