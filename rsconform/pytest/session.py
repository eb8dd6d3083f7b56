"""The conformance run inside pytest: which lanes, which cases, and the journal beside them."""

from __future__ import annotations

import inspect
import linecache
import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from remote_store import Backend

from rsconform.cases.edition import load_checked
from rsconform.data import shipped
from rsconform.lanes.lane import Lane, Services
from rsconform.lanes.registry import (
    LaneError,
    LaneFile,
    SharedStoreError,
    check_lane_name,
    find_lane,
    find_lanes,
    installed_lane_files,
    local_lane_files,
    parse_trait,
    read_lane_file,
)
from rsconform.options import RunOptions
from rsconform.pytest.items import CaseItem, LaneFileNode, LaneRun
from rsconform.redaction import redact
from rsconform.run.journal import JournalWriter, clear, read_journal
from rsconform.run.lane.session import LaneSession
from rsconform.run.lane.store_cleanup import DirtyStoreError
from rsconform.run.plan import (
    Selection,
    contract_of,
    in_scope,
    make_header,
    parse_specs,
    plan,
    require_contract,
    selected_cases,
)
from rsconform.run.records import Attempt, Breach, Failure, Footer, Profile
from rsconform.run.resume import resume_point_of
from rsconform.spec.axiom import Edition, Level, Place
from rsconform.spec.ids import group_of
from rsconform.spec.problems import SpecError

if TYPE_CHECKING:
    from rsconform.report.report import Waiver

_SHOWN: Final = 10


