"""check_health() where something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import remote_store as rs

from rsconform.cases.faults import Fault
from rsconform.lanes.async_facade import class_of, contract_of
from rsconform.probes import ProbeContext, probe

_WRONG: Final[Mapping[str, Fault]] = {
    "bare-400": Fault(status=400, times="all"),
    "bare-403": Fault(status=403, times="all"),
    "bare-409": Fault(status=409, times="all"),
    "bare-503": Fault(status=503, times="all"),
    "denied": Fault(status=403, code="AccessDenied", times="all"),
    "lost": Fault(lost=True, times="all"),
    "no-http": Fault(garbage="reply", times="all"),
    "refused": Fault(refuse=True),
    "reset": Fault(reset=True, times="all"),
    "silence": Fault(delay_s=3600, times="all"),
}


@probe("operations.health_missing_container")
def health_missing_container(context: ProbeContext) -> None:
    """A check_health() that looks at all says NotFound when the container is gone."""
    _require_own(context)
    if context.subject.container is None:
        context.skip_without("container")
    context.subject.container.drop()
    _demand(context, rs.NotFound, "without its container")


@probe("operations.health_occupied_container")
def health_occupied_container(context: ProbeContext) -> None:
    """A check_health() that looks at all reports a file where the folder of the store belongs."""
    _require_own(context)
    occupy = getattr(context.subject.container, "occupy", None)
    if occupy is None:
        context.skip_without("container")
    occupy()
    _demand(context, rs.RemoteStoreError, "with a file in the place of its root folder")


@probe("operations.health_denied")
def health_denied(context: ProbeContext) -> None:
    """A check_health() that looks at all says PermissionDenied when the store is closed to it."""
    _require_own(context)
    if context.subject.deny is None:
        context.skip_without("deny")
    context.subject.deny()
    _demand(context, rs.PermissionDenied, "with access denied")


@probe("operations.health_faulted", stresses="wire")
def health_faulted(context: ProbeContext, *, wrong: str, raises: str) -> None:
    """A check_health() that looks at all raises an error of that class, or below, when the server is in trouble."""
    _require_own(context)
    if context.subject.wire is None:
        context.skip_without("wire")
    context.subject.wire.arm([_WRONG[wrong]])
    try:
        _demand(context, getattr(rs, raises), f"with {wrong}")
    finally:
        context.subject.wire.clear()


def _require_own(context: ProbeContext) -> None:
    if class_of(context.backend).check_health is contract_of(context.backend).check_health:
        context.skip("a check_health() of its own")


def _demand(context: ProbeContext, cls: type[Exception], when: str) -> None:
    expected = f"{cls.__name__} from check_health() {when}"
    try:
        context.backend.check_health()
    except cls:
        return
    except Exception as exc:
        context.fail(expected, f"{type(exc).__name__}: {exc}")
    context.fail(expected, "it returned")
