from __future__ import annotations

from dataclasses import replace
from typing import Any

from rsconform.report.exit_code import decide
from rsconform.report.text import render_failure, render_summary
from rsconform.run.records import Failure, Instance
from tests.report.journals import axiom, breach, errored, failed, header, passed, planned, report, rich, skip, skipped

WINNER = axiom(
    "S3B-080",
    title="Of concurrent creators exactly one wins",
    place="specs/S3B.toml:412",
    statement="When several writers create one key at the same time without overwriting, one of them succeeds and the "
    "others raise AlreadyExists.",
)
NAMED = axiom("BE-002b", "SHOULD", title="Errors carry the backend's own name")
HEADER = header([WINNER, NAMED], [], rerun_command="rsconform run --backend memory --seed 4711")
CASE = "S3B-080/one-winner[op=write]"
FAILURE = Failure(
    expected="one WriteResult, seven AlreadyExists",
    observed="three WriteResults, five AlreadyExists; the stored object is creator 5's and not that of any of the "
    "three who were told that they won",
    step=0,
    steps=("probe concurrency.one_winner op=write creators=8", 'read_bytes("k")'),
)

GOLDEN = """\
S3B-080/one-winner[op=write]  MUST  Of concurrent creators exactly one wins  lane memory
  axiom     specs/S3B.toml:412
            When several writers create one key at the same time without overwriting, one of them
            succeeds and the others raise AlreadyExists.
  steps     1 probe concurrency.one_winner op=write creators=8   <- here
            2 read_bytes("k")
  expected  one WriteResult, seven AlreadyExists
  observed  three WriteResults, five AlreadyExists; the stored object is creator 5's and not that of
            any of the three who were told that they won
  rerun     rsconform run --backend memory --seed 4711 --case 'S3B-080/one-winner[op=write]'"""

GOLDEN_BREACH = """\
BE-002b  SHOULD  Errors carry the backend's own name  lane memory
  axiom     specs/BE.toml:12
            Statement of BE-002b.
  seen in   S3B-080/one-winner[op=write]
  step      1 read_bytes("a")
  expected  backend='memory'
  observed  backend=None
  rerun     rsconform run --backend memory --seed 4711 --case 'S3B-080/one-winner[op=write]'"""


def test_a_failure_shows_what_a_person_needs() -> None:
    assert render_failure(failed(CASE, failure=FAILURE), WINNER, HEADER) == GOLDEN


def test_the_cases_own_failure_comes_before_its_breaches() -> None:
    shown = render_failure(failed(CASE, failure=FAILURE, breaches=(breach("BE-002b"),)), WINNER, HEADER)

    assert shown == f"{GOLDEN}\n\n{GOLDEN_BREACH}"


def test_a_case_that_passed_shows_only_its_breach() -> None:
    assert render_failure(passed(CASE, breaches=(breach("BE-002b"),)), WINNER, HEADER) == GOLDEN_BREACH


def test_no_line_is_wider_than_a_hundred_columns_but_those_to_copy() -> None:
    long = replace(FAILURE, observed="word " * 80, steps=("write " * 60,))
    lines = render_failure(failed(CASE * 4, failure=long), WINNER, HEADER).splitlines()

    assert [line.split()[0] for line in lines if len(line) > 100] == [
        CASE * 4,
        "rerun",
    ]


def test_hangs_deaths_flakes_and_end_states_are_said_in_words() -> None:
    def shown(**facts: Any) -> str:
        return render_failure(failed(CASE, failure=replace(FAILURE, **facts)), WINNER, HEADER, flaky=True)

    assert "did not return within the limit" in shown(hang=True)
    assert "the process ended in the middle" in shown(died=True)
    assert "the state after the last one" in shown(step=None)
    assert "while the result was read to its end" in shown(phase="drain")
    assert "another attempt in a fresh store" in shown()


def test_what_broke_before_any_case_is_run_again_without_one() -> None:
    shown = render_failure(passed("no instance", breaches=(breach("BE-002b"),)), NAMED, HEADER)

    assert shown.endswith("rerun     rsconform run --backend memory --seed 4711")


