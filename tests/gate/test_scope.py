"""A certificate beside the edition that it names: what no run can have said is not admitted."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rsconform.gate.decide import Decision, decide
from rsconform.gate.read import read_certificate
from rsconform.gate.scope import scope_of
from rsconform.report.exit_code import ExitCode
from rsconform.report.report import Grade
from tests.gate.certificates import document, written
from tests.snippets import edition_of, lane_of

EDITION = edition_of("""
[[axiom]]
id = "T-001"
title = "A file is read"
level = "MUST"
statement = "What is there is read."
  [[axiom.case]]
  name = "read"
  given = { "a" = "text:x" }
  steps = [ { op = "read_bytes", path = "a", reads = "text:x" } ]

[[axiom]]
id = "T-002"
title = "A pattern finds"
level = "MUST"
statement = "glob() finds."
  [[axiom.case]]
  name = "found"
  given = { "a" = "text:x" }
  steps = [ { op = "glob", pattern = "*", paths = ["a"] } ]

[[axiom]]
id = "T-003"
title = "Folders are real"
level = "SHOULD"
statement = "Where folders are real they are seen."
  [[axiom.case]]
  name = "real"
  traits = { flat_namespace = false }
  steps = [ { op = "is_folder", path = "d", returns = false } ]

[[axiom]]
id = "T-004"
title = "What cannot be shown"
level = "MUST"
statement = "Nobody can show it."
untestable = "It needs a second universe."
""")
LANE = lane_of(name="mine", affordances=("audit", "seed"), traits={"flat_namespace": True})
NOT_APPLICABLE = {"T-002": "MUST: GLOB is not declared", "T-003": "SHOULD: only where flat_namespace = false"}


def held(folder: Path, *, axioms: dict[str, Any], held: int, counts: Any = None, **facts: Any) -> Decision:
    """Return what the gate says of a certificate about the small edition."""
    lane = {
        "name": "mine", "digest": LANE.digest, "affordances": ["audit", "seed"], "stage": 1, "specs": [],
        "traits": {name: value for name, value in LANE.declared.items() if value is not None},
    }  # fmt: skip
    given = {"lane": lane, "lock": EDITION.lock_digest, "evidence": LANE.evidence, **facts}
    whole = document("full", held=held, axioms=axioms, **given)
    whole["backend"] = {"capabilities": ["READ", "LIST"], "surface": "sync"}
    whole["counts"] = counts or whole["counts"]
    whole["edition"] = f"dev, {sum(sum(row.values()) for row in whole['counts'].values())} axioms"
    one = read_certificate(written(folder, whole))
    scope = scope_of(one, EDITION)
    return decide(one, require=Grade.FULL, today=date(2030, 1, 2), lock=EDITION.lock_digest, lane=LANE, scope=scope)


def texts(decision: Decision) -> list[str]:
    return [finding.text for finding in decision.findings]


def test_a_certificate_of_a_whole_run_is_admitted(tmp_path: Path) -> None:
    decision = held(tmp_path, axioms={"not_applicable": NOT_APPLICABLE}, held=1)

    assert texts(decision) == []
    assert decision.unchecked == ()


def test_one_hold_and_nothing_else_is_not_admitted(tmp_path: Path) -> None:
    decision = held(tmp_path, axioms={}, held=1)

    assert decision.code is ExitCode.USAGE
    assert "It speaks of 1 MUST, and the edition has 2 for this lane." in texts(decision)
    assert "It speaks of 0 SHOULD, and the edition has 1 for this lane." in texts(decision)


def test_what_does_not_apply_cannot_be_turned_into_what_holds(tmp_path: Path) -> None:
    decision = held(tmp_path, axioms={}, held=2, counts={"MUST": {"holds": 2}, "SHOULD": {"holds": 1}})

    said = "and by its own facts no case of that was executed"
    assert texts(decision) == [
        f"It says that T-002 holds, {said}: GLOB is not declared.",
        f"It says that T-003 holds, {said}: only where flat_namespace = false.",
    ]


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        ({"not_applicable": {**NOT_APPLICABLE, "T-009": "MUST: x"}}, "It lists T-009, which the edition does not have"),
        ({"not_applicable": {**NOT_APPLICABLE, "T-004": "MUST: x"}}, "It lists T-004, which the edition does not have"),
        (
            {"not_applicable": {**NOT_APPLICABLE, "T-003": "MAY: x"}},
            "It calls T-003 a MAY; the edition has it as a SHOULD.",
        ),
    ],
    ids=["unknown", "untestable", "another-level"],
)
def test_ids_and_levels_are_those_of_the_edition(tmp_path: Path, listed: dict[str, Any], says: str) -> None:
    assert any(text.startswith(says) for text in texts(held(tmp_path, axioms=listed, held=1)))


def test_another_evidence_than_the_digest_is_of_is_not_admitted(tmp_path: Path) -> None:
    decision = held(tmp_path, axioms={"not_applicable": NOT_APPLICABLE}, held=1, evidence="live")

    assert texts(decision) == ["It contradicts itself: the facts of its lane do not have the digest that it states."]


def test_axioms_of_a_family_that_is_not_known_here_are_said_to_be_uncounted(tmp_path: Path) -> None:
    whole = document(lane={"name": "mine", "specs": ["MINE"]}, lock=EDITION.lock_digest)
    one = read_certificate(written(tmp_path, whole))

    assert scope_of(one, EDITION) is None
    decision = decide(one, require=Grade.CORE, today=date(2030, 1, 2), lock=EDITION.lock_digest)
    assert any("its lane names a family" in sentence for sentence in decision.unchecked)


def test_an_invariant_about_requests_may_hold_where_the_lane_has_a_wire_alone(tmp_path: Path) -> None:
    edition = edition_of("""
[[axiom]]
id = "T-005"
title = "Requests are bounded"
level = "MUST"
statement = "An operation sends no more requests than it needs."
invariant = "requests-bounded"
""")
    wired = lane_of(name="mine", affordances=("wire",), traits={"transport": "http"})
    facts = {"name": "mine", "affordances": ["wire"], "traits": dict(wired.declared)}
    one = read_certificate(written(tmp_path, document(held=1, lane=facts)))

    scope = scope_of(one, edition)

    assert scope is not None
    assert scope.cannot_hold == {}
