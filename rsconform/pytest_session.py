"""The conformance run inside pytest: lanes as collector nodes, cases as items, the journal beside them."""

from __future__ import annotations

import inspect
import os
import shlex
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from remote_store import Backend

from rsconform.cases.compiler import compile_edition
from rsconform.cases.model import Case
from rsconform.data import shipped
from rsconform.lanes.model import Lane, Services
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
from rsconform.run.cleaning import DirtyStoreError
from rsconform.run.earlier import Earlier, earlier_part
from rsconform.run.journal import JournalWriter, Redactor, clear, read_journal
from rsconform.run.model import Attempt, Footer, Header, PlannedCase, Result
from rsconform.run.plan import SMOKE, SMOKE_FACTS, Selection, bundle_of, demand_cases, in_scope, make_header, plan
from rsconform.run.session import CONSTRUCTED, LaneSession
from rsconform.spec.loader import load_edition
from rsconform.spec.mistakes import SpecError
from rsconform.spec.model import Axiom, Edition, Place


class CaseFailure(Exception):  # Carries a failed case through pytest, as text for a person.
    """A case failed, or could not be judged."""


@dataclass
class LaneRun:
    """One lane in this process: its cases, its plan, its session and its journal."""

    lane: Lane
    axioms: tuple[Axiom, ...]
    cases: Mapping[str, Case]
    planned: tuple[PlannedCase, ...]
    node: Path
    header: Header | None = None
    journal: JournalWriter | None = None
    session: LaneSession | None = None
    refuted: set[tuple[str, str]] = field(default_factory=set)
    earlier: Earlier = field(default_factory=Earlier)
    redactor: Redactor = field(default_factory=Redactor)
    dirty: str | None = None  # Why its store was not touched.
    told: set[str] = field(default_factory=set)  # What broke, where it has been shown in full.

    @property
    def runnable(self) -> tuple[PlannedCase, ...]:
        """Return the planned cases that the lane's facts do not rule out."""
        return tuple(planned for planned in self.planned if planned.skip is None)


