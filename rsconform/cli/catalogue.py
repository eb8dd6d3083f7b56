"""`rsconform list` and `rsconform explain`: what there is to run, and what an axiom says."""

from __future__ import annotations

import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click

from rsconform.cases.case import Case
from rsconform.cases.compiler import compile_edition
from rsconform.cases.description import describe_end, describe_given, describe_steps
from rsconform.cli.inputs import edition_of, lane_files
from rsconform.lanes.registry import find_lane, known_lanes
from rsconform.probes import find_probe
from rsconform.report.text import render_row
from rsconform.run.applicability import rule_out
from rsconform.run.plan import Selection, in_scope, parse_specs
from rsconform.spec.axiom import Axiom, Edition, Family
from rsconform.spec.ids import group_of
from rsconform.spec.keys import STEP_KEYS
from rsconform.spec.operations import BOUND_OPERATIONS, CAPABILITIES, ERRORS, OPERATIONS
from rsconform.spec.probes import index
from rsconform.spec.problems import nearest
from rsconform.spec.traits import AFFORDANCES, INVARIANTS, TRAITS
from rsconform.visible import visible

_LANES = click.option("--lanes", multiple=True, type=click.Path(exists=True, dir_okay=False), metavar="FILE",
                      help="A lanes.toml to take lanes from.")  # fmt: skip


@click.group("list")
def list_() -> None:
    """List lanes, axioms, cases or the names that they may use."""


@list_.command("backends")
@_LANES
def backends(lanes: tuple[str, ...]) -> None:
    """List the lanes that --backend can name."""
    for name, lane in sorted(known_lanes(lane_files(lanes)).items()):
        traits = ", ".join(f"{key}={str(value).lower()}" for key, value in sorted(lane.traits.items()))
        click.echo(f"{name}  stage {lane.stage}, {lane.evidence}; {traits or 'no traits declared'}")


@list_.command("specs")
@click.option("--spec", multiple=True, metavar="IDS", help="Only these axioms: 'BE-*,SEEK-006'.")
@_LANES
def specs(spec: tuple[str, ...], lanes: tuple[str, ...]) -> None:
    """List the axioms: ID, level, number of cases, title."""
    files = lane_files(lanes)
    edition = edition_of(files, known_lanes(files).values())
    counts: dict[str, int] = {}
    for case in compile_edition(edition):
        counts[case.axiom.id] = counts.get(case.axiom.id, 0) + 1
    for axiom in _selected(edition, spec):
        kind = "every case" if axiom.invariant else f"{counts.get(axiom.id, 0)} cases"
        click.echo(f"{axiom.id:<10} {axiom.level:<6} {kind:<10} {axiom.title}")


@list_.command("cases")
@click.option("--backend", metavar="LANE", help="Only what this lane's facts do not rule out.")
@click.option("--spec", multiple=True, metavar="IDS", help="Only these axioms: 'BE-*,SEEK-006'.")
@_LANES
def cases(backend: str | None, spec: tuple[str, ...], lanes: tuple[str, ...]) -> None:
    """List the cases."""
    files = lane_files(lanes)
    lane = find_lane(backend, files, {}) if backend else None
    edition = edition_of(files, [lane] if lane else known_lanes(files).values())
    bound = {axiom.id for axiom in (in_scope(edition, lane) if lane else edition.axioms)}
    wanted = {axiom.id for axiom in _selected(edition, spec)} & bound
    for case in compile_edition(edition, lane.declared if lane else None):
        if case.axiom.id in wanted and (lane is None or rule_out(case, lane, version("remote-store")) is None):
            click.echo(case.id)


_VOCABULARY: Final[Mapping[str, Iterable[str]]] = {
    "affordances": AFFORDANCES,
    "capabilities": CAPABILITIES,
    "errors": ERRORS,
    "invariants": INVARIANTS,
    "operations": {**OPERATIONS, **BOUND_OPERATIONS},
    "probes": index(),
    "step keys": STEP_KEYS,
    "traits": TRAITS,
}


@list_.command("vocabulary")
def vocabulary_() -> None:
    """List the names that axioms and lanes may use, kind by kind."""
    for kind, names in _VOCABULARY.items():
        click.echo(kind)
        click.echo(textwrap.fill(", ".join(sorted(names)), 100, initial_indent="  ", subsequent_indent="  ",
                                 break_on_hyphens=False))  # fmt: skip


