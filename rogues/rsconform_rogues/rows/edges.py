"""Rogues at the edges of BE: what is denied, documented or left open."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from typing import Final

from remote_store import FileInfo, InvalidPath, NotFound, RemotePath

from rsconform_rogues.deeds import EARLY, UNFOLDED, written_nowhere
from rsconform_rogues.operators import Call, When, alters, asked, has, instead, raises
from rsconform_rogues.row import Rogue, row

BACKSLASHES: Final = When(lambda _call, path: bool(path) and not path.strip("\\"))
DENIED: Final = When(lambda call, _path: not os.access(call.backend._root, os.W_OK))


def with_a_ghost(files: Iterator[FileInfo]) -> Iterator[FileInfo]:
    return chain(files, (FileInfo(RemotePath("ghost"), "ghost", 1, EARLY),))


def released_first(call: Call) -> None:
    call.backend._connection.close()
    call.proceed()


def released_at_any_rate(call: Call) -> None:
    try:
        call.backend._connection.close()
    finally:
        call.proceed()


ROWS: Final[tuple[Rogue, ...]] = (
    row("BE-018p", "says-nothing-of-it", "flat", has(__doc__="Files under whole keys."), reason="not atomic"),
    row("BE-018p", "says-nothing", "s3", has(__doc__="Files in one S3 bucket."), reason="not atomic"),
    row("BE-020k", "releases-first", "flat", instead("close", released_first), reason="raised in close()"),
    row("BE-020k", "waits-first", "flat", instead("close", released_at_any_rate), reason="blocked in close()"),
    row("BE-028h", "says-nothing-of-it", "single", has(__doc__="A move is not atomic."), reason="between threads"),
    row(
        "BE-028h",
        "says-not-what-to-do",
        "single",
        has(__doc__="A move is not atomic. Not thread-safe."),
        reason="each thread needs",
    ),
    row("BE-021f", "does-not-find-the-folder", "local", raises("write", NotFound, DENIED), reason="NotFound"),
    row("BE-021f", "blames-the-path", "local", raises("move", InvalidPath, DENIED, naming="dst"), reason="InvalidPath"),
    row(
        "BE-025e", "adds-a-letter", "flat", alters("native_path", lambda native: f"{native}x", UNFOLDED), also="BE-025b"
    ),
    row("BE-029u", "loses-what-it-took", "flat", instead("write", written_nowhere, BACKSLASHES), reason="read_bytes"),
    row("BE-029w", "shows-a-ghost", "flat", alters("list_files", with_a_ghost, asked(path="./")), reason="ghost"),
)
