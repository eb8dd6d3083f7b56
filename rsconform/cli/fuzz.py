"""`rsconform fuzz`: look for sequences of operations that go wrong, for as many minutes as given."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

import click

from rsconform.cli.inputs import lane_files, lanes_option, timeout_option, trait_option
from rsconform.fuzz.replayer import Replayer
from rsconform.lanes.lane import Services
from rsconform.lanes.registry import find_lanes, parse_trait
from rsconform.redaction import redact
from rsconform.report.exit_code import ExitCode
from rsconform.run.lane.deadline import SoftLimitError
from rsconform.run.lane.session import LaneSession
from rsconform.run.lane.store_cleanup import DirtyStoreError
from rsconform.visible import visible

_EVERY_S: Final = 10.0


@click.command()
@click.option("--backend", required=True, metavar="LANE", help="A lane's name, or a callable.")
@click.option("--minutes", type=click.FloatRange(min=0.01), default=5.0, show_default=True, help="How long.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another one on each machine.")
@click.option(
    "--database",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="An example database of Hypothesis (a folder) that several machines may share.",
)
@trait_option
@lanes_option
@click.option("--fresh-store", is_flag=True, help="A promise: each call of the callable gives a new, empty store.")
@timeout_option
@click.option(
    "--reports",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports"),
    show_default=True,
    metavar="DIR",
    help="What is found is kept in DIR/<lane>/corpus, and tried first by every later run.",
)
def fuzz(
    backend: str,
    minutes: float,
    seed: int,
    database: Path | None,
    trait: tuple[str, ...],
    lanes: tuple[str, ...],
    fresh_store: bool,
    timeout: float,
    reports: Path,
) -> None:
    """Try sequences of operations on a lane, beginning with those that went wrong before.

    Exit codes: 0 nothing went wrong; 1 something did; 2 usage; 3 the lane fixture or a service broke.
    """
    from hypothesis.database import DirectoryBasedExampleDatabase  # Only a campaign pays for them.

    from rsconform.fuzz.campaign import Campaign, Found
    from rsconform.stateful.corpus import FOLDER, Corpus
    from rsconform.stateful.tokens import encode

    traits = dict(parse_trait(text) for text in trait)
    (lane,) = find_lanes([backend], lane_files(lanes), traits, fresh_store=fresh_store)
    services = Services(own_process=True)
    session = LaneSession(lane, (), services, step_limit_s=timeout)
    replayer = Replayer(lane, session, timeout)
    shared = DirectoryBasedExampleDatabase(database) if database is not None else None
    campaign = Campaign(replayer, Corpus(reports / lane.name / FOLDER), shared, seed)
    begun = said = time.monotonic()

    def on_found(found: Found | None) -> None:
        nonlocal said
        if found is not None:
            flaky = f", again in {found.again} of 3 fresh stores: flaky" if found.is_flaky else ""
            wrong = f"expected {found.broken.expected}, observed {found.broken.observed}{flaky}"
            click.echo(visible(redact(f"\nfound: {wrong}")))
            click.echo(redact(f"  repro     rsconform repro {encode(found.repro)}\n{found.toml}"))
        elif time.monotonic() - said > _EVERY_S:
            said = time.monotonic()
            click.echo(_state(), err=True)

    def _state() -> str:
        return (
            f"{lane.name}: {time.monotonic() - begun:.0f} s, {campaign.rounds} rounds, {campaign.sequences} sequences, "
            f"{campaign.operations} operations, {len(campaign.found)} found"
        )

    try:
        replayer.namespace()
        replayer.start()
        campaign.run(minutes * 60, on_found)
    except DirtyStoreError as exc:
        click.echo(f"rsconform: {exc}", err=True)
        sys.exit(ExitCode.USAGE)
    except SoftLimitError:
        click.echo(f"{_state()}\nrsconform: an operation did not return; a campaign cannot go on after that.", err=True)
        sys.exit(ExitCode.VIOLATED)
    except KeyboardInterrupt:
        click.echo("rsconform: interrupted; what was found is kept.", err=True)
    finally:
        session.close()
        services.close()
    click.echo(f"{_state()}; seed {seed}")
    sys.exit(ExitCode.VIOLATED if campaign.found else ExitCode.HOLDS)
