"""What a run prints of its failures: by cause, in few lines, and nothing that somebody needs is left out."""

from __future__ import annotations

from typing import Any

from rsconform.cli.failures import failures
from rsconform.run.records import Attempt, Failure
from tests.report.journals import axiom, breach, errored, failed, passed, report


def bad(number: int, op: str, case: str = "a") -> Attempt:
    failure = Failure("NotFound", f"{op} returned None", step=0, steps=(f"{op} path='a'",))
    return failed(f"BE-{number:03}/{case}", failure=failure, given=("'a'  text:x (1 byte)",))


def text_of(*attempts: Attempt, **facts: Any) -> str:
    return "\n".join(failures(report(*attempts, **facts)))


def test_a_single_cause_is_shown_whole_with_what_lay_in_the_store_and_the_other_axioms_by_id() -> None:
    shown = text_of(bad(1, "write"), bad(2, "write"), bad(3, "write"))

    assert "cause: write: does not raise NotFound (3 MUST, 3 cases)" in shown
    assert "  given     'a'  text:x (1 byte)" in shown
    assert "  rerun     rsconform run" in shown
    assert "  also      BE-002, BE-003" in shown


def test_of_one_axiom_the_other_cases_are_named() -> None:
    assert "  also      BE-001/b" in text_of(bad(1, "write"), bad(1, "write", "b"))


def test_of_many_causes_the_first_is_whole_and_the_others_two_lines_each() -> None:
    ops = ("write", "read", "copy", "move", "exists", "delete", "is_file", "is_folder", "list_files", "glob")
    attempts = [bad(number, op) for number, op in enumerate(ops, start=1)]

    lines = text_of(bad(50, "write"), *attempts).splitlines()

    assert lines[0] == "mend first: write: does not raise NotFound (2 MUST, 2 cases)"
    assert len([line for line in lines if line.startswith("then: ")]) == 5
    assert lines[-1] == "and 3 more causes of 3 axioms, on the page"
    assert len(lines) < 25


def test_a_breach_is_shown_with_the_case_that_it_was_seen_in() -> None:
    axioms = [axiom("BE-006"), axiom("BE-002b", invariant="error-names-backend")]
    attempt = passed("BE-006/a", breaches=(breach("BE-002b"),), judged=("BE-002b",), given=("'a'  text:x (1 byte)",))

    shown = text_of(attempt, axioms=axioms)

    assert "  seen in   BE-006/a\n  given     'a'  text:x (1 byte)" in shown


def test_what_broke_is_shown_once_for_each_error() -> None:
    shown = text_of(errored("BE-001/a"), errored("BE-002/a"), errored("BE-003/a", "another"))

    assert shown.count("error     ") == 2


def test_a_run_that_holds_prints_nothing() -> None:
    assert text_of(passed("BE-001/a")) == ""
