"""A sequence as one word: what `rsconform repro` takes, and what a corpus and a shared database keep."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rsconform.stateful.operations import BadStepError, Operation, as_step, from_step

VERSION: Final = "1"
_MOST_BYTES: Final = 1 << 20  # A token may come from anywhere: what it unpacks to is bounded.


class TokenError(ValueError):
    """A text is no token of a sequence."""


@dataclass(frozen=True, slots=True)
class Repro:
    """A sequence of operations and the lane that it is for.

    Args:
        lane: What `--backend` names: a lane, or a callable.
        flat, below_files: As the model has them.
    """

    lane: str
    flat: bool
    below_files: bool
    operations: tuple[Operation, ...]

    @property
    def name(self) -> str:
        """Return a short name for the sequence, whatever the lane."""
        steps = json.dumps([as_step(operation) for operation in self.operations], sort_keys=True)
        return hashlib.sha256(f"{self.flat} {self.below_files} {steps}".encode()).hexdigest()[:12]


def encode(repro: Repro) -> str:
    """Return a sequence as a token."""
    facts = [repro.lane, int(repro.flat), int(repro.below_files), [as_step(one) for one in repro.operations]]
    packed = zlib.compress(json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode(), 9)
    return f"{VERSION}.{base64.urlsafe_b64encode(packed).decode().rstrip('=')}"


def decode(token: str) -> Repro:
    """Return the sequence that a token stands for.

    Raises:
        TokenError: It is no token, damaged, or of another version of the kit.
    """
    version, dot, body = token.strip().partition(".")
    if not dot or not version.isdigit() or not body:
        raise TokenError("this is no token: one looks like 1.eNq..., as a failure of SEQ-001 prints it")
    if version != VERSION:
        raise TokenError(f"this token has version {version}, and this rsconform reads version {VERSION}")
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(packed, _MOST_BYTES)
        if not unpacking.eof:
            raise TokenError("the token is damaged: a part of it is missing, or it is far too long")
        facts = json.loads(text)
    except (binascii.Error, zlib.error, UnicodeError, ValueError, RecursionError) as exc:
        if isinstance(exc, TokenError):
            raise
        raise TokenError("the token is damaged; copy all of it") from exc
    return _from_facts(facts)


def _from_facts(facts: Any) -> Repro:
    if not isinstance(facts, list) or len(facts) != 4 or not isinstance(facts[0], str):
        raise TokenError("the token holds something else than a sequence")
    lane, flat, below_files, steps = facts
    if not isinstance(steps, Sequence) or isinstance(steps, str) or not steps:
        raise TokenError("the token holds no step")
    try:
        return Repro(lane, bool(flat), bool(below_files), tuple(from_step(step) for step in steps))
    except (BadStepError, TypeError) as exc:
        raise TokenError(f"the token holds a step that is none: {exc}") from exc
