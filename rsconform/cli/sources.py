"""Where the commands take lanes and axioms from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from rsconform.cases.load import load_checked
from rsconform.data import shipped
from rsconform.lanes.model import Lane
from rsconform.lanes.registry import LaneFile, installed_lane_files, local_lane_files, read_lane_file
from rsconform.spec.model import Edition

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
