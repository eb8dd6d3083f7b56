"""Mutants of BE-021: error classes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, InvalidPath, NotFound, PermissionDenied, RemoteStoreError

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import GONE, TO_FOLDER, ending_at, looking
from rsconform.selftest.mutant import Mutant, mutant

NO_FILE_INSIDE: Final = op.FOLDER & ~op.HAS_FILES


def trying_again_without_a_bucket(call: op.Call) -> Any:
    try:
        return call.proceed()
    except NotFound:
        try:
            call.call_correct("check_health")
        except NotFound:
            return call.proceed()
        raise


def ending_if_nothing_was_found(found: Iterator[Any]) -> Iterator[Any]:
    any_found = False
    try:
        for entry in found:
            any_found = True
            yield entry
    except NotFound:
        if any_found:
            raise


def walking_folder_by_folder(call: op.Call) -> Iterator[Any]:
    pending = [call.path]
    while pending:
        folder = pending.pop(0)
        yield from call.call_correct("list_files", folder)
        pending += [str(entry.path) for entry in call.call_correct("list_folders", folder)]


DENIED: Final = op.When(lambda call, _path: not os.access(call.backend._root, os.W_OK))


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-021a", "leaks-key-errors", "memory", op.raises_instead("read", NotFound, KeyError), also="BE-021d",
        reason="KeyError"),
    mutant("BE-021a", "leaks-os-errors", "flat", op.raises_instead("delete", NotFound, FileNotFoundError),
        also="BE-021d"),
    mutant("BE-021aa", "walks-folder-by-folder", "s3",
        op.replace("list_files", walking_folder_by_folder, op.called_with(recursive=True)), also="ERR-002",
        reason="list_files returned"),
    mutant("BE-021ab", "loses-the-root", "local", op.returns("exists", False, GONE), reason="False"),
    mutant("BE-021ab", "does-not-find-the-root", "local", op.raises("get_folder_info", NotFound, GONE),
        reason="NotFound"),
    mutant("BE-021ac", "finds-no-container", "local", op.raises("iter_children", NotFound, GONE), reason="NotFound"),
    mutant("BE-021ad", "tolerates-a-refusal", "s3",
        op.swallows("delete_folder", PermissionDenied, None, op.called_with(missing_ok=True)),
        reason="delete_folder returned"),
    mutant("BE-021ad", "tolerates-server-errors", "s3",
        op.swallows("delete", BackendUnavailable, None, op.called_with(missing_ok=True)), reason="delete returned"),
    mutant("BE-021af", "lists-nothing-on-errors", "s3", op.alters("list_files glob", ending_at(RemoteStoreError)),
        reason="returned []"),
    mutant("BE-021af", "swallows-delete-errors", "s3",
        op.swallows("delete", RemoteStoreError, None, op.called_with(missing_ok=True)), reason="delete returned"),
    mutant("BE-021ag", "names-a-file-inside", "flat",
        op.relabels("get_file_info", op.FOLDER, path=lambda call: f"{call.path}/f")),
    mutant("BE-021b", "does-not-find-folders", "flat", op.raises("copy", NotFound, op.FOLDER)),
    mutant("BE-021c", "does-not-find-files", "flat", op.raises("delete_folder", NotFound, op.FILE)),
    mutant("BE-021d", "reports-invalid-path", "memory", op.raises("get_file_info", InvalidPath, op.MISSING)),
    # Denied.
    mutant("BE-021e", "does-not-find-what-is-denied", "s3",
        op.raises_instead("read_bytes get_file_info", PermissionDenied, NotFound), reason="NotFound"),
    mutant("BE-021e", "sees-all-that-is-denied", "s3",
        op.swallows("exists is_file is_folder", PermissionDenied, value=True), reason="return False"),
    mutant("BE-021e", "reports-unavailable", "s3",
        op.raises_instead("write delete copy", PermissionDenied, BackendUnavailable), reason="BackendUnavailable"),
    mutant("BE-021f", "does-not-find-the-folder", "local", op.raises("write", NotFound, DENIED), reason="NotFound"),
    mutant("BE-021f", "reports-invalid-path", "local", op.raises("move", InvalidPath, DENIED, naming="dst"),
        reason="InvalidPath"),
    mutant("BE-021g", "denies-permission", "memory", op.raises("write", PermissionDenied, op.BELOW_FILE)),
    mutant("BE-021h", "sees-folders-by-their-own-files", "flat", op.raises(op.FILE_OPS, NotFound, NO_FILE_INSIDE)),
    mutant("BE-021i", "does-not-find-prefixes", "flat", op.raises("delete", NotFound, op.FOLDER)),
    mutant("BE-021j", "copies-onto-folders", "memory", op.raises("copy", AlreadyExists, TO_FOLDER, naming="dst")),
    mutant("BE-021j", "refuses-prefixes", "flat", op.raises("copy", InvalidPath, TO_FOLDER, naming="dst"),
        reason="InvalidPath"),
    mutant("BE-021k", "looks-for-a-folder-first", "s3",
        op.before("read_bytes get_file_info", looking("is_folder"), ~op.ROOT), reason="requests"),
    mutant("BE-021k", "looks-before-it-deletes", "s3", op.before("delete", looking("is_folder"), ~op.ROOT),
        reason="at most 2 total requests"),
    mutant("BE-021k", "counts-twice", "s3", op.before("get_folder_info", looking("exists")),
        reason="at most 2 total requests"),
    mutant("BE-021l", "double-checks-a-miss", "s3", op.after_failure("read_bytes", looking("exists")),
        reason="at most 2 total requests"),
    mutant("BE-021l", "double-checks-a-missing-folder", "s3", op.after_failure("delete_folder", looking("exists")),
        reason="at most 2 total requests"),
    mutant("BE-021m", "double-checks-a-delete", "s3",
        op.after("delete", looking("exists"), op.called_with(missing_ok=True)), reason="at most 2 total requests"),
    mutant("BE-021n", "double-checks-a-delete", "s3",
        op.after("delete_folder", looking("exists"), op.called_with(missing_ok=True)),
        reason="at most 2 total requests"),
    mutant("BE-021o", "raises-when-type-check-fails", "s3",
        op.after_failure("read_bytes get_file_info", looking("exists")), reason="BackendUnavailable"),
    mutant("BE-021p", "reports-existence-on-errors", "s3",
        op.swallows("exists is_file is_folder", BackendUnavailable, value=True), reason="return False"),
    mutant("BE-021p", "reports-not-found-when-type-check-fails", "s3",
        op.raises_instead("is_folder", PermissionDenied, NotFound), reason="NotFound"),
    mutant("BE-021p", "reports-not-found-on-errors", "s3",
        op.raises_instead("get_folder_info move", BackendUnavailable, NotFound), reason="NotFound"),
    mutant("BE-021q", "does-not-find-folders", "flat", op.raises("read_seekable", NotFound, op.FOLDER)),
    mutant("BE-021r", "excuses-folders", "memory",
        op.returns("delete", None, op.FOLDER & op.called_with(missing_ok=True))),
    mutant("BE-021s", "reports-unavailable", "local", op.raises("delete", BackendUnavailable, GONE),
        reason="BackendUnavailable"),
    mutant("BE-021t", "tries-again-without-its-bucket", "s3",
        op.replace("get_file_info exists read_bytes", trying_again_without_a_bucket), reason="without the container"),
    mutant("BE-021u", "reports-unavailable", "local", op.raises("read_bytes", BackendUnavailable, GONE),
        reason="BackendUnavailable"),
    mutant("BE-021u", "names-the-target", "local", op.raises("copy", BackendUnavailable, GONE), reason="copy"),
    mutant("BE-021v", "finds-no-container", "local", op.raises("list_files", NotFound, GONE), reason="NotFound"),
    mutant("BE-021w", "reports-unavailable", "local", op.raises("exists", BackendUnavailable, GONE & ~op.ROOT),
        reason="BackendUnavailable"),
    mutant("BE-021x", "denies-permission", "local", op.raises("write", PermissionDenied, GONE),
        reason="PermissionDenied"),
    mutant("BE-021y", "ends-when-the-bucket-goes", "s3", op.alters(f"{op.LISTINGS} glob", ending_at(NotFound)),
        reason="list_files returned"),
    mutant("BE-021z", "counts-entries-not-pages", "s3", op.alters(f"{op.LISTINGS} glob", ending_if_nothing_was_found),
        reason="list_files returned"),
)
# fmt: on
