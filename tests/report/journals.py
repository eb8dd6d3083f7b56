"""Journals made by hand, and the short words to write them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from rsconform.report.build import build
from rsconform.report.report import Outcome, Report, Verdict, Waiver
from rsconform.run.records import (
    Attempt,
    AxiomFacts,
    Breach,
    Failure,
    Footer,
    Header,
    Instance,
    Journal,
    LaneFacts,
    PlannedCase,
    Profile,
    Result,
    Skip,
    SkipReason,
)
from rsconform.spec.axiom import Place

TODAY = date(2027, 3, 31)
FINISHED = Footer("finished")
STEPS = ('write("a", bytes:10)', 'read_bytes("a")', 'delete("a")')
FAILURE = Failure(expected="the ten bytes written", observed="nine bytes", step=1, steps=STEPS)


def axiom(id_: str = "BE-006", level: str = "MUST", **facts: Any) -> AxiomFacts:
    return AxiomFacts(
        **{
            "id": id_,
            "title": f"Title of {id_}",
            "level": level,
            "statement": f"Statement of {id_}.",
            "source": "spec 003",
            "place": f"specs/{id_.split('-')[0]}.toml:12",
            **facts,
        }
    )


def skip(what: str = "audit", want: SkipReason = SkipReason.AFFORDANCE) -> Skip:
    return Skip(want, what)


def planned(case: str, **facts: Any) -> PlannedCase:
    return PlannedCase(case=case, axiom=case.split("/")[0], place="specs/BE.toml:20", **facts)


def attempt(case: str, result: Result = Result.PASSED, number: int = 1, **facts: Any) -> Attempt:
    return Attempt(case=case, axiom=case.split("/")[0], number=number, result=result, **facts)


def passed(case: str, **facts: Any) -> Attempt:
    return attempt(case, **facts)


def failed(case: str, **facts: Any) -> Attempt:
    return attempt(case, Result.FAILED, **{"failure": FAILURE, **facts})


def errored(case: str, error: str = "given failed: no route", **facts: Any) -> Attempt:
    return attempt(case, Result.ERRORED, error=error, **facts)


def skipped(case: str, why: Skip) -> Attempt:
    return attempt(case, Result.SKIPPED, skip=why)


def breach(id_: str, observed: str = "backend=None") -> Breach:
    return Breach(id_, expected="backend='memory'", observed=observed, step='1 read_bytes("a")')


def outcome(result: Result | None, case: str = "BE-006/a", **facts: Any) -> Outcome:
    tries = () if result is None else (attempt(case, result, failure=FAILURE if result is Result.FAILED else None),)
    return Outcome(
        **{"case": case, "axiom": case.split("/")[0], "place": "x:1", "result": result, "attempts": tries, **facts}
    )


def waiver(id_: str = "BE-006", **facts: Any) -> Waiver:
    return Waiver(
        **{
            "axiom": id_,
            "lane": "memory",
            "reason": "known",
            "owner": "ann",
            "issue": "#7",
            "until": date(2027, 12, 31),
            "expected": "nine bytes",
            "place": Place("rsconform-waivers.toml", 1),
            **facts,
        }
    )


def lane(**facts: Any) -> LaneFacts:
    return LaneFacts(
        **{
            "name": "memory",
            "evidence": "in_process",
            "stage": 1,
            "affordances": ("audit", "seed"),
            "traits": {"transport": "none"},
            "specs": (),
            "audit": "lane",
            "digest": "1a2b",
            **facts,
        }
    )


def header(axioms: Sequence[AxiomFacts], plan: Sequence[PlannedCase], **facts: Any) -> Header:
    return Header(
        **{
            "kit": "0.1.0",
            "edition": "dev",
            "lock": "abcd",
            "contract": "0.33.0",
            "lane": lane(),
            "date": "2027-03-31T10:00:00+00:00",
            "seed": 4711,
            "profile": Profile.QUICK,
            "complete": True,
            "level": "must",
            "rerun_command": "rsconform run --backend memory --seed 4711",
            "plan": tuple(plan),
            "plan_digest": "beef",
            "axioms": tuple(axioms),
            "groups": {},
            **facts,
        }
    )


INSTANCE = Instance(
    capabilities=("READ", "WRITE"), name="memory", type="pkg.Memory", distribution="remote-store", version="0.33.0"
)


def journal(
    *attempts: Attempt,
    axioms: Sequence[AxiomFacts] | None = None,
    plan: Sequence[PlannedCase] | None = None,
    instance: Instance | None = INSTANCE,
    footer: Footer | None = FINISHED,
    begun: tuple[str, ...] = (),
    **facts: Any,
) -> Journal:
    """Make a journal; without a plan it planned what ran, without axioms it knows those that it planned."""
    plan = [planned(case) for case in dict.fromkeys(a.case for a in attempts)] if plan is None else plan
    axioms = [axiom(id_) for id_ in dict.fromkeys(p.axiom for p in plan)] if axioms is None else axioms
    return Journal(header(axioms, plan, **facts), instance, attempts, footer, begun)


def report(*attempts: Attempt, waivers: Sequence[Waiver] = (), today: date = TODAY, **facts: Any) -> Report:
    return build(journal(*attempts, **facts), waivers, today)


def verdict(of: Report, id_: str = "BE-006") -> Verdict:
    return next(one for one in of.verdicts if one.axiom.id == id_)


def rich() -> Report:
    """Return a report with something of everything that a report can hold."""
    axioms = [
        axiom("BE-001a"),
        axiom("BE-006"),
        axiom("BE-008a", group="BE-008"),
        axiom("BE-008b", "SHOULD", group="BE-008", note="a decision"),
        axiom("BE-009"),
        axiom("BE-010"),
        axiom("BE-011", "MAY"),
        axiom("BE-011b", "MAY"),
        axiom("BE-012"),
        axiom("BE-013", "SHOULD"),
        axiom("BE-014", untestable="needs a second universe"),
        axiom("BE-021a", invariant="only-our-errors"),
    ]
    plan = [
        planned("smoke/one-file"),
        planned("BE-001a/made"),
        planned("BE-006/a"),
        planned("BE-006/b", skip=skip("peer")),
        planned("BE-008a/a[how=stream]"),
        planned("BE-008b/a"),
        planned("BE-009/a"),
        planned("BE-010/a", skip=skip("audit")),
        planned("BE-011/a", skip=skip("flat_namespace = true", SkipReason.TRAIT)),
        planned("BE-011b/a"),
        planned("BE-012/a"),
        planned("BE-013/a", readings=(("flat_namespace", "false"),)),
    ]
    attempts = [
        passed("smoke/one-file"),
        passed("BE-001a/made"),
        passed("BE-006/a", judged=("BE-021a",), notes=("under_declared: glob works without its capability",)),
        failed("BE-008a/a[how=stream]"),
        passed("BE-008a/a[how=stream]", number=2, breaches=(breach("BE-021a"),)),
        passed("BE-008b/a"),
        failed("BE-009/a"),
        failed("BE-011b/a"),
        errored("BE-012/a"),
        failed("BE-013/a"),
    ]
    waivers = [waiver("BE-009"), waiver("BE-006"), waiver("BE-099"), waiver("BE-008a", until=date(2027, 1, 1))]
    return report(*attempts, axioms=axioms, plan=plan, groups={"BE-008": "write()"}, waivers=waivers)


def renamed(of: Report, name: str) -> Report:
    return replace(of, header=replace(of.header, lane=replace(of.header.lane, name=name)))
