"""One lane in one worker: the first instance, the subject of each case, the attempts at it."""

from __future__ import annotations

import contextlib
import functools
import gc
import inspect
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from remote_store import Backend
from remote_store.aio import AsyncBackend

from rsconform.cases.faults import Fault
from rsconform.cases.model import THROUGH_THE_WIRE, Case, Skip, Want
from rsconform.cases.values import show
from rsconform.lanes.facade import AsyncFacade, LoopThread, OffSurface, class_of, make_on
from rsconform.lanes.model import Deny, Lane, LaneFixture, ServiceDownError, Services, StoredFile, Subject
from rsconform.lanes.registry import LaneError, import_target
from rsconform.probes import ProbeContext, ProbeFailed, ProbeSkipped, find_probe
from rsconform.run import deadline
from rsconform.run.cleaning import StoreKeeper
from rsconform.run.instance import describe, facts_of
from rsconform.run.interpreter import CaseFailed, FaultNotMet, Interpreter, Refused, show_error
from rsconform.run.invariants import ENDS_IN_TIME, Watch
from rsconform.run.model import Attempt, Breach, Failure, Instance, Profile, Result, off_surface
from rsconform.run.plan import SMOKE, without, written
from rsconform.run.smoke import run_smoke
from rsconform.run.store import GivenFailedError, Mismatch, StoreView, UnaffordableError
from rsconform.spec.model import Axiom
from rsconform.spec.vocabulary import PROBES, TRAITS

MOST_HANGS = 3
CONSTRUCTED = "BE-001a"
CASE_LIMIT_S = 60.0
LOOK_LIMIT_S = 30.0  # What looks deeper bounds itself by less; on a busy machine its imports take seconds.
# On top for a probe that needs threads or processes to come to their end: they get the time that the machine has.
_SLACK_S = 60.0
_PROOF = Fault(status=503, times="all")


class Log(Protocol):
    """Is told how far a case has come, for somebody who outlives this process."""

    def begin(self, case: str, axiom: str, limit_s: float, *, number: int, seeding: bool) -> None:
        """An attempt is about to be made; `seeding`: it begins with a given state, made through the subject."""

    def seeded(self) -> None:
        """The given state is made."""

    def doing(self, operation: str, axiom: str) -> None:
        """An operation of the smoke case is about to be done."""


