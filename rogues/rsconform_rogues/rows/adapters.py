"""Rogues of remote-store's adapters between sync and async."""

from __future__ import annotations

from typing import Final

from remote_store.aio import AsyncBackend

from rsconform_rogues import adapters
from rsconform_rogues.operators import has
from rsconform_rogues.row import Rogue, row

ROWS: Final[tuple[Rogue, ...]] = (
    row(
        "ASYNC-030",
        "makes-something-else",
        "adapted",
        has(__new__=adapters.made_as_nothing),
        also="BE-020a",
        reason="an AsyncBackend",
    ),
    row(
        "ASYNC-031", "reads-on-the-loop", "adapted", has(read_bytes=adapters.reads_on_the_loop), reason="another thread"
    ),
    row("ASYNC-032", "lists-as-it-goes", "adapted", has(list_files=adapters.lists_as_it_goes), reason="5 items"),
    row("ASYNC-033", "reads-in-small-chunks", "adapted", has(read=adapters.reads_in_small_chunks), reason="65536"),
    row(
        "ASYNC-033",
        "leaves-the-stream-open",
        "adapted",
        has(read=adapters.leaves_the_stream_open),
        reason="stream closed",
    ),
    row(
        "ASYNC-034",
        "has-a-name-of-its-own",
        "adapted",
        has(name=property(lambda self: "adapter")),
        also="BE-002b",
        reason="name of the wrapped",
    ),
    row("ASYNC-034", "hands-out-no-handle", "adapted", has(unwrap=AsyncBackend.unwrap), reason="unwrap() to return"),
    row("ASYNC-035", "closes-nothing", "adapted", has(aclose=adapters.closes_nothing), reason="once"),
    row("ASYNC-036", "hands-a-stream-on", "adapted", has(write=adapters.writes_piece_by_piece), reason="whole"),
    row(
        "ASYNC-037",
        "is-always-well",
        "adapted",
        has(check_health=adapters.is_always_well),
        reason="error of the wrapped",
    ),
    row("ASYNC-080", "reads-all-at-once", "bridged", has(read=adapters.reads_all_at_once), reason="one pull"),
    row("ASYNC-081", "can-seek", "bridged", has(read=adapters.reads_seekable), reason="not seekable"),
    row(
        "ASYNC-081",
        "ends-streams-silently",
        "bridged",
        has(read=adapters.ends_streams_silently),
        also="BE-021d",
        reason="very error",
    ),
    row(
        "ASYNC-082",
        "does-not-look-for-a-loop",
        "bridged",
        has(_guard=adapters.guards_only_closed),
        reason="running loop",
    ),
    row(
        "ASYNC-082", "does-not-guard-a-question", "bridged", has(is_file=adapters.answers_anywhere), reason="is_file()"
    ),
    row(
        "ASYNC-083",
        "answers-a-question-when-closed",
        "bridged",
        has(is_file=adapters.answers_anywhere),
        reason="is_file()",
    ),
    row("ASYNC-083", "works-when-closed", "bridged", has(exists=adapters.works_when_closed), reason="after close()"),
    row(
        "ASYNC-084",
        "masks-nothing",
        "bridged",
        has(capabilities=property(adapters.keeps_all_capabilities)),
        reason="SEEKABLE_READ",
    ),
    row(
        "ASYNC-085",
        "writes-whatever-happens",
        "bridged",
        has(open_atomic=adapters.writes_whatever_happens),
        reason="clean end",
    ),
    row("ASYNC-086", "unwraps", "bridged", has(unwrap=adapters.unwraps_itself), reason="CapabilityNotSupported"),
    row("ASYNC-087", "relabels-errors", "bridged", has(check_health=adapters.relabels_errors), reason="very error"),
    row("ASYNC-088", "closes-nothing", "bridged", has(close=adapters.closes_silently), reason="once"),
    row(
        "ASYNC-089",
        "shares-results",
        "bridged",
        has(read_bytes=adapters.remembers_the_last_read),
        reason="another's bytes",
    ),
    row(
        "ASYNC-090",
        "ends-streams-silently",
        "bridged",
        has(read=adapters.ends_streams_silently),
        also="BE-021d",
        reason="very error",
    ),
    row("ASYNC-089", "shares-listings", "bridged", has(list_files=adapters.lists_the_last), reason="listed"),
    row(
        "ASYNC-088", "keeps-its-loop", "bridged", has(close=adapters.keeps_the_loop), also="ASYNC-090", reason="warning"
    ),
    row(
        "ASYNC-090",
        "lets-out-what-closing-raises",
        "bridged",
        has(close=adapters.lets_out_what_closing_raises),
        also="ASYNC-088",
        reason="at the end",
    ),
    row("ASYNC-091", "wraps-source-errors", "bridged", has(write=adapters.wraps_source_errors), reason="very error"),
    row("ASYNC-092", "enters-the-wrapped", "bridged", has(__enter__=adapters.enters_the_wrapped), reason="not entered"),
    row("ASYNC-093", "never-asks", "bridged", has(check_health=adapters.never_asks), reason="very error"),
)
