"""`rsconform run`: certify one or more lanes."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from rsconform.cli.failures import failures
from rsconform.cli.inputs import edition_of, lane_files, run_options
from rsconform.cli.progress import LaneProgress
from rsconform.lanes.lane import Lane
from rsconform.lanes.registry import SharedStoreError, find_lanes, known_lanes, parse_trait
from rsconform.options import RunOptions
from rsconform.report import json_report
from rsconform.report.build import build
from rsconform.report.exit_code import ORDER, ExitCode, decide
from rsconform.report.files import UnwritableError, Written, home_of, write_reports
from rsconform.report.json_report import failed_cases
from rsconform.report.report import Grade, Report, Waiver
from rsconform.report.text import render_summary
from rsconform.report.waivers import review_axioms, review_lanes, waivers_beside
from rsconform.run.plan import (
    Selection,
    contract_of,
    parse_specs,
    require_contract,
    selected_cases,
)
from rsconform.run.supervisor import MOST_DEATHS, ChildFailedError, JournalDamagedError, Supervisor
from rsconform.spec.axiom import Edition

_Done = tuple[Report, Written | UnwritableError]
_MOST_OF_CASES: Final = 60_000  # Characters.
_MOST_WORKERS: Final = 128  # Each is a process of its own, with services of its own.


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one `rsconform run` was asked for.

    Attributes:
        of_run: What its children need to know.
        workers: How many workers; None as the lane says.
    """

    of_run: RunOptions
    workers: str | None
    reports: Path
    pytest_args: tuple[str, ...]


def _require_workers(_context: click.Context, _option: click.Parameter, workers: str | None) -> str | None:
    if workers is None or workers == "auto" or (workers.isdigit() and int(workers) <= _MOST_WORKERS):
        return workers
    raise click.BadParameter(f"{workers!r} is neither 'auto' nor a number from 0 to {_MOST_WORKERS}.")


