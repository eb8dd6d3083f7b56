"""Checks of a lane's affordances: no case may rest on an affordance that does not do what it is for."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable
from typing import Final, TypeVar

from remote_store import Backend, Capability

from rsconform.cases.case import THROUGH_THE_WIRE
from rsconform.cases.faults import Fault
from rsconform.lanes.async_facade import native_of
from rsconform.lanes.lane import (
    CannotHoldError,
    Deny,
    FixtureError,
    Lane,
    NoEmptyFoldersError,
    StoredFile,
    Subject,
    Wire,
)
from rsconform.run.lane import deadline
from rsconform.run.lane.interrupts import let_through

_PROOF: Final = Fault(status=503, times="all")
PROOF_PATH: Final = "proof/of.seed"
_PROOF_CONTENT: Final = b"rsconform"
NEED_CHECK: Final = frozenset({"container", "peer", "requests"})  # Before the first case that rests on it.
T = TypeVar("T")


class FailedAffordanceError(Exception):
    """A declared affordance does not do what it is for."""


def failed_affordances(subject: Subject, backend: Backend, lane: Lane, limit_s: float) -> tuple[str, ...]:
    """Return the declared affordances that did not come up, or that do not do what they are for.

    Args:
        limit_s: How long one operation may take, in seconds.
    """
    # What comes with a wire proves itself when the first case needs one.
    later = THROUGH_THE_WIRE if "wire" in lane.affordances else frozenset()
    missing = [name for name in lane.affordances if name not in later and not subject.affords(name)]
    if missing:
        return tuple(missing)
    real = lane.declared.get("flat_namespace") is False
    if subject.seed is not None and subject.audit is not None and not _puts_and_sees(subject, real_folders=real):
        return ("seed", "audit")
    if subject.seed is not None and not _reaches(subject, backend, limit_s):
        return ("seed",)
    # Last: after it the subject is of no use.
    return () if subject.deny is None or _denies(subject.deny) else ("deny",)


def wire_failure(subject: Subject, backend: Backend, lane: Lane, limit_s: float) -> str | None:
    """Return why no case may rest on a wire; None if it sees what the backend sends, and a fault on it befalls that.

    Args:
        limit_s: How long one operation may take, in seconds.
    """
    absent = [name for name in sorted(THROUGH_THE_WIRE.intersection(lane.affordances)) if not subject.affords(name)]
    wire = subject.wire
    if wire is None or absent:
        return f"the wire did not prove itself: the subject has no {', '.join(absent) or 'wire'}"
    if not _faults_met(wire, backend, limit_s):
        return "the wire did not prove itself: nothing that the backend sends passes it"
    if subject.deny is not None:
        denies = _denies(subject.deny)
        wire.clear()
        if not denies:
            return "deny did not prove itself: a raw access is not refused"
    return None


def _faults_met(wire: Wire, backend: Backend, limit_s: float) -> int:
    met = 0
    for operation in (backend.exists, backend.read_bytes, backend.delete):
        wire.arm([_PROOF])
        try:
            _try(functools.partial(operation, "proof/of.wire"), limit_s)
        finally:
            met += sum(wire.clear())
    return met


def _puts_and_sees(subject: Subject, *, real_folders: bool) -> bool:
    """Return whether `audit` sees what `seed` puts into the store, where folders are real an empty one as well.

    A store that says that it holds none is believed, and so is one that cannot hold the file of this proof: what it
    cannot hold leaves axioms unexercised.
    """
    if subject.seed is None or subject.audit is None:
        return False
    with contextlib.suppress(Exception):
        proof, folders = {PROOF_PATH: StoredFile(_PROOF_CONTENT)}, ("empty",) if real_folders else ()
        try:
            try:
                subject.seed(proof, folders)
            except NoEmptyFoldersError:
                folders = ()
                subject.seed(proof, folders)
        except CannotHoldError:
            return True
        seen = subject.audit()
        files = {path: file.content for path, file in seen.files.items()}
        return files == {PROOF_PATH: _PROOF_CONTENT} and (
            not real_folders or seen.folders == frozenset({"proof", *folders})
        )
    return False


def _denies(deny: Deny) -> bool:
    """Return whether a raw access is really refused."""
    with contextlib.suppress(Exception):
        deny()
        return deny.is_refused()
    return False


def affordance_failure(name: str, subject: Subject, backend: Backend, limit_s: float) -> str | None:
    """Return why no case may rest on an affordance that only some cases need; None if nothing speaks against it.

    The subject is of no use afterwards.

    Args:
        name: Of the affordance. What cannot be shown without leaning on the backend is believed.
        limit_s: How long one operation may take, in seconds.
    """
    if name == "requests" and subject.wire is None:
        return None if _are_counted(subject, backend, limit_s) else "nothing that the backend sends is counted"
    if name == "peer":
        return _failure_of_peer(subject, backend, limit_s)
    if name == "container":
        return _failure_of_container(subject)
    return None


def _are_counted(subject: Subject, backend: Backend, limit_s: float) -> bool:
    if subject.requests is None:
        return False
    before = dict(subject.requests.counts())
    for operation in (backend.exists, backend.read_bytes, backend.get_file_info):
        _try(functools.partial(operation, PROOF_PATH), limit_s)
        if dict(subject.requests.counts()) != before:
            return True
    return False


def _failure_of_peer(subject: Subject, backend: Backend, limit_s: float) -> str | None:
    peer = _try(subject.make, limit_s)
    if isinstance(peer, Backend) and native_of(peer) is native_of(backend):
        return "make() gives the same instance again"
    if not isinstance(peer, Backend) or subject.seed is None:
        return None  # A constructor that fails is for the cases.
    subject.seed({PROOF_PATH: StoredFile(_PROOF_CONTENT)}, ())
    if _sees(backend, PROOF_PATH, limit_s) and not _sees(peer, PROOF_PATH, limit_s):
        return "an instance that make() gives later does not see the same store"
    _try(peer.close, limit_s)
    return None


def _failure_of_container(subject: Subject) -> str | None:
    if subject.seed is None or subject.audit is None or subject.container is None:
        return None
    subject.seed({PROOF_PATH: StoredFile(_PROOF_CONTENT)}, ())
    subject.container.drop()
    with contextlib.suppress(FixtureError):  # An auditor may find nothing to look at any more.
        if subject.audit().files:
            return "after drop() its files are still there"
    return None


def _reaches(subject: Subject, backend: Backend, limit_s: float) -> bool:
    """Return whether a backend sees what `seed` puts into the store; with an auditor that lies there already.

    A backend that sees nothing at all, not even what it wrote itself, is broken, and its cases will say so.
    """
    try:
        if subject.audit is None and subject.seed is not None:
            subject.seed({PROOF_PATH: StoredFile(_PROOF_CONTENT)}, ())
        elif subject.audit is not None and PROOF_PATH not in subject.audit().files:
            return True  # The store cannot hold it.
    except Exception:  # The store may hold only some names.
        return True
    if _sees(backend, PROOF_PATH, limit_s):
        return True
    own = "proof/of.write"
    if not backend.capabilities.supports(Capability.WRITE):
        return False
    _try(lambda: backend.write(own, _PROOF_CONTENT), limit_s)
    return not _sees(backend, own, limit_s)


def _sees(backend: Backend, path: str, limit_s: float) -> bool:
    """Return whether any way of asking a backend finds a file."""
    return any(
        _try(way, limit_s)
        for way in (
            lambda: backend.exists(path),
            lambda: backend.is_file(path),
            lambda: backend.read_bytes(path) == _PROOF_CONTENT,
            lambda: str(backend.get_file_info(path).path) == path,
            lambda: any(str(info.path) == path for info in itertools.islice(backend.list_files("", recursive=True), 9)),
        )
    )


def _try(operation: Callable[[], T], limit_s: float) -> T | None:
    """Return what an operation gives; None where it fails or does not return, which is for the cases to judge."""
    deadline.arm(limit_s)
    try:
        return operation()
    except BaseException as exc:
        let_through(exc)
        return None
    finally:
        deadline.disarm()
