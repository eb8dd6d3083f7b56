"""The supervisor of `rsconform run`: starts pytest in a child and outlives whatever happens to it.

It ends a child whose case passed its limit plus grace, books that case as failed, and starts a child for the rest. What
it returns is a journal, never a verdict.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any, Final, Protocol

from rsconform.run.journal import (
    SUPERVISOR,
    JournalError,
    JournalFile,
    JournalWriter,
    clear,
    ended,
    journal_files,
    merge,
)
from rsconform.run.lane import deadline
from rsconform.run.lane import fd_limits as handles
from rsconform.run.lane.leftover_processes import Orphans
from rsconform.run.lane.limits import MOST_IN_ALL
from rsconform.run.plan import SMOKE
from rsconform.run.records import Attempt, Failure, Footer, Header, Instance, Journal, Result

_POLL_S: Final = 0.05
# The soft limit comes first; a process that swallows it is ended this much later.
GRACE_S: Final = 5.0
MOST_DEATHS: Final = 10
_FAREWELL_S: Final = 5.0
# What the surroundings say to a pytest of their own is not meant for ours.
_FOREIGN: Final = (
    "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT",
    "PYTEST_XDIST_TESTRUNUID",
)  # fmt: skip


class ChildFailedError(Exception):
    """pytest ended without a plan: it refused its arguments, or could not collect."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"pytest ended with {status} before there was a plan; its own message stands above")


class JournalDamagedError(Exception):
    """The journal of a run holds no plan that could be read, and something else instead."""

    def __init__(self, damage: Sequence[str]) -> None:
        self.damage = tuple(damage)
        super().__init__(f"the journal of the run is damaged: {'; '.join(self.damage[:3])}")


class _TerminatedError(KeyboardInterrupt):
    """This process was asked to end, and its child was not."""


class Progress(Protocol):
    """Shows how far a run has come."""

    def update(self, done: int, total: int, failed: int) -> None:
        """Show the counts of cases."""


