"""report.json: everything a report says. Its schema is `reports/schema/report.schema.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from rsconform.report.causes import Cause, causes
from rsconform.report.report import Observation, Outcome, Report, Verdict, VerdictStatus, Waiver, WaiverFinding, Watch
from rsconform.run.records import Attempt, AxiomFacts, Failure, Result, Skip

FILE_NAME: Final = "report.json"
FORMAT: Final = 1


def write_json(report: Report) -> str:
    """Return a report as JSON text."""
    return json.dumps(as_document(report), indent=2, ensure_ascii=False) + "\n"


def as_document(report: Report) -> dict[str, Any]:
    """Return a report as a JSON document."""
    header = report.header
    violated = report.ruled(VerdictStatus.VIOLATED)
    return {
        "format": FORMAT,
        "kit": header.kit,
        "edition": header.edition,
        "lock": header.lock,
        "contract": header.contract,
        "date": header.date,
        "seed": header.seed,
        "profile": header.profile,
        "level": header.level,
        "rerun_command": header.rerun_command,
        "lane": _lane(report),
        "plan": {"digest": header.plan_digest, "cases": len(header.plan), "whole": header.complete},
        "backend": _backend(report),
        "ending": None if report.footer is None else {"how": report.footer.ending, "detail": report.footer.detail},
        "certifies": report.certifies,
        "incomplete": list(report.incomplete),
        "grade": {
            "reached": report.grading.reached,
            "why_not_higher": list(report.grading.why_not_higher),
        },
        "counts": report.counts(),
        "violated": [verdict.axiom.id for verdict in violated],
        "violated_must": [verdict.axiom.id for verdict in violated if verdict.axiom.level == "MUST"],
        "causes": [_cause(cause) for cause in causes(report)],
        "not_taken": [verdict.axiom.id for verdict in report.ruled(VerdictStatus.NOT_TAKEN)],
        "damage": list(report.damage),
        "axioms": [_verdict(verdict) for verdict in report.verdicts],
        "untestable": [{**_axiom(axiom), "untestable": axiom.untestable} for axiom in report.untestable],
        "unassigned": [_outcome(outcome) for outcome in report.unassigned],
        "groups": [
            {"id": b.id, "title": b.title, "status": b.status, "count": b.count, "of": b.of} for b in report.groups
        ],
        "observations": [_observation(observation) for observation in report.observations],
        "waivers": [_finding(finding) for finding in report.waivers],
    }


def failed_cases(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cases of a document that failed, broke, had no outcome, or witnessed a breach of what is violated."""
    axioms = document["axioms"]
    outcomes = [*document["unassigned"], *(case for axiom in axioms for case in axiom["cases"])]
    cases = [case["case"] for case in outcomes if case["outcome"] in (Result.FAILED, Result.ERRORED, None)]
    watched = [axiom["invariant"] for axiom in axioms if axiom["invariant"] is not None]
    # What broke before any case is seen again by running any.
    return tuple(
        name
        for name in dict.fromkeys([*cases, *(one["case"] for watch in watched for one in watch["witnesses"])])
        if "/" in name
    )


def _lane(report: Report) -> dict[str, Any]:
    lane = report.header.lane
    return {
        "name": lane.name,
        "evidence": lane.evidence,
        "stage": lane.stage,
        **({"service": lane.service} if lane.service else {}),
        "affordances": sorted(lane.affordances),
        "traits": dict(sorted(lane.traits.items())),
        "specs": sorted(lane.specs),
        "audit": lane.audit,
        "digest": lane.digest,
    }


def _backend(report: Report) -> dict[str, Any] | None:
    instance = report.instance
    if instance is None:
        return None
    return {
        "class": instance.type,
        "name": instance.name,
        "distribution": instance.distribution,
        "version": instance.version,
        "capabilities": sorted(instance.capabilities),
        "failure": _failure(instance.failure),
        "unreachable": instance.unreachable,
        "failed_affordances": sorted(instance.failed_affordances),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "what": cause.what,
        "operations": list(cause.operations),
        "axioms": [verdict.axiom.id for verdict in cause.verdicts],
        "cases": list(dict.fromkeys(finding.case for finding in cause.findings)),
    }


def _axiom(axiom: AxiomFacts) -> dict[str, Any]:
    return {
        "id": axiom.id,
        "title": axiom.title,
        "level": axiom.level,
        "statement": axiom.statement,
        "source": axiom.source,
        "place": axiom.place,
        "group": axiom.group,
        "note": axiom.note,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        **_axiom(verdict.axiom),
        "status": verdict.status,
        "reason": verdict.reason,
        "flaky": verdict.flaky,
        "waiver": _waiver(verdict.waiver),
        "invariant": _watch(verdict.watch),
        "cases": [_outcome(outcome) for outcome in verdict.outcomes],
    }


def _watch(watch: Watch | None) -> dict[str, Any] | None:
    if watch is None:
        return None
    return {
        "judged": watch.judged,
        "skip": _skip(watch.skip),
        "witnesses": [
            {
                "case": w.case,
                "given": list(w.given),
                "expected": w.breach.expected,
                "observed": w.breach.observed,
                "step": w.breach.step,
            }
            for w in watch.witnesses
        ],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "case": outcome.case,
        "place": outcome.place,
        "outcome": outcome.result,
        "flaky": outcome.is_flaky,
        "skip": _skip(outcome.skip),
        "missing": outcome.missing,
        "readings": [{"trait": trait, "value": value} for trait, value in outcome.readings],
        "attempts": [_attempt(attempt) for attempt in outcome.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "outcome": attempt.result,
        "given": list(attempt.given),
        "failure": _failure(attempt.failure),
        "error": attempt.error,
        "breaches": [breach.axiom for breach in attempt.breaches],
        "notes": list(attempt.notes),
        "duration_s": round(attempt.duration_s, 6),
        "worker": attempt.worker,
    }


def _failure(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    ways = [{"what": what, "text": text} for what, text in failure.ways]
    return {**asdict(failure), "steps": list(failure.steps), "ways": ways}


def _skip(skip: Skip | None) -> dict[str, Any] | None:
    return None if skip is None else {"reason": skip.reason, "detail": skip.detail}


def _observation(observation: Observation) -> dict[str, Any]:
    return {"text": observation.text, "option": observation.option, "cases": list(observation.cases)}


def _waiver(waiver: Waiver | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {
        "axiom": waiver.axiom,
        "lane": waiver.lane,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "issue": waiver.issue,
        "until": waiver.until.isoformat(),
        "expected": waiver.expected,
        "place": str(waiver.place),
    }


def _finding(finding: WaiverFinding) -> dict[str, Any]:
    return {"state": finding.state, "text": finding.text, "waiver": _waiver(finding.waiver)}
