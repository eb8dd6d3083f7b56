"""What the part of a run that goes on takes from the part before."""

from __future__ import annotations

from dataclasses import replace

from rsconform.run.earlier import earlier_part
from rsconform.run.journal import SUPERVISOR
from rsconform.run.model import Attempt, Failure, Result
from tests.report.journals import attempt, journal
from tests.snippets import cases_of

CASES = {
    str(case.id): case
    for case in cases_of(
        '[[axiom.case]]\nname = "one"\ngiven = { "a" = "text:x", "d/" = {} }\n'
        'steps = [ { op = "copy", src = "a", dst = "b" } ]\n'
        '[[axiom.case]]\nname = "two"\nsteps = [ { op = "write", path = "c", content = "text:x" } ]'
    )
}


def died(case: str, number: int = 1) -> Attempt:
    failure = Failure("a process that goes on", "signal 9", died=True)
    return attempt(case, Result.FAILED, number, failure=failure, worker=SUPERVISOR)


def test_a_case_that_ended_its_process_is_tried_once_more_and_then_left() -> None:
    once = earlier_part(journal(died("T-001/one"), attempt("T-001/two")), CASES)
    assert once.again == {"T-001/one"}
    assert once.done == {"T-001/two"}

    twice = earlier_part(journal(died("T-001/one"), died("T-001/one", 2)), CASES)
    assert not twice.again
    assert twice.done == {"T-001/one"}


def test_the_smoke_case_is_not_tried_again() -> None:
    earlier = earlier_part(journal(died("smoke/one-file")), CASES)

    assert not earlier.again
    assert earlier.done == {"smoke/one-file"}
    assert earlier.paths == {"smoke.txt"}


def test_only_cases_that_did_not_come_to_their_end_have_left_files() -> None:
    earlier = earlier_part(journal(died("T-001/one"), attempt("T-001/two")), CASES)

    assert earlier.paths == {"a", "d/rsconform", "b"}


def test_cases_that_ran_into_their_limit_are_counted_once_each() -> None:
    hang = Failure("an end", "none", hang=True)
    first = attempt("T-001/one", Result.FAILED, failure=hang)
    second = replace(first, case="T-001/two", worker=SUPERVISOR)

    assert earlier_part(journal(first, first, second), CASES).hangs == 2