@click.command(context_settings={"ignore_unknown_options": False})
@click.option(
    "--backend",
    "backends",
    multiple=True,
    required=True,
    metavar="LANE",
    help="A lane's name, or a callable as path/to/file.py:function or module:function. Repeatable.",
)
@run_options
@click.option("--failed", is_flag=True, help="Only the cases that failed when the lane was run last.")
@click.option("--require", type=click.Choice([grade.value for grade in Grade]), help="Ask for a grade as well.")
@click.option(
    "-n",
    "workers",
    metavar="N",
    callback=_require_workers,
    help="Run on N workers: a number, or 'auto' for the cores. [default: as the lane says; 0 for none]",
)
@click.option(
    "--reports",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports"),
    show_default=True,
    metavar="DIR",
    help="Where reports and certificates go, a folder per lane.",
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def run(
    backends: tuple[str, ...],
    failed: bool,
    require: str | None,
    workers: str | None,
    reports: Path,
    pytest_args: tuple[str, ...],
    **said: Any,
) -> None:
    """Judge lanes and write their certificates.

    What follows `--` goes to pytest: -k EXPRESSION, -x, --lf, --durations=10 and the like.

    Exit codes: 0 it holds; 1 violated; 2 usage; 3 the kit, a lane fixture or a service broke; 4 vacuous or incomplete;
    5 a waiver is expired, unmatched or no longer needed.
    """
    options = RunOptions(backend=backends, folder=str(reports), **said)
    if options.first is not None and workers not in (None, "0"):
        raise click.UsageError("--first counts in one process. Leave out -n.")
    if failed and (options.case or options.spec or len(backends) > 1):
        raise click.UsageError("--failed says itself which cases to run, of one lane. Leave out --case and --spec.")
    asked = _Asked(options, workers, reports, pytest_args)
    contract_of(options.contract)
    files = lane_files(options.lanes)
    traits = dict(parse_trait(text) for text in options.trait)
    lanes = find_lanes(backends, files, traits, fresh_store=options.fresh_store)
    edition = edition_of(files, lanes)
    if failed:
        asked = replace(asked, of_run=_only_failed(options, lanes, reports))
    for lane in lanes:
        _validate(lane, edition, asked)  # Every problem is reported here, before anything is started.
    waivers = waivers_beside(lane.file for lane in lanes)
    done: list[_Done] = []
    try:
        for lane in lanes:
            _check_writable(asked.reports / lane.name)
        for lane, name in zip(lanes, backends, strict=True):
            done.append(_run_lane(lane, name, asked, waivers))
            if done[-1][0].footer is not None and done[-1][0].footer.ending in ("stopped", "interrupted"):
                break
    except KeyboardInterrupt:  # Before there was a plan; what lanes before this one did stands.
        click.echo(f"rsconform: interrupted before {lanes[len(done)].name} was begun.", err=True)
    except UnwritableError as exc:
        click.echo(f"rsconform: {exc}", err=True)
        sys.exit(ExitCode.USAGE)
    grade = Grade(require) if require else None
    for report, written in done:
        decision = decide([report], level=options.level, require=grade)
        if isinstance(written, UnwritableError):
            click.echo(render_summary(report, decision, certificate=f"nothing: {written}") + "\n")
            continue
        certificate = str(written.certificate) if written.certificate else None
        click.echo(render_summary(report, decision, certificate=certificate))
        click.echo(f"page      {written.page}\n")
    stray = review_lanes(waivers, {*known_lanes(files), *(lane.name for lane in lanes)})
    # The report of a whole run says so itself.
    parts = [report.lane for report, _ in done if not report.header.complete]
    stray += review_axioms(waivers, parts, [str(axiom.id) for axiom in edition.axioms])
    for finding in stray:
        click.echo(finding.text)
    code = decide([report for report, _ in done], level=options.level, require=grade, stray=stray).code
    codes = {code, ExitCode.INCOMPLETE if len(done) < len(lanes) else ExitCode.HOLDS}
    if any(isinstance(written, UnwritableError) for _, written in done):
        codes.add(ExitCode.BROKEN)
    sys.exit(next((code for code in ORDER if code in codes), ExitCode.HOLDS))


def _only_failed(options: RunOptions, lanes: Sequence[Lane], reports: Path) -> RunOptions:
    """Return the options with what failed in a lane's last run, whole or partial, as all that is asked for."""
    (lane,) = lanes
    known = [home_of(lane.name, reports, whole=whole) / json_report.FILE_NAME for whole in (True, False)]
    written = sorted((path for path in known if path.is_file()), key=lambda path: path.stat().st_mtime)
    if not written:
        raise click.UsageError(f"{lane.name} has no report in {known[0].parent}. Run it once without --failed.")
    cases = failed_cases(json.loads(written[-1].read_text(encoding="utf-8")))
    if not cases:
        raise click.UsageError(f"nothing failed in {written[-1]}. Run it without --failed.")
    if sum(map(len, cases)) > _MOST_OF_CASES:  # No process takes an argument of any length.
        return replace(options, spec=tuple(dict.fromkeys(case.partition("/")[0] for case in cases)))
    return replace(options, case=cases)


def _validate(lane: Lane, edition: Edition, asked: _Asked) -> None:
    """Look whether what was asked for can be run on a lane.

    Raises:
        SpecError: The axioms cannot be compiled.
        LaneError: The lane has no such family or case, or cannot be run on several workers.
    """
    require_contract(contract_of(asked.of_run.contract), edition)
    selected_cases(Selection(parse_specs(asked.of_run.spec), asked.of_run.case), edition, lane)
    if asked.workers not in (None, "0") and lane.backend is not None and not lane.fresh_store:
        raise SharedStoreError(lane)


def _run_lane(lane: Lane, name: str, asked: _Asked, waivers: Sequence[Waiver]) -> _Done:
    if asked.workers is None and _pays_for_workers(lane, asked):
        asked = replace(asked, workers="auto")
    arguments = _child_arguments(lane, name, asked)
    with LaneProgress(lane.name) as progress:
        try:
            journal = Supervisor(lane.name, asked.reports, arguments, progress).run()
        except ChildFailedError as exc:
            click.echo(f"rsconform: {exc}.", err=True)
            sys.exit(ExitCode.USAGE)
        except JournalDamagedError as exc:
            click.echo(f"rsconform: {exc}.", err=True)
            sys.exit(ExitCode.BROKEN)
    report = build(journal, waivers, datetime.now(UTC).date())
    try:
        written: Written | UnwritableError = write_reports(report, asked.reports)  # First: a reader may go away.
    except UnwritableError as exc:  # As on a full disk: the findings are shown all the same.
        written = exc
    for text in failures(report):
        click.echo(text + "\n")
    return report, written


def _pays_for_workers(lane: Lane, asked: _Asked) -> bool:
    """Return whether a run is worth a worker for each core."""
    # What --first counts, one process has to see.
    is_whole = not (asked.of_run.spec or asked.of_run.case or asked.of_run.first or asked.pytest_args)
    shares_its_store = lane.backend is not None and not lane.fresh_store
    return lane.parallel and is_whole and not shares_its_store and (os.cpu_count() or 1) > 1


def _child_arguments(lane: Lane, name: str, asked: _Asked) -> list[str]:
    options = replace(asked.of_run, backend=(name,), rerun_command=asked.of_run.rerun(name))
    arguments = [
        "-c", os.devnull, "--rootdir", str(Path.cwd()), "--noconftest", "-p", "rsconform.pytest.plugin",
        "-p", "no:hypothesispytest",  # A second of every session, for what no case uses.
        "-qq", "--tb=no", "-rN", "--disable-warnings",
        "-o", "console_output_style=classic", "-o", "cache_dir=.pytest_cache",
        f"--rsconform-run={options.to_json()}",
    ]  # fmt: skip
    if asked.workers is not None:
        # How many workers may end is the supervisor's to say.
        arguments += ["-p", "xdist", "-n", asked.workers, "--max-worker-restart", str(2 * MOST_DEATHS)]
    return [*arguments, *asked.pytest_args, str(lane.file)]


def _check_writable(folder: Path) -> None:
    """Fail before the run rather than after it.

    Raises:
        UnwritableError: Nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise UnwritableError(folder, str(exc.strerror or exc)) from exc
