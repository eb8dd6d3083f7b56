"""Mutants of NPR: native paths and keys."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from remote_store import Backend, CapabilityNotSupported, InvalidPath

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import NATIVE_ROOT, ODD
from rsconform.selftest.mutant import Mutant, mutant


def without_the_root(call: op.Call) -> str:
    return call.path.removeprefix("flat://store").lstrip("/")


def root_nowhere(call: op.Call) -> str:
    """Take the root out wherever it stands."""
    return call.path.replace(call.call_correct("native_path", "") + "/", "")


NESTED_KEY: Final = op.NESTED & op.When(lambda _call, path: "://" not in path)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # NPR, PING, RES: keys, health, plans.
    mutant("NPR-003", "strips-a-folder", "flat", op.replace("to_key", lambda c: c.path.partition("/")[2], NESTED_KEY),
        reason="zz-d/"),
    mutant("NPR-004", "changes-its-mind", "flat", op.every_second_time("to_key", lambda key: f"{key}2")),
    mutant("NPR-004", "refuses-unusual-text", "flat", op.raises("to_key", InvalidPath, ODD), reason="InvalidPath"),
    mutant("NPR-005a", "tidies-foreign-paths", "flat", op.alters("to_key", lambda key: key.replace("//", "/")),
        reason="zz//b"),
    mutant("NPR-005a", "strips-look-alikes", "flat", op.replace("to_key", without_the_root), reason="not below"),
    mutant("NPR-005b", "has-a-dot-for-the-root", "flat", op.returns("to_key", ".", NATIVE_ROOT), reason="'.'"),
    mutant("NPR-009", "keeps-the-root", "flat", op.override(to_key=Backend.to_key), reason="flat://store/"),
    mutant("NPR-018", "asks-for-a-capability", "memory",
        op.raises("to_key", CapabilityNotSupported, capability="list")),
    mutant("NPR-020", "unquotes-keys", "flat", op.alters("to_key", unquote), reason="a%20b"),
    mutant("NPR-020", "strips-its-root-everywhere", "local", op.replace("to_key", root_nowhere)),
    mutant("NPR-021", "forgets-the-root", "flat", op.replace("native_path", lambda c: c.path, op.NESTED),
        reason="as the root"),
)
# fmt: on
