"""Mutants of S3B: server errors, broken connections and lost responses."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, NotFound, PermissionDenied, RemoteStoreError
from rsconform_s3 import reads
from rsconform_s3.errors import refusal_of

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import STREAM, asked_once_more, ending_at, read_at_once
from rsconform.selftest.mutant import Mutant, mutant
from rsconform.selftest.mutants.s3b_client_calls import Sending, always, maps, sends


def swallows_refusals(operations: str, answer: Mapping[str, Any]) -> op.Mutation:
    """Take a request that was refused for one that was answered."""

    def behaviour(sending: Sending) -> Any:
        try:
            return sending.proceed()
        except RemoteStoreError:
            return dict(answer)

    return sends(operations, behaviour)


_COPIED: Final = {"CopyObjectResult": {"ETag": '"e"'}, "ResponseMetadata": {"HTTPStatusCode": 200}}


def taken_for_missing(sending: Sending) -> Any:
    """Take a bare 403 for the answer that there is no object, as S3 gives it to who may not list."""
    try:
        return sending.proceed()
    except PermissionDenied as exc:
        raise NotFound("no such file", path=exc.path, backend=exc.backend) from exc


def asks_head_alone() -> op.Mutation:
    """Never ask again where a HEAD was answered by a bare 400."""

    def behaviour(sending: Sending) -> Any:
        try:
            return sending.proceed()
        except RemoteStoreError as exc:
            refusal = refusal_of(exc)
            if refusal is None or refusal.status != 400:
                raise
            # Without its cause nobody sees that it was a 400.
            raise RemoteStoreError("bad request", path=exc.path, backend=exc.backend) from None

    return sends("head_object head_bucket", behaviour)


def taken_for_lasting(sending: Sending) -> Any:
    """Take a broken line for something that will not pass."""
    try:
        return sending.proceed()
    except BackendUnavailable as exc:
        if refusal_of(exc) is None:
            raise RemoteStoreError(str(exc.args[0]), path=exc.path, backend=exc.backend) from exc
        raise


def unknown_taken_for_passing(sending: Sending) -> Any:
    try:
        return sending.proceed()
    except RemoteStoreError as exc:
        if type(exc) is RemoteStoreError:
            raise BackendUnavailable(str(exc.args[0]), path=exc.path, backend=exc.backend) from exc
        raise


def flattened(call: op.Call) -> Any:
    """Tell whatever befalls a reader as one error."""

    def read(stream: Any, size: int | None = -1) -> bytes:
        try:
            return bytes(stream.read(size))
        except RemoteStoreError as exc:
            raise RemoteStoreError("the read failed", path=call.path, backend=call.backend.name) from exc

    return op.Around(call.proceed(), read=read)


def short_taken_for_whole(stream: Any, size: int | None = -1) -> bytes:
    """Give what came before the line broke."""
    pieces = []
    try:
        while piece := stream.read(16384 if size is None or size < 0 else size):
            pieces.append(piece)
            if size is not None and size >= 0:
                break
    except BackendUnavailable:
        return b"".join(pieces)
    return b"".join(pieces)


def not_resumed(call: op.Call) -> Any:
    """Return a reader that does not ask for what a broken connection left out."""
    right, reads.RESUMES = reads.RESUMES, 0
    try:
        return call.call_correct("read", call.path)
    finally:
        reads.RESUMES = right


def short_reader(call: op.Call) -> Any:
    return op.Around(not_resumed(call), read=short_taken_for_whole)


def short_bytes(call: op.Call) -> Any:
    with not_resumed(call) as stream:
        return short_taken_for_whole(stream)


class _AbortFailed(Exception):  # It says what happened.
    """Not one of remote_store's, so that nothing on its way takes it for a reason to go on."""


def abort_told(sending: Sending) -> Any:
    """Let the failure of an abort stand in front of what made it necessary."""
    try:
        return sending.proceed()
    except RemoteStoreError as exc:
        raise _AbortFailed(str(exc)) from None


def abort_failure_mapped(call: op.Call) -> Any:
    try:
        return call.proceed()
    except _AbortFailed as exc:
        raise BackendUnavailable(str(exc), path=call.path, backend=call.backend.name) from exc


def without_the_condition(sending: Sending) -> Any:
    """Write unconditionally where the server knows no conditions."""
    try:
        return sending.proceed()
    except RemoteStoreError as exc:
        refusal = refusal_of(exc)
        if refusal is not None and refusal.status == 501:
            return sending.proceed("IfNoneMatch")
        raise


