"""report.html: one file that works offline and from anywhere, and puts what fails first.

Everything that comes from a run is escaped by the template, and the page's own policy lets no script run but ours.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from rsconform.report.causes import causes
from rsconform.report.exit_code import ExitCode, decide
from rsconform.report.report import LEVELS, GroupVerdict, Outcome, Report, Verdict, VerdictStatus
from rsconform.report.text import cause_of, how_it_failed, rerun_command
from rsconform.report.verdicts import skip_in_words
from rsconform.run.records import Result
from rsconform.visible import visible

if TYPE_CHECKING:
    from jinja2 import Template

FILE_NAME: Final = "report.html"
# What is longer is cut here, and whole in report.json.
_LONG: Final = 700
_SHORT: Final = 200

_SAYS: Final[Mapping[ExitCode, str]] = {
    ExitCode.HOLDS: "What was asked for holds",
    ExitCode.VIOLATED: "The contract is violated",
    ExitCode.USAGE: "Nothing was judged",
    ExitCode.BROKEN: "Something other than the backend broke",
    ExitCode.INCOMPLETE: "The run is incomplete",
    ExitCode.WAIVERS: "A waiver asks for attention",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a person needs to see of one failure or breach."""

    case: str
    place: str
    given: tuple[str, ...]  # What the store held before.
    steps: tuple[str, ...]
    here: int | None  # Which of the steps went wrong.
    expected: str
    observed: str
    note: str
    rerun: str
    ways: tuple[tuple[str, str], ...] = ()  # Others to see it, what each is and its text.


@dataclass(frozen=True, slots=True)
class Problem:
    """An axiom that does not hold: the first evidence in full, of the rest what was observed."""

    verdict: Verdict
    evidence: tuple[Evidence, ...]
    others: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What left axioms open, with an example."""

    text: str
    verdicts: tuple[Verdict, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A contract ID in the list of a family: an axiom, or a group with its axioms."""

    group: GroupVerdict | None
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """The axioms of one prefix."""

    id: str
    rows: tuple[Row, ...]
    counts: tuple[tuple[VerdictStatus, int], ...]


def write_html(report: Report) -> str:
    """Return a report as one HTML page."""
    style, script = _asset("report.css"), _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    decision = decide([report], level=report.header.level)
    return _template().render(
        report=report,
        header=report.header,
        lane=report.header.lane,
        instance=report.instance,
        exit=decision,
        holds=decision.code is ExitCode.HOLDS,
        says=_SAYS[decision.code],
        bars=[(level, _bar(report, level)) for level in LEVELS if report.counts().get(level)],
        cases=_case_counts(report),
        problems=[
            _problem(report, verdict) for verdict in _by_level(report, VerdictStatus.VIOLATED, VerdictStatus.WAIVED)
        ],
        obstacles=list(obstacles(report)),
        causes=causes(report),
        smoke=[one for one in report.unassigned if one.result is Result.FAILED or _is_broken(one, report)],
        families=list(families(report)),
        missing=by_reason(report.ruled(VerdictStatus.NOT_EXERCISED)),
        statuses=[status for status in VerdictStatus if report.ruled(status)],
        style=style,
        script=script,
        digest=digest,
    )


def _is_broken(outcome: Outcome, report: Report) -> bool:
    return outcome.result is Result.ERRORED and report.no_instance is None and report.unreachable is None


