"""What copies and moves of an S3 backend demand of the server, and what a rival in between finds afterwards."""

from __future__ import annotations

from remote_store import AlreadyExists, RemoteStoreError

from rsconform.cases.content import parse_content
from rsconform.probes import ProbeContext, probe
from rsconform.probes.s3client import another, bucket_of, client_of, meddling, peer_of, recording, shown
from rsconform.probes.s3writes import RIVAL

_NEWER = b"newer than what was copied"


@probe("s3copies.condition")
def condition(context: ProbeContext, src: str, dst: str, op: str) -> None:
    """A copy that must not overwrite carries If-None-Match: *."""
    with recording(client_of(context)) as sent:
        context.call(f"{op}()", getattr(context.backend, op), src, dst)
    copies = [one for one in sent if one.operation == "CopyObject"]
    if len(copies) != 1 or copies[0].parameters.get("IfNoneMatch") != "*":
        conditions = [one.parameters.get("IfNoneMatch") for one in copies]
        context.fail("one CopyObject, with If-None-Match: *", f"{shown(copies)} with {conditions}")


@probe("s3copies.rival")
def rival(context: ProbeContext, src: str, dst: str, op: str) -> None:
    """A rival that creates the target just before it is copied to wins."""
    with peer_of(context) as peer:
        with meddling(client_of(context), "before-call.s3.CopyObject", lambda _: peer.write(dst, RIVAL)):
            try:
                getattr(context.backend, op)(src, dst)
            except AlreadyExists as exc:
                if exc.path != dst:
                    context.fail(f"AlreadyExists about {dst!r}", f"about {exc.path!r}")
                return
            except Exception as exc:
                context.fail("AlreadyExists", f"{type(exc).__name__}: {exc}")
    context.fail("AlreadyExists", f"{op}() returned")


@probe("s3copies.pins")
def pins(context: ProbeContext, src: str, dst: str, op: str, variant: str = "") -> None:
    """Every request that copies does so from the version that was looked at, or from none."""
    if not variant:
        _require_pins(context, context.backend, src, dst, op)
        return
    with another(context, variant) as backend:
        _require_pins(context, backend, src, dst, op)


def _require_pins(context: ProbeContext, backend: object, src: str, dst: str, op: str) -> None:
    client = client_of(context, backend)  # type: ignore[arg-type]  # Backends, both.
    etag = client.head_object(Bucket=bucket_of(context), Key=src)["ETag"].strip('"')
    with recording(client) as sent:
        context.call(f"{op}()", getattr(backend, op), src, dst)
    copies = [one for one in sent if one.operation in ("CopyObject", "UploadPartCopy")]
    if not copies:
        context.fail("a copy on the server", shown(sent))
    looks = [one for one in sent if one.operation in ("HeadObject", "GetObject") and one.parameters.get("Key") == src]
    for one in copies:
        if one.operation == "CopyObject" and not looks:
            continue  # It takes one version, whichever that is.
        pin = str(one.parameters.get("CopySourceIfMatch"))
        if pin.strip('"') != etag:  # S3 takes it with quotes or without.
            context.fail(f"{one} with the source's ETag {etag}", pin)


@probe("s3copies.replaced")
def replaced(context: ProbeContext, src: str, dst: str) -> None:
    """A source that is replaced right after it was copied outlives the move."""
    with peer_of(context) as peer:
        with meddling(
            client_of(context), "after-call.s3.CopyObject", lambda _: peer.write(src, _NEWER, overwrite=True)
        ) as done:
            try:
                context.backend.move(src, dst)
            except RemoteStoreError:
                pass  # It may say that the source changed.
            except Exception as exc:
                context.fail("move() to return, or an error of remote_store", f"{type(exc).__name__}: {exc}")
        if not done:
            context.fail("a CopyObject", "none was sent")
        try:
            left = peer.read_bytes(src)
        except RemoteStoreError as exc:
            context.fail("the newer version of the source", f"{type(exc).__name__} when it is read")
    if left != _NEWER:
        context.fail("the newer version of the source", f"{len(left)} other bytes")


@probe("s3copies.kept")
def kept(context: ProbeContext, src: str, dst: str, content: str, variant: str) -> None:
    """User metadata and content type of the source are those of the copy."""
    wanted = {"ContentType": "text/x-rsconform", "Metadata": {"owner": "me"}}
    with another(context, variant) as backend:
        client = client_of(context, backend)
        bucket = bucket_of(context)
        client.put_object(Bucket=bucket, Key=src, Body=parse_content(content).data, **wanted)
        context.call("copy()", backend.copy, src, dst)
        head = client.head_object(Bucket=bucket, Key=dst)
    if {name: head.get(name) for name in wanted} != wanted:
        context.fail(str(wanted), str({name: head.get(name) for name in wanted}))