def test_an_error_is_told_apart_from_a_failure() -> None:
    shown = render_failure(errored(CASE, "given failed: no route"), WINNER, HEADER)

    assert "error     given failed: no route" in shown
    assert "This says nothing about the backend." in shown


SUMMARY = """\
lane      memory: in_process, audited past the backend
backend   pkg.Memory of remote-store 0.33.0; contract: remote-store 0.33.0
cases     4 passed, 2 failed, 1 errored, 4 skipped, 1 not taken (edition dev, 11 axioms, seed 4711)
MUST      2 hold, 2 violated, 1 waived, 1 inconclusive, 1 not exercised
SHOULD    1 hold, 1 not applicable
MAY       1 not taken, 1 not applicable
untested  1 that no run can show
violated  BE-008a MUST Title of BE-008a (1 of 1 case failed, flaky: attempts differ)
          BE-021a MUST Title of BE-021a (breached in 1 case)
waived    BE-009: waived until 2027-12-31 (ann): known
open      BE-012: given failed: no route
not run   BE-010: needs audit (shows the store past the backend)
not taken BE-011b MAY Title of BE-011b
observed  flat_namespace = true: 1 of 1 case that presume false failed; to pin it: --trait
          flat_namespace=true
          under_declared: glob works without its capability (1 case)
grade     none; not core: 2 MUST violated: BE-008a, BE-021a; 1 MUST inconclusive: BE-012; 1 MUST not
          exercised: BE-010
exit 1    2 MUST violated: BE-008a, BE-021a
besides   1 case errored, which says nothing about the backend (exit 3 by itself)
besides   the waiver of BE-006 for memory (rsconform-waivers.toml:1) is no longer needed: the axiom
          holds. Remove it; the waiver of BE-099 for memory (rsconform-waivers.toml:1) matches
          nothing: the edition has no such axiom; the waiver of BE-008a for memory
          (rsconform-waivers.toml:1) is expired since 2027-01-01 (ann) (exit 5 by itself)
written   reports/memory/certificate.toml"""


def test_a_summary_tells_all_that_somebody_has_to_know() -> None:
    made = rich()

    assert render_summary(made, decide([made]), certificate="reports/memory/certificate.toml") == SUMMARY


def test_a_clean_run_is_short() -> None:
    made = report(passed("BE-006/a"))
    shown = render_summary(made, decide([made]), certificate="x")

    assert "exit 0    what was asked for holds" in shown
    assert len(shown.splitlines()) <= 8


def test_many_open_axioms_with_one_reason_are_one_line() -> None:
    plan = [planned(f"BE-{number:03}/a") for number in range(1, 40)]
    made = report(plan=plan, instance=Instance(unreachable="connection refused"))
    shown = render_summary(made, decide([made]))

    assert "open      BE-001 and 38 more: no case was run: connection refused" in shown
    assert "no certificate" in shown
    assert len(shown.splitlines()) <= 12


def test_many_violated_axioms_are_counted_and_the_first_named() -> None:
    made = report(*(failed(f"BE-{number:03}/a") for number in range(1, 40)), skipped("BE-099/a", skip()))
    shown = render_summary(made, decide([made]))

    assert "violated  39 axioms: BE-001, BE-002" in shown
    assert "and 31" in shown


def test_permitted_refusals_are_one_line() -> None:
    made = report(
        passed("BE-006/a", notes=("refused: write raised InvalidPath",)),
        passed("BE-006/b", notes=("refused: exists raised InvalidPath",)),
    )

    assert [line for line in render_summary(made, decide([made])).splitlines() if "refus" in line] == [
        "observed  2 cases ended in a permitted refusal"
    ]


def test_figures_are_left_to_the_report() -> None:
    made = report(passed("BE-006/a", notes=("measured: copy stopped 4 times, 3 of them in its middle", "odd")))
    shown = render_summary(made, decide([made]))

    assert "odd" in shown
    assert "stopped" not in shown
    assert [seen.text for seen in made.observations] == [
        "measured: copy stopped 4 times, 3 of them in its middle",
        "odd",
    ]
