"""What `rsconform run` makes of bad input: a sentence, a code and whatever is known, never a traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rsconform.cli import inputs as sources
from tests.cli.commands import (
    BACKENDS,
    cases,
    command,
    environment,
    mine,
    outcomes,
    refused_at_once,
    rsconform,
    run,
    statuses,
)


def unwrapped(*texts: str) -> str:
    """Return the texts as one, which holds no traceback."""
    text = "\n".join(texts)
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    return " ".join(text.split())


# -- TOML --

FAMILY = """
format = 1
family.id = "MINE"
family.title = "My own"
family.contract = "remote-store >= 0.33"
family.source = "me"
"""
MISTAKEN = """
[[axiom]]
id = "MINE-001"
title = "First"
level = "MUSTN'T"
statement = "Something."
requires = ["WRIET"]

  [[axiom.case]]
  name = "one"
  needs = ["peers"]
  probe = "operations.is_backend"

[[axiom]]
id = "MINE-001"
title = "Second"
level = "MUST"
statement = "Something else."
untestable = "Nobody can."
colour = "red"
"""
MISTAKEN_STEPS = """
[[axiom]]
id = "MINE-001"
title = "First"
level = "MUST"
statement = "Something."

  [[axiom.case]]
  name = "one"
  given = { "a" = "text;x" }
  steps = [
    { op = "exits", path = "a" },
    { op = "exists", pth = "a" },
    { op = "exists", path = "{nobody}" },
    { op = "read_bytes", path = "a", raises = "NotFund" },
  ]

  [[axiom.case]]
  name = "two"
  probe = "identity.is_backnd"
