"""Whole sequences of operations, compared with a dictionary."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rsconform.lanes.facade import surface_of
from rsconform.probes import ProbeContext, probe

if TYPE_CHECKING:
    from remote_store import Backend

    from rsconform.stateful.model import Model

# Of the case's own limit, so that shortening a failure has time as well.
_BUDGET_S: Final = 4.0


@probe("sequences.as_a_dictionary")
def as_a_dictionary(context: ProbeContext, flat: bool, strict: bool, seed: int, sequences: int, length: int) -> None:
    """After any sequence of operations each answers as a dictionary with the same history would."""
    if importlib.util.find_spec("hypothesis") is None:
        context.skip_without("hypothesis (pip install 'rsconform[stateful]')")
    from rsconform.stateful.doing import as_toml
    from rsconform.stateful.model import Model
    from rsconform.stateful.sequences import find_broken, usable_operations

    def model() -> Model:
        return Model(flat=flat, below_files=flat and not strict)

    peer: list[Backend] = []

    def instance(of_peer: bool) -> Backend:
        if of_peer and not peer:
            peer.append(context.subject.make())
        return peer[0] if of_peer else context.backend

    names = usable_operations(context.backend, surface_of(context.backend))
    if not any(name.startswith("write") for name in names):
        context.skip("WRITE")
    try:
        broken = find_broken(
            instance,
            model,
            names,
            peers=context.subject.peers,
            seed_number=seed,
            sequences=sequences,
            length=length,
            budget_s=_BUDGET_S,
            touched=context.touched.add,
        )
    finally:
        for one in peer:
            _closed(one.close)
    if broken is None:
        return
    steps = "; ".join(as_toml(operation) for operation in broken.operations)
    context.fail(f"{broken.operations[-1].op}: {broken.expected}", f"{broken.seen}. The sequence: {steps}")


def _closed(close: Callable[[], None]) -> None:
    try:
        close()
    except Exception:  # What closing owes is for the axioms about it.
        return
