"""How long each thing that is done may take, and how many may take longer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from rsconform.cases.case import Case
from rsconform.cases.content import Content, Source
from rsconform.cases.implied_needs import content_sizes
from rsconform.plural import plural
from rsconform.run.records import Profile
from rsconform.spec.probes import facts_of

MOST_HANGS: Final = 2  # Of one operation, or in the cases of one axiom: then what rests on it is left out.
MOST_IN_ALL: Final = 20  # Cases of a lane that hung, each after a second and longer wait.
LONGER: Final = 3  # Times the limit, for a second try at what ran into it: only what does not end then hangs.
LARGE_BYTES: Final = 1024**2  # From here on a case's limit follows from how fast the lane is.
_MARGIN: Final = 4  # Times what a case should take at the lane's measured rate.
_MOST_OPERATIONS: Final = 12  # Times the limit of an operation that a case may be expected to take for its content.
CASE_LIMIT_S: Final = 60.0
# Where there are many files: making, looking at or removing each takes a few operations, over a slow line too.
OF_A_FILE_S: Final = 0.25
_IN_A_STEP_S: Final = 0.04  # The same within one operation, as a listing that asks about each or a folder's deletion.
LOOK_LIMIT_S: Final = 30.0  # What looks deeper bounds itself by less; on a busy machine its imports take seconds.
_OF_A_FIXTURE: Final = 12  # Times the limit of an operation: a lane fixture starts servers and imports their clients.
# On top for a probe that needs threads or processes to come to their end: they get the time that the machine has.
_SLACK_S: Final = 60.0


@dataclass(slots=True)
class Hangs:
    """Counts what hung, by operation and by axiom: what rests on something that hangs again and again is left out."""

    counts: Counter[str] = field(default_factory=Counter)
    cases: set[str] = field(default_factory=set)

    def add(self, *names: str, case: str = "") -> None:
        """Count one more: an operation, the axiom of its case, or both."""
        self.counts.update(names)
        if case:
            self.cases.add(case)

    def knows(self, *names: str) -> bool:
        """Return whether one of these has hung before: a longer wait would show nothing new."""
        return any(self.counts[name] for name in names)

    def often(self, name: str) -> bool:
        """Return whether something hung so often that it is left alone."""
        return self.counts[name] >= MOST_HANGS

    def why_not(self, names: Iterable[str]) -> str | None:
        """Return why a case is not run that rests on these operations or belongs to this axiom; None if it is."""
        name = next((name for name in names if self.often(name)), None)
        return None if name is None else f"not run: {name} hung in {self.counts[name]} cases before"

    @property
    def verdict(self) -> str | None:
        """Return why nothing more is tried on the lane; None if it is."""
        if len(self.cases) < MOST_IN_ALL:
            return None
        return f"not run: {plural(len(self.cases), 'case')} before it hung"


@dataclass(slots=True)
class Limits:
    """How long each thing may take, in seconds.

    Args:
        step_s: One operation on a small file.
        profile: How deep the probes look that look deeper.
        rate_bytes_s: How fast content goes through the lane, as measured; None before it is measured.
        times: What all limits of a case are multiplied with.
    """

    step_s: float
    profile: Profile
    rate_bytes_s: float | None = None
    times: int = 1

    def too_slow(self, case: Case) -> str | None:
        """Return why a case is not run whose content would take too long at the lane's rate; None if it would not."""
        expected_s = self._of_content_s(case)
        if self.rate_bytes_s is None or expected_s <= _MOST_OPERATIONS * self.step_s:
            return None
        enough_s = math.ceil(expected_s / _MOST_OPERATIONS)
        return (
            f"not run: its content would take about {expected_s:.0f} s at the rate measured on this lane "
            f"({self.rate_bytes_s / 1024**2:.3g} MiB/s); --timeout {enough_s} allows that"
        )

    def _of_content_s(self, case: Case) -> float:
        """Return how long the content of a case should take, each piece of it written and read once."""
        return bytes_of(case) / self.rate_bytes_s if self.rate_bytes_s else 0.0

    @property
    def fixture_s(self) -> float:
        """Return how long a lane fixture may be at work at a time."""
        return _OF_A_FIXTURE * self.step_s

    def case_s(self, case: Case | None) -> float:
        """Return the limit of a case: the sum of the limits of what is done in it.

        That is at most about a minute, or what many files take that are made, looked at and removed again.
        """
        if case is None:
            return 5 * self.step_s
        return self.times * self._case_s(case)

    def _case_s(self, case: Case) -> float:
        steps = sum(step.within_s or self._of_step_s(case) for step in case.steps) or self._all_s(case)
        whole = self._store_s(case) * (2 if case.then is not None else 1) + steps
        if looks_deeper(case):
            return whole + self._probe_s(case)
        # The last one is for making the instance, for closing it and for removing what is left in its store.
        content_s = 2 * len(case.steps) * _MARGIN * self._of_content_s(case)
        return min(whole, self._most_s(2 * _files(case)) + content_s) + self._all_s(case)

    def of_step_s(self, case: Case) -> float:
        """Return the limit of a step of a case that has none of its own."""
        return self.times * self._of_step_s(case)

    def _of_step_s(self, case: Case) -> float:
        return max(self.step_s, _files(case) * _IN_A_STEP_S, _MARGIN * self._of_content_s(case))

    def probe_s(self, case: Case) -> float:
        """Return the limit of a case's probe."""
        return self.times * self._probe_s(case)

    def _probe_s(self, case: Case) -> float:
        limit_s = self._all_s(case)
        if looks_deeper(case):
            # What it does is bounded by the profile, not by how long one operation may take.
            limit_s = max(limit_s, LOOK_LIMIT_S) * self.profile.load_factor
        return limit_s + (_SLACK_S if case.probe is not None and facts_of(case.probe).slack else 0)

    def store_s(self, case: Case) -> float:
        """Return the limit of making a case's given state, and of looking at the state that it leaves."""
        return self.times * self._store_s(case)

    def _store_s(self, case: Case) -> float:
        files = _files(case)
        return min(max(files, 1) * self.step_s, self._most_s(files)) + _MARGIN * self._of_content_s(case)

    def _all_s(self, case: Case) -> float:
        """Return the limit of doing something with each file that there is."""
        return max(self.step_s, _files(case) * OF_A_FILE_S, _MARGIN * self._of_content_s(case))

    def _most_s(self, files: int) -> float:
        """Return the most that what is done for so many files may take."""
        return max(CASE_LIMIT_S, self.step_s, files * OF_A_FILE_S)


def bytes_of(case: Case) -> int:
    """Return how many bytes of content a case handles: what is there, what is written, what is demanded and read."""
    read: list[object] = [
        one for step in case.steps for one in (step.reads if isinstance(step.reads, tuple) else (step.reads,))
    ]
    return sum(content_sizes(case)) + sum(one.size for one in read if isinstance(one, Content | Source))


def operations_of(case: Case) -> frozenset[str]:
    """Return the operations that a case calls; a probe does not say."""
    return frozenset(step.op for step in case.steps)


def _files(case: Case) -> int:
    """Return how many files have to be made, or removed, for a case's given state."""
    return len(case.given.files) + 2 * len(case.given.folders)


def looks_deeper(case: Case) -> bool:
    """Return whether a case's probe looks as deep as the profile says."""
    return case.probe is not None and facts_of(case.probe).stresses is not None
