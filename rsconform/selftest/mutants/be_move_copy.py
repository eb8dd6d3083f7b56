"""Mutants of BE-018 and BE-019: move() and copy()."""

from __future__ import annotations

from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, InvalidPath, NotFound, PermissionDenied

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import DEEP_DOWN, TO_FILE, TO_FOLDER, TO_ROOT, deleted_only, path_like
from rsconform.selftest.mutant import Mutant, mutant


def into_folder(call: op.Call) -> Any:
    name = call.path.rpartition("/")[2]
    return call.proceed(dst=f"{call.arguments['dst']}/{name}")


def copied_only(call: op.Call) -> None:
    call.call_correct("copy", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])


def moved_away(call: op.Call) -> None:
    call.call_correct("move", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])


def metadata_lost(call: op.Call) -> None:
    dst = call.arguments["dst"]
    call.call_correct("write", dst, call.call_correct("read_bytes", dst), overwrite=True)


def linked(call: op.Call) -> None:
    """Let the copy share its bytes with the source, in the tree of a MemoryBackend."""
    parent, _, name = str(call.arguments["dst"]).rpartition("/")
    node = call.backend._traverse(call.backend._split_path(call.path))
    call.backend._traverse(call.backend._split_path(parent)).children[name] = node


def emptied(call: op.Call) -> None:
    call.call_correct("write", call.path, b"", overwrite=True)


TO_BELOW_FILE: Final = op.BELOW_FILE.of("dst")


