"""What the readers of an S3 backend ask for: ranges, and the one version that they keep to."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from remote_store import RemoteStoreError

from rsconform.cases.content import parse_size
from rsconform.probes import ProbeContext, probe
from rsconform.probes.s3client import bucket_of, client_of, meddling, recording, shown

_PIECE: Final = 100_000


@probe("s3reads.ranges")
def ranges(context: ProbeContext, path: str, start: int, size: int, ahead: str) -> None:
    """readinto() of the stream from read_seekable() asks for the bytes that it gives, and for few more."""
    with contextlib.closing(context.call("read_seekable()", context.backend.read_seekable, path)) as stream:
        context.call("seek()", stream.seek, start)
        with recording(client_of(context)) as sent:
            context.call("readinto()", stream.readinto, bytearray(size))
    asked = [str(one.parameters.get("Range")) for one in sent]
    most = max(size, parse_size(ahead))
    if len(asked) > 1 or any(_length(one, len(context.content[path])) > most for one in asked):
        context.fail(f"one request at most, with a Range of at most {most} bytes", f"{shown(sent)}, with {asked}")


def _length(asked: str, size: int) -> int:
    """Return how many bytes of an object a range asks for; all of them where it is no range."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
    return min(int(found[2] or size - 1), size - 1) - int(found[1]) + 1 if found else size


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


@probe("s3reads.lines")
def lines(context: ProbeContext, path: str, piece: str) -> None:
    """The lines that the stream from read_seekable() gives cost no request each."""
    size = parse_size(piece)
    with recording(client_of(context)) as sent:
        with contextlib.closing(context.call("read_seekable()", context.backend.read_seekable, path)) as stream:
            found = context.call("reading its lines", list, stream)
    if b"".join(found) != context.content[path] or any(line.count(b"\n") > 1 for line in found):
        context.fail("the lines of the file", f"{len(found)} others")
    most = 1 + -(-len(context.content[path]) // size)
    if len(sent) > most:
        context.fail(f"{most} requests at most", f"{len(sent)}")


@probe("s3reads.replaced")
def replaced(context: ProbeContext, path: str, op: str) -> None:
    """A reader whose connection breaks after its file was replaced joins nothing of the two."""
    old = context.content[path]
    client, bucket = client_of(context), bucket_of(context)
    newer = old[::-1]
    broken: list[int] = []

    def broken_off(answer: MutableMapping[str, Any]) -> None:
        broken.append(1)
        answer["Body"] = _broken_body(answer["Body"], len(old) // 2, lambda: put(client, bucket, path, newer))

    read = b""
    with meddling(client, "after-call.s3.GetObject", broken_off):  # type: ignore[arg-type]  # The answer is a dict.
        try:
            with contextlib.closing(getattr(context.backend, op)(path)) as stream:
                for part in iter(lambda: stream.read(_PIECE), b""):
                    read += part
        except RemoteStoreError:
            if read != old[: len(read)]:
                context.fail("what the file held, up to an error", f"{len(read)} bytes, others among them")
            return
        except Exception as exc:
            context.fail("an error of remote_store", f"{type(exc).__name__}: {exc}")
    if broken and read != old:
        context.fail("an error, or the bytes of one version", f"{len(read)} bytes, others among them")


def put(client: Any, bucket: str, path: str, data: bytes) -> None:
    """Replace an object through the client itself."""
    client.put_object(Bucket=bucket, Key=path, Body=data)


def _broken_body(body: Any, after: int, broken: Callable[[], None]) -> Any:
    """Return the body of an answer whose connection breaks after so many bytes."""
    from botocore.exceptions import ResponseStreamingError
    from botocore.response import StreamingBody

    data = body.read()

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            wanted = len(data) if size is None or size < 0 else size
            if self.tell() + wanted > after:
                broken()
                raise ResponseStreamingError(error="the connection was reset")
            return super().read(size)

    return StreamingBody(Broken(data), len(data))


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
