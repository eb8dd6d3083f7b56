"""Where the commands take lanes and axioms from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import click

from rsconform.cases.edition import load_checked
from rsconform.data import shipped
from rsconform.lanes.lane import Lane
from rsconform.lanes.registry import LaneFile, installed_lane_files, local_lane_files, read_lane_file
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


class _Seconds(click.FloatRange):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):  # It is neither below the one end nor above the other.
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return float(seconds)


timeout_option = click.option(
    "--timeout",
    type=_Seconds(min=0.01, max=86_400),  # A timer takes no more than an integer of seconds.
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one operation may take.",
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
