"""One lane in one worker: what becomes of instances, stores and attempts."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from remote_store import Backend, Capability, CapabilitySet, InvalidPath, WriteResult
from remote_store.backends import MemoryBackend

from rsconform.cases.case import Skip, SkipReason
from rsconform.lanes.draining import drained
from rsconform.lanes.lane import Denied, ServiceDownError, Services, Snapshot, StoredFile, Subject
from rsconform.run.lane import interrupts
from rsconform.run.lane.limits import LOOK_LIMIT_S, MOST_HANGS
from rsconform.run.lane.session import LaneSession
from rsconform.run.plan import SMOKE
from rsconform.run.records import Attempt, Failure, Profile, Result
from tests.run.sessions import Shelf, session_of

EXISTS = '[[axiom.case]]\nname = "absent"\nsteps = [ { op = "exists", path = "a", returns = false } ]'
GIVEN = (
    '[[axiom.case]]\nname = "given"\ngiven = { "a" = "text:x" }\n'
    'steps = [ { op = "read_bytes", path = "a", reads = "text:x" } ]'
)
WRITES = (
    '[[axiom.case]]\nname = "writes"\nsteps = [ { op = "write", path = "a", content = "text:x" } ]\n'
    'then = { tree = { "a" = "text:x" } }'
)


def _paths(backend: Backend) -> list[str]:
    return [str(info.path) for info in backend.list_files("", recursive=True)]


def first(session: LaneSession, case: Any) -> Attempt:
    return next(iter(session.attempts(case)))


# -- attempts --


def test_a_case_that_fails_in_one_store_and_passes_in_another_has_both_attempts() -> None:
    answers = itertools.chain([True], itertools.repeat(False))

    class Flaky(MemoryBackend):
        def exists(self, path: str) -> bool:
            return next(answers)

    session, (case,) = session_of(EXISTS, Flaky)

    assert [attempt.result for attempt in session.attempts(case)] == [Result.FAILED, Result.PASSED]


@pytest.mark.parametrize(("long_s", "attempts"), [(60.0, 4), (0.0, 2)], ids=["soon", "long"])
def test_what_looks_deeper_is_tried_three_times_more_unless_that_takes_long(
    long_s: float, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(MemoryBackend):
        def read_bytes(self, path: str) -> bytes:
            return b""

    monkeypatch.setattr("rsconform.run.lane.session._LONG_S", long_s)
    session, (case,) = session_of(
        '[[axiom.case]]\nname = "landed"\nprobe = "concurrency.own_keys"\n'
        'args = { folder = "d", threads = 2, op = "write", size = 10 }',
        Forgetful,
    )

    assert [attempt.result for attempt in session.attempts(case)] == [Result.FAILED] * attempts


def test_each_attempt_is_said_before_it_is_made_and_seeding_through_the_subject_is_told_apart() -> None:
    said: list[tuple[object, ...]] = []
    work: list[float | None] = []

    class Log:
        def begin(self, case: str, axiom: str, limit_s: float, *, number: int, seeding: bool) -> None:
            said.append((case, number, seeding))

        def seeded(self) -> None:
            said.append(("seeded",))

        def doing(self, operation: str, axiom: str) -> None:
            said.append((operation, axiom))

        def preparing(self, limit_s: float) -> None:
            work.append(limit_s)

        def prepared(self) -> None:
            work.append(None)

    class Wrong(MemoryBackend):
        def read_bytes(self, path: str) -> bytes:
            return b""

    session, (case,) = session_of(GIVEN, Wrong, log=Log())
    list(session.attempts(case))
    assert said == [("T-001/given", 1, True), ("seeded",), ("T-001/given", 2, True), ("seeded",)]
    assert work
    assert set(work[1::2]) == {None}
    assert None not in work[::2]

    said.clear()
    list(session.attempts(None))
    assert said[:3] == [(SMOKE, 1, False), ("write", "BE-008a"), ("list_files", "BE-014a")]


def test_a_second_attempt_after_a_process_that_ended_is_the_only_one() -> None:
    session, (case,) = session_of(EXISTS)

    assert [attempt.number for attempt in session.attempts(case, first=2)] == [2]


@pytest.mark.parametrize("leaves", [SystemExit, GeneratorExit], ids=lambda error: error.__name__)
def test_an_exception_that_would_end_the_process_fails_the_case(leaves: type[BaseException]) -> None:
    class Leaves(MemoryBackend):
        def exists(self, path: str) -> bool:
            raise leaves

    session, (case,) = session_of(EXISTS, Leaves)

    assert first(session, case).result is Result.FAILED


def test_an_exception_that_would_end_the_process_while_the_end_state_is_looked_at_fails_the_case() -> None:
    class Leaves(MemoryBackend):
        def read_bytes(self, path: str) -> bytes:
            raise SystemExit(1)

    session, (case,) = session_of(WRITES, Leaves)

    attempt = first(session, case)
    assert attempt.result is Result.FAILED
    assert attempt.failure is not None
    assert "SystemExit" in attempt.failure.observed


def test_a_fault_of_the_kit_is_no_failure_of_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    session, (case,) = session_of(EXISTS)
    monkeypatch.setattr("rsconform.run.case.interpreter.Interpreter.run", lambda _self: 1 / 0)

    attempt = first(session, case)
    assert attempt.result is Result.ERRORED
    assert attempt.error == "the kit broke: ZeroDivisionError: division by zero"


# -- given --


def test_a_given_state_that_cannot_be_made_leaves_the_case_open() -> None:
    class CannotWrite(MemoryBackend):
        def write(self, *_: Any, **__: Any) -> Any:
            raise SystemExit("full")

    session, (case,) = session_of(GIVEN, CannotWrite)

    attempts = list(session.attempts(case))
    assert [attempt.result for attempt in attempts] == [Result.ERRORED]
    assert attempts[0].error == "given failed: SystemExit: full"


@pytest.mark.parametrize(
    ("path", "result"), [("a*", Result.SKIPPED), ("a" * 255, Result.SKIPPED), ("a", Result.ERRORED)]
)
def test_a_case_that_begins_with_a_name_that_the_store_refuses_does_not_apply(path: str, result: Result) -> None:
    class Picky(MemoryBackend):
        def write(self, path: str, *_: Any, **__: Any) -> Any:
            raise InvalidPath("not such a name", path=path, backend="memory")

    session, (case,) = session_of(GIVEN.replace('"a"', f'"{path}"'), Picky)

    attempt = first(session, case)
    assert attempt.result is result
    if result is Result.SKIPPED:
        assert attempt.skip == Skip(SkipReason.TRAIT, "the store holds names of every kind")


def test_a_lane_that_can_neither_seed_nor_write_skips_what_needs_a_given_state() -> None:
    class ReadsOnly(MemoryBackend):
        CAPABILITIES = CapabilitySet({Capability.READ, Capability.LIST, Capability.DELETE})

        @property
        def capabilities(self) -> CapabilitySet:
            return self.CAPABILITIES

    session, (case,) = session_of(GIVEN, ReadsOnly)

    attempt = first(session, case)
    assert (attempt.result, attempt.skip) == (Result.SKIPPED, Skip(SkipReason.AFFORDANCE, "seed"))


# -- limits --


class Hangs(MemoryBackend):
    """Hangs where a class attribute says so."""

    where: tuple[str, ...] = ()

    def _hang(self, name: str) -> None:
        if name in self.where:
            time.sleep(30)

    def write(self, *args: Any, **options: Any) -> Any:
        self._hang("write")
        return super().write(*args, **options)

    def exists(self, path: str) -> bool:
        self._hang("exists")
        return super().exists(path)

    def close(self) -> None:
        self._hang("close")


READS = '[[axiom.case]]\nname = "reads"\nsteps = [ { op = "read_bytes", path = "nope", raises = "NotFound" } ]\n'
OTHER = """
[[axiom]]
id = "T-002"
title = "Another axiom"
level = "MUST"
statement = "Whatever the test says."
"""


def test_what_ends_within_a_longer_limit_is_slow_and_not_accused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsconform.run.lane.deadline.load_factor", lambda: 1.0)  # However busy the machine is.

    class Slow(MemoryBackend):
        def exists(self, path: str) -> bool:
            time.sleep(0.15)
            return super().exists(path)

    session, (case,) = session_of(EXISTS, Slow, limit_s=0.1, fresh_store=True)
    slow, decisive = session.attempts(case)

    assert (slow.slow, slow.failure is not None and slow.failure.hang) == (True, True)
    assert decisive.result is Result.PASSED
    assert decisive.notes == ("slow: it ended only within 3 times its limit; --timeout 0.3 gives it that at once",)


def test_what_does_not_end_within_a_longer_limit_hangs_and_is_waited_for_no_more() -> None:
    class Here(Hangs):
        where = ("exists",)

    session, (case,) = session_of(EXISTS, Here, limit_s=0.05, fresh_store=True)
    Here.where = ("exists",)

    slow, hangs = session.attempts(case)
    assert (slow.slow, hangs.slow) == (True, False)
    assert hangs.result is Result.FAILED
    (again,) = session.attempts(case)  # Without a second, longer wait.
    assert again.failure is not None
    assert again.failure.hang


def test_an_operation_that_hung_in_two_cases_is_left_out_and_the_others_go_on() -> None:
    class Here(Hangs):
        where = ("exists",)

    elsewhere = f"{OTHER}{EXISTS}\n{READS}"
    session, (one, other, reads) = session_of(EXISTS, Here, limit_s=0.05, fresh_store=True, more=elsewhere)
    for case in (one, other):
        list(session.attempts(case))

    assert first(session, other).error == "not run: exists hung in 2 cases before"
    assert session.broken is None
    assert reads.axiom.id == "T-002"
    assert first(session, reads).result is Result.PASSED


def test_a_lane_on_which_everything_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Here(Hangs):
        where = ("exists",)

    monkeypatch.setattr("rsconform.run.lane.limits.MOST_IN_ALL", 1)
    session, (case,) = session_of(EXISTS, Here, limit_s=0.05, fresh_store=True)
    list(session.attempts(case))

    assert session.broken == "not run: 1 case before it hung"


def test_a_close_that_hangs_is_not_waited_for_again_and_again() -> None:
    class Here(Hangs):
        pass

    session, (case,) = session_of(EXISTS, Here, limit_s=0.1, fresh_store=True)
    Here.where = ("close",)
    for _ in range(MOST_HANGS):
        first(session, case)

    started = time.monotonic()
    assert first(session, case).result is Result.PASSED
    assert time.monotonic() - started < 0.1


LARGE = (
    '[[axiom.case]]\nname = "large"\nsteps = [ { op = "write", path = "a", content = "bytes:8MiB" } ]\n'
    'then = { tree = { "a" = "bytes:8MiB" } }\n'
)


class Line(MemoryBackend):
    """Sends so many bytes a second."""

    rate = 4 * 1024**2

    def write(self, path: str, content: Any, **options: Any) -> Any:
        time.sleep(len(content) / self.rate if isinstance(content, bytes) else 0)
        return super().write(path, content, **options)


def test_the_limit_of_large_content_follows_from_the_rate_of_the_lane() -> None:
    class Steady(Line):
        rate = 1024**2

    monotonic = time.monotonic()
    session, (case,) = session_of(LARGE.replace("8MiB", "1MiB"), Steady, limit_s=0.6, fresh_store=True)
    attempts = list(session.attempts(case))

    assert [one.result for one in attempts] == [Result.PASSED]  # At the first try, beyond the limit of an operation.
    assert session.limits.rate_bytes_s is not None
    assert time.monotonic() - monotonic > 0.6


def test_content_that_would_take_too_long_is_not_sent_and_the_limit_that_would_do_is_named() -> None:
    class Thin(Line):
        rate = 512 * 1024

    session, (case,) = session_of(LARGE, Thin, limit_s=0.3, fresh_store=True)
    attempt = first(session, case)

    assert attempt.result is Result.ERRORED
    assert (attempt.error or "").startswith("not run: its content would take about ")
    assert "--timeout " in (attempt.error or "")


def test_a_given_state_that_hangs_is_no_failure_of_the_cases_own() -> None:
    class Here(Hangs):
        where = ("write",)

    session, (case,) = session_of(GIVEN, Here, limit_s=0.05, fresh_store=True)

    attempt = first(session, case)
    assert (attempt.result, attempt.error) == (Result.ERRORED, "given failed: seeding did not return")


def test_hangs_of_earlier_processes_count() -> None:
    class Here(Hangs):
        where = ("exists",)

    session, (case,) = session_of(EXISTS, Here, limit_s=0.05, fresh_store=True)
    shown = Attempt(case.id, case.axiom.id, 1, Result.FAILED, failure=Failure("an end", "none", step=0, hang=True))
    session.start(hangs=[(case, shown), (case, shown)])

    assert first(session, case).error in (
        "not run: T-001 hung in 2 cases before",
        "not run: exists hung in 2 cases before",
    )


def test_the_limit_of_a_case_is_told_for_everything_that_is_done_in_it() -> None:
    session, (absent, given, writes) = session_of(f"{EXISTS}\n{GIVEN}\n{WRITES}", limit_s=10)

    limits = [session.limits.case_s(case) for case in (absent, given, writes)]
    assert limits == [30, 30, 40]
    session, (many,) = session_of(
        '[[axiom.case]]\nname = "many"\ngiven = { "f{0001..2500}" = "text:" }\n'
        'steps = [ { op = "exists", path = "a" } ]'
    )
    # A quarter of a second for each file that is made, and for each that is removed; a sixth of that within the step.
    assert session.limits.case_s(many) == 2 * 625 + 100


def test_a_store_over_a_slow_line_may_take_its_time_for_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(MemoryBackend):
        def write(self, *args: Any, **options: Any) -> WriteResult:
            time.sleep(0.02)
            return super().write(*args, **options)

        def read_bytes(self, path: str) -> bytes:
            time.sleep(0.02)
            return super().read_bytes(path)

        def delete(self, *args: Any, **options: Any) -> None:
            time.sleep(0.02)
            super().delete(*args, **options)

    monkeypatch.setattr("rsconform.run.lane.limits.CASE_LIMIT_S", 0.2)
    store = Slow()
    session, (case,) = session_of(
        '[[axiom.case]]\nname = "many"\ngiven = { "f{01..40}" = "text:" }\n'
        'steps = [ { op = "exists", path = "a" } ]\nthen = { unchanged = true }',
        lambda: store,
        limit_s=0.1,
    )

    attempt = first(session, case)

    assert (attempt.result, attempt.error, attempt.failure) == (Result.PASSED, None, None)


def test_a_probe_that_does_something_with_each_of_many_files_may_take_its_time() -> None:
    session, (cleared,) = session_of(
        '[[axiom.case]]\nname = "cleared"\ngiven = { "d/f{0001..1100}" = "text:x" }\n'
        'probe = "operations.clear_while_listing"\nargs = { path = "d", op = "list_files" }'
    )

    assert session.limits.probe_s(cleared) == 275
    assert session.limits.case_s(cleared) == 3 * 275


# -- the smoke case --


@pytest.mark.parametrize(
    ("method", "answer", "axiom"),
    [
        ("write", OSError("full"), "BE-008a"),
        ("list_files", (), "BE-014a"),
        ("read_bytes", b"", "BE-007a"),
        ("delete", None, "BE-012a"),
    ],
)
def test_what_the_smoke_case_finds_counts_under_the_axiom_of_the_operation(
    method: str, answer: object, axiom: str
) -> None:
    def wrong(self: MemoryBackend, *args: Any, **options: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    session, _ = session_of(EXISTS, type("Wrong", (MemoryBackend,), {method: wrong}), fresh_store=True)

    attempt = first(session, None)
    assert [breach.axiom for breach in attempt.breaches] == [axiom]
    assert attempt.result is Result.PASSED


def test_a_lane_without_write_skips_what_the_smoke_case_would_need() -> None:
    class ReadsOnly(MemoryBackend):
        CAPABILITIES = CapabilitySet({Capability.READ, Capability.LIST})

        @property
        def capabilities(self) -> CapabilitySet:
            return self.CAPABILITIES

    session, _ = session_of(EXISTS, ReadsOnly, fresh_store=True)

    attempt = first(session, None)
    assert (attempt.breaches, attempt.notes) == ((), ("smoke: the lane does not declare WRITE",))


# -- capabilities --


def test_what_works_without_its_capability_is_noted() -> None:
    class Modest(MemoryBackend):
        CAPABILITIES = CapabilitySet(set(MemoryBackend.CAPABILITIES) - {Capability.COPY})

        @property
        def capabilities(self) -> CapabilitySet:
            return self.CAPABILITIES

    case = (
        '[[axiom.case]]\nname = "refused"\nlacks = ["COPY"]\ngiven = { "a" = "text:x" }\n'
        'steps = [ { op = "copy", src = "a", dst = "b", raises = "CapabilityNotSupported" } ]'
    )

    session, (only,) = session_of(case, Modest)
    attempt = first(session, only)
    assert attempt.result is Result.FAILED
    assert [note.split()[:2] for note in attempt.notes] == [["under_declared:", "copy"]]
    session, (only,) = session_of(case)
    assert first(session, only).skip == Skip(SkipReason.CAPABILITY, "no COPY")


def test_a_case_of_an_undeclared_capability_is_not_run() -> None:
    case = '[[axiom.case]]\nname = "glob"\nsteps = [ { op = "glob", pattern = "*" } ]'
    session, (only,) = session_of(case)

    assert first(session, only).skip == Skip(SkipReason.CAPABILITY, "GLOB")


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN], ids=["watched", "ignored"])
def test_a_keyboard_interrupt_that_an_operation_raises_is_held_against_it_and_the_run_goes_on(handler: Any) -> None:
    before = signal.signal(signal.SIGINT, handler)

    class Interrupts(MemoryBackend):
        def exists(self, path: str) -> bool:
            raise KeyboardInterrupt

    try:
        session, (case,) = session_of(EXISTS, Interrupts)
        attempt = first(session, case)
    finally:
        signal.signal(signal.SIGINT, before)

    assert attempt.result is Result.FAILED
    assert attempt.failure is not None
    assert "KeyboardInterrupt" in attempt.failure.observed
    assert session.broken is None


def test_an_interrupt_from_outside_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_seen", False)

    class Waits(MemoryBackend):
        def exists(self, path: str) -> bool:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
            return False

    session, (case,) = session_of(EXISTS, Waits)
    with pytest.raises(KeyboardInterrupt):
        first(session, case)


# -- instances --


class Unmade(MemoryBackend):
    """A backend whose constructor raises."""

    def __init__(self) -> None:
        raise ZeroDivisionError("division by zero")


def misses_a_value(_url: str) -> Backend:
    return MemoryBackend()


def refused() -> Backend:
    raise ConnectionRefusedError(111, "Connection refused")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: None, "returned None. It has to return a new backend"),
        (lambda: MemoryBackend, "returned the class MemoryBackend. It has to return an instance"),
        (lambda: 1 / 0, "raised ZeroDivisionError: division by zero (tests/run/test_session.py:"),
        (misses_a_value, "missing 1 required positional argument: '_url'. Name a function without parameters"),
        (refused, "does not answer: ConnectionRefusedError: [Errno 111] Connection refused. Start it"),
    ],
    ids=["none", "class", "raises", "argument", "service"],
)
def test_what_should_make_a_backend_and_fails_is_not_the_backends_fault(make: Callable[[], Any], said: str) -> None:
    session, (case,) = session_of(EXISTS, make)

    assert session.instance is not None
    assert session.instance.failure is None
    assert said in (session.instance.unreachable or "")
    assert first(session, case).breaches == ()


@pytest.mark.parametrize(
    ("make", "observed"),
    [
        (lambda: 7, "the constructor returned an instance of builtins.int"),
        (Unmade, "the constructor raised ZeroDivisionError: division by zero"),
        (lambda: time.sleep(30), "the constructor did not return within 0.05 s"),
    ],
    ids=["number", "raises", "hangs"],
)
def test_a_constructor_without_a_backend_is_told_once_and_no_case_is_run(
    make: Callable[[], Backend], observed: str
) -> None:
    session, (case,) = session_of(EXISTS, make, limit_s=0.05)

    assert session.instance is not None
    assert session.instance.failure is not None
    assert session.instance.failure.observed == observed
    assert first(session, case).error == "no instance"


@pytest.mark.parametrize("fact", ["name", "capabilities"])
def test_an_instance_that_cannot_say_what_it_is_or_does_not_return_is_none(fact: str) -> None:
    def hangs(_self: object) -> None:
        time.sleep(30)

    session, _ = session_of(EXISTS, type("Mute", (MemoryBackend,), {fact: property(hangs)}), limit_s=0.05)

    assert session.instance is not None
    assert session.instance.failure is not None
    assert session.instance.failure.observed == "it did not return"


def test_a_later_instance_that_cannot_be_made_is_a_witness_against_be_001a() -> None:
    instances: Iterator[Any] = itertools.chain([MemoryBackend], itertools.repeat(Unmade))
    session, (case,) = session_of(EXISTS, lambda: next(instances)())

    attempt = first(session, case)
    assert attempt.result is Result.ERRORED
    assert [breach.axiom for breach in attempt.breaches] == ["BE-001a"]


class Leaks(MemoryBackend):
    """Streams of it raise errors of another library."""


class LeakyStream:
    def read(self, _size: int = -1) -> bytes:
        raise KeyError("a")


def test_an_error_that_comes_out_of_the_backend_is_the_backends_and_not_the_kits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, (case,) = session_of(EXISTS, Leaks)
    monkeypatch.setattr("rsconform.run.case.interpreter.Interpreter.run", lambda _self: drained(LeakyStream()))

    attempt = first(session, case)

    assert attempt.result is Result.FAILED
    assert attempt.failure is not None
    assert attempt.failure.expected == "read() to return, or to raise an error of remote_store"
    assert attempt.failure.observed == "it raised KeyError: 'a'"


def test_a_service_that_is_down_is_no_fault_of_the_backend() -> None:
    @contextmanager
    def down(_services: Services) -> Iterator[Subject]:
        raise ServiceDownError("could not connect to http://127.0.0.1:9100")
        yield

    session, (case,) = session_of(EXISTS, fixture=down)

    assert session.instance is not None
    assert session.instance.unreachable == "could not connect to http://127.0.0.1:9100"
    assert first(session, case).result is Result.ERRORED


@pytest.mark.parametrize("gives", [None, 7, MemoryBackend()], ids=["none", "number", "backend"])
def test_a_lane_fixture_that_yields_no_subject_is_at_fault_itself(gives: object) -> None:
    @contextmanager
    def wrong(_services: Services) -> Iterator[Any]:
        yield gives

    session, _ = session_of(EXISTS, fixture=wrong)

    assert session.instance is not None
    assert session.instance.failure is None
    assert "which is not a Subject. Write: yield Subject(make=...)" in (session.instance.unreachable or "")


def test_a_lane_fixture_that_leaves_python_is_at_fault_itself() -> None:
    @contextmanager
    def leaves(_services: Services) -> Iterator[Subject]:
        sys.exit(0)
        yield

    session, (case,) = session_of(EXISTS, fixture=leaves)

    assert session.instance is not None
    assert (session.instance.unreachable or "").startswith("the lane fixture failed: SystemExit: 0 (")
    assert "test_session.py:" in (session.instance.unreachable or "")
    assert first(session, case).result is Result.ERRORED


@pytest.mark.parametrize(("seen", "why"), [(None, "gave None and no Snapshot"), (OSError("gone"), "OSError: gone (")])
def test_an_auditor_that_fails_is_the_lane_fixtures(seen: Exception | None, why: str) -> None:
    def audit() -> Any:
        if seen is not None:
            raise seen

    @contextmanager
    def fixture(_services: Services) -> Iterator[Subject]:
        yield Subject(make=MemoryBackend, audit=audit)

    session, (case,) = session_of(EXISTS, fixture=fixture, affordances=("audit",))
    attempt = first(session, case)

    assert attempt.result is Result.ERRORED
    assert (attempt.error or "").startswith("the lane fixture failed: audit() ")
    assert why in (attempt.error or "")


# -- affordances --


def test_an_affordance_that_is_declared_and_does_not_come_up_is_told() -> None:
    shelf = Shelf()
    session, _ = session_of(EXISTS, fixture=shelf.fixture, affordances=("audit", "peer"))

    assert session.instance is not None
    assert session.instance.failed_affordances == ("audit", "peer")


def test_a_seed_that_makes_no_folders_proves_nothing_where_folders_are_real() -> None:
    @contextmanager
    def files_only(_services: Services) -> Iterator[Subject]:
        backend = MemoryBackend()

        def seed(files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
            for path, file in files.items():
                backend.write(path, file.content)

        def audit() -> Snapshot:
            return Snapshot({path: StoredFile(backend.read_bytes(path)) for path in _paths(backend)})

        yield Subject(make=lambda: backend, seed=seed, audit=audit)

    afforded = ("audit", "seed")
    real, _ = session_of(EXISTS, fixture=files_only, affordances=afforded, traits={"flat_namespace": False})
    flat, _ = session_of(EXISTS, fixture=files_only, affordances=afforded, traits={"flat_namespace": True})

    assert real.instance is not None
    assert real.instance.failed_affordances == ("seed", "audit")
    assert flat.instance is not None
    assert flat.instance.failed_affordances == ()


def test_an_auditor_that_does_not_see_what_was_seeded_proves_neither() -> None:
    @contextmanager
    def blind(_services: Services) -> Iterator[Subject]:
        yield Subject(make=MemoryBackend, seed=lambda files, folders: None, audit=lambda: Snapshot({}))

    session, _ = session_of(EXISTS, fixture=blind, affordances=("audit", "seed"))

    assert session.instance is not None
    assert session.instance.failed_affordances == ("seed", "audit")


def test_a_denial_that_refuses_nothing_proves_nothing() -> None:
    class NeverDenies:
        def __call__(self, what: Denied = "everything") -> None: ...

        def is_refused(self) -> bool:
            return False

    @contextmanager
    def fixture(_services: Services) -> Iterator[Subject]:
        yield Subject(make=MemoryBackend, deny=NeverDenies())

    session, _ = session_of(EXISTS, fixture=fixture, affordances=("deny",))

    assert session.instance is not None
    assert session.instance.failed_affordances == ("deny",)


# -- reuse --


def test_an_instance_is_used_again_after_its_store_was_emptied() -> None:
    shelf = Shelf()
    session, (case,) = session_of(WRITES, fixture=shelf.fixture)

    assert [first(session, case).result for _ in range(3)] == [Result.PASSED] * 3
    assert (shelf.opened, shelf.resets) == (1, 3)
    session.close()
    assert shelf.closed == 1


def test_fresh_gives_every_case_an_instance_of_its_own() -> None:
    shelf = Shelf()
    session, (case,) = session_of(WRITES, fixture=shelf.fixture, fresh=True)

    assert [first(session, case).result for _ in range(3)] == [Result.PASSED] * 3
    assert (shelf.opened, shelf.resets) == (4, 0)


def test_a_case_that_asks_for_an_instance_of_its_own_leaves_none_to_the_next() -> None:
    shelf = Shelf()
    session, (case,) = session_of(f"{WRITES}\nfresh = true", fixture=shelf.fixture)

    first(session, case)
    assert (shelf.opened, shelf.closed) == (2, 2)


def test_after_a_failure_the_instance_is_not_used_again() -> None:
    class Wrong(MemoryBackend):
        def exists(self, path: str) -> bool:
            return True

    shelf = Shelf(Wrong)
    session, (case,) = session_of(EXISTS, fixture=shelf.fixture)

    first(session, case)
    assert shelf.closed == 1


def test_a_smoke_case_that_hung_leaves_no_instance_to_the_next_case() -> None:
    class Here(Hangs):
        pass

    shelf = Shelf(Here)
    session, _ = session_of(EXISTS, fixture=shelf.fixture, limit_s=0.05)
    Here.where = ("write",)

    assert first(session, None).breaches
    assert shelf.closed == 1


def test_a_store_that_cannot_be_emptied_is_given_back_and_the_case_left_open() -> None:
    shelf = Shelf(fails_to_reset=True)
    session, (case,) = session_of(EXISTS, fixture=shelf.fixture)

    attempt = first(session, case)
    assert (attempt.error or "").startswith("the lane fixture failed: OSError: the shelf is stuck (")
    assert "sessions.py:" in (attempt.error or "")
    assert shelf.closed == 1
    assert first(session, case).result is Result.PASSED  # A new one.


# -- secrets --


def test_secrets_are_known_before_the_constructor_is_called_and_are_never_forgotten() -> None:
    names = itertools.count()

    @contextmanager
    def secretive(_services: Services) -> Iterator[Subject]:
        yield Subject(make=lambda: None, secrets=(f"secret-{next(names)}",))

    session, _ = session_of(EXISTS, fixture=secretive)
    assert list(session.secrets) == ["secret-0"]
    session.start()
    assert list(session.secrets) == ["secret-0", "secret-1"]


def test_what_hangs_is_ended_whoever_took_the_signal_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    class Here(Hangs):
        where = ("exists",)

    session, (case,) = session_of(EXISTS, Here, limit_s=0.05, fresh_store=True)
    signal.signal(signal.SIGALRM, lambda *_: os.abort())

    attempt = first(session, case)
    assert attempt.failure is not None
    assert attempt.failure.hang


# -- profiles --


@pytest.mark.parametrize(("profile", "times"), [(Profile.QUICK, 1), (Profile.STANDARD, 4), (Profile.DEEP, 30)])
def test_a_probe_that_looks_deeper_is_given_the_time_that_the_profile_needs(profile: Profile, times: int) -> None:
    deep = (
        '[[axiom.case]]\nname = "deep"\nprobe = "sequences.as_dictionary"\n'
        "args = { flat = false, strict = true, seed = 1 }"
    )
    session, (case,) = session_of(deep, limit_s=2.0, profile=profile)

    assert times * LOOK_LIMIT_S <= session.limits.case_s(case) <= times * LOOK_LIMIT_S + 8.0
