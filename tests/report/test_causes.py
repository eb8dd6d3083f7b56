"""Failures by cause: what one fault explains is one cause, and the one that explains most comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rsconform.report.causes import causes, symptom_of, symptom_of_breach
from rsconform.run.records import Attempt, Breach, Failure
from tests.report.journals import axiom, failed, passed, report

READ = ("write path='a' content=text:x (1 byte)", "read_bytes path='a' -> reads text:x (1 byte)")


def failure(
    expected: str, observed: str, step: int | None = 0, steps: tuple[str, ...] = READ, *, hang: bool = False
) -> Failure:
    return Failure(expected, observed, step=step, steps=steps, hang=hang)


@pytest.mark.parametrize(
    ("one", "operation", "what"),
    [
        (
            failure("b'x' (1 byte)", "'x', a str of 1 characters that spell these bytes", 1),
            "read_bytes",
            "returns text",
        ),
        (failure("b'x'", "b'y' (1 bytes), first difference at byte 0: b'y' instead of b'x'", 1), "read_bytes", "first"),
        (failure("9 bytes", "3 bytes, first difference at byte 3: it ends there", 1), "read_bytes", "is cut short"),
        (failure("NotFound", "write raised KeyError: 'a'"), "write", "raises KeyError"),
        (failure("NotFound", "write raised InvalidPath: a"), "write", "raises InvalidPath instead of NotFound"),
        (failure("NotFound or InvalidPath", "write returned None"), "write", "does not raise NotFound or InvalidPath"),
        (failure("exists to return False", "True"), "write", "returns True"),
        (failure("exactly ['a']", "missing 'a'"), "write", "leaves entries out"),
        (failure("the tree: a with 3 bytes", "a is missing", None), "write", "a file is missing afterwards"),
        (failure("an end in time", "it did not end", hang=True), "write", "does not return in time"),
        (failure("at most 2 total requests", "5; sent: 5 GET"), "write", "sends too many requests"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_failure_shows_at_which_operation_what_went_wrong(one: Failure, operation: str, what: str) -> None:
    symptom = symptom_of(one)

    assert symptom.operation == operation
    assert what in symptom.what


def test_a_stream_that_fails_belongs_to_the_operation_that_opened_it() -> None:
    steps = ("read path='a' as stream", "stream.read args=[3] -> reads text:abc (3 bytes)")

    assert symptom_of(failure("b'abc'", "b'ab'", 1, steps)).operation == "read"


def test_the_operation_of_a_probe_is_its_argument_or_the_one_that_it_speaks_of() -> None:
    named = ("probe operations.overwrites op=copy",)
    silent = ("probe concurrency.own_moves folder=d",)

    assert symptom_of(failure("x", "y", 0, named)).operation == "copy"
    assert symptom_of(failure("move() to return", "it raised OSError: no", 0, silent)).operation == "move"
    assert symptom_of(failure("something", "else", 0, silent)).operation == "concurrency.own_moves"


def test_the_title_of_its_axiom_says_which_of_several_operations_a_probe_is_about() -> None:
    one = failure(
        "the children that list_files() gives", "others from iter_children()", 0, ("probe operations.children",)
    )

    assert symptom_of(one).operation == "iter_children"
    assert symptom_of(one, "list_files() and iter_children() agree").operation == "list_files"
    assert symptom_of(failure("a", "b", 0, ("probe x.y",)), "resolve() hides secrets").operation == "resolve"


def test_a_step_that_uses_an_earlier_result_belongs_to_the_operation_that_gave_it() -> None:
    steps = ("write path='a' content=text:x (1 byte) as done", "read_bytes path={done.path} -> reads text:x (1 byte)")
    source = ("write path='a' content=stream of text:x (1 byte)", "source.closed -> returns False")

    assert symptom_of(failure("b'x'", "NotFound", 1, steps)).operation == "write"
    assert symptom_of(failure("False", "True", 1, source)).operation == "write"


def test_a_breach_is_seen_at_the_operation_of_its_step() -> None:
    breach = Breach("BE-021a", "an error of remote_store", "raised KeyError: 'a'", "get_file_info path='a'")

    assert symptom_of_breach(breach).operation == "get_file_info"


def bad(case: str, observed: str, op: str = "write") -> Attempt:
    return failed(case, failure=Failure("NotFound", observed, step=0, steps=(f"{op} path='a'",)))


def test_one_cause_holds_all_that_it_explains_and_a_must_comes_before_many_shoulds() -> None:
    axioms = [axiom("BE-006"), *(axiom(f"BE-00{number}", "SHOULD") for number in (7, 8, 9))]
    attempts = [bad("BE-006/a", "write raised InvalidPath: a")]
    attempts += [bad(f"BE-00{number}/a", "copy returned None", "copy") for number in (7, 8, 9)]

    first, second = causes(report(*attempts, axioms=axioms))

    assert (first.title, [one.axiom.id for one in first.verdicts]) == (
        "write: raises InvalidPath instead of NotFound",
        ["BE-006"],
    )
    assert [one.axiom.id for one in second.verdicts] == ["BE-007", "BE-008", "BE-009"]


def test_an_error_of_another_library_is_one_cause_whatever_lets_it_out() -> None:
    ops = ("read", "read_bytes", "copy", "move")
    attempts = [bad(f"BE-00{number}/a", f"{op} raised KeyError: 'a'", op) for number, op in enumerate(ops, start=1)]

    (cause,) = causes(report(*attempts))

    assert cause.title == "read, read_bytes, copy and 1 more: raises KeyError"


def test_what_holds_has_no_cause() -> None:
    assert causes(report(passed("BE-006/a"))) == ()


def test_the_strictest_level_is_shown_first() -> None:
    axioms = [axiom("BE-006", "SHOULD"), axiom("BE-007")]
    attempts = [bad("BE-006/a", "write returned None"), bad("BE-007/a", "write returned None")]

    (cause,) = causes(report(*attempts, axioms=axioms))

    assert cause.findings[0].verdict.axiom.id == "BE-007"
    assert replace(cause, findings=()).verdicts == ()
