"""Controls of the S3B manner: right backends on boto3 that differ from ours in what S3B leaves open.

Each is put to the axioms that it comes near.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote, unquote

from remote_store import (
    BackendUnavailable,
    CapabilityNotSupported,
    InvalidPath,
    NotFound,
    RemotePath,
    RemoteStoreError,
)
from rsconform_s3 import TransferSizes, objects, reads, writes

from rsconform.cases.case import Case
from rsconform.selftest import operators as op
from rsconform.selftest.bases import BASES, Base
from rsconform.selftest.behaviours import METADATA, STREAM
from rsconform.selftest.mutants.s3b_client_calls import ANY, Sending, made, sends

MiB: Final = 1 << 20
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class S3Control:
    """A right backend on boto3, and the S3B axioms that it comes near."""

    name: str
    change: op.Mutation
    near: frozenset[str]

    @property
    def base(self) -> Base:
        """Return what it is apart from that."""
        return BASES["s3"]

    def is_near(self, case: Case) -> bool:
        """Return whether a case is one that it is put to."""
        return case.axiom.id in self.near


def s3_control(name: str, change: op.Mutation, near: str) -> S3Control:
    """Return a control; `near` are numbers of S3B."""
    return S3Control(name, change, frozenset(f"S3B-{number}" for number in near.split()))


# Reading.


class SkippingReader(reads.StreamReader):
    """Reads over what lies between its place and the one it was sent to, where that comes later."""

    def _open_body(self) -> None:
        gap = self._position - self._body_at
        if self._body is None or gap < 0:
            super()._open_body()
            return
        with self._requests.mapping(self._path):
            while gap and (piece := self._body.read(min(gap, 65536))):
                gap -= len(piece)
        if gap:
            raise self._cut_short(self._position)
        self._body_at = self._position


def skipping(call: op.Call) -> Any:
    requests = call.backend._requests
    key = call.backend._file_key(call.path)
    try:
        answer = requests.send("get_object", call.path, Key=key)
    except NotFound as exc:
        raise requests.absent(key, call.path) from exc.__cause__
    return io.BufferedReader(SkippingReader(requests, key, call.path, answer))


class StartingOver(reads.StreamReader):
    """Gets the whole again where a connection broke, and reads over what it had."""

    def _open_body(self) -> None:
        if self._position != self._body_at or not self._position:
            super()._open_body()
            return
        self._drop_body()
        self._body = self._open_range(0, self.size_bytes)
        left = self._position
        with self._requests.mapping(self._path):
            while left and (piece := self._body.read(min(left, 65536))):
                left -= len(piece)
        self._body_stop = self.size_bytes


def starting_over(call: op.Call) -> Any:
    requests, key = call.backend._requests, call.backend._file_key(call.path)
    try:
        answer = requests.send("get_object", call.path, Key=key)
    except NotFound as exc:
        raise requests.absent(key, call.path) from exc.__cause__
    return io.BufferedReader(StartingOver(requests, key, call.path, answer))


def trying_again(sending: Sending) -> Any:
    """Send once more what met a server or a line in trouble, as a client with retries does."""
    for _ in range(_TRIES - 1):
        with suppress(BackendUnavailable):
            return sending.proceed()
    return sending.proceed()


# Looking and listing.


def listed_first(call: op.Call) -> bool:
    """Tell from one listing whether there is a file or a folder; only where it begins otherwise from a second."""
    requests, key = call.backend._requests, call.backend._file_key(call.path)
    try:
        page = requests.send("list_objects_v2", call.path, Prefix=key, MaxKeys=1)
    except NotFound:
        return False
    found = [entry["Key"] for entry in page.get("Contents", ())]
    return any(one == key or one.startswith(f"{key}/") for one in found) or requests.has_below(f"{key}/", call.path)


def head_by_listing(sending: Sending) -> Any:
    """Take size, time and ETag of an object from a listing."""
    key = sending.parameters["Key"]
    page = sending.also("list_objects_v2", Prefix=key, MaxKeys=1)
    for entry in page.get("Contents", ()):
        if entry["Key"] == key:
            return {**page, **entry, "ContentLength": entry["Size"]}
    raise NotFound("no such file", path=sending.path, backend=sending.requests.backend)


def head_by_getting(sending: Sending) -> Any:
    """Ask for the object, and leave its body."""
    answer = sending.also("get_object", **sending.parameters)
    answer.pop("Body").close()
    return answer


def through(behaviour: Any) -> Any:
    """Return the behaviour of doing an operation with HEAD sent in another way."""

    def do(call: op.Call) -> Any:
        requests = call.backend._requests
        original = requests.send

        def send(operation: str, path: str | None, **parameters: Any) -> Any:
            if operation != "head_object":
                return original(operation, path, **parameters)
            return behaviour(Sending(requests, original, operation, path, parameters))

        requests.send = send
        try:
            return call.proceed()
        finally:
            requests.send = original

    return do


def version_one(sending: Sending) -> Any:
    """List by ListObjects, which goes on after a marker."""
    parameters = dict(sending.parameters)
    token = parameters.pop("ContinuationToken", None)
    answer = sending.also("list_objects", **parameters, **({"Marker": token} if token else {}))
    if answer.get("IsTruncated"):
        answer["NextContinuationToken"] = answer.get("NextMarker") or answer["Contents"][-1]["Key"]
    return answer


def after_the_last(sending: Sending) -> Any:
    """Go on after the last key instead of at a token, and have the keys quoted."""
    parameters = {**sending.parameters, "EncodingType": "url", "FetchOwner": True}
    parameters.setdefault("MaxKeys", 1000)
    if "Delimiter" not in parameters and "ContinuationToken" in parameters:
        parameters["StartAfter"] = parameters.pop("ContinuationToken")
    answer = sending.also("list_objects_v2", **parameters)
    for entry in answer.get("Contents", ()):
        entry["Key"] = unquote(entry["Key"].replace("+", " "))
    for entry in answer.get("CommonPrefixes", ()):
        entry["Prefix"] = unquote(entry["Prefix"].replace("+", " "))
    if answer.get("IsTruncated") and "Delimiter" not in parameters:
        answer["NextContinuationToken"] = answer["Contents"][-1]["Key"]
    return answer


# Writing and copying.


def summed(sending: Sending) -> Any:
    """Send SHA256 instead of the checksum that botocore would choose, unless none is wanted."""
    config = sending.requests.client.meta.config
    if config.request_checksum_calculation != "when_supported":
        return sending.proceed()
    return sending.proceed(ChecksumAlgorithm="SHA256")


def with_more(sending: Sending) -> Any:
    """Say how an object is to be stored, and what it is."""
    more: dict[str, Any] = {"ServerSideEncryption": "AES256", "StorageClass": "STANDARD"}
    if sending.operation == "put_object":
        more["ContentType"] = "application/x-anything"
    return sending.proceed(**more)


def quoted(value: str) -> str:
    return value if re.fullmatch(r"[!-$&-~]+", value) else f"%{quote(value)}"


def unquoted(value: str) -> str:
    return unquote(value[1:]) if value.startswith("%") else value


def metadata_quoted(sending: Sending) -> Any:
    """Quote values that no header holds, instead of encoding them as words."""
    metadata = objects.decode_metadata(sending.parameters.get("Metadata"))
    if not metadata:
        return sending.proceed()
    return sending.proceed(Metadata={name: quoted(value) for name, value in metadata.items()})


def metadata_unquoted(sending: Sending) -> Any:
    answer = sending.proceed()
    answer["Metadata"] = {name: unquoted(value) for name, value in answer.get("Metadata", {}).items()}
    return answer


def plain_metadata_only(call: op.Call) -> Any:
    for name, value in call.arguments["metadata"].items():
        if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", value):
            raise RemoteStoreError(f"no header holds {name!r}", path=call.path, backend=call.backend.name)
    return call.proceed()


class LeftOpen:
    """A source that is not closed by whom it is handed to."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def read(self, size: int = -1) -> Any:
        return self._source.read(size)