@dataclass
class Supervisor:
    """Runs one lane.

    Args:
        lane: The lane's name, which is also its folder below `folder`.
        arguments: The arguments of the child's pytest, the plugin's options included.
    """

    lane: str
    folder: Path
    arguments: Sequence[str]
    progress: Progress
    grace_s: float = GRACE_S
    _files: dict[Path, JournalFile] = field(default_factory=dict)
    _since: dict[tuple[Path, int], float] = field(default_factory=dict)
    _booked: dict[tuple[str, int], Attempt] = field(default_factory=dict)
    _own: JournalWriter | None = None
    _no_instance: bool = False
    _gave_up: bool = False
    _hung: set[str] = field(default_factory=set)  # Cases whose process had to be ended.
    _unwritten: Footer | None = None  # The last line, where it could not be written.
    _settled: int = 0  # How many cases were booked when the child before ended.

    def run(self) -> Journal:
        """Run the lane to its end, however many children that takes.

        Raises:
            ChildFailedError: pytest never came to a plan.
            JournalDamagedError: Its plan cannot be read.
        """
        clear(self.folder / self.lane)
        orphans = Orphans()
        part = 0
        before = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _terminate)
        try:
            while not self._child(part):
                part += 1
        except KeyboardInterrupt as exc:
            self._read()
            if self._header() is None:
                raise
            how = "terminated" if isinstance(exc, _TerminatedError) else "interrupted"
            self._footer(Footer("interrupted", f"the run was {how}"))
        finally:
            if signal.getsignal(signal.SIGTERM) is _terminate:
                signal.signal(signal.SIGTERM, before)
        left = orphans.left()
        self._read()
        journal = merge(list(self._files.values()))
        assert journal is not None  # A child without a header raises.
        return replace(journal, left=left, footer=self._unwritten or journal.footer)

    def _child(self, part: int) -> bool:
        """Run one child; return whether the run is over."""
        handles.allow_more()
        process = f"main-{part}" if part else "main"
        environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        # pytest names files, and a name that the terminal cannot show is no reason to end.
        encoding = environment.get("PYTHONIOENCODING", "").partition(":")[0]
        environment["PYTHONIOENCODING"] = f"{encoding}:backslashreplace"
        command = [sys.executable, "-m", "pytest", *self.arguments, f"--rsconform-part={part}"]
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as child:
            try:
                self._watch(child, process)
            except KeyboardInterrupt as exc:
                if isinstance(exc, _TerminatedError):
                    child.send_signal(signal.SIGINT)
                self._farewell(child)
                raise
            except BaseException:
                child.kill()
                raise
        self._read()
        return self._settle(child.returncode, process)

    def _watch(self, child: subprocess.Popen[bytes], process: str) -> None:
        over: float | None = None  # Since when its last line is written.
        while child.poll() is None:
            time.sleep(_POLL_S)
            self._read()
            self._show()
            self._book_lost()
            now = time.monotonic()
            for file in self._files.values():
                record = file.under_way
                if record is None:
                    continue
                key = (file.path, file.stage)
                since = self._since.setdefault(key, now)
                if now - since > record["limit_s"] * deadline.load_factor() + self.grace_s:
                    self._since.pop(key)
                    self._end_hung(file, record)
            if self._no_instance or len(self._hung) >= MOST_IN_ALL or len(self._deaths()) >= MOST_DEATHS:
                self._gave_up = True  # What other workers had under way is not theirs to answer for.
                child.kill()
            if self._footer_of(process) is not None:
                over = over or now
                if now - over > _FAREWELL_S * deadline.load_factor():  # Threads that a backend left keep it.
                    child.kill()

    def _farewell(self, child: subprocess.Popen[bytes]) -> None:
        """Give an interrupted child a moment to write its last lines, then end it."""
        try:
            child.wait(_FAREWELL_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            child.kill()

    def _end_hung(self, file: JournalFile, record: dict[str, Any]) -> None:
        """End the process of a case that passed its limit, and book the case."""
        try:
            os.kill(record["pid"], signal.SIGKILL)
        except ProcessLookupError:  # It is gone, which its parent reports.
            return
        case, preparing, first = file.open, file.preparing is not None, file.constructing is not None
        file.settle()  # Its number may be another process's the next time.
        limit = f"an end within {record['limit_s']:g} s"
        if first and preparing:
            self._instance(Instance(unreachable=f"the lane fixture did not come to {limit}"))
        elif first:
            failure = Failure("a backend", f"the constructor did not return ({limit} was asked)", hang=True)
            self._instance(Instance(failure=failure))
        if case is None:
            return
        failure = Failure(limit, "it did not return, and its process had to be ended", hang=True)
        attempt = ended(case, failure, self._time_axioms(), preparing=preparing)
        # One try with a longer limit decides whether it hangs or is slow.
        slow = attempt.result is Result.FAILED and attempt.number == 1 and case["case"] != SMOKE
        if not slow:
            self._hung.add(case["case"])
        self._book(replace(attempt, slow=slow))

    def _time_axioms(self) -> list[str]:
        header = self._header()
        return [axiom.id for axiom in header.axioms if axiom.invariant == "ends-in-time"] if header else []

    def _settle(self, status: int, process: str) -> bool:
        """Book what an ended child left open; return whether nothing is left to be run.

        Args:
            status: Of the child.
            process: The child's name in the journal.
        """
        header = self._header()
        if header is None:
            damage = [sentence for file in self._files.values() for sentence in file.damage]
            raise JournalDamagedError(damage) if damage else ChildFailedError(status)
        how = f"signal {-status}" if status < 0 else f"exit code {status}"
        self._book_lost()
        for file in self._files.values() if not self._gave_up else ():
            self._book_open(file, how)
        self._read()
        if self._no_instance:
            others = any(file.instance is not None and file.instance.failure is None for file in self._files.values())
            self._footer(Footer("died", "the constructor of a later instance") if others else Footer("finished"))
            return True
        before, self._settled = self._settled, len(self._booked)
        footer = self._footer_of(process)
        # What a child left undone because it lost workers, another one has to go on with.
        renewed = footer is not None and footer.ending == "renewed"
        gaps = renewed or (footer is not None and footer.ending in ("finished", "died") and self._settled > before)
        if footer is not None and not (gaps and self._rest(header)):
            if process != "main" or renewed:  # This one came to the end for all.
                self._footer(Footer("finished") if renewed else footer)
            return True
        hangs, deaths = len(self._hung | self._soft_hangs()), len(self._deaths())
        if hangs >= MOST_IN_ALL or deaths >= MOST_DEATHS:
            self._footer(Footer("limit", f"{hangs} cases hung and {deaths} ended the process"))
            return True
        if footer is None and self._settled == before:
            # This child died without a case under way: another one would do the same.
            self._footer(Footer("died", f"pytest ended between two cases ({how})"))
            return True
        return False

    def _book_lost(self) -> None:
        """Book what workers had under way that are gone."""
        lost = {process for file in self._files.values() for process in file.lost}
        for file in list(self._files.values()):
            if file.process in lost:
                self._book_open(file, "its worker went down")

    def _book_open(self, file: JournalFile, how: str) -> None:
        if file.footer is not None:  # It ended on its own account: a case still open was interrupted.
            return
        case, preparing, first = file.open, file.preparing is not None, file.constructing is not None
        file.settle()
        if first and preparing:
            self._instance(Instance(unreachable=f"the process ended while the lane fixture was at work ({how})"))
        elif first:
            failure = Failure("a backend", f"the constructor ended the process ({how})", died=True)
            self._instance(Instance(failure=failure))
        if case is not None:
            observed = f"the process ended in the middle of the case ({how})"
            self._book(ended(case, Failure("a process that goes on", observed, died=True), preparing=preparing))

    def _rest(self, header: Header) -> set[str]:
        """Return the cases that have no outcome yet, or that ended their process once."""
        attempts = [attempt for file in self._files.values() for attempt in file.attempts]
        tries = Counter(attempt.case for attempt in attempts)
        once = {
            one.case
            for one in attempts
            if tries[one.case] == 1 and (one.slow or (one.failure is not None and one.failure.died))
        }
        planned = {one.case for one in header.plan if one.skip is None} - {SMOKE}
        return {case for case in planned if case in once or not tries[case]}

    def _deaths(self) -> set[str]:
        return {case for (case, _), one in self._booked.items() if not one.slow} - self._hung

    def _soft_hangs(self) -> set[str]:
        attempts = (attempt for file in self._files.values() for attempt in file.attempts)
        return {one.case for one in attempts if one.hung and not one.slow}

    # -- the journal ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        for path in journal_files(self.folder / self.lane):
            if path not in self._files:
                self._files[path] = JournalFile(path)
            self._files[path].read_on()

    def _header(self) -> Header | None:
        return next((file.header for file in self._files.values() if file.header is not None), None)

    def _footer_of(self, process: str) -> Footer | None:
        return next((file.footer for file in self._files.values() if file.process == process), None)

    def _show(self) -> None:
        header = self._header()
        if header is None:
            return
        attempts = {attempt.case: attempt for file in self._files.values() for attempt in file.attempts}
        # One reading of a trait that is not declared is bound to fail: what that comes to shows in the end.
        read = {planned.case for planned in header.plan if planned.readings}
        mays = {axiom.id for axiom in header.axioms if axiom.level == "MAY"}
        failed = sum(
            1
            for one in attempts.values()
            if not one.slow
            and ((one.result is Result.FAILED and one.case not in read and one.axiom not in mays) or one.breaches)
        )
        total = sum(1 for planned in header.plan if planned.skip is None)
        self.progress.update(len(attempts), total, failed)

    def _writer(self) -> JournalWriter:
        if self._own is None:
            self._own = JournalWriter(self.folder / self.lane, SUPERVISOR)
        return self._own

    def _book(self, attempt: Attempt) -> None:
        self._booked[attempt.case, attempt.number] = attempt
        with contextlib.suppress(JournalError):  # Without its line the case has no outcome, which the report says.
            self._writer().end(attempt)

    def _instance(self, instance: Instance) -> None:
        """Book that there is no first instance, and why."""
        self._no_instance = True
        self._writer().instance(instance)

    def _footer(self, footer: Footer) -> None:
        try:
            self._writer().footer(footer)
        except (JournalError, OSError):  # As on a full disk: what is known is shown all the same.
            self._unwritten = footer


def _terminate(_signum: int, _frame: FrameType | None) -> None:
    raise _TerminatedError
