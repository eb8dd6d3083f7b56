"""Mutants of S3B: writes, copies and moves."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, ContentDigest, RemotePath, RemoteStoreError, WriteResult

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import METADATA, STREAM, asked_once_more, looked_first, one_read, rewound
from rsconform.selftest.mutant import Mutant, mutant
from rsconform.selftest.mutants.s3b_client_calls import Sending, always, drops, sends


def blindly(call: op.Call) -> Any:
    """Do it without ever finding an object that is there."""
    requests = call.backend._requests
    requests.head = lambda *_, **__: None
    try:
        return call.proceed()
    finally:
        del requests.head


_MiB: Final = 1 << 20
UNEASY: Final = op.When(lambda _call, path: ".." in path.split("/") or "\0" in path)
NO_CONTENT: Final = op.When(lambda call, _: call.arguments["content"] == b"")


def bytes_of(content: Any) -> bytes:
    return content if isinstance(content, bytes) else content.read()


def bit_first(call: op.Call) -> Any:
    """Show the first part of what is written at once."""
    content = bytes_of(call.arguments["content"])
    if len(content) > 8 * _MiB:
        call.call_correct("write", call.path, content[: 8 * _MiB], overwrite=True)
    return call.proceed(content=io.BytesIO(content))


def kept_what_came(call: op.Call) -> Any:
    """Store what a source gave before it failed."""
    source = call.arguments["content"]
    pieces = []
    try:
        pieces += list(iter(lambda: source.read(65536), b""))
    except Exception:
        call.call_correct("write", call.path, b"".join(pieces), overwrite=True)
        raise
    return call.proceed(content=b"".join(pieces))


def cause_lost(call: op.Call) -> Any:
    try:
        return call.proceed()
    except RemoteStoreError:
        raise
    except Exception as exc:
        raise BackendUnavailable(str(exc), path=call.path, backend=call.backend.name) from None


def source_closed(call: op.Call) -> None:
    getattr(call.arguments["content"], "close", lambda: None)()


@contextmanager
def look_inside(call: op.Call) -> Iterator[Any]:
    """Begin an upload as soon as the block is entered."""
    with call.proceed() as file:
        call.backend._requests.send("create_multipart_upload", call.path, Key=call.path)
        yield file


@contextmanager
def sent_anyway(call: op.Call) -> Iterator[Any]:
    """Look once more when the block raises."""
    with call.proceed() as file:
        try:
            yield file
        except Exception:
            call.call_correct("is_file", call.path)
            raise


@contextmanager
def looked_on_entering(call: op.Call) -> Iterator[Any]:
    if call.call_correct("is_file", call.path):
        raise AlreadyExists("there is one", path=call.path, backend=call.backend.name)
    with call.proceed(overwrite=True) as file:
        yield file


def stored_before(call: op.Call) -> None:
    """Send the object before the path is looked at."""
    key = call.path.replace("\0", "0")
    call.backend._requests.send("put_object", call.path, Key=key, Body=b"stored")


def marker_left(call: op.Call) -> None:
    call.backend._requests.send("put_object", call.path, Key=call.path.rpartition("/")[0] + "/", Body=b"")


def nothing_stored(call: op.Call) -> Any:
    return WriteResult(RemotePath(call.path), 0, source="native")


def described_later(call: op.Call) -> Any:
    """Ask the server afterwards what was written."""
    written = call.proceed()
    return replace(written, etag=call.call_correct("get_file_info", call.path).etag)


def sums_of_sums(model: Any) -> Any:
    if model.etag and "-" in model.etag:
        return ContentDigest("crc32", "00c0ffee")
    return model.digest


def drops_the_type(sending: Sending) -> Any:
    answer = sending.proceed()
    answer.pop("ChecksumType", None)
    return answer


def etag_as_digest(model: Any) -> Any:
    return ContentDigest("md5", model.etag.partition("-")[0])


def through_the_client(call: op.Call) -> None:
    content = call.call_correct("read_bytes", call.path)
    call.call_correct("write", call.arguments["dst"], content, overwrite=call.arguments["overwrite"])


def quoted_twice(sending: Sending) -> Any:
    from urllib.parse import quote

    source = sending.parameters["CopySource"]
    return sending.proceed(CopySource={**source, "Key": quote(source["Key"])})


def plus_for_blank(sending: Sending) -> Any:
    source = sending.parameters["CopySource"]
    return sending.proceed(CopySource={**source, "Key": source["Key"].replace("+", " ")})


def replaced_metadata(sending: Sending) -> Any:
    return sending.proceed(MetadataDirective="REPLACE")


def names_folded(result: Any) -> Any:
    return {name.lower(): value for name, value in result.metadata.items()} if result.metadata else None


def last_name_wins(call: op.Call) -> Any:
    folded = {name.lower(): value for name, value in call.arguments["metadata"].items()}
    return call.proceed(metadata=folded)


def values_trimmed(call: op.Call) -> Any:
    trimmed = {name: value.strip() for name, value in call.arguments["metadata"].items()}
    return call.proceed(metadata=trimmed)


def unavailable_for_good(call: op.Call) -> Any:
    if not all(value.isascii() for value in call.arguments["metadata"].values()):
        raise BackendUnavailable("try again", path=call.path, backend=call.backend.name)
    return call.proceed()


def hoarded(call: op.Call) -> Any:
    """Hold a whole source in memory."""
    return call.proceed(content=bytes_of(call.arguments["content"]))


def sent_again(call: op.Call) -> Any:
    call.call_correct("read_bytes", call.path)
    return call.proceed()


WRITES: Final = "write write_atomic"


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("S3B-036", "looks-first", "s3", op.before("write", asked_once_more), reason="total requests"),
    mutant("S3B-036", "is-unavailable-then", "s3", op.raises_instead("write_atomic", AlreadyExists, BackendUnavailable),
        reason="AlreadyExists"),
    mutant("S3B-060", "asks-what-it-wrote", "s3", op.after("write", asked_once_more), reason="total requests"),
    mutant("S3B-061", "shows-a-part", "s3", op.replace("write", bit_first, STREAM), reason="until it is completed"),
    mutant("S3B-062", "knows-no-limit", "s3", always(transfer=None), reason="PutObject"),
    mutant("S3B-063", "keeps-what-came", "s3", op.replace("write_atomic", kept_what_came, STREAM), also="KIT-001",
        reason="bytes"),
    mutant("S3B-063", "leaves-its-upload", "s3", sends("abort_multipart_upload", lambda _: {}), reason="upload of"),
    mutant("S3B-066", "loses-the-cause", "s3", op.replace("write", cause_lost), also="BE-021a", reason="cause"),
    mutant("S3B-067", "closes-its-source", "s3", op.after("write", source_closed, STREAM), reason="closed"),
    mutant("S3B-067", "reads-once", "s3", op.replace("write", one_read, STREAM), also="WR-001a.1", reason="bytes"),
    mutant("S3B-067", "rewinds", "s3", op.replace("write", rewound, STREAM), also="BE-021a", reason="bytes"),
    mutant("S3B-068", "hoards", "s3", op.replace("write", hoarded, STREAM), reason="MiB more", limit_s=30.0),
    mutant("S3B-070", "begins-at-once", "s3", op.replace("open_atomic", look_inside), also="BE-010a",
        reason="before the block"),
    mutant("S3B-070", "looks-after-all", "s3", op.replace("open_atomic", sent_anyway), reason="after the block raised"),
    mutant("S3B-071", "stores-before-it-looks", "s3", op.before(WRITES, stored_before, UNEASY), also="KIT-001 KIT-003",
        reason="total requests"),
    mutant("S3B-072", "leaves-markers", "s3", op.after("write", marker_left, op.NESTED), also="BE-008d KIT-003",
        reason="a/b/"),
    mutant("S3B-073", "stores-nothing", "s3", op.replace("write", nothing_stored, NO_CONTENT), reason="requests"),
    mutant("S3B-074", "quotes-the-etag", "s3", op.fills("write", etag=lambda one: f'"{one.etag}"'), reason="etag"),
    mutant("S3B-074", "has-a-null-version", "s3", op.fills("write", version_id=lambda _: "null"), reason="version_id"),
    mutant("S3B-074", "guesses-a-time", "s3",
        op.fills("write", last_modified=lambda _: datetime(2001, 1, 1, tzinfo=UTC)), reason="last_modified"),
    mutant("S3B-075", "asks-afterwards", "s3", op.replace("write", described_later), reason="own answer"),
    mutant("S3B-076", "sums-sums", "s3", op.fills("get_file_info", digest=sums_of_sums), reason="digest"),
    mutant("S3B-076", "knows-no-types", "s3", sends("head_object", drops_the_type),
        reason="no digest from get_file_info"),
    mutant("S3B-077", "takes-the-etag", "s3", op.fills("get_file_info", digest=etag_as_digest), reason="digest"),
    mutant("S3B-080", "looks-first", "s3", op.replace(WRITES, looked_first, op.called_with(overwrite=False)),
        reason="requests"),
    mutant("S3B-080", "leaves-the-condition-out", "s3", drops("put_object", "IfNoneMatch"), also="BE-008c", reason="*"),
    mutant("S3B-081", "leaves-the-condition-out", "s3", drops("complete_multipart_upload", "IfNoneMatch"),
        reason="If-None-Match"),
    mutant("S3B-081", "leaves-its-upload", "s3", sends("abort_multipart_upload", lambda _: {}), reason="upload of"),
    mutant("S3B-082", "looks-on-entering", "s3", op.replace("open_atomic", looked_on_entering), reason="AlreadyExists"),
    mutant("S3B-083", "leaves-the-condition-out", "s3", drops("copy_object", "IfNoneMatch"), reason="If-None-Match"),
    mutant("S3B-087", "does-not-look", "s3", op.replace("write", blindly, STREAM), reason="requests"),
    mutant("S3B-090", "minds-what-is-below", "s3", op.raises("write", AlreadyExists, op.FOLDER),
        reason="AlreadyExists"),
    mutant("S3B-090", "minds-what-is-below-the-target", "s3",
        op.raises("copy", AlreadyExists, op.FOLDER.of("dst"), naming="dst"), reason="AlreadyExists"),
    mutant("S3B-091", "forgets-the-opt-in", "s3_strict", op.override(_refuse_file_ancestor=lambda _self, _target: None),
        reason="InvalidPath"),
    mutant("S3B-091", "asks-in-vain", "s3_strict", op.before("write", asked_once_more), reason="HeadObject"),
    mutant("S3B-092", "copies-through-the-client", "s3", op.replace("copy", through_the_client), reason="GetObject"),
    mutant("S3B-093", "knows-no-limit", "s3", always(transfer=None), reason="CopyObject"),
    mutant("S3B-094", "loses-metadata", "s3", drops("create_multipart_upload", "Metadata"), reason="metadata"),
    mutant("S3B-094", "loses-the-type", "s3", drops("create_multipart_upload", "ContentType"), reason="ContentType"),
    mutant("S3B-095", "does-not-pin", "s3", drops("copy_object", "CopySourceIfMatch"), reason="ETag"),
    mutant("S3B-095", "does-not-pin-parts", "s3", drops("upload_part_copy", "CopySourceIfMatch"), reason="ETag"),
    mutant("S3B-097", "deletes-what-is-there", "s3", drops("delete_object", "IfMatch"), reason="newer version"),
    mutant("S3B-099", "looks-twice", "s3", op.before("copy move", asked_once_more, op.ITSELF), reason="total requests"),
    mutant("S3B-100", "quotes-twice", "s3", sends("copy_object", quoted_twice), reason="NotFound"),
    mutant("S3B-100", "takes-plus-for-blank", "s3", sends("copy_object", plus_for_blank), reason="NotFound"),
    mutant("S3B-121", "copies-without-metadata", "s3", sends("copy_object", replaced_metadata), reason="metadata"),
    mutant("S3B-122", "folds-its-answer", "s3", op.fills("write", metadata=names_folded), reason="metadata"),
    mutant("S3B-122", "lets-the-last-win", "s3", op.replace(WRITES, last_name_wins, METADATA), reason="ValueError"),
    mutant("S3B-123", "trims-values", "s3", op.replace("write", values_trimmed, METADATA), reason="as written"),
    mutant("S3B-123", "is-unavailable", "s3", op.replace("write", unavailable_for_good, METADATA),
        reason="lasting refusal"),
    mutant("S3B-132", "looks-first", "s3", op.before("write", asked_once_more), reason="requests"),
    mutant("S3B-133", "looks-twice", "s3", op.before("delete", asked_once_more), reason="requests"),
    mutant("S3B-133", "looks-twice-at-the-source", "s3", op.before("copy", asked_once_more), reason="requests"),
    mutant("S3B-136", "reads-again", "s3", op.replace("read_bytes", sent_again), reason="once"),
)
# fmt: on