class NoInstanceError(Exception):
    """The constructor gave no backend."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.observed)


class UnprovedError(Exception):
    """A declared affordance does not do what it is for."""


@dataclass
class _Held:
    """A subject and its backend, for as long as they serve."""

    stack: ExitStack
    subject: Subject
    backend: Backend
    over_wire: bool = False


def callable_fixture(make: Callable[[], Backend]) -> LaneFixture:
    """Return the lane fixture of a plain callable: it affords nothing but the backend."""

    @contextlib.contextmanager
    def fixture(_services: Services) -> Iterator[Subject]:
        yield Subject(make=make)

    return fixture


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
        log: Is told how far each case has come.
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
        self.secrets: tuple[str, ...] = ()
        self.broken: str | None = None  # Why no further case can be run.
        self._services = services
        self._step_limit_s = step_limit_s
        self._fresh = fresh
        self._seed_number = seed
        self._profile = profile
        self._corpus = corpus
        self._invariants = {axiom.invariant: str(axiom.id) for axiom in axioms if axiom.invariant is not None}
        self._flat = lane.declared.get("flat_namespace") is not False
        self._fixture = fixture
        self._log = log
        self._held: dict[bool, _Held] = {}  # By whether they were handed out for a wire.
        self._wire_proved = False
        self._capabilities: frozenset[str] = frozenset()
        self._class_traits: dict[str, object] = {}
        self._loop: LoopThread | None = None  # Where an AsyncBackend runs.
        self._hangs = 0
        self._earlier: dict[str, object] = {}  # What the attempts at one case leave to the next.
        self._keeper = StoreKeeper(lane) if lane.backend is not None else None

    # -- the first instance ---------------------------------------------------------------------------------------

    def start(self, *, left: Collection[str] = (), hangs: int = 0) -> Instance:
        """Make the first instance, and let it and the affordances show what they are.

        Args:
            left: Paths at which an earlier process, which did not come to its end, may have left files of ours.
            hangs: How many cases ran into their limit in earlier processes.

        Raises:
            DirtyStoreError: The store of a callable is not empty. Nothing in it was touched.
        """
        self._hangs = hangs
        deadline.install()
        gc.freeze()  # What is there by now stays: collections between cases need not look at it.
        self.instance = self._first_instance(set(left))
        if self.instance.unreachable is not None:
            self.broken = self.instance.unreachable
        elif self.instance.failure is not None:
            self.broken = "no instance"
        return self.instance

    def _first_instance(self, left: set[str]) -> Instance:
        try:
            held = self._open()
        except NoInstanceError as exc:
            return Instance(failure=exc.failure)
        except (ServiceDownError, LaneError) as exc:
            return Instance(unreachable=str(exc))
        except Exception as exc:
            return Instance(unreachable=f"the lane fixture failed: {show_error(exc)}")
        try:
            deadline.arm(self._step_limit_s)
            try:
                capabilities, name = facts_of(held.backend)
            finally:
                deadline.disarm()
        except KeyboardInterrupt:
            raise
        except BaseException as exc:
            self._release(held)
            observed = "it did not return" if isinstance(exc, deadline.SoftLimitError) else show_error(exc)
            return Instance(failure=Failure("an instance that says its name and capabilities", observed))
        instance = describe(held.backend, self.lane, capabilities, name, self._unproved(held))
        if self._keeper is not None:
            try:
                if left:
                    self.broken = self._keeper.clean(held.backend, left, self._step_limit_s)
                else:
                    self._keeper.demand_empty(held.backend, self._step_limit_s)
            except BaseException:
                held.stack.close()
                raise
        self._capabilities = frozenset(instance.capabilities)
        for name, trait in TRAITS.items():
            if trait.of_class:
                self._class_traits[name] = getattr(class_of(held.backend), name, False)
        self._hold(held, spoiled=held.subject.deny is not None)
        return instance

    def _unproved(self, held: _Held) -> tuple[str, ...]:
        """Return the declared affordances that did not come up, or that do not do what they are for."""
        subject = held.subject
        # What comes with a wire proves itself when the first case needs one.
        later = THROUGH_THE_WIRE if "wire" in self.lane.affordances else frozenset()
        missing = [name for name in self.lane.affordances if name not in later and not subject.affords(name)]
        if missing:
            return tuple(missing)
        if subject.seed is not None and subject.audit is not None and not _puts_and_sees(subject):
            return ("seed", "audit")
        # Last: after it the subject is of no use.
        return () if subject.deny is None or _denies(subject.deny) else ("deny",)

    @contextlib.contextmanager
    def lent(self, touched: set[str]) -> Iterator[tuple[Subject, Backend]]:
        """Lend an empty store and a backend over it to somebody who runs no case; nobody gets them again.

        Args:
            touched: Is to hold in the end every path that may have been written.

        Raises:
            NoInstanceError: The constructor raised, hung or returned no backend.
        """
        held = self._take(fresh=True, over_wire=False)
        try:
            yield held.subject, held.backend
        finally:
            if self._keeper is not None:
                self.broken = self._keeper.clean(held.backend, touched, self._step_limit_s)
            self._release(held)

    # -- subjects -------------------------------------------------------------------------------------------------

    def _open(self, *, over_wire: bool = False) -> _Held:
        """Return a subject with an empty store and a backend over it.

        Args:
            over_wire: The backend is to talk to its server through a wire.

        Raises:
            NoInstanceError: The constructor raised, hung or returned no backend.
        """
        if self._fixture is None:
            self._fixture = self._import_fixture()
        stack = ExitStack()
        try:
            services = self._services.with_wire() if over_wire else self._services
            manager: AbstractContextManager[Subject] = self._fixture(services)
            subject = stack.enter_context(manager)
            if not isinstance(subject, Subject):
                raise TypeError(f"it yielded {show(subject)} and no Subject")
            # Known before the first thing that can go wrong, so that no message of the constructor shows them.
            self.secrets = tuple(dict.fromkeys((*self.secrets, *subject.secrets)))
            subject = replace(subject, make=functools.partial(self._faced, subject.make))
            return _Held(stack, subject, self._construct(subject), over_wire)
        except BaseException:
            stack.close()
            raise

    def _import_fixture(self) -> LaneFixture:
        if self.lane.make is not None:
            return callable_fixture(self.lane.make)
        if self.lane.backend is not None:
            return callable_fixture(import_target(self.lane.backend, self.lane))
        return import_target(self.lane.fixture or "", self.lane)

    def _construct(self, subject: Subject) -> Backend:
        deadline.arm(self._step_limit_s)
        try:
            backend = subject.make()
        except deadline.SoftLimitError:
            observed = f"the constructor did not return within {self._step_limit_s:g} s"
            raise NoInstanceError(Failure(expected="a backend", observed=observed, hang=True)) from None
        except (KeyboardInterrupt, ServiceDownError, LaneError):
            raise
        except ModuleNotFoundError as exc:
            install = f" Install it: pip install '{self.lane.extra}'." if self.lane.extra else ""
            raise LaneError(f'lane "{self.lane.name}" needs the module {exc.name!r}.{install}') from exc
        except BaseException as exc:
            observed = f"the constructor raised {show_error(exc)}"
            raise NoInstanceError(Failure(expected="a backend", observed=observed)) from exc
        finally:
            deadline.disarm()
        if not isinstance(backend, Backend):
            # By its class: a repr holds an address, and a certificate no accidents.
            kind = f"an instance of {type(backend).__module__}.{type(backend).__qualname__}"
            observed = f"the constructor returned {'None' if backend is None else kind}"
            raise NoInstanceError(Failure(expected="a Backend or an AsyncBackend", observed=observed))
        return backend

    def _faced(self, make: Callable[[], Any]) -> Any:
        """Return a new instance; an AsyncBackend behind its sync face."""
        made = self._made(make)
        return AsyncFacade(made, self._running_loop()) if isinstance(made, AsyncBackend) else made

    def _made(self, make: Callable[[], object]) -> object:
        try:
            backend = make()
        except RuntimeError as exc:
            if "event loop" not in str(exc):
                raise
            return make_on(self._running_loop(), make)  # It wants to be made where it will run.
        if inspect.isawaitable(backend):
            awaitable = backend
            return make_on(self._running_loop(), lambda: awaitable)
        return backend

    def _running_loop(self) -> LoopThread:
        if self._loop is None or not self._loop.responds():
            self._loop = LoopThread()
        return self._loop

    def _take(self, *, fresh: bool, over_wire: bool) -> _Held:
        """Return the subject of the next case: the one that is held, emptied, or a new one."""
        held = self._held.pop(over_wire, None)
        if held is not None and not fresh and not self._fresh and held.subject.reset is not None:
            try:
                held.subject.reset()
            except Exception:
                self._release(held)
                raise
            return held
        if held is not None:
            self._release(held)
        held = self._open(over_wire=over_wire)
        if over_wire and not self._wire_proved and "wire" in self.lane.affordances:
            self._prove_wire(held)
        return held

    def _prove_wire(self, held: _Held) -> None:
        """Look whether the wire sees what the backend sends, and whether a fault on it befalls that.

        Raises:
            UnprovedError: It does not, so no case may rest on it.
        """
        wire, subject = held.subject.wire, held.subject
        absent = [
            name for name in sorted(THROUGH_THE_WIRE.intersection(self.lane.affordances)) if not subject.affords(name)
        ]
        met = 0
        if wire is not None and not absent:
            for operation in (held.backend.exists, held.backend.read_bytes, held.backend.delete):
                wire.arm([_PROOF])
                deadline.arm(self._step_limit_s)
                try:
                    operation("proof/of.wire")
                except KeyboardInterrupt:
                    raise
                except BaseException:  # What the backend makes of it is for the cases.
                    pass
                finally:
                    deadline.disarm()
                    met += sum(wire.clear())
        if not met:
            self._release(held)
            lacking = (
                f"the subject has no {', '.join(absent)}" if absent else "nothing that the backend sends passes it"
            )
            raise UnprovedError(f"the wire did not prove itself: {lacking}")
        if wire is not None and subject.deny is not None:
            denies = _denies(subject.deny)
            wire.clear()
            if not denies:
                self._release(held)
                raise UnprovedError("deny did not prove itself: a raw access is not refused")
        if subject.reset is not None:
            subject.reset()
        self._wire_proved = True

    def _hold(self, held: _Held, *, spoiled: bool) -> None:
        """Keep a subject for the next case, or end it."""
        if spoiled or held.subject.reset is None:
            self._release(held)
        else:
            self._held[held.over_wire] = held

    def _release(self, held: _Held) -> None:
        deadline.arm(self._step_limit_s)
        try:
            held.backend.close()
        except KeyboardInterrupt:
            raise
        except deadline.SoftLimitError:
            self._count_hang()
        except BaseException:  # What close() owes is for the axioms about it.
            pass
        finally:
            deadline.disarm()
        held.stack.close()

    def close(self) -> None:
        """End the subjects that are still held."""
        while self._held:
            self._release(self._held.popitem()[1])
        if self._loop is not None:
            self._loop.close()

    # -- cases ----------------------------------------------------------------------------------------------------

    def limit_s(self, case: Case | None) -> float:
        """Return how long a case may take: the sum of the limits of what is done in it, at most about a minute."""
        if case is None:
            return 5 * self._step_limit_s
        steps = sum(step.within_s or self._step_limit_s for step in case.steps) or self._step_limit_s
        # The last one is for making the instance and for closing it.
        whole = self._store_limit_s(case) * (2 if case.then is not None else 1) + steps
        if _looks_deeper(case):
            return whole + self._probe_limit_s(case)
        return min(whole, max(CASE_LIMIT_S, self._step_limit_s)) + self._step_limit_s

    def _probe_limit_s(self, case: Case) -> float:
        limit_s = self._step_limit_s
        if _looks_deeper(case):
            # What it does is bounded by the profile, not by how long one operation may take.
            limit_s = max(limit_s, LOOK_LIMIT_S) * self._profile.patience
        return limit_s + (_SLACK_S if case.probe is not None and PROBES[case.probe].slack else 0)

    def _store_limit_s(self, case: Case) -> float:
        """Return how long making a case's given state may take, and looking at the state it leaves."""
        files = len(case.given.files) + 2 * len(case.given.folders)
        return min(max(files, 1) * self._step_limit_s, max(CASE_LIMIT_S, self._step_limit_s))

    def attempts(self, case: Case | None, *, first: int = 1) -> Iterator[Attempt]:
        """Yield the attempts at a case; None is the smoke case. A failed one is tried again, a hang is not.

        Where chance has a part in it, once more says little: what looks deeper is tried three times more.

        Args:
            first: The number of the first attempt: 2 where an earlier process ended during the one before.
        """
        self._earlier = {}
        attempt = self._attempt(case, first)
        yield attempt
        if case is None or first != 1 or attempt.result is not Result.FAILED:
            return
        for number in range(2, 5 if _looks_deeper(case) else 3):
            hung = attempt.failure is not None and attempt.failure.hang
            if hung or self.broken:
                return
            attempt = self._attempt(case, number)
            yield attempt

    def _attempt(self, case: Case | None, number: int) -> Attempt:
        blank = Attempt(
            case=case.id if case else SMOKE,
            axiom=case.axiom.id if case else "smoke",
            number=number,
            result=Result.ERRORED,
        )
        if self.broken is not None:
            return replace(blank, error=self.broken)
        skip = self._excluded(case) if case else None
        if skip is not None:
            return replace(blank, result=Result.SKIPPED, skip=skip)
        if self._log is not None:
            seeding = case is not None and self._seeds_through_subject(case)
            self._log.begin(blank.case, blank.axiom, self.limit_s(case), number=number, seeding=seeding)
        deadline.install()  # Anybody's plugin may have taken the signal over in between.
        started = perf_counter()
        attempt = self._in_a_store(case, blank)
        if attempt.failure is not None and attempt.failure.hang:
            self._count_hang()
        return replace(attempt, duration_s=round(perf_counter() - started, 6))

    def _seeds_through_subject(self, case: Case) -> bool:
        return "seed" not in self.lane.affordances and bool(case.given.files or case.given.folders)

    def _count_hang(self) -> None:
        self._hangs += 1
        if self._hangs >= MOST_HANGS and self.broken is None:
            self.broken = f"not run: {MOST_HANGS} cases before it ran into their limit"

    def _excluded(self, case: Case) -> Skip | None:
        if case.surface not in (None, (self.instance or Instance()).surface):
            return off_surface(self.instance or Instance())
        lacking = sorted(case.capabilities - self._capabilities)
        if lacking:
            return Skip(Want.CAPABILITY, lacking[0])
        declared = sorted(case.lacks & self._capabilities)
        if declared:
            return Skip(Want.CAPABILITY, f"no {declared[0]}")
        for name, value in case.traits.items():
            if self._class_traits.get(name, value) != value:
                return Skip(Want.TRAIT, f"{name} = {written(value)}")
        return None

    def _in_a_store(self, case: Case | None, blank: Attempt) -> Attempt:
        try:
            held = self._take(fresh=case is not None and case.fresh, over_wire=case is not None and case.over_wire)
        except NoInstanceError as exc:
            if exc.failure.hang:
                self._count_hang()
            breach = Breach(CONSTRUCTED, exc.failure.expected, exc.failure.observed)
            return replace(blank, error="no instance", breaches=(breach,), failure=None)
        except ServiceDownError as exc:
            return replace(blank, error=f"the service is down: {exc}")
        except UnprovedError as exc:
            return replace(blank, error=str(exc))
        except Exception as exc:
            return replace(blank, error=f"the lane fixture failed: {show_error(exc)}")
        # Where the lane does not say, a case that presumes real folders is judged by them.
        presumed = case.traits.get("flat_namespace", self._flat) if case is not None else self._flat
        view = StoreView(held.subject, held.backend, flat=presumed is not False)
        if case is not None:
            attempt = self._run(case, held, view, blank)
        else:
            late = self._invariants.get(ENDS_IN_TIME)
            attempt = run_smoke(held.backend, view, blank, self._step_limit_s, told=self._log, ends_in_time=late)
        # What a failure of the smoke case leaves stands in its breaches.
        bad = attempt.result is not Result.PASSED or (case is None and bool(attempt.breaches))
        spoiled = bad or (case is not None and case.fresh)
        try:
            if self._keeper is not None:
                left = self._keeper.clean(held.backend, view.touched, self._step_limit_s)
                # What stays in a store that nobody gets again harms no later case: a delete() that does nothing is
                # to be judged, not to end the run.
                if left is not None and not self._next_store_is_empty():
                    self.broken = left
            self._hold(held, spoiled=spoiled)
        except KeyboardInterrupt:
            raise
        except Exception as exc:
            if attempt.result is Result.PASSED:
                return replace(attempt, result=Result.ERRORED, error=f"the lane fixture failed: {show_error(exc)}")
        return attempt

    def _next_store_is_empty(self) -> bool:
        """Return whether the callable hands out an empty store although the last one was left with something."""
        try:
            held = self._open()
        except Exception:
            return False
        try:
            return self._keeper is not None and self._keeper.is_empty(held.backend, self._step_limit_s)
        finally:
            self._release(held)

    def _run(self, case: Case, held: _Held, view: StoreView, blank: Attempt) -> Attempt:
        ids = {checker: axiom for checker, axiom in self._invariants.items() if axiom not in case.breaks}
        watch = Watch(ids)
        interpreter = Interpreter(
            case=case,
            subject=held.subject,
            backend=held.backend,
            view=view,
            watch=watch,
            step_limit_s=self._step_limit_s,
            peer=held.subject.make,
            reopen=held.subject.make,
            construct=lambda options: self._faced(functools.partial(class_of(held.backend), **options)),
        )
        content = {path: file.content.data for path, file in case.given.files.items()} if case.probe else {}
        context = ProbeContext(
            held.subject,
            held.backend,
            content,
            self._seed_number,
            self._profile,
            lane=self.lane.backend or self.lane.name,
            # What a mere reading of an undeclared trait finds says nothing about the lane.
            corpus=None if self._presumes(case) else self._corpus,
            earlier=self._earlier,
            touched=view.touched,
        )
        attempt = blank
        try:
            self._seed(view, case)
            interpreter.baseline = interpreter.snapshot = view.snapshot()
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
            return replace(blank, result=Result.SKIPPED, skip=Skip(Want.SURFACE, str(exc)))
        except UnaffordableError as exc:
            return replace(blank, result=Result.SKIPPED, skip=exc.skip)
        except GivenFailedError as exc:
            return replace(blank, error=str(exc))
        except FaultNotMet as exc:
            attempt = replace(blank, result=Result.SKIPPED, skip=Skip(Want.FAULT, str(exc)))
        except Refused as exc:
            attempt = replace(attempt, result=Result.PASSED, notes=(str(exc),))
        except CaseFailed as exc:
            attempt = replace(attempt, result=Result.FAILED, failure=_failure(case, interpreter, exc))
        except ProbeSkipped as exc:
            missing = without(str(exc), self.lane) if exc.want is Want.AFFORDANCE else Skip(exc.want, str(exc))
            return replace(blank, result=Result.SKIPPED, skip=missing)
        except ProbeFailed as exc:
            steps = exc.steps or (_probe_text(case),)
            failure = Failure(exc.expected, exc.observed, step=len(steps) - 1, steps=steps, ways=exc.ways)
            attempt = replace(attempt, result=Result.FAILED, failure=failure)
        except deadline.SoftLimitError:
            failure = Failure("an end in time", "the case did not end", steps=(_probe_text(case),), hang=True)
            attempt = replace(attempt, result=Result.FAILED, failure=failure)
        except KeyboardInterrupt:
            raise
        except Exception as exc:
            attempt = replace(attempt, result=Result.ERRORED, error=f"the kit broke: {show_error(exc)}")
        except BaseException as exc:  # SystemExit and the like: nothing of the kit raises them.
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

    def _presumes(self, case: Case) -> bool:
        """Return whether a case takes for granted what the lane does not declare."""
        return any(self.lane.declared.get(name) is None for name in case.traits if name not in self._class_traits)

    def _seed(self, view: StoreView, case: Case) -> None:
        deadline.arm(self._store_limit_s(case))
        try:
            view.seed(case.given)
        except deadline.SoftLimitError:
            self._count_hang()
            raise GivenFailedError("given failed: seeding did not return") from None
        finally:
            deadline.disarm()
        if self._log is not None and self._seeds_through_subject(case):
            self._log.seeded()

    def _probe(self, name: str, case: Case, context: ProbeContext) -> None:
        deadline.arm(self._probe_limit_s(case))
        try:
            find_probe(name)(context, **case.args)
        finally:
            deadline.disarm()

    def _close_streams(self, interpreter: Interpreter) -> None:
        deadline.arm(self._step_limit_s)
        try:
            interpreter.close_streams()
        except deadline.SoftLimitError:  # What closing owes is for the axioms about it.
            self._count_hang()
        finally:
            deadline.disarm()

    def _judge_end(self, interpreter: Interpreter, case: Case, view: StoreView) -> Mismatch | None:
        if case.then is None:
            return None
        interpreter.at = len(case.steps)
        deadline.arm(self._store_limit_s(case))
        try:
            return view.judge(case.then, interpreter.baseline, case.given, interpreter.resolve)
        finally:
            deadline.disarm()


