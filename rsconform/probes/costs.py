"""What operations send, compared with each other."""

from __future__ import annotations

import contextlib
from collections import Counter

from remote_store import RemoteStoreError

from rsconform.lanes.model import Requests
from rsconform.probes import ProbeContext, probe


@probe("costs.without_container")
def without_container(context: ProbeContext, *, op: str, path: str) -> None:
    """A miss sends nothing more without the container than with it."""
    requests, container = context.subject.requests, context.subject.container
    if requests is None:
        context.skip_without("requests")
    if container is None:
        context.skip_without("container")
    there = _sent_by(context, requests, op, path)
    container.drop()
    gone = _sent_by(context, requests, op, path)
    # A listing says at once that the container is gone, so that nothing else need be asked.
    if gone - there:
        context.fail(f"no more requests without the container than {_shown(there)}", _shown(gone))


def _sent_by(context: ProbeContext, requests: Requests, op: str, path: str) -> Counter[str]:
    before = Counter(requests.counts())
    with contextlib.suppress(RemoteStoreError):  # Which one is for other axioms.
        getattr(context.backend, op)(path)
    return Counter(requests.counts()) - before


def _shown(sent: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(sent.items())) or "none"
