"""What the part of a run that goes on takes from the part before."""

from __future__ import annotations

from dataclasses import replace

from rsconform.run.journal import SUPERVISOR
from rsconform.run.records import Attempt, Failure, Result
from rsconform.run.resume import resume_point_of
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
    once = resume_point_of(journal(died("T-001/one"), attempt("T-001/two")), CASES)
    assert once.retried == {"T-001/one"}
    assert once.done == {"T-001/two"}

    twice = resume_point_of(journal(died("T-001/one"), died("T-001/one", 2)), CASES)
    assert not twice.retried
    assert twice.done == {"T-001/one"}


def test_the_smoke_case_is_not_tried_again() -> None:
    earlier = resume_point_of(journal(died("smoke/one-file")), CASES)

    assert not earlier.retried
    assert earlier.done == {"smoke/one-file"}
    assert earlier.paths == {"smoke.txt"}


def test_only_cases_that_did_not_come_to_their_end_have_left_files() -> None:
    earlier = resume_point_of(journal(died("T-001/one"), attempt("T-001/two")), CASES)

    assert earlier.paths == {"a", "d/rsconform", "b"}


HANG = Failure("an end", "none", step=0, hang=True)


def test_what_hung_is_known_with_its_case_and_may_have_left_files() -> None:
    first = attempt("T-001/one", Result.FAILED, failure=HANG)
    second = replace(first, case="T-001/two", worker=SUPERVISOR)

    earlier = resume_point_of(journal(first, second), CASES)

    assert [(case.id, shown) for case, shown in earlier.hangs] == [("T-001/one", first), ("T-001/two", second)]
    assert earlier.paths == {"a", "d/rsconform", "b", "c"}


def test_a_case_that_ran_into_its_limit_is_tried_with_a_longer_one() -> None:
    slow = replace(attempt("T-001/one", Result.FAILED, failure=HANG), slow=True)

    once = resume_point_of(journal(slow), CASES)
    assert once.longer == once.retried == {"T-001/one"}
    assert once.hangs == ()

    twice = resume_point_of(journal(slow, attempt("T-001/one", number=2)), CASES)
    assert not twice.longer
    assert twice.done == {"T-001/one"}
