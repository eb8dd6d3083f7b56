"""Telling Ctrl-C from a KeyboardInterrupt that an operation of the subject raises by itself.

The first ends the run. The second is an exception like any other that the contract does not know.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

_seen = False
_installed: Any = None


def install() -> None:
    """Take note of SIGINT from now on, where this is the main thread; the handler before it stays in place."""
    global _installed  # One handler per process: the state is the process's.
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is _installed or not callable(before):
        return

    def handle(signum: int, frame: FrameType | None) -> None:
        global _seen
        _seen = True
        before(signum, frame)

    _installed = handle
    signal.signal(signal.SIGINT, handle)


def let_through(error: BaseException) -> None:
    """Raise an error again that is meant to end the run; return for any other.

    A subclass of KeyboardInterrupt is the kit's own. Where SIGINT cannot be watched, each is taken for Ctrl-C; where it
    is ignored, as in a job that a shell runs in the background, none is.
    """
    if not isinstance(error, KeyboardInterrupt):
        return
    if (
        type(error) is not KeyboardInterrupt
        or _seen
        or signal.getsignal(signal.SIGINT) not in (_installed, signal.SIG_IGN)
    ):
        raise error
