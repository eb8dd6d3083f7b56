"""Shows how far a run has come: a bar on a terminal, a line now and then everywhere else."""

from __future__ import annotations

import os
import time
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_EVERY_S: Final = 10.0
_AT_REST_S: Final = 60.0  # A line that says the same again shows that it is still at work.


class LaneProgress:
    """Progress of one lane, or of whatever else is counted, on stderr."""

    def __init__(self, lane: str, counted: str = "cases") -> None:
        self._lane = lane
        self._counted = counted
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._said = ""
        self._said_at = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal and "CI" not in os.environ:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, TextColumn("{task.fields[failed]}"), console=self._console, transient=True)
            self._task = self._bar.add_task(self._lane, total=None, failed="")
            self._bar.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int, failed: int) -> None:
        """Show the counts of cases."""
        wrong = f"{failed} failed" if failed else ""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, failed=wrong)
            return
        line = f"{self._lane}: {done} of {total} {self._counted}{', ' + wrong if wrong else ''}"
        if time.monotonic() - self._said_at > (_AT_REST_S if line == self._said else _EVERY_S):
            self._said, self._said_at = line, time.monotonic()
            self._console.print(line, highlight=False)
