"""Proofs of what a lane affords: no case may rest on an affordance that does not do what it is for."""

from __future__ import annotations

import contextlib
from typing import Final

from remote_store import Backend

from rsconform.cases.faults import Fault
from rsconform.cases.model import THROUGH_THE_WIRE
from rsconform.lanes.model import CannotHoldError, Deny, Lane, NoEmptyFoldersError, StoredFile, Subject, Wire
from rsconform.run import deadline

_PROOF: Final = Fault(status=503, times="all")


class UnprovedError(Exception):
    """A declared affordance does not do what it is for."""


def unproved(subject: Subject, lane: Lane) -> tuple[str, ...]:
    """Return the declared affordances that did not come up, or that do not do what they are for."""
    # What comes with a wire proves itself when the first case needs one.
    later = THROUGH_THE_WIRE if "wire" in lane.affordances else frozenset()
    missing = [name for name in lane.affordances if name not in later and not subject.affords(name)]
    if missing:
        return tuple(missing)
    real = lane.declared.get("flat_namespace") is False
    if subject.seed is not None and subject.audit is not None and not _puts_and_sees(subject, real_folders=real):
        return ("seed", "audit")
    # Last: after it the subject is of no use.
    return () if subject.deny is None or _denies(subject.deny) else ("deny",)


def disproof_of_wire(subject: Subject, backend: Backend, lane: Lane, limit_s: float) -> str | None:
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
        deadline.arm(limit_s)
        try:
            operation("proof/of.wire")
        except KeyboardInterrupt:
            raise
        except BaseException:  # What the backend makes of it is for the cases.
            pass
        finally:
            deadline.disarm()
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
        proof, folders = {"proof/of.seed": StoredFile(b"rsconform")}, ("empty",) if real_folders else ()
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
        return files == {"proof/of.seed": b"rsconform"} and (
            not real_folders or seen.folders == frozenset({"proof", *folders})
        )
    return False


def _denies(deny: Deny) -> bool:
    """Return whether a raw access is really refused."""
    with contextlib.suppress(Exception):
        deny()
        return deny.is_refused()
    return False
