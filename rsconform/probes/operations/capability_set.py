"""The CapabilitySet of an instance: its ways of answering agree."""

from __future__ import annotations

from remote_store import Capability, CapabilityNotSupported

from rsconform.probes import ProbeContext, probe


@probe("operations.capability_supports")
def capability_supports(context: ProbeContext) -> None:
    """supports() is True for what iteration gives, and False for every other capability."""
    declared = _declared(context)
    for capability in Capability:
        answer = context.call(f"supports({capability.name})", context.backend.capabilities.supports, capability)
        if answer is not (capability in declared):
            context.fail(f"supports({capability.name}) to be {capability in declared}", repr(answer))


@probe("operations.capability_require")
def capability_require(context: ProbeContext) -> None:
    """require() lets pass what iteration gives, and refuses every other capability by its value."""
    declared = _declared(context)
    for capability in Capability:
        try:
            context.backend.capabilities.require(capability)
        except CapabilityNotSupported as exc:
            if capability in declared:
                context.fail(f"require({capability.name}) to return", f"it raised {exc}")
            if exc.capability != capability.value:
                context.fail(f"capability={capability.value!r} on the error", repr(exc.capability))
        except Exception as exc:
            context.fail(f"CapabilityNotSupported from require({capability.name})", f"{type(exc).__name__}: {exc}")
        else:
            if capability not in declared:
                context.fail(f"CapabilityNotSupported from require({capability.name})", "it returned")


@probe("operations.capability_membership")
def capability_membership(context: ProbeContext) -> None:
    """Iteration gives capabilities, each once, and `in` says the same."""
    capabilities = context.backend.capabilities
    listed = context.call("iteration", list, capabilities)
    strangers = [item for item in listed if not isinstance(item, Capability)]
    if strangers:
        context.fail("members of Capability", repr(strangers))
    if len(set(listed)) != len(listed):
        context.fail("each capability once", f"{len(listed)} items, {len(set(listed))} of them different")
    for capability in Capability:
        answer = context.call(f"{capability.name} in capabilities", capabilities.__contains__, capability)
        if answer is not (capability in listed):
            context.fail(f"{capability.name} in capabilities to be {capability in listed}", repr(answer))


def _declared(context: ProbeContext) -> set[object]:
    return set(context.call("iteration", list, context.backend.capabilities))
