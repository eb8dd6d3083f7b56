"""One lane in one worker: the first instance, and the attempts at each case."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Final, Protocol

from remote_store import Backend

from rsconform.cases.case import Case, Given
from rsconform.lanes.async_facade import class_of
from rsconform.lanes.lane import (
    FixtureError,
    Lane,
    LaneFixture,
    ServiceDownError,
    Services,
    StoreNotEmptyError,
    Subject,
)
from rsconform.lanes.registry import LaneError
from rsconform.run.applicability import OTHER_NAMES, rule_out_by_instance, takes_name
from rsconform.run.case.invariants import ENDS_IN_TIME
from rsconform.run.case.outcomes import show_error, show_fault
from rsconform.run.case.runner import CaseRunner, seeds_through_subject
from rsconform.run.case.store import StoreView
from rsconform.run.lane import deadline, interrupts
from rsconform.run.lane import fd_limits as handles
from rsconform.run.lane.affordance_checks import FailedAffordanceError, failed_affordances
from rsconform.run.lane.instance import describe, facts_of
from rsconform.run.lane.interrupts import let_through
from rsconform.run.lane.limits import LARGE_BYTES, LONGER, Hangs, Limits, bytes_of, looks_deeper, operations_of
from rsconform.run.lane.smoke import SMOKE_PATH, run_smoke
from rsconform.run.lane.store_cleanup import StoreCleaner
from rsconform.run.lane.subject_pool import FixtureLog, Lease, NoInstanceError, SubjectPool
from rsconform.run.lane.transfer_rate import PATH as RATE_PATH
from rsconform.run.lane.transfer_rate import measure as measure_rate
from rsconform.run.plan import SMOKE
from rsconform.run.records import Attempt, Breach, Failure, Instance, Profile, Result
from rsconform.spec.axiom import Axiom
from rsconform.spec.traits import TRAITS

CONSTRUCTED = "BE-001a"
_LONG_S: Final = 5.0  # Of attempts that took longer in all there are two: a third would tell nothing worth the wait.


class Log(FixtureLog, Protocol):
    """Notes how far a case has come, for a process that outlives this one."""

    def begin(self, case: str, axiom: str, limit_s: float, *, number: int, seeding: bool) -> None:
        """An attempt is about to be made; `seeding`: it begins with a given state, made through the subject."""

    def seeded(self) -> None:
        """The given state is made."""

    def doing(self, operation: str, axiom: str) -> None:
        """An operation of the smoke case is about to be done."""


class LaneSession:
    """Runs cases on one lane, one after the other.

    Args:
        axioms: The axioms in scope; those with an `invariant` are judged in every case.
        step_limit_s: How long one operation may take.
        fresh: Every case gets an instance of its own, whatever the lane fixture offers.
        seed: Of what is random.
        profile: How deep the probes look that look deeper.
        corpus: A folder in which they keep what they found; None to keep nothing.
        fixture: Instead of the lane fixture that the lane names.
        log: Notes how far each case has come.
    """

    def __init__(
        self,
        lane: Lane,
        axioms: Sequence[Axiom],
        services: Services,
        *,
        step_limit_s: float,
        fresh: bool = False,
        seed: int = 0,
        profile: Profile = Profile.QUICK,
        corpus: Path | None = None,
        fixture: LaneFixture | None = None,
        log: Log | None = None,
    ) -> None:
        self.lane = lane
        self.instance: Instance | None = None
        self.limits = Limits(step_limit_s, profile)
        self._hangs = Hangs()
        self._pool = SubjectPool(lane, services, self.limits, self._hangs, fixture=fixture, fresh=fresh, log=log)
        self._invariants = {axiom.invariant: str(axiom.id) for axiom in axioms if axiom.invariant is not None}
        self._runner = CaseRunner(
            lane,
            self.limits,
            self._hangs,
            self._invariants,
            as_sync=self._pool.as_sync,
            seeded=log.seeded if log is not None else lambda: None,
            seed=seed,
            corpus=corpus,
        )
        self._flat = lane.declared.get("flat_namespace") is not False
        self._log = log
        self._capabilities: frozenset[str] = frozenset()
        self._cleaner = StoreCleaner(lane) if lane.backend is not None else None
        self._given_up: str | None = None
        self._measured = False
        self.hung = False  # A case hung since this was looked at last: locks of a client may be held forever.

    @property
    def broken(self) -> str | None:
        """Why no further case can be run; None if one can."""
        return self._given_up or self._hangs.verdict

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may show."""
        return self._pool.secrets

    def give_up(self, why: str | None) -> None:
        """Run no further case; None takes nothing back."""
        self._given_up = self._given_up or why

    # -- the first instance ---------------------------------------------------------------------------------------

    def start(self, *, left: Collection[str] = (), hangs: Iterable[tuple[Case, Attempt]] = ()) -> Instance:
        """Make the first instance, and let it and the affordances show what they are.

        Args:
            left: Paths at which an earlier process, which did not come to its end, may have left files of ours.
            hangs: What hung in earlier processes.

        Raises:
            DirtyStoreError: The store of a callable is not empty. Nothing in it was touched.
        """
        for case, attempt in hangs:
            self._hangs.add(*_names(case, attempt), case=case.id)
        deadline.install()
        interrupts.install()
        gc.collect()  # What another session of this process has left is not to stay as well.
        gc.freeze()  # What is there by now stays: collections between cases need not look at it.
        self.instance = self._first_instance(set(left))
        self.give_up(self.instance.unreachable or ("no instance" if self.instance.failure is not None else None))
        blind = [name for name in ("seed", "audit") if name in self.instance.failed_affordances]
        if blind:  # Every case would rest on it.
            self.give_up(f"the lane fixture failed: {' and '.join(blind)} did not prove to work")
        return self.instance

    def _first_instance(self, left: set[str]) -> Instance:
        try:
            lease = self._pool.open()
        except NoInstanceError as exc:
            return Instance(failure=exc.failure)
        except (ServiceDownError, LaneError, FixtureError) as exc:
            return Instance(unreachable=str(exc))
        except BaseException as exc:  # A fixture may call sys.exit().
            let_through(exc)
            return Instance(unreachable=f"the lane fixture failed: {show_fault(exc)}")
        try:
            deadline.arm(self.limits.step_s)
            try:
                capabilities, name = facts_of(lease.backend)
            finally:
                deadline.disarm()
        except BaseException as exc:
            let_through(exc)
            self._pool.discard(lease)
            observed = "it did not return" if isinstance(exc, deadline.SoftLimitError) else show_error(exc)
            return Instance(failure=Failure("an instance that says its name and capabilities", observed))
        with self._pool.at_work():
            try:
                StoreView(lease.subject, lease.backend, flat=self._flat).require_nothing()
            except FixtureError as exc:
                lease.stack.close()
                return Instance(unreachable=str(exc))
            failed = failed_affordances(lease.subject, lease.backend, self.lane, self.limits.step_s)
            instance = describe(lease.backend, self.lane, capabilities, name, failed)
        if self._cleaner is not None:
            try:
                if left:
                    self.give_up(self._cleaner.clean(lease.backend, left, self.limits.step_s))
                else:
                    self._cleaner.require_empty(lease.backend, self.limits.step_s)
            except BaseException:
                lease.stack.close()
                raise
        self._capabilities = frozenset(instance.capabilities)
        kind = class_of(lease.backend)
        self._runner.class_traits = {
            name: getattr(kind, name, False) for name, trait in TRAITS.items() if trait.of_class
        }
        self._pool.keep(lease, dirty=lease.subject.deny is not None)
        return instance

    @contextlib.contextmanager
    def borrow(self, touched: set[str]) -> Iterator[tuple[Subject, Backend]]:
        """Yield an empty store and a backend over it outside any case; they are not used again.

        Args:
            touched: Is to hold in the end every path that may have been written.

        Raises:
            NoInstanceError: The constructor raised, hung or returned no backend.
        """
        lease = self._pool.acquire(fresh=True)
        try:
            yield lease.subject, lease.backend
        finally:
            if self._cleaner is not None:
                self.give_up(self._cleaner.clean(lease.backend, touched, self.limits.step_s))
            self._pool.discard(lease)

    def renew(self) -> None:
        """Take fresh subjects from now on: what hung may hold a lock of a client forever."""
        self.hung = False
        self._pool.end()

    def close(self) -> None:
        """End the subjects that are still lease."""
        self._pool.close()

    # -- cases ----------------------------------------------------------------------------------------------------

    def attempts(self, case: Case | None, *, first: int = 1, longer: bool = False) -> Iterator[Attempt]:
        """Yield the attempts at a case; None is the smoke case. A failed one is tried again, a hang is not.

        Where chance has a part in it, once more says little: what looks deeper is tried three times more, unless that
        takes long. What ran into its limit is set aside, and tried once with a longer one.

        Args:
            first: The number of the first attempt: 2 where an earlier process ended during the one before.
            longer: That attempt ran into its limit.
        """
        self._runner.earlier = {}
        self.limits.times = LONGER if longer else 1
        attempt = self._attempt(case, first)
        number = first
        if not longer and self._is_to_be_given_longer(case, attempt):
            yield replace(attempt, slow=True)
            self.limits.times, number = LONGER, number + 1
            attempt = self._attempt(case, number)
            longer = True
        if longer and not attempt.hung:
            attempt = replace(attempt, notes=(*attempt.notes, self._slow_note()))
        self._count(case, attempt)
        yield attempt
        if case is None or first != 1 or attempt.result is not Result.FAILED:
            return
        took_s = attempt.duration_s
        for more in range(1, 4 if looks_deeper(case) else 2):
            if attempt.hung or self.broken or (more > 1 and took_s > _LONG_S):
                return
            attempt = self._attempt(case, number + more)
            self._count(case, attempt)
            took_s += attempt.duration_s
            yield attempt

    def _is_to_be_given_longer(self, case: Case | None, attempt: Attempt) -> bool:
        """Return whether an attempt ran into its limit by what was not seen to hang before."""
        if case is None or not attempt.hung or self._hangs.knows(*_names(case, attempt)):
            return False
        at = attempt.failure.step if attempt.failure is not None else None
        # What a step itself says about time is the point of its case, and no longer limit changes it.
        return at is None or at >= len(case.steps) or case.steps[at].within_s is None

    def _slow_note(self) -> str:
        enough_s = LONGER * self.limits.step_s
        return f"slow: it ended only within {LONGER} times its limit; --timeout {enough_s:g} gives it that at once"

    def _count(self, case: Case | None, attempt: Attempt) -> None:
        if case is not None and attempt.hung:
            self._hangs.add(*_names(case, attempt), case=case.id)
            self.hung = True

    def _attempt(self, case: Case | None, number: int) -> Attempt:
        blank = Attempt(
            case=case.id if case else SMOKE,
            axiom=case.axiom.id if case else "smoke",
            number=number,
            result=Result.ERRORED,
        )
        self.give_up(handles.used_up())
        if self.broken is not None:
            return replace(blank, error=self.broken)
        skip = (
            rule_out_by_instance(case, self.instance or Instance(), self._capabilities, self._runner.class_traits)
            if case
            else None
        )
        if skip is not None:
            return replace(blank, result=Result.SKIPPED, skip=skip)
        why_not = self._why_not(case) if case else None
        if why_not is not None:
            return replace(blank, error=why_not)
        if self._log is not None:
            seeding = case is not None and seeds_through_subject(case, self.lane)
            self._log.begin(blank.case, blank.axiom, self.limits.case_s(case), number=number, seeding=seeding)
        deadline.install()  # A plugin may have replaced the handler in between.
        started = perf_counter()
        attempt = self._in_a_store(case, blank)
        return replace(attempt, duration_s=round(perf_counter() - started, 6))

    def _why_not(self, case: Case) -> str | None:
        """Return why a case is left out that would hang, or take too long without a fault; None if it is run."""
        names = {case.axiom.id, *operations_of(case)}
        names |= {"write"} if seeds_through_subject(case, self.lane) else set()
        if bytes_of(case) >= LARGE_BYTES and not self._measured:
            self._measured = True
            with contextlib.suppress(NoInstanceError), self.borrow({RATE_PATH}) as (subject, backend):
                self.limits.rate_bytes_s = measure_rate(subject, backend, LONGER * self.limits.step_s)
        return self._hangs.why_not(sorted(names)) or self.limits.too_slow(case)

    def _in_a_store(self, case: Case | None, blank: Attempt) -> Attempt:
        try:
            return self._once_in_a_store(case, blank, fresh=case is not None and case.fresh)
        except StoreNotEmptyError:
            pass
        # What an operation of an earlier case wrote late is not the fixture's doing: a new subject decides.
        try:
            return self._once_in_a_store(case, blank, fresh=True)
        except StoreNotEmptyError as exc:
            return replace(blank, error=str(exc))

    def _over_wire(self, case: Case | None) -> bool:
        """Return whether a case needs a wire; where nothing else counts requests, the wire does."""
        if case is None:
            return False
        facts = self.lane.affordances
        return case.over_wire or ("requests" in case.needs and "requests" not in facts and "wire" in facts)

    def _once_in_a_store(self, case: Case | None, blank: Attempt, *, fresh: bool) -> Attempt:
        """Return an attempt on one subject.

        Raises:
            StoreNotEmptyError: Its store held something before. The subject is ended.
        """
        try:
            if case is not None:
                self._pool.require_affordances(case.needs)
            lease = self._pool.acquire(fresh=fresh, over_wire=self._over_wire(case))
        except NoInstanceError as exc:
            if exc.failure.hang:
                self._hangs.add("the constructor")
                if self._hangs.often("the constructor"):
                    self.give_up(self._hangs.why_not(["the constructor"]))
            breach = Breach(CONSTRUCTED, exc.failure.expected, exc.failure.observed)
            return replace(blank, error="no instance", breaches=(breach,), failure=None)
        except ServiceDownError as exc:
            return replace(blank, error=f"the service is down: {exc}")
        except FailedAffordanceError as exc:
            return replace(blank, error=str(exc))
        except BaseException as exc:
            let_through(exc)
            return replace(blank, error=f"the lane fixture failed: {show_fault(exc)}")
        # Where the lane does not say, a case that presumes real folders is judged by them.
        presumed = case.traits.get("flat_namespace", self._flat) if case is not None else self._flat
        view = StoreView(lease.subject, lease.backend, flat=presumed is not False)
        try:
            attempt = self._put(case, lease, view, blank)
        except StoreNotEmptyError:
            self._pool.discard(lease)
            raise
        # What a failure of the smoke case leaves stands in its breaches.
        bad = attempt.result is not Result.PASSED or (case is None and bool(attempt.breaches))
        dirty = bad or (case is not None and case.fresh)
        try:
            if self._cleaner is not None:
                left = self._cleaner.clean(lease.backend, view.touched, self.limits.step_s)
                # What stays in a store that is not used again harms no later case: a delete() that does nothing is
                # to be judged, not to end the run.
                if left is not None:
                    if not self._next_store_is_empty():
                        self.give_up(left)
                    attempt = replace(attempt, notes=(*attempt.notes, left))
            self._pool.keep(lease, dirty=dirty)
        except BaseException as exc:
            let_through(exc)
            if attempt.result is Result.PASSED:
                return replace(attempt, result=Result.ERRORED, error=f"the lane fixture failed: {show_fault(exc)}")
        return attempt

    def _put(self, case: Case | None, lease: Lease, view: StoreView, blank: Attempt) -> Attempt:
        if case is not None:
            return self._runner.run(case, lease, view, blank)
        view.require_empty()
        view.require_given(view.snapshot(), Given())
        if not takes_name(self.lane, SMOKE_PATH):
            return replace(blank, result=Result.SKIPPED, skip=OTHER_NAMES)
        late = self._invariants.get(ENDS_IN_TIME)
        return run_smoke(lease.backend, view, blank, self.limits.step_s, listener=self._log, ends_in_time=late)

    def _next_store_is_empty(self) -> bool:
        """Return whether the callable hands out an empty store although the last one was left with something."""
        try:
            lease = self._pool.open()
        except Exception:
            return False
        try:
            return self._cleaner is not None and self._cleaner.is_empty(lease.backend, self.limits.step_s)
        finally:
            self._pool.discard(lease)


def _names(case: Case, attempt: Attempt) -> tuple[str, ...]:
    """Return what hung by name: the operation, where the attempt says which, and the axiom of its case."""
    if attempt.failure is None:
        return ("write",)  # Its given state was being made through the subject.
    at = attempt.failure.step
    steps = case.steps
    return (steps[at].op, case.axiom.id) if at is not None and at < len(steps) else (case.axiom.id,)
