"""Rogues of AW, SAW, WR: atomic writes, blocks of open_atomic(), results."""

from __future__ import annotations

from typing import Final

from remote_store import (
    BackendUnavailable,
    CapabilityNotSupported,
    NotFound,
    RemotePath,
)

from rsconform_rogues.answers import (
    NO_DIGEST,
    SENTINEL,
    characters_counted,
    loosened,
    lower_cased,
    metadata_merged,
    stripped,
    with_prefix,
)
from rsconform_rogues.awkward import (
    appended,
    body_mapped,
    in_place,
    kept_as_given,
    litter,
    littered,
    lost_to_a_rival,
    mute,
    plainly,
    published_early,
    read_for_nothing,
    refused_at_the_end,
    refused_at_the_start,
    temp_file_first,
)
from rsconform_rogues.deeds import (
    DEEP_DOWN,
    EARLY,
    METADATA,
    STREAM,
    deleted_only,
)
from rsconform_rogues.operators import (
    FILE,
    MISSING,
    alters,
    asked,
    asks,
    fills,
    first,
    instead,
    raises,
)
from rsconform_rogues.row import Rogue, row

ROWS: Final[tuple[Rogue, ...]] = (
    # AW: write_atomic().
    row(
        "AW-001",
        "writes-in-place",
        "flat",
        instead("write_atomic", in_place, STREAM & (MISSING | asked(overwrite=True))),
        also="KIT-001",
    ),
    row("AW-002", "reads-first", "bare", first("write_atomic", read_for_nothing, STREAM), reason="tell"),
    row("AW-003a", "begins-at-once", "flat", instead("write_atomic", temp_file_first, STREAM), reason="begun"),
    row(
        "AW-003b",
        "clears-the-target-first",
        "flat",
        first("write_atomic", deleted_only, FILE & asked(overwrite=True)),
        also="KIT-001",
    ),
    row(
        "AW-004", "leaves-its-temp-file", "flat", instead("write_atomic", litter), also="KIT-001 KIT-003", reason=".tmp"
    ),
    row("AW-005", "makes-no-folders", "memory", raises("write_atomic", NotFound, DEEP_DOWN), reason="NotFound"),
    row("AW-007", "writes-plainly", "bare", instead("write_atomic", plainly), reason="write_atomic returned"),
    # SAW: blocks of open_atomic().
    row(
        "SAW-001",
        "refuses-at-the-end",
        "flat",
        instead("open_atomic", refused_at_the_end),
        also="SAW-006a",
        reason="leaving the block",
    ),
    row(
        "SAW-003",
        "publishes-early",
        "flat",
        instead("open_atomic", published_early, MISSING | asked(overwrite=True)),
        reason="until the block ends",
    ),
    row(
        "SAW-003",
        "is-lost-to-a-rival",
        "flat",
        instead("open_atomic", lost_to_a_rival),
        also="SAW-006c BE-028i",
        reason="at the end of the block",
    ),
    row("SAW-004", "maps-the-body's-errors", "flat", instead("open_atomic", body_mapped), reason="OSError"),
    row(
        "SAW-005",
        "leaves-its-temp-file",
        "flat",
        instead("open_atomic", littered),
        also="KIT-001 KIT-003",
        reason=".tmp",
    ),
    row("SAW-006a", "refuses-at-the-end", "flat", instead("open_atomic", refused_at_the_end), reason="enter"),
    row("SAW-006b", "appends", "flat", instead("open_atomic", appended, FILE & asked(overwrite=True))),
    row("SAW-006c", "replaces-what-came", "flat", instead("open_atomic", refused_at_the_start), reason="too late"),
    row("SAW-013", "tells-nothing", "flat", instead("open_atomic", mute), reason="tell()"),
    row("SAW-013", "keeps-bytearrays", "memory", instead("open_atomic", kept_as_given)),
    # WR: what a write returns and keeps.
    row("WR-001", "names-the-path-from-the-store", "flat", fills("write_atomic", path=with_prefix), reason="path"),
    row("WR-001a.1", "counts-a-byte-too-many", "flat", fills("write", size=lambda w: w.size + 1)),
    row("WR-001a.1", "returns-nothing", "flat", alters("write_atomic", lambda _: None), reason="WriteResult"),
    row("WR-001a.1", "has-text-for-paths", "flat", fills("write_atomic", path=lambda w: str(w.path))),
    row("WR-001a.2", "counts-no-streams", "flat", fills("write_atomic", STREAM, size=lambda _: 0), reason="size"),
    row("WR-001a.3", "can-be-changed", "flat", alters("write_atomic", loosened), reason="FrozenInstanceError"),
    row("WR-001a.4", "has-an-etag-of-its-own", "flat", fills("write_atomic", etag=lambda _: "e"), reason="etag"),
    row(
        "WR-001a.4",
        "has-a-time-of-its-own",
        "memory",
        fills("write_atomic", last_modified=lambda _: EARLY),
        reason="last_modified",
    ),
    row(
        "WR-001a.5",
        "has-a-digest-of-parts",
        "flat",
        fills("write_atomic", STREAM, digest=lambda _: NO_DIGEST),
        reason="digest",
    ),
    row(
        "WR-001a.6",
        "has-the-sentinel",
        "flat",
        fills("write_atomic", last_modified=lambda _: SENTINEL),
        reason="last_modified",
    ),
    row(
        "WR-002",
        "names-its-temp-file",
        "flat",
        fills("write_atomic", path=lambda w: RemotePath(f"{w.path}.tmp")),
        reason="NotFound",
    ),
    row("WR-003", "counts-characters", "flat", instead("write_atomic", characters_counted, ~STREAM), reason="size"),
    row("WR-004", "says-basic", "flat", fills("write_atomic", source=lambda _: "basic"), reason="source"),
    row("WR-004", "says-native", "basic", fills("write_atomic", source=lambda _: "native"), reason="source"),
    row("WR-005", "has-etags-at-least", "basic", fills("write_atomic", etag=lambda _: "e"), reason="etag"),
    row("WR-006", "says-sidecar", "memory", fills("write_atomic", source=lambda _: "sidecar"), reason="source"),
    row("WR-007", "has-any-digest", "flat", fills("write_atomic", digest=lambda _: NO_DIGEST), reason="digest"),
    row(
        "WR-009",
        "writes-natively-or-not",
        "basic",
        raises("write", CapabilityNotSupported, asked(path="a", overwrite=False), capability="write_result_native"),
        also="BE-008a",
    ),
    row("WR-010b", "drops-metadata", "plain", asks("write", METADATA, metadata=None), reason="returned"),
    row(
        "WR-011b",
        "invites-another-attempt",
        "flat",
        raises("write", BackendUnavailable, METADATA),
        reason="another attempt",
    ),
    row("WR-011b", "leaks-an-error", "flat", raises("write", ValueError, METADATA), reason="ValueError"),
    row("WR-011b", "trims-values", "flat", instead("write", stripped, METADATA), reason="'  me  '"),
    row("WR-012a", "lowers-keys", "flat", fills("write_atomic", metadata=lower_cased), reason="metadata"),
    row(
        "WR-012b",
        "echoes-an-empty-mapping",
        "flat",
        fills("write_atomic", metadata=lambda w: w.metadata or {}),
        reason="metadata",
    ),
    row("WR-013a", "drops-metadata", "flat", asks("write_atomic", METADATA, metadata=None), reason="metadata"),
    row(
        "WR-013a",
        "drops-metadata-of-streams",
        "flat",
        asks("write", METADATA & STREAM, metadata=None),
        reason="metadata",
    ),
    row("WR-013b", "has-an-empty-mapping", "plain", fills("get_file_info", metadata=lambda _: {}), reason="metadata"),
    row(
        "WR-013c",
        "merges-metadata",
        "memory",
        instead("write", metadata_merged, FILE & asked(overwrite=True)),
        reason="metadata",
    ),
)
