"""Exceptions of the caller's own, and whether they come back to the caller as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final, NoReturn

import remote_store as rs

from rsconform.probes import ProbeContext


class OwnError(Exception):
    """An exception class that only the caller knows."""


# The label in the TOML -> the exception. What a backend maps for itself is not the caller's for that.
_KINDS: Final[dict[str, type[BaseException]]] = {
    "own": OwnError,
    "ValueError": ValueError,
    "OSError": OSError,
    "FileNotFoundError": FileNotFoundError,
    "PermissionError": PermissionError,
    "ConnectionError": ConnectionError,
    "TimeoutError": TimeoutError,
    "StopIteration": StopIteration,
    "NotFound": rs.NotFound,
    "AlreadyExists": rs.AlreadyExists,
    "KeyboardInterrupt": KeyboardInterrupt,
    "GeneratorExit": GeneratorExit,
    "CancelledError": asyncio.CancelledError,
}


def make_own(kind: str) -> BaseException:
    """Return a new exception of the kind that a case names."""
    return _KINDS[kind]("the caller's own")


def require_own(context: ProbeContext, own: BaseException, came: BaseException) -> None:
    """Go on if what came out is the caller's own exception, the very object.

    What is neither that, nor made from it, nor an Exception (a limit, Ctrl-C) is raised again.
    """
    if came is own:
        return
    if not isinstance(came, Exception) and own not in _causes(came):
        raise came
    _refuse(context, own, f"{type(came).__name__}: {came}")


def require_raised(context: ProbeContext, own: BaseException) -> NoReturn:
    """End the case as failed: nothing was raised although the caller did."""
    _refuse(context, own, "it was swallowed")


def _refuse(context: ProbeContext, own: BaseException, observed: str) -> NoReturn:
    context.fail(f"the caller's own {type(own).__name__}, unchanged", observed)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    cause = exc.__cause__ or exc.__context__
    for _ in range(10):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__
