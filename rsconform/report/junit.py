"""junit.xml: the report in the shape that pytest gives its own, for the CI services that read that.

A case is a testcase, and so is an always-on invariant, under its axiom's ID: its witnesses keep their own results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from junitparser import Error, Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult

from rsconform.report.exit_code import decide
from rsconform.report.report import Outcome, Report, Verdict, VerdictStatus
from rsconform.report.text import render_failure
from rsconform.report.verdicts import skip_in_words
from rsconform.run.plan import SMOKE_FACTS
from rsconform.run.records import AxiomFacts, Breach, Result
from rsconform.run.records import Failure as CaseFailure

FILE_NAME: Final = "junit.xml"
INVARIANT: Final = "every-case"  # What stands for the cases in the name of an invariant's testcase.

_DECLARATION: Final = re.compile(r"\A<\?xml[^>]*\?>\s*")
# What XML 1.0 has no place for, not even as a reference (section 2.2).
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(report: Report) -> str:
    """Return a report as JUnit XML."""
    suite = TestSuite(report.lane)
    suite.timestamp = report.header.date
    suite.append(_properties(_facts(report)))
    suite.extend(list(_testcases(report)))
    suite.update_statistics()
    whole = JUnitXml("rsconform")
    whole.append(suite)
    # By the library, which makes its elements with lxml where that is installed. Each has a declaration of its own.
    text: str = whole.tostring().decode("utf-8")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + _DECLARATION.sub("", text) + "\n"


def _facts(report: Report) -> Mapping[str, object]:
    """Return what a certificate says at its head."""
    header, grade = report.header, report.grading.reached
    return {
        "backend": report.instance.type if report.instance is not None else "",
        "contract": f"remote-store {header.contract}",
        "kit": header.kit,
        "edition": header.edition,
        "evidence": header.lane.evidence,
        "audit": header.lane.audit,
        "grade": "none" if grade is None else grade.value,
        "exit": decide([report], level=header.level).code.value,
    }


def _testcases(report: Report) -> Iterator[TestCase]:
    for outcome in report.unassigned:
        yield _testcase(report, outcome, SMOKE_FACTS, {})
    for verdict in report.verdicts:
        axiom = verdict.axiom
        facts = {"axiom": axiom.id, "level": axiom.level, "verdict": verdict.status.value}
        for outcome in verdict.outcomes:
            yield _testcase(report, outcome, axiom, facts, verdict)
        if axiom.invariant is not None or verdict.witnesses:
            yield _invariant(report, verdict, facts)


def _testcase(
    report: Report, outcome: Outcome, axiom: AxiomFacts, facts: Mapping[str, object], verdict: Verdict | None = None
) -> TestCase:
    took_s = sum(attempt.duration_s for attempt in outcome.attempts)
    case = _named(report, axiom, outcome.case, took_s, facts)
    result = _result(report, outcome, axiom)
    if result is not None:
        case.result = _forgiven(result, verdict)
    return case


def _invariant(report: Report, verdict: Verdict, facts: Mapping[str, object]) -> TestCase:
    case = _named(report, verdict.axiom, f"{verdict.axiom.id}/{INVARIANT}", 0.0, facts)
    watch = verdict.watch
    if verdict.witnesses:
        witness = verdict.witnesses[0]
        cases = dict.fromkeys(one.case for one in verdict.witnesses if one.case != witness.case)
        others = "".join(f"\n  witness   {one}" for one in cases)
        text = render_failure(witness.attempt, verdict.axiom, report.header) + others
        case.result = _forgiven(_filled(Failure, _seen(witness.breach), text), verdict)
    elif watch is not None and not watch.judged:
        if watch.skip is not None:
            case.result = _filled(Skipped, skip_in_words(watch.skip), "", "pytest.skip")
        else:
            case.result = _filled(Error, "no case that would show it has an outcome", "")
    return case


def _named(report: Report, axiom: AxiomFacts, name: str, took_s: float, facts: Mapping[str, object]) -> TestCase:
    case = TestCase(_xml(name), _xml(f"{report.lane}.{axiom.id.rpartition('-')[0] or axiom.id}"), round(took_s, 3))
    if facts:
        case.append(_properties(facts))
    return case


def _result(report: Report, outcome: Outcome, axiom: AxiomFacts) -> FinalResult | None:
    match outcome.result:
        case Result.PASSED:
            return None
        case Result.SKIPPED:
            return _filled(Skipped, skip_in_words(outcome.skip), outcome.place, "pytest.skip")
        case Result.ERRORED:
            return _filled(Error, outcome.error or "errored", _texts(report, outcome, axiom))
        case Result.FAILED:
            failure = outcome.failure
            message = _seen(failure) if failure is not None else "failed"
            return _filled(Failure, message, _texts(report, outcome, axiom))
        case None:
            return _filled(Error, f"no outcome: {outcome.missing}", outcome.place)


def _forgiven(result: FinalResult, verdict: Verdict | None) -> FinalResult:
    """Return a failure that is waived, or of a mere permission, as pytest shows one that was expected."""
    if not isinstance(result, Failure) or verdict is None:
        return result
    if verdict.status is VerdictStatus.NOT_TAKEN:
        return _filled(Skipped, f"not taken: {verdict.axiom.title} (MAY)", result.text or "", "pytest.xfail")
    if verdict.waiver is None:
        return result
    waiver = verdict.waiver
    return _filled(Skipped, f"waived until {waiver.until} ({waiver.owner}): {waiver.reason}", result.text or "",
                   "pytest.xfail")  # fmt: skip


def _texts(report: Report, outcome: Outcome, axiom: AxiomFacts) -> str:
    wanted = [attempt for attempt in outcome.attempts if attempt.result is outcome.result]
    texts = (render_failure(one, axiom, report.header, flaky=outcome.is_flaky) for one in wanted[:1])
    return "\n\n".join(texts)


def _seen(failure: CaseFailure | Breach) -> str:
    return f"expected {failure.expected}, observed {failure.observed}"


def _filled(kind: type[FinalResult], message: str, text: str, type_: str | None = None) -> FinalResult:
    result = kind(_xml(message), type_)
    result.text = _xml(text)
    return result


def _properties(facts: Mapping[str, object]) -> Properties:
    properties = Properties()
    for name, value in facts.items():
        properties.add_property(Property(name, _xml(str(value))))
    return properties


def _xml(text: str) -> str:
    """Return a text with what XML cannot hold written as pytest writes it: `#x00`."""
    return _NO_XML.sub(lambda match: f"#x{ord(match[0]):02X}", text)