def _selected(edition: Edition, spec: tuple[str, ...]) -> Iterator[Axiom]:
    selection = Selection(parse_specs(spec))
    groups = edition.groups
    return (axiom for axiom in edition.axioms if selection.takes_axiom(axiom, group_of(axiom.id, groups)))


@click.command()
@click.argument("name", metavar="AXIOM|CASE")
@_LANES
def explain(name: str, lanes: tuple[str, ...]) -> None:
    """Say what an axiom demands, where it comes from and how it is checked; or what one case does, step by step."""
    files = lane_files(lanes)
    edition = edition_of(files, known_lanes(files).values())
    if "/" in name:
        _explain_case(name, edition)
    else:
        _explain_axiom(name, edition)


def _explain_case(name: str, edition: Edition) -> None:
    compiled = compile_edition(edition)
    case = next((one for one in compiled if one.id == name), None)
    if case is None:
        meant = nearest(name, [str(one.id) for one in compiled])
        click.echo(f"no case {name!r}." + (f" Did you mean {meant!r}?" if meant else ""), err=True)
        sys.exit(2)
    axiom = case.axiom
    click.echo(f"{case.id}  {axiom.level}  {axiom.title}")
    for label, text in _parts_of(case):
        for line in render_row(label, text):
            click.echo(visible(line))


def _parts_of(case: Case) -> Iterator[tuple[str, str]]:
    yield "axiom", case.axiom.statement
    yield "at", str(case.place)
    needs = [*sorted(case.capabilities), *case.needs, *(f"{name} = {value}" for name, value in case.traits.items())]
    yield "needs", ", ".join([*needs, *(f"no {name}" for name in sorted(case.lacks))])
    if case.probe is None or case.given.files or case.given.folders:
        yield "given", "\n".join(describe_given(case.given))
    yield "steps", "\n".join(f"{number} {step}" for number, step in enumerate(describe_steps(case), start=1))
    if case.probe is not None:
        yield "probe", " ".join((find_probe(case.probe).__doc__ or "").split())
    yield "end", "\n".join(describe_end(case))
    yield "run", f"rsconform run --backend LANE --case '{case.id}'"


def _explain_axiom(axiom: str, edition: Edition) -> None:
    groups = edition.groups
    found = [one for one in edition.axioms if one.id == axiom or group_of(one.id, groups) == axiom]
    if not found:
        known = [*(str(one.id) for one in edition.axioms), *edition.groups]
        meant = nearest(axiom, known)
        click.echo(f"no axiom {axiom!r}." + (f" Did you mean {meant!r}?" if meant else ""), err=True)
        sys.exit(2)
    if axiom in edition.groups:
        click.echo(f"{axiom}  {edition.groups[axiom]} ({len(found)} axioms)\n")
    compiled = compile_edition(edition)
    for family in edition.families:
        for one in family.axioms:
            if one in found:
                click.echo(_explanation(one, family, [case for case in compiled if case.axiom.id == one.id]))


def _explanation(axiom: Axiom, family: Family, cases: list[Case]) -> str:
    lines = [f"{axiom.id}  {axiom.level}  {axiom.title}", f"  {axiom.statement}", f"  source  {axiom.source}"]
    if axiom.note:
        lines.append(f"  note    {axiom.note}")
    if axiom.untestable:
        lines.append(f"  untestable  {axiom.untestable}")
    if axiom.invariant:
        lines.append(f"  judged in every case, by the checker {axiom.invariant}")
    lines.append(f"  at      {axiom.place}")
    lines += [f"  case    {case.id}  {case.place}" for case in cases]
    lines += [f"  lane    {text}" for text in _rulings(axiom.id, family) if not axiom.untestable]
    return "\n".join(lines) + "\n"


def _rulings(axiom: str, family: Family) -> Iterator[str]:
    """Yield what the committed certificates of a checkout say of an axiom; what holds is not listed in them."""
    for path in sorted(Path("reports").glob("*/certificate.toml")):
        certificate = tomllib.loads(path.read_text(encoding="utf-8"))
        if not family.common and family.id not in certificate["lane"]["specs"]:
            continue
        exceptions = certificate.get("axioms", {})
        status = next((status for status, axioms in exceptions.items() if axiom in axioms), "holds")
        yield f"{path.parent.name}  {status.replace('_', ' ')}"
