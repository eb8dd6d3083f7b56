"""One attempt at one case on a subject: its given state is made, its steps or probe run, its end judged."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from remote_store import Backend, InvalidPath, RemoteStoreError

from rsconform.cases.case import Case, SkipReason
from rsconform.cases.description import describe_given, describe_probe, describe_steps
from rsconform.lanes.async_facade import OffSurface, class_of
from rsconform.lanes.lane import FixtureError, Lane, StoreNotEmptyError
from rsconform.probes import ProbeContext, find_probe
from rsconform.run.applicability import OTHER_NAMES, without
from rsconform.run.case.interpreter import Interpreter
from rsconform.run.case.invariants import Watch
from rsconform.run.case.outcomes import Broken, Failed, Refused, Skipped, operation_that_raised, show_error
from rsconform.run.case.store import GivenFailedError, Mismatch, StoreView
from rsconform.run.lane import deadline
from rsconform.run.lane.interrupts import let_through
from rsconform.run.lane.limits import Hangs, Limits
from rsconform.run.lane.subject_pool import Lease
from rsconform.run.records import Attempt, Breach, Failure, Result

_UNHELD: Final = "skipped: the store cannot hold what the case begins with"
# Arguments of probes that name what they may write; what none of these names, a probe tells itself.
_PATHS: Final = ("path", "src", "dst", "changed", "outer", "inner")


@dataclass
class CaseRunner:
    """Runs cases on the subjects of one lane.

    Args:
        invariants: Axiom by the checker that judges it in every case.
        as_sync: Makes an instance as the lane's are made.
        seeded: Called when a given state that is made through the subject is there.
        seed: Of what is random.
        corpus: A folder in which probes keep what they found; None to keep nothing.
    """

    lane: Lane
    limits: Limits
    hangs: Hangs
    invariants: Mapping[str, str]
    as_sync: Callable[[Callable[[], Any]], Backend]
    seeded: Callable[[], None]
    seed: int = 0
    corpus: Path | None = None
    class_traits: Mapping[str, object] = field(default_factory=dict)
    earlier: dict[str, object] = field(default_factory=dict)  # What the attempts at one case leave to the next.

    def run(self, case: Case, lease: Lease, view: StoreView, blank: Attempt) -> Attempt:
        """Return what an attempt came to; `blank` is one to which nothing has happened yet."""
        ids = {checker: axiom for checker, axiom in self.invariants.items() if axiom not in case.breaks}
        watch = Watch(ids)
        interpreter = Interpreter(
            case=case,
            subject=lease.subject,
            backend=lease.backend,
            view=view,
            watch=watch,
            step_limit_s=self.limits.of_step_s(case),
            peer=lease.subject.make,
            reopen=lease.subject.make,
            construct=lambda options: self.as_sync(functools.partial(class_of(lease.backend), **options)),
        )
        content = {path: file.content.data for path, file in case.given.files.items()} if case.probe else {}
        context = ProbeContext(
            lease.subject,
            lease.backend,
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
            self._perform(case, lease, view, interpreter, context)
            attempt = replace(blank, result=Result.PASSED)
        except StoreNotEmptyError:
            raise
        except BaseException as exc:
            match self._end_of(exc, case, class_of(lease.backend)):
                case Skipped(skip=skip) if skip.reason is not SkipReason.FAULT:
                    unheld = (_UNHELD,) if skip.reason is SkipReason.HOLDING else ()
                    return replace(blank, result=Result.SKIPPED, skip=skip, notes=unheld)
                case Skipped(skip=skip):
                    attempt = replace(blank, result=Result.SKIPPED, skip=skip)
                case Refused() as refused:
                    attempt = self._judge_refusal(interpreter, case, refused, replace(blank, notes=(str(refused),)))
                case Failed() as failed:
                    attempt = replace(blank, result=Result.FAILED, failure=_failure(case, interpreter, failed))
                case Broken() as broken:
                    attempt = replace(blank, result=Result.ERRORED, error=str(broken))
        finally:
            deadline.disarm()
            self._close_streams(interpreter)
        breaches = (*context.breaches, *watch.breaches)
        return replace(
            attempt,
            given=describe_given(case.given) if _is_shown(case, attempt, breaches) else (),
            breaches=breaches,
            judged=tuple(sorted(watch.judged)),
            notes=(*attempt.notes, *context.notes, *interpreter.notes),
        )

    def _perform(
        self, case: Case, lease: Lease, view: StoreView, interpreter: Interpreter, context: ProbeContext
    ) -> None:
        self._require_affordances(case, lease)
        if self.lane.backend is None:  # The store of a callable is looked at after each case.
            self._look(view.require_empty)
        with self._given(case):
            self._make_given(view, case)
            interpreter.baseline = interpreter.snapshot = view.snapshot()
            view.require_given(interpreter.baseline, case.given)
        if case.probe is not None:
            self._probe(case.probe, case, context)
        else:
            interpreter.run()
        mismatch = self._judge_end(interpreter, case, view)
        if mismatch is not None:
            raise Failed(mismatch.expected, mismatch.observed)

    def _end_of(self, exc: BaseException, case: Case, backend: type) -> Failed | Skipped | Refused | Broken:
        """Return which of the four ends of a case an exception is."""
        match exc:
            case Failed() | Skipped() | Refused() | Broken():
                return exc
            case OffSurface():
                return Skipped(SkipReason.SURFACE, str(exc))
            case deadline.SoftLimitError():
                return Failed("an end in time", "the case did not end", steps=(describe_probe(case),), hang=True)
            case FixtureError():
                return Broken(str(exc))
            case Exception() if not isinstance(exc, RemoteStoreError) and (
                operation := operation_that_raised(exc, backend)
            ):
                expected = f"{operation}() to return, or to raise an error of remote_store"
                return Failed(expected, f"it raised {show_error(exc)}", steps=(describe_probe(case),), step=0)
            case Exception():
                return Broken(f"the kit broke: {show_error(exc)}")
        let_through(exc)  # SystemExit and the like: nothing of the kit raises them.
        return Failed("an end of the case", f"{show_error(exc)} came out", steps=(describe_probe(case),))

    @contextmanager
    def _given(self, case: Case) -> Iterator[None]:
        """Tell a store that does not accept what the case begins with from one that failed to."""
        try:
            yield
        except GivenFailedError as exc:
            if not isinstance(exc.__cause__, InvalidPath):
                raise
            if self._declares_names():
                raise _other_names() from exc
            if not self._presumes(case):
                raise
            # The store is of the other kind than the case presumes: that reading of the trait fails.
            steps = describe_steps(case)
            raise Failed("the store to take what the case begins with", str(exc), steps=steps) from exc

    def _declares_names(self) -> bool:
        return self.lane.declared.get("names") is not None

    def _presumes(self, case: Case) -> bool:
        """Return whether a case takes for granted what the lane does not declare."""
        return any(self.lane.declared.get(name) is None for name in case.traits if name not in self.class_traits)

    @staticmethod
    def _require_affordances(case: Case, lease: Lease) -> None:
        """Judge nothing without the instrument that it takes.

        Raises:
            FixtureError: The subject lacks an affordance that the case needs and the lane declares.
        """
        absent = sorted(name for name in case.needs if not lease.subject.affords(name))
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
        except Failed as failed:
            # A probe chooses names of its own, and only what it saw says which one was refused.
            if InvalidPath.__name__ in failed.observed and self._declares_names():
                raise _other_names() from failed
            failed.steps = failed.steps or (describe_probe(case),)
            failed.step = len(failed.steps) - 1
            raise
        except Skipped as skipped:
            if skipped.skip.reason is SkipReason.AFFORDANCE:
                missing = without(skipped.skip.detail, self.lane)
                raise Skipped(missing.reason, missing.detail) from skipped
            raise
        finally:
            deadline.disarm()

    def _close_streams(self, interpreter: Interpreter) -> None:
        deadline.arm(self.limits.step_s)
        try:
            interpreter.close_streams()
        except deadline.SoftLimitError:  # Axioms about close() judge that.
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
        except deadline.SoftLimitError:  # Other axioms judge the lookups.
            mismatch = None
        finally:
            deadline.disarm()
        if mismatch is None:
            return replace(attempt, result=Result.PASSED)
        expected = f"{mismatch.expected}, as {refused.error} refused the change"
        steps, at = ((describe_probe(case),), 0) if case.probe is not None else ((), None)
        failed = Failed(expected, mismatch.observed, steps=steps, step=at)
        return replace(attempt, result=Result.FAILED, failure=_failure(case, interpreter, failed), notes=())

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


def _failure(case: Case, interpreter: Interpreter, failed: Failed) -> Failure:
    if failed.steps:
        steps, at = failed.steps, failed.step
    else:
        steps = describe_steps(case) if case.steps else ()
        at = interpreter.at if interpreter.at < len(steps) else None
    return Failure(
        failed.expected,
        failed.observed,
        step=at,
        steps=steps,
        phase=failed.phase,
        hang=failed.hang,
        ways=failed.ways,
    )


def _other_names() -> Skipped:
    return Skipped(OTHER_NAMES.reason, OTHER_NAMES.detail)


def _is_shown(case: Case, attempt: Attempt, breaches: Sequence[Breach]) -> bool:
    """Return whether a person will see what the store held; a probe without files makes its own."""
    seen = attempt.result is Result.FAILED or bool(breaches)
    return seen and (case.probe is None or bool(case.given.files or case.given.folders))
