"""`rsconform guide`: the page for authors of backends, and its example as files."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from pathlib import Path

import click

from rsconform.data import shipped


@click.command()
@click.option(
    "--example",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write the example of the page, a backend over Redis with its lane, into a new folder.",
)
def guide(example: Path | None) -> None:
    """Print the page for authors of backends: from nothing to a certificate."""
    if example is None:
        click.echo(shipped("docs").joinpath("authors.md").read_text(encoding="utf-8"), nl=False)
        return
    if example.exists():
        raise click.UsageError(f"{example} exists already. Name a folder that does not.")
    _copy(shipped("examples").joinpath("redis"), example)
    click.echo(f"written  {example}\nnext     cd {example} && rsconform run --backend redis")


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.is_dir():
            if entry.name not in ("__pycache__", "reports"):
                _copy(entry, target / entry.name)
        elif entry.name.endswith((".py", ".toml", ".lock")):
            (target / entry.name).write_bytes(entry.read_bytes())
