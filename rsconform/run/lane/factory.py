"""Whose fault it is where no backend was made: the backend's constructor, what calls it, or its service."""

from __future__ import annotations

import traceback
from typing import Final

from remote_store import Backend, BackendUnavailable
from remote_store.aio import AsyncBackend

from rsconform.lanes.lane import FixtureError
from rsconform.run.case.outcomes import show_error, show_fault

# Raised where nothing answers: a service that is down looks like a constructor with a wrong address.
_NO_SERVICE: Final = (ConnectionError, TimeoutError, BackendUnavailable)
_NO_ADDRESS: Final = "gaierror"  # By its name: socket is not imported for this alone.


class FactoryError(FixtureError):
    """What should make a backend failed before the backend's own code had a part in it."""


def why_not_the_backends(error: BaseException, factory: str) -> str | None:
    """Return why an error on the way to an instance says nothing about the backend; None if it does.

    Args:
        factory: What was called to make it, as its author calls it.
    """
    if isinstance(error, _NO_SERVICE) or type(error).__name__ == _NO_ADDRESS:
        return f"the service of the backend does not answer: {show_error(error)}. Start it, or mend its address"
    if _came_through_a_backend(error) or "abstract" in str(error):
        return None
    if isinstance(error, TypeError) and "argument" in str(error):
        return (
            f"{factory} was called without arguments: {show_error(error)}. "
            "Name a function without parameters that fills them in and returns a new backend"
        )
    return f"{factory} raised {show_fault(error)}. It has to return a new backend"


def without_backend(factory: str, returned: object) -> str:
    """Return why what was returned cannot be judged: it is None or a class."""
    if returned is None:
        return f"{factory} returned None. It has to return a new backend: its `return` may be missing"
    name = getattr(returned, "__name__", str(returned))
    return f"{factory} returned the class {name}. It has to return an instance: {name}(...)"


def _came_through_a_backend(error: BaseException) -> bool:
    """Return whether a method of a backend, such as its constructor, was being run."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        names = frame.f_code.co_varnames[: frame.f_code.co_argcount]
        first = frame.f_locals.get(names[0]) if names else None
        if issubclass(first if isinstance(first, type) else type(first), Backend | AsyncBackend):
            return True
    return False
