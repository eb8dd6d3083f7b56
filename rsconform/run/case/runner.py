"""One attempt at one case on a subject: its given state is made, its steps or probe run, its end judged."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from remote_store import Backend, InvalidPath

from rsconform.cases.case import Case, Skip, SkipReason
from rsconform.lanes.facade import OffSurface, class_of
from rsconform.lanes.lane import FixtureError, Lane, StoreNotEmptyError
from rsconform.probes import ProbeContext, ProbeFailed, ProbeSkipped, find_probe
from rsconform.run.case.interpreter import Interpreter
from rsconform.run.case.invariants import Watch
from rsconform.run.case.outcomes import CaseFailed, FaultNotMet, Refused, show_error
from rsconform.run.case.store import GivenFailedError, Mismatch, StoreView, UnaffordableError
from rsconform.run.lane import deadline
from rsconform.run.lane.interrupts import let_through
from rsconform.run.lane.limits import Hangs, Limits
from rsconform.run.lane.subject_pool import Lease
from rsconform.run.plan import OTHER_NAMES, without
from rsconform.run.records import Attempt, Failure, Result

_UNHELD: Final = "skipped: the store cannot hold what the case begins with"
# Arguments of probes that name what they may write; what none of these names, a probe tells itself.
_PATHS: Final = ("path", "src", "dst", "changed", "outer", "inner")


@dataclass
class CaseRunner:
    """Runs cases on the subjects of one lane.

    Args:
        invariants: Axiom by the checker that judges it in every case.
        faced: Makes an instance as the lane's are made.
        seeded: Is told when a given state that is made through the subject is there.
        seed: Of what is random.
        corpus: A folder in which probes keep what they found; None to keep nothing.
    """

    lane: Lane
    limits: Limits
    hangs: Hangs
    invariants: Mapping[str, str]
    faced: Callable[[Callable[[], Any]], Backend]
    seeded: Callable[[], None]
    seed: int = 0
    corpus: Path | None = None
    class_traits: Mapping[str, object] = field(default_factory=dict)
    earlier: dict[str, object] = field(default_factory=dict)  # What the attempts at one case leave to the next.

    def run(self, case: Case, held: Lease, view: StoreView, blank: Attempt) -> Attempt:
        """Return what an attempt came to; `blank` is one to which nothing has happened yet."""
        ids = {checker: axiom for checker, axiom in self.invariants.items() if axiom not in case.breaks}
        watch = Watch(ids)
        interpreter = Interpreter(
            case=case,
            subject=held.subject,
            backend=held.backend,
            view=view,
            watch=watch,
            step_limit_s=self.limits.of_step_s(case),
            peer=held.subject.make,
            reopen=held.subject.make,
            construct=lambda options: self.faced(functools.partial(class_of(held.backend), **options)),
        )
        content = {path: file.content.data for path, file in case.given.files.items()} if case.probe else {}
        context = ProbeContext(
            held.subject,
            held.backend,
            content,
            self.seed,
            self.limits.profile,
            deadline.load_factor(),
            lane=self.lane.backend or self.lane.name,
            traits=self.lane.declared,
            # What a mere reading of an undeclared trait finds says nothing about the lane.
            corpus=None if self._presumes(case) else self.corpus,
            earlier=self.earlier,
            touched=view.touched,
        )
        attempt = blank
        try:
            self._require_affordances(case, held)
            if self.lane.backend is None:  # The store of a callable is looked at after each case.
                self._look(view.require_empty)
            self._make_given(view, case)
            interpreter.baseline = interpreter.snapshot = view.snapshot()
            view.require_given(interpreter.baseline, case.given)
            if case.probe is not None:
                self._probe(case.probe, case, context)
            else:
                interpreter.run()
            attempt = replace(attempt, result=Result.PASSED)
            if case.then is not None:
                mismatch = self._judge_end(interpreter, case, view)
                if mismatch is not None:
                    raise CaseFailed(mismatch.expected, mismatch.observed)
        except OffSurface as exc:
            return replace(blank, result=Result.SKIPPED, skip=Skip(SkipReason.SURFACE, str(exc)))
        except UnaffordableError as exc:
            unheld = (_UNHELD,) if exc.skip.reason is SkipReason.HOLDING else ()
            return replace(blank, result=Result.SKIPPED, skip=exc.skip, notes=unheld)
        except GivenFailedError as exc:
            refused = isinstance(exc.__cause__, InvalidPath)
            if refused and self._declares_names():
                return replace(blank, result=Result.SKIPPED, skip=OTHER_NAMES)
            if not (refused and self._presumes(case)):
                return replace(blank, error=str(exc))
            # A store that refuses it is of the other kind than the case presumes: that reading fails.
            steps = tuple(step.text for step in case.steps) or (_probe_text(case),)
            failure = Failure("the store to take what the case begins with", str(exc), steps=steps)
            return replace(blank, result=Result.FAILED, failure=failure)
        except FaultNotMet as exc:
            attempt = replace(blank, result=Result.SKIPPED, skip=Skip(SkipReason.FAULT, str(exc)))
        except Refused as exc:
            attempt = self._judge_refusal(interpreter, case, exc, replace(attempt, notes=(str(exc),)))
        except CaseFailed as exc:
            attempt = replace(attempt, result=Result.FAILED, failure=_failure(case, interpreter, exc))
        except ProbeSkipped as exc:
            missing = (
                without(str(exc), self.lane) if exc.reason is SkipReason.AFFORDANCE else Skip(exc.reason, str(exc))
            )
            return replace(blank, result=Result.SKIPPED, skip=missing)
        except ProbeFailed as exc:
            # A probe chooses names of its own, and which one was refused is told only in what it saw.
            if InvalidPath.__name__ in exc.observed and self._declares_names():
                return replace(blank, result=Result.SKIPPED, skip=OTHER_NAMES)
            steps = exc.steps or (_probe_text(case),)
            failure = Failure(exc.expected, exc.observed, step=len(steps) - 1, steps=steps, ways=exc.ways)
            attempt = replace(attempt, result=Result.FAILED, failure=failure)
        except deadline.SoftLimitError:
            failure = Failure("an end in time", "the case did not end", steps=(_probe_text(case),), hang=True)
            attempt = replace(attempt, result=Result.FAILED, failure=failure)
        except StoreNotEmptyError:
            raise
        except FixtureError as exc:
            attempt = replace(attempt, result=Result.ERRORED, error=str(exc))
        except Exception as exc:
            attempt = replace(attempt, result=Result.ERRORED, error=f"the kit broke: {show_error(exc)}")
        except BaseException as exc:  # SystemExit and the like: nothing of the kit raises them.
            let_through(exc)
            failure = Failure("an end of the case", f"{show_error(exc)} came out", steps=(_probe_text(case),))
            attempt = replace(attempt, result=Result.FAILED, failure=failure)
        finally:
            deadline.disarm()
            self._close_streams(interpreter)
        return replace(
            attempt,
            breaches=(*context.breaches, *watch.breaches),
            judged=tuple(sorted(watch.judged)),
            notes=(*attempt.notes, *context.notes, *interpreter.notes),
        )

    def _declares_names(self) -> bool:
        return self.lane.declared.get("names") is not None

    def _presumes(self, case: Case) -> bool:
        """Return whether a case takes for granted what the lane does not declare."""
        return any(self.lane.declared.get(name) is None for name in case.traits if name not in self.class_traits)

    @staticmethod
    def _require_affordances(case: Case, held: Lease) -> None:
        """Judge nothing without the instrument that it takes.

        Raises:
            FixtureError: The subject lacks an affordance that the case needs and the lane declares.
        """
        absent = sorted(name for name in case.needs if not held.subject.affords(name))
        if absent:
            raise FixtureError(f"the lane fixture failed: it declares {', '.join(absent)} and its subject has none")

    def _look(self, look: Callable[[], None]) -> None:
        deadline.arm(self.limits.step_s)
        try:
            look()
        except deadline.SoftLimitError:  # What an operation that does not return is worth is for the case.
            pass
        finally:
            deadline.disarm()

    def _make_given(self, view: StoreView, case: Case) -> None:
        deadline.arm(self.limits.store_s(case))
        try:
            view.seed(case.given)
        except deadline.SoftLimitError:
            if seeds_through_subject(case, self.lane):
                self.hangs.add("write")
            raise GivenFailedError("given failed: seeding did not return") from None
        finally:
            deadline.disarm()
        if seeds_through_subject(case, self.lane):
            self.seeded()

    def _probe(self, name: str, case: Case, context: ProbeContext) -> None:
        context.touched.update(str(case.args[at]) for at in _PATHS if isinstance(case.args.get(at), str))
        deadline.arm(self.limits.probe_s(case))
        try:
            find_probe(name)(context, **case.args)
        finally:
            deadline.disarm()

    def _close_streams(self, interpreter: Interpreter) -> None:
        deadline.arm(self.limits.step_s)
        try:
            interpreter.close_streams()
        except deadline.SoftLimitError:  # What closing owes is for the axioms about it.
            self.hangs.add("close")
        finally:
            deadline.disarm()

    def _judge_refusal(self, interpreter: Interpreter, case: Case, refused: Refused, attempt: Attempt) -> Attempt:
        """Return what a permitted refusal comes to: it must not have changed anything.

        Where a fault befell it, it may have: then the end that the case demands is judged.
        """
        deadline.arm(self.limits.store_s(case))
        try:
            mismatch = interpreter.view.judge_refusal(case.given) if refused.first else None
            if refused.faulted and case.then is not None:
                mismatch = interpreter.view.judge(case.then, interpreter.baseline, case.given, interpreter.resolve)
        except deadline.SoftLimitError:  # What looking owes is for the axioms about it.
            mismatch = None
        finally:
            deadline.disarm()
        if mismatch is None:
            return replace(attempt, result=Result.PASSED)
        expected = f"{mismatch.expected}, as {refused.error} refused the change"
        if case.probe is not None:
            failure = Failure(expected, mismatch.observed, step=0, steps=(_probe_text(case),))
        else:
            failure = _failure(case, interpreter, CaseFailed(expected, mismatch.observed))
        return replace(attempt, result=Result.FAILED, failure=failure, notes=())

    def _judge_end(self, interpreter: Interpreter, case: Case, view: StoreView) -> Mismatch | None:
        if case.then is None:
            return None
        interpreter.at = len(case.steps)
        deadline.arm(self.limits.store_s(case))
        try:
            return view.judge(case.then, interpreter.baseline, case.given, interpreter.resolve)
        finally:
            deadline.disarm()


def seeds_through_subject(case: Case, lane: Lane) -> bool:
    """Return whether a case's given state is made by the very subject that is judged."""
    return "seed" not in lane.affordances and bool(case.given.files or case.given.folders)


def _failure(case: Case, interpreter: Interpreter, failed: CaseFailed) -> Failure:
    steps = tuple(step.text for step in case.steps)
    at = interpreter.at if interpreter.at < len(steps) else None
    return Failure(failed.expected, failed.observed, step=at, steps=steps, phase=failed.phase, hang=failed.hang)


def _probe_text(case: Case) -> str:
    arguments = " ".join(f"{name}={value}" for name, value in case.args.items())
    return f"probe {case.probe} {arguments}".rstrip()
