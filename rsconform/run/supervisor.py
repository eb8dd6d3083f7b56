"""The supervisor of `rsconform run`: starts pytest in a child and outlives whatever happens to it.

It ends a child whose case passed its limit plus grace, books that case as failed, and starts a child for the rest. What
it returns is a journal, never a verdict.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from rsconform.run.journal import SUPERVISOR, JournalFile, JournalWriter, clear, died, journal_files, merge
from rsconform.run.model import Attempt, Breach, Failure, Footer, Header, Instance, Journal, Result
from rsconform.run.session import MOST_HANGS

_POLL_S: Final = 0.05
# The soft limit comes first; a process that swallows it is ended this much later.
GRACE_S: Final = 5.0
_MOST_DEATHS: Final = 10
_FAREWELL_S: Final = 5.0


class ChildFailedError(Exception):
    """pytest ended without a plan: it refused its arguments, or could not collect."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"pytest ended with {status} before there was a plan; its own message stands above")


class Progress(Protocol):
    """Shows how far a run has come."""

    def update(self, done: int, total: int, failed: int) -> None:
        """Show the counts of cases."""


@dataclass
class Supervisor:
    """Runs one lane.

    Args:
        lane: The lane's name, which is also its folder below `folder`.
        arguments: What the child's pytest is told, the plugin's options included.
    """

    lane: str
    folder: Path
    arguments: Sequence[str]
    progress: Progress
    grace_s: float = GRACE_S
    _files: dict[Path, JournalFile] = field(default_factory=dict)
    _since: dict[tuple[Path, str], float] = field(default_factory=dict)
    _booked: dict[str, Attempt] = field(default_factory=dict)
    _own: JournalWriter | None = None
    _hangs: int = 0
    _deaths: int = 0

    def run(self) -> Journal:
        """Run the lane to its end, however many children that takes.

        Raises:
            ChildFailedError: pytest never came to a plan.
        """
        clear(self.folder / self.lane)
        part = 0
        try:
            while not self._child(part):
                part += 1
        except KeyboardInterrupt:
            self._footer(Footer("interrupted", "the run was interrupted"))
        self._read()
        journal = merge(list(self._files.values()))
        if journal is None:
            raise ChildFailedError(2)
        return journal

    def _child(self, part: int) -> bool:
        """Run one child; return whether the run is over."""
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        environment.pop("PYTEST_ADDOPTS", None)
        command = [sys.executable, "-m", "pytest", *self.arguments, f"--rsconform-part={part}"]
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as child:
            try:
                self._watch(child)
            except KeyboardInterrupt:
                self._farewell(child)
                raise
        self._read()
        return self._settle(child.returncode, part)

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        while child.poll() is None:
            time.sleep(_POLL_S)
            self._read()
            self._show()
            now = time.monotonic()
            for file in self._files.values():
                record = file.open or file.constructing
                if record is None or file.footer is not None:
                    continue
                key = (file.path, record.get("case", ""))
                since = self._since.setdefault(key, now)
                if now - since > record["limit_s"] + self.grace_s:
                    self._end_hung(file, record)
                    self._since.pop(key)

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
        except ProcessLookupError:
            return
        limit = f"an end within {record['limit_s']:g} s"
        if file.constructing is not None:
            failure = Failure("a backend", f"the constructor did not return ({limit} was asked)", hang=True)
            self._instance(Instance(failure=failure))
            return
        self._hangs += 1
        observed = "it did not return, and its process had to be ended"
        self._book(
            Attempt(
                case=record["case"],
                axiom=record["axiom"],
                number=1,
                result=Result.FAILED,
                failure=Failure(limit, observed, hang=True),
                breaches=tuple(Breach(axiom, limit, observed) for axiom in self._time_axioms()),
            )
        )

    def _time_axioms(self) -> list[str]:
        header = self._header()
        return [axiom.id for axiom in header.axioms if axiom.invariant == "ends-in-time"] if header else []

    def _settle(self, status: int, part: int) -> bool:
        """Book what an ended child left open; return whether nothing is left to be run."""
        if self._header() is None:
            raise ChildFailedError(status)
        how = f"signal {-status}" if status < 0 else f"exit code {status}"
        detail = f"the process ended in the middle of the case ({how})"
        over = False
        for file in self._files.values():
            if file.constructing is not None:
                failure = Failure("a backend", f"the constructor ended the process ({how})", died=True)
                if not any(one.instance for one in self._files.values()):
                    self._instance(Instance(failure=failure))
                    over = True
            if file.open is not None and file.open["case"] not in self._booked:
                self._deaths += 1
                self._book(died(file.open, detail))
                file.open = None
        self._read()
        if over:
            self._footer(Footer("finished"))
            return True
        if any(file.footer is not None for file in self._files.values() if file.path.stem.startswith("journal-main")):
            return True
        if self._hangs >= MOST_HANGS or self._deaths >= _MOST_DEATHS:
            self._footer(Footer("limit", f"{self._hangs} cases hung and {self._deaths} ended the process"))
            return True
        if self._deaths + self._hangs <= part:
            # This child died without a case under way: another one would do the same.
            self._footer(Footer("died", f"pytest ended between two cases ({how})"))
            return True
        return False

    # -- the journal ----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        for path in journal_files(self.folder / self.lane):
            if path not in self._files:
                self._files[path] = JournalFile(path)
            self._files[path].read_on()

    def _header(self) -> Header | None:
        return next((file.header for file in self._files.values() if file.header is not None), None)

    def _show(self) -> None:
        header = self._header()
        if header is None:
            return
        attempts = {attempt.case: attempt for file in self._files.values() for attempt in file.attempts}
        failed = sum(1 for one in attempts.values() if one.result is Result.FAILED or one.breaches)
        total = sum(1 for planned in header.plan if planned.skip is None)
        self.progress.update(len(attempts), total, failed)

    def _writer(self) -> JournalWriter:
        if self._own is None:
            self._own = JournalWriter(self.folder / self.lane, SUPERVISOR)
        return self._own

    def _book(self, attempt: Attempt) -> None:
        self._booked[attempt.case] = attempt
        self._writer().end(attempt)

    def _instance(self, instance: Instance) -> None:
        self._writer().instance(instance)

    def _footer(self, footer: Footer) -> None:
        self._writer().footer(footer)
