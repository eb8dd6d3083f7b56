"""Requests of an S3 backend whose answer was lost, and servers that ignore a condition: what is then lost as well."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import timedelta
from email.utils import formatdate
from typing import Any, Final

from remote_store import AlreadyExists, Backend, BackendUnavailable, RemoteStoreError

from rsconform.cases.content import parse_content
from rsconform.probes import ProbeContext, probe
from rsconform.probes.s3client import another, bucket_of, client_of, meddling

_REFUSAL: Final = "<Error><Code>{code}</Code><Message>It is there.</Message></Error>"
_WAYS: Final = {"bytes": "bytes:100", "stream": "bytes:100", "in-parts": "bytes:11MiB", "block": "bytes:100"}


@probe("s3lost.ignored_by_copies")
def ignored_by_copies(context: ProbeContext, src: str, dst: str, op: str) -> None:
    """A target that is there is kept although CopyObject ignores If-None-Match."""
    with _deaf(client_of(context)):
        _require_conflict(context, f"{op}()", lambda: getattr(context.backend, op)(src, dst))


@probe("s3lost.ignored_by_writes")
def ignored_by_writes(context: ProbeContext, path: str, how: str, variant: str) -> None:
    """A file that is there is kept although the server, of which nobody vouched, ignores If-None-Match."""
    data = parse_content(_WAYS[how]).data
    with another(context, variant) as backend, _deaf(client_of(context, backend)):
        if how == "block":
            _require_conflict(context, "open_atomic()", lambda: _in_a_block(backend, path, data))
        else:
            content: Any = data if how == "bytes" else io.BytesIO(data)
            _require_conflict(context, "write()", lambda: backend.write(path, content))


@probe("s3lost.ignored_by_moves")
def ignored_by_moves(context: ProbeContext, src: str, dst: str, variant: str) -> None:
    """A source that was replaced after it was copied stays although DeleteObject ignores If-Match."""
    newer = b"newer than what was copied"
    with another(context, variant) as backend:
        client, bucket = client_of(context, backend), bucket_of(context)

        def replace(_: object) -> None:
            client.put_object(Bucket=bucket, Key=src, Body=newer)

        with _deaf(client), meddling(client, "after-call.s3.CopyObject", replace) as done:
            try:
                backend.move(src, dst)
            except RemoteStoreError:
                pass  # It may say that the source changed.
            except Exception as exc:
                context.fail("move() to return, or an error of remote_store", f"{type(exc).__name__}: {exc}")
    if not done:
        context.skip_without("a CopyObject")
    try:
        left = context.backend.read_bytes(src)
    except Exception as exc:
        context.fail("the newer version of the source", f"{type(exc).__name__} when it is read")
    if left != newer:
        context.fail("the newer version of the source", f"{len(left)} other bytes")


@probe("s3lost.encrypted")
def encrypted(context: ProbeContext, path: str, op: str, content: str) -> None:
    """A write that meets its own object does not call it another's because its ETag is no digest."""
    data = parse_content(content).data

    def show_encrypted(head: MutableMapping[str, Any]) -> None:
        head.update(ETag=f'"{hashlib.md5(b"a key of KMS" + data).hexdigest()}"', ServerSideEncryption="aws:kms")

    client = client_of(context)
    with _sent_again(client, "PutObject"), _heads_shown(client, show_encrypted):
        _require_own(context, f"{op}()", lambda: getattr(context.backend, op)(path, data))
    if context.call("read_bytes()", context.backend.read_bytes, path) != data:
        context.fail("the bytes that were written", "others")


@probe("s3lost.alike")
def alike(context: ProbeContext, path: str, op: str, content: str) -> None:
    """A write that meets a file of the same content, which stood there before, does not call it its own."""
    data = parse_content(content).data
    client = client_of(context)
    client.put_object(Bucket=bucket_of(context), Key=path, Body=data)

    def show_older(head: MutableMapping[str, Any]) -> None:
        if "LastModified" in head:
            head["LastModified"] -= timedelta(hours=1)

    with _sent_again(client, "PutObject"), _heads_shown(client, show_older):
        _require_conflict(context, f"{op}()", lambda: getattr(context.backend, op)(path, data))


