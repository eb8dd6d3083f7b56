"""`rsconform lint`: check axioms without running them, and keep the lock."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rsconform.cases.compiler import compile_edition
from rsconform.cases.edition import load_checked
from rsconform.plural import plural
from rsconform.spec.lock import compare, write_lock
from rsconform.spec.problems import SpecError
from rsconform.spec.prose import prose_problems

LOCK = "axioms.lock"


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("specs"))
@click.option("--update-lock", is_flag=True, help="Write the lock anew, in the commit that changes a meaning.")
def lint(folder: Path, *, update_lock: bool) -> None:
    """Check the axioms of FOLDER: every name, every placeholder, every case, the prose; and their lock."""
    edition = load_checked([folder])
    cases = compile_edition(edition)
    unclear = prose_problems(edition)
    if unclear:
        raise SpecError(unclear)
    lock = folder / LOCK
    differences = [] if update_lock else compare(edition, lock)
    found = "no problems" if not differences else f"and a lock that differs in {len(differences)}"
    click.echo(f"{folder}: {plural(len(edition.axioms), 'axiom')}, {plural(len(cases), 'case')}, {found}")
    if update_lock:
        write_lock(edition, lock)
        click.echo(f"{lock} written")
    for sentence in differences:
        click.echo(sentence, err=True)
    if differences:
        click.echo(f"The lock is stale. If that is meant: rsconform lint {folder} --update-lock", err=True)
        sys.exit(2)