class Conformance:
    """The plugin that is registered when a lane was asked for."""

    def __init__(self, config: pytest.Config) -> None:
        option = config.option
        self.config = config
        self.worker: str | None = getattr(config, "workerinput", {}).get("workerid")
        self.supervised = option.rsconform_journal is not None
        self.selection = Selection(
            specs=tuple(part for text in option.rsconform_spec for part in text.split(",") if part),
            cases=tuple(option.rsconform_case),
            level=option.rsconform_level,
        )
        folder = option.rsconform_journal or option.rsconform_reports
        self.folder = Path(folder).resolve() if folder else None
        self.services = Services(own_process=self.supervised)
        self.ended = False
        self.collected = False
        self.stopped: str | None = None
        self.added: set[Path] = set()
        files = self._lane_files()
        traits = dict(parse_trait(text) for text in option.rsconform_trait)
        fresh = option.rsconform_fresh_store
        lanes = find_lanes(option.rsconform_backend, files, traits, fresh_store=fresh)
        for lane in lanes:
            self._demand_one_process(lane)
        specs = [shipped("specs"), *(file.specs for file in files if file.specs and _declares(file, lanes))]
        self.edition = load_edition(specs)
        self.runs = {lane.name: self._lane_run(lane, self.edition) for lane in lanes}

    @classmethod
    def of(cls, config: pytest.Config) -> Conformance:
        """Return the run that the options ask for.

        Raises:
            pytest.UsageError: A lane does not exist or the TOML is wrong.
        """
        try:
            self = cls(config)
        except (LaneError, SpecError) as exc:
            raise pytest.UsageError(str(exc)) from exc
        self._add_arguments()
        if self.folder is not None and self.worker is None and not config.option.rsconform_part:
            for name in self.runs:
                clear(self.folder / name)
        return self

    def _lane_files(self) -> list[LaneFile]:
        option, root = self.config.option, self.config.rootpath
        files = [read_lane_file(Path(path).resolve()) for path in option.rsconform_lanes]
        for folder in dict.fromkeys((root, self.config.invocation_params.dir)):
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

    def _demand_one_process(self, lane: Lane) -> None:
        workers = self.worker is not None or bool(getattr(self.config.option, "numprocesses", None))
        if workers and lane.backend is not None and not lane.fresh_store:
            raise SharedStoreError(lane)

    def _lane_run(self, lane: Lane, edition: Edition) -> LaneRun:
        axioms = in_scope(edition, lane)
        bundles = edition.bundles
        names = {axiom.id for axiom in axioms}
        bound = [case for case in compile_edition(edition, lane.declared) if case.axiom.id in names]
        demand_cases(self.selection, bound, lane)
        cases = [case for case in bound if self.selection.takes(case, bundle_of(case.axiom.id, bundles))]
        selected = [axiom for axiom in axioms if self.selection.takes_axiom(axiom, bundle_of(axiom.id, bundles))]
        planned = plan(cases, lane, version("remote-store"))
        run = LaneRun(lane, tuple(selected), {case.id: case for case in cases}, planned, lane.file)
        if self.folder is not None and self.config.option.rsconform_part:
            journal = read_journal(self.folder / lane.name)
            run.earlier = earlier_part(journal, run.cases) if journal is not None else run.earlier
        return run

    def _add_arguments(self) -> None:
        """Let pytest collect the lanes' files, unless it was asked for single tests of one's own."""
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
            self._write_header(run, selected[name] | run.earlier.done)

    def _write_header(self, run: LaneRun, selected: set[str]) -> None:
        runnable = {planned.case for planned in run.runnable}
        complete = runnable <= selected
        planned = tuple(
            planned for planned in run.planned if planned.case in selected or (planned.skip is not None and complete)
        )
        option = self.config.option
        run.header = make_header(
            self.edition,
            run.axioms,
            run.lane,
            planned,
            self.selection,
            date=datetime.now(UTC).date().isoformat(),
            seed=option.rsconform_seed,
            again=option.rsconform_again or self._again(run.lane),
            complete=complete,
        )
        if self.folder is not None:
            run.journal = self._writer(run)
            run.journal.header(run.header)

    def _again(self, lane: Lane) -> str:
        """Return the command that runs a lane again, to which a case is added."""
        option = self.config.option
        words = ["rsconform", "run", "--backend", lane.backend or "" if lane.make is not None else lane.name]
        if lane.name not in option.rsconform_backend:  # A callable, which was named by its path.
            words[-1] = next(name for name in option.rsconform_backend if find_lane(name, (), {}).name == lane.name)
        elif lane.file.name == "lanes.toml" and not lane.from_entry_point:
            words += ["--lanes", os.path.relpath(lane.file)]
        for trait in option.rsconform_trait:
            words += ["--trait", trait]
        return shlex.join([*words, *(["--fresh-store"] if option.rsconform_fresh_store else [])])

    def _process(self, worker: str | None) -> str:
        """Return the name of a process of this part of the run."""
        part = self.config.option.rsconform_part
        return (worker or "main") + (f"-{part}" if part else "")

    def _writer(self, run: LaneRun) -> JournalWriter:
        process = self._process(self.worker)
        try:
            return JournalWriter((self.folder or Path()) / run.lane.name, process, run.redactor)
        except OSError as exc:
            raise pytest.UsageError(f"rsconform: cannot write {self.folder} ({exc.strerror}).") from exc

    # -- running --------------------------------------------------------------------------------------------------

    def start(self, run: LaneRun) -> LaneSession:
        """Return the lane's session, making the first instance when the first case asks for it."""
        if run.session is not None:
            return run.session
        option = self.config.option
        run.session = LaneSession(
            run.lane,
            run.axioms,
            self.services,
            step_limit_s=option.rsconform_timeout,
            fresh=option.rsconform_fresh,
            log=run.journal,
        )
        if run.journal is not None:
            run.journal.constructing(option.rsconform_timeout)
        try:
            instance = run.session.start(left=run.earlier.paths, hangs=run.earlier.hangs)
        except DirtyStoreError as exc:
            self._leave_alone(run, str(exc))
            return run.session
        run.redactor.add(run.session.secrets)
        if run.journal is not None:
            run.journal.instance(instance)
        return run.session

    def _leave_alone(self, run: LaneRun, why: str) -> None:
        """End a run whose store is not empty; somebody's own tests go on."""
        if self.supervised:
            if run.journal is not None:
                run.journal.footer(Footer("dirty_store", why))
            self.ended = True
            pytest.exit(why, returncode=2)
        assert run.session is not None
        run.dirty = run.session.broken = why

    def attempts(self, run: LaneRun, name: str) -> list[Attempt]:
        """Return the attempts at a case, each written to the journal before and after it ran."""
        session = self.start(run)
        attempts = []
        for attempt in session.attempts(run.cases.get(name), first=2 if name in run.earlier.again else 1):
            run.redactor.add(session.secrets)
            attempts.append(attempt)
            if run.journal is not None:
                run.journal.end(attempt)
        return attempts

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
        """End the lanes, write the last line of each journal, and the reports where nobody else does."""
        for run in self.runs.values():
            if run.session is not None:
                run.session.close()
            if run.journal is None and self.folder is not None and self.worker is None:
                # The controller of several workers: it runs no case, and only it knows how the run ended.
                run.journal = self._writer(run)
            if run.journal is not None and not self.ended:
                run.journal.footer(self._ending(run, session, exitstatus))
        self.services.close()
        if self.folder is not None and not self.supervised and self.worker is None:
            self._write_reports()

    def _ending(self, run: LaneRun, session: pytest.Session, exitstatus: int) -> Footer:
        if run.dirty is not None:
            return Footer("dirty_store", run.dirty)
        stopped = self.stopped or session.shouldstop or session.shouldfail
        if stopped:
            return Footer("stopped", str(stopped))
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            return Footer("interrupted", "the run was interrupted")
        if exitstatus == pytest.ExitCode.INTERNAL_ERROR:
            return Footer("died", "pytest ended with an internal error")
        return Footer("finished")

    def _write_reports(self) -> None:
        from rsconform.report.build import build
        from rsconform.report.waivers import waivers_beside
        from rsconform.report.write import write_reports

        folder = self.folder or Path()
        for name in self.runs:
            journal = read_journal(folder / name)
            if journal is not None:
                waivers = waivers_beside([self.runs[name].lane.file])
                write_reports(build(journal, waivers, datetime.now(UTC).date()), folder)

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


