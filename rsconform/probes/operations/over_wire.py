"""What passes between a backend and its server."""

from __future__ import annotations

import io
import itertools
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from remote_store import RemoteStoreError

from rsconform.cases.case import SkipReason
from rsconform.cases.content import parse_size
from rsconform.cases.faults import Fault
from rsconform.lanes.lane import Request, Wire
from rsconform.probes import ProbeContext, probe
from rsconform.probes.concurrency._races import payload
from rsconform.run.case.outcomes import Skipped

_SHARE: Final = 4  # Of a large file that may be fetched for a small part: one in so many.
_STILL_S: Final = 0.05
_LOOKS: Final = 40


@probe("operations.bytes_for_prefix", stresses="wire")
def bytes_for_prefix(context: ProbeContext, *, path: str, op: str, take: int) -> None:
    """Of a large file little more comes over the wire than what is read of it."""
    wire, size = _wire(context), len(context.content[path])
    most = size // _SHARE
    before = _received(wire)
    stream: Any = context.call(f"{op}()", getattr(context.backend, op), path)
    read = b""
    while len(read) < take and (piece := context.call("read()", stream.read, take - len(read))):
        read += piece
    fetched = _settled(wire) - before
    stream.close()
    if read != context.content[path][:take]:
        context.fail(f"the first {take} bytes of the file", f"{len(read)} bytes")
    if fetched > most:
        context.fail(f"at most {most} bytes of {size} fetched to read {take}", f"{fetched} bytes came")


_TROUBLE: Final[Mapping[str, Fault]] = {
    "reset": Fault(on=("HEAD", "GET"), times="all", reset=True),
    "throttled": Fault(on=("HEAD", "GET"), times="all", status=503, code="SlowDown"),
    "unavailable": Fault(on=("HEAD", "GET"), times="all", status=503),
}


@probe("operations.write_without_ancestor_lookups", stresses="wire")
def write_without_ancestor_lookups(
    context: ProbeContext, *, path: str, op: str, size: str, stream: bool, wrong: str
) -> None:
    """A write goes on although no look for a file above its path is answered."""
    wire, audit = _wire(context), context.subject.audit
    if audit is None:
        context.skip_without("audit")
    data = payload(1, parse_size(size))
    context.touched.update(("a", path))
    before = len(wire.requests())
    context.call(f"{op}() of one segment", _write, context.backend, op, "a", data, stream)
    if any(request.method in ("HEAD", "GET") for request in wire.requests()[before:]):
        context.skip("a write that asks for nothing where no folder is above it")
    wire.arm([_TROUBLE[wrong]])
    try:
        context.call(f"{op}() with {wrong} lookups", _write, context.backend, op, path, data, stream)
    finally:
        met = sum(wire.clear())
    if not met:
        raise Skipped(SkipReason.FAULT, f"{op}()")
    stored = audit().files.get(path)
    if stored is None or stored.content != data:
        context.fail(f"{path} with {len(data)} bytes", "no file" if stored is None else "other bytes")


def _write(backend: Any, op: str, path: str, data: bytes, stream: bool) -> None:
    if op == "open_atomic":
        with backend.open_atomic(path, overwrite=True) as file:
            file.write(data)
    else:
        getattr(backend, op)(path, io.BytesIO(data) if stream else data, overwrite=True)


@probe("operations.root_not_requested", stresses="wire")
def root_not_requested(context: ProbeContext, *, op: str, root: str) -> None:
    """Nothing is looked for under a key or a prefix that is a spelling of the root."""
    wire = _wire(context)
    before = len(wire.requests())
    try:
        answer = getattr(context.backend, op)(root)
        if hasattr(answer, "__next__"):
            list(itertools.islice(answer, 100))
    except RemoteStoreError:  # Which one is for other axioms.
        pass
    for request in wire.requests()[before:]:
        if any(map(_is_dotted, _names(request))):
            context.fail(
                "no request for a key or prefix made of the root's spelling",
                f"{request.kind} {request.path} {dict(request.query)}",
            )


def _names(request: Request) -> tuple[str, ...]:
    """Return the key that a request is about, below its container, and the prefixes that it asks for."""
    _, _, key = unquote(request.path).lstrip("/").partition("/")
    return (key, *request.query.values())


def _is_dotted(name: str) -> bool:
    return name == "." or name.startswith("./")


def _wire(context: ProbeContext) -> Wire:
    if context.subject.wire is None:
        context.skip_without("wire")
    return context.subject.wire


def _received(wire: Wire) -> int:
    return sum(request.received_bytes for request in wire.requests())


def _settled(wire: Wire) -> int:
    """Return how many bytes have come when no more are coming: buffers fill on their own."""
    seen = _received(wire)
    for _ in range(_LOOKS):
        time.sleep(_STILL_S)
        now = _received(wire)
        if now == seen:
            break
        seen = now
    return seen
