"""How long each thing that is done may take, and how many may take longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rsconform.cases.model import Case
from rsconform.run.model import Profile
from rsconform.spec.vocabulary import PROBES

MOST_HANGS: Final = 3
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
    """Counts what ran into its limit on a lane: after too many nothing more is tried."""

    count: int = 0

    def add(self) -> None:
        """Count one more."""
        self.count += 1

    @property
    def verdict(self) -> str | None:
        """Return why nothing more is tried; None if it is."""
        if self.count < MOST_HANGS:
            return None
        return f"not run: {MOST_HANGS} cases before it ran into their limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each thing may take, in seconds.

    Args:
        step_s: One operation.
        profile: How deep the probes look that look deeper.
    """

    step_s: float
    profile: Profile

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
        steps = sum(step.within_s or self.of_step_s(case) for step in case.steps) or self._all_s(case)
        whole = self.store_s(case) * (2 if case.then is not None else 1) + steps
        if looks_deeper(case):
            return whole + self.probe_s(case)
        # The last one is for making the instance, for closing it and for removing what is left in its store.
        return min(whole, self._most_s(2 * _files(case))) + self._all_s(case)

    def of_step_s(self, case: Case) -> float:
        """Return the limit of a step of a case that has none of its own."""
        return max(self.step_s, _files(case) * _IN_A_STEP_S)

    def probe_s(self, case: Case) -> float:
        """Return the limit of a case's probe."""
        limit_s = self._all_s(case)
        if looks_deeper(case):
            # What it does is bounded by the profile, not by how long one operation may take.
            limit_s = max(limit_s, LOOK_LIMIT_S) * self.profile.patience
        return limit_s + (_SLACK_S if case.probe is not None and PROBES[case.probe].slack else 0)

    def store_s(self, case: Case) -> float:
        """Return the limit of making a case's given state, and of looking at the state that it leaves."""
        files = _files(case)
        return min(max(files, 1) * self.step_s, self._most_s(files))

    def _all_s(self, case: Case) -> float:
        """Return the limit of doing something with each file that there is."""
        return max(self.step_s, _files(case) * OF_A_FILE_S)

    def _most_s(self, files: int) -> float:
        """Return the most that what is done for so many files may take."""
        return max(CASE_LIMIT_S, self.step_s, files * OF_A_FILE_S)


def _files(case: Case) -> int:
    """Return how many files have to be made, or removed, for a case's given state."""
    return len(case.given.files) + 2 * len(case.given.folders)


def looks_deeper(case: Case) -> bool:
    """Return whether a case's probe looks as deep as the profile says."""
    return case.probe is not None and PROBES[case.probe].hardens is not None
