"""What a run will do, from the edition and the lane's facts alone."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest

from rsconform.cases.case import Skip, SkipReason
from rsconform.cases.compiler import compile_edition
from rsconform.data import shipped
from rsconform.run.applicability import readings, rule_out, without
from rsconform.run.plan import (
    SMOKE,
    Selection,
    UnknownCaseError,
    UnknownFamilyError,
    UnknownReleaseError,
    contract_of,
    in_scope,
    plan,
    require_cases,
    require_contract,
    selected_cases,
)
from rsconform.spec.axiom import Axiom
from rsconform.spec.ids import group_of
from rsconform.spec.loader import load_edition
from rsconform.spec.problems import SpecError
from tests.snippets import AXIOM, case_of, cases_of, edition_of, lane_of

STEP = 'steps = [ { op = "exists", path = "a" } ]'


def axiom_of(id_: str) -> Axiom:
    """Return an axiom; its group stands in the edition with it."""
    group = group_of(id_, {id_.rstrip("abc"): ""}) if id_[-1].isalpha() else None
    groups = f'[groups]\n"{group}" = "several"\n' if group else ""
    axiom = AXIOM.replace("T-001", id_) + '[[axiom.case]]\nname = "only"\n' + STEP
    return edition_of(groups + axiom).axioms[0]


# -- selection --


@pytest.mark.parametrize(
    ("patterns", "taken"),
    [
        ((), True),
        (("T-001b",), True),
        (("T-001",), True),
        (("T",), True),
        (("T-*",), True),
        (("T-00[12]*",), True),
        (("T-001a",), False),
        (("T-0",), False),
        (("t-001b",), False),
        (("S*", "T-001b"), True),
    ],
)
def test_an_axiom_is_asked_for_by_its_id_its_bundle_its_family_or_a_pattern(
    patterns: tuple[str, ...], *, taken: bool
) -> None:
    assert Selection(specs=patterns).takes_axiom(axiom_of("T-001b"), "T-001") is taken


def test_a_case_is_asked_for_by_its_whole_id() -> None:
    case = case_of(STEP)

    assert Selection(cases=("T-001/only",)).takes(case, None)
    assert not Selection(cases=("T-001/on",)).takes(case, None)
    assert not Selection(specs=("S-*",), cases=("T-001/only",)).takes(case, None)
    assert Selection().is_whole
    assert not Selection(cases=("T-001/only",)).is_whole


def test_a_case_that_is_asked_for_has_to_be_there_and_the_nearest_of_its_axiom_is_named() -> None:
    cases = cases_of(f'[[axiom.case]]\nname = "empty-store"\nmatrix = {{ p = ["x", "y"] }}\n{STEP}')

    require_cases(Selection(cases=(SMOKE, "T-001/empty-store[p=x]")), cases, lane_of())
    with pytest.raises(UnknownCaseError) as unknown:
        require_cases(Selection(cases=("T-001/empty-stor[p=x]",)), cases, lane_of())
    assert unknown.value.meant == "T-001/empty-store[p=x]"


def test_only_the_axioms_that_are_asked_for_are_compiled() -> None:
    broken = AXIOM.replace("T-001", "T-002") + '[[axiom.case]]\nname = "b"\nsteps = [{ op = "read", path = "{no}" }]\n'
    edition = edition_of(f'{AXIOM}[[axiom.case]]\nname = "only"\n{STEP}{broken}')

    for selection in (Selection(specs=("T-001",)), Selection(cases=("T-001/only",))):
        assert [case.id for case in selected_cases(selection, edition, lane_of())] == ["T-001/only"]
    with pytest.raises(SpecError):
        selected_cases(Selection(), edition, lane_of())
    with pytest.raises(SpecError):  # The case that was meant may be there.
        selected_cases(Selection(cases=("T-001/onyl",)), edition, lane_of())


@pytest.mark.parametrize(
    ("axiom", "group"),
    [
        ("BE-008a", "BE-008"),
        ("BE-029zz", "BE-029"),
        ("BE-008", None),
        ("BE-009a", None),
        ("WR-001a.1", "WR-001a"),
        ("SEC-B1", None),
    ],
)
def test_a_sentence_belongs_to_the_bundle_of_its_id_without_the_letters(axiom: str, group: str | None) -> None:
    assert group_of(axiom, {"BE-008": "", "BE-029": "", "WR-001a": ""}) == group


# -- facts of the lane --


@pytest.mark.parametrize(
    ("case", "facts", "skip"),
    [
        ("", {}, None),
        ('needs = ["audit"]', {}, Skip(SkipReason.AFFORDANCE, "audit")),
        ('needs = ["audit"]', {"affordances": ("audit",)}, None),
        ("traits = { flat_namespace = true }", {}, Skip(SkipReason.TRAIT, "flat_namespace = true")),
        ("traits = { flat_namespace = false }", {}, None),
        ("traits = { flat_namespace = true }", {"traits": {}}, None),
        ("traits = { range_reader = true }", {}, Skip(SkipReason.TRAIT, "range_reader = true")),
        (
            'needs = ["audit"]\ntraits = { flat_namespace = true }',
            {},
            Skip(SkipReason.TRAIT, "flat_namespace = true"),
        ),
    ],
    ids=["plain", "no-audit", "audit", "other-trait", "trait", "unknown-trait", "default", "both"],
)
def test_a_case_is_ruled_out_by_what_the_lane_says_and_never_by_what_it_does_not(
    case: str, facts: dict[str, Any], skip: Skip | None
) -> None:
    assert rule_out(case_of(f"{case}\n{STEP}"), lane_of(**facts), "0.33.0") == skip


def test_a_case_of_a_later_release_is_ruled_out() -> None:
    (case,) = cases_of(f'[[axiom.case]]\nname = "only"\n{STEP}', AXIOM + 'since = "0.34"\n')

    assert rule_out(case, lane_of(), "0.33.0") == Skip(SkipReason.RELEASE, "remote-store 0.34")
    assert rule_out(case, lane_of(), "0.34.0") is None
    assert rule_out(case, lane_of(), "0.100") is None


def test_what_cannot_befall_a_store_in_its_instance_is_no_gap() -> None:
    inside = lane_of(traits={"transport": "none"})

    assert without("container", inside) == Skip(SkipReason.TRAIT, "transport other than none")
    assert without("container", lane_of(traits={"transport": "fs"})) == Skip(SkipReason.AFFORDANCE, "container")
    assert without("audit", inside) == Skip(SkipReason.AFFORDANCE, "audit")


def test_a_case_may_be_later_than_its_axiom() -> None:
    (case,) = cases_of(f'[[axiom.case]]\nname = "only"\nsince = "0.34"\n{STEP}', AXIOM + 'since = "0.31"\n')

    assert rule_out(case, lane_of(), "0.33") == Skip(SkipReason.RELEASE, "remote-store 0.34")


def test_the_shipped_axioms_have_a_plan_under_an_older_contract() -> None:
    cases = compile_edition(load_edition([shipped("specs")]), lane_of().declared)
    later = {case.id for case in cases if case.since is not None}

    skipped = {
        one.case for one in plan(cases, lane_of(), "0.30.0") if one.skip and one.skip.reason is SkipReason.RELEASE
    }

    assert skipped == later
    assert {"BE-029a", "BE-021s"} <= {case.axiom.id for case in cases if case.id in later}


def test_the_contract_is_the_one_that_was_asked_for_or_the_installed_one() -> None:
    assert contract_of("0.31") == "0.31"
    assert contract_of(None) == version("remote-store")
    with pytest.raises(UnknownReleaseError, match="'main' is no release"):
        contract_of("main")


def test_a_contract_that_is_newer_than_all_that_is_known_is_refused() -> None:
    edition = edition_of(AXIOM + '[[axiom.case]]\nname = "a"\n' + STEP)
    require_contract("0.33", edition)

    with pytest.raises(UnknownReleaseError, match=r"0\.99 is newer than"):
        require_contract("0.99", edition)


def test_an_undeclared_trait_is_a_reading_and_a_declared_or_defaulted_one_is_a_fact() -> None:
    flat = case_of(f"traits = {{ flat_namespace = true }}\n{STEP}")
    ranged = case_of(f"traits = {{ range_reader = false }}\n{STEP}")

    assert readings(flat, lane_of(traits={})) == (("flat_namespace", "true"),)
    assert readings(flat, lane_of(traits={"flat_namespace": True})) == ()
    assert readings(ranged, lane_of(traits={})) == ()


def test_a_plan_begins_with_the_smoke_case_and_leaves_nothing_out() -> None:
    cases = cases_of(f'[[axiom.case]]\nname = "one"\n{STEP}\n[[axiom.case]]\nname = "two"\nneeds = ["audit"]\n{STEP}')

    planned = plan(cases, lane_of(), "0.33.0")

    assert [(one.case, one.skip) for one in planned] == [
        (SMOKE, None),
        ("T-001/one", None),
        ("T-001/two", Skip(SkipReason.AFFORDANCE, "audit")),
    ]


def test_families_bind_all_lanes_or_those_that_name_them() -> None:
    edition = edition_of(AXIOM + '[[axiom.case]]\nname = "only"\n' + STEP)

    assert in_scope(edition, lane_of()) == edition.axioms
    with pytest.raises(UnknownFamilyError) as unknown:
        in_scope(edition, lane_of(specs=("TT",)))
    assert unknown.value.family == "TT"
    assert "lanes.toml:1" in str(unknown.value)


@pytest.mark.parametrize(("transport", "want"), [("none", SkipReason.TRAIT), ("fs", SkipReason.AFFORDANCE)])
def test_what_befalls_a_store_elsewhere_is_no_gap_where_the_store_is_the_instance(
    transport: str, want: SkipReason
) -> None:
    case = case_of('fresh = true\nsteps = [ { op = "drop_container" }, { op = "exists", path = "a" } ]')

    skip = rule_out(case, lane_of(traits={"flat_namespace": False, "transport": transport}), "0.33")

    assert skip is not None
    assert skip.reason is want


@pytest.mark.parametrize(
    "case",
    [
        'given = { "d/a" = "text:" }\nsteps = [ { op = "exists", path = "d/a" } ]',
        'given = { "a.txt" = "text:" }\nsteps = [ { op = "copy", src = "a.txt", dst = "b" } ]',
        'probe = "operations.block_tell"\nargs = { path = "a", pieces = ["text:x"] }',
    ],
)
def test_a_case_about_other_names_than_the_store_takes_is_not_exercised(case: str) -> None:
    asked = case_of(case)

    skip = rule_out(asked, lane_of(traits={"names": ".*[.]txt"}), "0.33.0")

    assert skip is not None
    assert skip.reason is SkipReason.HOLDING
    assert rule_out(asked, lane_of(traits={"names": ".*"}), "0.33.0") is None


@pytest.mark.parametrize(
    ("trait", "case"),
    [
        ("largest_file", 'steps = [ { op = "write", path = "a", content = "bytes:100" } ]'),
        ("largest_file", 'steps = [ { op = "write", path = "a", content = { stream = "bytes:100" } } ]'),
        ("largest_file", 'given = { "a" = "zeros:100" }\nsteps = [ { op = "exists", path = "a" } ]'),
        (
            "largest_file",
            'probe = "concurrency.own_keys"\nargs = { folder = "d", threads = 4, op = "write", size = 100 }',
        ),
        ("longest_path", 'steps = [ { op = "write", path = "{repeat:ab/:33}f", content = "text:" } ]'),
        ("longest_path", 'given = { "a" = "text:" }\nsteps = [ { op = "move", src = "a", dst = "{repeat:k:100}" } ]'),
        (
            "largest_metadata",
            'steps = [ { op = "write", path = "a", content = "text:", metadata = { k = "{repeat:v:99}" } } ]',
        ),
    ],
)
def test_a_case_that_asks_for_more_than_the_store_holds_does_not_apply(trait: str, case: str) -> None:
    asked = case_of(case)

    assert rule_out(asked, lane_of(traits={trait: "99"}), "0.33.0") == Skip(SkipReason.TRAIT, f"{trait} >= 100")
    assert rule_out(asked, lane_of(traits={trait: "100"}), "0.33.0") is None
    assert rule_out(asked, lane_of(traits={}), "0.33.0") is None
