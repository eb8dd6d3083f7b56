"""Controls of odd kinds: right backends whose stores can do less, or hold less, than most."""

from __future__ import annotations

from typing import Final

from rsconform_rogues.control import Control, control
from rsconform_rogues.flat import FlatLane
from rsconform_rogues.harness import flat
from rsconform_rogues.keyed import KEYED, READ_ONLY, KeyedBackend

ODD: Final[tuple[Control, ...]] = (
    # Without LIST: there are keys, and neither folders nor a root to list.
    control("knows-keys-alone", "keyed", fresh_store=True),
    control(
        "knows-keys-alone-and-only-reads",
        flat(FlatLane(kind=KeyedBackend, without=tuple(KEYED - READ_ONLY))),
        fresh_store=True,
    ),
)
