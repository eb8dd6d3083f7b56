"""Mutants of SEC: secrets."""

from __future__ import annotations

import logging
from typing import Any, Final

from remote_store import NotFound

from rsconform.selftest import operators as op
from rsconform.selftest.mutant import Mutant, mutant


def telling(call: op.Call) -> Any:
    raise NotFound(f"signed with {call.backend._secret}", path=call.path, backend=call.backend.name)


def secret_logged(call: op.Call) -> None:
    logging.getLogger("rsconform.selftest").debug("signing with %s", call.backend._secret)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("SEC-B1", "shows-its-secret", "flat",
        op.override(__repr__=lambda self: f"FlatBackend(secret={self._secret!r})")),
    mutant("SEC-B1", "raises-with-its-secret", "flat", op.replace("delete", telling, op.MISSING),
        reason="text or in its causes"),
    mutant("SEC-B2", "logs-its-secret", "flat", op.before("read_bytes", secret_logged), reason="rsconform.selftest"),
)
# fmt: on
