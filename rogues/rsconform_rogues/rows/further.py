"""Rogues that earlier cases let pass."""

from __future__ import annotations

from typing import Final

from rsconform_rogues.awkward import IN_ANOTHER_CASE, SPELLED_OTHERWISE, tried_again
from rsconform_rogues.deeds import STREAM
from rsconform_rogues.further_deeds import BYTES_IO, cleared_then_refused, in_one_buffer, replaced_then_refused
from rsconform_rogues.operators import asked, instead
from rsconform_rogues.row import Rogue, row

ROWS: Final[tuple[Rogue, ...]] = (
    # A refusal that has changed something.
    row(
        "KIT-026",
        "replaces-and-then-refuses",
        "flat",
        instead("write", replaced_then_refused, IN_ANOTHER_CASE),
        also="KIT-001 KIT-003",
        reason="refused the change",
    ),
    row(
        "KIT-043",
        "clears-and-then-refuses",
        "memory",
        instead("move", cleared_then_refused, SPELLED_OTHERWISE & asked(overwrite=True)),
        also="KIT-001",
        reason="refused the change",
    ),
    row("KIT-071", "has-one-buffer-for-its-blocks", "flat", instead("open_atomic", in_one_buffer), reason="bytes"),
    # A source that is no BytesIO.
    row(
        "KIT-068",
        "tries-again-but-for-BytesIO",
        "flat",
        instead("write", tried_again, STREAM & ~BYTES_IO),
        reason="stored",
    ),
)
