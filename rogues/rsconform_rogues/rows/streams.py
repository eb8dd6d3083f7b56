"""Rogues of SEEK, SIO: seeking and streams."""

from __future__ import annotations

import io
from typing import Any, Final

from remote_store import (
    InvalidPath,
    NotFound,
)

from rsconform_rogues.awkward import (
    a_byte_more,
    a_byte_short,
    end_only_once,
    first_mebibyte,
    interrupts_mapped,
    lent,
    offset_from_the_end,
    read_before,
    relative_as_absolute,
    tried_again,
    until_a_short_piece,
)
from rsconform_rogues.deeds import (
    STREAM,
    Ahead,
    asking,
    at_its_end,
    copying,
    forward_only,
    in_halves,
    late,
    off_by_one,
    read_at_once,
    rewound,
    spool,
)
from rsconform_rogues.operators import (
    MISSING,
    alters,
    instead,
    raises,
    relabels,
    shadows,
    stores,
    streams,
    turns,
)
from rsconform_rogues.row import Rogue, row


class ShortLines(io.BytesIO):
    """Ends a line before its end."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream.read())

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(-1 if size is None else size)
        return line[: max(1, len(line) - 1)]


ROWS: Final[tuple[Rogue, ...]] = (
    # SEEK: reading at random.
    row("SEEK-001", "claims-to-seek", "flat", alters("read", forward_only), reason="seekable to return True"),
    row("SEEK-001", "seeks-a-byte-too-far", "memory", streams("read", seek=off_by_one), also="SEEK-003a"),
    row("SEEK-003a", "starts-at-the-end", "flat", alters("read_seekable", at_its_end)),
    row("SEEK-003a", "keeps-eight-mebibytes", "flat", alters("read_seekable", lambda s: io.BytesIO(s.read(8 << 20)))),
    row("SEEK-003a", "ends-lines-early", "flat", alters("read_seekable", ShortLines), reason="lines of the file"),
    row(
        "SEEK-003a",
        "gives-all-for-nothing",
        "flat",
        streams("read_seekable", read=lambda stream, size=-1: stream.read(size or -1)),
        also="SIO-012",
        reason="0 bytes",
    ),
    row("SEEK-003b", "blames-the-path", "memory", raises("read_seekable", InvalidPath, MISSING)),
    row("SEEK-004", "copies-the-stream", "flat", shadows(read_seekable=copying), reason="the very stream"),
    row("SEEK-005", "spools-less", "bare", shadows(read_seekable=spool(1 << 20)), reason="1048576"),
    row("SEEK-005", "does-not-spool", "bare", shadows(read_seekable=copying), reason="SpooledTemporaryFile"),
    row("SEEK-006a", "reads-when-opened", "s3", alters("read_seekable", read_at_once), reason="total requests"),
    row("SEEK-006b", "asks-before-it-seeks", "s3", instead("read_seekable", asking("seek")), reason="total requests"),
    row("SEEK-006c", "reads-in-halves", "s3", streams("read_seekable", readinto=in_halves), reason="total requests"),
    row("SEEK-006d", "reads-ahead", "s3", alters("read_seekable", io.BufferedReader), reason="BufferedReader"),
    row("SEEK-006d", "reads-ahead-in-disguise", "s3", alters("read_seekable", Ahead), reason="total requests"),
    row("SEEK-010", "loses-the-path", "memory", relabels("read_seekable", path=lambda _: None)),
    row("SEEK-010", "changes-the-class", "flat", turns("read_seekable", NotFound, InvalidPath), reason="InvalidPath"),
    row(
        "SEEK-011",
        "keeps-the-source",
        "bare",
        shadows(read_seekable=spool(8 << 20, closing=False)),
        reason="still open",
    ),
    # SIO: streams.
    row("SIO-001a", "cannot-be-read", "flat", streams("read", readable=lambda _: False), reason="readable"),
    row("SIO-001b", "gives-more-than-asked", "flat", streams("read", read=a_byte_more), reason="pieces of at most"),
    row("SIO-001b", "ends-after-a-mebibyte", "memory", alters("read", first_mebibyte)),
    row("SIO-001c", "ends-only-once", "bare", alters("read", end_only_once), reason="ValueError"),
    row("SIO-001d", "stays-open", "flat", streams("read", close=lambda _: None), reason="closed"),
    row("SIO-002", "reads-a-mebibyte-at-once", "flat", alters("read_bytes", lambda data: data[: 1 << 20])),
    row("SIO-003a", "loses-a-byte", "memory", stores("write_atomic", a_byte_short)),
    row("SIO-003b", "rewinds-its-source", "flat", instead("write_atomic", rewound, STREAM), also="BE-021a"),
    row("SIO-003c", "takes-a-short-piece-for-the-end", "flat", instead("write", until_a_short_piece, STREAM)),
    row("SIO-004", "fails-at-the-first-byte", "flat", instead("read", late, MISSING), reason="at call"),
    row("SIO-005a", "loses-connections", "flat", instead("read", lent), reason="BackendUnavailable"),
    row("SIO-005b", "maps-interrupts", "flat", instead("write", interrupts_mapped), reason="BackendUnavailable"),
    row(
        "SIO-005b",
        "tries-again",
        "flat",
        instead("write", tried_again, STREAM),
        also="KIT-068 KIT-030",
        reason="swallowed",
    ),
    row("SIO-008a", "says-that-it-cannot-seek", "flat", streams("read", seekable=lambda _: False)),
    row("SIO-008b", "takes-relative-for-absolute", "flat", streams("read", seek=relative_as_absolute)),
    row("SIO-008c", "keeps-a-mebibyte", "flat", alters("read_seekable", first_mebibyte)),
    row("SIO-009a", "reads-it-all-before", "local", alters("read", read_before), reason="BytesIO"),
    row("SIO-009b", "fills-no-buffers", "local", streams("read", readinto=lambda *_: None), reason="None"),
    row("SIO-011", "forgets-the-size", "memory", streams("read", seek=offset_from_the_end)),
)
