"""What the writes of an S3 backend send, when it shows, and who wins against a rival."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, RemoteStoreError

from rsconform.cases.content import parse_content
from rsconform.probes import ProbeContext, probe
from rsconform.probes.looking import looking_at
from rsconform.probes.looking import shown as content_shown
from rsconform.probes.own import OwnError
from rsconform.probes.s3client import another, client_of, meddling, peer_of, recording, shown
from rsconform.probes.telling import Telling

RIVAL: Final = b"the rival's"
# The requests that make an object visible.
_SHOWING: Final = ("PutObject", "CompleteMultipartUpload")


@probe("s3writes.condition")
def condition(context: ProbeContext, path: str, op: str, content: str, stream: bool) -> None:
    """The request that makes a created object visible carries If-None-Match: *."""
    with recording(client_of(context)) as sent:
        context.call(f"{op}()", getattr(context.backend, op), path, _handed(content, stream=stream))
    showing = [one for one in sent if one.operation in _SHOWING]
    if len(showing) != 1 or showing[0].parameters.get("IfNoneMatch") != "*":
        conditions = [one.parameters.get("IfNoneMatch") for one in showing]
        context.fail("If-None-Match: * with the request that makes it visible", f"{shown(showing)} with {conditions}")


@probe("s3writes.unconditional")
def unconditional(context: ProbeContext, src: str, variant: str) -> None:
    """For a server that knows no conditions nothing is created with one."""
    with another(context, variant) as backend, recording(client_of(context, backend)) as sent:
        context.call("write()", backend.write, "a", b"x")
        context.call("write() of a stream", backend.write, "b", _handed("bytes:9MiB", stream=True))
        context.call("copy()", backend.copy, src, "c")
    conditional = [one for one in sent if "IfNoneMatch" in one.parameters]
    if conditional:
        context.fail("no If-None-Match", shown(conditional))


@probe("s3writes.unseen")
def unseen(context: ProbeContext, path: str, op: str, content: str) -> None:
    """Nothing of an upload in parts shows before it is completed."""
    with looking_at(context, path, "audit") as look:
        before = look()
        seen: list[str] = []

        def told(at: object) -> None:
            now = look()
            if now != before:
                seen.append(f"{content_shown(now)} {at}")

        source = Telling(parse_content(content).data, lambda at: told(f"when the source was at byte {at}"))
        with meddling(
            client_of(context), "before-call.s3.CompleteMultipartUpload", lambda _: told("before it was completed")
        ):
            context.call(f"{op}()", getattr(context.backend, op), path, source, overwrite=True)
        if seen:
            context.fail(f"{content_shown(before)} until it is completed", seen[0])


@probe("s3writes.source_error")
def source_error(context: ProbeContext, path: str, op: str, after: int) -> None:
    """What a source raises comes out, or is the cause of what does."""
    own = OwnError("the source's own")

    def told(at: int) -> None:
        if at > after:
            raise own

    source = Telling(parse_content(f"bytes:{2 * after + 1}").data, told)
    try:
        getattr(context.backend, op)(path, source, overwrite=True)
    except OwnError as exc:
        if exc is own:
            return
        context.fail("the source's own exception", f"another {type(exc).__name__}")
    except Exception as exc:
        if isinstance(exc, RemoteStoreError) and _is_caused_by(exc, own):
            return
        context.fail("the source's own exception, or an error with it as its cause", f"{type(exc).__name__}: {exc}")
    context.fail("the source's own exception, or an error with it as its cause", f"{op}() returned")


@probe("s3writes.block")
def block(context: ProbeContext, path: str, content: str, raises: bool) -> None:
    """While the block of open_atomic() runs nothing is sent; nor afterwards if it raises."""
    own = OwnError("the block's own")
    data = parse_content(content).data
    with recording(client_of(context)) as sent:
        manager = context.call("open_atomic()", context.backend.open_atomic, path)
        file = context.call("entering the block", manager.__enter__)
        early = [one for one in sent if one.operation not in ("HeadObject", "ListObjectsV2", "GetObject")]
        entered = len(sent)
        context.call("write() of the block's file", file.write, data)
        early += sent[entered:]
        written = len(sent)
        try:
            manager.__exit__(*((OwnError, own, None) if raises else (None, None, None)))
        except OwnError as exc:
            if exc is not own:
                context.fail("the block's own exception", "another one")
        except Exception as exc:
            context.fail("the block to be left", f"{type(exc).__name__}: {exc}")
        late = sent[written:]
    if early:
        context.fail("no request before the block is left", shown(early))
    if raises and late:
        context.fail("no request after the block raised", shown(late))
    if not raises and not late:
        context.fail("a request when the block is left", "none")


@probe("s3writes.own_result")
def own_result(context: ProbeContext, path: str, op: str, content: str, stream: bool) -> None:
    """A WriteResult describes what the write made, whoever overwrites it right after."""
    client = client_of(context)
    answered: list[str] = []
    with peer_of(context) as peer:

        def overwritten(answer: Any) -> None:
            answered.append(str(answer.get("ETag", "")).strip('"').lower())
            peer.write(path, RIVAL, overwrite=True)

        large = stream and len(parse_content(content).data) > 8 << 20
        event = f"after-call.s3.{_SHOWING[large]}"
        with meddling(client, event, overwritten):
            written = context.call(f"{op}()", getattr(context.backend, op), path, _handed(content, stream=stream))
    if not answered:
        context.fail(f"a {_SHOWING[large]}", "none was sent")
    if written.etag is not None and written.etag != answered[0]:
        context.fail(f"the ETag of the write's own answer, {answered[0]}", str(written.etag))


@probe("s3writes.null_version")
def null_version(context: ProbeContext, path: str, op: str) -> None:
    """What a bucket whose versioning is suspended calls a version is none."""

    def answered(parsed: Any) -> None:
        parsed["VersionId"] = "null"

    with meddling(client_of(context), "after-call.s3.PutObject", answered):
        written = context.call(f"{op}()", getattr(context.backend, op), path, b"x")
    if written.version_id is not None:
        context.fail("no version_id", repr(written.version_id))


@probe("s3writes.composite")
def composite(context: ProbeContext, path: str, answer: Mapping[str, str]) -> None:
    """A checksum of checksums is no digest, in whichever way an answer shows that it is one."""
    backend, client = context.backend, client_of(context)

    def answered(parsed: Any) -> None:
        for name in [name for name in parsed if name.startswith("Checksum")]:
            del parsed[name]
        parsed.update(answer)

    with meddling(client, "after-call.s3.HeadObject", answered) as asked:
        info = context.call("get_file_info()", backend.get_file_info, path)
    with meddling(client, "after-call.s3.PutObject", answered) as stored:
        written = context.call("write()", backend.write, path, b"x", overwrite=True)
    for what, done, digest in (("get_file_info()", asked, info.digest), ("write()", stored, written.digest)):
        if done and digest is not None:
            context.fail(f"no digest from {what}", f"{digest} of an answer with {dict(answer)}")


@probe("s3writes.rival_source")
def rival_source(context: ProbeContext, path: str, op: str, content: str) -> None:
    """A rival that creates the key while the source is read wins: the writer gets AlreadyExists."""
    data = parse_content(content).data
    with peer_of(context) as peer:
        once: list[int] = []

        def told(at: int) -> None:
            if at == len(data) and not once:
                once.append(at)
                peer.write(path, RIVAL)

        source = Telling(data, told)
        _require_conflict(context, path, lambda: getattr(context.backend, op)(path, source))


@probe("s3writes.rival_block")
def rival_block(context: ProbeContext, path: str, content: str) -> None:
    """A rival that creates the key while the block is open wins: leaving it raises AlreadyExists."""
    with peer_of(context) as peer:
        manager = context.call("open_atomic()", context.backend.open_atomic, path)
        file = context.call("entering the block", manager.__enter__)
        context.call("write() of the block's file", file.write, parse_content(content).data)
        context.call("a rival's write()", peer.write, path, RIVAL)
        _require_conflict(context, path, lambda: manager.__exit__(None, None, None))


@probe("s3writes.metadata")
def metadata(context: ProbeContext, path: str, value: str) -> None:
    """A value comes back as it was written, or is refused for good before anything is sent."""
    backend = context.backend
    with recording(client_of(context)) as sent:
        try:
            backend.write(path, b"x", metadata={"k": value})
        except Exception as exc:
            if isinstance(exc, BackendUnavailable) or not isinstance(exc, RemoteStoreError | ValueError):
                context.fail("a lasting refusal", f"{type(exc).__name__}: {exc}")
            if sent:
                context.fail("a refusal before anything is sent", f"{type(exc).__name__} after {shown(sent)}")
            return
    read = context.call("get_file_info()", backend.get_file_info, path).metadata
    if dict(read or {}) != {"k": value}:
        context.fail(f"the metadata as written, {value!r}", repr(dict(read or {})))


def _handed(content: str, *, stream: bool) -> Any:
    data = parse_content(content).data
    return io.BytesIO(data) if stream else data


def _require_conflict(context: ProbeContext, path: str, write: Callable[[], object]) -> None:
    try:
        write()
    except AlreadyExists as exc:
        if exc.path != path:
            context.fail(f"AlreadyExists about {path!r}", f"about {exc.path!r}")
        return
    except Exception as exc:
        context.fail("AlreadyExists", f"{type(exc).__name__}: {exc}")
    context.fail("AlreadyExists", "it returned")


def _is_caused_by(exc: BaseException, own: BaseException) -> bool:
    for _ in range(10):
        cause = exc.__cause__
        if cause is None or cause is own:
            return cause is own
        exc = cause
    return False
