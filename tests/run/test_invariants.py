"""The always-on invariants: for each a breach, and what looks like one and is none."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import remote_store as rs
from remote_store.backends import MemoryBackend

from rsconform.cases.case import Step
from rsconform.cases.matchers import Matcher
from rsconform.lanes.lane import Services, Snapshot, StoredFile, Subject
from rsconform.run.case.invariants import CHECKERS, ENDS_IN_TIME, REQUESTS_BOUNDED, Event, Watch
from rsconform.run.records import Breach, Result
from rsconform.spec.axiom import Place
from rsconform.spec.traits import INVARIANTS
from tests.run.sessions import session_of

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001  # Wrong on purpose.
AWARE = datetime(2026, 1, 1, tzinfo=UTC)


def event(op: str = "read_bytes", *paths: str, on: str | None = None, **facts: Any) -> Event:
    """Return a step that raised or returned something, on the path `a` unless it says otherwise."""
    names = ("src", "dst") if len(paths) == 2 else ("path",)
    arguments = dict(zip(names, paths or ("a",), strict=True)) | facts.pop("arguments", {})
    error: Mapping[str, Matcher] = facts.pop("expects", {})
    step = Step(op, Place("T.toml", 1), {}, on=on, arguments=arguments, error=error)
    defaults: dict[str, Any] = {
        "value": None, "error": None, "own": False, "source_lost": False, "before": None, "after": None,
        "backend_name": "mine", "secrets": (),
    }  # fmt: skip
    return Event(**{**defaults, "step": step, "arguments": arguments, **facts})


def store(*files: str, folders: tuple[str, ...] = ()) -> Snapshot:
    """Return a look at a store; a file's content is what stands after a colon."""
    split = (file.partition(":") for file in files)
    return Snapshot({path: StoredFile(content.encode()) for path, _, content in split}, frozenset(folders))


def not_found(**facts: Any) -> rs.NotFound:
    return rs.NotFound("nothing there", **{"path": "a", "backend": "mine", **facts})


def file_info(**facts: Any) -> rs.FileInfo:
    defaults: dict[str, Any] = {"path": rs.RemotePath("a"), "name": "a", "size": 1, "modified_at": AWARE}
    return rs.FileInfo(**{**defaults, **facts})


def folder_info(**facts: Any) -> rs.FolderInfo:
    return rs.FolderInfo(**{"path": rs.RemotePath("d"), "file_count": 1, "total_size": 2, **facts})


def folder_entry(**facts: Any) -> rs.FolderEntry:
    return rs.FolderEntry(**{"path": rs.RemotePath("d"), "name": "d", **facts})


def write_result(**facts: Any) -> rs.WriteResult:
    return rs.WriteResult(**{"path": rs.RemotePath("a"), "size": 1, "source": "native", **facts})


def with_text_for_a_path() -> rs.NotFound:
    error = not_found()
    error.path = rs.RemotePath("a")  # type: ignore[assignment]
    return error


def shown_by_its_cause() -> rs.BackendUnavailable:
    error = rs.BackendUnavailable("cannot connect", backend="mine")
    error.__cause__ = OSError("https://me:hush@example")
    return error


def refused_by_the_path_model() -> Exception:
    try:
        rs.RemotePath("a/../../b")
    except rs.InvalidPath as exc:
        return exc
    raise AssertionError("the path model refuses it")


@dataclass(frozen=True)
class Judged:
    """What breaches an invariant, what was judged and is fine, and what is not judged at all."""

    breach: Event
    fine: tuple[Event, ...] = ()
    other: tuple[Event, ...] = ()


