"""The soft limit: a signal that ends an operation which does not return, without ending the process."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Final

# Fires again until it is disarmed: a subject that swallows the first one is interrupted once more.
_AGAIN_S: Final = 1.0

AVAILABLE: Final = hasattr(signal, "setitimer")
_installed = False
_CORES: Final = os.cpu_count() or 1  # Looked up once: every step of a case needs it.


class SoftLimitError(BaseException):
    """The operation under way passed its limit. No Exception: a backend's own handler would swallow that."""


def _fire(_signum: int, _frame: FrameType | None) -> None:
    raise SoftLimitError


def install() -> None:
    """Take over SIGALRM, where there is one and this is the main thread."""
    global _installed  # One timer per process: the state is the process's.
    if AVAILABLE and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGALRM, _fire)
        _installed = True


def load_factor() -> float:
    """Return by how much a limit is stretched: as many times as there are processes that want each core, at least once.

    Waiting for a busy machine is not a hang.
    """
    try:
        load = os.getloadavg()[0]
    except (AttributeError, OSError):  # Not every system tells.
        return 1.0
    return max(1.0, load / _CORES)


def arm(seconds: float) -> None:
    """Start the limit for what comes next. Without `install` and outside the main thread there is none."""
    if _installed:
        signal.setitimer(signal.ITIMER_REAL, seconds * load_factor(), _AGAIN_S)


def disarm() -> None:
    """Stop the limit."""
    if _installed:
        signal.setitimer(signal.ITIMER_REAL, 0)
