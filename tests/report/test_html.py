"""report.html: self-contained, escaped, linkable, and what fails comes first."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from rsconform.report.html import obstacles, write_html
from rsconform.report.report import Report, VerdictStatus
from rsconform.run.records import Failure, Instance, SkipReason
from tests.report.journals import (
    axiom,
    breach,
    errored,
    failed,
    lane,
    passed,
    planned,
    renamed,
    report,
    rich,
    skip,
)

NASTY = "</style></script><script>alert(1)</script><img src=x onerror=alert(2)> & \"'\u202e\x00"


class Page(HTMLParser):
    """A page as a person meets it: its elements, and its text without style and script."""

    VOID = ("meta", "link", "input", "br", "img")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.source = text
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.unbalanced.append(tag)
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
            self.text += data

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _, attrs in self.tags if "id" in attrs]

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def page(made: Report) -> Page:
    shown = Page(write_html(made))
    assert shown.unbalanced == []
    return shown


def nasty() -> Report:
    failure = Failure(NASTY, NASTY, step=0, steps=(NASTY,))
    axioms = [
        axiom("BE-006", title=NASTY, statement=NASTY, note=NASTY, source=NASTY),
        axiom("BE-002b", invariant="x"),
        axiom("BE-007"),
        axiom("BE-099", untestable=NASTY),
        axiom("BE-010"),
    ]
    made = report(
        failed("BE-006/a", failure=failure, breaches=(breach("BE-002b", NASTY),), notes=(NASTY,)),
        failed("BE-006/b", failure=failure),
        errored("BE-007/a", NASTY),
        axioms=axioms,
        plan=[planned(case) for case in ("BE-006/a", "BE-006/b", "BE-007/a")] + [planned("BE-010/a", skip=skip(NASTY))],
        instance=Instance(name=NASTY, type=NASTY, distribution=NASTY, version=NASTY, capabilities=(NASTY,)),
        rerun_command=NASTY,
        lane=lane(traits={NASTY: NASTY}, evidence=NASTY),
        groups={"BE-002": NASTY},
    )
    return renamed(made, NASTY)


def test_nothing_that_a_backend_says_becomes_markup() -> None:
    plain, attacked = page(rich()), page(nasty())

    assert {tag for tag, _ in attacked.tags} <= {tag for tag, _ in plain.tags} | {"code", "b"}
    assert "img" not in {tag for tag, _ in attacked.tags}
    assert [name for _, attrs in attacked.tags for name in attrs if name.startswith("on")] == []
    assert len(attacked.scripts) == 1
    assert attacked.text.count("alert(1)") > 10  # It is all shown.


def test_it_needs_nothing_but_itself() -> None:
    shown = page(rich())

    assert [one for one in shown.attributes("href") if not one.startswith(("#", "data:,"))] == []
    assert shown.attributes("src") == []
    assert re.findall(r"url\(|@import|https?://", shown.source) == []


def test_its_policy_lets_no_script_run_but_its_own() -> None:
    shown = page(nasty())

    policy = next(attrs["content"] or "" for _, attrs in shown.tags if "http-equiv" in attrs)
    digest = base64.b64encode(hashlib.sha256(shown.scripts[0].encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy


def test_every_id_of_the_edition_is_an_anchor_once() -> None:
    made = rich()
    shown = page(made)

    wanted = {one.axiom.id for one in made.verdicts} | {b.id for b in made.groups} | {a.id for a in made.untestable}
    assert wanted <= set(shown.ids)
    assert len(shown.ids) == len(set(shown.ids))
    assert {one[1:] for one in shown.attributes("href") if one.startswith("#")} <= set(shown.ids)


def test_what_fails_comes_first_and_in_full() -> None:
    text = page(rich()).text

    first, _, rest = text.partition("Every axiom")
    assert "Statement of BE-008a." in first
    assert "nine bytes" in first
    assert "rsconform run --backend memory --seed 4711 --case 'BE-008a/a[how=stream]'" in first
    assert first.index("BE-008a") < first.index("BE-009")  # The violated before the waived.
    assert "Statement of BE-006." in rest


def test_it_says_what_is_missing_waived_untestable_and_observed() -> None:
    text = page(rich()).text

    for said in ("needs audit", "ann", "needs a second universe", "under_declared", "a decision"):
        assert said in text


def test_without_a_script_there_is_no_filter_and_everything_is_listed() -> None:
    shown = page(rich())

    assert next(attrs for tag, attrs in shown.tags if tag == "form").keys() == {"id", "hidden"}
    assert [attrs["id"] for tag, attrs in shown.tags if "hidden" in attrs] == ["filter"]


def test_axioms_and_problems_can_be_filtered_by_family_and_verdict() -> None:
    shown = page(rich())

    problems = [attrs for tag, attrs in shown.tags if tag == "article"]
    assert {attrs.get("data-family") for attrs in problems} == {"BE"}
    assert {attrs["data-status"] for attrs in problems} == {"violated", "waived", "inconclusive"}
    assert len([1 for tag, attrs in shown.tags if tag == "details" and "data-status" in attrs]) == len(rich().verdicts)


def test_what_broke_for_one_reason_is_told_once() -> None:
    made = report(*(errored(f"BE-00{number}/a", "no route to host") for number in range(1, 8)))

    (cause,) = obstacles(made)
    assert len(cause.verdicts) == 7
    assert page(made).text.count("no route to host") == 2  # The cause, and one example.


def test_a_lane_without_an_instance_fails_for_that_alone() -> None:
    made = report(
        errored("BE-006/a", "no instance"),
        plan=[planned("BE-006/a")],
        axioms=[axiom("BE-001a"), axiom("BE-006")],
        instance=Instance(failure=Failure("a backend", "ValueError: no luck")),
    )

    text = page(made).text
    assert "ValueError: no luck" in text
    assert made.ruled(VerdictStatus.VIOLATED)[0].axiom.id == "BE-001a"


def test_a_run_that_is_empty_or_down_still_makes_a_page() -> None:
    assert "the plan is empty" in page(report(plan=[], footer=None, instance=None)).text
    assert "refused" in page(report(plan=[planned("BE-006/a")], instance=Instance(unreachable="refused"))).text


def test_what_is_very_long_is_cut_and_says_so() -> None:
    made = report(failed("BE-006/a", failure=Failure("x" * 50_000, "y" * 50_000)))

    assert len(write_html(made)) < 60_000
    assert "more in report.json" in page(made).text


def test_other_ways_to_see_a_failure_are_there_to_be_copied() -> None:
    failure = Failure("a", "b", ways=(("toml", "[[case]]\nname = 'x'"), ("script", "python x.py")))

    text = page(report(failed("BE-006/a", failure=failure))).text
    assert "[[case]]\nname = 'x'" in text
    assert "python x.py" in text


def test_families_of_which_nothing_applies_come_last() -> None:
    made = report(
        passed("SEEK-001/a"),
        axioms=[axiom("BE-006"), axiom("SEEK-001")],
        plan=[planned("BE-006/a", skip=skip("x = true", SkipReason.TRAIT)), planned("SEEK-001/a")],
    )

    shown = page(made)
    assert shown.ids.index("SEEK") < shown.ids.index("BE")
