"""What a wire knows: the requests that passed, and the faults that wait for one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rsconform.cases.faults import Fault
from rsconform.lanes.lane import Request


@dataclass(slots=True)
class Armed:
    """A fault that waits."""

    fault: Fault
    since: int = 0  # How many requests had passed before.
    seen: int = 0  # Requests that it is about.
    met: int = 0  # Those that it befell.
    cleared: threading.Event = field(default_factory=threading.Event)


@dataclass(slots=True)
class Passing:
    """A request under way, and what became of it."""

    request: Request
    armed: Armed | None
    _struck: bool = False

    @property
    def fault(self) -> Fault | None:
        """Return the fault that it meets, if it comes to that."""
        return self.armed.fault if self.armed is not None else None

    def strike(self, hold_back_s: float = 0.0) -> None:
        """Note that the fault has taken effect, and hold the reply back for as long as the fault is armed."""
        assert self.armed is not None
        if not self._struck:
            self._struck = True
            self.armed.met += 1
        if hold_back_s:
            self.armed.cleared.wait(hold_back_s)

    def sent(self, size: int) -> None:
        """Note bytes of the request's body."""
        self.request = replace(self.request, sent_bytes=self.request.sent_bytes + size)

    def received(self, size: int) -> None:
        """Note bytes of the reply's body."""
        self.request = replace(self.request, received_bytes=self.request.received_bytes + size)

    def answered(self, status: int) -> None:
        """Note the status that the backend gets."""
        self.request = replace(self.request, status=status)


class Record:
    """The log and the armed faults of one wire. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed: list[Passing] = []
        self._armed: list[Armed] = []

    def forget(self) -> None:
        """Begin anew, with an empty log."""
        with self._lock:
            self._passed = []

    def arm(self, faults: Sequence[Fault]) -> None:
        """Let faults befall what comes from now on."""
        with self._lock:
            self._armed += [Armed(fault, since=len(self._passed)) for fault in faults]

    def clear(self) -> tuple[int, ...]:
        """Disarm every fault; return how many requests each one met."""
        with self._lock:
            armed, self._armed = self._armed, []
        for one in armed:
            one.cleared.set()
        return tuple(1 if one.fault.refuse else one.met for one in armed)

    def begin(self, request: Request) -> Passing:
        """Note a request, and choose the fault that it meets."""
        with self._lock:
            chosen = None
            for armed in self._armed:
                fault = armed.fault
                if fault.refuse or not (not fault.on or request.kind in fault.on or request.method in fault.on):
                    continue
                if fault.after and not any(
                    _is_as_long(one.request, fault.after) for one in self._passed[armed.since :]
                ):
                    continue
                armed.seen += 1
                if chosen is None and fault.strikes(armed.seen):
                    chosen = armed
            passing = Passing(request, chosen)
            self._passed.append(passing)
            return passing

    def requests(self) -> tuple[Request, ...]:
        """Return every request, in the order of their coming."""
        with self._lock:
            return tuple(passing.request for passing in self._passed)

    def counts(self) -> Mapping[str, int]:
        """Return how many requests of each kind came."""
        with self._lock:
            return Counter(passing.request.kind for passing in self._passed)


def _is_as_long(request: Request, size: int) -> bool:
    """Return whether a request had a success for an answer, with a body of at least so many bytes."""
    return request.status is not None and 200 <= request.status < 300 and request.received_bytes >= size
