"""Rogues of ASYNC and of what is ours about AsyncBackends."""

from __future__ import annotations

from typing import Final

from remote_store.aio import AsyncMemoryBackend

from rsconform_rogues import aio
from rsconform_rogues.operators import has
from rsconform_rogues.row import Rogue, row

ROWS: Final[tuple[Rogue, ...]] = (
    row(
        "ASYNC-001",
        "leaves-a-method-open",
        "async",
        has(copy=aio.left_open),
        also="BE-001b BE-019a BE-001c BE-021a KIT-004",
        reason="copy",
    ),
    row(
        "ASYNC-002",
        "has-a-name-to-await",
        "async",
        has(name=property(lambda _self: aio.LateName("async-memory"))),
        also="BE-002a",
        reason="name to answer at once",
    ),
    row(
        "ASYNC-003",
        "has-capabilities-to-await",
        "async",
        has(capabilities=property(lambda _self: aio.LateCapabilities(set(AsyncMemoryBackend().capabilities)))),
        also="BE-003a BE-003c",
        reason="capabilities to answer at once",
    ),
    row(
        "ASYNC-020a",
        "has-chunks-of-another-type",
        "async",
        has(read=aio.read_as_bytearrays),
        also="BE-006a SIO-001d",
        reason="bytearray",
    ),
    row("ASYNC-020a", "reads-one-chunk", "async", has(read=aio.read_one_chunk), reason="65537"),
    row("ASYNC-020b", "leaves-a-task-per-read", "async", has(read=aio.leaving_a_task("read")), reason="task"),
    row(
        "ASYNC-020b",
        "leaves-a-task-per-listing",
        "async",
        has(iter_children=aio.leaving_a_task("iter_children")),
        reason="task",
    ),
    row(
        "ASYNC-021",
        "takes-nothing-for-the-end",
        "async",
        has(write=aio.stopping_at_nothing("write")),
        reason="asked until its end",
    ),
    row(
        "ASYNC-021",
        "takes-nothing-for-the-end-atomically",
        "async",
        has(write_atomic=aio.stopping_at_nothing("write_atomic")),
        reason="asked until its end",
    ),
    row(
        "ASYNC-022",
        "closes-without-await",
        "async",
        has(aclose=aio.closes_at_once),
        also="BE-020a BE-021a",
        reason="awaitable",
    ),
    row("ASYNC-023", "enters-as-another", "async", has(__aenter__=aio.enters_as_another), reason="not the backend"),
    row("ASYNC-023", "leaves-open", "async", has(__aexit__=aio.leaves_open), reason="aclose()"),
    row("ASYNC-094a", "looks-then-writes", "async", has(write=aio.looks_then_writes), reason="creators"),
    row("ASYNC-094a", "writes-in-halves", "async", has(write=aio.writes_in_halves), reason="one of the contents"),
    row("ASYNC-094a", "shares-a-buffer", "async", has(read_bytes=aio.shares_a_buffer), reason="read what it wrote"),
    row(
        "ASYNC-094b",
        "waits-on-another-loop",
        "async",
        has(read_bytes=aio.waits_elsewhere),
        reason="on another loop",
        limit_s=10.0,
    ),
    row("KIT-060", "keeps-its-lock", "async", has(write=aio.keeps_its_lock), reason="did not return", limit_s=20.0),
    row("KIT-060", "swallows-cancellation", "async", has(write=aio.swallows_cancellation), reason="it returned"),
    row(
        "KIT-060",
        "leaves-its-temp-file",
        "async",
        has(write_atomic=aio.leaves_its_temp_file),
        also="KIT-001 KIT-003",
        reason=".tmp",
    ),
    row("KIT-061", "locks-for-good", "async", has(exists=aio.locks_for_good), reason="did not return", limit_s=10.0),
    row("KIT-061", "answers-when-cancelled", "async", has(exists=aio.answers_when_cancelled), reason="returned False"),
    row(
        "KIT-061",
        "fails-when-cancelled",
        "async",
        has(read_bytes=aio.fails_when_cancelled),
        reason="raised BackendUnavailable",
    ),
    row(
        "KIT-061",
        "clears-before-it-writes",
        "async",
        has(write_atomic=aio.clears_first),
        reason="left no bytes",
    ),
    row("KIT-061", "leaves-a-task", "async", has(get_file_info=aio.waits_for_good), reason="tasks go on", limit_s=20.0),
    row("TIME-007", "writes-all-the-same", "async", has(write=aio.writes_all_the_same), reason="a little later"),
    row("KIT-062", "sleeps-in-read", "async", has(read_bytes=aio.blocking("read_bytes")), reason="held it for"),
    row("KIT-062", "sleeps-in-copy", "async", has(copy=aio.blocking("copy")), reason="copy() held it for"),
    row("KIT-062", "sleeps-in-move", "async", has(move=aio.blocking("move")), reason="move() held it for"),
    row("KIT-062", "sleeps-in-delete", "async", has(delete=aio.blocking("delete")), reason="delete() held it for"),
    row(
        "KIT-062",
        "sleeps-in-delete-folder",
        "async",
        has(delete_folder=aio.blocking("delete_folder")),
        reason="delete_folder() held it for",
    ),
    row(
        "KIT-062",
        "sleeps-in-check-health",
        "async",
        has(check_health=aio.blocking("check_health")),
        reason="check_health() held it for",
    ),
    row(
        "BE-004a",
        "answers-without-await",
        "async",
        has(exists=aio.exists_at_once),
        also="BE-004b BE-021a BE-012a KIT-004",
        reason="TypeError",
    ),
)