def obstacles(report: Report) -> Iterator[Obstacle]:
    """Yield what left axioms open, each cause once, the most frequent first."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in report.ruled(VerdictStatus.INCONCLUSIVE):
        groups.setdefault(cause_of(verdict), []).append(verdict)
    for text, verdicts in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        yield Obstacle(_cut(text), tuple(verdicts), _problem(report, verdicts[0]).evidence)


def _by_level(report: Report, *statuses: VerdictStatus) -> Iterator[Verdict]:
    for status in statuses:
        for level in LEVELS:
            yield from report.ruled(status, level=level)


def families(report: Report) -> Iterator[Family]:
    """Yield the families with their groups and axioms, by ID; last those of which nothing applies."""
    groups = {group.id: group for group in report.groups}
    grouped: dict[str, dict[str, list[Verdict]]] = {}
    for verdict in report.verdicts:
        rows = grouped.setdefault(family_of(verdict.axiom.id), {})
        rows.setdefault(verdict.axiom.group or verdict.axiom.id, []).append(verdict)
    applying = {family_of(verdict.axiom.id) for verdict in report.verdicts if verdict.applies}
    for name, rows in sorted(grouped.items(), key=lambda group: (group[0] not in applying, group[0])):
        statuses = [verdict.status for verdicts in rows.values() for verdict in verdicts]
        yield Family(
            name,
            tuple(Row(groups.get(id_), tuple(verdicts)) for id_, verdicts in rows.items()),
            tuple((status, statuses.count(status)) for status in VerdictStatus if status in statuses),
        )


def by_reason(verdicts: Iterable[Verdict]) -> Sequence[tuple[str, list[Verdict]]]:
    """Return verdicts by their reason, the most frequent first."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.reason, []).append(verdict)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def family_of(axiom: str) -> str:
    """Return the family of an axiom."""
    return axiom.rpartition("-")[0] or axiom


def _problem(report: Report, verdict: Verdict) -> Problem:
    evidence: list[Evidence] = []
    others: list[tuple[str, str]] = []
    # For violated axioms the failures are shown; errored cases say nothing about the backend.
    broken = [outcome for outcome in verdict.outcomes if outcome.result in (Result.ERRORED, None)]
    for outcome in broken if verdict.status is VerdictStatus.INCONCLUSIVE else verdict.failed:
        if not evidence:
            evidence.append(_of_outcome(report, outcome))
        else:
            others.append((outcome.case, _cut(_seen(outcome), _SHORT)))
    breached: set[str] = set()
    for witness in verdict.witnesses:
        if not breached:
            found = witness.breach
            evidence.append(
                Evidence(
                    witness.case, verdict.axiom.place, witness.given,
                    (found.step,) if found.step else (), 0 if found.step else None,
                    _cut(found.expected), _cut(found.observed), "a breach that this case witnessed",
                    rerun_command(report.header, witness.case),
                )
            )  # fmt: skip
        elif witness.case not in breached:
            others.append((witness.case, _cut(witness.breach.observed, _SHORT)))
        breached.add(witness.case)
    return Problem(verdict, tuple(evidence), tuple(others))


def _of_outcome(report: Report, outcome: Outcome) -> Evidence:
    failure = outcome.failure
    command = rerun_command(report.header, outcome.case)
    if outcome.result is not Result.FAILED or failure is None:
        note = "this says nothing about the backend"
        return Evidence(outcome.case, outcome.place, (), (), None, "", _cut(_seen(outcome)), note, command)
    return Evidence(
        outcome.case,
        outcome.place,
        tuple(map(_cut, outcome.given)),
        tuple(_cut(step) for step in failure.steps),
        failure.step,
        _cut(failure.expected),
        _cut(failure.observed),
        how_it_failed(failure),
        command,
        failure.ways,
    )


def _seen(outcome: Outcome) -> str:
    if outcome.result is Result.FAILED:
        return outcome.failure.observed if outcome.failure is not None else "it failed"
    return outcome.error or f"no outcome: {outcome.missing}"


def _cut(text: str, length: int = _LONG) -> str:
    return text if len(text) <= length else f"{text[:length]} … ({len(text) - length} more in report.json)"


def _bar(report: Report, level: str) -> list[tuple[VerdictStatus, int]]:
    row = report.counts()[level]
    return [(status, row[status.value]) for status in VerdictStatus if status.value in row]


def _case_counts(report: Report) -> list[tuple[str, int]]:
    outcomes = report.outcomes()
    counts = [(result.value, sum(outcome.result is result for outcome in outcomes)) for result in Result]
    counts.append(("without an outcome", sum(outcome.result is None for outcome in outcomes)))
    return [(word, count) for word, count in counts if count]


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # Only who writes a page pays for it.

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    environment.filters["words"] = lambda value: str(value).replace("_", " ")
    environment.filters["why"] = skip_in_words
    environment.filters["family"] = family_of
    return environment.from_string(_asset("report.html.j2"))


def _shown(value: object) -> object:
    """Return what a template puts on the page: text of a run without what a browser would obey or hide."""
    return visible(str(value)) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _asset(name: str) -> str:
    return files("rsconform.report").joinpath("page", name).read_text(encoding="utf-8")
