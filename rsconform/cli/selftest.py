"""`rsconform selftest`: show that this installation catches what is wrong and accuses nothing that is right."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import click
import tomli_w

from rsconform.cli.progress import LaneProgress
from rsconform.report.exit_code import ExitCode
from rsconform.run.plan import parse_specs
from rsconform.spec.ids import base_of

if TYPE_CHECKING:
    from rsconform.selftest.matrix import Matrix
    from rsconform.selftest.trials import Asked, Trial

_SECONDS: Final = 600.0  # On two cores the whole table takes nearly four minutes.
_NO_TIME: Final = "there was no time left; --seconds gives more"
_SHOWN: Final = 10


@click.command()
@click.option("--full", is_flag=True, help="Put mutants and controls to the cases of all axioms, and print the matrix.")
@click.option("--spec", multiple=True, metavar="IDS", help="Only the mutants of these axioms: 'BE-*,SEEK-006'.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    metavar="N",
    help=f"Begin no trial after this long.  [default: {_SECONDS:g}; with --full no limit]",
)
@click.option("-n", "workers", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: one per core]")
@click.option(
    "--write",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the matrix to a .json or .toml file as well.",
)
def selftest(
    *, full: bool, spec: tuple[str, ...], seconds: float | None, workers: int | None, write: Path | None
) -> None:
    """Put wrong backends, the mutants, to this kit: it must find each out for what is wrong with it.

    The quick form puts each mutant to the cases of its axiom and to one canonical case per operation.

    Exit codes: 0 every axiom's mutants are found out; 2 usage; 3 the kit misses a mutant or accuses a right backend; 4
    of some axiom no mutant could be tried.
    """
    if write is not None and write.suffix not in (".json", ".toml"):
        raise click.UsageError(f"--write {write}: name a .json or a .toml file.")
    if write is not None and not write.parent.is_dir():
        raise click.UsageError(f"--write {write}: there is no folder {write.parent}.")
    # Their table is made when it is imported, which takes its time.
    from rsconform.selftest.harness import edition
    from rsconform.selftest.matrix import Matrix, as_document
    from rsconform.selftest.trials import axiom_of, bases, controls, mutants

    edition()  # A problem in the axioms shows now, not after everything was tried.
    patterns = parse_specs(spec)
    asked = [*bases(), *mutants(whole=full), *(controls() if full else ())]
    if patterns:
        asked = [one for one in mutants(whole=full) if _is_of(axiom_of(one) or "", patterns)]
        if not asked:
            raise click.UsageError(f"--spec {','.join(patterns)}: no mutant is of such an axiom.")
    limit_s = seconds if seconds is not None else (None if full else _SECONDS)
    try:
        done, undone = _make_all(asked, workers or os.cpu_count() or 1, limit_s)
    except BrokenProcessPool:
        click.echo("rsconform: a process of the self-test died, so it says nothing.", err=True)
        sys.exit(ExitCode.BROKEN)
    left_out = {trial.asked: trial.left_out for trial in done if trial.left_out is not None}
    matrix = Matrix(
        [trial for trial in done if trial.left_out is None],
        {**left_out, **dict.fromkeys(undone, _NO_TIME)},
        frozenset(filter(None, map(axiom_of, asked))) if patterns else frozenset(),
    )
    for line in _told(matrix, full=full):
        click.echo(line)
    if write is not None:
        _write(write, as_document(matrix, whole=full))
    sys.exit(_code(matrix))


def _is_of(axiom: str, patterns: Sequence[str]) -> bool:
    names = (axiom, base_of(axiom) or axiom, axiom.rpartition("-")[0])
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _make_all(asked: Sequence[Asked], workers: int, limit_s: float | None) -> tuple[list[Trial], list[Asked]]:
    """Make trials in processes, and return them with those for which there was no time."""
    from rsconform.selftest.trials import make_trial

    end = None if limit_s is None else monotonic() + limit_s
    waiting = list(reversed(asked))
    done: list[Trial] = []
    failed = 0
    # Not forked: a mutant's threads and moto's patches are to meet a clean process.
    context = get_context("spawn")
    with LaneProgress("self-test", "trials") as progress:
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet) as pool:
            running: set[Future[Trial]] = set()
            while running or waiting:
                while waiting and len(running) <= workers and (end is None or monotonic() < end):
                    running.add(pool.submit(make_trial, waiting.pop()))
                if not running:
                    break
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    done.append(future.result())
                    failed += bool(done[-1].wrong)
                progress.update(len(done), len(asked), failed)
    return done, waiting[::-1]


def _quiet() -> None:
    """Keep what wrong backends leave in logs and threads off the terminal."""
    logging.getLogger().addHandler(logging.NullHandler())
    threading.excepthook = lambda _args: None


def _code(matrix: Matrix) -> ExitCode:
    if matrix.wrong:
        return ExitCode.BROKEN
    return ExitCode.INCOMPLETE if matrix.unshown or not matrix.mutants else ExitCode.HOLDS


def _told(matrix: Matrix, *, full: bool) -> Iterator[str]:
    """Yield the summary, line by line."""
    for trial in matrix.wrong:
        yield f"{trial.asked.kind} {trial.asked.name} on {trial.base}:"
        yield from (f"  {sentence}" for sentence in trial.wrong)
    mutants, axioms = matrix.mutants, {trial.axiom for trial in matrix.mutants}
    yield f"mutants    {matrix.caught()} of {len(mutants)} found out for what is wrong with them; {len(axioms)} axioms"
    right = [trial for trial in matrix.trials if trial.asked.kind != "mutant"]
    accused = sum(bool(trial.wrong) for trial in right)
    yield f"right     {len(right) - accused} of {len(right)} right backends pass"
    if matrix.by_chance:
        yield f"by chance {_named(matrix.by_chance)}: right at the second try alone"
    yield from _left_out(matrix)
    if full:
        yield from _figures(matrix)
    yield from _verdict(matrix)


def _left_out(matrix: Matrix) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for asked, why in matrix.left_out.items():
        reasons.setdefault(why, []).append(asked.name)
    for why, names in reasons.items():
        yield f"left out  {_named(names)}: {why}"
    if matrix.unshown:
        yield f"unshown   {_named(matrix.unshown)}: no mutant of theirs was tried"


def _figures(matrix: Matrix) -> Iterator[str]:
    from rsconform.selftest.matrix import without_mutant

    mutants = matrix.mutants
    unexpected = sum(len(trial.unexpected) for trial in mutants)
    cases = sum(len(trial.executed) for trial in mutants)
    yield "each      mutant: every case of its axiom, and a quarter of the points of every other case"
    yield f"matrix    {len(mutants)} mutants, {cases} cases executed, {matrix.pairs()} pairs of mutant and axiom"
    yield f"side      {unexpected} unexpected among a mutant's own and the canonical cases"
    others = matrix.pairs() - len(mutants)
    yield f"          {others} in all, most of them of what builds on the same operation; the widest:"
    for trial in sorted(mutants, key=lambda trial: -len(trial.violated))[:5]:
        yield f"          {trial.asked.name}: {len(trial.violated)} axioms"
    points = len(matrix.never_failed_points)
    yield f"unfailed  {len(matrix.never_failed)} cases that no mutant fails; {points} more points of other cases"
    yield from (f"          {case}" for case in matrix.never_failed)
    yield f"unreached {len(matrix.unreached)} cases that nothing was put to"
    yield from (f"          {case}" for case in matrix.unreached)
    yield f"no mutant  {len(without_mutant())} axioms"
    yield from (f"          {axiom}: {why}" for axiom, why in sorted(without_mutant().items()))
    slowest = sorted(matrix.trials, key=lambda trial: -trial.took_s)[:5]
    yield f"slowest   {', '.join(f'{trial.asked.name} {trial.took_s:.0f} s' for trial in slowest)}"


def _verdict(matrix: Matrix) -> Iterator[str]:
    match _code(matrix):
        case ExitCode.BROKEN:
            yield f"exit 3    this kit is broken: {len(matrix.wrong)} trials speak against it"
        case ExitCode.INCOMPLETE:
            yield f"exit 4    incomplete: of {len(matrix.unshown)} axioms no mutant could be tried"
        case _:
            yield "exit 0    every axiom tried has a mutant, and each is found out"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=2) + "\n" if path.suffix == ".json" else tomli_w.dumps(document)
    path.write_text(text, encoding="utf-8")
    click.echo(f"written   {path}")
