"""Waivers: read from `rsconform-waivers.toml`, and reviewed against what a run found."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from rsconform.report.report import Verdict, VerdictStatus, Waiver, WaiverFinding, WaiverState
from rsconform.report.verdicts import expects, shown_failures
from rsconform.spec.axiom import Place
from rsconform.spec.locate import Block, locate
from rsconform.spec.problems import Problem, SpecError, nearest

FILE_NAME: Final = "rsconform-waivers.toml"
_KEYS: Final[Mapping[str, str]] = {
    "axiom": "an axiom ID",
    "lane": "a lane's name",
    "reason": "a sentence",
    "owner": "a name",
    "issue": "a link or number",
    "until": "a date such as 2027-03-31",
    "expected": "text that the failure shows",
}


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Return the waivers of a file, in file order.

    Raises:
        SpecError: The file is wrong; holds every problem in it.
    """
    text = path.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError([Problem("toml-syntax", Place(str(path), 1), "", f"not TOML: {error}")]) from error
    lines = locate(text)
    problems = list(_top_mistakes(document, lines, str(path)))
    waivers: list[Waiver] = []
    tables = document.get("waiver", [])
    for index, raw in enumerate(tables if isinstance(tables, list) else []):
        block = lines.key("waiver").item(index)
        found = list(_mistakes(raw, block, str(path), index + 1))
        problems += found
        if not found:
            waiver = Waiver(**raw, place=Place(str(path), block.line))
            first = next((w for w in waivers if (w.axiom, w.lane) == (waiver.axiom, waiver.lane)), None)
            if first is not None:
                what = f"{waiver.axiom} is waived for {waiver.lane} already in line {first.place.line}"
                problems.append(Problem("duplicate-waiver", waiver.place, f"waiver {index + 1}", what))
            waivers.append(waiver)
    if problems:
        raise SpecError(problems)
    return tuple(waivers)


def waivers_beside(lane_files: Iterable[Path]) -> tuple[Waiver, ...]:
    """Return the waivers that stand beside the files which declare lanes.

    Raises:
        SpecError: A file is wrong.
    """
    paths = dict.fromkeys(file.parent / FILE_NAME for file in lane_files)
    return tuple(waiver for path in paths if path.is_file() for waiver in load_waivers(path))


def review(
    waivers: Iterable[Waiver], verdicts: Sequence[Verdict], *, today: date, known: Collection[str], whole: bool
) -> tuple[WaiverFinding, ...]:
    """Return the waivers of a lane that are expired, match nothing, or are no longer needed.

    Args:
        known: Every axiom of the run, judged or not.
        whole: Whether the whole plan was run to its end; a part does not show that a waiver can go.
    """
    by_axiom = {verdict.axiom.id: verdict for verdict in verdicts}
    return tuple(
        finding
        for waiver in waivers
        if (finding := _finding(waiver, by_axiom.get(waiver.axiom), today, known, whole=whole)) is not None
    )


def review_lanes(waivers: Iterable[Waiver], lanes: Collection[str]) -> tuple[WaiverFinding, ...]:
    """Return the waivers for lanes that do not exist."""
    return tuple(
        WaiverFinding(waiver, WaiverState.UNMATCHED, f"{_named(waiver)} matches nothing: there is no such lane")
        for waiver in waivers
        if waiver.lane not in lanes
    )


def review_axioms(
    waivers: Iterable[Waiver], lanes: Collection[str], axioms: Sequence[str]
) -> tuple[WaiverFinding, ...]:
    """Return the waivers of lanes for axioms that the edition does not have."""
    found = []
    for waiver in waivers:
        if waiver.lane in lanes and waiver.axiom not in axioms:
            meant = nearest(waiver.axiom, axioms)
            hint = f". Did you mean {meant}?" if meant else ""
            text = f"{_named(waiver)} matches nothing: the edition has no such axiom{hint}"
            found.append(WaiverFinding(waiver, WaiverState.UNMATCHED, text))
    return tuple(found)


_SHOWN: Final = 120  # Characters of a failure that a waiver does not expect.
_UNNEEDED: Final = {
    VerdictStatus.HOLDS: "holds",
    VerdictStatus.NOT_APPLICABLE: "does not apply",
    VerdictStatus.NOT_TAKEN: "is a permission (MAY), which cannot be violated",
}


def _finding(
    waiver: Waiver, verdict: Verdict | None, today: date, known: Collection[str], *, whole: bool
) -> WaiverFinding | None:
    if today > waiver.until:
        return WaiverFinding(
            waiver, WaiverState.EXPIRED, f"{_named(waiver)} is expired since {waiver.until} ({waiver.owner})"
        )
    if verdict is None:
        if whole and waiver.axiom not in known:
            return WaiverFinding(
                waiver, WaiverState.UNMATCHED, f"{_named(waiver)} matches nothing: the edition has no such axiom"
            )
        return None
    if verdict.status is VerdictStatus.VIOLATED and not expects(waiver, verdict.outcomes, verdict.watch):
        other = next(
            (text for text in shown_failures(verdict.outcomes, verdict.watch) if waiver.expected not in text), ""
        )
        seen = other.rpartition("\n")[2][:_SHOWN]
        text = f'{_named(waiver)} expects "{waiver.expected}", and the failure is another: "{seen}"'
        return WaiverFinding(waiver, WaiverState.UNMATCHED, text)
    says = _UNNEEDED.get(verdict.status)
    if whole and says is not None:
        return WaiverFinding(
            waiver, WaiverState.UNNEEDED, f"{_named(waiver)} is no longer needed: the axiom {says}. Remove it"
        )
    return None


def _named(waiver: Waiver) -> str:
    return f"the waiver of {waiver.axiom} for {waiver.lane} ({waiver.place})"


def _top_mistakes(document: Mapping[str, Any], lines: Block, path: str) -> Iterator[Problem]:
    for key in document:
        if key != "waiver":
            place = Place(path, lines.key(key).line)
            yield Problem("unknown-key", place, "", "unknown key", key, ("waiver",), nearest(key, ("waiver",)))
    if not isinstance(document.get("waiver", []), list):
        place = Place(path, lines.key("waiver").line)
        yield Problem("wrong-type", place, "", "waivers are a list of tables", hint="Write [[waiver]].")


def _mistakes(raw: object, block: Block, path: str, number: int) -> Iterator[Problem]:
    where = f"waiver {number}"
    if not isinstance(raw, dict):
        yield Problem("wrong-type", Place(path, block.line), where, "a waiver is a table", hint="Write [[waiver]].")
        return
    for key, value in raw.items():
        place = Place(path, block.key(key).line)
        if key not in _KEYS:
            yield Problem("unknown-key", place, where, "unknown key", key, tuple(_KEYS), nearest(key, _KEYS))
        elif key == "until":
            # A datetime is a date to Python.
            if not isinstance(value, date) or isinstance(value, datetime):
                yield Problem("wrong-type", place, where, f'"{key}" must be {_KEYS[key]}, without quotes')
        elif not isinstance(value, str) or not value.strip():
            yield Problem("wrong-type", place, where, f'"{key}" must be {_KEYS[key]}, in quotes')
    for key, meaning in _KEYS.items():
        if key not in raw:
            yield Problem("missing-key", Place(path, block.line), where, f'"{key}" is missing: {meaning}')
