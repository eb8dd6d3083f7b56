"""The subjects of one lane in one worker: made, proved, handed to one case after the other, ended."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Any, Protocol

from remote_store import Backend

from rsconform.cases.deferred import show
from rsconform.lanes.async_facade import LoopThread, as_sync
from rsconform.lanes.lane import Audit, FixtureError, Lane, LaneFixture, ServiceDownError, Services, Snapshot, Subject
from rsconform.lanes.registry import LaneError, import_target
from rsconform.redaction import KNOWN, LEAST, text_of
from rsconform.run.case.outcomes import show_error, show_fault
from rsconform.run.lane import deadline
from rsconform.run.lane.affordance_checks import NEED_CHECK, FailedAffordanceError, affordance_failure, wire_failure
from rsconform.run.lane.factory import FactoryError, why_not_the_backends, without_backend
from rsconform.run.lane.interrupts import let_through
from rsconform.run.lane.limits import Hangs, Limits
from rsconform.run.records import Failure


class NoInstanceError(Exception):
    """The constructor gave no backend."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.observed)


class FixtureLog(Protocol):
    """Notes that the lane fixture is at work, for a process that outlives this one."""

    def preparing(self, limit_s: float) -> None:
        """The lane fixture is about to be at work, for so long at most."""

    def prepared(self) -> None:
        """It is done."""


@dataclass
class Lease:
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


def _audited(audit: Audit) -> Snapshot:
    try:
        seen: object = audit()
    except Exception as exc:
        raise FixtureError(f"the lane fixture failed: audit() raised {show_fault(exc)}") from exc
    if not isinstance(seen, Snapshot):
        raise FixtureError(f"the lane fixture failed: audit() gave {show(seen)} and no Snapshot")
    return seen


def _texts_of(secrets: Iterable[object]) -> tuple[str, ...]:
    """Return the secrets of a subject as texts.

    Raises:
        FixtureError: One of them is neither text nor bytes.
    """
    given = (secrets,) if isinstance(secrets, str | bytes | bytearray) else tuple(secrets)
    for secret in given:
        if not isinstance(secret, str | bytes | bytearray):
            # Not by its value, whatever it is.
            raise FixtureError(f"the lane fixture failed: secrets holds a {type(secret).__name__}, not text or bytes")
    return tuple(text for secret in given if (text := text_of(secret)))  # type: ignore[arg-type]


