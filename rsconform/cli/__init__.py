"""The command line: parses, calls, prints."""

from __future__ import annotations

import io
import os
import sys
import traceback

import click

from rsconform import __version__
from rsconform.cli.catalogue import explain, list_
from rsconform.cli.coverage import coverage
from rsconform.cli.doctor import doctor
from rsconform.cli.fuzz import fuzz
from rsconform.cli.gate import gate
from rsconform.cli.lint import lint
from rsconform.cli.repro import repro
from rsconform.cli.run import run
from rsconform.cli.selftest import selftest
from rsconform.data import MissingDataError
from rsconform.lanes.registry import LaneError
from rsconform.report.exit_code import ExitCode
from rsconform.spec.problems import SpecError
from rsconform.visible import visible


class _UnprintedError(Exception):
    """What a command had to say could not be written, as where `head` has had enough."""


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OSError as exc:  # Otherwise click ends with the code of a violated axiom.
            # A reader that has had enough, as `head`, knows.
            raise _UnprintedError("" if isinstance(exc, BrokenPipeError) else str(exc.strerror or exc)) from exc


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="rsconform")
def cli() -> None:
    """Judge remote_store backends against their contract, axiom by axiom."""


cli.add_command(run)
cli.add_command(list_)
cli.add_command(explain)
cli.add_command(lint)
cli.add_command(gate)
cli.add_command(coverage)
cli.add_command(doctor)
cli.add_command(selftest)
cli.add_command(repro)
cli.add_command(fuzz)


def main() -> None:
    """Run the command line; a problem of the user's ends in a sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # A name that a terminal cannot show is no reason to end.
            stream.reconfigure(errors="backslashreplace")
    try:
        # Not in click's own way of ending, in which an interrupted run has the code of a violated axiom.
        sys.exit(cli.main(prog_name="rsconform", standalone_mode=False) or 0)
    except click.ClickException as exc:
        exc.show()
        sys.exit(ExitCode.USAGE)  # Some of click's have the code of a violated axiom.
    except (click.Abort, KeyboardInterrupt):
        click.echo("rsconform: interrupted", err=True)
        sys.exit(ExitCode.INCOMPLETE)
    except SpecError as exc:
        number = f"{len(exc.problems)} problem{'s' if len(exc.problems) != 1 else ''}"
        click.echo(visible(f"{exc}\n{number} in the axioms, lanes or waivers; nothing was run."), err=True)
        sys.exit(2)
    except _UnprintedError as exc:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would try once more at its end.
        if str(exc):
            click.echo(f"rsconform: {exc}", err=True)
        sys.exit(ExitCode.BROKEN)
    except (LaneError, MissingDataError) as exc:
        click.echo(visible(f"rsconform: {exc}"), err=True)
        sys.exit(2)
    except Exception as exc:
        # Python's own end of an uncaught error has the code of a violated axiom.
        traceback.print_exc()
        click.echo(f"rsconform: the kit broke ({type(exc).__name__}); this says nothing about a backend.", err=True)
        sys.exit(ExitCode.BROKEN)
