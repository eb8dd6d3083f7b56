"""Rogues without LIST."""

from __future__ import annotations

from typing import Final

from remote_store import AlreadyExists

from rsconform_rogues.deeds import TO_ROOT, blobs, empty_folder_info, path_like, unguarded, written_nowhere
from rsconform_rogues.operators import MISSING, ROOT, Call, When, answers, asked, instead, raises
from rsconform_rogues.row import Rogue, row

IS_PREFIX: Final = When(lambda call, path: any(key.startswith(f"{path}/") for key in blobs(call)))


def _below(key: str, path: str) -> bool:
    return key.startswith(f"{path}/")


def _without_its_source(call: Call) -> None:
    blobs(call).pop(call.path, None)


ROWS: Final[tuple[Rogue, ...]] = (
    row("BE-029x", "describes-nothing", "keyed", instead("get_folder_info", empty_folder_info, MISSING)),
    row("BE-029x", "describes-files", "keyed", instead("get_folder_info", empty_folder_info, ~MISSING & ~ROOT)),
    row(
        "BE-029x",
        "describes-what-it-denies",
        "keyed",
        instead("get_folder_info", empty_folder_info, IS_PREFIX),
    ),
    row("BE-029x", "reads-prefixes-as-empty-files", "keyed", answers("read_bytes", b"", IS_PREFIX)),
    row("BE-029x", "takes-every-path-for-a-folder", "keyed", answers("is_folder", True, ~ROOT), also="BE-005a"),
    row("BE-029x", "deletes-what-is-below", "keyed", instead("delete", path_like(_below), IS_PREFIX), also="KIT-003"),
    row("BE-029x", "deletes-no-folder-in-silence", "keyed", answers("delete_folder", None), reason="delete_folder"),
    # No backend is exempt from refusing to write to the root.
    row("BE-008i", "stores-the-empty-key", "keyed", instead("write", unguarded, ROOT), also="KIT-001"),
    row("BE-029k", "stores-the-empty-key", "keyed", instead("write", written_nowhere, ROOT), reason="write returned"),
    row("BE-029p", "names-nobody-without-list", "keyed", raises("write", AlreadyExists, ROOT), reason="AlreadyExists"),
    row(
        "BE-029m",
        "moves-onto-the-empty-key",
        "keyed",
        instead("move", _without_its_source, asked(dst="")),
        reason="move returned",
    ),
    row("BE-018l", "moves-nothing-onto-the-root", "keyed", answers("move", None, MISSING & TO_ROOT)),
    row("BE-019l", "copies-nothing-onto-the-root", "keyed", answers("copy", None, MISSING & TO_ROOT)),
    row("BE-029n", "copies-nothing-onto-the-root", "keyed", answers("copy", None, MISSING & TO_ROOT)),
)
