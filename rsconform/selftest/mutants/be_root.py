"""Mutants of BE-029: the root."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from remote_store import AlreadyExists, FileInfo, InvalidPath, NotFound, RemotePath, WriteResult

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import (
    EARLY,
    GONE,
    TO_ROOT,
    UNFOLDED,
    blobs,
    empty_folder_info,
    only_top_level,
    path_like,
)
from rsconform.selftest.mutant import Mutant, mutant


def spelled_as_given(call: op.Call) -> None:
    blobs(call)[call.arguments["dst"]] = blobs(call)[call.path]


def written_nowhere(call: op.Call) -> WriteResult:
    return WriteResult(RemotePath("nowhere"), 0)


EMPTY_STORE: Final = op.When(
    lambda call, _: next(iter(call.call_correct("list_files", "", recursive=True)), None) is None
)
DOT: Final = op.When(lambda _call, path: path == ".")


def looking_at_its_bucket(call: op.Call) -> None:
    call.call_correct("check_health")


def looking_below_a_dot(call: op.Call) -> None:
    call.backend._requests.has_below("./", call.path)


BACKSLASHES: Final = op.When(lambda _call, path: bool(path) and not path.strip("\\"))


def with_a_ghost(files: Iterator[FileInfo]) -> Iterator[FileInfo]:
    return chain(files, (FileInfo(RemotePath("ghost"), "ghost", 1, EARLY),))


WIDER_ROOT: Final = op.ROOT & ~op.called_with(path="") & ~op.called_with(path=".")
WIDER_TARGET: Final = op.ROOT.of("dst") & ~op.called_with(dst="") & ~op.called_with(dst=".")
REDUNDANT: Final = ~op.ROOT & op.When(lambda _call, path: "/./" in f"/{path}" or "//" in path or path.endswith("/"))
EMPTY_INSIDE: Final = op.When(lambda _call, path: "//" in path)
IS_PREFIX: Final = op.When(lambda call, path: any(key.startswith(f"{path}/") for key in blobs(call)))


def _below(key: str, path: str) -> bool:
    return key.startswith(f"{path}/")


def _without_its_source(call: op.Call) -> None:
    blobs(call).pop(call.path, None)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-029a", "does-not-know-the-dot", "memory", op.returns("exists", False, op.called_with(path="."))),
    mutant("BE-029b", "has-no-empty-root", "flat", op.returns("is_folder", False, op.ROOT & EMPTY_STORE)),
    mutant("BE-029c", "refuses-the-root", "memory", op.raises("is_file", InvalidPath, op.ROOT)),
    mutant("BE-029d", "counts-the-top-level", "flat", op.replace("get_folder_info", only_top_level, op.ROOT)),
    mutant("BE-029e", "does-not-find-an-empty-root", "flat",
        op.raises("get_folder_info", NotFound, op.ROOT & EMPTY_STORE)),
    mutant("BE-029f", "does-not-list-the-dot", "flat", op.returns(op.LISTINGS, (), op.called_with(path="."))),
    mutant("BE-029g", "resolves-as-spelled", "flat",
        op.fills("resolve", native_path=lambda p: f"flat://store/{p.key}", when=op.called_with(path="."))),
    mutant("BE-029h", "does-not-find-the-root", "memory", op.raises("get_file_info", NotFound, op.ROOT)),
    mutant("BE-029i", "excuses-the-root", "flat",
        op.returns("delete", None, op.ROOT & op.called_with(missing_ok=True))),
    mutant("BE-029k", "writes-to-a-slash", "flat", op.replace("write", written_nowhere, op.called_with(path="/")),
        reason="write returned"),
    mutant("BE-029k", "stores-the-empty-key", "keyed", op.replace("write", written_nowhere, op.ROOT),
        reason="write returned"),
    mutant("BE-029l", "looks-at-its-bucket-first", "s3", op.before(op.WRITES, looking_at_its_bucket, op.ROOT),
        reason="0 total requests"),
    mutant("BE-029m", "copies-to-a-slash", "flat", op.returns("copy", None, op.called_with(dst="/")),
        reason="copy returned"),
    mutant("BE-029m", "moves-onto-the-empty-key", "keyed",
        op.replace("move", _without_its_source, op.called_with(dst="")), reason="move returned"),
    mutant("BE-029n", "looks-at-the-source-first", "flat", op.raises("copy", NotFound, op.MISSING & TO_ROOT)),
    mutant("BE-029n", "copies-nothing-onto-the-root", "keyed", op.returns("copy", None, op.MISSING & TO_ROOT)),
    mutant("BE-029o", "does-not-find-the-root", "memory", op.raises("move", NotFound, op.ROOT)),
    mutant("BE-029p", "drops-error-path", "flat", op.relabels("write", op.ROOT, path=lambda _: None), reason="path"),
    mutant("BE-029p", "drops-error-path-without-list", "keyed", op.raises("write", AlreadyExists, op.ROOT),
        reason="AlreadyExists"),
    mutant("BE-029q", "looks-below-a-dot", "s3", op.before("is_folder list_files", looking_below_a_dot, DOT),
        reason="spelling"),
    mutant("BE-029r", "finds-no-container", "local", op.raises("write", NotFound, GONE & op.ROOT), reason="NotFound"),
    # The root and other spellings.
    mutant("BE-029r", "knows-two-spellings", "local",
        op.replace("write write_atomic", written_nowhere, GONE & WIDER_ROOT), reason="returned"),
    mutant("BE-029r", "moves-onto-it", "local", op.returns("move", None, GONE & WIDER_TARGET), reason="move returned"),
    mutant("BE-029u", "loses-an-accepted-name", "flat", op.replace("write", written_nowhere, BACKSLASHES),
        reason="read_bytes"),
    mutant("BE-029v", "copies-as-spelled", "flat",
        op.replace("copy", spelled_as_given, op.FILE & ~TO_ROOT & UNFOLDED.of("dst"))),
    mutant("BE-029v", "looks-up-as-spelled", "memory", op.returns("exists is_file", False, op.FILE & REDUNDANT),
        reason="False"),
    mutant("BE-029v", "describes-as-spelled", "memory", op.raises("get_file_info", NotFound, op.FILE & REDUNDANT)),
    mutant("BE-029v", "deletes-as-spelled", "memory", op.returns("delete", None, op.FILE & REDUNDANT), reason="tree"),
    mutant("BE-029v", "copies-empty-segments-as-spelled", "flat",
        op.replace("copy", spelled_as_given, op.FILE & EMPTY_INSIDE.of("dst"))),
    mutant("BE-029w", "shows-a-ghost", "flat", op.alters("list_files", with_a_ghost, op.called_with(path="./")),
        reason="ghost"),
    mutant("BE-029x", "describes-nothing", "keyed", op.replace("get_folder_info", empty_folder_info, op.MISSING)),
    mutant("BE-029x", "describes-files", "keyed",
        op.replace("get_folder_info", empty_folder_info, ~op.MISSING & ~op.ROOT)),
    mutant("BE-029x", "describes-what-it-denies", "keyed", op.replace("get_folder_info", empty_folder_info, IS_PREFIX)),
    mutant("BE-029x", "reads-prefixes-as-empty-files", "keyed", op.returns("read_bytes", b"", IS_PREFIX)),
    mutant("BE-029x", "takes-every-path-for-a-folder", "keyed", op.returns("is_folder", True, ~op.ROOT),
        also="BE-005a"),
    mutant("BE-029x", "deletes-what-is-below", "keyed", op.replace("delete", path_like(_below), IS_PREFIX),
        also="KIT-003"),
    mutant("BE-029x", "deletes-no-folder-in-silence", "keyed", op.returns("delete_folder", None),
        reason="delete_folder"),
    mutant("BE-029y", "looks-at-nothing", "local", op.returns("check_health", None), reason="it returned"),
)
# fmt: on
