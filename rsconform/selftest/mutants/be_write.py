"""Mutants of BE-008 to BE-011: write(), write_atomic(), open_atomic()."""

from __future__ import annotations

from typing import Any, Final

from remote_store import AlreadyExists, CapabilityNotSupported, InvalidPath, NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import DEEP_DOWN, STREAM, looking, one_read, replaced_folder, rewound, unguarded
from rsconform.selftest.mutant import Mutant, mutant


def longer_tail(call: op.Call) -> Any:
    """Write over the beginning of what is there."""
    old = call.call_correct("read_bytes", call.path)
    content = call.arguments["content"]
    new = content if isinstance(content, bytes) else content.read()
    return call.proceed(content=new + old[len(new) :])


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-008a", "writes-in-text-mode", "flat",
        op.stores("write", lambda data: data.replace(b"\r\n", b"\n"), ~STREAM)),
    mutant("BE-008b", "reads-its-source-once", "flat", op.replace("write", one_read, STREAM), also="WR-001a.1"),
    mutant("BE-008b", "rewinds-its-source", "flat", op.replace("write", rewound, STREAM)),
    mutant("BE-008c", "ignores-overwrite", "flat", op.passes("write", overwrite=True), reason="AlreadyExists"),
    mutant("BE-008c", "overwrites-empty-files", "flat", op.passes("write", op.EMPTY_FILE, overwrite=True)),
    mutant("BE-008d", "does-not-truncate", "flat",
        op.replace("write", longer_tail, op.FILE & op.called_with(overwrite=True))),
    mutant("BE-008e", "reports-folders-as-existing", "memory",
        op.raises(op.WRITES, AlreadyExists, op.FOLDER & op.called_with(overwrite=False))),
    mutant("BE-008f", "replaces-folders", "memory",
        op.before(op.WRITES, replaced_folder, op.FOLDER & op.called_with(overwrite=True)), also="KIT-003"),
    mutant("BE-008g", "reports-not-found-below-files", "memory", op.raises(op.WRITES, NotFound, op.BELOW_FILE),
        reason="NotFound"),
    mutant("BE-008g", "forgets-its-opt-in", "strict", op.replace("write", unguarded, op.BELOW_FILE),
        reason="write returned"),
    mutant("BE-008h", "refuses-prefixes", "flat", op.raises(op.WRITES, InvalidPath, op.FOLDER), reason="InvalidPath"),
    mutant("BE-008h", "refuses-below-files", "flat", op.raises(op.WRITES, InvalidPath, op.BELOW_FILE),
        reason="InvalidPath"),
    mutant("BE-008i", "reports-the-root-as-existing", "memory", op.raises("write", AlreadyExists, op.ROOT)),
    # No backend is exempt from refusing to write to the root.
    mutant("BE-008i", "stores-the-empty-key", "keyed", op.replace("write", unguarded, op.ROOT), also="KIT-001"),
    mutant("BE-008j", "looks-for-existence-first", "memory",
        op.raises("write", AlreadyExists, op.FOLDER & op.called_with(overwrite=False))),
    # What is sent.
    mutant("BE-008k", "looks-at-the-path-too", "s3_strict", op.before("write", looking("is_file"), ~op.ROOT),
        reason="0 HeadObject requests"),
    mutant("BE-008k", "goes-on-looking", "s3_strict", op.before("write", op.BELOW_FILE, op.NESTED),
        reason="at most 1 total requests"),
    mutant("BE-008k", "looks-at-each-folder-twice", "s3_strict", op.before("write", op.BELOW_FILE, op.NESTED),
        reason="at most 1 more for"),
    # In trouble.
    mutant("BE-008l", "does-not-write-without-having-looked", "s3_strict", op.before("write", op.BELOW_FILE, op.NESTED),
        reason="BackendUnavailable"),
    mutant("BE-008n", "drops-metadata", "plain", op.passes("write", metadata=None), reason="CapabilityNotSupported"),
    mutant("BE-008n", "refuses-an-empty-mapping", "plain",
        op.raises("write", CapabilityNotSupported, op.called_with(metadata={}))),
    mutant("BE-009", "makes-one-folder-only", "memory", op.raises("write", NotFound, DEEP_DOWN), reason="NotFound"),
    mutant("BE-010a", "leaves-a-temp-file", "local", op.after("write_atomic", op.writes_file("{path}.tmp")),
        also="KIT-003", reason="a.bin.tmp"),
    mutant("BE-010a", "drops-the-last-byte", "flat", op.stores("write_atomic", lambda data: data[:-1])),
    mutant("BE-010b", "ignores-overwrite", "flat", op.passes("write_atomic", overwrite=True)),
    mutant("BE-010b", "ignores-overwrite-when-open", "flat", op.passes("open_atomic", overwrite=True)),
    mutant("BE-010b", "never-overwrites", "flat", op.raises("open_atomic", AlreadyExists, op.FILE),
        reason="AlreadyExists"),
    mutant("BE-010c", "looks-for-existence-first", "memory",
        op.raises("write_atomic", AlreadyExists, op.BELOW_FILE | op.FOLDER)),
    mutant("BE-010d", "drops-metadata", "plain", op.passes("write_atomic", metadata=None),
        reason="CapabilityNotSupported"),
    mutant("BE-011", "writes-all-the-same", "bare", op.replace("write_atomic", unguarded),
        reason="write_atomic returned"),
    mutant("BE-011", "names-another-capability", "bare",
        op.raises("open_atomic", CapabilityNotSupported, capability="write")),
    mutant("BE-011", "is-not-implemented", "bare", op.raises("write_atomic", NotImplementedError), also="BE-021a"),
)
# fmt: on