def by_managed_transfer(call: op.Call) -> Any:
    """Write a stream over whatever is there with boto3's managed transfer."""
    from boto3.exceptions import Boto3Error
    from boto3.s3.transfer import TransferConfig

    backend = call.backend
    requests, key = backend._requests, backend._file_key(call.path)
    metadata = call.arguments.get("metadata")
    headers = writes.metadata_headers(metadata, path=call.path, backend=backend.name)
    backend._refuse_file_ancestor(writes.Target(call.path, key, True))
    answers: list[Any] = []
    sizes: list[int] = []

    def answered(parsed: Any, **_: object) -> None:
        if parsed["ResponseMetadata"]["HTTPStatusCode"] < 300:
            answers.append(parsed)

    config = TransferConfig(multipart_threshold=8 * MiB + 1, multipart_chunksize=8 * MiB, max_concurrency=2)
    config.max_in_memory_upload_chunks = 3
    source = LeftOpen(call.arguments["content"])
    events = requests.client.meta.events
    names = ("after-call.s3.PutObject", "after-call.s3.CompleteMultipartUpload")
    for name in names:
        events.register(name, answered, unique_id=f"{name} {id(source)}")
    try:
        with requests.mapping(call.path):
            try:
                requests.client.upload_fileobj(
                    source, requests.bucket, key, ExtraArgs=headers, Config=config, Callback=sizes.append
                )
            except Boto3Error as exc:
                raise RemoteStoreError(str(exc), path=call.path, backend=backend.name) from exc
    finally:
        for name in names:
            events.unregister(name, unique_id=f"{name} {id(source)}")
    answer = answers[-1]
    if "Parts" in answer or "-" in answer["ETag"]:
        answer = {name: value for name, value in answer.items() if not name.startswith("Checksum")}
    return objects.write_result(RemotePath(key), sum(sizes), answer, metadata)