def _puts_and_sees(subject: Subject) -> bool:
    """Return whether what `seed` puts into the store is what `audit` sees there."""
    if subject.seed is None or subject.audit is None:
        return False
    with contextlib.suppress(Exception):
        subject.seed({"proof/of.seed": StoredFile(b"rsconform")}, ())
        seen = subject.audit().files
        return {path: file.content for path, file in seen.items()} == {"proof/of.seed": b"rsconform"}
    return False


def _denies(deny: Deny) -> bool:
    """Return whether a raw access is really refused."""
    with contextlib.suppress(Exception):
        deny()
        return deny.is_refused()
    return False


def _failure(case: Case, interpreter: Interpreter, failed: CaseFailed) -> Failure:
    steps = tuple(step.text for step in case.steps)
    at = interpreter.at if interpreter.at < len(steps) else None
    return Failure(failed.expected, failed.observed, step=at, steps=steps, phase=failed.phase, hang=failed.hang)


def _looks_deeper(case: Case) -> bool:
    """Return whether a case's probe looks as deep as the profile says."""
    return case.probe is not None and PROBES[case.probe].hardens is not None


def _probe_text(case: Case) -> str:
    arguments = " ".join(f"{name}={value}" for name, value in case.args.items())
    return f"probe {case.probe} {arguments}".rstrip()
