"""Mutants of PATH: path spellings."""

from __future__ import annotations

from typing import Final

from remote_store import RemotePath

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import ODD, renamed, unguarded, without_dots
from rsconform.selftest.mutant import Mutant, mutant

DOTTED: Final = op.When(lambda _call, path: ".." in path.split("/"))
SLASHED: Final = op.When(lambda _call, path: path.startswith("/") or path.endswith("/"))
HOLLOW: Final = op.When(lambda _call, path: "//" in path.strip("/"))


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # PATH: what becomes of paths.
    mutant("PATH-003b", "resolves-dots", "flat", op.replace(op.WRITES, renamed(without_dots), DOTTED), also="ERR-002"),
    mutant("PATH-004b", "reports-another-path", "flat", op.replace("write", unguarded, SLASHED), reason="NotFound"),
    mutant("PATH-005b", "reports-another-path", "flat", op.replace("write", unguarded, HOLLOW), reason="NotFound"),
    mutant("PATH-007b", "chokes-on-null-bytes", "flat", op.raises("read_bytes", ValueError, ODD), reason="ValueError"),
    mutant("PATH-009", "names-by-the-whole-path", "memory",
        op.fills_each("list_folders", op.NESTED, name=lambda i: str(i.path))),
    mutant("PATH-015b", "calls-the-root-by-name", "flat",
        op.fills("get_folder_info", op.ROOT, path=lambda _: RemotePath("root"))),
)
# fmt: on
