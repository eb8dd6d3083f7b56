"""check_health() where something is wrong."""

from __future__ import annotations

from remote_store import Backend, NotFound

from rsconform.probes import ProbeContext, probe


@probe("health.missing_container")
def missing_container(context: ProbeContext) -> None:
    """A check_health() that looks at all says NotFound when the container is gone."""
    if type(context.backend).check_health is Backend.check_health:
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
