"""The supervisor, with children that end in every way they can."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from rsconform.options import RunOptions
from rsconform.run.journal import SUPERVISOR, JournalError, JournalWriter
from rsconform.run.records import Attempt, Footer, Journal, Result
from rsconform.run.supervisor import ChildFailedError, Supervisor
from tests.cli.commands import environment

BACKENDS = """
import os, subprocess, threading, time
from contextlib import contextmanager
from remote_store.backends import MemoryBackend
from rsconform.lanes.lane import Subject

def for_ever():
    while True:
        try:
            time.sleep(60)
        except BaseException:
            continue

def ends(): os._exit(3)

class Swallows(MemoryBackend):
    def write(self, path, *a, **k):
        return super().write(path, *a, **k) if path == "smoke.txt" else for_ever()

class SecondTime(MemoryBackend):
    '''Fails first, and does worse when it is tried again.'''
    tries = 0
    def exists(self, path):
        if path != "nope":
            return super().exists(path)
        SecondTime.tries += 1
        return True if SecondTime.tries == 1 else self.worse()

class ThenHangs(SecondTime):
    def worse(self): for_ever()

class ThenEnds(SecondTime):
    def worse(self): os._exit(9)

class EndsAtNope(MemoryBackend):
    def exists(self, path):
        return os._exit(9) if path == "nope" else super().exists(path)

class EndsOnce(MemoryBackend):
    def exists(self, path):
        if path == "nope" and not os.path.exists("once"):
            open("once", "w").close()
            os._exit(9)
        return super().exists(path)

class LeavesProcesses(MemoryBackend):
    started = False
    def exists(self, path):
        if not LeavesProcesses.started:
            LeavesProcesses.started = True
            subprocess.Popen(["sleep", "60"], start_new_session=True)
        return super().exists(path)

class LeavesThreads(MemoryBackend):
    def exists(self, path):
        threading.Thread(target=time.sleep, args=(600,)).start()
        return super().exists(path)

def endless(services):
    for_ever()

def ending(services):
    os._exit(3)

@contextmanager
def ending_later(services):
    if os.path.exists("once"):
        os._exit(3)
    open("once", "w").close()
    yield Subject(make=MemoryBackend)
"""
LANES = """
[lane.endless]
fixture = "mine:endless"

[lane.ending]
fixture = "mine:ending"

