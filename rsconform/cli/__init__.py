"""The command line: parses, calls, prints."""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from rsconform import __version__

if TYPE_CHECKING:
    from rsconform.report.exit_code import ExitCode

# Where each command is, and what the list of them says of it: a command is imported when it is called, so that none
# waits for the libraries of the others.
_COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("rsconform.cli.run:run", "Judge lanes and write their certificates."),
    "list": ("rsconform.cli.catalogue:list_", "List lanes, axioms, cases or the names that they may use."),
    "explain": ("rsconform.cli.catalogue:explain", "Say what an axiom demands, or what a case does, step by step."),
    "lint": ("rsconform.cli.lint:lint", "Check the axioms of a folder, and their lock."),
    "gate": ("rsconform.cli.gate:gate", "Hold certificates to a grade and to older ones; nothing is run."),
    "coverage": (
        "rsconform.cli.coverage:coverage",
        "Say which axioms have an executed case, and why others have none.",
    ),
    "doctor": ("rsconform.cli.doctor:doctor", "Say which lanes can run here, what is missing and how to get it."),
    "selftest": ("rsconform.cli.selftest:selftest", "Put wrong backends to this kit: it must find each out."),
    "repro": ("rsconform.cli.repro:repro", "Run one sequence of operations again, in a fresh store."),
    "guide": ("rsconform.cli.guide:guide", "Print the page for authors of backends, or write its example."),
    "fuzz": ("rsconform.cli.fuzz:fuzz", "Try sequences of operations on a lane."),
}


class _UnprintedError(Exception):
    """What a command had to say could not be written, as where `head` has had enough."""


class _Group(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and _load(command.name or ""), rest

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OSError as exc:  # Otherwise click ends with the code of a violated axiom.
            # A reader that has had enough, as `head`, knows.
            raise _UnprintedError("" if isinstance(exc, BrokenPipeError) else str(exc.strerror or exc)) from exc


def _load(name: str) -> click.Command:
    module, _, attribute = _COMMANDS[name][0].partition(":")
    command: click.Command = getattr(importlib.import_module(module), attribute)
    return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="rsconform")
def cli() -> None:
    """Judge remote_store backends against their contract, axiom by axiom."""


for _name, (_, _help) in _COMMANDS.items():
    cli.add_command(click.Command(_name, help=_help))


def main() -> None:
    """Run the command line; a mistake of the user's ends in a sentence and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # A name that a terminal cannot show is no reason to end.
            stream.reconfigure(errors="backslashreplace")
    try:
        # Not in click's own way of ending, in which an interrupted run has the code of a violated axiom.
        sys.exit(cli.main(prog_name="rsconform", standalone_mode=False) or 0)
    except (Exception, KeyboardInterrupt) as exc:
        sys.exit(_report(exc))


def _report(exc: BaseException) -> ExitCode:
    """Say why a command ended, and return the code to end with."""
    from rsconform.data import MissingDataError
    from rsconform.lanes.registry import LaneError
    from rsconform.report.exit_code import ExitCode
    from rsconform.spec.problems import SpecError
    from rsconform.visible import visible

    if isinstance(exc, click.ClickException):
        exc.show()
        return ExitCode.USAGE  # Some of click's have the code of a violated axiom.
    if isinstance(exc, click.Abort | KeyboardInterrupt):
        click.echo("rsconform: interrupted", err=True)
        return ExitCode.INCOMPLETE
    if isinstance(exc, SpecError):
        number = f"{len(exc.problems)} problem{'s' if len(exc.problems) != 1 else ''}"
        click.echo(visible(f"{exc}\n{number} in the axioms, lanes or waivers; nothing was run."), err=True)
        return ExitCode.USAGE
    if isinstance(exc, LaneError | MissingDataError):
        click.echo(visible(f"rsconform: {exc}"), err=True)
        return ExitCode.USAGE
    if isinstance(exc, _UnprintedError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would try once more at its end.
        if str(exc):
            click.echo(f"rsconform: {exc}", err=True)
        return ExitCode.BROKEN
    # Python's own end of an uncaught error has the code of a violated axiom.
    traceback.print_exception(exc)
    click.echo(f"rsconform: the kit broke ({type(exc).__name__}); this says nothing about a backend.", err=True)
    return ExitCode.BROKEN
