"""`rsconform doctor`: which lanes can run here, what is missing, and the command that installs it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

import click
from packaging.specifiers import SpecifierSet

from rsconform import __version__
from rsconform.cli.inputs import edition_of
from rsconform.data import MissingDataError
from rsconform.lanes.lane import Lane
from rsconform.lanes.registry import (
    LaneError,
    LaneFile,
    find_lane,
    installed_paths,
    known_lanes,
    local_paths,
    read_installed,
    read_lane_file,
)
from rsconform.lanes.requirements import Lack, lacks
from rsconform.report.exit_code import ORDER, ExitCode
from rsconform.run.plan import in_scope
from rsconform.spec.axiom import Edition
from rsconform.spec.problems import SpecError

_SERVICES = {
    2: "its lane fixture starts or reaches a local service: whether that answers only a run can tell",
    3: "it reaches a live account, as the environment tells its lane fixture: only a run can say",
}


@click.command()
@click.option("--backend", "backends", multiple=True, metavar="LANE", help="Only this lane. Repeatable.")
@click.option(
    "--lanes",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A lanes.toml to take lanes from.",
)
def doctor(backends: tuple[str, ...], lanes: tuple[Path, ...]) -> None:
    """Say which lanes can run here, what is missing and how to get it. Nothing is started and no lane is imported.

    Exit codes: 0 every lane can run; 2 a lanes.toml or an axiom is wrong, or a lane is unknown; 3 the kit itself is not
    as it should be; 4 a lane cannot run.
    """
    codes: set[ExitCode] = set()
    for line, code in _examined(backends, lanes):
        click.echo(line)
        codes.add(code)
    sys.exit(next((code for code in ORDER if code in codes), ExitCode.HOLDS))


def _examined(backends: Sequence[str], extra: Sequence[Path]) -> Iterator[tuple[str, ExitCode]]:
    """Yield what is found, line by line, each with the exit code that it stands for."""
    yield from _kit()
    files: list[LaneFile] = []
    for path, read in _readable(extra):
        if isinstance(read, LaneFile):
            files.append(read)
        else:
            yield f"lanes     {path} cannot be used:\n{_indented(str(read))}", ExitCode.USAGE
    edition, said = _edition(files)
    yield said
    chosen: list[Lane] = []
    for name in backends:
        try:
            chosen.append(find_lane(name, files, {}))
        except LaneError as exc:
            yield f"lane      {exc}", ExitCode.USAGE
    every = chosen if backends else list(known_lanes(files).values())
    for lane in every:
        yield from _lane(lane, edition)
    if not every and not backends:
        yield "lanes     there are none: name a lanes.toml with --lanes", ExitCode.INCOMPLETE


def _kit() -> Iterator[tuple[str, ExitCode]]:
    wanted = str(metadata("rsconform")["Requires-Python"])
    python = platform.python_version()
    if SpecifierSet(wanted).contains(python, prereleases=True):
        yield f"python    {python}", ExitCode.HOLDS
    else:
        yield f"python    {python}, and rsconform wants {wanted}: make an environment with such a one", ExitCode.BROKEN
    try:
        yield f"kit       rsconform {__version__}, remote-store {version('remote-store')}", ExitCode.HOLDS
    except PackageNotFoundError:
        yield "kit       remote-store is not installed\n          pip install remote-store", ExitCode.BROKEN


def _readable(extra: Sequence[Path]) -> Iterator[tuple[Path, LaneFile | Exception]]:
    """Yield every file that declares lanes: read, or why it cannot be."""
    for path in (*(path.resolve() for path in extra), *local_paths(Path.cwd())):
        try:
            yield path, read_lane_file(path)
        except (SpecError, LaneError, OSError) as exc:
            yield path, exc
    for path, distribution in installed_paths():
        try:
            yield path, read_installed(path, distribution)
        except (SpecError, LaneError, OSError) as exc:
            yield path, exc


def _edition(files: Sequence[LaneFile]) -> tuple[Edition | None, tuple[str, ExitCode]]:
    try:
        edition = edition_of(files, known_lanes(files).values())
    except SpecError as exc:
        return None, (f"axioms    {len(exc.problems)} problems:\n{_indented(str(exc))}", ExitCode.USAGE)
    except MissingDataError as exc:
        return None, (f"axioms    {exc}", ExitCode.BROKEN)
    return edition, (f"axioms    edition {edition.name}, {len(edition.axioms)} axioms", ExitCode.HOLDS)


def _lane(lane: Lane, edition: Edition | None) -> Iterator[tuple[str, ExitCode]]:
    try:
        if edition is not None:
            in_scope(edition, lane)
    except LaneError as exc:
        yield f"{lane.name}: {exc}", ExitCode.USAGE
        return
    found = lacks(lane)
    if found:
        yield f"{lane.name}: cannot run\n{_remedies(found)}", ExitCode.INCOMPLETE
        return
    service = _SERVICES.get(lane.stage)
    yield f"{lane.name}: {f'nothing is missing; {service}' if service else 'can run'}", ExitCode.HOLDS


def _remedies(found: Sequence[Lack]) -> str:
    """Return what is missing, and each remedy once after what it mends."""
    lines: list[str] = []
    for remedy in dict.fromkeys(lack.remedy for lack in found):
        lines += [f"  {lack.what}" for lack in found if lack.remedy == remedy]
        lines.append(f"    {remedy}")
    return "\n".join(lines)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