def met_again(sending: Sending) -> Any:
    """Take whatever is there at the second attempt for what the first one made."""
    try:
        return sending.proceed()
    except RemoteStoreError as exc:
        refusal = refusal_of(exc)
        if refusal is not None and refusal.status == 412 and refusal.retries:
            return sending.also("head_object", Key=sending.parameters["Key"])
        raise


def met_a_digest(sending: Sending) -> Any:
    """Tell one's own object from another's by its ETag alone."""
    try:
        return sending.proceed()
    except RemoteStoreError as exc:
        refusal = refusal_of(exc)
        if refusal is None or refusal.status != 412 or not refusal.retries:
            raise
        head = sending.also("head_object", Key=sending.parameters["Key"])
        if head["ETag"].strip('"') == md5(sending.parameters["Body"]).hexdigest():
            return head
        raise AlreadyExists("there is one", path=exc.path, backend=exc.backend) from None


def copied_again(sending: Sending) -> Any:
    """Take whatever is there at the second attempt for the copy."""
    try:
        return sending.proceed()
    except RemoteStoreError as exc:
        refusal = refusal_of(exc)
        if refusal is not None and refusal.status == 412 and refusal.retries:
            return dict(_COPIED)
        raise


def copied_by_its_etag(sending: Sending) -> Any:
    """Tell a copy from another's object by the ETag of its source."""
    try:
        return sending.proceed()
    except RemoteStoreError as exc:
        refusal = refusal_of(exc)
        if refusal is None or refusal.status != 412 or not refusal.retries:
            raise
        head = sending.also("head_object", Key=sending.parameters["Key"])
        if head["ETag"] == sending.parameters["CopySourceIfMatch"]:
            return dict(_COPIED)
        raise AlreadyExists("there is one", path=exc.path, backend=exc.backend) from None


def left_to_the_header(call: op.Call) -> Any:
    """Leave it to the server alone to keep a target that is there."""
    requests = call.backend._requests
    target, look = call.backend._key(call.arguments["dst"]), requests.head
    requests.head = lambda key, *rest, **more: None if key == target else look(key, *rest, **more)
    try:
        return call.proceed()
    finally:
        del requests.head


def with_the_condition(sending: Sending) -> Any:
    """Look, and write conditionally as well."""
    return sending.proceed(IfNoneMatch="*") if sending.parameters.get("Body") == b"x" else sending.proceed()


def errors_overlooked(sending: Sending) -> Any:
    answer = sending.proceed()
    answer.pop("Errors", None)
    return answer


def errors_of_denial_only(sending: Sending) -> Any:
    answer = sending.proceed()
    if all(error["Code"] != "AccessDenied" for error in answer.get("Errors", ())):
        answer.pop("Errors", None)
    return answer


def deleted_one_by_one(sending: Sending) -> Any:
    """Delete what could not be deleted with the others on its own, and complain all the same."""
    answer = sending.proceed()
    for error in answer.get("Errors", ()):
        sending.also("delete_object", Key=error["Key"])
    return answer


def looked_for_again(sending: Sending) -> Any:
    """Report a file that is gone by the time it is deleted."""
    try:
        return sending.proceed()
    except NotFound as exc:
        raise BackendUnavailable("it changed", path=exc.path, backend=exc.backend) from exc


def moved_away_already(sending: Sending) -> Any:
    return looked_for_again(sending) if "IfMatch" in sending.parameters else sending.proceed()


def last_without_token(sending: Sending) -> Any:
    """Take a page for the last if it does not say where the next begins."""
    answer = sending.proceed()
    answer["IsTruncated"] = "NextContinuationToken" in answer
    return answer


def ancestors_demanded(call: op.Call) -> Any:
    """Refuse to write where nobody could look above the path."""
    parent = call.path.rpartition("/")[0]
    if parent:
        call.call_correct("is_file", parent)
    return call.proceed()


def bare(message: str, *, code: str) -> op.Mutation:
    """Say nothing of what the server said."""

    def behaviour(sending: Sending) -> Any:
        try:
            return sending.proceed()
        except RemoteStoreError as exc:
            refusal = refusal_of(exc)
            if refusal is not None and refusal.code == code:
                raise RemoteStoreError(message, path=exc.path, backend=exc.backend) from exc
            raise

    return sends("get_object list_objects_v2 put_object", behaviour)