def in_other_parts(given: dict[str, Any]) -> dict[str, Any]:
    """Have parts of 6 MiB, also of a copy."""
    sizes = given.get("transfer") or TransferSizes()
    return {
        **given,
        "transfer": replace(sizes, part_bytes=6 * MiB, copy_part_bytes=min(sizes.copy_part_bytes, 6 * MiB)),
    }


def other_parts(backend: Any) -> TransferSizes:
    sizes: TransferSizes = backend._sizes
    return replace(sizes, part_bytes=6 * MiB)


def parts_of(size_bytes: int) -> op.Mutation:
    """Have parts of another size, and no single PUT of more bytes than a part holds."""

    def given_so(given: dict[str, Any]) -> dict[str, Any]:
        sizes = given.get("transfer") or TransferSizes()
        return {**given, "transfer": replace(sizes, part_bytes=size_bytes, put_limit_bytes=size_bytes)}

    def shadowed(backend: Any) -> TransferSizes:
        sizes: TransferSizes = backend._sizes
        return replace(sizes, part_bytes=size_bytes, put_limit_bytes=size_bytes)

    return op.shadows(_sizes=shadowed) + made(given_so)


def copied_at_once(call: op.Call) -> None:
    """Copy over whatever is there with one request, and look at nothing before."""
    backend = call.backend
    requests, key = backend._requests, backend._file_key(call.path)
    target = backend._target(call.arguments["dst"], overwrite=True)
    if key == target.key:
        requests.require(key, call.path)
        return
    try:
        requests.send("copy_object", call.path, Key=target.key, CopySource={"Bucket": requests.bucket, "Key": key})
    except NotFound as exc:
        raise requests.absent(key, call.path) from exc.__cause__


def no_handle(call: op.Call) -> Any:
    """Show nobody the client."""
    call.backend._requests.check_open()
    raise CapabilityNotSupported("no handle", capability="unwrap", backend=call.backend.name)


def changed_for_good(stream: Any, size: int | None = -1) -> bytes:
    """Tell a changed object as an error that does not pass."""
    try:
        return bytes(stream.read(size))
    except BackendUnavailable as exc:
        if "changed" in str(exc):
            raise RemoteStoreError("another version", path=exc.path, backend=exc.backend) from exc
        raise


def folder_too(call: op.Call) -> bool:
    """Tell from one listing whether there is a folder, also where there is a file of its name."""
    requests = call.backend._requests
    return bool(requests.has_below(f"{call.backend._file_key(call.path)}/", call.path))


def possible_names_only(given: dict[str, Any]) -> dict[str, Any]:
    """Match the bucket's name against the rules of S3."""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]", given["bucket"]):
        raise ValueError(f"no bucket is called {given['bucket']!r}")
    return given


def etag_unquoted(sending: Sending) -> Any:
    """Name the version that is copied without quotes."""
    etag = sending.parameters.get("CopySourceIfMatch", "")
    return sending.proceed(CopySourceIfMatch=etag.strip('"'))


def aborted_twice(sending: Sending) -> Any:
    """Abort until no part is left, as is advised while parts may still be on their way."""
    answer = sending.proceed()
    with suppress(RemoteStoreError):
        sending.proceed()
    return answer


def conflicts_tried_longer(sending: Sending) -> Any:
    for _ in range(3):
        try:
            return sending.proceed()
        except BackendUnavailable as exc:
            if "ConditionalRequestConflict" not in str(exc):
                raise
    return sending.proceed()


