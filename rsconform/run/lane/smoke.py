"""The smoke case: one file is written, listed, read and deleted before anything else is done.

What it finds counts under the axioms of those operations, not under one of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from remote_store import Backend, Capability

from rsconform.cases.deferred import show, show_difference
from rsconform.run.case.outcomes import show_error
from rsconform.run.case.store import StoreView
from rsconform.run.lane import deadline
from rsconform.run.lane.interrupts import let_through
from rsconform.run.records import Attempt, Breach, Failure, Result

SMOKE_PATH: Final = "smoke.txt"
_CONTENT: Final = b"rsconform"

# A check returns what it saw if that is wrong, else None.
_Check = Callable[[Backend], str | None]


def _write(backend: Backend) -> str | None:
    backend.write(SMOKE_PATH, _CONTENT)
    return None


def _list(backend: Backend) -> str | None:
    paths = [str(info.path) for info, _ in zip(backend.list_files(""), range(1000), strict=False)]
    return None if paths == [SMOKE_PATH] else show(paths)


def _read(backend: Backend) -> str | None:
    content = backend.read_bytes(SMOKE_PATH)
    return None if content == _CONTENT else show_difference(_CONTENT, content)


def _delete(backend: Backend) -> str | None:
    backend.delete(SMOKE_PATH)
    return f"{SMOKE_PATH} still exists" if backend.exists(SMOKE_PATH) else None


# Operation, capability, the axiom it counts under, what is expected, the check.
_STEPS: Final[tuple[tuple[str, Capability, str, str, _Check], ...]] = (
    ("write", Capability.WRITE, "BE-008a", "a file to be written", _write),
    ("list_files", Capability.LIST, "BE-014a", f"the listing [{SMOKE_PATH!r}]", _list),
    ("read_bytes", Capability.READ, "BE-007a", f"{_CONTENT!r}", _read),
    ("delete", Capability.DELETE, "BE-012a", "the file to be gone", _delete),
)


class StepListener(Protocol):
    """Notes which operation is under way, for a process that outlives this one."""

    def doing(self, operation: str, axiom: str) -> None:
        """An operation is about to be done, and counts under an axiom."""


def run_smoke(
    backend: Backend,
    view: StoreView,
    blank: Attempt,
    limit_s: float,
    *,
    listener: StepListener | None = None,
    ends_in_time: str | None = None,
) -> Attempt:
    """Return the attempt at the smoke case; lanes without WRITE skip what it would need.

    Args:
        limit_s: How long one operation may take.
        ends_in_time: The axiom that an operation breaches as well if it does not return.
    """
    attempt = replace(blank, result=Result.PASSED)
    if not backend.capabilities.supports(Capability.WRITE):
        return replace(attempt, notes=("smoke: the lane does not declare WRITE",))
    view.touched.add(SMOKE_PATH)
    for operation, capability, axiom, expected, check in _STEPS:
        if not backend.capabilities.supports(capability):
            continue
        if listener is not None:
            listener.doing(operation, axiom)
        deadline.arm(limit_s)
        hang = False
        try:
            observed = check(backend)
        except deadline.SoftLimitError:
            observed, hang = f"{operation} did not return within {limit_s:g} s", True
        except BaseException as exc:
            let_through(exc)
            observed = f"{operation} raised {show_error(exc)}"
        finally:
            deadline.disarm()
        if observed is not None:
            breach = Breach(axiom, expected, observed, f"smoke: {operation} {SMOKE_PATH!r}")
            failure = Failure(expected, observed, steps=(breach.step,), hang=True) if hang else None
            # Without the file the rest would only say the same again.
            late = (replace(breach, axiom=ends_in_time),) if hang and ends_in_time is not None else ()
            return replace(attempt, breaches=(breach, *late), failure=failure)
    return attempt
