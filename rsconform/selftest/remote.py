"""Makes a changed backend in another process, where the change is known by its name alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from remote_store.aio import SyncBackendAdapter

from rsconform.lanes.other_process import imported
from rsconform.selftest.registry import CONTROLS, MUTANTS


def make(name: str, target: str, options: Mapping[str, Any]) -> object:
    """Return a backend with the change of the mutant or control of that name."""
    changes = {control.name: control.change for control in CONTROLS} | {
        mutant.id: mutant.mutation for mutant in MUTANTS
    }
    return changes[name].applied_to(lambda: imported(target)(**options))()


def adapted(target: str, options: Mapping[str, Any]) -> object:
    """Return an AsyncBackend made of a sync one."""
    return SyncBackendAdapter(imported(target)(**options))