# Deleting.


def one_alone(sending: Sending) -> Any:
    """Delete a single key by itself."""
    objects_named = sending.parameters["Delete"]["Objects"]
    if len(objects_named) > 1:
        return sending.proceed()
    return sending.also("delete_object", Key=objects_named[0]["Key"])


def failures_again(sending: Sending) -> Any:
    """Try once more to delete what the server could not."""
    answer = sending.proceed()
    passing = [one for one in answer.get("Errors", ()) if one["Code"] in ("InternalError", "SlowDown")]
    if not passing:
        return answer
    keys = [{"Key": one["Key"]} for one in passing]
    return sending.proceed(Delete={"Objects": keys, "Quiet": True})


# Paths.


def spelled_strictly(call: op.Call) -> Any:
    """Refuse every spelling but one."""
    for name in ("path", "src", "dst"):
        path = call.arguments.get(name)
        if path not in (None, "", ".") and any(part in ("", ".", "..") for part in path.replace("\\", "/").split("/")):
            raise InvalidPath("not canonical", path=path, backend=call.backend.name)
    return call.proceed()


@contextmanager
def spelled_strictly_in_a_block(call: op.Call) -> Iterator[Any]:
    with spelled_strictly(call) as file:
        yield file


def rewritten(call: op.Call) -> Any:
    """Say it otherwise, and with more beside it."""
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        exc.args = (f"Nö. {exc.args[0]}\nSee the manual.",)
        exc.request_id = "4711"  # type: ignore[attr-defined]
        raise


def secret_kept(backend: Any, given: dict[str, Any]) -> None:
    """Keep what was given until it is needed."""
    backend._given = {name: given.get(name) for name in ("key", "secret")}


def refused_by_the_system(stream: Any, offset: int, whence: int = 0) -> int:
    try:
        return int(stream.seek(offset, whence))
    except ValueError as exc:
        raise OSError(22, "Invalid argument") from exc


# Keys that no path can name.

_ESC: Final = "\N{SYMBOL FOR ESCAPE}"


def path_like(key: str) -> str:
    """Return a key with every segment escaped that no path can have; a slash at its end stays one."""
    *above, last = key.split("/")
    return "/".join([*map(_escaped, above), _escaped(last) if last else last])


def key_like(path: str) -> str:
    """Return the key that `path_like` made a path of."""
    return "/".join(unquote(part[1:]) if part.startswith(_ESC) else part for part in path.split("/"))


def _escaped(segment: str) -> str:
    if segment not in ("", ".", "..") and "\\" not in segment and not segment.startswith(_ESC):
        return segment
    return _ESC + quote(segment, safe="").replace(".", "%2E")


def under_other_names(sending: Sending) -> Any:
    """Give every key a path."""
    named: dict[str, Any] = {
        name: key_like(sending.parameters[name]) for name in ("Key", "Prefix") if name in sending.parameters
    }
    if "CopySource" in sending.parameters:
        source = sending.parameters["CopySource"]
        named["CopySource"] = {**source, "Key": key_like(source["Key"])}
    if "Delete" in sending.parameters:
        delete = sending.parameters["Delete"]
        named["Delete"] = {**delete, "Objects": [{"Key": key_like(one["Key"])} for one in delete["Objects"]]}
    answer = sending.proceed(**named)
    for entry in answer.get("Contents", ()):
        entry["Key"] = path_like(entry["Key"])
    for entry in answer.get("CommonPrefixes", ()):
        entry["Prefix"] = path_like(entry["Prefix"])
    return answer


_STORING: Final = "put_object create_multipart_upload"
_OVER: Final = STREAM & op.called_with(overwrite=True)

