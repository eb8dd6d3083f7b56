"""Mutants of SAW: open_atomic() blocks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable

from rsconform.selftest import operators as op
from rsconform.selftest.mutant import Mutant, mutant


@contextmanager
def published_early(call: op.Call) -> Iterator[Any]:
    call.call_correct("write", call.path, b"", overwrite=True)
    with call.proceed(overwrite=True) as file:
        yield file


@contextmanager
def body_mapped(call: op.Call) -> Iterator[Any]:
    try:
        with call.proceed() as file:
            yield file
    except OSError as exc:
        raise BackendUnavailable("the disk", path=call.path, backend=call.backend.name) from exc


@contextmanager
def littered(call: op.Call) -> Iterator[Any]:
    with call.proceed() as file:
        try:
            yield file
        except BaseException:
            call.call_correct("write", f"{call.path}.tmp", b"half", overwrite=True)
            raise


def _refuse_existing(call: op.Call) -> None:
    if not call.arguments["overwrite"] and call.call_correct("is_file", call.path):
        raise AlreadyExists("there", path=call.path, backend=call.backend.name)


@contextmanager
def refused_at_the_end(call: op.Call) -> Iterator[Any]:
    with call.proceed(overwrite=True) as file:
        yield file
        _refuse_existing(call)


@contextmanager
def refused_at_the_start(call: op.Call) -> Iterator[Any]:
    _refuse_existing(call)
    with call.proceed(overwrite=True) as file:
        yield file


@contextmanager
def lost_to_a_rival(call: op.Call) -> Iterator[Any]:
    """Swallow what the end of the block raises where a file was made meanwhile."""
    block = call.proceed()
    file = block.__enter__()
    try:
        yield file
    except BaseException:
        if not block.__exit__(*sys.exc_info()):
            raise
        return
    with suppress(AlreadyExists):
        block.__exit__(None, None, None)


@contextmanager
def appended(call: op.Call) -> Iterator[Any]:
    with call.proceed() as file:
        file.write(call.call_correct("read_bytes", call.path))
        yield file


@contextmanager
def mute(call: op.Call) -> Iterator[Any]:
    with call.proceed() as file:
        yield op.Around(file, tell=lambda _file: 0)


@contextmanager
def kept_as_given(call: op.Call) -> Iterator[Any]:
    """Keep what is written until the end, without a copy."""
    pieces: list[Any] = []
    with call.proceed() as file:
        yield op.Around(file, write=lambda _file, piece: pieces.append(piece))
        file.write(b"".join(pieces))


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # SAW: blocks of open_atomic().
    mutant("SAW-001", "refuses-at-the-end", "flat", op.replace("open_atomic", refused_at_the_end), also="SAW-006a",
        reason="leaving the block"),
    mutant("SAW-003", "publishes-early", "flat",
        op.replace("open_atomic", published_early, op.MISSING | op.called_with(overwrite=True)),
        reason="until the block ends"),
    mutant("SAW-003", "loses-to-another-writer", "flat", op.replace("open_atomic", lost_to_a_rival),
        also="SAW-006c BE-028i", reason="at the end of the block"),
    mutant("SAW-004", "maps-the-body's-errors", "flat", op.replace("open_atomic", body_mapped), reason="OSError"),
    mutant("SAW-005", "leaves-its-temp-file", "flat", op.replace("open_atomic", littered), also="KIT-001 KIT-003",
        reason=".tmp"),
    mutant("SAW-006a", "refuses-at-the-end", "flat", op.replace("open_atomic", refused_at_the_end), reason="enter"),
    mutant("SAW-006b", "appends", "flat",
        op.replace("open_atomic", appended, op.FILE & op.called_with(overwrite=True))),
    mutant("SAW-006c", "replaces-what-came", "flat", op.replace("open_atomic", refused_at_the_start),
        reason="too late"),
    mutant("SAW-013", "tell-returns-nothing", "flat", op.replace("open_atomic", mute), reason="tell()"),
    mutant("SAW-013", "keeps-bytearrays", "memory", op.replace("open_atomic", kept_as_given)),
)
# fmt: on
