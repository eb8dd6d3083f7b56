"""The failures of a run by their causes: what has one cause is told once, the cause that explains most comes first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rsconform.report.report import LEVELS, Outcome, Report, Verdict, VerdictStatus, Witness
from rsconform.run.records import Breach, Failure
from rsconform.spec.operations import ERRORS, OPERATIONS

_CALL: Final = re.compile(rf"\b({'|'.join(sorted(OPERATIONS, key=len, reverse=True))})\b")
_STEP: Final = re.compile(r"^(?:([\w.]+)\.)?(\w+)\b")
_OP_ARGUMENT: Final = re.compile(r"\bop=(\w+)")
_PLACEHOLDER: Final = re.compile(r"\{(\w+)[.}]")
_RAISED: Final = re.compile(r"\braised (?:an? )?([A-Z]\w+)")
_ERROR: Final = re.compile(r"^[A-Z]\w*(?: or [A-Z]\w*)*(?= |$)")
_FIELD: Final = re.compile(r"\b(\w+) = ")
_QUOTED: Final = re.compile(r"b?'[^']*'|b?\"[^\"]*\"|\[[^]]*\]")
_NUMBER: Final = re.compile(r"\d[\d,.]*")
_LONGEST: Final = 60
_TEXT: Final = "returns text where bytes are due"
# What is seen in an observation -> how it is told, the more telling first.
_DIFFERENCES: Final = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"\bstr of \d+ character", _TEXT),
        (r"first difference at byte 0\b", "content differs from the first byte on"),
        (r"first difference at byte \d+: it (?:ends there)", "content is cut short"),
        (r"first difference at byte \d+: it (?:goes on)", "content has more at its end"),
        (r"first difference at byte \d", "content differs from some byte on"),
        (r"^missing ", "leaves entries out"),
        (r"^unexpected ", "returns entries that are not due"),
        (r"^more than once|paths, some more than once", "returns entries twice"),
        (r"is missing\b", "a file is missing afterwards"),
        (r"^left behind", "leaves something behind"),
        (r"^[^;]* with \d+ bytes", "another file or content is there afterwards"),
        (r"^(None|True|False)$", "returns {0}"),
    )
)
# Operations that backends commonly do with the same code.
_RELATED: Final = (
    ("write", "write_atomic", "open_atomic"),
    ("read", "read_bytes", "read_seekable"),
    ("list_files", "list_folders", "iter_children"),
    ("move", "copy"),
    ("delete", "delete_folder"),
)
_CHANGES: Final = tuple(name for name, one in OPERATIONS.items() if one.mutates)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What went wrong in one case.

    Attributes:
        operation: The operation that it was seen at, or the name of a probe.
        what: What it did, as the end of a sentence that begins with the operation.
    """

    operation: str
    what: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One failed case of a violated axiom, or one breach that a case witnessed."""

    verdict: Verdict
    symptom: Symptom
    outcome: Outcome | None = None
    witness: Witness | None = None

    @property
    def case(self) -> str:
        """Return the case that shows it."""
        return self.outcome.case if self.outcome is not None else self.witness.case if self.witness is not None else ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Failures that one fault explains.

    Attributes:
        findings: Those of the strictest level first, of these the plainest; the first is the one to look at.
    """

    what: str
    operations: tuple[str, ...]  # The most frequent first.
    findings: tuple[Finding, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the axioms that it violates, the strictest level first."""
        found = {finding.verdict.axiom.id: finding.verdict for finding in self.findings}
        return tuple(sorted(found.values(), key=lambda one: (LEVELS.index(one.axiom.level), one.axiom.id)))

    @property
    def title(self) -> str:
        """Return the cause as one clause."""
        shown = ", ".join(self.operations[:3])
        more = f" and {len(self.operations) - 3} more" if len(self.operations) > 3 else ""
        return f"{shown}{more}: {self.what}"


def causes(report: Report) -> tuple[Cause, ...]:
    """Return the causes of what is violated: those with a MUST first, then by how many axioms each violates."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings(report):
        groups.setdefault(cause_of(finding.symptom), []).append(finding)
    found = [_cause(members) for members in groups.values()]
    return tuple(sorted(found, key=_weight))


def findings(report: Report) -> Iterator[Finding]:
    """Yield each failed case and each breach of the violated axioms."""
    for verdict in report.ruled(VerdictStatus.VIOLATED):
        axiom = verdict.axiom
        title = f"{axiom.title} {report.header.groups.get(axiom.group or '', '')}"
        for outcome in verdict.failed:
            if outcome.failure is not None:
                yield Finding(verdict, symptom_of(outcome.failure, title), outcome=outcome)
        for witness in verdict.witnesses:
            yield Finding(verdict, symptom_of_breach(witness.breach), witness=witness)


def symptom_of(failure: Failure, title: str = "") -> Symptom:
    """Return what a failed case shows.

    Args:
        title: Of its axiom and that of its group: one of them names the operation that a probe is about.
    """
    operation = _operation_of(failure, title)
    if failure.hang:
        return Symptom(operation, "does not return in time")
    if failure.died:
        return Symptom(operation, "ends the process")
    return Symptom(operation, _what(failure.expected, failure.observed))


def symptom_of_breach(breach: Breach) -> Symptom:
    """Return what a breach of an always-on invariant shows."""
    operation = _named_in(breach.step) or _mentioned_in(breach.observed, breach.expected) or "the backend"
    return Symptom(operation, _what(breach.expected, breach.observed))


def _operation_of(failure: Failure, title: str) -> str:
    steps = failure.steps
    if failure.step is None:
        changing = [name for name in map(_named_in, steps) if name in _CHANGES]
        return changing[-1] if changing else _mentioned_in(failure.observed, failure.expected) or "the backend"
    step = steps[failure.step] if failure.step < len(steps) else ""
    if step.startswith("probe "):
        return _operation_of_probe(step, failure, title)
    return (
        _used_by(step, steps[: failure.step])
        or _named_in(step)
        or _mentioned_in(failure.observed, failure.expected)
        or step
    )


def _operation_of_probe(step: str, failure: Failure, title: str) -> str:
    argument = _OP_ARGUMENT.search(step)
    if argument is not None and argument[1] in OPERATIONS:
        return argument[1]
    spoken_of = {match[1] for text in (failure.observed, failure.expected) for match in _CALL.finditer(text)}
    about = [match[1] for match in _CALL.finditer(title)]
    agreed = [name for name in about if name in spoken_of] or about
    return agreed[0] if agreed else _mentioned_in(failure.observed, failure.expected) or step.split()[1]


def _named_in(step: str) -> str | None:
    """Return the operation that a step does."""
    match = _STEP.match(step)
    return match[2] if match is not None and match[2] in OPERATIONS else None


def _used_by(step: str, earlier: Sequence[str]) -> str | None:
    """Return the operation whose result a step uses, as a stream that it reads or a path that it asks about."""
    match = _STEP.match(step)
    on = match[1].split(".")[0] if match is not None and match[1] not in (None, "peer") else None
    argument = _PLACEHOLDER.search(step.partition(" -> ")[0])
    name = on or (argument[1] if argument is not None else None)
    if name is None:
        return None
    binding = [one for one in earlier if re.search(rf" as {re.escape(name)}\b", one)]
    # The source of a write is bound inside its step: the one before is meant.
    found = [name for name in map(_named_in, reversed(binding or earlier if on else binding)) if name is not None]
    # What asks about a path that another operation gave is to blame itself, unless that one made the path.
    return found[0] if found and (on or found[0] in _CHANGES) else None


def _mentioned_in(*texts: str) -> str | None:
    return next((match[1] for match in map(_CALL.search, texts) if match is not None), None)


def _what(expected: str, observed: str) -> str:
    """Return how an observation differs from what was expected, without the names and numbers of one case."""
    raised = _RAISED.search(observed)
    wanted = _ERROR.match(expected)
    if raised is not None:
        instead = f" instead of {wanted[0]}" if wanted is not None and raised[1] in ERRORS else ""
        return f"raises {raised[1]}{instead}"
    if wanted is not None:
        return f"does not raise {wanted[0]}"
    for pattern, what in _DIFFERENCES:
        match = pattern.search(observed)
        if match is not None:
            return what.format(*match.groups())
    if "requests" in expected:
        return "sends too many requests"
    field = _FIELD.search(expected)
    if field is not None:
        return f"returns a wrong {field[1]}"
    return f"does not meet: {_plain(expected)}"


def _plain(text: str) -> str:
    """Return a text without what differs from case to case: names in quotes, bytes and numbers."""
    return _NUMBER.sub("N", _QUOTED.sub("…", text))[:_LONGEST]


def cause_of(symptom: Symptom) -> tuple[str, str]:
    """Return what failures of one cause share: an error of another library, or text, comes from one place for all."""
    raised = re.fullmatch(r"raises (\w+)", symptom.what)
    if symptom.what == _TEXT or (raised is not None and raised[1] not in ERRORS):
        return "", symptom.what
    return next((group[0] for group in _RELATED if symptom.operation in group), symptom.operation), symptom.what


def _plainness(finding: Finding) -> tuple[int, bool, bool, int]:
    """Return what sorts findings: steps are understood sooner than a probe, a failed case sooner than a breach."""
    attempts = finding.outcome.attempts if finding.outcome is not None else ()
    failure = finding.outcome.failure if finding.outcome is not None else None
    steps = failure.steps if failure is not None else ()
    by_probe = any(step.startswith("probe ") for step in steps)
    given = len(attempts[0].given) if attempts else 0
    return LEVELS.index(finding.verdict.axiom.level), finding.outcome is None, by_probe, len(steps) + given


def _cause(members: Sequence[Finding]) -> Cause:
    ordered = sorted(members, key=_plainness)
    operations = Counter(one.symptom.operation for one in members)
    return Cause(ordered[0].symptom.what, tuple(name for name, _ in operations.most_common()), tuple(ordered))


def _weight(cause: Cause) -> tuple[int, int, int]:
    levels = Counter(verdict.axiom.level for verdict in cause.verdicts)
    return (-min(levels["MUST"], 1), -len(cause.verdicts), -len(cause.findings))
