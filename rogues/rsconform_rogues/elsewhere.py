"""A changed backend in another process: what is wrong with it, or unusual, goes there by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rsconform.lanes import Elsewhere
from rsconform.lanes.elsewhere import imported


def changed(elsewhere: Elsewhere, name: str) -> Elsewhere:
    """Return how another process makes a backend with the change of the rogue or control of that name."""
    return Elsewhere(f"{__name__}:make", {"name": name, "target": elsewhere.target, "options": elsewhere.options})


def make(name: str, target: str, options: Mapping[str, Any]) -> object:
    """Return a changed backend."""
    # Not above: the table is made from bases, and those from what stands here.
    from rsconform_rogues.controls import CONTROLS
    from rsconform_rogues.table import ROWS

    changes = {control.name: control.change for control in CONTROLS} | {rogue.name: rogue.wrong for rogue in ROWS}
    return changes[name].applied_to(lambda: imported(target)(**options))()


def adapted(target: str, options: Mapping[str, Any]) -> object:
    """Return an AsyncBackend made of a sync one."""
    # Whoever needs no AsyncBackend need not import it.
    from remote_store.aio import SyncBackendAdapter

    return SyncBackendAdapter(imported(target)(**options))
