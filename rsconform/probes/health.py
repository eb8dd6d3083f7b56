"""check_health() where something is wrong."""

from __future__ import annotations

from remote_store import NotFound

from rsconform.lanes.facade import class_of, contract_of
from rsconform.probes import ProbeContext, probe


@probe("health.missing_container")
def missing_container(context: ProbeContext) -> None:
    """A check_health() that looks at all says NotFound when the container is gone."""
    if class_of(context.backend).check_health is contract_of(context.backend).check_health:
        context.skip("a check_health() of its own")
    if context.subject.container is None:
        context.skip_without("container")
    context.subject.container.drop()
    try:
        context.backend.check_health()
    except NotFound:
        return
    except Exception as exc:
        context.fail("NotFound from check_health() without its container", f"{type(exc).__name__}: {exc}")
    context.fail("NotFound from check_health() without its container", "it returned")