class LaneFileNode(pytest.File):
    """The file that declares lanes."""

    conformance: Conformance

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield a node for each of its lanes that was asked for."""
        for run in self.conformance.runs.values():
            if run.node == self.path:
                node: LaneNode = LaneNode.from_parent(
                    self, name=run.lane.name, nodeid=f"{self.nodeid}::{run.lane.name}"
                )
                node.conformance, node.run = self.conformance, run
                yield node


class LaneNode(pytest.Collector):
    """One lane."""

    conformance: Conformance
    run: LaneRun

    def collect(self) -> Iterator[pytest.Item]:
        """Yield an item for each case that the lane's facts do not rule out."""
        for planned in self.run.runnable:
            if planned.case in self.run.earlier.done:
                continue
            item: CaseItem = CaseItem.from_parent(self, name=planned.case, nodeid=f"{self.nodeid}::{planned.case}")
            item.conformance, item.run, item.planned = self.conformance, self.run, planned
            yield item


class CaseItem(pytest.Item):
    """One case of one lane."""

    conformance: Conformance
    run: LaneRun
    planned: PlannedCase

    def runtest(self) -> None:
        """Run the case, and raise what became of it."""
        attempts = self.conformance.attempts(self.run, self.name)
        first = attempts[0]
        instance = self.run.session.instance if self.run.session is not None else None
        if self.name == SMOKE and instance is not None and instance.failure is not None:
            first = replace(first, axiom=CONSTRUCTED, result=Result.FAILED, failure=instance.failure, error=None)
        breached = any(attempt.breaches for attempt in attempts)
        if first.result is Result.SKIPPED and first.skip is not None:
            raise pytest.skip.Exception(f"{first.skip.want}: {first.skip.what}", _use_item_location=True)
        if first.result is Result.FAILED and not breached and self._is_open_reading():
            raise pytest.skip.Exception(self._reading_text(), _use_item_location=True)
        if first.error is not None and first.error in self.run.told:
            raise CaseFailure(self.run.redactor.clean(f"{self.name}: {first.error}"))
        if first.result is not Result.PASSED or breached:
            self.run.told |= {first.error} if first.error is not None else set()
            text = self._text(first, flaky=len({attempt.result for attempt in attempts}) > 1)
            raise CaseFailure(self.run.redactor.clean(text))

    def _is_open_reading(self) -> bool:
        """Return whether the failure only refutes one reading of a trait that the lane does not declare."""
        reading = self.planned.reading
        if reading is None:
            return False
        self.run.refuted.add(reading)
        trait, value = reading
        return not any(name == trait and other != value for name, other in self.run.refuted)

    def _reading_text(self) -> str:
        trait, value = self.planned.reading or ("", "")
        return f"the lane does not declare {trait}, and it is not {value}; pin it with --rsconform-trait {trait}=…"

    def _text(self, attempt: Attempt, *, flaky: bool) -> str:
        from rsconform.report.text import render_failure  # Only a failure pays for the report stage.

        header = self.run.header
        assert header is not None  # Written when collection finished.
        axiom = next((axiom for axiom in header.axioms if axiom.id == attempt.axiom), SMOKE_FACTS)
        return render_failure(attempt, axiom, header, flaky=flaky)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return a failed case as its text, with no traceback of the framework."""
        if isinstance(excinfo.value, CaseFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style=style)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        """Point at the TOML line of the case."""
        path, _, line = self.planned.place.rpartition(":")
        # Not the end of the node id: pytest would show the dots in that as "::".
        return path, int(line) - 1, f"{self.name} on {self.run.lane.name}"
