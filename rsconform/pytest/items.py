"""Lanes and cases as pytest sees them: collector nodes and items."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rsconform.cases.case import Case
from rsconform.lanes.lane import Lane
from rsconform.redaction import redact
from rsconform.run.journal import JournalWriter
from rsconform.run.lane.session import CONSTRUCTED, LaneSession
from rsconform.run.plan import SMOKE, SMOKE_FACTS
from rsconform.run.records import Attempt, Breach, Failure, Header, PlannedCase, Result
from rsconform.run.resume import ResumePoint
from rsconform.spec.axiom import Axiom

if TYPE_CHECKING:
    from rsconform.pytest.session import Conformance
    from rsconform.report.report import Waiver


class CaseFailure(Exception):  # Carries a failed case through pytest, as text for a person.
    """A case failed, or could not be judged."""


@dataclass
class LaneRun:
    """One lane in this process: its cases, its plan, its session and its journal."""

    lane: Lane
    axioms: tuple[Axiom, ...]
    cases: Mapping[str, Case]
    planned: tuple[PlannedCase, ...]
    node: Path
    header: Header | None = None
    journal: JournalWriter | None = None
    session: LaneSession | None = None
    refuted: set[tuple[str, str]] = field(default_factory=set)
    resume_point: ResumePoint = field(default_factory=ResumePoint)
    dirty: str | None = None  # Why its store was not touched.
    reported: set[str] = field(default_factory=set)  # What broke, where it has been shown in full.
    counted: set[str] = field(default_factory=set)  # Cases that speak against what was asked for.
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)  # Of each case that was run here.
    waivers: tuple[Waiver, ...] | None = None  # Those of the lane; None until a failure asks for them.

    @property
    def runnable(self) -> tuple[PlannedCase, ...]:
        """Return the planned cases that the lane's facts do not rule out."""
        return tuple(planned for planned in self.planned if planned.skip is None)


class LaneFileNode(pytest.File):
    """The file that declares lanes."""

    conformance: Conformance

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield a node for each of its lanes that was asked for."""
        for run in self.conformance.runs.values():
            if run.node == self.path:
                node: LaneNode = LaneNode.from_parent(
                    self, name=run.lane.name, nodeid=f"{self.nodeid}::{run.lane.name}"
                )
                node.conformance, node.run = self.conformance, run
                yield node


class LaneNode(pytest.Collector):
    """One lane."""

    conformance: Conformance
    run: LaneRun

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each case that the lane's facts do not rule out."""
        for planned in self.run.runnable:
            if planned.case in self.run.resume_point.done:
                continue
            item: CaseItem = CaseItem.from_parent(self, name=planned.case, nodeid=f"{self.nodeid}::{planned.case}")
            item.conformance, item.run, item.planned = self.conformance, self.run, planned
            yield item


class CaseItem(pytest.Item):
    """One case of one lane."""

    conformance: Conformance
    run: LaneRun
    planned: PlannedCase

    def runtest(self) -> None:
        """Run the case, and raise what became of it."""
        attempts = [one for one in self.conformance.attempts(self.run, self.name) if not one.slow]
        self.conformance.renew_after_hang(self)
        first = attempts[0]
        instance = self.run.session.instance if self.run.session is not None else None
        if self.name == SMOKE and instance is not None and instance.failure is not None:
            first = replace(first, axiom=CONSTRUCTED, result=Result.FAILED, failure=instance.failure, error=None)
        breached = [breach for attempt in attempts for breach in attempt.breaches]
        if first.result is Result.SKIPPED and first.skip is not None:
            raise pytest.skip.Exception(f"{first.skip.reason}: {first.skip.detail}", _use_item_location=True)
        if first.result is Result.FAILED and not breached and self._is_open_reading():
            raise pytest.skip.Exception(self._reading_text(), _use_item_location=True)
        if first.error is not None:
            self.run.counted.add(self.name)
        if first.error is not None and first.error in self.run.reported:
            raise CaseFailure(redact(f"{self.name}: {first.error}"))
        if first.result is not Result.PASSED or breached:
            self.run.reported |= {first.error} if first.error is not None else set()
            text = redact(self._text(first, flaky=len({attempt.result for attempt in attempts}) > 1))
            forgiven = self._why_forgiven(first, breached)
            if forgiven is None:
                self.run.counted.add(self.name)
                self.conformance.note_cause(self, first, breached)
            else:
                raise pytest.xfail.Exception(f"{forgiven}\n{text}")
            raise CaseFailure(text)

    def _why_forgiven(self, attempt: Attempt, breaches: Sequence[Breach]) -> str | None:
        """Return why a failure does not fail the session; None if it does.

        A permission cannot be violated, a level below the one that was asked for is not asked about, and a waiver in
        force covers the failure that it expects.
        """
        if attempt.result is Result.ERRORED:
            return None
        seen: list[tuple[str, Failure | Breach | None]] = [(breach.axiom, breach) for breach in breaches]
        if attempt.result is Result.FAILED:
            seen.append((attempt.axiom, attempt.failure))
        reasons = [self.conformance.why_forgiven(self.run, axiom, failure) for axiom, failure in seen]
        return "; ".join(dict.fromkeys(reason or "" for reason in reasons)) if all(reasons) else None

    def _is_open_reading(self) -> bool:
        """Return whether the failure only refutes one reading of a trait that the lane does not declare."""
        if not self.planned.readings:
            return False
        *wider, (trait, value) = self.planned.readings
        if not self.run.refuted.isdisjoint(wider):
            return True
        self.run.refuted.add((trait, value))
        return not any(name == trait and other != value for name, other in self.run.refuted)

    def _reading_text(self) -> str:
        trait, value = self.planned.readings[-1]
        return f"the lane does not declare {trait}, and it is not {value}; pin it with --rsconform-trait {trait}=…"

    def _text(self, attempt: Attempt, *, flaky: bool) -> str:
        from rsconform.report.text import render_failure  # Only a failure pays for the report stage.

        header = self.run.header
        assert header is not None  # Written when collection finished.
        axiom = next((axiom for axiom in header.axioms if axiom.id == attempt.axiom), SMOKE_FACTS)
        return render_failure(attempt, axiom, header, flaky=flaky)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return a failed case as its text, with no traceback of the framework."""
        if isinstance(excinfo.value, CaseFailure):
            return str(excinfo.value)
        return redact(str(super().repr_failure(excinfo, style=style)))

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Point at the TOML line of the case."""
        path, _, line = self.planned.place.rpartition(":")
        # Not the end of the node id: pytest would show the dots in that as "::".
        return path, int(line) - 1, f"{self.name} on {self.run.lane.name}"