CASES: Mapping[str, Judged] = {
    "only-our-errors": Judged(
        event(error=KeyError("a")),
        fine=(event(error=not_found()),),
        other=(
            event(),
            event("write", error=OSError("the source's own"), own=True),
            event("glob", error=ValueError("a bad pattern")),
            event("seek", on="s", error=io.UnsupportedOperation("seek")),
            event("next", on="it", error=StopIteration()),
        ),
    ),
    "error-names-backend": Judged(
        event(error=not_found(backend=None)),
        fine=(event(error=not_found()),),
        other=(event(error=refused_by_the_path_model()), event(error=KeyError("a"))),
    ),
    "error-names-path": Judged(
        event(error=not_found(path="b")),
        fine=(
            event(error=not_found()),
            event("read_bytes", "./a//", error=not_found()),  # Compared by segments.
            event("move", "x", "a", error=not_found()),
        ),
        other=(
            event(error=rs.CapabilityNotSupported("no", capability="glob", backend="mine")),
            event(error=rs.BackendUnavailable("gone", backend="mine")),
            event("check_health", error=not_found(path=None), arguments={"path": None}),
            event("read", on="s", error=not_found(path=None)),
        ),
    ),
    "error-attributes": Judged(
        event(error=with_text_for_a_path()),
        fine=(event(error=not_found(path=None, backend=None)),),
        other=(event(error=KeyError("a")),),
    ),
    "failure-changes-nothing": Judged(
        event("write_atomic", error=not_found(), source_lost=True, before=store("a:old"), after=store("a:new")),
        fine=(
            event("write", error=not_found(), before=store("a:old"), after=store("a:old")),
            # A plain write that lost its source may leave a part at its path, and nowhere else.
            event("write", error=not_found(), source_lost=True, before=store(), after=store("a:part")),
        ),
        other=(
            event("write", before=store(), after=store("a:new")),
            event(
                "delete_folder", error=not_found(), before=store("a/b"), after=store(), arguments={"recursive": True}
            ),
            event("write", error=not_found()),  # Nobody looked.
        ),
    ),
    "failure-leaves-no-folders": Judged(
        event("write", "d/a", error=not_found(), before=store(), after=store(folders=("d",))),
        fine=(event("delete", "d/a", error=not_found(), before=store(folders=("d",)), after=store()),),
        other=(
            event("write", "d/a", before=store(), after=store("d/a", folders=("d",))),
            event("write", "d/a", error=not_found(), before=Snapshot({}), after=Snapshot({})),
        ),
    ),
    "touches-only-its-paths": Judged(
        event("write", "a", before=store("ab:x"), after=store("a:y", "ab:z")),
        fine=(
            event("write", "d/./e//a", before=store(), after=store("d/e/a", folders=("d", "d/e"))),
            event("delete_folder", "d", before=store("d/a", "d/e/b", "de"), after=store("de")),
            event("move", "a", "d/b", before=store("a"), after=store("d/b", folders=("d",))),
            event("delete", "d/a", before=store("d/a", folders=("d",)), after=store()),
        ),
    ),
    "file-info-types": Judged(
        event("get_file_info", value=file_info(size=True)),
        fine=(event("list_files", value=[file_info(), file_info(name="b")]),),
        other=(event("list_files", value=[]),),
    ),
    "file-info-options": Judged(
        event("get_file_info", value=file_info(etag=7)),
        fine=(event("get_file_info", value=file_info(etag="7", metadata={"k": "v"}, extra={"tier": 1})),),
    ),
    "aware-times": Judged(
        event("get_file_info", value=file_info(modified_at=NAIVE)),
        fine=(
            event("get_file_info", value=file_info()),
            event("get_folder_info", value=folder_info(modified_at=None)),
            event("write", value=write_result(last_modified=AWARE)),
        ),
    ),
    "folder-info-types": Judged(
        event("get_folder_info", value=folder_info(file_count=-1)),
        fine=(event("get_folder_info", value=folder_info(file_count=0, total_size=0)),),
    ),
    "folder-info-options": Judged(
        event("get_folder_info", value=folder_info(modified_at="today")),
        fine=(event("get_folder_info", value=folder_info(modified_at=None)),),
    ),
    "folder-entry-types": Judged(
        event("list_folders", value=[folder_entry(), folder_entry(path="d")]),
        fine=(event("list_folders", value=[folder_entry()]),),
        other=(event("iter_children", value=[file_info()]),),
    ),
    "write-result-types": Judged(
        event("write", value=None),
        fine=(event("write_atomic", value=write_result()),),
        other=(event("open_atomic", value=None), event("write", error=not_found())),
    ),
    "plain-answers": Judged(
        event("exists", value=1),
        fine=(event("exists", value=True), event("delete", value=None), event("read_bytes", value=b"")),
        other=(event("exists", error=not_found()), event("get_file_info", value=1), event("read", on="s", value=1)),
    ),
    "arguments-untouched": Judged(
        event("write", arguments={"metadata": {"k": "v", "more": "1"}}, metadata_before={"k": "v"}),
        fine=(event("write", arguments={"metadata": {"k": "v"}}, metadata_before={"k": "v"}),),
        other=(event("write"),),
    ),
    "keeps-secrets": Judged(
        event(error=shown_by_its_cause(), secrets=("hush",)),
        fine=(event(error=not_found(), secrets=("hush",)),),
        other=(event(error=not_found()), event(value="hush", secrets=("hush",))),
    ),
}


def look(checker: str, seen: Event) -> Watch:
    watch = Watch({checker: "T-001"})
    watch.look(seen)
    return watch


def every(pick: Callable[[Judged], tuple[Event, ...]]) -> list[Any]:
    return [
        pytest.param(checker, seen, id=f"{checker}-{number}")
        for checker, judged in CASES.items()
        for number, seen in enumerate(pick(judged))
    ]