@probe("s3lost.conflicting_copies")
def conflicting_copies(context: ProbeContext, src: str, dst: str, op: str) -> None:
    """A copy that the server refuses for a conflict, of which the target came, is told that it exists."""
    client, bucket = client_of(context), bucket_of(context)

    def refused(request: Any, **_: object) -> Any:
        return _refusal(request.url, 409, "ConditionalRequestConflict")

    def create(_: object) -> None:
        client.put_object(Bucket=bucket, Key=dst, Body=b"the rival's")

    client.meta.events.register_first("before-send.s3.CopyObject", refused, unique_id="rsconform-refused")
    try:
        with meddling(client, "before-call.s3.CopyObject", create):
            _require_conflict(context, f"{op}()", lambda: getattr(context.backend, op)(src, dst))
    finally:
        client.meta.events.unregister("before-send.s3.CopyObject", unique_id="rsconform-refused")
    if context.call("read_bytes()", context.backend.read_bytes, src) != context.content[src]:
        context.fail("the source as it was", "another one")


@probe("s3lost.copied_after_parts")
def copied_after_parts(context: ProbeContext, src: str, dst: str, op: str, content: str) -> None:
    """A copy that meets itself does not call it another's because its source was uploaded in parts."""
    data = parse_content(content).data
    context.call("write()", context.backend.write, src, io.BytesIO(data))
    with _sent_again(client_of(context), "CopyObject"):
        _require_own(context, f"{op}()", lambda: getattr(context.backend, op)(src, dst))
    if context.call("read_bytes()", context.backend.read_bytes, dst) != data:
        context.fail("the copy whole", "other bytes")


def _in_a_block(backend: Backend, path: str, data: bytes) -> None:
    with backend.open_atomic(path) as file:
        file.write(data)


def _require_conflict(context: ProbeContext, what: str, deed: Callable[[], object]) -> None:
    try:
        deed()
    except AlreadyExists:
        return
    except Exception as exc:
        context.fail(f"AlreadyExists from {what}", f"{type(exc).__name__}: {exc}")
    context.fail(f"AlreadyExists from {what}", "it returned")


def _require_own(context: ProbeContext, what: str, deed: Callable[[], object]) -> None:
    try:
        deed()
    except BackendUnavailable:
        return  # Whether it was done is not known.
    except Exception as exc:
        context.fail(f"{what} to return, or BackendUnavailable", f"{type(exc).__name__}: {exc}")


@contextmanager
def _deaf(client: Any) -> Iterator[None]:
    """Keep conditions from the server: what it does then is what a server does that ignores them."""

    def overlook(params: MutableMapping[str, Any], **_: object) -> None:
        params.pop("IfNoneMatch", None)
        params.pop("IfMatch", None)

    client.meta.events.register("before-parameter-build.s3", overlook, unique_id="rsconform-deaf")
    try:
        yield
    finally:
        client.meta.events.unregister("before-parameter-build.s3", unique_id="rsconform-deaf")


@contextmanager
def _heads_shown(client: Any, change: Callable[[MutableMapping[str, Any]], None]) -> Iterator[None]:
    """Change what HEAD says of an object before the backend sees it."""

    def changed(parsed: MutableMapping[str, Any], **_: object) -> None:
        if "ContentLength" in parsed:
            change(parsed)

    client.meta.events.register("after-call.s3.HeadObject", changed, unique_id="rsconform-head")
    try:
        yield
    finally:
        client.meta.events.unregister("after-call.s3.HeadObject", unique_id="rsconform-head")


@contextmanager
def _sent_again(client: Any, operation: str) -> Iterator[None]:
    """Have the client send one request again that was answered, and refuse the second attempt for what is there."""
    attempts: list[str] = []

    def again(**_: object) -> float | None:
        attempts.append(operation)
        return 0.0 if len(attempts) == 1 else None

    def refused(request: Any, **_: object) -> Any:
        return _refusal(request.url, 412, "PreconditionFailed") if len(attempts) == 1 else None

    events = client.meta.events
    events.register(f"needs-retry.s3.{operation}", again, unique_id="rsconform-again")
    events.register_first(f"before-send.s3.{operation}", refused, unique_id="rsconform-refused")
    try:
        yield
    finally:
        events.unregister(f"needs-retry.s3.{operation}", unique_id="rsconform-again")
        events.unregister(f"before-send.s3.{operation}", unique_id="rsconform-refused")


class _Raw(io.BytesIO):
    """The body of an answer, as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _refusal(url: str, status: int, code: str) -> Any:
    from botocore.awsrequest import AWSResponse
    from botocore.compat import HTTPHeaders

    headers = HTTPHeaders()
    headers["Content-Type"], headers["Date"] = "application/xml", formatdate(usegmt=True)
    return AWSResponse(url, status, headers, _Raw(_REFUSAL.format(code=code).encode()))
