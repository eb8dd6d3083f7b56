"""Mutants of AW: atomic writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from remote_store import NotFound, RemotePath, RemoteStoreError, WriteResult

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import DEEP_DOWN, PIECE, STREAM, blobs, deleted_only, read_for_nothing
from rsconform.selftest.mutant import Mutant, mutant
from rsconform.selftest.stores.flat import Blob


def in_place(call: op.Call) -> Any:
    """Let the file grow as its source is read."""
    content = call.arguments["content"]
    data = b""
    while piece := content.read(PIECE):
        data += piece
        blobs(call)[call.path] = Blob(data, datetime.now(UTC))
    return WriteResult(RemotePath(call.path), len(data))


def temp_file_first(call: op.Call) -> Any:
    """Write a temp file, and look whether that was wanted afterwards."""
    temp = f"{call.path}.tmp"
    blobs(call)[temp] = Blob(b"", datetime.now(UTC))
    try:
        return call.proceed(content=call.arguments["content"].read())
    finally:
        del blobs(call)[temp]


def litter(call: op.Call) -> Any:
    """Leave a temp file behind where the source fails."""
    try:
        return call.proceed()
    except RemoteStoreError:
        raise
    except BaseException:
        call.call_correct("write", f"{call.path}.tmp", b"half", overwrite=True)
        raise


def plainly(call: op.Call) -> Any:
    return call.call_correct("write", call.path, call.arguments["content"], overwrite=call.arguments["overwrite"])


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # AW: write_atomic().
    mutant("AW-001", "writes-in-place", "flat",
        op.replace("write_atomic", in_place, STREAM & (op.MISSING | op.called_with(overwrite=True))), also="KIT-001"),
    mutant("AW-002", "reads-first", "bare", op.before("write_atomic", read_for_nothing, STREAM), reason="tell"),
    mutant("AW-003a", "begins-at-once", "flat", op.replace("write_atomic", temp_file_first, STREAM), reason="begun"),
    mutant("AW-003b", "clears-the-target-first", "flat",
        op.before("write_atomic", deleted_only, op.FILE & op.called_with(overwrite=True)), also="KIT-001"),
    mutant("AW-004", "leaves-its-temp-file", "flat", op.replace("write_atomic", litter), also="KIT-001 KIT-003",
        reason=".tmp"),
    mutant("AW-005", "makes-no-folders", "memory", op.raises("write_atomic", NotFound, DEEP_DOWN), reason="NotFound"),
    mutant("AW-007", "writes-plainly", "bare", op.replace("write_atomic", plainly), reason="write_atomic returned"),
)
# fmt: on
