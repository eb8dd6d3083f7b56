"""What the readers of an S3 backend ask for: ranges, and the one version that they keep to."""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Callable, Mapping
from typing import Any, Final

from rsconform.probes import ProbeContext, probe
from rsconform.probes.s3client import bucket_of, client_of, recording, shown

_PIECE: Final = 100_000


@probe("s3reads.ranges")
def ranges(context: ProbeContext, path: str, start: int, size: int, wanted: str) -> None:
    """readinto() of the stream from read_seekable() asks for just the bytes that it gives."""
    with contextlib.closing(context.call("read_seekable()", context.backend.read_seekable, path)) as stream:
        context.call("seek()", stream.seek, start)
        with recording(client_of(context)) as sent:
            context.call("readinto()", stream.readinto, bytearray(size))
    asked = [one.parameters.get("Range") for one in sent]
    if asked != [wanted]:
        context.fail(f"one request, with Range: {wanted}", f"{shown(sent)}, with {asked}")


@probe("s3reads.unranged")
def unranged(context: ProbeContext, path: str) -> None:
    """read_bytes() is one GetObject for the whole."""
    with recording(client_of(context)) as sent:
        context.call("read_bytes()", context.backend.read_bytes, path)
    if [one.operation for one in sent] != ["GetObject"] or "Range" in sent[0].parameters:
        context.fail("one GetObject without a range", f"{shown(sent)}, {[dict(one.parameters) for one in sent]}")


def _read_into(stream: Any) -> bytes:
    buffer = bytearray(_PIECE)
    pieces = iter(lambda: bytes(buffer[: stream.readinto(buffer)]), b"")
    return b"".join(pieces)


def _copied(stream: Any) -> bytes:
    target = io.BytesIO()
    shutil.copyfileobj(stream, target)
    return target.getvalue()


_DRAINS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "read": lambda stream: bytes(stream.read()),
    "read-all": lambda stream: bytes(stream.read(-1)),
    "readinto": _read_into,
    "lines": lambda stream: b"".join(stream),
    "copied": _copied,
}


@probe("s3reads.drained")
def drained(context: ProbeContext, path: str, how: str) -> None:
    """The stream from read() is opened and drained with one request."""
    with recording(client_of(context)) as sent:
        with contextlib.closing(context.call("read()", context.backend.read, path)) as stream:
            content = context.call("draining the stream", _DRAINS[how], stream)
    if content != context.content[path]:
        context.fail(f"the {len(context.content[path])} bytes of the file", f"{len(content)} bytes, or others")
    if len(sent) > 1:
        context.fail("one request at most", f"{len(sent)} requests: {shown(sent[:5])}")


@probe("s3reads.pinned")
def pinned(context: ProbeContext, path: str, op: str) -> None:
    """What a reader asks for after its first answer is asked of the version that was answered."""
    client = client_of(context)
    etag = client.head_object(Bucket=bucket_of(context), Key=path)["ETag"]
    with recording(client) as sent:
        with contextlib.closing(context.call(f"{op}()", getattr(context.backend, op), path)) as stream:
            for position in (0, 2_000_000, 500_000):
                context.call("seek()", stream.seek, position)
                context.call("read()", stream.read, 100)
    fetches = [one.parameters for one in sent[1:] if one.operation == "GetObject"]
    if not fetches:
        context.fail("a GetObject after a seek", f"sent: {shown(sent)}")
    for fetch in fetches:
        if fetch.get("IfMatch") != etag and not fetch.get("VersionId"):
            context.fail(f"If-Match: {etag}, or a version, with each later GetObject", str(fetch.get("IfMatch")))
