"""The certificate: the small, committed record of a lane's verdicts, read in a diff.

It holds no time, duration, host or path and no text of a failure: running again changes nothing unless a verdict or a
fact changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import tomli_w

from rsconform.report.grades import exercised
from rsconform.report.report import Report, Verdict, VerdictStatus
from rsconform.report.verdicts import UNREACHED, breached_cases, skip_in_words
from rsconform.visible import visible

FILE_NAME: Final = "certificate.toml"
FORMAT: Final = 1


def write_certificate(report: Report) -> str:
    """Return the certificate of a report as TOML."""
    return tomli_w.dumps(certificate(report), multiline_strings=False)


def certificate(report: Report) -> dict[str, Any]:
    """Return the certificate of a report as a TOML document; what is unknown is left out."""
    header = report.header
    return {
        "format": FORMAT,
        "grade": report.grading.reached.value if report.grading.reached is not None else "none",
        "edition": f"{header.edition}, {len(report.verdicts)} axioms",
        "lock": header.lock,
        "kit": header.kit,
        "contract": header.contract,
        "evidence": header.lane.evidence,
        "audit": header.lane.audit,
        "profile": header.profile.value,
        "exercised": list(exercised(report.verdicts)),
        "backend": _backend(report),
        "lane": _lane(report),
        "counts": {level: dict(row) for level, row in report.counts().items()},
        "axioms": _axioms(report),
    }


def _backend(report: Report) -> dict[str, Any]:
    instance = report.instance
    if instance is None:
        return {}
    facts = {
        "distribution": instance.distribution,
        "version": instance.version,
        "class": instance.type or None,
        "name": visible(instance.name) or None,
        "surface": instance.surface if instance.type else None,
        "capabilities": sorted(instance.capabilities),
    }
    return {key: fact for key, fact in facts.items() if fact is not None}


def _lane(report: Report) -> dict[str, Any]:
    lane = report.header.lane
    facts: dict[str, Any] = {
        "name": lane.name,
        "digest": lane.digest,
        "stage": lane.stage,
        **({"service": lane.service} if lane.service else {}),
        "affordances": sorted(lane.affordances),
        "specs": sorted(lane.specs),
        "traits": {name: value for name, value in sorted(lane.traits.items()) if value is not None},
    }
    observed = dict(sorted(seen.trait for seen in report.observations if seen.trait is not None))
    return {**facts, "observed": observed} if observed else facts


def _axioms(report: Report) -> dict[str, Any]:
    sections: dict[str, Any] = {
        status.value: {verdict.axiom.id: entry(verdict) for verdict in report.ruled(status)}
        for status, entry in _ENTRIES.items()
    }
    sections["holds_in_part"] = {v.axiom.id: part for v in report.ruled(VerdictStatus.HOLDS) if (part := _unreached(v))}
    sections["untestable"] = {axiom.id: axiom.untestable for axiom in report.untestable}
    return {name: entries for name, entries in sections.items() if entries}


def _line(verdict: Verdict) -> str:
    return f"{verdict.axiom.level}: {verdict.reason}"


def _violation(verdict: Verdict) -> dict[str, Any]:
    entry: dict[str, Any] = {"level": verdict.axiom.level, "title": verdict.axiom.title}
    if verdict.failed:
        entry["failed"] = sorted(outcome.case for outcome in verdict.failed)
    if verdict.witnesses:
        entry["witnesses"] = breached_cases(verdict.witnesses)
    if verdict.flaky:
        entry["flaky"] = True
    return entry


def _exception(verdict: Verdict) -> dict[str, Any]:
    waiver = verdict.waiver
    granted = {} if waiver is None else {
        "reason": waiver.reason,
        "owner": waiver.owner,
        "issue": waiver.issue,
        "until": waiver.until,
    }  # fmt: skip
    return {**_violation(verdict), **granted}


_ENTRIES: Final[Mapping[VerdictStatus, Callable[[Verdict], object]]] = {
    VerdictStatus.VIOLATED: _violation,
    VerdictStatus.WAIVED: _exception,
    VerdictStatus.INCONCLUSIVE: _line,
    VerdictStatus.NOT_EXERCISED: _line,
    VerdictStatus.NOT_TAKEN: _line,
    VerdictStatus.NOT_APPLICABLE: _line,
}


def _unreached(verdict: Verdict) -> str:
    """Return which points of an axiom that holds the lane could not reach; those that do not apply weaken nothing."""
    phrases: Sequence[str] = [
        skip_in_words(outcome.skip)
        for outcome in verdict.skipped
        if outcome.skip is None or outcome.skip.reason in UNREACHED
    ]
    if not phrases:
        return ""
    cases = f"{len(phrases)} of {len(verdict.outcomes)} cases not exercised"
    return f"{verdict.axiom.level}: {cases}, {', '.join(sorted(set(phrases)))}"
