"""Rogues of CAP, CDG, DEPTH, ERR, NPR, PATH, PING, RES: capabilities, errors, keys, paths, health, plans."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Final
from urllib.parse import unquote

from remote_store import (
    Backend,
    BackendUnavailable,
    CapabilityNotSupported,
    InvalidPath,
    NotFound,
    RemotePath,
)

from rsconform_rogues.answers import (
    BOUND_ALONE,
    BOUNDED,
    NESTED_KEY,
    NO_DIGEST,
    UNBOUNDED,
    Boastful,
    Denying,
    Lenient,
    Repeating,
    Shouting,
    a_level_less,
    asked_three_times,
    by_depth,
    capabilities_as,
    counted_from_the_top,
    first_page,
    health_file,
    loosened,
    resolved_first,
    root_nowhere,
    secret_planned,
    without_the_root,
)
from rsconform_rogues.awkward import (
    DOTTED,
    HOLLOW,
    SLASHED,
    renamed,
    without_dots,
)
from rsconform_rogues.deeds import (
    EARLY,
    NATIVE_ROOT,
    ODD,
    TO_FILE,
    TO_FOLDER,
    asked_once_more,
    forward_only,
    unguarded,
)
from rsconform_rogues.operators import (
    CLOSED,
    FILE,
    FOLDER,
    NESTED,
    ROOT,
    WRITES,
    alters,
    answers,
    asked,
    asks,
    drifts,
    fills,
    fills_each,
    first,
    has,
    instead,
    raises,
    relabels,
    then,
    turns,
)
from rsconform_rogues.row import Rogue, row

ROWS: Final[tuple[Rogue, ...]] = (
    # CAP, CDG, DEPTH: capabilities, digests, depth.
    row("CAP-003", "supports-everything", "flat", has(capabilities=capabilities_as(Boastful)), reason="supports"),
    row("CAP-004", "names-the-member", "flat", has(capabilities=capabilities_as(Shouting)), reason="'ATOMIC_MOVE'"),
    row("CAP-004", "requires-nothing", "flat", has(capabilities=capabilities_as(Lenient)), reason="it returned"),
    row("CAP-005", "lists-twice", "flat", has(capabilities=capabilities_as(Repeating)), reason="each capability once"),
    row("CAP-005", "denies-what-it-has", "flat", has(capabilities=capabilities_as(Denying)), reason="in capabilities"),
    row("CAP-007b", "claims-to-seek", "flat", alters("read", forward_only), reason="seekable to return True"),
    row("CAP-007d", "says-basic", "flat", fills("write_atomic", source=lambda _: "basic"), reason="'basic'"),
    row("CAP-007e", "moves-atomically-or-not", "flat", raises("move", CapabilityNotSupported, asked(dst="d/b"))),
    row("CDG-004a", "has-any-digest", "flat", fills("get_file_info", digest=lambda _: NO_DIGEST), reason="digest"),
    row("CDG-004b", "has-one-etag", "flat", fills("get_file_info", etag=lambda _: "same"), reason="anything but"),
    row(
        "CDG-004b", "has-another-etag-each-time", "flat", fills("get_file_info", etag=lambda _: str(perf_counter_ns()))
    ),
    row("DEPTH-003a", "stops-a-level-early", "flat", instead("list_files", a_level_less, BOUNDED), reason="missing"),
    row("DEPTH-003a", "ignores-the-bound", "memory", asks("list_files", BOUNDED, max_depth=None), reason="unexpected"),
    row(
        "DEPTH-003a",
        "counts-from-the-root",
        "flat",
        instead("list_files", counted_from_the_top, BOUNDED),
        reason="missing",
    ),
    row("DEPTH-003b", "goes-by-depth-alone", "flat", instead("list_files", by_depth, BOUND_ALONE), reason="unexpected"),
    row("DEPTH-003c", "takes-none-for-nought", "memory", asks("list_files", UNBOUNDED, max_depth=0), also="BE-014b"),
    row("DEPTH-003c", "lists-one-page", "flat", alters("list_files", first_page), reason="missing"),
    # ERR: errors as values.
    row(
        "ERR-001", "has-a-path-for-a-path", "flat", relabels("read", path=lambda c: RemotePath(c.path)), also="ERR-002"
    ),
    row("ERR-002", "names-the-folder", "memory", relabels("read", path=lambda c: c.path.rpartition("/")[0])),
    row("ERR-002", "names-nothing", "flat", relabels("delete", path=lambda _: None), reason="path=None"),
    row(
        "ERR-003", "names-the-source", "memory", relabels("copy", FILE & TO_FILE, path=lambda c: c.path), reason="path"
    ),
    row(
        "ERR-005b",
        "names-the-source",
        "memory",
        relabels("move", FILE & TO_FOLDER, path=lambda c: c.path),
        reason="path",
    ),
    row(
        "ERR-006",
        "names-the-member",
        "bare",
        relabels("write_atomic", capability=lambda _: "ATOMIC_WRITE"),
        reason="'ATOMIC_WRITE'",
    ),
    row(
        "ERR-007",
        "names-nobody-once-closed",
        "flat",
        relabels("read_bytes", CLOSED, backend=lambda _: None),
        also="BE-002b",
    ),
    row("ERR-009", "says-nothing", "flat", relabels("read_bytes", args=lambda _: ("",)), reason="no message"),
    row(
        "ERR-010",
        "names-the-file-inside",
        "memory",
        relabels("delete_folder", FOLDER, path=lambda c: f"{c.path}/f"),
        also="ERR-002",
    ),
    # NPR, PING, RES: keys, health, plans.
    row(
        "NPR-003",
        "strips-a-folder",
        "flat",
        instead("to_key", lambda c: c.path.partition("/")[2], NESTED_KEY),
        reason="zz-d/",
    ),
    row("NPR-004", "changes-its-mind", "flat", drifts("to_key", lambda key: f"{key}2")),
    row("NPR-004", "refuses-the-odd", "flat", raises("to_key", InvalidPath, ODD), reason="InvalidPath"),
    row(
        "NPR-005a", "tidies-foreign-paths", "flat", alters("to_key", lambda key: key.replace("//", "/")), reason="zz//b"
    ),
    row("NPR-005a", "strips-look-alikes", "flat", instead("to_key", without_the_root), reason="not below"),
    row("NPR-005b", "has-a-dot-for-the-root", "flat", answers("to_key", ".", NATIVE_ROOT), reason="'.'"),
    row("NPR-009", "keeps-the-root", "flat", has(to_key=Backend.to_key), reason="flat://store/"),
    row("NPR-018", "asks-for-a-capability", "memory", raises("to_key", CapabilityNotSupported, capability="list")),
    row("NPR-020", "unquotes-keys", "flat", alters("to_key", unquote), reason="a%20b"),
    row("NPR-020", "strips-its-root-everywhere", "local", instead("to_key", root_nowhere)),
    row("NPR-021", "forgets-the-root", "flat", instead("native_path", lambda c: c.path, NESTED), reason="as the root"),
    row(
        "PING-002a",
        "says-that-it-is-well",
        "flat",
        alters("check_health", lambda _: True),
        also="KIT-004",
        reason="True",
    ),
    row("PING-002b", "leaves-a-file", "flat", then("check_health", health_file), also="KIT-003", reason="health"),
    row("PING-002c", "asks-three-times", "s3", first("check_health", asked_three_times), reason="requests"),
    row("PING-009b", "sees-nothing-missing", "s3", answers("check_health", None), reason="it returned"),
    row(
        "PING-009b",
        "cannot-be-reached",
        "local",
        turns("check_health", NotFound, BackendUnavailable),
        reason="BackendUnavailable",
    ),
    row("RES-010a", "can-be-changed", "flat", alters("resolve", loosened), reason="FrozenInstanceError"),
    row(
        "RES-010b",
        "resolves-before-it-reads",
        "flat",
        first("read_bytes", resolved_first),
        reason="resolve() by another",
    ),
    row("RES-020a", "spells-the-root", "flat", fills("resolve", key=lambda plan: plan.key or "/"), reason="key"),
    row("RES-020b", "looks-before-it-tells", "s3", first("resolve", asked_once_more), reason="total requests"),
    row("RES-020c", "has-a-kind-of-its-own", "flat", fills("resolve", kind=lambda _: "store"), reason="kind"),
    row(
        "RES-025",
        "has-the-key-for-the-path",
        "flat",
        fills("resolve", native_path=lambda plan: plan.key),
        reason="native_path",
    ),
    row("RES-S1", "plans-with-its-secret", "flat", instead("resolve", secret_planned), reason="no declared secret"),
    row("RES-S2", "plans-with-times", "flat", fills("resolve", details=lambda _: {"at": EARLY}), reason="JSON"),
    # PATH: what becomes of paths.
    row("PATH-003b", "resolves-dots", "flat", instead(WRITES, renamed(without_dots), DOTTED), also="ERR-002"),
    row("PATH-004b", "reports-another-path", "flat", instead("write", unguarded, SLASHED), reason="NotFound"),
    row("PATH-005b", "reports-another-path", "flat", instead("write", unguarded, HOLLOW), reason="NotFound"),
    row("PATH-007b", "chokes-on-null-bytes", "flat", raises("read_bytes", ValueError, ODD), reason="ValueError"),
    row(
        "PATH-009", "names-by-the-whole-path", "memory", fills_each("list_folders", NESTED, name=lambda i: str(i.path))
    ),
    row(
        "PATH-015b", "calls-the-root-by-name", "flat", fills("get_folder_info", ROOT, path=lambda _: RemotePath("root"))
    ),
)