[lane.ending_later]
fixture = "mine:ending_later"
"""
NOPE = "BE-004a/empty-store[path=nope]"


class Silent:
    """Shows nothing, and counts the failed cases reported to it."""

    def __init__(self) -> None:
        self.failed: list[int] = []

    def update(self, done: int, total: int, failed: int) -> None:
        """Keep a count."""
        self.failed.append(failed)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with backends in it, where the children know the small edition."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "mine.py").write_text(BACKENDS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def supervise(
    home: Path,
    backend: str,
    *options: str,
    hangs: bool = False,
    origin: str = "mine.py",
    progress: Silent | None = None,
    **said: Any,
) -> Journal:
    """Run a lane under a supervisor with a short limit for hangs."""
    limit_s, grace_s = (0.5, 1.0) if hangs else (10.0, 5.0)
    asked = RunOptions(backend=(backend,), folder=str(home / "reports"), timeout=limit_s, **said)
    arguments = [
        "-c", "/dev/null", f"--rootdir={home}", "--noconftest", "-qq", "--tb=no", "-rN", "-p", "no:cacheprovider",
        "-p", "rsconform.pytest.plugin", f"--rsconform-run={asked.to_json()}", *options, str(home / origin),
    ]  # fmt: skip
    lane = backend.removesuffix(".py").replace(".py:", ".")
    return Supervisor(lane, home / "reports", arguments, progress or Silent(), grace_s=grace_s).run()


def attempts(journal: Journal, case: str) -> list[Attempt]:
    """Return the attempts at a case, in order."""
    return sorted((one for one in journal.attempts if one.case == case), key=lambda one: one.number)


def test_what_no_limit_can_end_is_ended_with_its_process_and_what_rests_on_it_is_left_out(home: Path) -> None:
    journal = supervise(home, "mine.py:Swallows", spec=("BE-007a,BE-008,BE-004,KIT-006",), hangs=True)

    assert journal.footer == Footer("finished")
    ended = [one for one in journal.attempts if one.worker == SUPERVISOR]
    assert ended
    said = [one.error or (one.failure.observed if one.failure is not None else "") for one in ended]
    assert all("its process had to be ended" in text for text in said)
    left_out = [one for one in journal.attempts if (one.error or "").startswith("not run: ")]
    assert left_out
    assert {one.axiom for one in left_out} <= {"BE-007a", "BE-008a", "BE-008b"}
    assert [one.result for one in attempts(journal, "BE-004a/empty-store[path=nope]")] == [Result.PASSED]


def test_a_second_attempt_that_hangs_is_booked_as_such(home: Path) -> None:
    journal = supervise(home, "mine.py:ThenHangs", spec=("BE-004",), hangs=True)

    first, second = attempts(journal, NOPE)
    assert first.failure is not None
    assert not first.failure.hang
    assert second.failure is not None
    assert second.failure.hang
    assert journal.footer is not None
    assert journal.footer.ending == "finished"
    assert [one.result for one in attempts(journal, "BE-004b/there")] == [Result.PASSED]


def test_a_second_attempt_that_ends_its_process_is_booked_as_such_and_the_run_goes_on(home: Path) -> None:
    journal = supervise(home, "mine.py:ThenEnds", spec=("BE-004",))

    assert [(one.number, one.failure and one.failure.died) for one in attempts(journal, NOPE)] == [
        (1, False),
        (2, True),
    ]
    assert [one.result for one in attempts(journal, "BE-004b/there")] == [Result.PASSED]


def test_a_case_that_ended_its_process_once_is_flaky(home: Path) -> None:
    journal = supervise(home, "mine.py:EndsOnce", spec=("BE-004",), fresh_store=True)

    assert [(one.number, one.result) for one in attempts(journal, NOPE)] == [(1, Result.FAILED), (2, Result.PASSED)]
    assert journal.header.complete is False
    assert len(journal.header.plan) == 5


def test_the_reading_of_a_trait_that_is_not_the_lanes_is_not_shown_as_failing_on_the_way(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH")  # The whole edition: the small one has no traits.
    shown = Silent()

    journal = supervise(home, "mine.py:MemoryBackend", spec=("BE-008h",), progress=shown)

    readings = {one.case for one in journal.header.plan if one.readings}
    assert readings & {one.case for one in journal.attempts if one.result is Result.FAILED}
    assert set(shown.failed) == {0}


def test_a_worker_that_ended_is_replaced_and_every_other_case_has_its_outcome(home: Path) -> None:
    workers = ("-p", "xdist", "-n", "2")

    journal = supervise(home, "mine.py:EndsAtNope", *workers, fresh_store=True)

    assert {(one.number, one.failure and one.failure.died) for one in attempts(journal, NOPE)} == {(1, True), (2, True)}
    results = {one.case: one.result for one in journal.attempts if one.case != NOPE}
    assert set(results) == {one.case for one in journal.header.plan if one.skip is None} - {NOPE}
    assert set(results.values()) == {Result.PASSED}
    assert journal.footer is not None
    assert journal.footer.ending == "finished"


def test_a_constructor_that_ends_every_worker_is_told_once_and_the_run_is_over(home: Path) -> None:
    journal = supervise(home, "mine.py:ends", "-p", "xdist", "-n", "2", fresh_store=True)

    assert journal.instance is not None
    assert journal.instance.failure is not None
    assert journal.instance.failure.died
    assert journal.attempts == []
    assert journal.footer is not None
    assert journal.footer.ending == "finished"


def test_a_constructor_that_nothing_else_can_end_gives_no_instance_and_the_run_is_over(home: Path) -> None:
    journal = supervise(home, "mine.py:for_ever", hangs=True)

    assert journal.instance is not None
    assert journal.instance.failure is not None
    assert journal.instance.failure.hang
    assert journal.attempts == []
    assert journal.footer is not None
    assert journal.footer.ending == "finished"


@pytest.mark.parametrize(("lane", "why"), [("endless", "did not come to an end within"), ("ending", "exit code 3")])
def test_a_lane_fixture_that_never_comes_up_says_nothing_about_the_backend(home: Path, lane: str, why: str) -> None:
    (home / "lanes.toml").write_text(LANES, encoding="utf-8")

    journal = supervise(home, lane, lanes=("lanes.toml",), hangs=lane == "endless", origin="lanes.toml")

    assert journal.instance is not None
    assert journal.instance.failure is None
    assert journal.instance.unreachable is not None
    assert why in journal.instance.unreachable
    assert journal.attempts == []


def test_a_lane_fixture_that_fails_later_says_nothing_about_the_case(home: Path) -> None:
    (home / "lanes.toml").write_text(LANES, encoding="utf-8")

    journal = supervise(home, "ending_later", lanes=("lanes.toml",), spec=("BE-004",), origin="lanes.toml")

    assert journal.attempts
    assert {one.result for one in journal.attempts if one.number == 1} <= {Result.ERRORED, Result.PASSED}
    assert any("the lane fixture failed" in (one.error or "") for one in journal.attempts)


def test_threads_that_a_backend_leaves_do_not_keep_a_run_that_is_over(home: Path) -> None:
    journal = supervise(home, "mine.py:LeavesThreads", spec=("BE-004",))

    assert journal.footer == Footer("finished")
    assert all(attempt.result is Result.PASSED for attempt in journal.attempts)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux tells which processes are left")
def test_a_process_that_a_backend_leaves_running_is_named(home: Path) -> None:
    journal = supervise(home, "mine.py:LeavesProcesses", spec=("BE-004b",))

    (name,) = journal.left
    os.kill(int(name.rpartition(" ")[2].rstrip(")")), signal.SIGKILL)
    assert name.startswith("sleep (process ")
    assert journal.footer == Footer("finished")


def test_a_last_line_that_cannot_be_written_is_told_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_self: object, _footer: Footer) -> None:
        raise JournalError("cannot write (No space left on device)")

    monkeypatch.setattr(JournalWriter, "footer", full)  # Of this process; the child has its own.
    monkeypatch.setattr("rsconform.run.supervisor.MOST_IN_ALL", 1)
    journal = supervise(home, "mine.py:Swallows", spec=("BE-007a,BE-008,KIT-006",), hangs=True)

    assert journal.footer is not None
    assert journal.footer.ending == "limit"
    assert "cases hung" in journal.footer.detail


def test_pytest_that_refuses_its_arguments_never_came_to_a_plan(home: Path) -> None:
    with pytest.raises(ChildFailedError) as failed:
        supervise(home, "mine.py:Swallows", "--no-such-option")
    assert failed.value.status == 4
