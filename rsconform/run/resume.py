"""What earlier processes of the same run have booked, for the one that goes on where they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rsconform.cases.case import Case
from rsconform.run.case.store import IN_PASSING
from rsconform.run.journal import GIVEN_FAILED, SUPERVISOR
from rsconform.run.lane.smoke import SMOKE_PATH
from rsconform.run.records import Attempt, Journal

_PATH_ARGUMENTS = ("path", "src", "dst")


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """The part of a run that lies behind.

    Attributes:
        done: Cases that need not be run again.
        retried: Cases that ended their process and, as any case that failed, are tried once more.
        longer: Those of them that ran into their limit.
        paths: Where cases that did not come to their end may have left files.
        hangs: Cases that hung, each with the attempt that shows it.
    """

    done: frozenset[str] = frozenset()
    retried: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    longer: frozenset[str] = frozenset()
    hangs: tuple[tuple[Case, Attempt], ...] = ()


def resume_point_of(journal: Journal, cases: Mapping[str, Case]) -> ResumePoint:
    """Return what a journal says of the part of its run that lies behind."""
    tries = Counter(attempt.case for attempt in journal.attempts)
    died, slow, cut = set(), set(), set()
    hung: list[tuple[Case, Attempt]] = []
    for attempt in journal.attempts:
        if attempt.worker == SUPERVISOR or attempt.hung:
            cut.add(attempt.case)
        if attempt.failure is not None and attempt.failure.died and tries[attempt.case] == 1 and attempt.case in cases:
            died.add(attempt.case)
        if attempt.slow and tries[attempt.case] == 1 and attempt.case in cases:
            slow.add(attempt.case)
        elif attempt.case in cases and (attempt.hung or _hung_before_it_began(attempt)):
            hung.append((cases[attempt.case], attempt))
    return ResumePoint(
        done=frozenset(tries) - died - slow,
        retried=frozenset(died | slow),
        longer=frozenset(slow),
        paths=frozenset(path for name in cut for path in _paths(cases.get(name))),
        hangs=tuple(hung),
    )


def _hung_before_it_began(attempt: Attempt) -> bool:
    """Return whether a process was ended while the subject made a case's given state."""
    return attempt.worker == SUPERVISOR and (attempt.error or "").startswith(GIVEN_FAILED)


def _paths(case: Case | None) -> Iterator[str]:
    """Yield the paths that a case names; None is the smoke case."""
    if case is None:
        yield SMOKE_PATH
        return
    yield from case.given.files
    yield from (f"{folder}/{IN_PASSING}" for folder in case.given.folders)
    for step in case.steps:
        yield from (path for name in _PATH_ARGUMENTS if isinstance(path := step.arguments.get(name), str))
