"""The closed vocabulary of the TOML: operations, traits, affordances, errors and keys, as tables.

Names are checked against these tables, never against the installed remote_store: a file that loads here loads
everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Yields(Enum):
    """What an operation gives back, and so how a step uses it up."""

    VALUE = "value"
    STREAM = "stream"
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation a step can name."""

    capability: str | None = None
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    yields: Yields = Yields.VALUE
    mutates: bool = False
    is_property: bool = False
    of_folders: bool = False  # What it is about is a folder.
    of_subject: bool = False  # Done by the kit or the lane fixture, not by the backend.
    needs: str | None = None  # The affordance it stands on.
    surface: str | None = None  # The only kind of backend that has it.

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return every argument name, required ones first."""
        return self.required + self.optional


_WRITE: Final = Operation("WRITE", ("path", "content"), ("overwrite", "metadata"), mutates=True)
_PATH: Final = ("path",)

# Operation -> capability, arguments and result, as the ABC of remote_store 0.33 has them. The cases of an axiom
# derive from here which capabilities they need.
OPERATIONS: Final[Mapping[str, Operation]] = {
    "name": Operation(is_property=True),
    "capabilities": Operation(is_property=True),
    "exists": Operation(required=_PATH),
    "is_file": Operation(required=_PATH),
    "is_folder": Operation(required=_PATH),
    "read": Operation("READ", _PATH, yields=Yields.STREAM),
    "read_bytes": Operation("READ", _PATH),
    "read_seekable": Operation("READ", _PATH, yields=Yields.STREAM, surface="sync"),
    "write": _WRITE,
    "write_atomic": Operation("ATOMIC_WRITE", _WRITE.required, _WRITE.optional, mutates=True),
    "open_atomic": Operation("ATOMIC_WRITE", ("path", "content"), ("overwrite",), mutates=True, surface="sync"),
    "delete": Operation("DELETE", _PATH, ("missing_ok",), mutates=True),
    "delete_folder": Operation("DELETE", _PATH, ("recursive", "missing_ok"), mutates=True, of_folders=True),
    "list_files": Operation("LIST", _PATH, ("recursive", "max_depth"), yields=Yields.ITEMS),
    "list_folders": Operation("LIST", _PATH, yields=Yields.ITEMS),
    "iter_children": Operation("LIST", _PATH, yields=Yields.ITEMS),
    "glob": Operation("GLOB", ("pattern",), yields=Yields.ITEMS),
    "get_file_info": Operation("METADATA", _PATH),
    "get_folder_info": Operation("METADATA", _PATH, of_folders=True),
    "move": Operation("MOVE", ("src", "dst"), ("overwrite",), mutates=True),
    "copy": Operation("COPY", ("src", "dst"), ("overwrite",), mutates=True),
    "to_key": Operation(required=("native_path",)),
    "native_path": Operation(required=_PATH),
    "resolve": Operation(required=_PATH),
    "check_health": Operation(),
    "unwrap": Operation(required=("type_hint",)),
    "close": Operation(),
    "reopen": Operation(of_subject=True),
    "drop_container": Operation(of_subject=True, needs="container"),
    "deny": Operation(optional=("what",), of_subject=True, needs="deny"),  # What: "everything" or "changes".
    "construct": Operation(required=("variant",), optional=("options",), of_subject=True, needs="variants"),
}

# The capability by which a backend declares that it knows folders and a root (BE-029).
FOLDERS_KNOWN_BY: Final = "LIST"

# Kinds of backend: `Backend` and `AsyncBackend`.
SURFACES: Final = ("sync", "async")

# Operations on a value that an earlier step bound with `as`: name -> how many positional `args` it takes at most.
# On a reader the first three work on every surface.
BOUND_OPERATIONS: Final[Mapping[str, int]] = {
    "next": 0,
    "drain": 0,
    "close": 0,
    "seek": 2,
    "tell": 0,
    "read": 1,
    "readinto": 1,
    "closed": 0,
    "readable": 0,
    "seekable": 0,
    "supports": 1,
    "require": 1,
    "set": 0,
    "repr": 0,
    "str": 0,
    "hash": 0,
    "json": 0,
    "value": 3,  # The value itself; with `args` the list of it and them, to judge several results together.
}

# After one of these the instance is not as others expect it: the case needs one of its own.
SPENDS_THE_INSTANCE: Final = frozenset({"close", "reopen", "drop_container", "deny", "construct"})

CAPABILITIES: Final = (
    "READ", "WRITE", "DELETE", "LIST", "MOVE", "COPY", "ATOMIC_WRITE", "ATOMIC_MOVE", "METADATA", "GLOB",
    "SEEKABLE_READ", "LAZY_READ", "WRITE_RESULT_NATIVE", "USER_METADATA",
)  # fmt: skip

ERRORS: Final = (
    "RemoteStoreError", "NotFound", "AlreadyExists", "PermissionDenied", "InvalidPath", "CapabilityNotSupported",
    "DirectoryNotEmpty", "BackendUnavailable", "ResourceLocked",
)  # fmt: skip

# Python's own classes a step may name in `raises`, and only where the case `breaks` BE-021a.
PYTHON_ERRORS: Final = (
    "ValueError", "OSError", "TypeError", "AttributeError", "UnsupportedOperation", "FrozenInstanceError",
    "RuntimeError", "StopIteration", "NotImplementedError",
)  # fmt: skip

EXCEPT: Final = "not "  # Before a class in `raises` and `or_raises`: all but that.
SOURCE_ERROR: Final = "source"  # In `raises`: the very exception that the case's own content source raised.


@dataclass(frozen=True, slots=True)
class Trait:
    """A fact a lane may declare. `default` is what holds where it is not declared; None is unknown."""

    values: tuple[object, ...] | None  # None: a size literal, or a regular expression.
    default: object = None
    of_class: bool = False  # The backend's class says it itself, so no lane declares it.
    pattern: bool = False  # A regular expression.


_BOOL: Final = (True, False)

TRAITS: Final[Mapping[str, Trait]] = {
    "flat_namespace": Trait(_BOOL),
    # The clause on self-moves has no exemption, so only a lane that says so is excused.
    "self_op_supported": Trait(_BOOL, default=True),
    "rejects_write_under_file_ancestor": Trait(_BOOL),
    # False where the server cannot refuse to copy onto a file that came after the backend looked.
    "exclusive_copies": Trait(_BOOL, default=True),
    "concurrency": Trait(("thread_safe", "single_connection"), default="thread_safe"),
    "transport": Trait(("none", "fs", "http", "ssh", "sql")),
    # Large enough for every copy buffer and spool known, small enough to be cheap in memory.
    "large_write": Trait(None, default="1MiB+1"),
    "range_reader": Trait(_BOOL, default=False),
    # The most that the store holds of each, in bytes; what is not declared has no bound.
    "largest_file": Trait(None),
    "longest_path": Trait(None),
    "largest_metadata": Trait(None),
    # What the path of each file matches as a whole, where the store takes only some names.
    "names": Trait(None, pattern=True),
    "sizes_known": Trait(_BOOL, default=True),
    "close_is_terminal": Trait(_BOOL, of_class=True),
}

# A declared fact that settles another one: writing below a file is refused wherever folders are real (BE-008g).
IMPLIED_TRAITS: Final = ((("flat_namespace", False), ("rejects_write_under_file_ancestor", True)),)

AFFORDANCES: Final = ("seed", "audit", "peer", "container", "requests", "wire", "deny", "variants", "other_process")


@dataclass(frozen=True, slots=True)
class Invariant:
    """What an always-on invariant stands on."""

    needs: tuple[str, ...] = ()  # Affordances.
    traits: Mapping[str, object] = field(default_factory=dict)


# Checkers of the always-on invariants: the `invariant` key of an axiom names one.
INVARIANTS: Final[Mapping[str, Invariant]] = {
    "only-our-errors": Invariant(),
    "error-names-backend": Invariant(),
    "error-names-path": Invariant(),
    "error-attributes": Invariant(),
    "failure-changes-nothing": Invariant(("audit",)),
    "failure-leaves-no-folders": Invariant(("audit",), {"flat_namespace": False}),
    "touches-only-its-paths": Invariant(("audit",)),
    "file-info-types": Invariant(),
    "file-info-options": Invariant(),
    "aware-times": Invariant(),
    "folder-info-types": Invariant(),
    "folder-info-options": Invariant(),
    "folder-entry-types": Invariant(),
    "write-result-types": Invariant(),
    "plain-answers": Invariant(),
    "arguments-untouched": Invariant(),
    "keeps-secrets": Invariant(),
    "ends-in-time": Invariant(),
    "requests-bounded": Invariant(("requests",), {"transport": "http"}),
}

FAMILY_KEYS: Final = ("id", "title", "contract", "source", "common")
AXIOM_KEYS: Final = (
    "id", "title", "level", "statement", "source", "requires", "since", "same_as", "surface", "note", "untestable",
    "invariant", "case",
)  # fmt: skip
CASE_KEYS: Final = (
    "name", "requires", "lacks", "traits", "needs", "matrix", "given", "steps", "then", "probe", "args", "fresh",
    "since", "breaks",
)  # fmt: skip
# What a step may say beside the arguments of its operation.
STEP_KEYS: Final = (
    "op", "on", "with", "args", "to", "attribute", "as", "drain", "returns", "reads", "paths", "raises", "or_raises",
    "error", "at", "requests", "memory", "within", "fault",
)  # fmt: skip
THEN_KEYS: Final = ("tree", "unchanged", "folders", "residue", "any_of")
PHASES: Final = ("call", "enter", "body", "first", "drain", "exit")
MATCHERS: Final = (
    "not", "any_of", "type", "ge", "le", "len", "has", "lacks", "starts", "near", "digest_of", "each", "equals", "is",
)  # fmt: skip
IS_PREDICATES: Final = ("root", "nonempty", "aware", "unknown_time")
SOURCE_KEYS: Final = ("stream", "fails_after", "chunk", "seekable", "position", "only_read", "as")
FAULT_KEYS: Final = (
    "on", "nth", "times", "after", "status", "code", "errors", "region", "refuse", "reset", "cut", "lost", "garbage",
    "delay", "slow",
)  # fmt: skip

# What a fault can be about, and what is counted: HTTP methods everywhere, and on the S3 lanes its operations.
METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
S3_REQUESTS: Final[Mapping[str, str]] = {
    "AbortMultipartUpload": "DELETE",
    "CompleteMultipartUpload": "POST",
    "CopyObject": "PUT",
    "CreateBucket": "PUT",
    "CreateMultipartUpload": "POST",
    "DeleteBucket": "DELETE",
    "DeleteObject": "DELETE",
    "DeleteObjectTagging": "DELETE",
    "DeleteObjects": "POST",
    "GetBucketLocation": "GET",
    "GetBucketVersioning": "GET",
    "GetObject": "GET",
    "GetObjectAttributes": "GET",
    "GetObjectTagging": "GET",
    "HeadBucket": "HEAD",
    "HeadObject": "HEAD",
    "ListBuckets": "GET",
    "ListMultipartUploads": "GET",
    "ListObjectVersions": "GET",
    "ListObjects": "GET",
    "ListObjectsV2": "GET",
    "ListParts": "GET",
    "PutObject": "PUT",
    "PutObjectTagging": "PUT",
    "UploadPart": "PUT",
    "UploadPartCopy": "PUT",
}
REQUESTS: Final = (*METHODS, *S3_REQUESTS)
TOTAL: Final = "total"  # In `requests`: of all kinds together.


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """What the TOML may say to a probe."""

    args: tuple[str, ...] = ()
    surface: str | None = None  # The only kind of backend that it can be put to.
    stresses: str | None = None  # Of sequence, race, wire, memory, time: what a case with it exercises.
    processes: bool = False  # It starts some, and what that takes counts against nobody.
    threads: bool = False  # It waits for another thread.

    @property
    def slack(self) -> bool:
        """Return whether it waits for threads or processes, and has its own limits for what does not come back."""
        return self.processes or self.threads or self.stresses == "race"


# Python checks that a table of steps cannot state; `rsconform.probes` holds each under its name.
PROBES: Final[Mapping[str, ProbeFacts]] = {
    "adapters.alike": ProbeFacts(surface="async"),
    "adapters.chunks": ProbeFacts(("leave",), surface="async"),
    "adapters.closes": ProbeFacts(surface="async"),
    "adapters.health": ProbeFacts(surface="async"),
    "adapters.in_threads": ProbeFacts(("call",), surface="async"),
    "adapters.one_bytes": ProbeFacts(("op",), surface="async"),
    "adapters.passes_through": ProbeFacts(surface="async"),
    "adapters.whole_listing": ProbeFacts(surface="async"),
    "adapters.wraps": ProbeFacts(surface="async"),
    "bridges.block": ProbeFacts(("case",), surface="sync"),
    "bridges.capabilities": ProbeFacts(surface="sync"),
    "bridges.close_failed": ProbeFacts(surface="sync"),
    "bridges.close_in_time": ProbeFacts(surface="sync"),
    "bridges.closed": ProbeFacts(surface="sync"),
    "bridges.context_manager": ProbeFacts(surface="sync"),
    "bridges.errors": ProbeFacts(("at",), surface="sync"),
    "bridges.many_threads": ProbeFacts(surface="sync"),
    "bridges.one_pull": ProbeFacts(surface="sync"),
    "bridges.running_loop": ProbeFacts(surface="sync"),
    "bridges.source": ProbeFacts(("op",), surface="sync"),
    "bridges.stream": ProbeFacts(surface="sync"),
    "bridges.unwrap": ProbeFacts(surface="sync"),
    "aio.is_async_backend": ProbeFacts(surface="async"),
    "aio.awaitable": ProbeFacts(("op",), surface="async"),
    "aio.cancelled_write": ProbeFacts(("path", "op", "after"), surface="async"),
    "aio.chunks": ProbeFacts(("path",), surface="async"),
    "aio.content": ProbeFacts(("path", "op", "content", "pieces"), surface="async"),
    "aio.context_manager": ProbeFacts(surface="async"),
    "aio.holds_no_loop": ProbeFacts(("path", "op"), surface="async"),
    "aio.left_half_way": ProbeFacts(("path", "op", "times"), surface="async"),
    "aio.one_creator": ProbeFacts(("path", "op", "content"), surface="async"),
    "aio.other_loop": ProbeFacts(("path",), surface="async"),
    "aio.sync_members": ProbeFacts(("path", "member"), surface="async"),
    "aio.together": ProbeFacts(("folder",), surface="async"),
    "aio.torn": ProbeFacts(("path", "op"), surface="async"),
    "cancelling.stays": ProbeFacts(("path", "op"), surface="async"),
    "cancelling.usable_after": ProbeFacts(("path", "op"), surface="async"),
    "beside.crossing": ProbeFacts(("folder", "op"), stresses="race"),
    "beside.emptied": ProbeFacts(("folder",), stresses="race"),
    "beside.handed_over": ProbeFacts(("folder",), stresses="race"),
    "beside.own_answers": ProbeFacts(("folder",), stresses="race"),
    "beside.own_moves": ProbeFacts(("folder",), stresses="race"),
    "beside.totals": ProbeFacts(("folder", "op"), stresses="race"),
    "claims.at_one_path": ProbeFacts(("folder",), stresses="race"),
    "claims.created": ProbeFacts(("folder", "op", "content"), stresses="race"),
    "claims.gone": ProbeFacts(("folder",), stresses="race"),
    "claims.moved": ProbeFacts(("folder",), stresses="race"),
    "claims.nowhere": ProbeFacts(("folder",), stresses="race"),
    "closing.release_blocks": ProbeFacts(surface="sync"),
    "closing.release_raises": ProbeFacts(),
    "costs.files_above": ProbeFacts(("path",)),
    "costs.without_container": ProbeFacts(("op", "path")),
    "health.denied": ProbeFacts(),
    "health.faulted": ProbeFacts(("wrong", "raises"), stresses="wire"),
    "health.missing_container": ProbeFacts(),
    "health.occupied_container": ProbeFacts(),
    "histories.of_one_file": ProbeFacts(("folder", "write", "creates"), stresses="race"),
    "identity.is_backend": ProbeFacts(surface="sync"),
    "identity.no_abstract_methods": ProbeFacts(surface="sync"),
    "identity.signatures": ProbeFacts(),
    "identity.class_capabilities": ProbeFacts(),
    "identity.subset": ProbeFacts(),
    "identity.documented": ProbeFacts(("what",)),
    "identity.close_posture": ProbeFacts(),
    "identity.repr": ProbeFacts(),
    "bounds.transferred": ProbeFacts(("path", "op", "percent"), stresses="memory", processes=True),
    "bounds.threads": ProbeFacts(("folder",), stresses="memory", processes=True),
    "bounds.read": ProbeFacts(("path", "ask", "percent"), stresses="memory", processes=True),
    "bounds.names": ProbeFacts(("folder",), stresses="memory", processes=True),
    "bounds.repeated": ProbeFacts(("folder",), stresses="memory", processes=True),
    "bounds.write": ProbeFacts(("path", "op", "size", "percent"), stresses="memory", processes=True),
    "capabilities.membership": ProbeFacts(),
    "capabilities.require": ProbeFacts(),
    "capabilities.supports": ProbeFacts(),
    "errors.text": ProbeFacts(("op", "path")),
    "locks.after_error": ProbeFacts(("folder", "op"), surface="sync", threads=True),
    "locks.beside_open": ProbeFacts(("folder", "op"), surface="sync", threads=True),
    "keys.below_root": ProbeFacts(("key",)),
    "keys.foreign": ProbeFacts(("native",)),
    "keys.look_alike": ProbeFacts(),
    "keys.own_root": ProbeFacts(),
    "keys.round_trip": ProbeFacts(("key",)),
    "listing.further_root": ProbeFacts(("root",)),
    "listing.iterator": ProbeFacts(("op", "argument"), surface="sync"),
    "listing.lazy": ProbeFacts(("op", "argument", "few")),
    "listing.same_children": ProbeFacts(("path",)),
    "metadata.kept_apart": ProbeFacts(("op", "path")),
    "metadata.kept_or_refused": ProbeFacts(("op", "path", "metadata")),
    "metadata.told_apart": ProbeFacts(("path", "told_by")),
    "plans.details": ProbeFacts(("path",)),
    "plans.forms": ProbeFacts(("path",)),
    "plans.json": ProbeFacts(("path",)),
    "plans.secrets": ProbeFacts(("path",)),
    "plans.unasked": ProbeFacts(("path", "other")),
    "secrets.logs": ProbeFacts(("path", "other")),
    "processes.one_creator": ProbeFacts(("folder",), stresses="race", processes=True),
    "races.closed_meanwhile": ProbeFacts(("folder",), stresses="race"),
    "races.folder_deleted": ProbeFacts(("folder",), stresses="race"),
    "races.listing": ProbeFacts(("folder", "op"), stresses="race"),
    "races.own_instances": ProbeFacts(("folder", "threads"), stresses="race"),
    "races.own_keys": ProbeFacts(("folder", "threads", "op", "size", "only_streams"), stresses="race"),
    "races.reads": ProbeFacts(("folder", "keys", "threads", "op"), stresses="race"),
    "races.replaced": ProbeFacts(("folder", "op"), stresses="race"),
    "races.torn": ProbeFacts(("path", "op", "read"), stresses="race"),
    "reusing.closed_for_good": ProbeFacts(),
    "reusing.used_again": ProbeFacts(("op",)),
    "s3budget.once": ProbeFacts(("path",), surface="sync"),
    "s3copies.condition": ProbeFacts(("src", "dst", "op"), surface="sync"),
    "s3copies.kept": ProbeFacts(("src", "dst", "content", "variant"), surface="sync"),
    "s3copies.pins": ProbeFacts(("src", "dst", "op", "variant"), surface="sync"),
    "s3copies.replaced": ProbeFacts(("src", "dst"), surface="sync"),
    "s3copies.rival": ProbeFacts(("src", "dst", "op"), surface="sync"),
    "s3imports.lazily": ProbeFacts(surface="sync"),
    "s3imports.lower_bound": ProbeFacts(surface="sync"),
    "s3imports.nothing_else": ProbeFacts(("path", "other"), surface="sync"),
    "s3keys.batches": ProbeFacts(("path",), surface="sync"),
    "s3keys.deleted_first": ProbeFacts(("path",), surface="sync"),
    "s3keys.foreign": ProbeFacts(("path", "key"), surface="sync"),
    "s3keys.globbed": ProbeFacts(("pattern", "prefix", "paths"), surface="sync"),
    "s3keys.no_token": ProbeFacts(("path", "op"), surface="sync"),
    "s3keys.read_back": ProbeFacts(surface="sync"),
    "s3keys.root": ProbeFacts(("path",), surface="sync"),
    "s3keys.spelling": ProbeFacts(("path",), surface="sync"),
    "s3lost.alike": ProbeFacts(("path", "op", "content"), surface="sync"),
    "s3lost.conflicting_copies": ProbeFacts(("src", "dst", "op"), surface="sync"),
    "s3lost.copied_after_parts": ProbeFacts(("src", "dst", "op", "content"), surface="sync"),
    "s3lost.encrypted": ProbeFacts(("path", "op", "content"), surface="sync"),
    "s3lost.ignored_by_copies": ProbeFacts(("src", "dst", "op"), surface="sync"),
    "s3lost.ignored_by_moves": ProbeFacts(("src", "dst", "variant"), surface="sync"),
    "s3lost.ignored_by_writes": ProbeFacts(("path", "how", "variant"), surface="sync"),
    "s3options.addressing": ProbeFacts(("style",), surface="sync"),
    "s3options.ca_bundle": ProbeFacts(("source",), surface="sync"),
    "s3options.capabilities": ProbeFacts(("path",), surface="sync"),
    "s3options.chain": ProbeFacts(surface="sync"),
    "s3options.checksums": ProbeFacts(surface="sync"),
    "s3options.closed_once": ProbeFacts(surface="sync"),
    "s3options.credentials": ProbeFacts(("form",), surface="sync"),
    "s3options.documented": ProbeFacts(surface="sync"),
    "s3options.first_use": ProbeFacts(surface="sync"),
    "s3options.no_credentials": ProbeFacts(("found",), surface="sync"),
    "s3options.parameters": ProbeFacts(surface="sync"),
    "s3options.pickled": ProbeFacts(("path", "how", "used"), surface="sync"),
    "s3options.precedence": ProbeFacts(surface="sync"),
    "s3options.ready_made": ProbeFacts(surface="sync"),
    "s3options.retry_dropped": ProbeFacts(surface="sync"),
    "s3options.retry_fields": ProbeFacts(surface="sync"),
    "s3options.unknown_keyword": ProbeFacts(surface="sync"),
    "s3options.unwrapped": ProbeFacts(surface="sync"),
    "s3reads.drained": ProbeFacts(("path", "how"), surface="sync"),
    "s3reads.pinned": ProbeFacts(("path", "op"), surface="sync"),
    "s3reads.lines": ProbeFacts(("path", "piece"), surface="sync"),
    "s3reads.replaced": ProbeFacts(("path", "op"), surface="sync"),
    "s3reads.ranges": ProbeFacts(("path", "start", "size", "ahead"), surface="sync"),
    "s3reads.unranged": ProbeFacts(("path",), surface="sync"),
    "s3server.attempts": ProbeFacts(("attempts",), surface="sync"),
    "s3server.certificate": ProbeFacts(("vouches",), surface="sync"),
    "s3server.connections": ProbeFacts(("op", "ends"), surface="sync"),
    "s3server.read_memory": ProbeFacts(("size", "limit"), surface="sync", stresses="memory"),
    "s3server.write_memory": ProbeFacts(("size", "limit"), surface="sync", stresses="memory"),
    "s3writes.block": ProbeFacts(("path", "content", "raises"), surface="sync"),
    "s3writes.composite": ProbeFacts(("path", "answer"), surface="sync"),
    "s3writes.condition": ProbeFacts(("path", "op", "content", "stream"), surface="sync"),
    "s3writes.metadata": ProbeFacts(("path", "value"), surface="sync"),
    "s3writes.null_version": ProbeFacts(("path", "op"), surface="sync"),
    "s3writes.own_result": ProbeFacts(("path", "op", "content", "stream"), surface="sync"),
    "s3writes.rival_block": ProbeFacts(("path", "content"), surface="sync"),
    "s3writes.rival_source": ProbeFacts(("path", "op", "content"), surface="sync"),
    "s3writes.source_error": ProbeFacts(("path", "op", "after"), surface="sync"),
    "s3writes.unconditional": ProbeFacts(("src", "variant"), surface="sync"),
    "s3writes.unseen": ProbeFacts(("path", "op", "content"), surface="sync"),
    "seek.passthrough": ProbeFacts(("path",), surface="sync"),
    "seek.spool": ProbeFacts(("path",), surface="sync"),
    "seek.source_closed": ProbeFacts(("path", "fails"), surface="sync"),
    "times.honest": ProbeFacts(("op", "path")),
    "times.kept": ProbeFacts(("op", "path", "changed")),
    "times.newest": ProbeFacts(("folder",)),
    "blocks.manager": ProbeFacts(("path", "raises"), surface="sync"),
    "blocks.pieces": ProbeFacts(("path", "pieces", "reuses"), surface="sync"),
    "blocks.raises": ProbeFacts(("path", "raised", "body"), surface="sync"),
    "blocks.rewritten": ProbeFacts(("path", "header", "content"), surface="sync"),
    "blocks.published": ProbeFacts(("path",), surface="sync"),
    "blocks.rival": ProbeFacts(("path", "by"), surface="sync"),
    "blocks.tell": ProbeFacts(("path", "pieces"), surface="sync"),
    "blocks.two": ProbeFacts(("outer", "inner", "content"), surface="sync"),
    "blocks.unseen": ProbeFacts(("path", "pieces", "by"), surface="sync"),
    "changes.below": ProbeFacts(("path", "max_depth")),
    "changes.cleared": ProbeFacts(("path", "op")),
    "changes.folders": ProbeFacts(("path", "change", "changed")),
    "changes.listing": ProbeFacts(("path", "op", "change", "changed", "recursive", "max_depth")),
    "opened.stored": ProbeFacts(("path", "op", "source"), surface="sync"),
    "sources.changed": ProbeFacts(("path", "op", "content")),
    "sources.conflict": ProbeFacts(("path", "content", "overwrite")),
    "sources.from_itself": ProbeFacts(("path", "target", "op")),
    "sources.fails_once": ProbeFacts(("path", "op", "raised", "after")),
    "sources.raises": ProbeFacts(("path", "op", "raised", "after")),
    "sources.unseen": ProbeFacts(("path", "content", "by")),
    "stops.leaves": ProbeFacts(("folder", "op"), stresses="time", processes=True),
    "streams.beyond": ProbeFacts(("path", "op", "offset", "whence"), surface="sync"),
    "streams.half_way": ProbeFacts(("path", "op", "times")),
    "streams.in_with": ProbeFacts(("path", "op"), surface="sync"),
    "streams.innermost": ProbeFacts(("path", "op"), surface="sync"),
    "streams.kept_in_place": ProbeFacts(("path", "op", "first", "new")),
    "sequences.as_a_dictionary": ProbeFacts(("flat", "strict", "seed"), stresses="sequence"),
    "sequences.stays": ProbeFacts(("folder",)),
    "streams.kept_over": ProbeFacts(("path", "op", "by", "first", "new")),
    "streams.lines": ProbeFacts(("path", "op"), surface="sync"),
    "streams.readinto": ProbeFacts(("path", "op", "size"), surface="sync"),
    "wires.blind_to_files_above": ProbeFacts(("path", "op", "size", "stream", "wrong"), stresses="wire"),
    "wires.no_dot_keys": ProbeFacts(("op", "root"), stresses="wire"),
    "wires.prefix": ProbeFacts(("path", "op", "take"), stresses="wire"),
}
