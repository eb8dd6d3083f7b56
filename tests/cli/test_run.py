"""`rsconform run` from outside: what it runs, what it leaves, and what it survives."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from rsconform.run.journal import JournalFile, journal_files, read_journal
from tests.cli.commands import BACKENDS, cases, command, environment, mine, outcomes, run, statuses

NOPE = "BE-004a/empty-store[path=nope]"


# -- a whole run --


def test_a_certificate_is_the_same_however_it_was_run_and_a_part_of_a_run_leaves_it_alone(tmp_path: Path) -> None:
    first = run(tmp_path, "--backend=memory")
    assert first.code == 0, first.out
    certificate = first.certificate("memory").read_bytes()
    whole = outcomes(first.report("memory"))

    again = run(tmp_path, "--backend=memory", "-n", "2", "--fresh")

    assert again.code == 0, again.out
    assert again.certificate("memory").read_bytes() == certificate
    assert outcomes(again.report("memory")) == whole
    assert len(list(journal_files(tmp_path / "reports" / "memory"))) == 3  # Two workers, and who started them.

    part = run(tmp_path, "--backend=memory", "--case", NOPE)

    assert part.code == 0
    assert list(outcomes(part.report("memory"))) == ["smoke/one-file", NOPE]
    assert part.certificate("memory").read_bytes() == certificate
    assert "no certificate" in part.out


# -- what is asked for --


def test_axioms_are_asked_for_by_id_bundle_family_and_pattern(tmp_path: Path) -> None:
    ran = run(tmp_path, "--backend=memory", "--spec=BE-00[45]*,BE-008", "--spec=KIT")

    asked = [axiom["id"] for axiom in ran.report("memory")["axioms"]]
    assert asked == ["BE-004a", "BE-004b", "BE-005e", "BE-008a", "BE-008b", "KIT-001", "KIT-006"]


def test_two_lanes_are_run_one_after_the_other_and_the_worse_one_gives_the_code(tmp_path: Path) -> None:
    ran = run(tmp_path, "--backend=memory", mine("wrong"), "--spec=BE-004*")

    assert ran.code == 1
    assert ran.report("memory")["violated"] == []
    assert "BE-004a" in ran.report("mine.wrong")["violated"]
    assert ran.out.index("lane      memory") < ran.out.index("lane      mine.wrong")


def test_a_violated_should_counts_only_where_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "both.py").write_text(
        "from remote_store.backends import MemoryBackend\n"
        "class Both(MemoryBackend):\n"
        "    def is_folder(self, path): return self.exists(path)\n"
        "def make(): return Both()\n",
        encoding="utf-8",
    )
    arguments = ("--backend=both.py:make",)

    assert run(tmp_path, *arguments).code == 0
    asked = run(tmp_path, *arguments, "--level=should")
    assert asked.code == 1
    assert asked.report("both.make")["violated"] == ["BE-005e"]
    assert asked.report("both.make")["violated_must"] == []


def test_a_grade_that_is_required_needs_what_the_lane_cannot_show(tmp_path: Path) -> None:
    ran = run(tmp_path, mine("sound"), "--require=core")

    assert ran.code == 4, ran.out
    assert statuses(ran.report("mine.sound"))["KIT-001"] == "not_exercised"
    assert "core is required" in ran.out


# -- pytest --


def test_options_of_pytest_after_two_dashes_work_as_anyone_expects(tmp_path: Path) -> None:
    some = (mine("wrong"), "--spec=BE-004a,BE-008a")

    chosen = run(tmp_path, *some, "--", "-k", "nope", "--durations=3")
    assert list(outcomes(chosen.report("mine.wrong"))) == [NOPE]
    assert "slowest 3 durations" in chosen.out
    assert not chosen.report("mine.wrong")["plan"]["whole"]

    rest = [case for case in outcomes(run(tmp_path, *some).report("mine.wrong")) if case != "smoke/one-file"]
    stopped = run(tmp_path, *some, "--", "-x", "--deselect", smoke())
    assert stopped.code == 1
    assert stopped.report("mine.wrong")["ending"]["how"] == "stopped"
    assert outcomes(stopped.report("mine.wrong")) == {**dict.fromkeys(rest), NOPE: "failed"}


def smoke() -> str:
    return "mine.py::mine.wrong::smoke/one-file"


def test_what_failed_last_is_all_that_is_run_with_lf_however_often(tmp_path: Path) -> None:
    some = (mine("wrong"), "--spec=BE-004a,BE-008a")
    first = outcomes(run(tmp_path, *some).report("mine.wrong"))
    failed = {case for case, outcome in first.items() if outcome == "failed"}
    assert 0 < len(failed) < len(first)
    remembered = json.loads((tmp_path / ".pytest_cache" / "v" / "cache" / "lastfailed").read_text(encoding="utf-8"))
    assert set(remembered) == {f"mine.py::mine.wrong::{case}" for case in {*failed, "smoke/one-file"}}

    for _ in range(2):
        again = run(tmp_path, *some, "--", "--lf")
        assert set(outcomes(again.report("mine.wrong"))) == {*failed, "smoke/one-file"}
        assert again.code == 1


def test_failed_runs_what_failed_last_and_leaves_the_report_of_the_whole_run(tmp_path: Path) -> None:
    whole = run(tmp_path, mine("wrong"))
    home = tmp_path / "reports" / "mine.wrong"
    page = (home / "report.html").read_bytes()
    failed = {case for case, outcome in outcomes(whole.report("mine.wrong")).items() if outcome == "failed"}

    again = run(tmp_path, mine("wrong"), "--failed")

    assert set(outcomes(again.report("mine.wrong"))) == {*failed, "smoke/one-file"}
    assert (home / "report.html").read_bytes() == page
    assert str(Path("reports", "mine.wrong", "partial", "report.html")) in again.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([mine("wrong")], "has no report in"),
        ([mine("wrong"), "--case", NOPE], "says itself which cases to run"),
        ([mine("wrong"), "--backend=memory"], "of one lane"),
    ],
    ids=["never-run", "case", "lanes"],
)
def test_failed_that_cannot_be_is_a_mistake(tmp_path: Path, options: list[str], said: str) -> None:
    ran = run(tmp_path, *options, "--failed")

    assert ran.code == 2
    assert said in " ".join(ran.err.split())


def test_failed_after_a_run_that_holds_says_so(tmp_path: Path) -> None:
    run(tmp_path, "--backend=memory", "--case", NOPE)

    ran = run(tmp_path, "--backend=memory", "--failed")

    assert ran.code == 2
    assert "nothing failed in" in " ".join(ran.err.split())


def test_first_ends_a_run_after_so_many_causes(tmp_path: Path) -> None:
    whole = run(tmp_path, mine("wrong")).cwd / "reports" / "mine.wrong" / "report.html"
    before = whole.read_bytes()
    ran = run(tmp_path, mine("wrong"), "--first=1")

    assert whole.read_bytes() == before

    report = ran.report("mine.wrong")
    assert ran.code == 1
    assert len(report["causes"]) == 1
    assert None in outcomes(report).values()
    assert report["ending"]["how"] == "stopped"
    assert run(tmp_path, mine("wrong"), "--first=1", "-n", "2").code == 2
    assert run(tmp_path, mine("wrong"), "--first=0").code == 2


# -- interruptions --


@contextmanager
def started(cwd: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run that is under way, in a process group of its own."""
    (cwd / "mine.py").write_text(BACKENDS, encoding="utf-8")
    with subprocess.Popen(
        command("run", *arguments),
        cwd=cwd,
        env=environment(cwd),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What runs in the background of a shell script ignores Ctrl-C, and so does everything that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def when(holds: Callable[[], Any]) -> Any:
    """Return what something holds, as soon as it does."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it never came to that")


def under_way(folder: Path) -> Callable[[], JournalFile | None]:
    """Return what finds the journal of a process in the middle of a case, with another one behind it."""

    def look() -> JournalFile | None:
        for path in journal_files(folder):
            file = JournalFile(path)
            file.read_on()
            if file.open is not None and file.attempts:
                return file
        return None

    return look


@pytest.mark.parametrize("how", ["ctrl-c", "terminate"])
def test_an_interrupted_run_leaves_what_was_known_marked_incomplete(tmp_path: Path, how: str) -> None:
    home = tmp_path / "reports" / "mine.slow"
    home.mkdir(parents=True)
    (home / "certificate.toml").write_text("as it was", encoding="utf-8")

    with started(tmp_path, mine("slow"), "--spec=BE-004*") as process:
        when(under_way(home))
        if how == "ctrl-c":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        out, err = process.communicate(timeout=60)

    assert process.returncode == 4, out + err
    assert "Traceback" not in out + err
    assert "interrupted" in out
    report = json.loads((home / "partial" / "report.json").read_text(encoding="utf-8"))
    assert report["ending"]["how"] == "interrupted"
    assert report["incomplete"]
    assert set(outcomes(report).values()) == {"passed", None}
    assert report["violated"] == []
    assert (home / "certificate.toml").read_text(encoding="utf-8") == "as it was"


def test_a_child_that_is_killed_costs_one_case_and_a_second_try_shows_that_it_was_not_its_fault(
    tmp_path: Path,
) -> None:
    home = tmp_path / "reports" / "mine.slow"

    with started(tmp_path, mine("slow"), "--spec=BE-004a") as process:
        file = when(under_way(home))
        os.kill(file.open["pid"], signal.SIGKILL)
        process.communicate(timeout=60)

    report = json.loads((home / "partial" / "report.json").read_text(encoding="utf-8"))
    assert process.returncode == 1
    assert report["ending"]["how"] == "finished"
    assert None not in outcomes(report).values()
    (hit,) = [case for case in cases(report) if case["outcome"] == "failed"]
    assert [attempt["outcome"] for attempt in hit["attempts"]] == ["failed", "passed"]
    assert hit["flaky"]
    assert "signal 9" in hit["attempts"][0]["failure"]["observed"]


def test_a_journal_can_be_read_when_the_supervisor_itself_was_killed(tmp_path: Path) -> None:
    home = tmp_path / "reports" / "mine.slow"

    with started(tmp_path, mine("slow"), "--spec=BE-004a") as process:
        when(under_way(home))
        process.kill()
        process.wait(timeout=60)
        journal = read_journal(home)

    assert journal is not None
    assert journal.attempts
    assert journal.footer is None
    assert not list(home.rglob("report.json"))
