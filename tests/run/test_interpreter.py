"""Steps put to a subject, and what is made of the answers."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pytest
from remote_store import AlreadyExists, Backend, FileInfo, InvalidPath, NotFound
from remote_store.backends import MemoryBackend

from rsconform.run.records import Attempt, Result
from tests.snippets import attempts_at, case_of, lane_of


def run(case: str, make: Callable[[], Backend] = MemoryBackend, *, limit_s: float = 5.0) -> Attempt:
    return attempts_at(case_of(case), make, limit_s=limit_s)[0]


@pytest.mark.parametrize(
    "case",
    [
        'steps = [ { op = "exists", path = "a", returns = false } ]',
        'given = { "a" = "bytes:10000" }\nsteps = [ { op = "read", path = "a", reads = "bytes:10000" } ]',
        'given = { "a" = "bytes:10000" }\nsteps = [ { op = "read", path = "a", drain = 7, reads = "bytes:10000" } ]',
        'given = { "a" = "text:b" }\nsteps = [ { op = "read", path = "a", reads = ["text:a", "text:b"] } ]',
        'steps = [ { op = "read", path = "a", raises = "NotFound", error = { path = "a" }, at = "call" } ]',
        'steps = [ { op = "write", path = "a", content = "text:x", as = "w" },'
        ' { op = "get_file_info", path = "a", returns = { size = "{w.size}", path = "{w.path}" } } ]',
        'given = { "a" = "bytes:10" }\nsteps = [ { op = "read", path = "a", as = "s" },'
        ' { on = "s", op = "seek", args = [4] }, { on = "s", op = "read", args = [2], reads = "bytes:10[4:6]" },'
        ' { on = "s", op = "tell", returns = 6 }, { on = "s", op = "drain", reads = "bytes:10[6:]" } ]',
        'steps = [ { op = "write", path = "a", content = "text:x", as = "w" },'
        ' { op = "get_file_info", path = "a", as = "i" }, { on = "w", op = "value", returns = { size = 1 } },'
        ' { on = "w", op = "value", args = ["{i}"], returns = [{ size = "{i.size}" }, { name = "a" }] } ]',
        'given = { "d/a" = "text:", "d/b" = "text:" }\n'
        'steps = [ { op = "list_files", path = "d", paths = ["d/b", "d/a"] } ]',
        'given = { "a" = "text:old" }\nsteps = [ { op = "open_atomic", path = "a", overwrite = true,'
        ' content = { stream = "bytes:1MiB", fails_after = 65536 }, raises = "source", at = "body" } ]\n'
        "then = { unchanged = true }",
        'given = { "a" = "text:x" }\nsteps = [ { op = "open_atomic", path = "a",'
        ' content = { stream = "bytes:10", as = "body" }, raises = "AlreadyExists", at = "enter" },'
        ' { on = "body", op = "tell", returns = 0 } ]',
        'steps = [ { op = "write", path = "a", or_raises = "InvalidPath", content = "text:x" } ]',
        'given = { "d/" = {} }\nsteps = [ { op = "is_folder", path = "d", returns = true } ]\n'
        'then = { tree = {}, folders = ["d"] }',
        'steps = [ { op = "list_files", path = "", drain = false, as = "it" },'
        ' { on = "it", op = "drain", paths = [] } ]',
        'steps = [ { op = "exists", path = "a" } ]\n'
        'then = { any_of = [ { tree = { "a" = "text:x" } }, { tree = {} } ] }',
        'given = { "a" = "bytes:100" }\nsteps = [ { op = "read", path = "a", reads = "bytes:100", within = "<= 5" } ]',
        'matrix = { how = { only = { op = "write",'
        ' content = { stream = "bytes:9999", chunk = 17, only_read = true } } } }\n'
        'steps = [ { path = "a", with = "{how}" } ]\nthen = { tree = { "a" = "{how.content}" } }',
    ],
)
def test_a_correct_backend_passes(case: str) -> None:
    attempt = run(case)

    assert attempt.result is Result.PASSED, attempt.failure or attempt.error


class Wrong(MemoryBackend):
    """Wrong in many ways at once; a case looks at one of them."""

    def exists(self, path: str) -> bool:
        return True

    def read_bytes(self, path: str) -> bytes:
        return super().read_bytes(path)[:-1]

    def read(self, path: str) -> BinaryIO:
        class Long(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                return super().read()

        return Long(super().read(path).read())

    def get_file_info(self, path: str) -> FileInfo:
        raise AlreadyExists("wrong class", path="other_process", backend="memory")

    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        for info in super().list_files(path, **options):
            yield info
            yield info

    def delete(self, path: str, *, missing_ok: bool = False) -> None:
        if not self.is_file(path) and not missing_ok:
            super().delete(path)


@pytest.mark.parametrize(
    ("case", "expected", "observed"),
    [
        ('steps = [ { op = "exists", path = "a", returns = false } ]', "False", "True"),
        (
            'given = { "a" = "text:abc" }\nsteps = [ { op = "read_bytes", path = "a", reads = "text:abc" } ]',
            "abc",
            "ab",
        ),
        (
            'given = { "a" = "text:abc" }\nsteps = [ { op = "read_bytes", path = "a", reads = ["text:abc", "text:"] }]',
            "one of text:abc, text:",
            "ab",
        ),
        ('given = { "a" = "bytes:100" }\nsteps = [ { op = "read", path = "a", drain = 7 } ]', "at most 7", "100 bytes"),
        ('given = { "a" = "text:" }\nsteps = [ { op = "get_file_info", path = "a" } ]', "return", "AlreadyExists"),
        ('steps = [ { op = "get_file_info", path = "a", raises = "NotFound" } ]', "NotFound", "AlreadyExists"),
        (
            'steps = [ { op = "get_file_info", path = "a", raises = "AlreadyExists", error = { path = "a" } } ]',
            "path",
            "other_process",
        ),
        (
            'given = { "a" = "text:" }\nsteps = [ { op = "list_files", path = "", paths = ["a"] } ]',
            "exactly",
            "more than once",
        ),
        (
            'given = { "a" = "text:x" }\nsteps = [ { op = "delete", path = "a" } ]\nthen = { tree = {} }',
            "no a",
            "a with",
        ),
        ('steps = [ { op = "exists", path = "a", raises = "NotFound" } ]', "NotFound", "returned True"),
        ('steps = [ { op = "write", path = "a", content = "text:x" } ]\nthen = { tree = {} }', "no a", "a with"),
        (
            'given = { "a" = "text:x" }\n'
            'steps = [ { op = "write", path = "a", content = "text:y", overwrite = true } ]\n'
            "then = { unchanged = true }",
            "unchanged",
            "a with",
        ),
    ],
)
def test_a_wrong_answer_fails_the_case_with_what_was_expected_and_seen(case: str, expected: str, observed: str) -> None:
    attempt = run(case, Wrong)

    assert attempt.result is Result.FAILED, attempt
    assert attempt.failure is not None
    assert expected in attempt.failure.expected
    assert observed in attempt.failure.observed


@pytest.mark.parametrize(
    ("bases", "result"),
    [
        ((NotFound,), Result.PASSED),
        ((NotFound, FileNotFoundError), Result.PASSED),
        ((InvalidPath,), Result.FAILED),
        ((NotFound, InvalidPath), Result.FAILED),
    ],
    ids=["of it", "of it and a builtin", "of another", "of two at once"],
)
def test_a_backends_own_subclass_counts_as_the_one_error_that_it_is(
    bases: tuple[type[Exception], ...], result: Result
) -> None:
    special = type("Special", bases, {})

    class Subclassing(MemoryBackend):
        def read_bytes(self, path: str) -> bytes:
            raise special("gone", path=path, backend="memory")

    attempt = run('steps = [ { op = "read_bytes", path = "a", raises = "NotFound" } ]', Subclassing)

    assert attempt.result is result


def test_an_error_that_comes_while_a_listing_is_used_up_counts_and_its_phase_is_told() -> None:
    class Late(MemoryBackend):
        def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
            found = list(super().list_files(path, **options))
            yield from found
            if found:
                raise NotFound("gone", path=path, backend="memory")

    attempt = run('given = { "a" = "text:" }\nsteps = [ { op = "list_files", path = "" } ]', Late)

    assert attempt.failure is not None
    assert attempt.failure.phase == "drain"


def test_a_source_that_is_swallowed_fails_the_case() -> None:
    class Swallowing(MemoryBackend):
        def write(self, path: str, content: Any, **options: Any) -> Any:
            try:
                return super().write(path, content, **options)
            except Exception:
                return super().write(path, b"", **options)

    source = '{ stream = "bytes:100", fails_after = 10 }'
    case = f'steps = [ {{ op = "write", path = "a", content = {source}, raises = "source" }} ]'

    assert run(case).result is Result.PASSED
    assert run(case, Swallowing).result is Result.FAILED


def test_a_listing_that_never_ends_is_a_failure_and_no_hang() -> None:
    class Endless(MemoryBackend):
        def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
            for info in super().list_files(path, **options):
                while True:
                    yield info

    attempt = run('given = { "a" = "text:" }\nsteps = [ { op = "list_files", path = "" } ]', Endless)

    assert attempt.failure is not None
    assert "no end" in attempt.failure.observed


class Hanging(MemoryBackend):
    """Hangs in one operation, and swallows every exception while it does."""

    def exists(self, path: str) -> bool:
        while True:
            try:
                time.sleep(10)
            except Exception:
                continue


def test_an_operation_that_hangs_is_ended_and_is_tried_only_with_a_longer_limit() -> None:
    attempts = attempts_at(case_of('steps = [ { op = "exists", path = "a" } ]'), Hanging, limit_s=0.1)

    assert [attempt.slow for attempt in attempts] == [True, False]
    assert all(attempt.failure is not None and attempt.failure.hang for attempt in attempts)


def test_a_failed_case_is_tried_again_in_a_fresh_store() -> None:
    attempts = attempts_at(case_of('steps = [ { op = "exists", path = "a", returns = true } ]'))

    assert [attempt.number for attempt in attempts] == [1, 2]


def test_what_ends_the_case_names_the_step_under_way() -> None:
    attempt = run('steps = [ { op = "exists", path = "a" }, { op = "read", path = "a" } ]')

    assert attempt.failure is not None
    assert attempt.failure.step == 1
    assert [step.split()[0] for step in attempt.failure.steps] == ["exists", "read"]


BOTH = """
traits = { flat_namespace = true }
given = { "p" = "text:", "p/c" = "text:" }
steps = [ { op = "exists", path = "p" } ]
"""


@pytest.mark.parametrize(("traits", "result"), [({}, Result.FAILED), ({"flat_namespace": True}, Result.ERRORED)])
def test_a_store_that_refuses_what_a_reading_begins_with_speaks_against_that_reading_alone(
    traits: dict[str, object], result: Result
) -> None:
    lane = lane_of(backend="test:make", make=MemoryBackend, traits=traits)

    assert attempts_at(case_of(BOTH), lane=lane)[0].result is result