class Conformance:
    """The plugin that is registered when a lane was asked for."""

    def __init__(self, config: pytest.Config, asked: RunOptions) -> None:
        self.config = config
        self.asked = asked
        self.worker: str | None = getattr(config, "workerinput", {}).get("workerid")
        self.supervised = config.getoption("rsconform_run", None) is not None
        self.part: int = config.getoption("rsconform_part")
        self.contract = contract_of(asked.contract)
        self.selection = Selection(
            specs=parse_specs(asked.spec),
            cases=asked.case,
            level=asked.level,
        )
        self.folder = Path(asked.folder).resolve() if asked.folder else None
        self.services = Services(own_process=self.supervised)
        self.ended = False
        self.renewing = False
        self.collected = False
        self.stopped: str | None = None
        self.causes: set[tuple[str, str]] = set()  # Of the failures so far.
        self.against: list[str] = []  # What the verdicts say against a session that would end well.
        self.added: set[Path] = set()
        files = self._lane_files()
        traits = dict(parse_trait(text) for text in asked.trait)
        lanes = find_lanes(asked.backend, files, traits, fresh_store=asked.fresh_store)
        for lane in lanes:
            self._require_one_process(lane)
        specs = [shipped("specs"), *(file.specs for file in files if file.specs and _declares(file, lanes))]
        self.edition = load_checked(specs)
        self.runs = {lane.name: self._lane_run(lane, self.edition) for lane in lanes}

    @classmethod
    def of(cls, config: pytest.Config, asked: RunOptions) -> Conformance:
        """Return the run that the options ask for.

        Raises:
            pytest.UsageError: A lane does not exist or the TOML is wrong.
        """
        try:
            self = cls(config, asked)
        except (LaneError, SpecError) as exc:
            raise pytest.UsageError(str(exc)) from exc
        self._add_arguments()
        if self.folder is not None and self.worker is None and not self.part:
            for name in self.runs:
                clear(self.folder / name)
        return self

    def _lane_files(self) -> list[LaneFile]:
        files = [read_lane_file(Path(path).resolve()) for path in self.asked.lanes]
        for folder in dict.fromkeys((self.config.rootpath, self.config.invocation_params.dir)):
            files += local_lane_files(folder)
        return files + installed_lane_files() + self._hook_lanes()

    def _hook_lanes(self) -> list[LaneFile]:
        """Return the lanes that a conftest.py registers; it is their lane file."""
        found: list[LaneFile] = []
        for hook in self.config.hook.pytest_rsconform_lanes.get_hookimpls():
            code = inspect.unwrap(hook.function).__code__
            path = Path(code.co_filename)
            registered: Mapping[str, Callable[[], Backend]] = hook.function()  # type: ignore[assignment]
            for name, make in registered.items():
                place = Place(str(path), getattr(make, "__code__", code).co_firstlineno)
                check_lane_name(name, place)
                target = f"{os.path.relpath(path)}:{getattr(make, '__name__', name)}"
                found.append(LaneFile(path, (Lane(name, path, place, backend=target, make=make),)))
        return found

    def _require_one_process(self, lane: Lane) -> None:
        workers = self.worker is not None or bool(getattr(self.config.option, "numprocesses", None))
        if workers and lane.backend is not None and not lane.fresh_store:
            raise SharedStoreError(lane)

    def _lane_run(self, lane: Lane, edition: Edition) -> LaneRun:
        axioms = in_scope(edition, lane)
        groups = edition.groups
        require_contract(self.contract, edition)
        cases = selected_cases(self.selection, edition, lane)
        selected = [axiom for axiom in axioms if self.selection.takes_axiom(axiom, group_of(axiom.id, groups))]
        planned = plan(cases, lane, self.contract)
        run = LaneRun(lane, tuple(selected), {case.id: case for case in cases}, planned, lane.file)
        if self.folder is not None and self.part:
            journal = read_journal(self.folder / lane.name)
            run.resume_point = resume_point_of(journal, run.cases) if journal is not None else run.resume_point
        return run

    def _add_arguments(self) -> None:
        """Let pytest collect the lanes' files, unless it was asked for single tests of the user's own."""
        config = self.config
        given = config.args
        if config.args_source is config.ArgsSource.ARGS and not all(Path(arg).is_dir() for arg in given):
            return
        for run in self.runs.values():
            if str(run.node) not in given:
                given.append(str(run.node))
                self.added.add(run.node)

    # -- collection -----------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """Collect a file that declares a lane which was asked for."""
        others = yield
        if not any(run.node == file_path for run in self.runs.values()):
            return others
        # pytest leaves the path of a file outside the root folder out of the node id.
        nodeid = Path(os.path.relpath(file_path, self.config.rootpath)).as_posix()
        node: LaneFileNode = LaneFileNode.from_parent(parent, path=file_path, nodeid=nodeid)
        node.conformance = self
        # A file of Python is collected as a module if it is named, and we named it. Its own tests run where they would.
        is_test = any(fnmatch(file_path.name, pattern) for pattern in self.config.getini("python_files"))
        asked = not self.supervised and (is_test or file_path not in self.added)
        return [node, *(others if asked else ())]

    def pytest_collection_modifyitems(self) -> None:
        """Note that the collection came to its end: its last hook is called in any case."""
        self.collected = True

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write the plan, as it is after everything that pytest deselected."""
        if not self.collected:
            return
        selected: dict[str, set[str]] = {name: set() for name in self.runs}
        for item in session.items:
            if isinstance(item, CaseItem):
                selected[item.run.lane.name].add(item.name)
        for name, run in self.runs.items():
            self._write_header(run, selected[name] | run.resume_point.done)

    def _write_header(self, run: LaneRun, selected: set[str]) -> None:
        runnable = {planned.case for planned in run.runnable}
        complete = runnable <= selected
        planned = tuple(
            planned for planned in run.planned if planned.case in selected or (planned.skip is not None and complete)
        )
        run.header = make_header(
            self.edition,
            run.axioms,
            run.lane,
            planned,
            self.selection,
            date=datetime.now(UTC).date().isoformat(),
            contract=self.contract,
            seed=self.asked.seed,
            profile=Profile(self.asked.profile),
            rerun_command=self.asked.rerun_command or self._rerun_command(run.lane),
            complete=complete and self.asked.first is None,
        )
        if self.folder is not None:
            run.journal = self._writer(run)
            run.journal.header(run.header)

    def _rerun_command(self, lane: Lane) -> str:
        """Return the command that runs a lane again, to which a case is added."""
        asked = self.asked
        name = lane.backend or "" if lane.make is not None else lane.name
        if lane.name not in asked.backend:  # A callable, which was named by its path.
            name = next(name for name in asked.backend if find_lane(name, (), {}).name == lane.name)
        elif lane.file.name == "lanes.toml" and not lane.from_entry_point:
            asked = replace(asked, lanes=(os.path.relpath(lane.file),))
        return asked.rerun(name)

    def _process(self, worker: str | None) -> str:
        """Return the name of a process of this part of the run."""
        return (worker or "main") + (f"-{self.part}" if self.part else "")

    def _writer(self, run: LaneRun) -> JournalWriter:
        process = self._process(self.worker)
        try:
            return JournalWriter((self.folder or Path()) / run.lane.name, process)
        except OSError as exc:
            raise pytest.UsageError(f"rsconform: cannot write {self.folder} ({exc.strerror}).") from exc

    # -- running --------------------------------------------------------------------------------------------------

    def start(self, run: LaneRun) -> LaneSession:
        """Return the lane's session, making the first instance when the first case asks for it."""
        if run.session is not None:
            return run.session
        run.session = LaneSession(
            run.lane,
            run.axioms,
            self.services,
            step_limit_s=self.asked.timeout,
            fresh=self.asked.fresh,
            seed=self.asked.seed,
            profile=Profile(self.asked.profile),
            corpus=self.folder / run.lane.name / "corpus" if self.folder is not None else None,
            log=run.journal,
        )
        if run.journal is not None:
            run.journal.constructing(self.asked.timeout)
        try:
            instance = run.session.start(left=run.resume_point.paths, hangs=run.resume_point.hangs)
        except DirtyStoreError as exc:
            self._leave_alone(run, str(exc))
            return run.session
        if run.journal is not None:
            run.journal.instance(instance)
        return run.session

    def _leave_alone(self, run: LaneRun, why: str) -> None:
        """End a run whose store is not empty; other tests go on."""
        if self.supervised:
            if run.journal is not None:
                run.journal.footer(Footer("dirty_store", why))
            self.ended = True
            pytest.exit(redact(why), returncode=2)
        assert run.session is not None
        run.dirty = why
        run.session.give_up(why)

    def attempts(self, run: LaneRun, name: str) -> list[Attempt]:
        """Return the attempts at a case, each written to the journal before and after it ran.

        A case has one outcome in a session: a plugin that runs its item again gets the same.
        """
        if name in run.attempts:
            return run.attempts[name]
        session = self.start(run)
        attempts = run.attempts[name] = []
        again, longer = name in run.resume_point.retried, name in run.resume_point.longer
        for attempt in session.attempts(run.cases.get(name), first=2 if again else 1, longer=longer):
            attempts.append(attempt)
            if run.journal is not None:
                run.journal.end(attempt)
        return attempts

    def renew_after_hang(self, item: CaseItem) -> None:
        """Go on after a hang, which may hold a lock forever, in a fresh process, or at least with fresh services."""
        session = item.run.session
        if session is None or not session.hung:
            return
        session.renew()
        if self.supervised and self.worker is None and session.broken is None:
            self.renewing = True
            # pytest takes one after the other from this list, and ends well when there is no more.
            del item.session.items[item.session.items.index(item) + 1 :]
        else:
            self.services.close()

    def note_cause(self, item: CaseItem, attempt: Attempt, breaches: Sequence[Breach]) -> None:
        """End the session once so many causes of failures were found as it was asked for."""
        if self.asked.first is None:
            return
        from rsconform.report.causes import cause_of, symptom_of, symptom_of_breach

        failures = [symptom_of(attempt.failure)] if attempt.failure is not None else []
        self.causes.update(map(cause_of, (*failures, *map(symptom_of_breach, breaches))))
        if len(self.causes) >= self.asked.first:
            item.session.shouldstop = f"{len(self.causes)} causes of failures were found, as --first asked for"

    def why_forgiven(self, run: LaneRun, axiom: str, failure: Failure | Breach | None) -> str | None:
        """Return why a failure or a breach of an axiom fails no session; None if it does."""
        facts = next((one for one in run.axioms if one.id == axiom), None)
        if facts is None:
            return None  # The smoke case, which belongs to no axiom, and what this run does not judge.
        if facts.level is Level.MAY:
            return f"not taken: {facts.title} (MAY)"
        levels = [level.value for level in Level]
        if levels.index(facts.level.value) > levels.index(self.selection.level.upper()):
            return f"{axiom} is a {facts.level.value}, and --rsconform-level asks for less"
        from rsconform.report.verdicts import shown_by  # Only a failure pays for the report stage.

        shown = shown_by(failure)
        today = datetime.now(UTC).date()
        for waiver in self._waivers(run):
            if waiver.axiom == axiom and today <= waiver.until and waiver.expected in shown:
                return f"waived until {waiver.until} ({waiver.owner}): {waiver.reason}"
        return None

    def _waivers(self, run: LaneRun) -> Sequence[Waiver]:
        if run.waivers is None:
            from rsconform.report.waivers import waivers_beside

            run.waivers = tuple(one for one in waivers_beside([run.lane.file]) if one.lane == run.lane.name)
        return run.waivers

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Pass on what xdist knows of a worker that is gone."""
        if error is None or self.folder is None:
            return
        for run in self.runs.values():
            run.journal = run.journal or self._writer(run)
            run.journal.lost(self._process(node.gateway.id))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note whether pytest stopped by itself, as with -x on workers."""
        if isinstance(excinfo.value, pytest.Session.Interrupted):
            self.stopped = str(excinfo.value)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End the lanes, write the last line of each journal, and the reports where no supervisor does."""
        for run in self.runs.values():
            if run.session is not None:
                run.session.close()
            if run.journal is None and self.folder is not None and self.worker is None:
                # The controller of several workers: it runs no case, and only it knows how the run ended.
                run.journal = self._writer(run)
            if run.journal is not None and not self.ended:
                run.journal.footer(self._ending(run, session, exitstatus))
        self.services.close()
        if not self.supervised and self.worker is None:
            self._follow_the_verdicts(session)

    def _ending(self, run: LaneRun, session: pytest.Session, exitstatus: int) -> Footer:
        if run.dirty is not None:
            return Footer("dirty_store", run.dirty)
        if self.renewing:
            return Footer("renewed")
        stopped = self.stopped or session.shouldstop or session.shouldfail
        if stopped:
            return Footer("stopped", str(stopped))
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            return Footer("interrupted", "the run was interrupted")
        if exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            return Footer("died", "pytest ended with an internal error")
        return Footer("finished")

    def _follow_the_verdicts(self, session: pytest.Session) -> None:
        """Write the reports, where they were asked for, and let no session end well that they speak against."""
        against = list(self._write_reports() if self.folder is not None else ())
        against += (f"{name}: {case} failed" for name, run in self.runs.items() for case in sorted(run.counted))
        if against and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self.against = against

    def _write_reports(self) -> Iterator[str]:
        """Write the reports; yield a sentence for each thing that keeps what was asked for from holding."""
        from rsconform.report.build import build
        from rsconform.report.exit_code import ExitCode, decide
        from rsconform.report.files import write_reports
        from rsconform.report.waivers import waivers_beside

        folder = self.folder or Path()
        for name in self.runs:
            journal = read_journal(folder / name)
            if journal is None:
                continue
            waivers = waivers_beside([self.runs[name].lane.file])
            report = build(journal, waivers, datetime.now(UTC).date())
            write_reports(report, folder)
            for reason in decide([report], level=self.selection.level).reasons:
                if reason.code is not ExitCode.WAIVERS:
                    yield f"{name}: {reason.text}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say why a session whose items all went well does not end well."""
        for sentence in self.against[:_SHOWN]:
            terminalreporter.line(f"rsconform: {sentence}", red=True)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep secrets out of what was captured while a case ran."""
        report = yield
        if isinstance(item, CaseItem):
            report.sections = [(name, redact(text)) for name, text in report.sections]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Keep secrets out of warnings, before they are shown or sent on."""
        said = str(warning_message.message)
        clean = redact(said)
        if clean != said:
            warning_message.message = warning_message.category(clean)
        # The line of code that warned is shown as well.
        code = warning_message.line or linecache.getline(warning_message.filename, warning_message.lineno)
        warning_message.line = redact(code)

    def pytest_report_teststatus(self, report: pytest.TestReport | pytest.CollectReport) -> tuple[str, str, str] | None:
        """Print no letters under the supervisor, which shows progress itself."""
        if not self.supervised or self.config.get_verbosity() >= 0:
            return None
        if isinstance(report, pytest.TestReport) and (report.when == "call" or not report.passed):
            return report.outcome, "", ""
        return None

    def pytest_report_header(self) -> str:
        """Say what is judged."""
        return f"rsconform: {', '.join(self.runs)}; edition {self.edition.name}, {len(self.edition.axioms)} axioms"


def _declares(file: LaneFile, lanes: Iterable[Lane]) -> bool:
    return any(lane.file == file.path for lane in lanes)
