"""Rogues that a wire, or a count of requests, finds out."""

from __future__ import annotations

from typing import Final

from remote_store import BackendUnavailable, NotFound, PermissionDenied, RemoteStoreError

from rsconform_rogues.operators import (
    BELOW_FILE,
    CLOSED,
    EVERYTHING,
    LISTINGS,
    NESTED,
    ROOT,
    WRITES,
    alters,
    asked,
    failing,
    first,
    instead,
    relabels,
    swallows,
    then,
    turns,
)
from rsconform_rogues.row import Rogue, row
from rsconform_rogues.trouble import (
    DOT,
    denied_nameless,
    ending_at,
    ending_if_nothing_was_found,
    fetched_at_once,
    looking,
    looking_at_its_bucket,
    looking_below_a_dot,
    looking_over_and_over,
    reading_deleting_writing,
    reading_far_ahead,
    trying_again_without_a_bucket,
    walking_folder_by_folder,
)

ROWS: Final[tuple[Rogue, ...]] = (
    # What is sent.
    row(
        "BE-008k",
        "looks-at-the-path-too",
        "s3_strict",
        first("write", looking("is_file"), ~ROOT),
        reason="0 HEAD requests",
    ),
    row(
        "BE-008k", "goes-on-looking", "s3_strict", first("write", BELOW_FILE, NESTED), reason="at most 1 total requests"
    ),
    row(
        "BE-021k",
        "looks-for-a-folder-first",
        "s3",
        first("read_bytes get_file_info", looking("is_folder"), ~ROOT),
        reason="requests",
    ),
    row("BE-021k", "counts-twice", "s3", first("get_folder_info", looking("exists")), reason="1 total requests"),
    row(
        "BE-021l",
        "makes-sure-of-a-miss",
        "s3",
        failing("read_bytes", looking("exists")),
        reason="at most 2 total requests",
    ),
    row(
        "BE-021l",
        "makes-sure-of-a-missing-folder",
        "s3",
        failing("delete_folder", looking("exists")),
        reason="at most 2 total requests",
    ),
    row(
        "BE-021m",
        "makes-sure-that-it-is-gone",
        "s3",
        then("delete", looking("exists"), asked(missing_ok=True)),
        reason="at most 2 total requests",
    ),
    row(
        "BE-021n",
        "makes-sure-that-it-is-gone",
        "s3",
        then("delete_folder", looking("exists"), asked(missing_ok=True)),
        reason="at most 2 total requests",
    ),
    row(
        "BE-021t",
        "tries-again-without-its-bucket",
        "s3",
        instead("get_file_info exists read_bytes", trying_again_without_a_bucket),
        reason="without the container",
    ),
    row(
        "BE-029l",
        "looks-at-its-bucket-first",
        "s3",
        first(WRITES, looking_at_its_bucket, ROOT),
        reason="0 total requests",
    ),
    row(
        "BE-029q", "looks-below-a-dot", "s3", first("is_folder list_files", looking_below_a_dot, DOT), reason="spelling"
    ),
    # What comes back.
    row("CAP-007c", "fetches-when-opened", "s3", alters("read", fetched_at_once), reason="bytes came"),
    row("SIO-009c", "reads-far-ahead", "s3", alters("read", reading_far_ahead), reason="bytes came"),
    # Denied.
    row(
        "BE-021e",
        "does-not-find-what-is-denied",
        "s3",
        turns("read_bytes get_file_info", PermissionDenied, NotFound),
        reason="NotFound",
    ),
    row(
        "BE-021e",
        "sees-nothing-where-it-is-denied",
        "s3",
        swallows("exists is_file is_folder", PermissionDenied, value=False),
        reason="returned False",
    ),
    row(
        "BE-021e",
        "calls-it-unavailable",
        "s3",
        turns("write delete copy", PermissionDenied, BackendUnavailable),
        reason="BackendUnavailable",
    ),
    row(
        "ERR-004",
        "does-not-say-where",
        "s3",
        instead(f"{EVERYTHING} glob read_seekable", denied_nameless),
        also="ERR-002",
        reason="path",
    ),
    row(
        "PING-009a",
        "calls-it-unavailable",
        "s3",
        turns("check_health", PermissionDenied, BackendUnavailable),
        reason="BackendUnavailable",
    ),
    row("PING-009a", "is-content", "s3", swallows("check_health", PermissionDenied), reason="it returned"),
    # In trouble.
    row(
        "BE-008l",
        "does-not-write-without-having-looked",
        "s3_strict",
        first("write", BELOW_FILE, NESTED),
        reason="BackendUnavailable",
    ),
    row("BE-018o", "has-moved-without-deleting", "s3", swallows("move", BackendUnavailable), reason="move returned"),
    row(
        "BE-018o",
        "deletes-before-it-writes",
        "s3",
        instead("move", reading_deleting_writing, ~ROOT & ~ROOT.of("dst")),
        reason="missing",
    ),
    row("BE-019n", "copies-in-vain", "s3", swallows("copy", BackendUnavailable), reason="copy returned"),
    row("BE-019n", "copies-in-vain-without-rights", "s3", swallows("copy", PermissionDenied), reason="copy returned"),
    row(
        "BE-021o",
        "fails-with-its-question",
        "s3",
        failing("read_bytes get_file_info", looking("exists")),
        reason="BackendUnavailable",
    ),
    row(
        "BE-021p",
        "takes-trouble-for-a-no",
        "s3",
        swallows("exists is_file is_folder", BackendUnavailable, value=False),
        reason="returned False",
    ),
    row(
        "BE-021p",
        "takes-a-refusal-for-a-no",
        "s3",
        swallows("is_folder", PermissionDenied, value=False),
        reason="returned False",
    ),
    row(
        "BE-021p",
        "does-not-find-in-trouble",
        "s3",
        turns("get_folder_info move", BackendUnavailable, NotFound),
        reason="NotFound",
    ),
    row(
        "BE-021y", "ends-when-the-bucket-goes", "s3", alters(f"{LISTINGS} glob", ending_at(NotFound)), reason="NotFound"
    ),
    row(
        "BE-021z",
        "counts-entries-not-pages",
        "s3",
        alters(f"{LISTINGS} glob", ending_if_nothing_was_found),
        reason="NotFound",
    ),
    row(
        "BE-021aa",
        "walks-folder-by-folder",
        "s3",
        instead("list_files", walking_folder_by_folder, asked(recursive=True)),
        reason="NotFound",
    ),
    row(
        "BE-021ad",
        "tolerates-a-refusal",
        "s3",
        swallows("delete_folder", PermissionDenied, None, asked(missing_ok=True)),
        reason="delete_folder returned",
    ),
    row(
        "BE-021ad",
        "tolerates-trouble",
        "s3",
        swallows("delete", BackendUnavailable, None, asked(missing_ok=True)),
        reason="delete returned",
    ),
    row(
        "BE-021af",
        "lists-nothing-in-trouble",
        "s3",
        alters("list_files glob", ending_at(RemoteStoreError)),
        reason="returned []",
    ),
    row(
        "BE-021af",
        "deletes-nothing-in-trouble",
        "s3",
        swallows("delete", RemoteStoreError, None, asked(missing_ok=True)),
        reason="delete returned",
    ),
    row("ERR-007", "names-nobody-when-unreachable", "s3", relabels("get_file_info", ~CLOSED, backend=lambda _: None), also="BE-002b", reason="backend"),
    row("KIT-007", "asks-without-end", "s3", first("exists", looking_over_and_over), limit_s=60.0, reason="at most"),
    row("PING-009c", "is-content", "s3", swallows("check_health", BackendUnavailable), reason="it returned"),
    row(
        "PING-009c",
        "calls-it-denied",
        "s3",
        turns("check_health", BackendUnavailable, PermissionDenied),
        reason="PermissionDenied",
    ),
)
