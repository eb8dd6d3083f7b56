"""Faults: what the wire between a backend and its server is told to do to a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong on the wire. Exactly one of `status`, `refuse`, `reset`, `cut`, `lost`, `garbage`,
    `delay` and `slow` is what goes wrong, but that `delay` goes with any and `status` also with `lost`.

    Args:
        on: Kinds of request, or HTTP methods; empty for any request.
        nth: The first of those requests that meets the fault, counted from 1 on.
        times: How many of them meet it.
        status: The reply's status, in place of what the server would have said. The server never sees the request.
        code: The error code in the reply's body, in the server's own form. HEAD has no body.
        errors: Key -> code, inside a reply that is a success: what a bulk request could not do. Nothing of it is done.
        region: Where the server says that the bucket lies, in a redirect.
        refuse: No connection is accepted while the fault is armed. Nobody can see who tried.
        reset: The connection is reset: True before the reply (the server never sees the request), a number after that
            many bytes of the reply's body.
        cut: The connection is closed after that many bytes of the reply's body.
        lost: The server acts, and its reply never arrives; with `status` another one does.
        garbage: "reply": what comes is no HTTP. "body": a success with a body that nobody can read.
        delay_s: How long the reply is held back, in seconds.
        slow_s: How long each 8 KiB of the reply's body are held back, in seconds.
    """

    on: tuple[str, ...] = ()
    nth: int = 1
    times: int | Literal["all"] = 1
    status: int | None = None
    code: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    refuse: bool = False
    reset: bool | int = False
    cut: int | None = None
    lost: bool = False
    garbage: Literal["reply", "body"] | None = None
    delay_s: float = 0.0
    slow_s: float = 0.0

    def strikes(self, number: int) -> bool:
        """Return whether it befalls the request of that number among those that it is about."""
        return number >= self.nth and (self.times == ALL or number < self.nth + self.times)

    @property
    def takes_time(self) -> bool:
        """Return whether the wire itself makes the operation slow."""
        return bool(self.delay_s or self.slow_s)
