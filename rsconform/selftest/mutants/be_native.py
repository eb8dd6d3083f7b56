"""Mutants of BE-022, BE-023 and BE-025: unwrap(), to_key(), native_path()."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from remote_store import InvalidPath

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import NATIVE_ROOT, ODD, UNFOLDED
from rsconform.selftest.mutant import Mutant, mutant

FOREIGN: Final = op.When(lambda _call, path: not path.startswith("flat://"))


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # Handles and closed instances.
    mutant("BE-022a", "gives-a-number-for-a-dict", "memory", op.returns("unwrap", 42, op.called_with(type_hint=dict)),
        reason="42"),
    mutant("BE-022b", "unwraps-nothing", "memory", op.returns("unwrap", None), reason="None"),
    mutant("BE-023a", "keeps-the-slash", "flat",
        op.alters("to_key", lambda key: f"/{key}", ~FOREIGN & op.NESTED & ~NATIVE_ROOT)),
    mutant("BE-023b", "strips-a-foreign-root", "flat",
        op.alters("to_key", lambda key: key.rpartition("/")[2], FOREIGN)),
    mutant("BE-023c", "changes-its-mind", "flat", op.every_second_time("to_key", str.upper)),
    mutant("BE-023d", "raises-for-unusual-text", "flat", op.raises("to_key", InvalidPath, ODD), reason="InvalidPath"),
    mutant("BE-025a", "quotes-addresses", "flat", op.alters("native_path", quote)),
    mutant("BE-025b", "has-two-roots", "flat",
        op.alters("native_path", lambda native: f"{native}/.", op.called_with(path="."))),
    mutant("BE-025c", "calls-the-root-a-dot", "flat", op.returns("to_key", ".", NATIVE_ROOT)),
    mutant("BE-025d", "raises-for-unusual-text", "flat", op.raises("native_path", InvalidPath, ODD),
        reason="InvalidPath"),
    mutant("BE-025e", "adds-a-letter", "flat", op.alters("native_path", lambda native: f"{native}x", UNFOLDED),
        also="BE-025b"),
)
# fmt: on
