"""What an instance says of itself, and where its class comes from."""

from __future__ import annotations

import functools
from importlib.metadata import PackageNotFoundError, packages_distributions, version

from remote_store import Backend, Capability

from rsconform.lanes.async_facade import class_of, surface_of
from rsconform.lanes.lane import Lane
from rsconform.run.records import Instance


def facts_of(backend: Backend) -> tuple[tuple[str, ...], str]:
    """Return what an instance says of itself: its capabilities and its name."""
    declared = backend.capabilities
    names = tuple(name for name in Capability.__members__ if declared.supports(Capability[name]))
    return names, str(backend.name)


def describe(
    backend: Backend, lane: Lane, capabilities: tuple[str, ...], name: str, failed_affordances: tuple[str, ...]
) -> Instance:
    """Return what a journal says of an instance."""
    kind = class_of(backend)
    distribution = _distribution(kind.__module__.partition(".")[0], lane)
    return Instance(
        capabilities=capabilities,
        name=name,
        type=f"{kind.__module__}.{kind.__qualname__}",
        distribution=distribution,
        version=version(distribution) if distribution else None,
        surface=surface_of(backend),
        failed_affordances=failed_affordances,
    )


def _distribution(package: str, lane: Lane) -> str | None:
    """Return the distribution that a top-level package comes from; None for a file outside any package."""
    name = package.replace("_", "-")
    try:
        version(name)
    except PackageNotFoundError:
        # What stands beside a lane in its distribution is found in an editable install too, where no record names it.
        return lane.distribution or _recorded(package)
    return name


@functools.cache
def _recorded(package: str) -> str | None:
    """Return the distribution whose records name a package. Reading them all takes a while."""
    return next(iter(packages_distributions().get(package, ())), None)
