"""Which rogues get past the bare door: `python -m rsconform_rogues.at_the_door` prints those that break a MUST unseen.

The door is `--backend file.py:make`: no trait is declared, nothing is afforded. What needs a view past the backend, a
declared trait or a count of requests is not seen there, and need not be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rsconform.cases.model import Case
from rsconform.lanes.model import Services
from rsconform.spec.model import Level
from rsconform_rogues.canonical import CANONICAL
from rsconform_rogues.harness import door, edition, run, violated
from rsconform_rogues.row import Rogue
from rsconform_rogues.table import BASES, ROWS

# Cases that presume one of these decide which reading of the trait is taken.
_READ: tuple[str, ...] = ("flat_namespace", "rejects_write_under_file_ancestor")


def shows(rogue: Rogue) -> Callable[[Case], bool]:
    """Return which cases a rogue is put to at the door: those that would show it or settle a reading."""

    def is_one(case: Case) -> bool:
        decides = any(trait in case.traits for trait in _READ) and rogue.base != "s3"
        return case.axiom.id == rogue.axiom or case.id in CANONICAL.union(rogue.seen_in) or decides

    return is_one


def unseen() -> Iterator[tuple[Rogue, str, list[str]]]:
    """Yield each rogue whose own axiom is not violated at the door, what it is instead, and what else is violated."""
    musts = {axiom.id for axiom in edition().axioms if axiom.level is Level.MUST}
    services = Services(own_process=True)
    for rogue in ROWS:
        if rogue.axiom not in musts:
            continue
        base = BASES[rogue.base]
        with door(base, services, rogue.wrong.applied_to) as lane:
            report = run(lane, None, services, only=shows(rogue), limit_s=rogue.limit_s)
        found = violated(report)
        if rogue.axiom not in found:
            verdict = next((one for one in report.verdicts if one.axiom.id == rogue.axiom), None)
            why = f"{verdict.ruling}: {verdict.reason}" if verdict is not None else "not judged there"
            if report.incomplete:
                why = report.incomplete[0][:160]
            yield rogue, why, sorted(found.keys() & musts - base.known)
    services.close()


def main() -> None:
    """Print one line for each."""
    for rogue, why, others in unseen():
        seen = f"; seen as {', '.join(others)}" if others else ""
        print(f"{rogue.name} ({rogue.base}): {why}{seen}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