"""


@pytest.mark.parametrize(
    ("axioms", "problems"),
    [
        (
            MISTAKEN,
            {
                "MUSTN'T": '"MUST"',
                "WRIET": '"WRITE"',
                "peers": '"peer"',
                '"Second"': "second axiom of that ID",
                "colour": '"colour"',
            },
        ),
        (
            MISTAKEN_STEPS,
            {
                "text;x": "text:ANY",
                "exits": '"exists"',
                "pth": '"path"',
                "nobody": '"nobody"',
                "NotFund": '"NotFound"',
                "is_backnd": '"operations.is_backend"',
            },
        ),
    ],
    ids=["names", "steps"],
)
def test_every_mistake_of_a_lanes_own_axioms_is_refused_at_once_with_its_line(
    tmp_path: Path, axioms: str, problems: dict[str, str]
) -> None:
    (tmp_path / "specs").mkdir()
    lines = (FAMILY + axioms).splitlines()
    (tmp_path / "specs" / "MINE.toml").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "lanes.toml").write_text('[lane.mine]\nbackend = "mine.py:sound"\n', encoding="utf-8")

    ran = run(tmp_path, "--backend", "mine")

    assert ran.code == 2
    said = re.split(r"^(?=\S*specs/MINE\.toml:)", ran.err, flags=re.MULTILINE)[1:]
    assert len(said) == len(problems), ran.err
    for problem, meant in problems.items():
        line = next(number for number, text in enumerate(lines, 1) if problem in text)
        assert any(meant in one and abs(_line(one) - line) <= 2 for one in said), (problem, line, ran.err)
    assert "nothing was run" in unwrapped(ran.err)
    assert ran.out == ""
    assert not (tmp_path / "reports").exists()


def _line(problem: str) -> int:
    found = re.search(r"MINE\.toml:(\d+):", problem)
    assert found is not None
    return int(found[1])


def test_mistakes_of_a_lane_file_are_told_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "lanes.toml").write_text(
        '[lane.mine]\nbackend = "mine.py:sound"\nafordances = []\ntraits = { flat_namespace = "no" }\n',
        encoding="utf-8",
    )

    ran = run(tmp_path, "--backend", "mine")

    assert ran.code == 2
    assert "lanes.toml:3" in ran.err
    assert 'Did you mean "affordances"?' in ran.err
    assert "lanes.toml:4" in ran.err


def test_a_lane_that_names_an_unknown_family_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "lanes.toml").write_text('[lane.mine]\nbackend = "mine.py:sound"\nspecs = ["S3X"]\n', encoding="utf-8")

    ran = run(tmp_path, "--backend", "mine")

    assert ran.code == 2
    assert "lanes.toml:1" in ran.err
    assert "'S3B'" in ran.err


# -- constructors --


NO_BACKEND = {
    "raises": "the constructor raised ValueError: no luck today",
    "hangs": "the constructor did not return within 0.3 s",
    "ends": "the constructor ended the process (exit code 3)",
    "thing": "the constructor returned an instance of builtins.object",
    "no_facts": "AttributeError",
}


def test_a_constructor_without_a_backend_violates_be_001a_once_and_leaves_the_rest_open(tmp_path: Path) -> None:
    ran = run(tmp_path, *map(mine, NO_BACKEND), "--timeout=0.3")

    assert ran.code == 1
    text = unwrapped(ran.out, ran.err)
    for constructor, observed in NO_BACKEND.items():
        assert observed in text
        report = ran.report(f"mine.{constructor}")
        assert report["violated"] == ["BE-001a"], constructor
        assert set(statuses(report).values()) == {"violated", "inconclusive", "not_exercised"}, constructor
        assert report["ending"]["how"] == "finished", constructor
    assert "0x" not in text  # An address would be another one in the next run.


def test_a_callable_that_does_not_exist_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    ran = run(tmp_path, mine("soud"))

    assert ran.code == 2
    assert "mine.py has nothing named 'soud'. Did you mean 'sound'?" in unwrapped(ran.err)


def test_a_file_that_cannot_be_imported_is_told_as_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text("import sys\nsys.exit('not today')\nmake = None\n", encoding="utf-8")

    ran = run(tmp_path, "--backend=ends.py:make")

    assert ran.code == 3
    assert "raised SystemExit: not today" in unwrapped(ran.out, ran.err)


# -- backends --


def test_a_backend_that_returns_none_everywhere_is_judged_where_its_store_is_promised(tmp_path: Path) -> None:
    ran = run(tmp_path, mine("nones"), "--fresh-store")

    assert ran.code == 1
    unwrapped(ran.out, ran.err)
    assert {"BE-004a", "BE-014a"} <= set(ran.report("mine.nones")["violated"])


def test_a_backend_whose_store_cannot_be_looked_at_is_not_touched(tmp_path: Path) -> None:
    ran = run(tmp_path, mine("nones"))

    assert ran.code == 2
    assert "--fresh-store" in unwrapped(ran.out, ran.err)
    assert ran.report("mine.nones")["violated"] == []


def test_a_backend_that_ends_the_process_fails_that_case_twice_and_the_run_goes_on(tmp_path: Path) -> None:
    ran = run(tmp_path, mine("ends_in_write"), "--case=BE-004a/empty-store[path=nope]", "--case=BE-008b/stream")

    report = ran.report("mine.ends_in_write")
    assert ran.code == 1
    assert "exit code 7" in unwrapped(ran.out)
    assert outcomes(report)["BE-004a/empty-store[path=nope]"] == "passed"
    assert report["violated"] == ["BE-008a", "BE-008b"]  # The first of them by the smoke case.
    assert [case["attempts"][-1]["number"] for case in cases(report) if case["case"].startswith("BE-008b")] == [2]


def test_an_operation_that_deadlocks_is_left_out_and_what_does_not_rest_on_it_is_judged(tmp_path: Path) -> None:
    ran = run(tmp_path, mine("deadlocks"), "--timeout=0.3")

    report = ran.report("mine.deadlocks")
    assert ran.code == 1
    assert "not run: write hung in 2 cases before" in unwrapped(ran.out)
    assert "BE-008a" in report["violated"]
    assert statuses(report)["BE-007a"] == "inconclusive"
    assert outcomes(report)["BE-004a/empty-store[path=nope]"] == "passed"
    assert report["ending"]["how"] == "finished"


# -- stores --


def test_a_store_that_is_not_empty_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "store" / "deep").mkdir(parents=True)
    (tmp_path / "store" / "deep" / "mine.txt").write_text("precious", encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*")}

    ran = run(tmp_path, mine("folder"))

    assert ran.code == 2
    assert "deep/mine.txt" in unwrapped(ran.out, ran.err)
    assert ran.report("mine.folder")["violated"] == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("*")} == before


def test_an_empty_store_is_used_and_left_empty(tmp_path: Path) -> None:
    ran = run(tmp_path, mine("folder"), "--trait=flat_namespace=false")

    assert ran.code == 0, ran.out
    assert list((tmp_path / "store").iterdir()) == []


def test_files_that_a_process_left_when_it_ended_are_removed_and_no_reason_to_leave_the_store_alone(
    tmp_path: Path,
) -> None:
    source = """
    import os
    from pathlib import Path
    from remote_store.backends import LocalBackend

    class Ends(LocalBackend):
        def write(self, path, *a, **k):
            result = super().write(path, *a, **k)
            if path != "smoke.txt":
                os._exit(7)
            return result

    def make():
        Path("store").mkdir(exist_ok=True)
        return Ends("store")
    """
    (tmp_path / "ends.py").write_text(textwrap.dedent(source), encoding="utf-8")

    ran = run(tmp_path, "--backend=ends.py:make", "--case=BE-008b/stream", "--case=BE-004a/empty-store[path=nope]")

    report = ran.report("ends.make")
    assert ran.code == 1, ran.out
    assert report["violated"] == ["BE-008b"]
    assert outcomes(report)["BE-004a/empty-store[path=nope]"] == "passed"


def test_a_callable_is_not_run_on_several_workers_that_would_share_its_store(tmp_path: Path) -> None:
    ran = run(tmp_path, mine("folder"), "-n", "2")

    assert ran.code == 2
    assert "--fresh-store" in unwrapped(ran.err)
    assert not (tmp_path / "store").exists()


# -- names --


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("--backend=memry",), "Did you mean 'memory'?"),
        (("--backend=mine.py",), "path/to/file.py:make_backend"),
        (("--backend=nowhere.py:make",), "there is no file nowhere.py"),
        (("--backend=no.such.module:make",), "no module 'no.such.module'"),
        (("--backend=:make",), "make"),
        (("--backend=memory", "--trait=flat_namespac=true"), "Did you mean 'flat_namespace'?"),
        (("--backend=memory", "--trait=flat_namespace=maybe"), "true, false"),
        (("--backend=memory", "--trait=flat_namespace"), "NAME=VALUE"),
        (("--backend=memory", "--case=BE-004a/empty-stor"), "Did you mean 'BE-004a/empty-store[path=nope]'?"),
        (("--backend=memory", "--backend=memory"), "named twice"),
        (("--backend=memory", "--spec=BE-004a,KIT-01"), "Did you mean 'KIT-001'?"),
        (("--backend=memory", "--timeout=0"), "timeout"),
        (("--backend=memory", "--timeout=nan"), "'nan' is not a number of seconds"),
        (("--backend=memory", "-n", "-1"), "'-1' is neither 'auto' nor a number from 0 to 128"),
        (("--backend=memory", "-n", "500"), "'500' is neither 'auto' nor a number from 0 to 128"),
        (("--backend=memory", "--timeout=inf"), "timeout"),
        (("--backend=memory", "--level=most"), "must"),
        ((), "--backend"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_option_is_a_sentence_and_exit_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    meant: str,
) -> None:
    ran = refused_at_once(tmp_path, monkeypatch, capsys, *arguments)

    assert ran.code == 2
    assert meant in unwrapped(ran.err)
    assert not list((tmp_path / "reports").rglob("report.json"))


def test_axioms_that_do_not_bind_the_lane_make_a_vacuous_run(tmp_path: Path) -> None:
    ran = run(tmp_path, "--backend=memory", "--spec=S3B")

    assert ran.code == 4
    assert "the plan is empty" in unwrapped(ran.out)
    assert not ran.certificate("memory").exists()


@pytest.mark.parametrize("refused", ["--no-such-option", "no/such/file.py"])
def test_what_pytest_refuses_is_usage(tmp_path: Path, refused: str) -> None:
    ran = run(tmp_path, "--backend=memory", "--", refused)

    assert ran.code == 2
    assert refused in unwrapped(ran.err)
    assert "before there was a plan" in ran.err


def test_an_interruption_before_anything_is_run_has_not_the_code_of_a_violation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "load_checked", interrupted)

    ran = refused_at_once(tmp_path, monkeypatch, capsys, "--backend=memory")

    assert ran.code == 4
    assert "interrupted" in unwrapped(ran.err)


# -- surroundings --


def test_a_lane_whose_package_is_not_installed_says_what_to_install(tmp_path: Path) -> None:
    blocker = """
    import sys

    class Blocker:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in ("boto3", "botocore"):
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, Blocker())
    """
    ran = run(tmp_path, "--backend=s3_boto3_moto", env=environment(tmp_path, site=blocker))

    assert ran.code == 3
    assert "pip install 'rsconform[s3]'" in unwrapped(ran.out, ran.err)
    assert ran.report("s3_boto3_moto")["violated"] == []


@pytest.mark.parametrize("blocked", ["reports", "reports/memory"])
def test_reports_that_cannot_be_written_are_told_before_anything_is_run(tmp_path: Path, blocked: str) -> None:
    place = tmp_path / blocked
    place.parent.mkdir(exist_ok=True)
    place.write_text("in the way", encoding="utf-8")

    ran = run(tmp_path, "--backend=memory")

    assert ran.code == 2
    assert blocked in unwrapped(ran.err)
    assert place.read_text(encoding="utf-8") == "in the way"


def test_what_the_surroundings_say_to_their_own_pytest_is_not_for_ours(tmp_path: Path) -> None:
    foreign = environment(
        tmp_path, PYTEST_ADDOPTS="--no-such-option", PYTEST_XDIST_WORKER="gw0", PYTEST_PLUGINS="no_such_plugin"
    )

    ran = run(tmp_path, "--backend=memory", "--case=BE-004a/empty-store[path=nope]", env=foreign)

    assert ran.code == 0, ran.out + ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written_has_not_the_code_of_a_violation(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("list", "cases"), cwd=tmp_path, env=environment(tmp_path), stdout=full, stderr=subprocess.PIPE
        )

    assert done.returncode == 3
    assert done.stderr.decode() == "rsconform: No space left on device\n"


def test_a_run_whose_reader_goes_away_leaves_its_reports_and_has_not_the_code_of_a_violation(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BACKENDS, encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            command("run", "--backend=mine.py:wrong", "--spec=BE-004a"),
            cwd=tmp_path, env=environment(tmp_path), stdout=writer, stderr=subprocess.PIPE,
        )  # fmt: skip
    finally:
        os.close(writer)

    assert done.returncode == 3
    assert b"pipe" not in done.stderr
    assert (tmp_path / "reports" / "mine.wrong" / "partial" / "report.json").is_file()


def test_names_that_the_locale_cannot_show_are_shown_as_far_as_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "mit Blank ä"
    folder.mkdir()
    (folder / "tür.py").write_text(BACKENDS, encoding="utf-8")
    plain = environment(tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")

    ran = rsconform(
        tmp_path, "run", "--backend=mit Blank ä/tür.py:sound", "--spec=BE-004a", f"--reports={folder}", env=plain
    )

    assert ran.code == 0, ran.err
    assert (folder / "t_r.sound" / "partial" / "report.json").is_file()


# -- a journal that others write on --


def test_a_foreign_line_in_the_journal_ends_in_a_report_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "scribbles.py").write_text(
        "from pathlib import Path\n"
        "from remote_store.backends import MemoryBackend\n"
        "class Scribbles(MemoryBackend):\n"
        "    def exists(self, path):\n"
        "        with Path('reports/scribbles.Scribbles/journal-main.jsonl').open('a') as file:\n"
        "            file.write('[1, 2]\\n')\n"
        "        return super().exists(path)\n",
        encoding="utf-8",
    )

    ran = rsconform(tmp_path, "run", "--backend=scribbles.py:Scribbles", "--spec=BE-004a")

    assert ran.code == 3, ran.out + ran.err
    assert "the journal of the run is damaged: line " in ran.out
    assert ran.report("scribbles.Scribbles")["violated"] == []
    assert not ran.certificate("scribbles.Scribbles").exists()


def test_an_error_of_the_kit_has_not_the_code_of_a_violation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(*_args: object, **_options: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(sys.modules["rsconform.cli.run"], "find_lanes", break_down)

    ran = refused_at_once(tmp_path, monkeypatch, capsys, mine("sound"))

    assert ran.code == 3
    assert "the kit broke (RuntimeError)" in ran.err


def test_a_report_that_cannot_be_written_in_the_end_leaves_what_was_found_told(tmp_path: Path) -> None:
    (tmp_path / "reports" / "mine.wrong" / "partial" / "report.json").mkdir(parents=True)

    ran = run(tmp_path, mine("wrong"), "--spec=BE-004a")

    assert ran.code == 1
    assert "BE-004a MUST" in ran.out
    assert "written   nothing: cannot write" in ran.out
    assert run(tmp_path, "--backend=memory", "--spec=BE-004a").code == 0


def test_what_is_right_and_could_not_be_written_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "reports" / "memory" / "partial" / "report.json").mkdir(parents=True)

    assert run(tmp_path, "--backend=memory", "--spec=BE-004a").code == 3


def test_control_characters_of_a_backend_reach_neither_terminal_nor_page(tmp_path: Path) -> None:
    (tmp_path / "escapes.py").write_text(
        "from remote_store import NotFound\n"
        "from remote_store.backends import MemoryBackend\n"
        "class Escapes(MemoryBackend):\n"
        "    def exists(self, path):\n"
        "        raise NotFound('red \\x1b[31m nul \\x00 turned \\u202e', path=path, backend='memory')\n",
        encoding="utf-8",
    )

    ran = rsconform(tmp_path, "run", "--backend=escapes.py:Escapes", "--spec=BE-004a", "--fresh-store")

    page = (tmp_path / "reports" / "escapes.Escapes" / "partial" / "report.html").read_text(encoding="utf-8")
    for shown in (ran.out, page):
        assert "\\x1b[31m" in shown
        assert "\\u202e" in shown
        assert not {"\x1b", "\x00", "\u202e"} & set(shown)
