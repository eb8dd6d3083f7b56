"""Whether a case applies to a lane, and if not, why: by the lane's facts alone, or by what its instance says."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from rsconform.cases.case import Case, Skip, SkipReason
from rsconform.cases.content import parse_size
from rsconform.cases.implied_needs import LIMITS, plain_paths_asked_for, sizes_asked_for
from rsconform.lanes.lane import Lane
from rsconform.run.records import Instance
from rsconform.spec.traits import INVARIANTS, TRAITS

# What can only befall a store that lies elsewhere than in the instance itself.
_PAST_THE_INSTANCE: Final = frozenset({"container", "deny", "other_process", "peer", "wire"})
# Not a fact that makes a case pointless: what the axiom demands holds of the names that the store takes as well.
OTHER_NAMES: Final = Skip(SkipReason.HOLDING, "files of other names than it declares")


def rule_out(case: Case, lane: Lane, contract: str) -> Skip | None:
    """Return why the lane's facts alone rule a case out, or None."""
    if case.since is not None and _release(contract) < _release(case.since):
        return Skip(SkipReason.RELEASE, f"remote-store {case.since}")
    declared = lane.declared
    for name, value in case.traits.items():
        if declared.get(name) is not None and declared[name] != value:
            return Skip(SkipReason.TRAIT, f"{name} = {written(value)}")
    limits = {name: parse_size(str(declared[name])) for name in LIMITS if declared.get(name) is not None}
    asked = sizes_asked_for(case) if limits else {}
    for name, most in limits.items():
        if asked[name] > most:
            return Skip(SkipReason.TRAIT, f"{name} >= {asked[name]}")
    if any(not takes_name(lane, path) for path in plain_paths_asked_for(case)):
        return OTHER_NAMES
    for name in case.needs:
        if not lane.affords(name):
            return without(name, lane)
    return None


def takes_name(lane: Lane, path: str) -> bool:
    """Return whether the store takes a file of that path, as far as the lane says."""
    names = lane.declared.get("names")
    return names is None or re.fullmatch(str(names), path, re.DOTALL) is not None


def without(affordance: str, lane: Lane) -> Skip:
    """Return why a case is skipped for want of an affordance: no gap where what it is about cannot befall the store."""
    if affordance in _PAST_THE_INSTANCE and lane.declared.get("transport") == "none":
        return Skip(SkipReason.TRAIT, "transport other than none")
    return Skip(SkipReason.AFFORDANCE, affordance)


def rule_out_invariant(checker: str | None, lane: Lane) -> Skip | None:
    """Return why the lane's facts keep an invariant from being judged, or None."""
    if checker is None:
        return None
    invariant = INVARIANTS[checker]
    for name, value in invariant.traits.items():
        if lane.declared.get(name) not in (None, value):
            return Skip(SkipReason.TRAIT, f"{name} = {written(value)}")
    return next((Skip(SkipReason.AFFORDANCE, need) for need in invariant.needs if not lane.affords(need)), None)


def rule_out_by_instance(
    case: Case, instance: Instance, capabilities: Collection[str], class_traits: Mapping[str, object]
) -> Skip | None:
    """Return why what an instance says of itself rules a case out, or None.

    Args:
        capabilities: The names of those that the instance declares.
        class_traits: The traits that its class says.
    """
    if case.surface not in (None, instance.surface):
        return off_surface(instance)
    lacking = sorted(case.capabilities - set(capabilities))
    if lacking:
        return Skip(SkipReason.CAPABILITY, lacking[0])
    declared = sorted(case.lacks & set(capabilities))
    if declared:
        return Skip(SkipReason.CAPABILITY, f"no {declared[0]}")
    for name, value in case.traits.items():
        if class_traits.get(name, value) != value:
            return Skip(SkipReason.TRAIT, f"{name} = {written(value)}")
    return None


def off_surface(instance: Instance) -> Skip:
    """Return why what binds the other kind of backend cannot be put to this one."""
    return Skip(SkipReason.SURFACE, "an AsyncBackend" if instance.surface == "async" else "not an AsyncBackend")


def readings(case: Case, lane: Lane) -> tuple[tuple[str, str], ...]:
    """Return the traits a case presumes although the lane does not declare them, and the values, the widest first.

    The table of traits has the narrowest last: the failure of a case for flat namespaces without the opt-in says of a
    backend that opted in nothing about its namespace.
    """
    declared = lane.declared
    presumed = (name for name in TRAITS if name in case.traits and declared.get(name) is None)
    return tuple((name, written(case.traits[name])) for name in presumed if not TRAITS[name].of_class)


def written(value: object) -> str:
    """Return the value of a trait as TOML and options have it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
