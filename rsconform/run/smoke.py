"""The smoke case: one file is written, listed, read and deleted before anything else is asked.

What it finds counts under the axioms of those operations, not under one of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from remote_store import Backend, Capability

from rsconform.cases.values import show, show_difference
from rsconform.run import deadline
from rsconform.run.interpreter import show_error
from rsconform.run.model import Attempt, Breach, Failure, Result
from rsconform.run.store import StoreView

_PATH: Final = "smoke.txt"
_CONTENT: Final = b"rsconform"

# A check returns what it saw if that is wrong, else None.
_Check = Callable[[Backend], str | None]


def _write(backend: Backend) -> str | None:
    backend.write(_PATH, _CONTENT)
    return None


def _list(backend: Backend) -> str | None:
    paths = [str(info.path) for info, _ in zip(backend.list_files(""), range(1000), strict=False)]
    return None if paths == [_PATH] else show(paths)


def _read(backend: Backend) -> str | None:
    content = backend.read_bytes(_PATH)
    return None if content == _CONTENT else show_difference(_CONTENT, content)


def _delete(backend: Backend) -> str | None:
    backend.delete(_PATH)
    return f"{_PATH} still exists" if backend.exists(_PATH) else None


# Operation, capability, the axiom it counts under, what is expected, the check.
_STEPS: Final[tuple[tuple[str, Capability, str, str, _Check], ...]] = (
    ("write", Capability.WRITE, "BE-008a", "a file to be written", _write),
    ("list_files", Capability.LIST, "BE-014a", f"the listing [{_PATH!r}]", _list),
    ("read_bytes", Capability.READ, "BE-007a", f"{_CONTENT!r}", _read),
    ("delete", Capability.DELETE, "BE-012a", "the file to be gone", _delete),
)


def run_smoke(backend: Backend, view: StoreView, blank: Attempt, limit_s: float) -> Attempt:
    """Return the attempt at the smoke case; lanes without WRITE skip what it would need."""
    attempt = replace(blank, result=Result.PASSED)
    if not backend.capabilities.supports(Capability.WRITE):
        return replace(attempt, notes=("smoke: the lane does not declare WRITE",))
    view.touched.add(_PATH)
    for operation, capability, axiom, expected, check in _STEPS:
        if not backend.capabilities.supports(capability):
            continue
        deadline.arm(limit_s)
        hang = False
        try:
            observed = check(backend)
        except deadline.SoftLimitError:
            observed, hang = f"{operation} did not return within {limit_s:g} s", True
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            observed = f"{operation} raised {show_error(exc)}"
        finally:
            deadline.disarm()
        if observed is not None:
            breach = Breach(axiom, expected, observed, f"smoke: {operation} {_PATH!r}")
            failure = Failure(expected, observed, steps=(breach.step,), hang=True) if hang else None
            # Without the file the rest would only say the same again.
            return replace(attempt, breaches=(breach,), failure=failure)
    return attempt
