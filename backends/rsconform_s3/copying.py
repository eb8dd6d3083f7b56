"""Copying an object within its bucket, on the server: one request for what fits, else a multipart copy."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, NotFound, PermissionDenied, RemoteStoreError

from rsconform_s3.errors import refusal_of
from rsconform_s3.landing import AnswerLostError, Attempt, landed, of_copy
from rsconform_s3.requests import Requests, Response
from rsconform_s3.writes import Multipart, Target, TransferSizes, refuse_existing

# What one copy request keeps by itself and a multipart copy has to be given.
_KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Expires",
    "Metadata",
    "WebsiteRedirectLocation",
)

_NOT_DELETED: Final = "it was copied but not deleted"


@dataclass(frozen=True, slots=True)
class Source:
    """What is copied: the path as the caller wrote it, its key, and what HEAD said of it."""

    path: str
    key: str
    head: Response

    def pinned(self, bucket: str) -> dict[str, Any]:
        """What makes a request copy this version of the object or none."""
        pin = {"CopySourceIfMatch": self.head["ETag"]} if self.head.get("ETag") else {}
        return {"CopySource": {"Bucket": bucket, "Key": self.key}, **pin}

    @property
    def checksum(self) -> dict[str, Any]:
        """What makes the copy's checksum one of its content.

        An object that was uploaded in parts may have a checksum of the parts' checksums, and its copy has no parts: a
        server that hands the checksum on (moto 5.2) would make it look like the content's.
        """
        return {"ChecksumAlgorithm": "CRC32"} if "-" in self.head.get("ETag", "") else {}


def copy_object(
    requests: Requests, source: Source, target: Target, sizes: TransferSizes, *, is_conditional: bool = True
) -> None:
    """Copy one object to another key, with its metadata.

    The target is looked up first if it must not be overwritten: more servers ignore `If-None-Match` of CopyObject than
    of PutObject (Ceph RGW 16.2, moto 5.2), and would overwrite it.

    Args:
        is_conditional: Whether CopyObject carries the header as well, against rivals that come after the look.

    Raises:
        AlreadyExists: The target exists and must not be overwritten.
        BackendUnavailable: The source changed meanwhile; nothing was copied. Or the answer was lost, and whether the
            target is the copy is not known.
    """
    try:
        _look_for_target(requests, target, is_conditional=is_conditional)
        if source.head["ContentLength"] > sizes.copy_limit_bytes:
            _copy_in_parts(requests, source, target, sizes)
        else:
            _copy_at_once(requests, source, target, is_conditional=is_conditional)
    except RemoteStoreError as exc:
        raise _copy_error(requests, source, target, exc) from exc.__cause__


def delete_copied(requests: Requests, source: Source, *, looks: bool) -> None:
    """Delete the source of a move, unless it is no longer what was copied.

    Args:
        looks: Look at it first as well, as the server may ignore `If-Match` (Ceph RGW 16.2 does).
    """
    pin = {"IfMatch": source.head["ETag"]} if source.head.get("ETag") else {}
    if pin and looks and not _is_still(requests, source):
        return
    try:
        requests.send("delete_object", source.path, Key=source.key, **pin)
    except NotFound:
        return  # Another client deleted it, which is what was wanted.
    except RemoteStoreError as exc:
        refusal = refusal_of(exc)
        refused = (HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.PRECONDITION_FAILED)
        if not pin or refusal is None or refusal.status not in refused:
            raise
        # What is gone by now was deleted by another client, or by this very request, if an answer was lost.
        if not _is_still(requests, source):
            return
        if refusal.status == HTTPStatus.PRECONDITION_FAILED:
            raise _changed(requests, source, _NOT_DELETED) from exc.__cause__
        requests.send("delete_object", source.path, Key=source.key)


def _is_still(requests: Requests, source: Source) -> bool:
    """Tell whether the source of a move is still there.

    Raises:
        BackendUnavailable: There is another version.
    """
    head = requests.head(source.key, source.path)
    if head is not None and head.get("ETag") != source.head["ETag"]:
        raise _changed(requests, source, _NOT_DELETED)
    return head is not None


def _look_for_target(requests: Requests, target: Target, *, is_conditional: bool) -> None:
    try:
        refuse_existing(requests, target)
    except PermissionDenied:
        # Permission to write a key does not include permission to look at it. AWS keeps an existing object if asked to.
        with requests.mapping(target.path):
            is_kept = is_conditional and requests.is_aws
        if not is_kept:
            raise


def _copy_at_once(requests: Requests, source: Source, target: Target, *, is_conditional: bool) -> None:
    condition = {"IfNoneMatch": "*"} if is_conditional and not target.overwrite else {}
    demands = {**source.pinned(requests.bucket), **source.checksum, **condition}
    sent_s = monotonic()

    def attempt() -> Attempt:
        head = requests.head(source.key, source.path, ChecksumMode="ENABLED") or {}
        return of_copy(requests.bucket, head if head.get("ETag") == source.head.get("ETag") else source.head, sent_s)

    try:
        requests.send("copy_object", source.path, Key=target.key, **demands)
    except RemoteStoreError as exc:
        if target.overwrite or landed(requests, target.key, target.path, exc, attempt) is None:
            raise


def _copy_in_parts(requests: Requests, source: Source, target: Target, sizes: TransferSizes) -> None:
    kept = {name: source.head[name] for name in _KEPT if source.head.get(name)}
    size_bytes: int = source.head["ContentLength"]
    with Multipart(requests, target, kept) as upload:
        for start in range(0, size_bytes, sizes.copy_part_bytes):
            stop = min(start + sizes.copy_part_bytes, size_bytes)
            upload.add_copy(source.path, **source.pinned(requests.bucket), CopySourceRange=f"bytes={start}-{stop - 1}")
        # Ceph RGW 16.2 and moto 5.2 ignore the pin, and parts of two versions are no copy.
        if requests.require(source.key, source.path).get("ETag") != source.head.get("ETag"):
            raise _changed(requests, source, "nothing was copied")
        upload.complete(size_bytes)


def _copy_error(requests: Requests, source: Source, target: Target, exc: RemoteStoreError) -> RemoteStoreError:
    # One status for two conditions: that the source is unchanged and that the target is new. Whether the target is
    # there tells them apart.
    if isinstance(exc, (AlreadyExists, AnswerLostError)):
        return exc
    refusal = refusal_of(exc)
    if refusal is not None and refusal.status == HTTPStatus.NOT_IMPLEMENTED and not target.overwrite:
        message = f"The server cannot copy conditionally ({exc.args[0]}); conditional_copies=False looks first alone"
        return RemoteStoreError(message, path=target.path, backend=requests.backend)
    undecided = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT)
    if refusal is None or refusal.status not in undecided:
        return exc
    try:
        refuse_existing(requests, target)
    except RemoteStoreError as found:
        return found
    is_conflict = refusal.status == HTTPStatus.CONFLICT
    return exc if is_conflict else _changed(requests, source, "nothing was copied")


def _changed(requests: Requests, source: Source, outcome: str) -> BackendUnavailable:
    return BackendUnavailable(f"The source changed: {outcome}", path=source.path, backend=requests.backend)
