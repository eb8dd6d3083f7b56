"""Rogues of What is always on, and the sentences of ours."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import cycle
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

from remote_store import (
    RemotePath,
)

from rsconform_rogues.answers import (
    each_loosened,
    in_any_case,
    loosened,
)
from rsconform_rogues.awkward import (
    IN_ANOTHER_CASE,
    LENGTHY,
    SAME_SIZE,
    SPELLED_OTHERWISE,
    around_the_corner,
    blanked,
    busy,
    by_number,
    cut_off,
    in_lower_case,
    in_pages_by_number,
    in_turn,
    left_as_it_was,
    listed_before,
    lost_to_itself,
    matching,
    one_reader,
    parent_forgotten,
    read_in_turn,
    renamed,
    source_closed,
    source_errors_mapped,
    source_kept,
    tried_again,
    up_to_its_position,
)
from rsconform_rogues.deeds import (
    EARLY,
    METADATA,
    STREAM,
    below_in_any_case,
    composed,
    folder_of_target,
    mapping_kept,
    mapping_told,
    moved_and_told,
    path_like,
    printable,
    stray_folder,
    with_key_added,
)
from rsconform_rogues.operators import (
    FILE,
    MISSING,
    alters,
    asked,
    drifts,
    failing,
    fills,
    fills_each,
    first,
    hangs,
    instead,
    put,
    raises,
    streams,
    then,
)
from rsconform_rogues.row import Rogue, row

ROWS: Final[tuple[Rogue, ...]] = (
    # What is always on, and models.
    row("KIT-001", "writes-before-it-fails", "flat", failing("delete", put("{path}"))),
    row(
        "KIT-002",
        "makes-folders-before-it-fails",
        "memory",
        failing("move", folder_of_target),
        seen_in=("BE-018b/missing[dst=new/x]",),
    ),
    row("KIT-003", "leaves-a-lock-file", "flat", then("write", put("lock"), asked(path="d/a", overwrite=False))),
    row(
        "KIT-003", "makes-a-folder-elsewhere", "memory", then("write", stray_folder, asked(path="d/a", overwrite=False))
    ),
    row("KIT-004", "says-that-it-deleted", "flat", alters("delete", lambda _: True)),
    row("KIT-004", "says-where-it-moved", "memory", instead("move", moved_and_told)),
    row("KIT-005", "adds-to-metadata", "flat", first("write", with_key_added, METADATA), reason="'added'"),
    row("KIT-006", "hangs", "flat", hangs("list_folders"), also="BE-015a", limit_s=0.2),
    row("KIT-006", "never-ends-a-listing", "flat", alters("list_folders", cycle), also="BE-015a"),
    # KIT, from 020 on: what follows from the numbered sentences.
    row("KIT-020", "unquotes-names", "flat", instead("write", renamed(unquote)), also="KIT-003 ERR-002"),
    row("KIT-020", "trims-names", "flat", instead("write_atomic", renamed(str.strip)), also="KIT-003 ERR-002"),
    row("KIT-020", "composes-names", "flat", instead("write", renamed(composed)), also="KIT-003 KIT-026 ERR-002"),
    row("KIT-021", "unquotes-what-it-reads", "flat", instead("read_bytes", renamed(unquote))),
    row("KIT-022", "trims-what-it-looks-for", "flat", instead("exists", renamed(str.strip))),
    row(
        "KIT-023",
        "quotes-what-it-lists",
        "flat",
        fills_each("list_files", path=lambda i: RemotePath(quote(str(i.path)))),
    ),
    row("KIT-024", "takes-patterns", "flat", then("delete", path_like(matching)), also="KIT-003"),
    row("KIT-025", "unquotes-its-source", "flat", instead("copy", renamed(unquote_plus)), also="ERR-002"),
    row("KIT-026", "folds-case", "flat", instead("write", in_lower_case, IN_ANOTHER_CASE), also="KIT-003"),
    row(
        "KIT-027", "lets-the-system-speak", "flat", raises("write", OSError, LENGTHY), also="BE-021a", reason="OSError"
    ),
    row("KIT-027", "drops-control-characters", "flat", instead("write", renamed(printable)), also="KIT-003 ERR-002"),
    row(
        "KIT-028",
        "takes-one-size-for-no-change",
        "flat",
        instead("write", left_as_it_was, ~STREAM & FILE & asked(overwrite=True) & SAME_SIZE),
    ),
    row("KIT-047", "tells-by-its-own-mapping", "flat", instead("get_file_info", mapping_told, FILE), reason="stored"),
    row("KIT-047", "answers-by-its-own-mapping", "flat", instead("write", mapping_told, METADATA), reason="stored"),
    row("KIT-029", "keeps-its-source", "flat", instead("write", source_kept, STREAM & MISSING)),
    row("KIT-029", "keeps-the-mapping", "flat", instead("write", mapping_kept, METADATA), reason="handed over"),
    row(
        "KIT-030",
        "maps-its-source's-errors",
        "flat",
        instead("write", source_errors_mapped),
        reason="BackendUnavailable",
    ),
    row("KIT-068", "goes-on-where-it-failed", "flat", instead("write", tried_again, STREAM), reason="stored"),
    row(
        "KIT-069",
        "locks-out-its-own-streams",
        "flat",
        instead("write", in_turn) + instead("read", read_in_turn),
        reason="did not end",
        limit_s=2.0,
    ),
    row("KIT-031", "has-one-reader-per-file", "flat", instead("read", one_reader)),
    row("KIT-032", "ends-with-the-file", "flat", instead("read", cut_off)),
    row("KIT-033", "gives-zeros", "flat", instead("read", blanked), reason="neither at byte"),
    row("KIT-034", "goes-around-the-corner", "flat", streams("read_seekable", seek=around_the_corner)),
    row("KIT-035", "has-one-cursor", "flat", instead("list_files", busy), reason="BackendUnavailable"),
    row("KIT-036", "lists-by-number", "flat", instead("list_files", by_number)),
    row("KIT-036", "lists-in-pages-by-number", "flat", instead("list_files", in_pages_by_number), reason="missing"),
    row("KIT-037", "changes-its-mind", "flat", drifts("exists", lambda there: not there)),
    row("KIT-038", "matches-any-case", "flat", instead("glob", in_any_case), also="BE-024b", reason="unexpected"),
    row("KIT-039", "stores-up-to-its-position", "memory", instead("open_atomic", up_to_its_position)),
    row("KIT-040", "deletes-in-any-case", "flat", then("delete_folder", path_like(below_in_any_case)), also="KIT-003"),
    row(
        "KIT-041",
        "keeps-what-ancestors-listed",
        "flat",
        instead("list_files", listed_before) + then("write delete move copy", parent_forgotten),
        reason="missing",
    ),
    row("KIT-042", "closes-its-source", "flat", then("write", source_closed, STREAM), reason="closed"),
    row("KIT-043", "moves-itself-away", "memory", instead("move", lost_to_itself, SPELLED_OTHERWISE)),
    row(
        "KIT-045", "lists-tags-of-its-own", "flat", fills_each("list_files", etag=lambda i: f"{i.size}"), reason="etag"
    ),
    row(
        "KIT-046",
        "makes-the-folder-first",
        "memory",
        failing("move", folder_of_target),
        also="KIT-002",
    ),
    row("MOD-001", "can-be-changed", "flat", alters("get_file_info", loosened), reason="FrozenInstanceError"),
    row(
        "MOD-001",
        "can-be-changed-in-listings",
        "memory",
        alters("list_files", each_loosened),
        reason="FrozenInstanceError",
    ),
    row("MOD-002a", "has-text-for-paths", "flat", fills_each("list_files", path=lambda i: str(i.path))),
    row("MOD-002a", "has-fractions-of-bytes", "memory", fills_each("list_files", size=lambda i: float(i.size))),
    row(
        "MOD-002b",
        "has-naive-times",
        "flat",
        fills_each("list_files", modified_at=lambda i: i.modified_at.replace(tzinfo=None)),
    ),
    row("MOD-002b", "has-the-time-of-asking", "flat", fills("get_file_info", modified_at=lambda _: datetime.now(UTC))),
    row(
        "MOD-002c",
        "has-local-times",
        "flat",
        fills("get_file_info", modified_at=lambda i: i.modified_at.astimezone().replace(tzinfo=UTC)),
        reason="345 minutes ahead",
    ),
    row(
        "MOD-002b",
        "keeps-the-first-time",
        "flat",
        fills("get_file_info", modified_at=lambda i: i.modified_at if "b" in i.name else EARLY),
        reason="ge",
    ),
    row("MOD-003", "has-a-number-for-an-etag", "flat", fills("get_file_info", etag=lambda _: 7), reason="etag"),
    row("MOD-003", "has-no-extra", "memory", fills_each("list_files", extra=lambda _: None), reason="extra"),
    row(
        "MOD-003",
        "has-pairs-for-metadata",
        "flat",
        fills("get_file_info", metadata=lambda _: (("owner", "me"),)),
        reason="metadata",
    ),
    row("MOD-004", "has-text-for-paths", "memory", fills("get_folder_info", path=lambda i: str(i.path))),
    row("MOD-004", "can-be-changed", "flat", alters("get_folder_info", loosened), reason="FrozenInstanceError"),
    row(
        "MOD-005",
        "has-text-for-times",
        "flat",
        fills("get_folder_info", modified_at=lambda _: "today"),
        reason="modified_at",
    ),
    row("MOD-006", "has-text-for-paths", "flat", fills_each("list_folders", path=lambda i: str(i.path))),
    row("MOD-006", "can-be-changed", "memory", alters("list_folders", each_loosened), reason="FrozenInstanceError"),
    row(
        "MOD-008", "has-paths-for-names", "flat", fills_each("list_folders", name=lambda e: str(e.path)), reason="name"
    ),
)
