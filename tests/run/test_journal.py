"""The journal: what is written can be read back, whatever happened to its writer, and holds no secret."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rsconform.redaction import Redactor
from rsconform.run.journal import (
    JournalError,
    JournalFile,
    JournalWriter,
    clear,
    ended,
    journal_files,
    merge,
    read_journal,
)
from rsconform.run.records import Attempt, Breach, Failure, Footer, Instance, Result, Skip, SkipReason
from tests.report.journals import INSTANCE, attempt, axiom, header, planned

DIED = Failure("a process that goes on", "the process ended in the middle of the case (signal 9)", died=True)
HEADER = header([axiom()], [planned("BE-006/a"), planned("BE-006/b", skip=Skip(SkipReason.AFFORDANCE, "audit"))])
RICH = Attempt(
    case="BE-006/a[size=64KiB]",
    axiom="BE-006",
    number=2,
    result=Result.FAILED,
    skip=Skip(SkipReason.CAPABILITY, "GLOB"),
    failure=Failure("ä", "\ud800 and \n", step=1, steps=("a", "b"), phase="drain", hang=True),
    error="given failed: \u2028",
    breaches=(Breach("KIT-001", "nothing", "something", "1 write"),),
    judged=("KIT-001",),
    notes=("under_declared: x",),
    duration_s=0.25,
    worker="gw0",
)


def written(folder: Path, process: str = "main") -> JournalWriter:
    """Return a writer that has written a header."""
    writer = JournalWriter(folder, process)
    writer.header(HEADER)
    return writer


def done(writer: JournalWriter, one: Attempt) -> None:
    """Write an attempt from its beginning to its end."""
    writer.begin(one.case, one.axiom, 20, number=one.number)
    writer.end(one)


def test_what_is_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    writer = written(tmp_path)
    writer.instance(INSTANCE)
    writer.begin(RICH.case, RICH.axiom, 20, number=2)
    writer.end(RICH)
    writer.footer(Footer("stopped", "after 1 failure"))

    journal = read_journal(tmp_path)

    assert journal is not None
    assert journal.header == HEADER
    assert journal.instance == INSTANCE
    assert journal.attempts == [RICH]
    assert journal.footer == Footer("stopped", "after 1 failure")
    assert journal.begun == ()


def test_a_record_that_is_written_in_pieces_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:100]))

    written(tmp_path)

    journal = read_journal(tmp_path)
    assert journal is not None
    assert journal.header == HEADER


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_run_once_and_says_which_file(tmp_path: Path) -> None:
    (tmp_path / "journal-main.jsonl").symlink_to("/dev/full")
    writer = JournalWriter(tmp_path, "main")

    with pytest.raises(JournalError, match=r"cannot write .*journal-main\.jsonl \(No space left on device\)"):
        writer.header(HEADER)

    writer.footer(Footer("finished"))


def test_a_journal_whose_last_line_was_cut_is_read_up_to_there_and_its_case_is_begun(tmp_path: Path) -> None:
    writer = written(tmp_path)
    done(writer, attempt("BE-006/a"))
    writer.begin("BE-006/b", "BE-006", 20)
    (path,) = journal_files(tmp_path)
    whole = path.read_bytes()
    writer.end(attempt("BE-006/b"))
    cut = path.read_bytes()[: len(whole) + 30]

    path.write_bytes(cut)
    journal = read_journal(tmp_path)

    assert journal is not None
    assert [one.case for one in journal.attempts] == ["BE-006/a"]
    assert journal.begun == ("BE-006/b",)
    assert journal.footer is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"kind": "end", "case": \xff', "is no record of a journal"),
        (b"[1, 2]", "is no record of a journal"),
        (b"null", "is no record of a journal"),
        (b'{"case": "BE-006/a"}', "is no record of a journal"),
        (b'{"kind": "end", "case": "BE-006/a"}', "is no record of a journal"),
        (b'{"kind": "footer", "ending": "finished", "more": 1}', "is no record of a journal"),
        (b'{"kind": "greeting"}', "is of the unknown kind 'greeting'"),
    ],
    ids=["no-json", "list", "null", "no-kind", "half-an-end", "unknown-field", "unknown-kind"],
)
def test_a_line_that_is_no_record_is_damage_and_costs_no_more_than_itself(
    tmp_path: Path, line: bytes, says: str
) -> None:
    writer = written(tmp_path)
    (path,) = journal_files(tmp_path)
    with path.open("ab") as file:
        file.write(line + b"\n")
    done(writer, attempt("BE-006/a"))

    journal = read_journal(tmp_path)

    assert journal is not None
    assert [one.case for one in journal.attempts] == ["BE-006/a"]
    assert journal.damage == (f"line 2 of journal-main.jsonl {says}",)


def test_an_end_that_has_no_begin_is_damage_and_no_outcome(tmp_path: Path) -> None:
    written(tmp_path).end(attempt("BE-006/a"))

    journal = read_journal(tmp_path)

    assert journal is not None
    assert journal.attempts == []
    assert journal.damage == ("line 2 of journal-main.jsonl ends attempt 1 at BE-006/a, which was not begun",)


def test_a_second_end_is_damage_and_the_first_one_counts(tmp_path: Path) -> None:
    writer = written(tmp_path)
    done(writer, attempt("BE-006/a", Result.FAILED))
    writer.begin("BE-006/a", "BE-006", 20)
    writer.end(attempt("BE-006/a"))

    journal = read_journal(tmp_path)

    assert journal is not None
    assert [one.result for one in journal.attempts] == [Result.FAILED]
    assert journal.damage == ("line 5 of journal-main.jsonl is a second end of attempt 1 at BE-006/a",)


def test_lines_after_the_last_one_and_a_second_header_are_damage(tmp_path: Path) -> None:
    writer = written(tmp_path)
    writer.header(HEADER)
    writer.footer(Footer("finished"))
    done(writer, attempt("BE-006/a"))

    journal = read_journal(tmp_path)

    assert journal is not None
    assert journal.attempts == []
    assert journal.damage == (
        "line 2 of journal-main.jsonl is a second header",
        "line 4 of journal-main.jsonl comes after the last one: begin",
        "line 5 of journal-main.jsonl comes after the last one: end",
    )


def test_what_was_skipped_or_could_not_be_run_has_an_end_without_a_begin(tmp_path: Path) -> None:
    writer = written(tmp_path)
    writer.end(Attempt("BE-006/a", "BE-006", 1, Result.ERRORED, error="no instance"))
    writer.end(Attempt("BE-006/b", "BE-006", 1, Result.SKIPPED, skip=Skip(SkipReason.AFFORDANCE, "audit")))

    journal = read_journal(tmp_path)

    assert journal is not None
    assert len(journal.attempts) == 2
    assert journal.damage == ()


def test_a_file_is_read_on_while_it_grows(tmp_path: Path) -> None:
    writer = written(tmp_path)
    (path,) = journal_files(tmp_path)
    file = JournalFile(path)

    assert file.read_on()
    assert not file.read_on()
    writer.begin("BE-006/a", "BE-006", 20, seeding=True)
    assert file.read_on()
    assert file.open is not None
    assert file.open["seeding"]
    writer.seeded()
    file.read_on()
    assert not file.open["seeding"]
    writer.end(attempt("BE-006/a"))
    file.read_on()
    assert file.open is None


def test_a_process_that_says_how_it_ended_was_not_ended_by_the_constructor(tmp_path: Path) -> None:
    writer = written(tmp_path)
    writer.constructing(10)
    (path,) = journal_files(tmp_path)
    file = JournalFile(path)
    file.read_on()
    assert file.constructing is not None

    writer.footer(Footer("dirty_store", "it holds 'mine'"))
    file.read_on()
    assert file.constructing is None


def test_there_is_no_journal_without_a_header(tmp_path: Path) -> None:
    assert read_journal(tmp_path) is None
    JournalWriter(tmp_path, "main").footer(Footer("died"))
    assert read_journal(tmp_path) is None


def test_an_earlier_run_leaves_nothing_behind_but_what_is_no_journal(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "report.json").write_text("{}", encoding="utf-8")

    clear(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    clear(tmp_path / "nowhere")


# -- several processes --


def test_the_files_of_all_processes_make_one_journal_that_ended_as_its_worst_part(tmp_path: Path) -> None:
    for process, case, ending in (("gw0", "a", "finished"), ("gw1", "b", "died"), ("main", "c", "finished")):
        writer = written(tmp_path, process)
        done(writer, attempt(f"BE-006/{case}"))
        writer.footer(Footer(ending))  # type: ignore[arg-type]

    journal = read_journal(tmp_path)

    assert journal is not None
    assert {one.case for one in journal.attempts} == {"BE-006/a", "BE-006/b", "BE-006/c"}
    assert journal.footer == Footer("died")


def test_an_instance_that_could_not_be_made_speaks_for_the_lane_only_if_no_other_was_made(tmp_path: Path) -> None:
    none = Instance(failure=Failure("a backend", "None"))
    written(tmp_path, "gw0").instance(none)
    first = read_journal(tmp_path)
    written(tmp_path, "gw1").instance(INSTANCE)
    second = read_journal(tmp_path)

    assert first is not None
    assert first.instance == none
    assert second is not None
    assert second.instance == INSTANCE


def test_a_case_that_is_begun_again_after_it_was_booked_is_begun(tmp_path: Path) -> None:
    writer = written(tmp_path)
    writer.end(attempt("BE-006/a", Result.FAILED))
    writer.begin("BE-006/a", "BE-006", 20, number=2)

    journal = merge([_read(path) for path in journal_files(tmp_path)])

    assert journal is not None
    assert journal.begun == ("BE-006/a",)


def _read(path: Path) -> JournalFile:
    file = JournalFile(path)
    file.read_on()
    return file


# -- cases that ended their process --


def open_case(tmp_path: Path, **facts: bool) -> JournalFile:
    writer = written(tmp_path)
    writer.begin("BE-006/a", "BE-006", 20, **facts)
    return _read(next(journal_files(tmp_path)))


def test_a_case_that_ended_its_process_has_failed_and_breached_what_else_holds_for_it(tmp_path: Path) -> None:
    file = open_case(tmp_path)
    assert file.open is not None

    booked = ended(file.open, DIED, ["KIT-006"], preparing=False)

    assert (booked.case, booked.number, booked.result, booked.failure) == ("BE-006/a", 1, Result.FAILED, DIED)
    assert [breach.axiom for breach in booked.breaches] == ["KIT-006"]


def test_a_process_that_ended_while_it_was_seeded_says_nothing_about_the_cases_axiom(tmp_path: Path) -> None:
    file = open_case(tmp_path, seeding=True)
    assert file.open is not None

    booked = ended(file.open, DIED, preparing=False)

    assert (booked.result, booked.failure) == (Result.ERRORED, None)
    assert booked.error == f"given failed: {DIED.observed}"


def test_a_process_that_ended_in_the_smoke_case_counts_under_the_operation_that_was_under_way(tmp_path: Path) -> None:
    writer = written(tmp_path)
    writer.begin("smoke/one-file", "smoke", 20)
    writer.doing("write", "BE-008a")
    file = _read(next(journal_files(tmp_path)))
    assert file.open is not None

    assert [breach.axiom for breach in ended(file.open, DIED, preparing=False).breaches] == ["BE-008a"]


# -- secrets --


@pytest.mark.parametrize("secret", ["passed", "kind", "BE-006", "end"])
def test_a_secret_that_is_a_word_of_ours_leaves_the_journal_readable(tmp_path: Path, secret: str) -> None:
    writer = JournalWriter(tmp_path, "main", Redactor())
    writer.header(HEADER)
    writer.redactor.add([secret])
    writer.begin("BE-006/a", "BE-006", 20)
    writer.end(attempt("BE-006/a", notes=(f"it said {secret}!",)))
    writer.footer(Footer("finished"))

    journal = read_journal(tmp_path)

    assert journal is not None
    (only,) = journal.attempts
    assert (only.case, only.axiom, only.result) == ("BE-006/a", "BE-006", Result.PASSED)
    assert secret not in only.notes[0].replace("[secret]", "")
    assert journal.footer == Footer("finished")


def test_while_the_lane_fixture_is_at_work_its_own_limit_counts_and_nothing_is_the_subjects(tmp_path: Path) -> None:
    writer = written(tmp_path)
    writer.begin("BE-006/a", "BE-006", 20)
    writer.preparing(120)
    file = _read(next(journal_files(tmp_path)))
    stage = file.stage
    assert file.open is not None
    assert file.under_way is not None
    assert file.under_way["limit_s"] == 120

    booked = ended(file.open, DIED, ["KIT-006"], preparing=True)
    assert (booked.result, booked.failure, booked.breaches) == (Result.ERRORED, None, ())
    assert booked.error == f"the lane fixture failed: {DIED.observed}"

    writer.prepared()
    file.read_on()
    assert file.under_way["limit_s"] == 20
    assert file.stage > stage
