"""Where the commands take lanes and axioms from."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import click

from rsconform.cases.edition import load_checked
from rsconform.data import shipped
from rsconform.lanes.lane import Lane
from rsconform.lanes.registry import LaneFile, installed_lane_files, local_lane_files, read_lane_file
from rsconform.options import DEFAULT_TIMEOUT_S, options, seconds
from rsconform.spec.axiom import Edition

trait_option = click.option(
    "--trait", multiple=True, metavar="NAME=VALUE", help="Declare a trait of the lane. Repeatable."
)
lanes_option = click.option(
    "--lanes",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="A lanes.toml to take lanes from.",
)


class _As(click.ParamType[object]):
    """A type of argparse's, whose refusals are sentences of click's."""

    def __init__(self, read: Callable[[str], object]) -> None:
        self.name = read.__name__
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:
        try:
            return self._read(str(value))
        except ArgumentTypeError as exc:
            self.fail(f"{exc}.", param, ctx)


timeout_option = click.option(
    "--timeout",
    type=_As(seconds),
    default=DEFAULT_TIMEOUT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long one operation may take.",
)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add every option of a run to a command."""
    for one in reversed([*options()]):
        command = _as_click(one)(command)
    return command


def _as_click(one: Field[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    name, said = f"--{one.name.replace('_', '-')}", one.metadata
    if one.name == "lanes":
        return lanes_option
    if one.name == "timeout":
        return timeout_option
    if isinstance(one.default, tuple):
        return click.option(name, multiple=True, metavar=said["metavar"], help=said["help"])
    if one.default is False:
        return click.option(name, is_flag=True, help=said["help"])
    read = said.get("type", str)
    kind = click.Choice(said["choices"]) if "choices" in said else read if isinstance(read, type) else _As(read)
    shown = one.default is not None
    return click.option(
        name, type=kind, default=one.default, show_default=shown, metavar=said["metavar"], help=said["help"]
    )


def lane_files(extra: Iterable[str]) -> list[LaneFile]:
    """Return the files that declare lanes: those named, those of this folder, those of installed packages."""
    return [
        *(read_lane_file(Path(path).resolve()) for path in extra),
        *local_lane_files(Path.cwd()),
        *installed_lane_files(),
    ]


def edition_of(files: Sequence[LaneFile], lanes: Iterable[Lane] = ()) -> Edition:
    """Return the axioms: ours, and those that stand beside the files of the lanes."""
    declared = {lane.file for lane in lanes}
    folders: list[Traversable | Path] = [shipped("specs")]
    folders += [file.specs for file in files if file.specs is not None and file.path in declared]
    return load_checked(folders)
