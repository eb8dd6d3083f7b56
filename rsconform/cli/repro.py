"""`rsconform repro`: show again what a sequence of operations does."""

from __future__ import annotations

import sys

import click

from rsconform.cli.inputs import lane_files, lanes_option, timeout_option, trait_option
from rsconform.fuzz.replayer import Replayer
from rsconform.lanes.async_facade import surface_of
from rsconform.lanes.lane import Services
from rsconform.lanes.registry import LaneError, find_lanes, parse_trait
from rsconform.redaction import redact
from rsconform.report.exit_code import ExitCode
from rsconform.run.lane.deadline import SoftLimitError
from rsconform.run.lane.session import LaneSession
from rsconform.run.lane.store_cleanup import DirtyStoreError
from rsconform.stateful.operations import OF_SUBJECT, as_toml
from rsconform.stateful.tokens import Repro, TokenError, decode
from rsconform.visible import visible


@click.command()
@click.argument("token")
@click.option("--backend", metavar="LANE", help="Another lane than the one it was found on.")
@trait_option
@lanes_option
@click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="In so many fresh stores.")
@click.option(
    "--as",
    "form",
    type=click.Choice(["steps", "toml", "script"]),
    default="steps",
    show_default=True,
    help="What to print: each step with what it did, a ready case, or a script that needs nothing of rsconform.",
)
@timeout_option
def repro(
    token: str,
    backend: str | None,
    trait: tuple[str, ...],
    lanes: tuple[str, ...],
    times: int,
    form: str,
    timeout: float,
) -> None:
    """Run the sequence of operations that TOKEN stands for, in a fresh store.

    Exit codes: 0 it goes as a dictionary would; 1 it goes wrong; 2 usage; 3 the lane fixture or a service broke.
    """
    try:
        sequence = decode(token)
    except TokenError as exc:
        click.echo(f"rsconform: {exc}.", err=True)
        sys.exit(ExitCode.USAGE)
    traits: dict[str, object] = {"flat_namespace": sequence.flat}
    if sequence.flat:
        traits["rejects_write_under_file_ancestor"] = not sequence.below_files
    traits |= dict(parse_trait(text) for text in trait)
    (lane,) = find_lanes([backend or sequence.lane], lane_files(lanes), traits)
    services = Services(own_process=True)
    session = LaneSession(lane, (), services, step_limit_s=timeout)
    replayer = Replayer(lane, session, timeout)
    try:
        replayer.start()
        needs = [name for name, op in zip(("peer", "container"), OF_SUBJECT, strict=True) if _uses(sequence, op)]
        missing = [name for name in needs if name not in lane.affordances]
        if missing:
            raise LaneError(f"lane {lane.name!r} does not afford what the sequence needs: {', '.join(missing)}.")
        wrong = sum([_shown(replayer, sequence, form) for _ in range(times)])
    except DirtyStoreError as exc:
        click.echo(f"rsconform: {exc}", err=True)
        sys.exit(ExitCode.USAGE)
    finally:
        session.close()
        services.close()
    if times > 1:
        click.echo(f"\nit went wrong in {wrong} of {times} fresh stores")
    sys.exit(ExitCode.VIOLATED if wrong else ExitCode.HOLDS)


def _uses(sequence: Repro, op: str) -> bool:
    return any(one.op == op or (op == "reopen" and one.peer) for one in sequence.operations)


def _shown(replayer: Replayer, sequence: Repro, form: str) -> bool:
    """Run the sequence once, print it, and return whether it went wrong."""
    try:
        broken, track = replayer.replay(sequence)
    except SoftLimitError:
        click.echo("the sequence did not end in time")
        return True
    if broken is not None and form != "steps":
        from rsconform.stateful.python_script import as_script
        from rsconform.stateful.toml_case import as_case

        with replayer.track(flat=sequence.flat, below_files=sequence.below_files) as (_, subject, backend):
            script = as_script(broken, sequence, subject.recipe, surface=surface_of(backend))
        click.echo(redact(as_case(broken, sequence) if form == "toml" else script), nl=False)
        return True
    for number, step in enumerate(track.steps, start=1):
        click.echo(visible(redact(f"{number:3} {as_toml(step.operation)}\n      {step.seen}")))
    if broken is None:
        click.echo(f"it goes as a dictionary would, on {replayer.lane.name}")
        return False
    click.echo(visible(redact(f"expected  {broken.expected}\nobserved  {broken.observed}")))
    return True
