"""Mutants of CAP: capabilities."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from typing import Any, Final

from remote_store import Capability, CapabilityNotSupported, CapabilitySet

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import WINDOW_S, forward_only, moved_in_two_steps
from rsconform.selftest.mutant import Mutant, mutant


class Boastful(CapabilitySet):
    """Supports everything, if asked."""

    def supports(self, cap: Capability) -> bool:
        return True


class Shouting(CapabilitySet):
    """Refuses by the name of the member."""

    def require(self, cap: Capability, *, backend: str = "") -> None:
        if cap not in self:
            raise CapabilityNotSupported("wrong", capability=cap.name, backend=backend or None)


class Lenient(CapabilitySet):
    """Requires nothing."""

    def require(self, cap: Capability, *, backend: str = "") -> None:
        return


class Repeating(CapabilitySet):
    """Iterates twice over what there is."""

    def __iter__(self) -> Iterator[Capability]:
        yield from super().__iter__()
        yield from super().__iter__()


class Denying(CapabilitySet):
    """Has nothing, if asked with `in`."""

    def __contains__(self, cap: object) -> bool:
        return False

    def supports(self, cap: Capability) -> bool:
        return super().__contains__(cap)


def capabilities_as(kind: type[CapabilitySet]) -> property:
    return property(lambda backend: kind(set(backend._capabilities)))


def fetched_at_once(stream: Any) -> Any:
    return io.BytesIO(stream.read())


def slurped(stream: Any) -> Any:
    """Read everything at once, and give it bit by bit."""
    with stream:
        return io.BytesIO(stream.read())


def moved_by_copying(call: op.Call) -> Any:
    """Let the source stay until the target is there."""
    call.call_correct("copy", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])
    time.sleep(WINDOW_S)
    call.call_correct("delete", call.path)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    # CAP, CDG, DEPTH: capabilities, digests, depth.
    mutant("CAP-003", "supports-everything", "flat", op.override(capabilities=capabilities_as(Boastful)),
        reason="supports"),
    mutant("CAP-004", "names-the-member", "flat", op.override(capabilities=capabilities_as(Shouting)),
        reason="'ATOMIC_MOVE'"),
    mutant("CAP-004", "requires-nothing", "flat", op.override(capabilities=capabilities_as(Lenient)),
        reason="it returned"),
    mutant("CAP-005", "lists-twice", "flat", op.override(capabilities=capabilities_as(Repeating)),
        reason="each capability once"),
    mutant("CAP-005", "denies-what-it-has", "flat", op.override(capabilities=capabilities_as(Denying)),
        reason="in capabilities"),
    mutant("CAP-007a", "moves-in-two-steps", "memory", op.replace("move", moved_in_two_steps), also="BE-018a",
        reason="neither path"),
    mutant("CAP-007a", "moves-by-copying", "memory", op.replace("move", moved_by_copying, ~op.ITSELF),
        reason="both paths"),
    mutant("CAP-007b", "claims-to-seek", "flat", op.alters("read", forward_only), reason="seekable to return True"),
    mutant("CAP-007c", "reads-all-at-once", "local", op.alters("read", slurped), reason="MiB"),
    # What comes back.
    mutant("CAP-007c", "fetches-when-opened", "s3", op.alters("read", fetched_at_once), reason="bytes came"),
    mutant("CAP-007d", "says-basic", "flat", op.fills("write_atomic", source=lambda _: "basic"), reason="'basic'"),
    mutant("CAP-007e", "moves-atomically-or-not", "flat",
        op.raises("move", CapabilityNotSupported, op.called_with(dst="d/b"))),
)
# fmt: on
