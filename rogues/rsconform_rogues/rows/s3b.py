"""Rogues of S3B: the boto3 lane."""

from __future__ import annotations

from typing import Any, Final

from rsconform_rogues.answers import (
    secret_logged,
)
from rsconform_rogues.deeds import (
    asked_once_more,
    asking,
    in_halves,
    read_at_once,
    telling,
)
from rsconform_rogues.operators import (
    MISSING,
    alters,
    first,
    has,
    instead,
    streams,
)
from rsconform_rogues.row import Rogue, row


def halves(stream: Any, size: int | None = -1) -> bytes:
    """Read what is asked for with two requests."""
    if size is None or size < 2:
        return bytes(stream.read(size))
    return bytes(stream.read(size // 2)) + bytes(stream.read(size - size // 2))


ROWS: Final[tuple[Rogue, ...]] = (
    # S3B: what reads may cost.
    row("S3B-040", "fetches-when-opened", "s3", alters("read_seekable", read_at_once), reason="GetObject"),
    row("S3B-040", "asks-twice-when-opened", "s3", first("read", asked_once_more), reason="total requests"),
    row("S3B-041", "asks-before-it-tells", "s3", instead("read", asking("tell")), reason="total requests"),
    row("S3B-042", "reads-in-halves", "s3", streams("read_seekable", readinto=in_halves), reason="GetObject requests"),
    row("S3B-042", "asks-at-the-end", "s3", instead("read_seekable", asking("readinto")), reason="total requests"),
    row("S3B-043", "reads-in-halves", "s3", streams("read_seekable", read=halves), reason="GetObject requests"),
    row("SEC-B1", "shows-its-secret", "flat", has(__repr__=lambda self: f"FlatBackend(secret={self._secret!r})")),
    row("SEC-B1", "tells-its-secret", "flat", instead("delete", telling, MISSING), reason="text or in its causes"),
    row("SEC-B2", "logs-its-secret", "flat", first("read_bytes", secret_logged), reason="rsconform_rogues"),
)
