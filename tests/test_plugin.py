"""The pytest plugin from outside: inert until it is asked, then cases like anybody's tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rsconform.pytest import session
from tests.cli.commands import AXIOMS, environment, outcomes

pytest_plugins = ["pytester"]

BACKENDS = """
from remote_store.backends import LocalBackend, MemoryBackend

class Wrong(MemoryBackend):
    def exists(self, path):
        return not super().exists(path)

def sound(): return MemoryBackend()
def wrong(): return Wrong()
class Unmade(Wrong):
    def __init__(self): raise ValueError("no luck")
def raises(): return Unmade()
def folder(): return LocalBackend("store")

print("imported", __name__)
def test_of_my_own(): pass
"""
CASES = 16  # Of the small edition on a lane without an auditor.


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Somebody's project, in which the kit knows the small edition."""
    monkeypatch.setattr(session, "shipped", lambda _kind: AXIOMS)
    monkeypatch.setenv("PYTHONPATH", environment(pytester.path)["PYTHONPATH"])  # For what is started from there.
    pytester.makepyfile(mine=BACKENDS)
    pytester.makefile(".toml", lanes='[lane.mine]\nbackend = "mine.py:sound"\nfresh_store = true\n')
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in this process, with nothing but our plugin and xdist's."""
    return project.runpytest_inprocess("-p", "no:hypothesispytest", "-p", "no:randomly", *arguments)


def run_apart(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in a process of its own."""
    return project.runpytest_subprocess("-p", "no:hypothesispytest", *arguments)


def said(result: pytest.RunResult) -> str:
    """Return everything that was printed."""
    return f"{result.stdout.str()}\n{result.stderr.str()}"


def ids(result: pytest.RunResult) -> list[str]:
    """Return the node ids of a collection."""
    return [line for line in result.outlines if "::" in line]


# -- inert --


def test_a_session_that_does_not_ask_imports_nothing_prints_nothing_and_collects_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine(): pass\n", encoding="utf-8")
    (tmp_path / "lanes.toml").write_text('[lane.mine]\nbackend = "mine.py:sound"\n', encoding="utf-8")
    script = (
        "import sys, pytest\n"
        "code = pytest.main(['-p', 'no:cacheprovider', *sys.argv[1:]])\n"
        "print('MODULES', *sorted(sys.modules))\n"
        "sys.exit(code)\n"
    )

    def session(*arguments: str) -> tuple[str, set[str]]:
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=tmp_path,
            env={**environment(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        out, _, modules = done.stdout.partition("MODULES")
        return re.sub(r"in [0-9.]+s", "", out), set(modules.split())

    plain, without = session()
    out, with_plugin = session("-p", "rsconform.pytest.plugin")

    assert out == plain
    assert "1 passed" in out
    assert with_plugin - without == {"rsconform", "rsconform.options", "rsconform.pytest", "rsconform.pytest.plugin"}


def test_the_plugin_is_there_by_entry_point_and_says_its_options(project: pytest.Pytester) -> None:
    result = run(project, "--help")

    assert "--rsconform-backend" in said(result)
    assert "--rsconform-part" not in said(result)


@pytest.mark.parametrize("seconds", ["nan", "0", "-1", "inf", "soon"])
def test_a_limit_that_is_no_number_of_seconds_is_refused(seconds: str, project: pytest.Pytester) -> None:
    result = run(project, "--rsconform-backend", "memory", f"--rsconform-timeout={seconds}")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert f"'{seconds}' is not a number of seconds from 0.01 to 86400" in "\n".join(result.errlines)


# -- where lanes come from --


def test_a_lane_of_an_installed_package_is_judged_by_name(project: pytest.Pytester) -> None:
    result = run(project, "--rsconform-backend", "memory")

    result.assert_outcomes(passed=CASES + 1)  # One of them needs an auditor.
    assert "rsconform: memory; edition dev, 13 axioms" in said(result)


def test_a_lane_is_taken_from_lanes_toml_and_its_cases_have_the_file_the_lane_and_the_case_in_their_ids(
    project: pytest.Pytester,
) -> None:
    result = run(project, "--rsconform-backend", "mine", "--collect-only", "-q")

    assert ids(result)[:3] == [
        "lanes.toml::mine::smoke/one-file",
        "lanes.toml::mine::BE-001a/instance",
        "lanes.toml::mine::BE-004a/empty-store[path=nope]",
    ]
    assert len(ids(result)) == CASES


def test_a_lane_is_taken_from_pyproject_toml(project: pytest.Pytester) -> None:
    project.makepyprojecttoml(
        '[tool.pytest.ini_options]\naddopts = "-q"\n\n[tool.rsconform.lane.other]\nbackend = "mine.py:wrong"\n'
    )

    result = run(project, "--rsconform-backend", "other", "--collect-only")

    assert ids(result)[0] == "pyproject.toml::other::smoke/one-file"


def test_a_lane_is_a_plain_function_that_a_conftest_registers(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        import functools
        from remote_store.backends import MemoryBackend

        def make():
            return MemoryBackend()

        def pytest_rsconform_lanes():
            return {"hooked": make, "a-class": MemoryBackend, "partial": functools.partial(MemoryBackend)}
        """
    )

    result = run(project, "--rsconform-backend", "hooked", "--rsconform-backend", "a-class", "-v")
    result.assert_outcomes(passed=2 * CASES)
    assert "conftest.py::hooked::BE-001a/instance PASSED" in said(result)
    run(project, "--rsconform-backend", "partial").assert_outcomes(passed=CASES)