def test_every_checker_stands_in_the_vocabulary_and_has_cases_here() -> None:
    assert set(CHECKERS) == set(CASES)
    assert {*CHECKERS, ENDS_IN_TIME, REQUESTS_BOUNDED} <= set(INVARIANTS)


@pytest.mark.parametrize(("checker", "seen"), every(lambda judged: (judged.breach,)))
def test_a_breach_is_recorded_under_the_invariants_own_id(checker: str, seen: Event) -> None:
    watch = look(checker, seen)

    assert watch.judged == {"T-001"}
    assert [(breach.axiom, breach.step) for breach in watch.breaches] == [("T-001", seen.step.op)]


@pytest.mark.parametrize(("checker", "seen"), every(lambda judged: judged.fine))
def test_what_only_looks_like_a_breach_is_judged_and_is_none(checker: str, seen: Event) -> None:
    watch = look(checker, seen)

    assert watch.judged == {"T-001"}
    assert watch.breaches == []


@pytest.mark.parametrize(("checker", "seen"), every(lambda judged: judged.other))
def test_what_an_invariant_does_not_speak_about_counts_neither_for_nor_against_it(checker: str, seen: Event) -> None:
    watch = look(checker, seen)

    assert watch.judged == set()
    assert watch.breaches == []


INVARIANT = """
[[axiom]]
id = "T-009"
title = "Plain answers"
level = "MUST"
statement = "Plain."
invariant = "plain-answers"
"""
ASKS = '[[axiom.case]]\nname = "asks"\nsteps = [ { op = "exists", path = "a" } ]'


class OneForTrue(MemoryBackend):
    def exists(self, path: str) -> bool:
        return int(super().exists(path))  # type: ignore[return-value]


def test_a_breach_does_not_fail_the_case_whose_sentence_is_another() -> None:
    session, (case,) = session_of(ASKS, OneForTrue, more=INVARIANT)
    (attempt,) = session.attempts(case)

    assert attempt.result is Result.PASSED
    assert [breach.axiom for breach in attempt.breaches] == ["T-009"]
    assert attempt.judged == ("T-009",)


def test_a_case_that_breaks_an_invariant_on_purpose_is_no_witness_against_it() -> None:
    session, (case,) = session_of(f'{ASKS}\nbreaks = ["T-009"]', OneForTrue, more=INVARIANT)
    (attempt,) = session.attempts(case)

    assert attempt.breaches == ()
    assert attempt.judged == ()


def test_an_operation_that_does_not_return_breaches_the_invariant_about_time() -> None:
    watch = Watch({ENDS_IN_TIME: "T-001"})
    step = event("exists").step

    watch.look_at_time(step, 0.5, returned=True)
    assert (watch.judged, watch.breaches) == ({"T-001"}, [])
    watch.look_at_time(step, 0.5, returned=False)
    assert watch.breaches == [Breach("T-001", "an end within 0.5 s", "exists did not return within 0.5 s", "exists")]


class Counting:
    """Counts what the backend of a test says that it sends."""

    def __init__(self) -> None:
        self.sent = 0

    def counts(self) -> dict[str, int]:
        return {"GET": self.sent}


BOUNDED = INVARIANT.replace("plain-answers", "requests-bounded")


@pytest.mark.parametrize(
    ("step", "sent", "fine"),
    [
        ('{ op = "exists", path = "a" }', 500, True),
        ('{ op = "exists", path = "a" }', 900, False),
        ('{ op = "list_files", path = "" }', 660, True),
        ('{ op = "read", path = "f00", drain = 100 }', 900, True),
        ('{ op = "read", path = "f00" }', 900, False),
    ],
)
def test_requests_are_bounded_by_what_there_is(step: str, sent: int, fine: bool) -> None:
    counting = Counting()

    class Sending(MemoryBackend):
        def __getattribute__(self, name: str) -> Any:
            counting.sent += sent if name in ("exists", "list_files", "read") else 0
            return super().__getattribute__(name)

    @contextmanager
    def fixture(_services: Services) -> Iterator[Subject]:
        yield Subject(make=Sending, requests=counting)

    files = 'given = { "f{00..79}" = "bytes:1000" }'
    case = f'[[axiom.case]]\nname = "sends"\n{files}\nsteps = [ {step} ]'
    session, (only,) = session_of(case, more=BOUNDED, fixture=fixture, affordances=("requests",))
    (attempt,) = session.attempts(only)

    assert attempt.result is Result.PASSED
    assert (attempt.breaches == ()) is fine
    assert "T-009" in attempt.judged