class SubjectPool:
    """Hands out an empty store and a backend over it, case by case.

    Args:
        fixture: Instead of the lane fixture that the lane names.
        fresh: Every case gets an instance of its own, whatever the lane fixture offers.
        log: Notes that the lane fixture is at work.
    """

    def __init__(
        self,
        lane: Lane,
        services: Services,
        limits: Limits,
        hangs: Hangs,
        *,
        fixture: LaneFixture | None = None,
        fresh: bool = False,
        log: FixtureLog | None = None,
    ) -> None:
        self.secrets: tuple[str, ...] = ()  # Of every subject so far.
        self._lane = lane
        self._services = services
        self._limits = limits
        self._hangs = hangs
        self._fixture = fixture
        self._fresh = fresh
        self._log = log
        self._kept: dict[bool, Lease] = {}  # By whether they were handed out for a wire.
        self._wire_checked = False
        self._checked: dict[str, str | None] = {}  # Affordances that were looked at, and what speaks against them.
        self._loop: LoopThread | None = None  # Where an AsyncBackend runs.

    def open(self, *, over_wire: bool = False) -> Lease:
        """Return a subject with an empty store and a backend over it.

        Args:
            over_wire: The backend is to talk to its server through a wire.

        Raises:
            NoInstanceError: The constructor raised, hung or returned no backend.
        """
        stack = ExitStack()
        try:
            with self.at_work():
                subject = self._enter(stack, self._services.with_wire() if over_wire else self._services)
            # Known before the first thing that can go wrong, so that no message of the constructor shows them.
            secrets = _texts_of(subject.secrets)
            KNOWN.add(secrets)
            # What is found in ordinary words is no evidence against a backend.
            secrets = tuple(secret for secret in secrets if len(secret) >= LEAST)
            self.secrets = tuple(dict.fromkeys((*self.secrets, *secrets)))
            audit = subject.audit and functools.partial(_audited, subject.audit)
            requests = subject.requests or subject.wire  # A wire counts what passes it.
            make = functools.partial(self.as_sync, subject.make)
            subject = replace(subject, make=make, audit=audit, requests=requests, secrets=secrets)
            return Lease(stack, subject, self._construct(subject), over_wire)
        except BaseException:
            stack.close()
            raise

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Say, while this lasts, that the lane fixture is at work: it gets more time than an operation."""
        if self._log is not None:
            self._log.preparing(self._limits.fixture_s)
        try:
            yield
        finally:
            if self._log is not None:
                self._log.prepared()

    def _enter(self, stack: ExitStack, services: Services) -> Subject:
        if self._fixture is None:
            self._fixture = self._import_fixture()
        manager = self._fixture_called(self._fixture, services)
        subject = stack.enter_context(manager)
        if not isinstance(subject, Subject):
            what = f"yielded {show(subject)}, which is not a Subject. Write: yield Subject(make=...)"
            raise FixtureError(f"the lane fixture failed: it {what}")
        return subject

    @staticmethod
    def _fixture_called(fixture: LaneFixture, services: Services) -> AbstractContextManager[Subject]:
        try:
            inspect.signature(fixture).bind(services)
        except TypeError as exc:
            what = f"cannot be called with the services of the lane ({exc}). Write: def fixture(services)"
            raise FixtureError(f"the lane fixture failed: it {what}") from exc
        except ValueError:  # Of some callables nobody can say.
            pass
        manager = fixture(services)
        if not isinstance(manager, AbstractContextManager):
            what = f"returned a {type(manager).__name__}, not a context manager"
            how = "Decorate it with contextlib.contextmanager, and let it yield the Subject"
            raise FixtureError(f"the lane fixture failed: it {what}. {how}")
        return manager

    def _import_fixture(self) -> LaneFixture:
        if self._lane.make is not None:
            return callable_fixture(self._lane.make)
        if self._lane.backend is not None:
            return callable_fixture(import_target(self._lane.backend, self._lane))
        return import_target(self._lane.fixture or "", self._lane)

    def _construct(self, subject: Subject) -> Backend:
        deadline.arm(self._limits.step_s)
        try:
            backend = subject.make()
        except deadline.SoftLimitError:
            observed = f"the constructor did not return within {self._limits.step_s:g} s"
            raise NoInstanceError(Failure(expected="a backend", observed=observed, hang=True)) from None
        except (ServiceDownError, LaneError):
            raise
        except ModuleNotFoundError as exc:
            install = f" Install it: pip install '{self._lane.extra}'." if self._lane.extra else ""
            raise LaneError(f'lane "{self._lane.name}" needs the module {exc.name!r}.{install}') from exc
        except BaseException as exc:
            let_through(exc)
            why = why_not_the_backends(exc, self._factory)
            if why is not None:
                raise FactoryError(why) from exc
            observed = f"the constructor raised {show_error(exc)}"
            raise NoInstanceError(Failure(expected="a backend", observed=observed)) from exc
        finally:
            deadline.disarm()
        if backend is None or isinstance(backend, type):
            raise FactoryError(without_backend(self._factory, backend))
        if not isinstance(backend, Backend):
            # By its class: a repr holds an address, and a certificate no accidents.
            kind = f"an instance of {type(backend).__module__}.{type(backend).__qualname__}"
            observed = f"the constructor returned {kind}"
            raise NoInstanceError(Failure(expected="a Backend or an AsyncBackend", observed=observed))
        return backend

    @property
    def _factory(self) -> str:
        """What makes the backend, as its author calls it."""
        return self._lane.backend or f"`make` of the lane {self._lane.name}"

    def as_sync(self, make: Callable[[], Any]) -> Any:
        """Return a new instance; an AsyncBackend behind its sync face."""
        return as_sync(make, self._running_loop)

    def _running_loop(self) -> LoopThread:
        if self._loop is None or not self._loop.responds():
            self._loop = LoopThread()
        return self._loop

    def acquire(self, *, fresh: bool = False, over_wire: bool = False) -> Lease:
        """Return the subject of the next case: the one that is lease, emptied, or a new one.

        Raises:
            NoInstanceError: The constructor raised, hung or returned no backend.
            FailedAffordanceError: The wire does not do what it is for.
        """
        lease = self._kept.pop(over_wire, None)
        if lease is not None and not fresh and not self._fresh and lease.subject.reset is not None:
            try:
                lease.subject.reset()
            except Exception:
                self.discard(lease)
                raise
            return lease
        if lease is not None:
            self.discard(lease)
        lease = self.open(over_wire=over_wire)
        if over_wire and not self._wire_checked and "wire" in self._lane.affordances:
            self._check_wire(lease)
        return lease

    def _check_wire(self, lease: Lease) -> None:
        why = wire_failure(lease.subject, lease.backend, self._lane, self._limits.step_s)
        if why is not None:
            self.discard(lease)
            raise FailedAffordanceError(why)
        if lease.subject.reset is not None:
            lease.subject.reset()
        self._wire_checked = True

    def require_affordances(self, needs: Iterable[str]) -> None:
        """Let what a case needs show, the first time, that it does what it is for: on a subject of its own.

        Raises:
            FailedAffordanceError: One of them does not.
        """
        for name in needs:
            if name not in self._checked:
                self._checked[name] = self._failure(name)
            why = self._checked[name]
            if why is not None:
                raise FailedAffordanceError(f"{name} did not prove itself: {why}")

    def _failure(self, name: str) -> str | None:
        if name not in NEED_CHECK or name not in self._lane.affordances:  # A wire proves itself that it counts.
            return None
        lease = self.open()
        try:
            return affordance_failure(name, lease.subject, lease.backend, self._limits.step_s)
        finally:
            self.discard(lease)

    def keep(self, lease: Lease, *, dirty: bool) -> None:
        """Keep a subject for the next case, or end it."""
        if dirty or lease.subject.reset is None:
            self.discard(lease)
        else:
            self._kept[lease.over_wire] = lease

    def discard(self, lease: Lease) -> None:
        """Close a backend and end its subject."""
        deadline.arm(self._limits.step_s)
        try:
            if not self._hangs.often("close"):  # Each time would cost the limit again.
                lease.backend.close()
        except deadline.SoftLimitError:
            self._hangs.add("close")
        except BaseException as exc:  # Axioms about close() judge that.
            let_through(exc)
        finally:
            deadline.disarm()
        with self.at_work():
            lease.stack.close()

    def end(self) -> None:
        """End the subjects that are still lease."""
        while self._kept:
            self.discard(self._kept.popitem()[1])

    def close(self) -> None:
        """End the subjects that are still lease, and the loop of an AsyncBackend."""
        self.end()
        if self._loop is not None:
            self._loop.close()
