"""Which mutants are missed where nobody wrote a lane file: `python -m rsconform.selftest.without_lane_file`.

It prints each mutant that breaks a MUST unseen by `--backend file.py:make`. There no trait is declared and nothing is
afforded, so a problem that only a view past the backend, a trait or a count of requests can show is missed rightly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rsconform.cases.case import Case
from rsconform.lanes.lane import Services
from rsconform.selftest.canonical import CANONICAL
from rsconform.selftest.harness import edition, run, violated, without_lane_file
from rsconform.selftest.mutant import Mutant
from rsconform.selftest.registry import BASES, MUTANTS
from rsconform.spec.axiom import Level

# Cases that presume one of these decide which reading of the trait is taken.
_READ: tuple[str, ...] = ("flat_namespace", "rejects_write_under_file_ancestor")


def shows(mutant: Mutant) -> Callable[[Case], bool]:
    """Return which cases a mutant is put to: those that would show it, or that settle a reading."""

    def is_one(case: Case) -> bool:
        decides = any(trait in case.traits for trait in _READ) and mutant.base != "s3"
        return case.axiom.id == mutant.axiom or case.id in CANONICAL.union(mutant.seen_in) or decides

    return is_one


def unseen() -> Iterator[tuple[Mutant, str, list[str]]]:
    """Yield each mutant whose own axiom is not violated there, why not, and what else is violated."""
    musts = {axiom.id for axiom in edition().axioms if axiom.level is Level.MUST}
    services = Services(own_process=True)
    for mutant in MUTANTS:
        if mutant.axiom not in musts:
            continue
        base = BASES[mutant.base]
        with without_lane_file(base, services, mutant.mutation.applied_to) as lane:
            report = run(lane, None, services, only=shows(mutant), limit_s=mutant.limit_s)
        found = violated(report)
        if mutant.axiom not in found:
            verdict = next((one for one in report.verdicts if one.axiom.id == mutant.axiom), None)
            why = f"{verdict.status}: {verdict.reason}" if verdict is not None else "not judged there"
            if report.incomplete:
                why = report.incomplete[0][:160]
            yield mutant, why, sorted(found.keys() & musts - base.known)
    services.close()


def main() -> None:
    """Print one line for each."""
    for mutant, why, others in unseen():
        seen = f"; seen as {', '.join(others)}" if others else ""
        print(f"{mutant.id} ({mutant.base}): {why}{seen}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
