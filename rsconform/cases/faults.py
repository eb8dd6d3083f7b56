"""Faults: what the wire between a backend and its server does to a request, and how TOML says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from rsconform.cases.deferred import show
from rsconform.cases.toml_values import (
    BadValueError,
    flag_of,
    number_of,
    only_known,
    optional_text,
    seconds_of,
    table_of,
    text_of,
)
from rsconform.spec.keys import FAULT_KEYS, REQUESTS

ALL: Final = "all"

# What cannot be at once: a connection ends in one way, and a reply that is made up is not the server's.
_ENDINGS: Final = ("refuse", "reset", "cut", "garbage", "slow", "status")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong on the wire. Exactly one of `status`, `refuse`, `reset`, `cut`, `lost`, `garbage`,
    `delay` and `slow` is what goes wrong, but that `delay` goes with any and `status` also with `lost`.

    Args:
        on: Kinds of request, or HTTP methods; empty for any request.
        nth: The first of those requests that meets the fault, counted from 1 on.
        times: How many of them meet it.
        after: They are counted once a success was answered whose body has at least so many bytes; 0 at once.
        status: The reply's status, in place of what the server would have said. The server never sees the request.
        code: The error code in the reply's body, in the server's own form. HEAD has no body.
        errors: Key -> code, inside a reply that is a success: what a bulk request could not do. Nothing of it is done.
        region: Where the server says that the bucket lies, in a redirect.
        refuse: No connection is accepted while the fault is armed. A refused connection leaves no trace.
        reset: The connection is reset: True before the reply (the server never sees the request), a number after that
            many bytes of the reply's body.
        cut: The connection is closed after that many bytes of the reply's body.
        lost: The server acts, and its reply never arrives; with `status` another one does.
        garbage: "reply": what comes is not HTTP. "body": a success with an unreadable body.
        delay_s: How long the reply is held back, in seconds.
        slow_s: How long each 8 KiB of the reply's body are held back, in seconds.
    """

    on: tuple[str, ...] = ()
    nth: int = 1
    times: int | Literal["all"] = 1
    after: int = 0
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


def compile_faults(value: object) -> tuple[Fault, ...]:
    """Return the faults that a table, or a list of them, says."""
    return tuple(_fault(item) for item in (value if isinstance(value, list) else [value]))


def _fault(value: object) -> Fault:
    table = only_known(value, FAULT_KEYS, "a fault")
    on = table.get("on", [])
    kinds = tuple(text_of(kind, "on") for kind in (on if isinstance(on, list) else [on]))
    for kind in kinds:
        if kind not in REQUESTS:
            raise BadValueError("unknown-request", "unknown kind of request in `on`:", kind, REQUESTS)
    errors = {path: text_of(code, "errors") for path, code in table_of(table.get("errors", {})).items()}
    reset, garbage = table.get("reset", False), table.get("garbage")
    if garbage not in (None, "reply", "body"):
        raise BadValueError("wrong-type", f'`garbage` is "reply" or "body", got {show(garbage)}')
    times = table.get("times", 1)
    status = number_of(table.get("status"), "status", at_least=200)
    if status is not None and status > 599:
        raise BadValueError("wrong-type", f"`status` is an HTTP status from 200 to 599, got {status}")
    fault = Fault(
        on=kinds,
        nth=number_of(table.get("nth", 1), "nth", at_least=1) or 1,
        after=number_of(table.get("after", 0), "after", at_least=0) or 0,
        times="all" if times == "all" else number_of(times, "times", at_least=1) or 1,
        status=200 if errors and status is None else status,
        code=optional_text(table, "code"),
        errors=errors,
        region=optional_text(table, "region"),
        refuse=flag_of(table, "refuse"),
        reset=reset if isinstance(reset, bool) else number_of(reset, "reset", at_least=0) or 0,
        cut=number_of(table.get("cut"), "cut", at_least=0),
        lost=flag_of(table, "lost"),
        garbage=garbage,
        delay_s=seconds_of(table.get("delay")) or 0.0,
        slow_s=seconds_of(table.get("slow")) or 0.0,
    )
    _check_fault(fault)
    return fault


def _check_fault(fault: Fault) -> None:
    """Raise if a fault says nothing, or what cannot be together."""
    said = {
        "refuse": fault.refuse,
        "reset": fault.reset is not False,
        "cut": fault.cut is not None,
        "garbage": fault.garbage is not None,
        "slow": fault.slow_s > 0,
        "status": fault.status is not None,
    }
    endings = [name for name in _ENDINGS if said[name]]
    if len(endings) > 1 or (fault.lost and endings not in ([], ["status"])):
        together = ", ".join((*endings, *(["lost"] if fault.lost else [])))
        raise BadValueError("fault-clash", f"a fault is one of these, not several at once: {together}")
    if not endings and not fault.lost and not fault.delay_s:
        known = tuple(key for key in FAULT_KEYS if key not in ("on", "nth", "times", "after", "code", "region"))
        raise BadValueError("no-fault", f"the fault does nothing; it needs one of: {', '.join(known)}")
    if fault.status is None and (fault.code is not None or fault.region is not None):
        raise BadValueError("fault-clash", "`code` and `region` stand in a reply that has a `status`")
    if fault.refuse and (fault.on or fault.nth != 1 or fault.times != 1 or fault.after or fault.delay_s):
        what = "`refuse` holds for the whole step: before a connection there is no request to count"
        raise BadValueError("fault-clash", what)
