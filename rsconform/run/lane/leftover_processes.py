"""Processes that a run started and that go on after its end: a backend or lane fixture left them.

They are named and never ended: one of them may be meant to go on. Only Linux tells.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SET_CHILD_SUBREAPER: Final = 36  # <linux/prctl.h>
_MOMENT_S: Final = 2.0  # What the kit itself started ends with its parent, and needs a moment for that.
_PROC: Final = Path("/proc")


class Orphans:
    """What this process gets as a child without having started it, from now on."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            # A process whose parent ends becomes this one's child.
            ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._before = {pid for pid, _, _ in _children()}

    def left(self) -> tuple[str, ...]:
        """Return name and number of each that still runs, after a moment to end in."""
        until = time.monotonic() + _MOMENT_S
        while True:
            running = []
            for pid, name, state in _children():
                if pid in self._before:
                    continue
                if state == "Z":
                    with contextlib.suppress(OSError):
                        os.waitpid(pid, os.WNOHANG)
                else:
                    running.append(f"{name} (process {pid})")
            if not running or time.monotonic() > until:
                return tuple(sorted(running))
            time.sleep(0.05)


def _children() -> Iterator[tuple[int, str, str]]:
    """Yield number, name and state of each child of this process."""
    parent = os.getpid()
    for entry in _PROC.glob("[0-9]*/stat") if _PROC.is_dir() else ():
        try:
            said = entry.read_text(encoding="utf-8", errors="replace")
        except OSError:  # It has ended.
            continue
        # "pid (name) state ppid ...", and a name may hold anything.
        name, _, rest = said.partition("(")[2].rpartition(")")
        state, ppid = rest.split()[:2]
        if int(ppid) == parent:
            yield int(entry.parent.name), name, state
