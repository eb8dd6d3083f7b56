"""What people read: one failure in full, and the summary of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rsconform.plural import plural
from rsconform.report.case_outcomes import NO_INSTANCE
from rsconform.report.exit_code import Exit, ExitCode
from rsconform.report.report import LEVELS, Report, Verdict, VerdictStatus
from rsconform.run.records import MEASURED, REFUSED, Attempt, AxiomFacts, Breach, Failure, Header, Profile, Result
from rsconform.spec.traits import AFFORDANCES
from rsconform.visible import visible

_WIDTH: Final = 100
_LABEL: Final = 10
_INDENT: Final = 2
_HERE: Final = "   <- here"
# Lines that a summary spends on one kind of thing before it only names the rest.
_LINES: Final = 8

_REASONS: Final = 4

_STATUS_WORDS: Final[Mapping[VerdictStatus, str]] = {
    VerdictStatus.VIOLATED: "violated",
    VerdictStatus.INCONCLUSIVE: "inconclusive",
    VerdictStatus.WAIVED: "waived",
    VerdictStatus.NOT_EXERCISED: "not exercised",
    VerdictStatus.HOLDS: "hold",
    VerdictStatus.NOT_TAKEN: "not taken",
    VerdictStatus.NOT_APPLICABLE: "not applicable",
}
# When it was seen, where that was not at the call itself: after the phase of the operation.
_WHEN: Final[Mapping[str, str]] = {
    "enter": "seen when the block was entered, not at the call",
    "body": "seen inside the block",
    "first": "seen at the first entry or read, not at the call",
    "drain": "seen while the result was read to its end, not at the call",
    "exit": "seen when the block or the result was left",
}
_COUNTED: Final = (
    VerdictStatus.HOLDS,
    VerdictStatus.VIOLATED,
    VerdictStatus.WAIVED,
    VerdictStatus.INCONCLUSIVE,
    VerdictStatus.NOT_EXERCISED,
    VerdictStatus.NOT_TAKEN,
    VerdictStatus.NOT_APPLICABLE,
)


def render_failure(attempt: Attempt, axiom: AxiomFacts, header: Header, *, flaky: bool = False) -> str:
    """Return what a person needs to see of a failed or errored attempt, and of each breach during it.

    Args:
        axiom: Of the attempt's case; those of the breaches are looked up in the header.
        flaky: Whether another attempt at the case in a fresh store did something else.
    """
    blocks = []
    if attempt.result in (Result.FAILED, Result.ERRORED):
        blocks.append("\n".join(_own_block(attempt, axiom, header, flaky=flaky)))
    facts = {known.id: known for known in header.axioms}
    blocks += ["\n".join(_breach_block(b, attempt, facts.get(b.axiom), header)) for b in attempt.breaches]
    return visible("\n\n".join(blocks))


def render_summary(report: Report, decision: Exit, *, certificate: str | None = None) -> str:
    """Return the summary of one lane's run.

    Args:
        decision: For this lane alone.
        certificate: Where the certificate was written, or None if it was not.
    """
    lines = [
        *_facts(report),
        *_counts(report),
        *_violated(report),
        *_folded(report, VerdictStatus.WAIVED),
        *_folded(report, VerdictStatus.INCONCLUSIVE),
        *_folded(report, VerdictStatus.NOT_EXERCISED),
        *_not_taken(report),
        *_observed(report),
        *_grade(report),
        *_exit(decision),
        *render_row(
            "written", certificate or "no certificate: only a whole run that came to its end has one", indent=0
        ),
    ]
    return visible("\n".join(lines))


def _own_block(attempt: Attempt, axiom: AxiomFacts, header: Header, *, flaky: bool) -> Iterator[str]:
    yield f"{attempt.case}  {axiom.level}  {axiom.title}  lane {header.lane.name}"
    yield from render_row("axiom", f"{axiom.place}\n{axiom.statement}")
    failure = attempt.failure
    yield from render_row("given", "\n".join(attempt.given))
    if failure is not None:
        yield from _steps(failure)
        yield from render_row("expected", failure.expected)
        yield from render_row("observed", failure.observed)
        yield from render_row("note", how_it_failed(failure))
    if attempt.result is Result.ERRORED:
        yield from render_row("error", f"{attempt.error or 'unknown'}\nThis says nothing about the backend.")
    if flaky:
        yield from render_row("flaky", "another attempt in a fresh store came out differently")
    yield from _rerun(attempt, header)
    for what, text in failure.ways if failure is not None else ():
        yield from _verbatim(what, text)


def _breach_block(breach: Breach, attempt: Attempt, axiom: AxiomFacts | None, header: Header) -> Iterator[str]:
    if axiom is None:
        yield f"{breach.axiom}  lane {header.lane.name}"
    else:
        yield f"{axiom.id}  {axiom.level}  {axiom.title}  lane {header.lane.name}"
        yield from render_row("axiom", f"{axiom.place}\n{axiom.statement}")
    yield from render_row("seen in", attempt.case)
    yield from render_row("given", "\n".join(attempt.given))
    yield from render_row("step", breach.step)
    yield from render_row("expected", breach.expected)
    yield from render_row("observed", breach.observed)
    yield from _rerun(attempt, header)


def _steps(failure: Failure) -> Iterator[str]:
    text = "\n".join(
        f"{index + 1} {step}{_HERE if index == failure.step else ''}" for index, step in enumerate(failure.steps)
    )
    yield from render_row("steps", text)


def how_it_failed(failure: Failure) -> str:
    """Return what a failure does not show by itself, as a clause; empty for a plain one."""
    if failure.died:
        return "the process ended in the middle of the case"
    if failure.hang:
        return "it hung: it did not return within the limit; --timeout sets how long an operation may take"
    if failure.step is None and failure.steps:
        return "every step went as expected; this is about the state after the last one"
    return _WHEN.get(failure.phase or "", "")


def rerun_command(header: Header, case: str) -> str:
    """Return the command that runs a case again. What broke before any case is seen again without one."""
    quoted = "'" + case.replace("'", "'\"'\"'") + "'"
    return header.rerun_command if case == NO_INSTANCE else f"{header.rerun_command} --case {quoted}"


def _rerun(attempt: Attempt, header: Header) -> Iterator[str]:
    # One line, however long: it is there to be copied.
    yield f"{' ' * _INDENT}{'rerun':<{_LABEL}}{rerun_command(header, attempt.case)}"


def _verbatim(label: str, text: str) -> Iterator[str]:
    """Yield a labelled text as it is: it is there to be copied."""
    for at, line in enumerate(text.splitlines()):
        yield f"{' ' * _INDENT}{label if at == 0 else '':<{_LABEL}}{line}"


def render_row(label: str, text: str, *, indent: int = _INDENT) -> Iterator[str]:
    """Yield a labelled text, wrapped under itself; nothing for an empty one."""
    margin = " " * (indent + _LABEL)
    first = f"{' ' * indent}{label:<{_LABEL}}"
    for paragraph in text.splitlines():
        wrapped = textwrap.wrap(
            paragraph,
            _WIDTH,
            initial_indent=first,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
            replace_whitespace=False,
            drop_whitespace=True,
        )
        yield from wrapped or [margin.rstrip()]
        first = margin


def _facts(report: Report) -> Iterator[str]:
    lane = report.header.lane
    audit = "audited past the backend" if lane.audit == "lane" else "audited through the backend itself"
    evidence = "evidence unknown" if lane.evidence == "unknown" else lane.evidence
    yield from render_row("lane", f"{lane.name}: {evidence}, {audit}", indent=0)
    if lane.service:
        yield from render_row("service", lane.service, indent=0)
    instance = report.instance
    if instance is not None and instance.type:
        version = f" of {instance.distribution} {instance.version}" if instance.distribution else ""
        yield from render_row(
            "backend", f"{instance.type}{version}; contract: remote-store {report.header.contract}", indent=0
        )


def _counts(report: Report) -> Iterator[str]:
    header = report.header
    outcomes = report.outcomes()
    # An attempt that a refuted reading sets aside is no pass, and neither is a skip.
    if report.unreachable is not None:
        yield from render_row("cases", "none was run", indent=0)
        return
    by_result = {result.value: sum(outcome.result is result for outcome in outcomes) for result in Result}
    not_taken = sum(len(verdict.failed) for verdict in report.ruled(VerdictStatus.NOT_TAKEN))
    by_result[Result.FAILED.value] -= not_taken
    by_result["not taken"] = not_taken
    by_result["without an outcome"] = sum(outcome.result is None for outcome in outcomes)
    cases = ", ".join(f"{count} {word}" for word, count in by_result.items() if count)
    part = "" if header.complete else ", a part of the plan"
    part += f", profile {header.profile}" if header.profile is not Profile.QUICK else ""
    part += f", seed {header.seed}" if header.seed else ""
    yield from render_row(
        "cases",
        f"{cases or 'none'} (edition {header.edition}, {plural(len(report.verdicts), 'axiom')}{part})",
        indent=0,
    )
    for level in LEVELS:
        row = report.counts().get(level, {})
        says = ", ".join(f"{row[status.value]} {_STATUS_WORDS[status]}" for status in _COUNTED if status.value in row)
        yield from render_row(level, says, indent=0)
    if report.untestable:
        yield from render_row("untested", f"{len(report.untestable)} that no run can show", indent=0)


def _violated(report: Report) -> Iterator[str]:
    by_level = [verdict for level in LEVELS for verdict in report.ruled(VerdictStatus.VIOLATED, level=level)]
    label = "violated"
    if len(by_level) > _LINES:
        first = ", ".join(verdict.axiom.id for verdict in by_level[:_LINES])
        rest = f"{first} and {len(by_level) - _LINES} more, on the page"
        yield from render_row(label, f"{plural(len(by_level), 'axiom')}: {rest}", indent=0)
        return
    for verdict in by_level:
        flaky = ", flaky: attempts differ" if verdict.flaky else ""
        axiom = verdict.axiom
        yield from render_row(label, f"{axiom.id} {axiom.level} {axiom.title} ({verdict.reason}{flaky})", indent=0)
        label = ""


def _folded(report: Report, status: VerdictStatus) -> Iterator[str]:
    """Yield a line per reason, with how many axioms share it."""
    groups: dict[str, list[str]] = {}
    for verdict in report.ruled(status):
        groups.setdefault(cause_of(verdict), []).append(verdict.axiom.id)
    label = {VerdictStatus.NOT_EXERCISED: "not run", VerdictStatus.INCONCLUSIVE: "open"}.get(status, status.value)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    for cause, ids in ordered[:_REASONS]:
        who = ", ".join(ids) if len(ids) <= 3 else f"{ids[0]} and {len(ids) - 1} more"
        yield from render_row(label, f"{who}: {cause}{_explained(cause)}", indent=0)
        label = ""
    if len(ordered) > _REASONS:
        yield from render_row(label, f"and {len(ordered) - _REASONS} more reasons, on the page", indent=0)


def _explained(cause: str) -> str:
    """Return what an affordance is that a lane lacks."""
    what = AFFORDANCES.get(cause.removeprefix("needs "))
    return f" ({what})" if what is not None else ""


def _not_taken(report: Report) -> Iterator[str]:
    """Yield the permissions that the backend makes no use of."""
    label = "not taken"
    for verdict in report.ruled(VerdictStatus.NOT_TAKEN):
        yield from render_row(label, f"{verdict.axiom.id} {verdict.axiom.level} {verdict.axiom.title}", indent=0)
        label = ""


def cause_of(verdict: Verdict) -> str:
    """Return the one line that tells why an axiom does not simply hold."""
    if verdict.waiver is not None:
        return f"waived until {verdict.waiver.until} ({verdict.waiver.owner}): {verdict.waiver.reason}"
    if verdict.status is VerdictStatus.INCONCLUSIVE:
        causes: Iterable[str | None] = (
            outcome.error if outcome.result is Result.ERRORED else outcome.missing for outcome in verdict.outcomes
        )
        first = next((cause for cause in causes if cause), verdict.reason)
        return first.splitlines()[0]
    return verdict.reason


def _observed(report: Report) -> Iterator[str]:
    label = "observed"
    refused = sum(len(seen.cases) for seen in report.observations if seen.text.startswith(REFUSED))
    if refused:
        yield from render_row(label, f"{plural(refused, 'case')} ended in a permitted refusal", indent=0)
        label = ""
    # What would pin a trait comes first; the rest is there to be looked up.
    others = [seen for seen in report.observations if not seen.text.startswith((REFUSED, MEASURED))]
    ordered = sorted(others, key=lambda seen: seen.option is None)
    for seen in ordered[:_REASONS]:
        cases = f" ({plural(len(seen.cases), 'case')})" if seen.cases else ""
        hint = f"; to pin it: {seen.option}" if seen.option is not None else ""
        yield from render_row(label, f"{seen.text}{cases}{hint}", indent=0)
        label = ""
    if len(ordered) > _REASONS:
        yield from render_row(label, f"and {len(ordered) - _REASONS} more, on the page", indent=0)


def _grade(report: Report) -> Iterator[str]:
    grading = report.grading
    reached = grading.reached.value if grading.reached is not None else "none"
    waived = [verdict.axiom.id for verdict in report.ruled(VerdictStatus.WAIVED, level="MUST")]
    named = f", with {', '.join(waived)} waived" if waived and grading.reached is not None else ""
    # Every sentence begins with the same grade; once is enough for the eye.
    first, *others = grading.why_not_higher or ("",)
    reasons = [first, *(sentence.partition(": ")[2] for sentence in others)] if first else []
    yield from render_row("grade", "; ".join((reached + named, *reasons)), indent=0)


def _exit(decision: Exit) -> Iterator[str]:
    if decision.code is ExitCode.HOLDS:
        yield from render_row("exit 0", "what was asked for holds", indent=0)
        return
    for code, texts in _by_code(decision).items():
        if code is decision.code:
            yield from render_row(f"exit {code.value}", "; ".join(texts), indent=0)
        else:
            yield from render_row("besides", f"{'; '.join(texts)} (exit {code.value} by itself)", indent=0)


def _by_code(decision: Exit) -> dict[ExitCode, Sequence[str]]:
    texts: dict[ExitCode, list[str]] = {}
    for reason in decision.reasons:
        texts.setdefault(reason.code, []).append(reason.text)
    return dict(texts)