UNCONDITIONAL: Final = op.When(lambda call, _: call.backend._honours_conditions is False)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("S3B-021", "misses-the-file", "s3", maps(NotFound, code="NoSuchUpload"), reason="NotFound"),
    mutant("S3B-022", "knows-no-denial", "s3", maps(RemoteStoreError, code="AccessDenied"), reason="PermissionDenied"),
    mutant("S3B-022", "takes-it-for-a-change", "s3",
        maps(BackendUnavailable, code="AccessDenied", operations="copy_object"),
        reason="copy raised BackendUnavailable"),
    mutant("S3B-022", "knows-one-denial", "s3", maps(RemoteStoreError, status=401), reason="PermissionDenied"),
    mutant("S3B-023", "does-not-know-it", "s3", maps(NotFound, code="InvalidAccessKeyId"), reason="PermissionDenied"),
    mutant("S3B-024", "does-not-know-it", "s3", maps(BackendUnavailable, code="SignatureDoesNotMatch"),
        reason="PermissionDenied"),
    mutant("S3B-025", "goes-by-the-status", "s3", maps(RemoteStoreError, code="ExpiredToken"),
        reason="PermissionDenied"),
    mutant("S3B-026", "knows-two-of-them", "s3", maps(RemoteStoreError, code="AuthorizationHeaderMalformed"),
        reason="PermissionDenied"),
    mutant("S3B-027", "does-not-know-it", "s3", maps(RemoteStoreError, code="AccountProblem"),
        reason="PermissionDenied"),
    mutant("S3B-028", "asks-no-more", "s3", asks_head_alone(), reason="PermissionDenied"),
    mutant("S3B-029", "takes-it-for-missing", "s3", sends("head_object", taken_for_missing), reason="PermissionDenied"),
    mutant("S3B-030", "knows-500-only", "s3", maps(RemoteStoreError, status=503), reason="BackendUnavailable"),
    mutant("S3B-030", "knows-no-gateway", "s3", maps(RemoteStoreError, status=502), reason="BackendUnavailable"),
    mutant("S3B-031", "knows-no-429", "s3", maps(RemoteStoreError, status=429), reason="BackendUnavailable"),
    mutant("S3B-031", "goes-by-the-status", "s3", maps(RemoteStoreError, code="RequestTimeout"), reason="Unavailable"),
    mutant("S3B-032", "takes-it-for-lasting", "s3", sends("get_object head_object", taken_for_lasting),
        reason="Unavail"),
    mutant("S3B-035", "takes-it-for-missing", "s3", maps(NotFound, status=301), reason="NotFound"),
    mutant("S3B-035", "does-not-say-where", "s3", bare("moved", code="PermanentRedirect"), reason="region"),
    mutant("S3B-037", "takes-it-for-a-denial", "s3", maps(PermissionDenied, code="InvalidObjectState"), reason="value"),
    mutant("S3B-038", "takes-it-for-passing", "s3", sends("get_object put_object", unknown_taken_for_passing),
        reason="BackendUnavailable"),
    mutant("S3B-038", "says-nothing", "s3", bare("it failed", code="SomethingNew"), reason="SomethingNew"),
    mutant("S3B-039", "believes-it", "s3", swallows_refusals("copy_object", _COPIED), reason="BackendUnavailable"),
    # S3B: what reads may cost.
    mutant("S3B-040", "fetches-when-opened", "s3", op.alters("read_seekable", read_at_once), reason="GetObject"),
    mutant("S3B-040", "asks-twice-when-opened", "s3", op.before("read", asked_once_more), reason="total requests"),
    mutant("S3B-049", "takes-it-for-the-whole", "s3", op.replace("read", short_reader), reason="bytes"),
    mutant("S3B-049", "gives-what-came", "s3", op.replace("read_bytes", short_bytes), reason="bytes"),
    mutant("S3B-050", "tells-all-alike", "s3", op.replace("read read_seekable", flattened), reason="PermissionDenied"),
    mutant("S3B-064", "leaves-its-upload", "s3", sends("abort_multipart_upload", lambda _: {}),
        reason="AbortMultipart"),
    mutant("S3B-065", "tells-of-the-abort", "s3",
        sends("abort_multipart_upload", abort_told) + op.replace("write", abort_failure_mapped, STREAM),
        reason="PermissionDenied"),
    mutant("S3B-083", "leaves-it-to-the-header", "s3",
        op.replace("copy move", left_to_the_header, op.called_with(overwrite=False)), also="BE-018c BE-019c KIT-001",
        reason="AlreadyExists"),
    mutant("S3B-084", "loses-at-once", "s3",
        maps(AlreadyExists, code="ConditionalRequestConflict", operations="put_object"), reason="write to return"),
    mutant("S3B-084", "does-not-look-for-a-copy", "s3",
        maps(BackendUnavailable, code="ConditionalRequestConflict", operations="copy_object"), reason="AlreadyExists"),
    mutant("S3B-085", "meets-itself", "s3", maps(AlreadyExists, status=412, operations="put_object"), reason="return"),
    mutant("S3B-085", "does-not-know-its-parts", "s3",
        maps(AlreadyExists, status=412, operations="complete_multipart_upload"), reason="write to return"),
    mutant("S3B-085", "goes-by-the-etag", "s3", sends("put_object", met_a_digest), reason="to return, or BackendUnav"),
    mutant("S3B-085", "takes-what-is-alike", "s3", sends("put_object", met_a_digest),
        reason="AlreadyExists from write"),
    mutant("S3B-085", "copies-onto-itself", "s3", maps(AlreadyExists, status=412, operations="copy_object"),
        also="S3B-095"),
    mutant("S3B-085", "takes-any-copy-for-its-own", "s3", sends("copy_object", copied_again), reason="AlreadyExists"),
    mutant("S3B-085", "copies-by-the-etag", "s3", sends("copy_object", copied_by_its_etag),
        reason="BackendUnavailable"),
    mutant("S3B-085", "takes-all-for-its-own", "s3", sends("put_object", met_again), reason="AlreadyExists"),
    mutant("S3B-086", "trusts-any-server", "s3", always(conditional_writes=True), reason="AlreadyExists from write"),
    mutant("S3B-086", "overwrites-in-silence", "s3", sends("put_object", without_the_condition), reason="returned"),
    mutant("S3B-086", "demands-it-all-the-same", "s3", sends("put_object", with_the_condition),
        reason="no If-None-Match"),
    mutant("S3B-086", "copies-without-looking", "s3", op.passes("copy", UNCONDITIONAL, overwrite=True),
        reason="AlreadyExists"),
    mutant("S3B-091", "fails-closed", "s3_strict", op.replace("write", ancestors_demanded), also="ERR-002",
        reason="write to return"),
    mutant("S3B-095", "takes-it-for-taken", "s3", maps(AlreadyExists, status=412, operations="copy_object"),
        also="S3B-083", reason="AlreadyExists"),
    mutant("S3B-096", "leaves-its-upload", "s3", sends("abort_multipart_upload", lambda _: {}), reason="upload of"),
    mutant("S3B-097", "trusts-any-server", "s3", always(conditional_writes=True), reason="newer version"),
    mutant("S3B-098", "says-it-moved", "s3", swallows_refusals("delete_object", {}), reason="PermissionDenied"),
    mutant("S3B-102", "overlooks-them", "s3", sends("delete_objects", errors_overlooked), reason="PermissionDenied"),
    mutant("S3B-102", "minds-denials-only", "s3", sends("delete_objects", errors_of_denial_only), reason="Unavailable"),
    mutant("S3B-103", "deletes-them-anyway", "s3", sends("delete_objects", deleted_one_by_one), reason="the tree"),
    mutant("S3B-104", "minds-a-404", "s3", sends("delete_object", looked_for_again), reason="delete to return"),
    mutant("S3B-104", "minds-a-404-in-a-move", "s3", sends("delete_object", moved_away_already),
        reason="move to return"),
    mutant("S3B-112", "ends-there", "s3", op.alters("list_files", ending_at(RemoteStoreError)), reason="NotFound"),
    mutant("S3B-112", "stops-without-a-token", "s3", sends("list_objects_v2", last_without_token),
        reason="of them from"),
    mutant("S3B-112", "globs-till-there", "s3", op.alters("glob", ending_at(BackendUnavailable)), reason="Unavailable"),
    mutant("S3B-125", "is-healthy-anyway", "s3", swallows_refusals("head_bucket", {}), reason="check_health"),
)
# fmt: on
