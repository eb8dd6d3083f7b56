"""`rsconform gate`: admit certificates, or say in sentences what keeps them out."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from rsconform.cli.inputs import edition_of, lane_files
from rsconform.gate.decide import Decision, decide
from rsconform.gate.read import Certificate, CertificateError, read_certificate
from rsconform.gate.scope import scope_of
from rsconform.lanes.registry import known_lanes
from rsconform.report.exit_code import ORDER, ExitCode
from rsconform.report.report import Grade
from rsconform.run.plan import contract_of
from rsconform.visible import visible


@click.command()
@click.argument("certificates", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CERTIFICATE...")
@click.option(
    "--require",
    type=click.Choice([grade.value for grade in Grade]),
    default=Grade.CORE.value,
    show_default=True,
    help="The grade that a certificate needs.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="OLD",
    help="An older certificate of the same lane that it must not be worse than.",
)
@click.option(
    "--contract",
    metavar="VERSION",
    help="The release of remote-store by whose contract it was judged. [default: the installed one]",
)
def gate(certificates: tuple[Path, ...], *, require: str, baseline: Path | None, contract: str | None) -> None:
    """Hold each CERTIFICATE to a grade and to an older one; nothing is run.

    Exit codes: 0 admitted, 1 an axiom is violated or has become so, 2 no certificate or one that contradicts itself or
    the edition, 4 stale, incomplete or short of
    the grade, 5 a waiver has expired.
    """
    if baseline is not None and len(certificates) > 1:
        raise click.UsageError("--baseline goes with one certificate.")
    today = datetime.now(UTC).date()
    try:
        old = None if baseline is None else read_certificate(baseline)
        read = [read_certificate(path) for path in certificates]
    except CertificateError as exc:
        click.echo(visible(f"rsconform: {exc}"), err=True)
        sys.exit(ExitCode.USAGE)
    contract = contract_of(contract)
    files = lane_files(())
    decisions = []
    for one in read:
        lane = known_lanes(files).get(one.lane)
        # The lock of the axioms that bind it here: ours, and those of its own package.
        edition = edition_of(files, [lane] if lane is not None else [])
        decisions.append(
            decide(
                one,
                require=Grade(require),
                today=today,
                lock=edition.lock_digest,
                lane=lane,
                scope=scope_of(one, edition),
                contract=contract,
                baseline=old,
            )
        )
    for certificate, decision in zip(read, decisions, strict=True):
        _tell(certificate, decision, require)
    codes = {decision.code for decision in decisions}
    sys.exit(next((code for code in ORDER if code in codes), ExitCode.HOLDS))


def _tell(certificate: Certificate, decision: Decision, require: str) -> None:
    verdict = "not admitted" if decision.findings else f"admitted, {require} is reached"
    click.echo(visible(f"{certificate.path}: {certificate.lane}: {verdict}"))
    for finding in decision.findings:
        click.echo(visible(f"  {finding.text}"))
    for sentence in (*decision.better, *decision.unchecked):
        click.echo(visible(f"  {sentence}"))
