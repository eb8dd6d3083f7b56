from __future__ import annotations

from dataclasses import replace

from rsconform.report.report import Outcome
from rsconform.report.trait_inference import settle
from rsconform.run.records import Result, Skip, SkipReason
from tests.report.journals import outcome, skip

FLAT, HIERARCHICAL = ("flat_namespace", "true"), ("flat_namespace", "false")


def presuming(
    reading: tuple[str, str], *results: Result | None, wider: tuple[tuple[str, str], ...] = ()
) -> list[Outcome]:
    return [outcome(result, f"BE-006/{reading[1]}-{n}", readings=(*wider, reading)) for n, result in enumerate(results)]


def results(outcomes: tuple[Outcome, ...]) -> list[Result | None]:
    return [one.result for one in outcomes]


def test_readings_without_a_failure_count() -> None:
    before = (*presuming(FLAT, Result.PASSED), *presuming(HIERARCHICAL, Result.PASSED, Result.ERRORED))

    assert settle(before) == (before, ())


def test_a_failure_refutes_its_reading_and_takes_its_passes_along() -> None:
    after, seen = settle(presuming(FLAT, Result.PASSED) + presuming(HIERARCHICAL, Result.FAILED, Result.PASSED))

    assert results(after) == [Result.PASSED, Result.SKIPPED, Result.SKIPPED]
    assert after[1].skip == Skip(SkipReason.READING, "flat_namespace = false")
    assert [one.option for one in seen] == ["--trait flat_namespace=true"]


def test_the_only_reading_with_cases_can_be_refuted() -> None:
    after, seen = settle(presuming(FLAT, Result.FAILED))

    assert results(after) == [Result.SKIPPED]
    assert seen[0].trait == HIERARCHICAL


def test_where_both_readings_fail_the_one_with_fewer_failures_is_the_lanes() -> None:
    flat = presuming(FLAT, Result.FAILED, Result.FAILED, Result.PASSED)
    after, seen = settle(flat + presuming(HIERARCHICAL, Result.FAILED, Result.PASSED))

    assert results(after) == [Result.SKIPPED] * 3 + [Result.FAILED, Result.PASSED]
    assert seen[0].trait == HIERARCHICAL


def test_where_both_readings_fail_alike_the_first_is_the_lanes() -> None:
    after, seen = settle(presuming(FLAT, Result.FAILED) + presuming(HIERARCHICAL, Result.FAILED))

    assert results(after) == [Result.FAILED, Result.SKIPPED]
    assert seen[0].trait == FLAT


def test_an_error_under_a_refuted_reading_goes_with_it_and_a_gap_stays() -> None:
    after, _ = settle(presuming(FLAT, Result.FAILED, Result.ERRORED, None))

    assert results(after) == [Result.SKIPPED, Result.SKIPPED, None]


def test_an_error_alone_refutes_nothing() -> None:
    before = tuple(presuming(FLAT, Result.ERRORED) + presuming(HIERARCHICAL, Result.PASSED))

    assert settle(before) == (before, ())


def test_why_a_case_was_skipped_outlives_its_reading() -> None:
    why = skip("audit")
    first, second = presuming(FLAT, Result.FAILED, Result.SKIPPED)

    after, _ = settle([first, replace(second, skip=why)])

    assert after[1].skip == why


def test_traits_are_settled_apart() -> None:
    other = ("rejects_write_under_file_ancestor", "true")
    after, seen = settle(presuming(FLAT, Result.FAILED) + presuming(other, Result.PASSED))

    assert results(after) == [Result.SKIPPED, Result.PASSED]
    assert len(seen) == 1


def test_of_many_values_only_what_is_refuted_is_known() -> None:
    http, ssh, sql = (("transport", value) for value in ("http", "ssh", "sql"))
    outcomes = presuming(http, Result.PASSED) + presuming(ssh, Result.PASSED) + presuming(sql, Result.FAILED)
    after, seen = settle(outcomes)

    assert results(after) == [Result.PASSED, Result.PASSED, Result.SKIPPED]
    assert seen[0].option is None
    assert seen[0].text.startswith("transport is not sql: ")


def test_a_failure_that_presumes_nothing_stays() -> None:
    after, seen = settle([outcome(Result.FAILED)])

    assert results(after) == [Result.FAILED]
    assert not seen


REFUSES, ACCEPTS = (("rejects_write_under_file_ancestor", value) for value in ("true", "false"))


def test_where_folders_are_real_a_write_below_a_file_that_is_accepted_is_a_failure() -> None:
    seen_hierarchical = presuming(FLAT, Result.FAILED) + presuming(HIERARCHICAL, Result.PASSED)
    accepting = presuming(REFUSES, Result.FAILED) + presuming(ACCEPTS, Result.PASSED)

    after, seen = settle(seen_hierarchical + accepting)

    assert results(after)[2:] == [Result.FAILED, Result.SKIPPED]
    assert seen[1].option == "--trait rejects_write_under_file_ancestor=true"


def test_where_folders_are_not_real_either_answer_to_a_write_below_a_file_passes() -> None:
    seen_flat = presuming(FLAT, Result.PASSED) + presuming(HIERARCHICAL, Result.FAILED)
    accepting = presuming(REFUSES, Result.FAILED) + presuming(ACCEPTS, Result.PASSED)
    refusing = presuming(REFUSES, Result.PASSED) + presuming(ACCEPTS, Result.FAILED)

    for below_a_file in (accepting, refusing):
        after, _ = settle(seen_flat + below_a_file)

        assert Result.FAILED not in results(after)


def test_a_failure_counts_for_nothing_where_a_wider_reading_of_its_case_is_refuted() -> None:
    narrow = presuming(REFUSES, Result.FAILED, wider=(FLAT,)) + presuming(ACCEPTS, Result.FAILED, wider=(FLAT,))
    after, seen = settle(presuming(FLAT, Result.FAILED) + presuming(HIERARCHICAL, Result.PASSED) + narrow)

    assert results(after) == [Result.SKIPPED, Result.PASSED, Result.SKIPPED, Result.SKIPPED]
    assert [one.trait for one in seen] == [HIERARCHICAL]
