"""Rogues of BE that its first cases let pass: orders of checks, closed instances, streams in threads, spellings."""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, InvalidPath, NotFound

from rsconform_rogues.deeds import STREAM, TO_FILE, TO_FOLDER, reopened, shut, spelled_as_given, written_nowhere
from rsconform_rogues.operators import (
    CLOSED,
    FILE,
    FOLDER,
    MISSING,
    ROOT,
    Call,
    When,
    answers,
    asked,
    first,
    has,
    instead,
    raises,
    then,
)
from rsconform_rogues.row import Rogue, row

_WINDOW_S: Final = 0.003

GONE: Final = When(lambda call, _path: not Path(call.backend._root).is_dir())
WIDER_ROOT: Final = ROOT & ~asked(path="") & ~asked(path=".")
WIDER_TARGET: Final = ROOT.of("dst") & ~asked(dst="") & ~asked(dst=".")
REDUNDANT: Final = ~ROOT & When(lambda _call, path: "/./" in f"/{path}" or "//" in path or path.endswith("/"))
EMPTY_INSIDE: Final = When(lambda _call, path: "//" in path)


def spooled_in_one_place(call: Call) -> Any:
    """Collect what a stream holds in a buffer that all threads share."""
    buffer = call.backend.__dict__.setdefault("_spool", io.BytesIO())
    buffer.seek(0)
    buffer.truncate()
    while piece := call.arguments["content"].read(4096):
        buffer.write(piece)
        time.sleep(0)
    return call.proceed(content=buffer.getvalue())


@contextmanager
def block_that_looked_first(call: Call) -> Any:
    """Look for the target when the block begins, and write whatever came meanwhile."""
    if call.rightly("exists", call.path):
        raise AlreadyExists("there is one", path=call.path, backend=call.backend.name)
    time.sleep(_WINDOW_S)
    with call.proceed(overwrite=True) as file:
        yield file


def replacing_slowly(call: Call) -> Any:
    """Say for a moment that the file is being replaced."""
    call.backend.__dict__["_replacing"] = call.path
    time.sleep(_WINDOW_S)
    try:
        return call.proceed()
    finally:
        call.backend.__dict__["_replacing"] = None


BEING_REPLACED: Final = When(lambda call, path: call.backend.__dict__.get("_replacing") == path)


def unwrapped_anew(call: Call) -> Any:
    """Give one handle for as long as the backend is open, and open another one afterwards."""
    if call.arguments["type_hint"] is not dict:
        return call.proceed()
    handles: dict[bool, dict[str, str]] = call.backend.__dict__.setdefault("_handles", {})
    return handles.setdefault(call.backend._closed, {})


ROWS: Final[tuple[Rogue, ...]] = (
    # The source comes before the destination, and the type before the conflict.
    row(
        "BE-018c", "looks-for-existence-first", "memory", raises("move", AlreadyExists, FOLDER & TO_FILE, naming="dst")
    ),
    row("BE-019c", "looks-for-existence-first", "flat", raises("copy", AlreadyExists, FOLDER & TO_FILE, naming="dst")),
    row(
        "BE-018k",
        "refuses-folders-first",
        "memory",
        raises("move", InvalidPath, MISSING & TO_FOLDER, naming="dst"),
        reason="InvalidPath",
    ),
    row(
        "BE-019k",
        "refuses-folders-first",
        "memory",
        raises("copy", InvalidPath, MISSING & TO_FOLDER, naming="dst"),
        reason="InvalidPath",
    ),
    row("BE-019o", "looks-at-the-target-first", "flat", raises("copy", AlreadyExists, MISSING & TO_FILE, naming="dst")),
    # What the docstring says.
    row(
        "BE-018p",
        "speaks-of-writes-alone",
        "flat",
        has(__doc__="write_atomic() uploads under another name first."),
        reason="not atomic",
    ),
    row("BE-018p", "says-the-opposite", "flat", has(__doc__="Keys. Moves are atomic."), reason="the opposite"),
    row(
        "BE-028h",
        "speaks-of-its-own-threads",
        "single",
        has(
            __doc__="Uploads with a pool of threads; each instance opens eight connections. A move copies and deletes."
        ),
        reason="between threads",
    ),
    # Handles and closed instances.
    row("BE-022a", "gives-a-number-for-a-dict", "memory", answers("unwrap", 42, asked(type_hint=dict)), reason="42"),
    row("BE-020c", "checks-its-health-on", "flat", first("check_health", reopened, CLOSED), reason="check_health"),
    row(
        "BE-020c",
        "opens-another-handle",
        "flat",
        instead("unwrap", unwrapped_anew),
        reason="made anew",
    ),
    row(
        "BE-020d",
        "loses-its-staging-area",
        "memory",
        then("close", shut) + raises("write_atomic open_atomic", BackendUnavailable, CLOSED),
        reason="write_atomic",
    ),
    row(
        "BE-020d",
        "lists-nothing-more",
        "memory",
        then("close", shut) + answers("iter_children", (), CLOSED),
        reason="iter_children",
    ),
    # Streams and readers in threads.
    row("BE-028c", "spools-in-one-place", "flat", instead("write", spooled_in_one_place, STREAM), reason="own bytes"),
    row("BE-028f", "spools-in-one-place", "flat", instead("write", spooled_in_one_place, STREAM), reason="own bytes"),
    row(
        "BE-028f",
        "spools-in-one-place-atomically",
        "flat",
        instead("write_atomic", spooled_in_one_place, STREAM),
        reason="own bytes",
    ),
    row(
        "BE-028d",
        "finds-nothing-meanwhile",
        "flat",
        instead("write_atomic", replacing_slowly, asked(overwrite=True))
        + raises("read read_bytes", NotFound, BEING_REPLACED),
        reason="NotFound",
    ),
    row("BE-028i", "looks-first", "flat", instead("open_atomic", block_that_looked_first), reason="creators"),
    # The root and other spellings.
    row(
        "BE-029r",
        "knows-two-spellings",
        "local",
        instead("write write_atomic", written_nowhere, GONE & WIDER_ROOT),
        reason="returned",
    ),
    row("BE-029r", "moves-onto-it", "local", answers("move", None, GONE & WIDER_TARGET), reason="move returned"),
    row("BE-029v", "asks-as-spelled", "memory", answers("exists is_file", False, FILE & REDUNDANT), reason="False"),
    row("BE-029v", "describes-as-spelled", "memory", raises("get_file_info", NotFound, FILE & REDUNDANT)),
    row("BE-029v", "deletes-as-spelled", "memory", answers("delete", None, FILE & REDUNDANT), reason="tree"),
    row(
        "BE-029v",
        "copies-empty-segments-as-spelled",
        "flat",
        instead("copy", spelled_as_given, FILE & EMPTY_INSIDE.of("dst")),
    ),
    row("BE-029y", "looks-at-nothing", "local", answers("check_health", None), reason="it returned"),
)