def test_a_lane_is_a_callable_by_path_whose_file_is_imported_once_and_is_no_test(project: pytest.Pytester) -> None:
    result = run(project, "--rsconform-backend", "mine.py:sound", "-s", "-v")

    result.assert_outcomes(passed=CASES)
    assert "mine.py::mine.sound::BE-001a/instance PASSED" in said(result)
    assert said(result).count("imported mine") == 1


def test_a_file_of_tests_that_makes_a_backend_too_is_both(project: pytest.Pytester) -> None:
    project.makepyfile(test_both=BACKENDS)

    result = run(project, "--rsconform-backend", "test_both.py:sound")

    result.assert_outcomes(passed=CASES + 1)


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        (["--rsconform-backend", "mne"], "Did you mean 'mine'?"),
        (["--rsconform-backend", "mine", "--rsconform-case", "BE-004b/ther"], "Did you mean 'BE-004b/there'?"),
        (["--rsconform-backend", "mine", "--rsconform-trait", "flat_namespac=true"], "Did you mean 'flat_namespace'?"),
        (["--rsconform-backend", "mine", "--rsconform-backend", "mine"], "named twice"),
        (["--rsconform-backend", "mine.py:sound", "-n", "2"], "several workers would share its store"),
    ],
    ids=["lane", "case", "trait", "twice", "workers"],
)
def test_a_wrong_option_is_a_usage_error_in_a_sentence(
    project: pytest.Pytester, options: Sequence[str], meant: str
) -> None:
    result = run(project, *options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert meant in said(result)
    assert "Traceback" not in said(result)


def test_a_mistake_in_the_toml_is_a_usage_error_with_its_line(project: pytest.Pytester) -> None:
    project.makefile(".toml", lanes='[lane.mine]\nbackend = "mine.py:sound"\nstag = 1\n')

    result = run(project, "--rsconform-backend", "mine")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert 'lanes.toml:3: lane "mine": unknown key of a lane "stag".' in said(result)


# -- what is run --


def test_ones_own_tests_are_run_beside_the_cases_and_a_failing_one_disturbs_none(project: pytest.Pytester) -> None:
    project.makepyfile(test_own="def test_good(): pass\ndef test_bad(): assert False\n")

    run(project, "--rsconform-backend", "mine").assert_outcomes(passed=CASES + 1, failed=1)


def test_asking_for_ones_own_test_runs_no_case_even_if_the_lane_is_in_addopts(project: pytest.Pytester) -> None:
    project.makepyfile(test_own="def test_good(): pass\n")
    project.makeini("[pytest]\naddopts = --rsconform-backend mine\n")

    run(project, "test_own.py").assert_outcomes(passed=1)
    run(project, "test_own.py::test_good").assert_outcomes(passed=1)
    run(project, "test_own.py", "-n", "1").assert_outcomes(passed=1)
    run(project).assert_outcomes(passed=CASES + 1)
    run(project, ".").assert_outcomes(passed=CASES + 1)


def test_one_case_is_asked_for_by_its_node_id_brackets_and_all(project: pytest.Pytester) -> None:
    case = "lanes.toml::mine::BE-004a/empty-store[path=no/such]"

    assert ids(run(project, "--rsconform-backend", "mine", case, "--collect-only", "-q")) == [case]
    run(project, "--rsconform-backend", "mine", "lanes.toml::mine").assert_outcomes(passed=CASES)


def test_cases_are_chosen_by_keyword_axiom_and_id(project: pytest.Pytester) -> None:
    asks = ("--rsconform-backend", "mine")

    run(project, *asks, "-k", "there").assert_outcomes(passed=1, deselected=CASES - 1)
    run(project, *asks, "--rsconform-spec", "BE-004").assert_outcomes(passed=5)
    run(project, *asks, "--rsconform-case", "BE-004b/there").assert_outcomes(passed=2)


def test_x_stops_at_the_first_failure_and_lf_runs_what_failed(project: pytest.Pytester) -> None:
    asks = ("--rsconform-backend", "mine.py:wrong")

    stopped = run(project, *asks, "-x", "--durations", "1")
    assert stopped.parseoutcomes()["failed"] == 1
    assert "slowest" in said(stopped)

    failed = run(project, *asks).parseoutcomes()["failed"]
    assert failed > 1
    for _ in range(2):
        run(project, *asks, "--lf").assert_outcomes(failed=failed)


def test_workers_share_the_cases(project: pytest.Pytester) -> None:
    project.makepyfile(test_own="def test_good(): pass\n")

    result = run_apart(project, "--rsconform-backend", "mine", "-n", "2", "--rsconform-reports", "out", "-v")

    result.assert_outcomes(passed=CASES + 1)
    assert "lanes.toml::mine::BE-004a/empty-store[path=no/such]" in said(result)
    report = json.loads((project.path / "out" / "mine" / "report.json").read_text(encoding="utf-8"))
    assert set(outcomes(report).values()) == {"passed", "skipped"}
    assert report["ending"]["how"] == "finished"
    assert (project.path / "out" / "mine" / "certificate.toml").is_file()


# -- what is said --


def test_a_failing_case_says_what_was_expected_and_how_to_see_it_again_and_no_traceback(
    project: pytest.Pytester,
) -> None:
    result = run(project, "--rsconform-backend", "mine.py:wrong", "--rsconform-trait", "flat_namespace=true", "-v")

    result.stdout.fnmatch_lines(
        [
            "*_ BE-004a/store-with-files on mine.wrong _*",
            "BE-004a/store-with-files  MUST  A missing path does not exist  lane mine.wrong",
            "  axiom     *BE.toml:*",
            "            exists() of a path without a file is False.",
            "  steps     1 exists path='d/b' -> returns *False*   <- here",
            "  expected  *False",
            "  observed  True",
            "  rerun     rsconform run --backend mine.py:wrong --trait flat_namespace=true"
            " --case 'BE-004a/store-with-files'",
        ]
    )
    assert "Traceback" not in said(result)
    assert "session.py" not in said(result)
    assert ".py:" not in "\n".join(line for line in result.outlines if line.startswith("E "))


def test_the_command_that_shows_it_again_works_where_it_is_printed(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        from mine import Wrong
        def make_it(): return Wrong()
        def pytest_rsconform_lanes(): return {"hooked": make_it}
        """
    )

    result = run(project, "--rsconform-backend", "hooked", "--rsconform-case", "BE-004b/there")

    again = [line.split(maxsplit=1)[1] for line in result.outlines if line.startswith("  rerun")][-1]
    shell = again.replace("rsconform", f"{sys.executable} -m rsconform", 1)
    done = subprocess.run(
        shell, shell=True, cwd=project.path, env=environment(project.path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BE-004b/there" in done.stdout


def test_without_an_instance_it_is_told_in_full_once_and_then_in_a_line(project: pytest.Pytester) -> None:
    # pytest's own short summary says the first line of a failure again, and in CI all of it.
    result = run(project, "--rsconform-backend", "mine.py:raises", "-rN")

    result.assert_outcomes(failed=CASES)
    text = said(result)
    assert text.count("the constructor raised ValueError: no luck") == 1
    assert text.count("This says nothing about the backend") <= 1
    assert "BE-004b/there: no instance" in text


def test_a_store_that_is_not_empty_fails_its_cases_and_leaves_store_and_other_tests_alone(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(test_own="def test_good(): pass\n")
    (project.path / "store").mkdir()
    (project.path / "store" / "mine.txt").write_text("precious", encoding="utf-8")

    result = run(project, "--rsconform-backend", "mine.py:folder", "--rsconform-reports", "out")

    result.assert_outcomes(failed=CASES, passed=1)
    assert "it holds 'mine.txt'" in said(result)
    assert (project.path / "store" / "mine.txt").read_text(encoding="utf-8") == "precious"
    report = json.loads((project.path / "out" / "mine.folder" / "report.json").read_text(encoding="utf-8"))
    assert report["ending"]["how"] == "dirty_store"
    assert report["violated"] == []


def test_a_secret_is_in_no_failure_and_in_no_report(project: pytest.Pytester) -> None:
    project.makepyfile(
        secretive="""
        from contextlib import contextmanager
        from remote_store import NotFound
        from remote_store.backends import MemoryBackend
        from rsconform.lanes import Subject

        class Tells(MemoryBackend):
            def exists(self, path):
                raise NotFound(f"cannot sign with hush/hush+42 or {'hush%2Fhush%2B42'}", path=path, backend="memory")

        def refuses():
            raise ValueError("bad key hush/hush+42")

        @contextmanager
        def tells(services):
            yield Subject(make=Tells, secrets=("hush/hush+42",))

        @contextmanager
        def constructs(services):
            yield Subject(make=refuses, secrets=("hush/hush+42",))
        """
    )
    project.makefile(
        ".toml",
        lanes='[lane.tells]\nfixture = "secretive:tells"\n[lane.constructs]\nfixture = "secretive:constructs"\n',
    )

    result = run(
        project, "--rsconform-backend", "tells", "--rsconform-backend", "constructs", "--rsconform-reports", "out"
    )

    text = said(result) + "".join(
        path.read_text(encoding="utf-8") for path in (project.path / "out").rglob("*") if path.is_file()
    )
    assert "cannot sign with [secret]" in text
    assert "bad key [secret]" in text
    assert "hush" not in text


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["here", "workers"])
def test_a_secret_is_in_no_captured_output_and_in_no_warning(project: pytest.Pytester, workers: list[str]) -> None:
    project.makepyfile(
        talks="""
        import logging, sys, warnings
        from contextlib import contextmanager
        from remote_store.backends import MemoryBackend
        from rsconform.lanes import Subject

        class Talks(MemoryBackend):
            def exists(self, path):
                print("printed talk/talk+42 and postgresql://ann:pass42@db/x")
                print("complained talk%2ftalk%2b42", file=sys.stderr)
                logging.getLogger("talks").error("logged talk/talk+42")
                warnings.warn("warned of talk/talk+42 and of postgresql://ann:pass42@db/x", stacklevel=1)
                return not super().exists(path)

        @contextmanager
        def talks(services):
            yield Subject(make=Talks, secrets=("talk/talk+42",))
        """
    )
    project.makefile(".toml", lanes='[lane.talks]\nfixture = "talks:talks"\n')

    result = run_apart(
        project, "--rsconform-backend", "talks", "--rsconform-spec", "BE-004a", "--junit-xml", "own.xml", *workers
    )

    text = said(result) + (project.path / "own.xml").read_text(encoding="utf-8")
    for what in ("printed", "complained", "logged", "warned of"):
        assert f"{what} [secret]" in text
    assert "talk%2f" not in text
    assert "talk/talk" not in text
    assert "pass42" not in text


def test_reports_are_written_where_they_are_asked_for_and_nowhere_else(project: pytest.Pytester) -> None:
    run(project, "--rsconform-backend", "mine")
    assert not list(project.path.rglob("report.json"))

    run(project, "--rsconform-backend", "mine", "--rsconform-reports", "out")
    report = json.loads((project.path / "out" / "mine" / "report.json").read_text(encoding="utf-8"))
    assert report["certifies"]
    certificate = (project.path / "out" / "mine" / "certificate.toml").read_text(encoding="utf-8")

    run(project, "--rsconform-backend", "mine", "--rsconform-reports", "out", "-k", "there")
    assert (project.path / "out" / "mine" / "certificate.toml").read_text(encoding="utf-8") == certificate


def test_reports_that_cannot_be_written_are_a_usage_error(project: pytest.Pytester) -> None:
    (project.path / "out").write_text("in the way", encoding="utf-8")

    result = run(project, "--rsconform-backend", "mine", "--rsconform-reports", "out")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "cannot write" in said(result)


# -- what fails a session --

LEVELS = """
format = 1
family.id = "MINE"
family.title = "Of my own"
family.contract = "remote-store >= 0.33"
family.source = "mine"

[[axiom]]
id = "MINE-001"
title = "A file that is not there exists"
level = "{level}"
statement = "exists() of nothing is True."

  [[axiom.case]]
  name = "absent"
  steps = [ {{ op = "exists", path = "nope", returns = true }} ]
"""


def of_level(project: pytest.Pytester, level: str) -> None:
    """Give a project an axiom of its own that its sound lane does not keep."""
    (project.path / "specs").mkdir()
    (project.path / "specs" / "MINE.toml").write_text(LEVELS.format(level=level), encoding="utf-8")


@pytest.mark.parametrize(
    ("level", "options", "outcome"),
    [
        ("MAY", [], "xfailed"),
        ("MAY", ["--rsconform-level", "should"], "xfailed"),
        ("SHOULD", [], "xfailed"),
        ("SHOULD", ["--rsconform-level", "should"], "failed"),
        ("MUST", [], "failed"),
    ],
)
@pytest.mark.parametrize("reports", [[], ["--rsconform-reports", "out"]], ids=["bare", "reports"])
def test_only_what_counts_at_the_asked_level_fails_a_session(
    project: pytest.Pytester, level: str, options: list[str], outcome: str, reports: list[str]
) -> None:
    of_level(project, level)

    result = run(project, "--rsconform-backend", "mine", "--rsconform-spec", "MINE-*", *options, *reports)

    assert outcomes_of(result) == {"passed": 1, outcome: 1}  # The smoke case is the other.
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if outcome == "failed" else pytest.ExitCode.OK)


def outcomes_of(result: pytest.RunResult) -> dict[str, int]:
    """Return how many items came to each outcome."""
    return {name: count for name, count in result.parseoutcomes().items() if name not in ("warnings", "warning")}


@pytest.mark.parametrize(
    ("until", "code"), [("2999-01-01", pytest.ExitCode.OK), ("2020-01-01", pytest.ExitCode.TESTS_FAILED)]
)
def test_a_failure_that_a_waiver_covers_fails_no_session(
    project: pytest.Pytester, until: str, code: pytest.ExitCode
) -> None:
    of_level(project, "MUST")
    project.path.joinpath("rsconform-waivers.toml").write_text(
        f"[[waiver]]\naxiom = 'MINE-001'\nlane = 'mine'\nreason = 'Known.'\nowner = 'me'\nissue = '#1'\n"
        f"until = {until}\nexpected = 'False'\n",
        encoding="utf-8",
    )

    assert run(project, "--rsconform-backend", "mine", "--rsconform-spec", "MINE-*").ret == code


def test_a_failed_case_that_another_plugin_runs_again_fails_again(project: pytest.Pytester) -> None:
    project.makepyfile(
        flaky="""
        from remote_store.backends import MemoryBackend

        class Flaky(MemoryBackend):
            asked = 0
            def exists(self, path):
                Flaky.asked += path == "nope"
                return True if Flaky.asked in (1, 2) and path == "nope" else super().exists(path)
        """
    )

    result = run(
        project, "--rsconform-backend", "flaky.py:Flaky", "--rsconform-spec", "BE-004a", "--rsconform-fresh-store",
        "--rsconform-reports", "out", "-p", "rerunfailures", "--reruns", "2",
    )  # fmt: skip

    report = json.loads((project.path / "out" / "flaky.Flaky" / "partial" / "report.json").read_text(encoding="utf-8"))
    assert report["violated"] == ["BE-004a"]
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_session_that_executed_nothing_does_not_end_well(project: pytest.Pytester) -> None:
    project.makepyfile(
        bare="""
        from remote_store import Capability, CapabilitySet
        from remote_store.backends import MemoryBackend

        class Bare(MemoryBackend):
            capabilities = CapabilitySet({Capability.READ})
        """
    )

    result = run(
        project, "--rsconform-backend", "bare.py:Bare", "--rsconform-spec", "BE-012a", "--rsconform-fresh-store",
        "--rsconform-reports", "out",
    )  # fmt: skip

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "rsconform: bare.Bare: nothing was executed of" in said(result)
