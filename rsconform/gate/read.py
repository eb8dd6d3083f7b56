"""A certificate.toml as a value, or every reason why it cannot be relied on."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from rsconform.report.grades import DEV, HARDENING, SHALLOW
from rsconform.report.report import Grade, VerdictStatus

FORMAT: Final = 1
NO_GRADE: Final = "none"
IN_PART: Final = "holds_in_part"
_TEXTS: Final = ("grade", "edition", "lock", "kit", "contract", "evidence", "audit", "profile")
_TABLES: Final = ("backend", "lane", "counts")
_LISTED: Final = tuple(status for status in VerdictStatus if status is not VerdictStatus.HOLDS)
_LEVELS: Final = ("MUST", "SHOULD", "MAY")


class CertificateError(Exception):
    """A file is no certificate, or one that contradicts itself.

    Attributes:
        path: The file.
        reasons: One sentence for each thing that is wrong.
    """

    def __init__(self, path: Path, reasons: tuple[str, ...]) -> None:
        self.path = path
        self.reasons = reasons
        super().__init__("\n".join(f"{path}: {reason}" for reason in reasons))


@dataclass(frozen=True, slots=True)
class Entry:
    """What a certificate says of an axiom that does not simply hold."""

    axiom: str
    status: VerdictStatus
    level: str
    said: str
    until: date | None = None  # Of a waiver.


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says."""

    path: Path
    grade: Grade | None
    edition: str
    lock: str
    evidence: str
    audit: str
    contract: str
    lane: str
    digest: str  # Of the lane's facts; empty if it does not say.
    stage: int
    specs: frozenset[str]  # Families that the lane names.
    surface: str  # sync or async; empty if it does not say.
    service: str  # What the lane says of its service; empty if it says nothing.
    profile: str
    exercised: frozenset[str]  # Of sequence, race, wire, memory, time.
    in_part: Mapping[str, str]  # Axioms that hold, but not all of whose points could be reached, and why.
    capabilities: frozenset[str]
    affordances: frozenset[str]
    traits: Mapping[str, object]
    counts: Mapping[str, Mapping[str, int]]
    entries: Mapping[str, Entry]

    def of(self, status: VerdictStatus, level: str | None = None) -> list[Entry]:
        """Return the axioms with a status, in the order of their IDs."""
        found = [one for one in self.entries.values() if one.status is status and level in (None, one.level)]
        return sorted(found, key=lambda one: one.axiom)

    @property
    def judged(self) -> int:
        """Return of how many axioms it speaks."""
        return sum(sum(row.values()) for row in self.counts.values())


def read_certificate(path: Path) -> Certificate:
    """Return a certificate.

    Raises:
        CertificateError: It cannot be read, something is missing in it, or its parts contradict each other.
    """
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as exc:
        raise CertificateError(path, (f"cannot be read ({exc.strerror}). Run: rsconform run --backend LANE",)) from exc
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise CertificateError(path, (f"not TOML: {exc}",)) from exc
    reasons = tuple(_missing(document))
    if reasons:
        raise CertificateError(path, reasons)
    certificate = _certificate(path, document)
    reasons = tuple(_contradictions(certificate))
    if reasons:
        raise CertificateError(path, (*reasons, "It was edited or cut short: run the lane again."))
    return certificate


def _missing(document: Mapping[str, Any]) -> Iterator[str]:
    if document.get("format") != FORMAT:
        yield f"format = {document.get('format')!r}, and this kit reads format {FORMAT}"
        return
    for key in _TEXTS:
        if not isinstance(document.get(key), str):
            yield f"the text `{key}` is missing"
    for key in _TABLES:
        if not isinstance(document.get(key), dict):
            yield f"the table [{key}] is missing"
    if isinstance(document.get("lane"), dict) and not isinstance(document["lane"].get("name"), str):
        yield "[lane] has no name"
    if document.get("grade") not in (NO_GRADE, *(grade.value for grade in Grade)):
        yield f"no grade is called {document.get('grade')!r}"
    yield from _bad_lists(document)
    yield from _bad_counts(_table(document, "counts"))
    yield from _bad_axioms(document.get("axioms", {}))


def _bad_lists(document: Mapping[str, Any]) -> Iterator[str]:
    for where, key in (("", "exercised"), ("backend", "capabilities"), ("lane", "affordances"), ("lane", "specs")):
        value = (_table(document, where) if where else document).get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            yield f"`{key}`{f' of [{where}]' if where else ''} is no list of names"


