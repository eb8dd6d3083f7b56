"""The four ways in which a case ends before its last step, for steps and probes alike; the result of an operation."""

from __future__ import annotations

import inspect
import os
import sysconfig
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsconform.cases.case import Skip, SkipReason
from rsconform.redaction import cut, redact
from rsconform.run.records import REFUSED

_KIT: Final = str(Path(__file__).parents[2])
# Classes of these are what a backend is made from, and not its own.
_CONTRACT: Final = ("builtins", "abc", "remote_store._backend", "remote_store.aio._async_backend")
_OF_STREAMS: Final = (
    "__enter__",
    "__exit__",
    "__iter__",
    "__next__",
    "close",
    "read",
    "readinto",
    "readline",
    "seek",
    "tell",
)
_LIBRARY, _PACKAGES = sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")


class Failed(Exception):  # The verdict on the subject, not an error of the kit.
    """The subject did not do what a step or a probe demands.

    Args:
        phase: How far the operation had come.
        hang: It did not return in time.
        steps: What was done, if not the steps of the case.
        step: Which of `steps` went wrong.
        ways: Other ways to see it, what each is and its text.
    """

    def __init__(
        self,
        expected: str,
        observed: str,
        *,
        phase: str | None = None,
        hang: bool = False,
        steps: Sequence[str] = (),
        step: int | None = None,
        ways: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.expected = expected
        self.observed = observed
        self.phase = phase
        self.hang = hang
        self.steps = tuple(steps)
        self.step = step
        self.ways = tuple(ways)
        super().__init__(f"expected {expected}, observed {observed}")


class Skipped(Exception):  # Not an error: the case does not apply, or cannot be shown here.
    """The case says nothing about the subject."""

    def __init__(self, reason: SkipReason, detail: str) -> None:
        self.skip = Skip(reason, detail)
        super().__init__(detail)


class Refused(Exception):  # Not an error: a permitted way for a case to end.
    """The subject took a permitted refusal: the rest of the case is not run.

    Args:
        error: What it raised.
        first: Nothing was changed before, so that the store has to be as it was given.
        faulted: A fault befell it, so that the store has to be as the case demands at its end.
    """

    def __init__(self, what: str, error: BaseException, *, first: bool, faulted: bool = False) -> None:
        self.error = type(error).__name__
        self.first = first
        self.faulted = faulted
        super().__init__(f"{REFUSED}{what} raised {self.error}")


class Broken(Exception):
    """The lane fixture or the kit failed, so the case says nothing about the subject; the text says how."""


@dataclass(slots=True)
class StepResult:
    """What an operation did: its value or its error, and how far it had come."""

    value: object = None
    error: BaseException | None = None
    phase: str = "call"
    content: bytes | None = None  # What a stream held, where it was read to its end.


def show_error(error: BaseException) -> str:
    """Return an error as one bounded line."""
    text = cut(" ".join(redact(str(error)).split()), 300)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def show_fault(error: BaseException) -> str:
    """Return an error of a lane fixture's, with the line of its own that it comes from."""
    for frame in traceback.extract_tb(error.__traceback__):
        file = frame.filename
        # Packages may lie within the folder of the standard library.
        if not file.startswith(_KIT) and (file.startswith(_PACKAGES) or not file.startswith(_LIBRARY)):
            return f"{show_error(error)} ({os.path.relpath(file)}:{frame.lineno})"
    return show_error(error)


def operation_that_raised(error: BaseException, backend: type) -> str | None:
    """Return the method of a backend, or of a stream of its, that an error came out of; None if it was not the backend.

    That is read off the traceback: below the kit's last frame there is one in a file of the backend's class.
    """
    below: list[traceback.FrameSummary] = []
    for frame in traceback.extract_tb(error.__traceback__):
        below = [] if frame.filename.startswith(_KIT) else [*below, frame]
    files = {inspect.getsourcefile(cls) for cls in backend.__mro__ if cls.__module__ not in _CONTRACT}
    called = below[0].name if below else ""
    is_method = hasattr(backend, called) or called in _OF_STREAMS
    return called if is_method and any(frame.filename in files for frame in below) else None
