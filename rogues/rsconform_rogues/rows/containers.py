"""Rogues that go wrong where the container is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from remote_store import BackendUnavailable, NotFound, PermissionDenied

from rsconform_rogues.operators import ROOT, When, answers, asked, raises
from rsconform_rogues.row import Rogue, row

GONE: Final = When(lambda call, _path: not Path(call.backend._root).is_dir())

ROWS: Final[tuple[Rogue, ...]] = (
    row(
        "BE-012g",
        "finds-no-container",
        "local",
        raises("delete", NotFound, GONE & asked(missing_ok=True)),
        reason="NotFound",
    ),
    row("BE-012g", "is-silent-about-it", "local", answers("delete", None, GONE), reason="returned"),
    row(
        "BE-013h",
        "finds-no-container",
        "local",
        raises("delete_folder", NotFound, GONE & asked(missing_ok=True)),
        reason="NotFound",
    ),
    row("BE-021s", "is-unavailable", "local", raises("delete", BackendUnavailable, GONE), reason="BackendUnavailable"),
    row(
        "BE-021u",
        "is-unavailable",
        "local",
        raises("read_bytes", BackendUnavailable, GONE),
        reason="BackendUnavailable",
    ),
    row("BE-021u", "blames-the-target", "local", raises("copy", BackendUnavailable, GONE), reason="copy"),
    row("BE-021v", "finds-no-container", "local", raises("list_files", NotFound, GONE), reason="NotFound"),
    row(
        "BE-021w",
        "is-unavailable",
        "local",
        raises("exists", BackendUnavailable, GONE & ~ROOT),
        reason="BackendUnavailable",
    ),
    row("BE-021x", "denies-permission", "local", raises("write", PermissionDenied, GONE), reason="PermissionDenied"),
    row("BE-021ab", "loses-the-root", "local", answers("exists", False, GONE), reason="False"),
    row("BE-021ab", "does-not-find-the-root", "local", raises("get_folder_info", NotFound, GONE), reason="NotFound"),
    row("BE-021ac", "finds-no-container", "local", raises("iter_children", NotFound, GONE), reason="NotFound"),
    row("BE-029r", "finds-no-container", "local", raises("write", NotFound, GONE & ROOT), reason="NotFound"),
)
