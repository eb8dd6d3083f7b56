"""What a policy says of a certificate, alone or beside an older one, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from rsconform.gate.read import Certificate
from rsconform.gate.scope import Scope, lane_of
from rsconform.lanes.lane import Lane
from rsconform.report.exit_code import ORDER, ExitCode
from rsconform.report.grades import DEV, HARDENING, SHALLOW
from rsconform.report.report import Grade, VerdictStatus

_LEVELS: Final = {Grade.CORE: ("MUST",), Grade.FULL: ("MUST", "SHOULD"), Grade.HARDENED: ("MUST", "SHOULD")}
# The better evidence comes later.
_EVIDENCE: Final = ("unknown", "in_process", "emulator", "local_service", "live")
# The better status comes later; what does not apply, or is not taken, is neither better nor worse than what holds.
_RANK: Final = (
    VerdictStatus.VIOLATED,
    VerdictStatus.INCONCLUSIVE,
    VerdictStatus.WAIVED,
    VerdictStatus.NOT_EXERCISED,
    VerdictStatus.HOLDS,
)
_UNRANKED: Final = frozenset({VerdictStatus.NOT_APPLICABLE, VerdictStatus.NOT_TAKEN})
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence against a certificate, and the exit code that it stands for."""

    code: ExitCode
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a certificate is admitted.

    Attributes:
        findings: What speaks against it; none admits it.
        better: What has become better since the baseline.
        unchecked: What could not be looked at here, as sentences.
    """

    findings: tuple[Finding, ...]
    better: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def code(self) -> ExitCode:
        """Return the exit code: the first in the order of all that hold."""
        codes = {finding.code for finding in self.findings}
        return next((code for code in ORDER if code in codes), ExitCode.HOLDS)


def decide(
    certificate: Certificate,
    *,
    require: Grade,
    today: date,
    lock: str | None,
    lane: Lane | None = None,
    scope: Scope | None = None,
    contract: str | None = None,
    baseline: Certificate | None = None,
) -> Decision:
    """Hold a certificate to a grade, and to an older certificate of the same lane.

    Args:
        today: In UTC; waivers count until their day.
        lock: Of the axioms that this kit has; None to accept a certificate about others.
        lane: The lane as it is declared here; None for one that is not known here.
        scope: What the certificate has to speak about; None if its axioms are not known here.
        contract: The release of remote-store by whose contract it has to be judged; None for any.
        baseline: What it must not be worse than.
    """
    findings = [*_of_itself(certificate, require, today), *_stale(certificate, lock, lane, contract)]
    # A certificate about other axioms is stale anyway; it adds up by its own edition.
    if scope is not None and certificate.lock == lock:
        findings += _beside_the_edition(certificate, scope)
    better: tuple[str, ...] = ()
    if baseline is not None:
        findings += _worse(certificate, baseline)
        better = tuple(_better(certificate, baseline))
    return Decision(tuple(dict.fromkeys(findings)), better, tuple(_unchecked(certificate, lane, scope)))


def _of_itself(certificate: Certificate, require: Grade, today: date) -> Iterator[Finding]:
    for level in _LEVELS[require]:
        for entry in certificate.of(VerdictStatus.VIOLATED, level):
            yield Finding(ExitCode.VIOLATED, f"{entry.axiom} ({level}) is violated: {entry.said}.")
        for status in (VerdictStatus.INCONCLUSIVE, VerdictStatus.NOT_EXERCISED):
            for entry in certificate.of(status, level):
                said = f"{entry.axiom} ({level}) is {_words(status)}: {entry.said}."
                yield Finding(ExitCode.INCOMPLETE, said)
    for entry in certificate.of(VerdictStatus.WAIVED):
        if entry.until is None or today > entry.until:
            until = f"expired on {entry.until}" if entry.until else "has no end"
            yield Finding(ExitCode.WAIVERS, f"The waiver of {entry.axiom} {until}: {entry.said}.")
    order = list(Grade)
    reached = certificate.grade
    if reached is None or order.index(reached) < order.index(require):
        said = f"It has {'no grade' if reached is None else f'the grade {reached.value}'}; {require.value} is required."
        yield Finding(ExitCode.INCOMPLETE, said)
        if require is Grade.HARDENED:
            yield from _unhardened(certificate)


def _unhardened(certificate: Certificate) -> Iterator[Finding]:
    if certificate.edition.partition(",")[0] == DEV:
        yield Finding(ExitCode.INCOMPLETE, f"No certificate of a {DEV} edition is hardened: nothing in it is frozen.")
    if certificate.profile == SHALLOW:
        said = f"Its profile is {SHALLOW}: run the lane with --profile standard or deep."
        yield Finding(ExitCode.INCOMPLETE, said)
    absent = [kind for kind in HARDENING if kind not in certificate.exercised]
    if absent:
        yield Finding(ExitCode.INCOMPLETE, f"Nothing was executed of: {', '.join(absent)}.")


def _beside_the_edition(certificate: Certificate, scope: Scope) -> Iterator[Finding]:
    """Yield what a certificate says that no run of this edition on its lane can have said."""
    if certificate.digest and certificate.digest != lane_of(certificate).digest:
        said = "It contradicts itself: the facts of its lane do not have the digest that it states."
        yield Finding(ExitCode.USAGE, said)
    foreign = sorted(certificate.entries.keys() - scope.levels.keys())
    if foreign:
        said = f"It lists {_some(foreign)}, which the edition does not have for this lane, or which no run can show."
        yield Finding(ExitCode.USAGE, said)
    for level in ("MUST", "SHOULD", "MAY"):
        counted = sum(certificate.counts.get(level, {}).values())
        has = sum(one == level for one in scope.levels.values())
        if counted != has:
            said = f"It speaks of {counted} {level}, and the edition has {has} for this lane."
            yield Finding(ExitCode.USAGE, said)
    for entry in certificate.entries.values():
        known = scope.levels.get(entry.axiom, entry.level)
        if known != entry.level:
            yield Finding(ExitCode.USAGE, f"It calls {entry.axiom} a {entry.level}; the edition has it as a {known}.")
    for axiom, why in sorted(scope.cannot_hold.items()):
        if _held(certificate, axiom):
            said = f"It says that {axiom} holds, and by its own facts no case of that was executed: {why}."
            yield Finding(ExitCode.USAGE, said)


def _unchecked(certificate: Certificate, lane: Lane | None, scope: Scope | None) -> Iterator[str]:
    if lane is None:
        yield (
            f"The facts of its lane could not be checked: no lane {certificate.lane!r} is known here. "
            "Call the gate where its lanes.toml lies."
        )
    if scope is None:
        yield "Its axioms could not be counted: its lane names a family that is not known here."


def _stale(certificate: Certificate, lock: str | None, lane: Lane | None, contract: str | None) -> Iterator[Finding]:
    if contract is not None and certificate.contract != contract:
        said = f"It judges by the contract of remote-store {certificate.contract}; asked for is {contract}."
        yield Finding(ExitCode.INCOMPLETE, f"{said} Run the lane again, or say --contract {certificate.contract}.")
    if lock is not None and certificate.lock != lock:
        said = "It is stale: it speaks of other axioms than this kit has. Run the lane again."
        yield Finding(ExitCode.INCOMPLETE, said)
    if lane is not None and certificate.digest != lane.digest:
        said = "It is stale: the facts of its lane (traits, affordances, evidence) are others now. Run the lane again."
        yield Finding(ExitCode.INCOMPLETE, said)


def _worse(new: Certificate, old: Certificate) -> Iterator[Finding]:
    if new.lane != old.lane:
        yield Finding(ExitCode.USAGE, f"The baseline is about the lane {old.lane}, the certificate about {new.lane}.")
        return
    for axiom in sorted({*new.entries, *old.entries}):
        was, now = _ruling(old, axiom), _ruling(new, axiom)
        if was is now or not _UNRANKED.isdisjoint((was, now)):
            continue
        if _RANK.index(now) < _RANK.index(was):
            code = ExitCode.VIOLATED if now is VerdictStatus.VIOLATED else ExitCode.INCOMPLETE
            yield Finding(code, f"{axiom} has become worse: {_words(was)} before, {_words(now)} now.")
    for axiom in sorted(new.in_part.keys() - old.in_part.keys() - old.entries.keys()):
        said = f"{axiom} has become weaker: all of it was exercised before, now {_after_level(new.in_part[axiom])}."
        yield Finding(ExitCode.INCOMPLETE, said)
    lost = [axiom for axiom in new.entries if _ruling(new, axiom) is VerdictStatus.NOT_APPLICABLE and _held(old, axiom)]
    if lost:
        said = f"{len(lost)} axioms that held no longer apply: {_some(lost)}."
        yield Finding(ExitCode.INCOMPLETE, said)
    if new.judged < old.judged and new.lock == old.lock:
        yield Finding(ExitCode.INCOMPLETE, f"It speaks of {new.judged} axioms, the baseline of {old.judged}.")
    for what, before, after in (
        ("capabilities", old.capabilities, new.capabilities),
        ("affordances", old.affordances, new.affordances),
    ):
        if before - after:
            yield Finding(ExitCode.INCOMPLETE, f"It has lost {what}: {_some(sorted(before - after))}.")
    if _rank_of(new.evidence) < _rank_of(old.evidence):
        yield Finding(ExitCode.INCOMPLETE, f"Its evidence is {new.evidence}, that of the baseline {old.evidence}.")
    if _release(new.contract) < _release(old.contract):
        said = f"It is about remote-store {new.contract}, the baseline about {old.contract}."
        yield Finding(ExitCode.INCOMPLETE, said)
    if old.audit == "lane" and new.audit != "lane":
        yield Finding(ExitCode.INCOMPLETE, "It was audited through the backend itself, the baseline past it.")


def _better(new: Certificate, old: Certificate) -> Iterator[str]:
    if new.lane != old.lane:
        return
    for axiom in sorted({*new.entries, *old.entries}):
        was, now = _ruling(old, axiom), _ruling(new, axiom)
        if _UNRANKED.isdisjoint((was, now)) and _RANK.index(now) > _RANK.index(was):
            yield f"{axiom} has become better: {_words(was)} before, {_words(now)} now."


def _ruling(certificate: Certificate, axiom: str) -> VerdictStatus:
    entry = certificate.entries.get(axiom)
    return VerdictStatus.HOLDS if entry is None else entry.status


def _held(certificate: Certificate, axiom: str) -> bool:
    return _ruling(certificate, axiom) is VerdictStatus.HOLDS


def _rank_of(evidence: str) -> int:
    return _EVIDENCE.index(evidence) if evidence in _EVIDENCE else -1


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _after_level(said: str) -> str:
    return said.partition(": ")[2] or said


def _words(status: VerdictStatus) -> str:
    return status.value.replace("_", " ")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