def reading_deleting_writing(call: op.Call) -> None:
    content = call.call_correct("read_bytes", call.path)
    call.call_correct("delete", call.path)
    call.call_correct("write", call.arguments["dst"], content, overwrite=call.arguments["overwrite"])


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("BE-018a", "leaves-the-source", "flat", op.replace("move", copied_only)),
    mutant("BE-018a", "moves-look-alikes", "flat", op.after("move", path_like(str.startswith), ~op.ITSELF),
        also="KIT-003"),
    mutant("BE-018b", "names-the-target", "memory", op.raises("move", NotFound, op.MISSING, naming="dst"),
        reason="path"),
    mutant("BE-018b", "accepts-a-missing-path", "flat", op.swallows("move", NotFound)),
    mutant("BE-018c", "does-not-find-folders", "flat", op.raises("move", NotFound, op.FOLDER)),
    # The source comes before the destination, and the type before the conflict.
    mutant("BE-018c", "looks-for-existence-first", "memory",
        op.raises("move", AlreadyExists, op.FOLDER & TO_FILE, naming="dst")),
    mutant("BE-018d", "moves-into-folders", "memory", op.replace("move", into_folder, op.FILE & TO_FOLDER),
        also="KIT-003"),
    mutant("BE-018d", "reports-folders-as-existing", "memory",
        op.raises("move", AlreadyExists, TO_FOLDER, naming="dst")),
    mutant("BE-018e", "ignores-overwrite", "memory", op.passes("move", overwrite=True), reason="AlreadyExists"),
    mutant("BE-018f", "never-overwrites", "flat", op.raises("move", AlreadyExists, TO_FILE & ~op.ITSELF, naming="dst")),
    mutant("BE-018f", "keeps-the-replaced", "flat",
        op.replace("move", deleted_only, TO_FILE & ~op.ITSELF & op.called_with(overwrite=True))),
    mutant("BE-018g", "deletes-what-it-moves-onto-itself", "flat", op.after("move", path_like(str.__eq__), op.ITSELF)),
    mutant("BE-018g", "refuses-itself-as-existing", "memory",
        op.raises("move", AlreadyExists, op.ITSELF & op.FILE & op.called_with(overwrite=False))),
    mutant("BE-018h", "accepts-a-missing-path", "memory", op.returns("move", None, op.ITSELF & op.MISSING)),
    mutant("BE-018i", "accepts-a-folder", "flat", op.returns("move", None, op.ITSELF & op.FOLDER)),
    mutant("BE-018j", "reports-not-found-below-files", "memory",
        op.raises("move", NotFound, op.FILE & TO_BELOW_FILE, naming="dst")),
    mutant("BE-018j", "names-the-source", "strict", op.raises("move", InvalidPath, op.FILE & TO_BELOW_FILE),
        reason="path"),
    mutant("BE-018k", "looks-at-the-target-first", "memory",
        op.raises("move", InvalidPath, op.MISSING & TO_BELOW_FILE, naming="dst")),
    mutant("BE-018k", "refuses-folders-first", "memory",
        op.raises("move", InvalidPath, op.MISSING & TO_FOLDER, naming="dst"), reason="InvalidPath"),
    mutant("BE-018l", "looks-at-the-source-first", "memory", op.raises("move", NotFound, op.MISSING & TO_ROOT)),
    mutant("BE-018l", "moves-nothing-onto-the-root", "keyed", op.returns("move", None, op.MISSING & TO_ROOT)),
    mutant("BE-018m", "looks-at-the-target-first", "flat",
        op.raises("move", AlreadyExists, op.MISSING & TO_FILE, naming="dst")),
    mutant("BE-018n", "loses-metadata", "flat", op.after("move", metadata_lost)),
    mutant("BE-018o", "reports-a-move-without-delete", "s3", op.swallows("move", BackendUnavailable),
        reason="move returned"),
    mutant("BE-018o", "deletes-before-it-writes", "s3",
        op.replace("move", reading_deleting_writing, ~op.ROOT & ~op.ROOT.of("dst")), reason="missing"),
    mutant("BE-018p", "does-not-document-it", "flat", op.override(__doc__="Files under whole keys."),
        reason="not atomic"),
    mutant("BE-018p", "says-nothing", "s3", op.override(__doc__="Files in one S3 bucket."), reason="not atomic"),
    # What the docstring says.
    mutant("BE-018p", "documents-only-writes", "flat",
        op.override(__doc__="write_atomic() uploads under another name first."), reason="not atomic"),
    mutant("BE-018p", "documents-the-opposite", "flat", op.override(__doc__="Keys. Moves are atomic."),
        reason="the opposite"),
    mutant("BE-018q", "makes-no-folders", "memory", op.raises("move", NotFound, DEEP_DOWN.of("dst"), naming="dst")),
    mutant("BE-019a", "links", "memory", op.replace("copy", linked, op.FILE & ~TO_FILE & ~op.DEEP.of("dst")),
        also="KIT-003"),
    mutant("BE-019a", "moves", "flat", op.replace("copy", moved_away)),
    mutant("BE-019b", "names-the-target", "memory", op.raises("copy", NotFound, op.MISSING, naming="dst"),
        reason="path"),
    mutant("BE-019c", "does-not-find-folders", "flat", op.raises("copy", NotFound, op.FOLDER)),
    mutant("BE-019c", "looks-for-existence-first", "flat",
        op.raises("copy", AlreadyExists, op.FOLDER & TO_FILE, naming="dst")),
    mutant("BE-019d", "copies-into-folders", "memory", op.replace("copy", into_folder, op.FILE & TO_FOLDER),
        also="KIT-003"),
    mutant("BE-019d", "reports-folders-as-existing", "memory",
        op.raises("copy", AlreadyExists, TO_FOLDER, naming="dst")),
    mutant("BE-019e", "ignores-overwrite", "memory", op.passes("copy", overwrite=True), reason="AlreadyExists"),
    mutant("BE-019f", "never-overwrites", "flat", op.raises("copy", AlreadyExists, TO_FILE & ~op.ITSELF, naming="dst")),
    mutant("BE-019g", "empties-what-it-copies-onto-itself", "flat", op.replace("copy", emptied, op.ITSELF & op.FILE)),
    mutant("BE-019g", "refuses-itself-as-existing", "memory",
        op.raises("copy", AlreadyExists, op.ITSELF & op.FILE & op.called_with(overwrite=False))),
    mutant("BE-019h", "accepts-a-missing-path", "memory", op.returns("copy", None, op.ITSELF & op.MISSING)),
    mutant("BE-019i", "accepts-a-folder", "flat", op.returns("copy", None, op.ITSELF & op.FOLDER)),
    mutant("BE-019j", "reports-not-found-below-files", "memory",
        op.raises("copy", NotFound, op.FILE & TO_BELOW_FILE, naming="dst")),
    mutant("BE-019k", "looks-at-the-target-first", "memory",
        op.raises("copy", InvalidPath, op.MISSING & TO_BELOW_FILE, naming="dst")),
    mutant("BE-019k", "refuses-folders-first", "memory",
        op.raises("copy", InvalidPath, op.MISSING & TO_FOLDER, naming="dst"), reason="InvalidPath"),
    mutant("BE-019l", "looks-at-the-source-first", "memory", op.raises("copy", NotFound, op.MISSING & TO_ROOT)),
    mutant("BE-019l", "copies-nothing-onto-the-root", "keyed", op.returns("copy", None, op.MISSING & TO_ROOT)),
    mutant("BE-019m", "loses-metadata", "flat", op.after("copy", metadata_lost)),
    mutant("BE-019n", "reports-failed-copies-as-done", "s3", op.swallows("copy", BackendUnavailable),
        reason="copy returned"),
    mutant("BE-019n", "reports-denied-copies-as-done", "s3", op.swallows("copy", PermissionDenied),
        reason="copy returned"),
    mutant("BE-019o", "looks-at-the-target-first", "flat",
        op.raises("copy", AlreadyExists, op.MISSING & TO_FILE, naming="dst")),
)
# fmt: on
