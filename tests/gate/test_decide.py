"""What keeps a certificate out, and with which exit code."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rsconform.gate.decide import Decision, decide
from rsconform.report.exit_code import ExitCode
from rsconform.report.report import Grade
from tests.gate.certificates import certificate, violated
from tests.snippets import lane_of

TODAY = date(2030, 1, 2)
SHOULD = {"not_exercised": {"BE-900": "SHOULD: needs peer"}}
MUST = {"not_exercised": {"BE-900": "MUST: needs peer"}}


def waived(until: date) -> dict[str, Any]:
    entry = {"level": "MUST", "title": "Metadata", "reason": "Known.", "owner": "me", "until": until}
    return {"waived": {"BE-008n": entry}}


def decided(folder: Path, require: Grade = Grade.CORE, **facts: Any) -> Decision:
    return decide(certificate(folder, **facts), require=require, today=TODAY, lock="lock")


CASES: dict[str, tuple[dict[str, Any], Grade, ExitCode]] = {
    "all holds": ({}, Grade.FULL, ExitCode.HOLDS),
    "a MUST is violated": ({"grade": "none", "axioms": violated()}, Grade.CORE, ExitCode.VIOLATED),
    "a SHOULD is violated, core": ({"grade": "core", "axioms": violated("SHOULD")}, Grade.CORE, ExitCode.HOLDS),
    "a SHOULD is violated, full": ({"grade": "core", "axioms": violated("SHOULD")}, Grade.FULL, ExitCode.VIOLATED),
    "a MUST was not exercised": ({"grade": "none", "axioms": MUST}, Grade.CORE, ExitCode.INCOMPLETE),
    "a SHOULD was not exercised, core": ({"grade": "core", "axioms": SHOULD}, Grade.CORE, ExitCode.HOLDS),
    "other axioms": ({"lock": "older"}, Grade.CORE, ExitCode.INCOMPLETE),
    "the grade is not reached": ({}, Grade.HARDENED, ExitCode.INCOMPLETE),
    "a waiver in force": ({"grade": "core", "axioms": waived(date(2030, 1, 2))}, Grade.CORE, ExitCode.HOLDS),
    "a waiver that expired": ({"grade": "core", "axioms": waived(date(2030, 1, 1))}, Grade.CORE, ExitCode.WAIVERS),
}


@pytest.mark.parametrize(("facts", "require", "code"), CASES.values(), ids=CASES)
def test_a_certificate_is_held_to_its_grade(
    facts: dict[str, Any], require: Grade, code: ExitCode, tmp_path: Path
) -> None:
    decision = decided(tmp_path, require, **facts)

    assert decision.code is code
    assert bool(decision.findings) is (code is not ExitCode.HOLDS)


WORSE: dict[str, tuple[dict[str, Any], ExitCode]] = {
    "a verdict lost": ({"grade": "core", "axioms": violated("SHOULD")}, ExitCode.VIOLATED),
    "a capability lost": ({"backend": {"capabilities": ["READ"]}}, ExitCode.INCOMPLETE),
    "an affordance lost": ({"lane": {"name": "mine", "affordances": ["seed"]}}, ExitCode.INCOMPLETE),
    "axioms lost": ({"held": 9}, ExitCode.INCOMPLETE),
    "weaker evidence": ({"evidence": "in_process"}, ExitCode.INCOMPLETE),
    "no auditor": ({"audit": "self"}, ExitCode.INCOMPLETE),
    "another lane": ({"lane": {"name": "other"}}, ExitCode.USAGE),
    "an older contract": ({"contract": "0.32.1"}, ExitCode.INCOMPLETE),
    "points lost": (
        {"axioms": {"holds_in_part": {"BE-006a": "MUST: 1 of 2 cases not exercised, needs peer"}}},
        ExitCode.INCOMPLETE,
    ),
    "nothing": ({}, ExitCode.HOLDS),
}


@pytest.mark.parametrize(("facts", "code"), WORSE.values(), ids=WORSE)
def test_what_has_become_worse_is_said(facts: dict[str, Any], code: ExitCode, tmp_path: Path) -> None:
    old = certificate(tmp_path)
    new = certificate(tmp_path, **facts)

    assert decide(new, require=Grade.CORE, today=TODAY, lock="lock", baseline=old).code is code


def test_what_has_become_better_is_said_and_admitted(tmp_path: Path) -> None:
    old = certificate(tmp_path, "none", axioms=violated())
    new = certificate(tmp_path, held=11)

    decision = decide(new, require=Grade.CORE, today=TODAY, lock="lock", baseline=old)

    assert decision.code is ExitCode.HOLDS
    assert decision.better == ("BE-008n has become better: violated before, holds now.",)


def test_points_that_are_no_longer_reached_are_told_with_the_reason(tmp_path: Path) -> None:
    part = {"holds_in_part": {"BE-006a": "MUST: 1 of 2 cases not exercised, needs peer"}}
    old, new = certificate(tmp_path), certificate(tmp_path, axioms=part)

    decision = decide(new, require=Grade.CORE, today=TODAY, lock="lock", baseline=old)

    assert [finding.text for finding in decision.findings] == [
        "BE-006a has become weaker: all of it was exercised before, now 1 of 2 cases not exercised, needs peer."
    ]
    assert decide(new, require=Grade.CORE, today=TODAY, lock="lock", baseline=new).findings == ()


def test_other_facts_of_the_lane_make_it_stale(tmp_path: Path) -> None:
    lane = lane_of(name="mine")
    one = certificate(tmp_path, lane={"name": "mine", "digest": lane.digest})
    options: Any = {"require": Grade.CORE, "today": TODAY, "lock": "lock"}

    assert decide(one, lane=lane, **options).code is ExitCode.HOLDS
    decision = decide(one, lane=lane_of(name="mine", affordances=("audit",)), **options)
    assert decision.code is ExitCode.INCOMPLETE
    assert "the facts of its lane" in decision.findings[0].text


def test_a_lane_that_is_not_known_here_is_said_to_be_unchecked(tmp_path: Path) -> None:
    decision = decided(tmp_path)

    assert decision.code is ExitCode.HOLDS
    assert "The facts of its lane could not be checked: no lane 'mine' is known here." in decision.unchecked[0]


def test_another_contract_than_the_one_asked_for_is_not_admitted(tmp_path: Path) -> None:
    one = certificate(tmp_path, contract="0.30.0")

    decision = decide(one, require=Grade.CORE, today=TODAY, lock="lock", contract="0.33.0")

    assert decision.code is ExitCode.INCOMPLETE
    assert "say --contract 0.30.0" in decision.findings[0].text


def test_what_keeps_it_from_being_hardened_is_said(tmp_path: Path) -> None:
    texts = [finding.text for finding in decided(tmp_path, Grade.HARDENED, profile="quick").findings]

    assert texts == [
        "It has the grade full; hardened is required.",
        "No certificate of a dev edition is hardened: nothing in it is frozen.",
        "Its profile is quick: run the lane with --profile standard or deep.",
        "Nothing was executed of: wire, memory, time.",
    ]