def _bad_counts(counts: Mapping[str, Any]) -> Iterator[str]:
    for level, row in counts.items():
        statuses = [status.value for status in VerdictStatus]
        if level not in _LEVELS or not isinstance(row, dict) or not row.keys() <= set(statuses):
            yield f"[counts.{level}] is no row of counts"
        elif not all(type(count) is int and count >= 0 for count in row.values()):
            yield f"[counts.{level}] has something else than counts"


def _bad_axioms(axioms: object) -> Iterator[str]:
    if not isinstance(axioms, dict):
        yield "`axioms` is no table"
        return
    for section in (*_LISTED, IN_PART):
        if not isinstance(axioms.get(section, {}), dict):
            yield f"[axioms.{section}] is no table"
            continue
        for axiom, said in axioms.get(section, {}).items():
            if _level_of(said) not in _LEVELS:
                yield f"{axiom} under [axioms.{section}] has no level"


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a table of a document; an empty one in place of anything else."""
    value = document.get(key, {})
    return value if isinstance(value, dict) else {}


def _level_of(said: object) -> object:
    return said.get("level") if isinstance(said, dict) else str(said).partition(":")[0]


def _certificate(path: Path, document: Mapping[str, Any]) -> Certificate:
    lane, backend = document["lane"], document["backend"]
    entries = {
        axiom: _entry(axiom, status, said)
        for status in _LISTED
        for axiom, said in _table(document, "axioms").get(status.value, {}).items()
    }
    return Certificate(
        path=path,
        grade=None if document["grade"] == NO_GRADE else Grade(document["grade"]),
        edition=document["edition"],
        lock=document["lock"],
        evidence=document["evidence"],
        audit=document["audit"],
        contract=document["contract"],
        lane=lane["name"],
        digest=str(lane.get("digest", "")),
        stage=lane.get("stage", 1),
        specs=frozenset(lane.get("specs", ())),
        surface=str(backend.get("surface", "")),
        service=str(lane.get("service", "")),
        profile=document["profile"],
        exercised=frozenset(document.get("exercised", ())),
        in_part={axiom: str(said) for axiom, said in _table(document, "axioms").get(IN_PART, {}).items()},
        capabilities=frozenset(backend.get("capabilities", ())),
        affordances=frozenset(lane.get("affordances", ())),
        traits=lane.get("traits", {}),
        counts=document["counts"],
        entries=entries,
    )


def _entry(axiom: str, status: VerdictStatus, said: Any) -> Entry:
    if not isinstance(said, dict):
        level, _, text = str(said).partition(": ")
        return Entry(axiom, status, level, text)
    until = said.get("until")
    text = " ".join(str(said[key]) for key in ("title", "reason") if key in said)
    return Entry(axiom, status, said["level"], text, until if isinstance(until, date) else None)


def _contradictions(certificate: Certificate) -> Iterator[str]:
    listed = Counter((entry.level, entry.status) for entry in certificate.entries.values())
    for level in _LEVELS:
        for status in _LISTED:
            counted = certificate.counts.get(level, {}).get(status.value, 0)
            if counted != listed[level, status]:
                yield f"it counts {counted} {level} {status} and lists {listed[level, status]}"
    said = certificate.edition.rpartition(", ")[2].partition(" ")[0]
    if said.isdigit() and int(said) != certificate.judged:
        yield f"its edition has {said} axioms and its counts speak of {certificate.judged}"
    reached = highest_grade(certificate)
    order = list(Grade)
    if certificate.grade is not None and (reached is None or order.index(certificate.grade) > order.index(reached)):
        yield f"it claims the grade {certificate.grade.value}, which its own verdicts do not reach"


def highest_grade(certificate: Certificate) -> Grade | None:
    """Return the best grade that the verdicts of a certificate leave room for."""
    stops = (VerdictStatus.VIOLATED, VerdictStatus.INCONCLUSIVE, VerdictStatus.NOT_EXERCISED)
    holds = {level: certificate.counts.get(level, {}).get(VerdictStatus.HOLDS.value, 0) for level in _LEVELS}
    if not holds["MUST"] or any(certificate.of(status, "MUST") for status in stops):
        return None
    if any(certificate.of(status, "SHOULD") for status in stops) or certificate.of(VerdictStatus.WAIVED, "MUST"):
        return Grade.CORE
    frozen = certificate.edition.partition(",")[0] != DEV
    deep = certificate.profile != SHALLOW and certificate.exercised.issuperset(HARDENING)
    return Grade.HARDENED if frozen and deep else Grade.FULL