S3_CONTROLS: Final[tuple[S3Control, ...]] = (
    s3_control(
        "reads-over-what-it-skips",
        op.replace("read", skipping, ~op.ROOT),
        "040 041 044 045 047 048 049 050 051 052 055 131",
    ),
    s3_control(
        "tries-again-at-once", sends(ANY, trying_again), "021 022 030 050 064 065 084 086 091 096 098 102 103 112 125"
    ),
    s3_control("seeks-as-a-file-does", op.streams("read read_seekable", seek=refused_by_the_system), "041 043 051"),
    s3_control("lists-to-see-what-is-there", op.replace("exists", listed_first, ~op.ROOT), "028 029 110 128 130 136"),
    s3_control(
        "takes-a-listing-for-a-look",
        op.replace("is_file delete read_seekable write", through(head_by_listing)),
        "020 028 029 040 042 045 047 054 087 104 130 131 132 133 136",
    ),
    s3_control(
        "gets-instead-of-looking",
        op.replace("get_file_info exists is_file", through(head_by_getting), ~op.ROOT),
        "020 028 029 074 110 124 130 131 136",
    ),
    s3_control("lists-as-of-old", sends("list_objects_v2", version_one), "101 110 111 112 120 128 130 134 135 136"),
    s3_control(
        "goes-on-after-the-last", sends("list_objects_v2", after_the_last), "101 110 111 113 114 116 120 134 135"
    ),
    s3_control(
        "sums-otherwise",
        sends(f"{_STORING} upload_part", summed),
        "060 061 074 076 077 078 080 081 085 093 094 132",
    ),
    s3_control("says-more-of-what-it-stores", sends(_STORING, with_more), "060 080 081 094 121 132"),
    s3_control(
        "has-no-digests", op.fills("get_file_info write write_atomic", digest=lambda _: None), "074 076 077 124"
    ),
    s3_control(
        "quotes-metadata", sends(_STORING, metadata_quoted) + sends("head_object", metadata_unquoted), "121 122 123"
    ),
    s3_control("refuses-odd-metadata", op.replace("write write_atomic", plain_metadata_only, METADATA), "121 122 123"),
    s3_control(
        "leaves-uploads-to-boto3",
        op.replace("write write_atomic", by_managed_transfer, _OVER),
        "021 061 063 064 065 066 067 068 073 074 075 076 077 078 132",
    ),
    s3_control(
        "has-other-parts",
        op.shadows(_sizes=other_parts) + made(in_other_parts),
        "061 062 063 064 067 068 081 084 085 087 093 094 095 096 132",
    ),
    s3_control("has-the-least-parts", parts_of(5 * MiB), "060 061 062 067 068 081 087 132"),
    s3_control("has-large-parts", parts_of(16 * MiB), "061 067 132"),
    s3_control(
        "copies-without-a-look", op.replace("copy", copied_at_once, op.called_with(overwrite=True)), "092 095 100 133"
    ),
    s3_control("starts-over", op.replace("read", starting_over, ~op.ROOT), "040 044 047 048 049 050 052 055 138"),
    s3_control("trusts-no-server", op.shadows(_honours_conditions=lambda _: False), "097 098 136"),
    s3_control(
        "shows-no-client",
        op.replace("unwrap", no_handle),
        "008 009 010 011 018 042 045 046 047 056 061 070 074 075 076 078 080 081 083 085 086 094 095 097 101 104 112 "
        "117 120 123 126 136 138 139",
    ),
    s3_control("tells-changes-for-good", op.streams("read_seekable", read=changed_for_good), "047 048 050"),
    s3_control(
        "buffers-its-ranges", op.alters("read_seekable", io.BufferedReader), "040 041 042 043 045 047 048 050 139"
    ),
    s3_control(
        "has-folders-beside-files", op.replace("is_folder", folder_too, ~op.ROOT), "105 106 107 108 113 119 128 130"
    ),
    s3_control("knows-the-rules-of-names", made(possible_names_only), "002 003 008 033"),
    s3_control("names-versions-without-quotes", sends("copy_object upload_part_copy", etag_unquoted), "083 095 133"),
    s3_control("aborts-twice", sends("abort_multipart_upload", aborted_twice), "064 065 081 096"),
    s3_control("tries-longer", sends("put_object", conflicts_tried_longer), "084"),
    s3_control("deletes-one-alone", sends("delete_objects", one_alone), "101 102 103 105 106 107 135"),
    s3_control("deletes-what-failed-again", sends("delete_objects", failures_again), "101 102 103"),
    s3_control(
        "spells-strictly",
        op.replace(
            "read read_seekable read_bytes get_file_info exists is_file is_folder delete write write_atomic list_files "
            "list_folders iter_children get_folder_info delete_folder copy move",
            spelled_strictly,
        )
        + op.replace("open_atomic", spelled_strictly_in_a_block),
        "056 071 117",
    ),
    s3_control("says-it-otherwise", op.replace(f"{op.EVERYTHING} glob read_seekable", rewritten), "022 035 037 038"),
    s3_control("keeps-what-it-was-given", made(dict, secret_kept), "009 010"),
    s3_control("has-a-path-for-every-key", sends(ANY, under_other_names), "114 115 116"),
)
