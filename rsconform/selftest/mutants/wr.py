"""Mutants of WR: write results and metadata."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from remote_store import BackendUnavailable, CapabilityNotSupported, RemotePath

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import EARLY, METADATA, NO_DIGEST, STREAM, loosened, no_sha3, read_for_nothing
from rsconform.selftest.mutant import Mutant, mutant

SENTINEL: Final = datetime.min.replace(tzinfo=UTC)


def characters_counted(call: op.Call) -> Any:
    return replace(call.proceed(), size=len(call.arguments["content"].decode(errors="ignore")))


def with_prefix(result: Any) -> RemotePath:
    return RemotePath(f"store/{result.path}")


def lower_cased(result: Any) -> Any:
    return {name.lower(): value for name, value in result.metadata.items()} if result.metadata else None


def metadata_merged(call: op.Call) -> Any:
    old = call.call_correct("get_file_info", call.path).metadata or {}
    return call.proceed(metadata={**old, **(call.arguments["metadata"] or {})})


def stripped(call: op.Call) -> Any:
    metadata = call.arguments["metadata"]
    return call.proceed(metadata={name: value.strip() for name, value in metadata.items()})


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # WR: what a write returns and keeps.
    mutant("WR-001", "names-the-path-from-the-store", "flat", op.fills("write_atomic", path=with_prefix),
        reason="path"),
    mutant("WR-001a.1", "has-a-number-for-a-version", "flat", op.fills("write", version_id=lambda _: 7),
        reason="version_id"),
    mutant("WR-001a.1", "counts-a-byte-too-many", "flat", op.fills("write", size=lambda w: w.size + 1)),
    mutant("WR-001a.1", "returns-nothing", "flat", op.alters("write_atomic", lambda _: None), reason="WriteResult"),
    mutant("WR-001a.1", "has-text-for-paths", "flat", op.fills("write_atomic", path=lambda w: str(w.path))),
    mutant("WR-001a.2", "counts-no-streams", "flat", op.fills("write_atomic", STREAM, size=lambda _: 0), reason="size"),
    mutant("WR-001a.3", "can-be-changed", "flat", op.alters("write_atomic", loosened), reason="FrozenInstanceError"),
    mutant("WR-001a.4", "has-an-etag-of-its-own", "flat", op.fills("write_atomic", etag=lambda _: "e"), reason="etag"),
    mutant("WR-001a.4", "has-a-time-of-its-own", "memory", op.fills("write_atomic", last_modified=lambda _: EARLY),
        reason="last_modified"),
    mutant("WR-001a.5", "has-a-digest-of-parts", "flat", op.fills("write_atomic", STREAM, digest=lambda _: NO_DIGEST),
        reason="digest"),
    mutant("WR-001a.6", "has-the-sentinel", "flat", op.fills("write_atomic", last_modified=lambda _: SENTINEL),
        reason="last_modified"),
    mutant("WR-001a.7", "has-one-version", "flat", op.fills("write_atomic", version_id=lambda _: "v1"),
        reason="version_id"),
    mutant("WR-002", "names-its-temp-file", "flat",
        op.fills("write_atomic", path=lambda w: RemotePath(f"{w.path}.tmp")), reason="NotFound"),
    mutant("WR-003", "counts-characters", "flat", op.replace("write_atomic", characters_counted, ~STREAM),
        reason="size"),
    mutant("WR-004", "says-basic", "flat", op.fills("write_atomic", source=lambda _: "basic"), reason="source"),
    mutant("WR-004", "says-native", "basic", op.fills("write_atomic", source=lambda _: "native"), reason="source"),
    mutant("WR-005", "has-etags-at-least", "basic", op.fills("write_atomic", etag=lambda _: "e"), reason="etag"),
    mutant("WR-006", "says-sidecar", "memory", op.fills("write_atomic", source=lambda _: "sidecar"), reason="source"),
    mutant("WR-007", "has-any-digest-with-dashes", "flat", op.fills("write", digest=no_sha3), reason="digest"),
    mutant("WR-007", "has-any-digest", "flat", op.fills("write_atomic", digest=lambda _: NO_DIGEST), reason="digest"),
    mutant("WR-009", "writes-natively-or-not", "basic",
        op.raises("write", CapabilityNotSupported, op.called_with(path="a", overwrite=False),
            capability="write_result_native"),
        also="BE-008a"),
    mutant("WR-010b", "reads-first", "plain", op.before("write", read_for_nothing, METADATA & STREAM), reason="tell"),
    mutant("WR-010b", "drops-metadata", "plain", op.passes("write", METADATA, metadata=None), reason="returned"),
    mutant("WR-011b", "invites-another-attempt", "flat", op.raises("write", BackendUnavailable, METADATA),
        reason="another attempt"),
    mutant("WR-011b", "leaks-an-error", "flat", op.raises("write", ValueError, METADATA), reason="ValueError"),
    mutant("WR-011b", "trims-values", "flat", op.replace("write", stripped, METADATA), reason="'  me  '"),
    mutant("WR-012a", "lowers-keys", "flat", op.fills("write_atomic", metadata=lower_cased), reason="metadata"),
    mutant("WR-012b", "echoes-an-empty-mapping", "flat", op.fills("write_atomic", metadata=lambda w: w.metadata or {}),
        reason="metadata"),
    mutant("WR-013a", "drops-metadata", "flat", op.passes("write_atomic", METADATA, metadata=None), reason="metadata"),
    mutant("WR-013a", "drops-metadata-of-streams", "flat", op.passes("write", METADATA & STREAM, metadata=None),
        reason="metadata"),
    mutant("WR-013b", "has-an-empty-mapping", "plain", op.fills("get_file_info", metadata=lambda _: {}),
        reason="metadata"),
    mutant("WR-013c", "merges-metadata", "memory",
        op.replace("write", metadata_merged, op.FILE & op.called_with(overwrite=True)), reason="metadata"),
)
# fmt: on
