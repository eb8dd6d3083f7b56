"""What operations send, compared with each other."""

from __future__ import annotations

import contextlib
from collections import Counter

from remote_store import RemoteStoreError

from rsconform.lanes.lane import Requests
from rsconform.probes import ProbeContext, probe


@probe("operations.requests_without_container")
def requests_without_container(context: ProbeContext, *, op: str, path: str) -> None:
    """A miss sends at most one request more without the container than with it."""
    requests, container = context.subject.requests, context.subject.container
    if requests is None:
        context.skip_without("requests")
    if container is None:
        context.skip_without("container")
    there = _sent_by(context, requests, op, path)
    container.drop()
    gone = _sent_by(context, requests, op, path)
    if gone.total() > there.total() + 1:
        context.fail(f"at most one request more without the container than {_shown(there)}", _shown(gone))


@probe("operations.requests_per_segment")
def requests_per_segment(context: ProbeContext, *, path: str) -> None:
    """Writing a key of several segments sends at most a request more for each segment before the last."""
    requests = context.subject.requests
    if requests is None:
        context.skip_without("requests")
    before = Counter(requests.counts())
    context.touched.add("a")
    context.call("write()", context.backend.write, "a", b"x", overwrite=True)
    plain = Counter(requests.counts()) - before
    before = Counter(requests.counts())
    context.touched.add(path)
    context.call("write()", context.backend.write, path, b"x", overwrite=True)
    sent, above = Counter(requests.counts()) - before, path.count("/")
    if sent.total() > plain.total() + above:
        context.fail(f"at most {above} more for {path!r} than {_shown(plain)}", _shown(sent))


def _sent_by(context: ProbeContext, requests: Requests, op: str, path: str) -> Counter[str]:
    before = Counter(requests.counts())
    with contextlib.suppress(RemoteStoreError):  # Which one is for other axioms.
        getattr(context.backend, op)(path)
    return Counter(requests.counts()) - before


def _shown(sent: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(sent.items())) or "none"
