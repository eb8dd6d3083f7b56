"""`rsconform coverage`: which spec IDs have an executed case, and why the others have none."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click

from rsconform.cases.compiler import compile_edition
from rsconform.cli.inputs import edition_of, lane_files
from rsconform.gate.read import CertificateError, read_certificate
from rsconform.lanes.registry import LaneFile, find_lane, known_lanes
from rsconform.report.coverage import EXECUTED, Coverage, NoReportError, Source, of_certificate, of_lane, of_report
from rsconform.report.exit_code import ExitCode


class UnreadableError(Exception):
    """A file says nothing about coverage. The message says why, and what to do."""


@click.command()
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A report.json or a certificate.toml. Repeatable: an ID executed in one of them is executed.",
)
@click.option("--backend", "backends", multiple=True, metavar="LANE", help="Without a report: only these lanes.")
@click.option(
    "--lanes",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="A lanes.toml to take lanes from.",
)
def coverage(reports: tuple[Path, ...], backends: tuple[str, ...], lanes: tuple[str, ...]) -> None:
    """Tell for each family how many spec IDs and axioms have an executed case, and list those without one and why.

    Without --report it says which axioms the lanes could run, by their facts alone: what a backend declares only a
    run can say. Exit codes: 0 done; 2 a file is not a report, or a lane is unknown.
    """
    if reports and backends:
        raise click.UsageError("--backend goes without --report: a report is about one lane already.")
    files = lane_files(lanes)
    try:
        sources = [_read(path, files) for path in reports] or list(_of_lanes(backends, files))
    except UnreadableError as exc:
        click.echo(f"rsconform: {exc}", err=True)
        sys.exit(ExitCode.USAGE)
    if not sources:
        raise click.UsageError("there are no lanes here; name a lanes.toml with --lanes.")
    for line in _told(Coverage(sources), "executed" if reports else "could run"):
        click.echo(line)


def _read(path: Path, files: list[LaneFile]) -> Source:
    """Return what a file says.

    Raises:
        UnreadableError: It cannot be read, or is neither a report nor a certificate of these axioms.
    """
    if path.suffix == ".toml":
        return _of_certificate(path, files)
    try:
        return of_report(json.loads(path.read_text(encoding="utf-8")))
    except OSError as exc:
        raise UnreadableError(f"{path}: cannot be read ({exc.strerror}). Run: rsconform run --backend LANE") from exc
    except (UnicodeDecodeError, json.JSONDecodeError) as exc:
        raise UnreadableError(f"{path}: it is neither a report.json nor a certificate.toml: {exc}") from exc
    except NoReportError as exc:
        raise UnreadableError(f"{path}: {exc}. Run the lane again.") from exc


def _of_certificate(path: Path, files: list[LaneFile]) -> Source:
    try:
        certificate = read_certificate(path)
    except CertificateError as exc:
        raise UnreadableError(str(exc)) from exc
    known = known_lanes(files)
    if certificate.lane not in known:
        raise UnreadableError(
            f"{path}: a certificate lists only what does not hold, and no lane {certificate.lane!r} is known here to "
            "say what else binds it. Name its lanes.toml with --lanes, or give its report.json."
        )
    lane = known[certificate.lane]
    edition = edition_of(files, [lane])
    if edition.lock_digest != certificate.lock:
        raise UnreadableError(f"{path}: it is stale: it speaks of other axioms than this kit has. Run the lane again.")
    said = {
        entry.axiom: f"{entry.status}: {entry.said}".replace("_", " ", 1)
        for entry in certificate.entries.values()
        if entry.status not in EXECUTED
    }
    return of_certificate(edition, lane, said)


def _of_lanes(names: tuple[str, ...], files: list[LaneFile]) -> Iterator[Source]:
    lanes = [find_lane(name, files, {}) for name in names] or list(known_lanes(files).values())
    edition = edition_of(files, lanes)
    for lane in lanes:
        yield of_lane(edition, compile_edition(edition, lane.declared), lane, version("remote-store"))


def _told(found: Coverage, word: str) -> Iterator[str]:
    yield f"lanes: {', '.join(source.lane for source in found.sources)}"
    yield f"{'family':<8} {'spec IDs':>8} {word:>10} {'axioms':>8} {word:>10}"
    for tally in found.tallies():
        counts = f"{tally.ids:>8} {tally.ids_executed:>10} {tally.axioms:>8} {tally.axioms_executed:>10}"
        yield f"{tally.family:<8} {counts}"
    gaps = found.gaps()
    if gaps:
        yield f"\nwithout a case that {'was executed' if word == 'executed' else word}"
    for why, axioms in gaps:
        yield textwrap.fill(
            f"{why} ({len(axioms)})", 110, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
        )
        yield textwrap.fill(
            ", ".join(axioms), 110, initial_indent="      ", subsequent_indent="      ", break_on_hyphens=False
        )
