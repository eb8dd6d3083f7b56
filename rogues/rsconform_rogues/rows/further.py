"""Rogues that earlier cases let pass."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from remote_store import BackendUnavailable, NotFound, ResourceLocked

from rsconform_rogues.awkward import IN_ANOTHER_CASE, LENGTHY, SPELLED_OTHERWISE, read_for_nothing, tried_again
from rsconform_rogues.deeds import METADATA, STREAM
from rsconform_rogues.further_deeds import (
    BYTES_IO,
    WITH_RANGE,
    cleared_then_refused,
    described_once,
    forgotten,
    in_one_buffer,
    no_sha3,
    replaced_then_refused,
)
from rsconform_rogues.operators import MISSING, Late, answers, asked, fills, first, has, instead, raises
from rsconform_rogues.row import Rogue, row

ROWS: Final[tuple[Rogue, ...]] = (
    # A refusal that has changed something.
    row(
        "KIT-026",
        "replaces-and-then-refuses",
        "flat",
        instead("write", replaced_then_refused, IN_ANOTHER_CASE),
        also="KIT-001 KIT-003",
        reason="refused the change",
    ),
    row(
        "KIT-043",
        "clears-and-then-refuses",
        "memory",
        instead("move", cleared_then_refused, SPELLED_OTHERWISE & asked(overwrite=True)),
        also="KIT-001",
        reason="refused the change",
    ),
    row("KIT-071", "has-one-buffer-for-its-blocks", "flat", instead("open_atomic", in_one_buffer), reason="bytes"),
    # A source that is no BytesIO.
    row(
        "KIT-068",
        "tries-again-but-for-BytesIO",
        "flat",
        instead("write", tried_again, STREAM & ~BYTES_IO),
        reason="stored",
    ),
    row(
        "SEQ-003",
        "remembers-what-it-described",
        "flat",
        instead("get_file_info", described_once) + first("write write_atomic delete move copy", forgotten),
        reason="size = 5",
    ),
    # Answers.
    row("CDG-004a", "has-any-digest-with-dashes", "flat", fills("get_file_info", digest=no_sha3), reason="digest"),
    row("WR-007", "has-any-digest-with-dashes", "flat", fills("write", digest=no_sha3), reason="digest"),
    row("WR-001a.1", "has-a-number-for-a-version", "flat", fills("write", version_id=lambda _: 7), reason="version_id"),
    row("WR-001a.7", "has-one-version", "flat", fills("write_atomic", version_id=lambda _: "v1"), reason="version_id"),
    row("WR-010b", "reads-first", "plain", first("write", read_for_nothing, METADATA & STREAM), reason="tell"),
    row(
        "MOD-002b",
        "has-the-second-of-asking",
        "flat",
        fills("get_file_info", modified_at=lambda _: datetime.now(UTC).replace(microsecond=0)),
        reason="a second later",
    ),
    row("GLOB-004e", "knows-no-ranges", "flat", answers("glob", (), WITH_RANGE), reason="missing"),
    row(
        "SEEK-003b",
        "opens-when-it-is-read",
        "flat",
        instead("read_seekable", lambda call: Late(call.path, call.backend.name), MISSING),
        reason="it came at",
    ),
    row(
        "ERR-002",
        "says-nothing-of-what-is-locked",
        "flat",
        raises("write", ResourceLocked, asked(path="c"), path=None),
        seen_in=("KIT-031/other-operations[op=read,call=write]",),
        reason="ResourceLocked with path=None",
    ),
    row(
        "KIT-027",
        "calls-a-long-name-an-outage",
        "flat",
        raises("write", BackendUnavailable, LENGTHY),
        reason="raised BackendUnavailable",
    ),
    row("KIT-027", "does-not-find-long-names", "flat", raises("exists", NotFound, LENGTHY), reason="raised NotFound"),
    row(
        "RES-S3",
        "shows-its-database",
        "flat",
        fills("resolve", details=lambda _: MappingProxyType({"database": "postgresql://host/db"})),
        reason="URL of a database",
    ),
    row(
        "RES-S3",
        "shows-its-query",
        "flat",
        fills("resolve", details=lambda _: MappingProxyType({"query": "SELECT data FROM blobs WHERE key = ?"})),
        reason="SQL query",
    ),
    row(
        "ASYNC-094e",
        "does-not-say-how-to-use-it",
        "async_single",
        has(__doc__="Files in memory."),
        reason="several tasks",
    ),
)
