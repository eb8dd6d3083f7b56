"""From axioms to cases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from remote_store import FileInfo, RemotePath

from rsconform.cases.case import Case
from rsconform.cases.compiler import compile_edition
from rsconform.cases.deferred import MISSING
from rsconform.cases.matchers import Matcher
from rsconform.spec.problems import SpecError
from tests.snippets import AXIOM, FAMILY, case_of, cases_of, edition_of

CASE = '[[axiom.case]]\nname = "bad"\n'


def test_every_point_of_a_matrix_is_a_case_named_after_it() -> None:
    cases = cases_of(
        """
        [[axiom.case]]
        name = "two-axes"
        matrix = { path = ["a", "d/a"], overwrite = "@overwrite" }
        steps = [ { op = "write", path = "{path}", content = "text:x", with = "{overwrite}" } ]
        """
    )

    assert [case.id for case in cases] == [
        f"T-001/two-axes[path={path},overwrite={overwrite}]"
        for path in ("a", "d/a")
        for overwrite in ("omitted", "no", "yes")
    ]
    assert [case.steps[0].arguments.get("overwrite", MISSING) for case in cases[:3]] == [MISSING, False, True]


@pytest.mark.parametrize(
    ("steps", "capabilities"),
    [
        ('[ { op = "exists", path = "a" } ]', set()),
        ('[ { op = "read", path = "a" }, { op = "glob", pattern = "*" } ]', {"READ", "GLOB"}),
        ('[ { op = "open_atomic", path = "a", content = "text:" } ]', {"ATOMIC_WRITE"}),
        ('[ { op = "write", path = "a", content = "text:", metadata = { k = "v" } } ]', {"WRITE", "USER_METADATA"}),
        ('[ { op = "write", path = "a", content = "text:", metadata = {} } ]', {"WRITE"}),
    ],
)
def test_the_capabilities_of_a_case_follow_from_its_operations(steps: str, capabilities: set[str]) -> None:
    assert case_of(f"steps = {steps}").capabilities == capabilities


def test_a_capability_named_in_lacks_is_taken_out_of_what_the_case_needs() -> None:
    case = case_of('lacks = ["ATOMIC_WRITE"]\nsteps = [ { op = "write_atomic", path = "a", content = "text:" } ]')

    assert case.capabilities == set()
    assert case.lacks == {"ATOMIC_WRITE"}


def test_a_field_of_an_axis_stands_for_the_content_of_its_source() -> None:
    cases = cases_of(
        """
        [[axiom.case]]
        name = "stored"
        matrix = { how = "@writes" }
        steps = [ { path = "a", with = "{how}" } ]
        then = { tree = { "a" = "{how.content}" } }
        """
    )

    for case in cases:
        assert case.then is not None
        assert case.then.tree is not None
        assert case.then.tree["a"].data == case.steps[0].arguments["content"].data  # type: ignore[union-attr, attr-defined]


def mistakes_of(case: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        cases_of(f'[[axiom.case]]\nname = "bad"\n{case}')
    return [problem.slug for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("case", "slug"),
    [
        ('steps = [ { op = "wriet", path = "a" } ]', "unknown-operation"),
        ('steps = [ { op = "write", path = "a" } ]', "no-argument"),
        ('steps = [ { op = "exists", path = "a", overwrit = true } ]', "unknown-key"),
        ('steps = [ { op = "exists", path = "a", overwrite = true } ]', "unknown-key"),
        ('steps = [ { path = "a" } ]', "no-operation"),
        ('steps = [ { op = "read", path = "a", raises = "NotFoud" } ]', "unknown-error"),
        ('steps = [ { op = "read", path = "a", reads = "texts:a" } ]', "bad-literal"),
        ('steps = [ { op = "read", path = "{p}" } ]', "unknown-name"),
        ('steps = [ { op = "read", path = "a", at = "later", raises = "NotFound" } ]', "unknown-phase"),
        ('steps = [ { op = "write", path = "a", content = { stream = "text:a", seekble = true } } ]', "unknown-key"),
        ('steps = [ { op = "close" } ]', "not-fresh"),
        ('steps = [ { op = "read", path = "a", drain = 0 } ]', "wrong-type"),
        ('steps = [ { op = "read", path = "a", with = { path = "b" } } ]', "key-twice"),
        ('steps = [ { op = "exists", path = "a", as = "backend" } ]', "name-clash"),
        ('steps = [ { op = "exists", path = "a", as = "r" }, { on = "r", op = "sek" } ]', "unknown-operation"),
        ('steps = [ { op = "exists", path = "a" } ]\nthen = { tre = {} }', "unknown-key"),
        ('given = { "d/" = 1 }\nsteps = [ { op = "exists", path = "a" } ]', "wrong-type"),
        ('probe = "no.such"', "unknown-probe"),
    ],
)
def test_a_mistake_in_a_case_is_told_by_its_kind(case: str, slug: str) -> None:
    assert slug in mistakes_of(case)


def test_a_near_miss_is_suggested_with_its_line() -> None:
    with pytest.raises(SpecError) as caught:
        cases_of(CASE + 'steps = [ { op = "wriet", path = "a", content = "text:" } ]')

    (problem,) = caught.value.problems
    assert problem.meant == "write"
    assert problem.place.line == 1 + (FAMILY + AXIOM + CASE).count("\n")
    assert 'Did you mean "write"?' in str(problem)


def test_all_mistakes_of_all_cases_are_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        cases_of(
            """
            [[axiom.case]]
            name = "one"
            steps = [ { op = "wriet", path = "a" }, { op = "raed", path = "a" } ]

            [[axiom.case]]
            name = "two"
            steps = [ { op = "exist", path = "a" } ]
            """
        )

    assert sorted(str(problem.meant) for problem in caught.value.problems) == ["exists", "read", "write"]


def test_a_range_in_given_and_paths_stands_for_many_files() -> None:
    case: Case = case_of(
        'given = { "d/f{01..12}" = "text:x" }\nsteps = [ { op = "list_files", path = "d", paths = ["d/f{01..12}"] } ]'
    )

    assert list(case.given.files)[-1] == "d/f12"
    assert len(case.steps[0].paths) == 12  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steps", "surface"),
    [
        ('[ { op = "read_bytes", path = "a" } ]', None),
        ('[ { op = "read_seekable", path = "a" } ]', "sync"),
        ('[ { op = "read", path = "a", as = "s" }, { on = "s", op = "drain" } ]', None),
        ('[ { op = "read", path = "a", as = "s" }, { on = "s", op = "seek", args = [0] } ]', "sync"),
        ('[ { op = "write", path = "a", content = { stream = "text:abc", chunk = 1 } } ]', None),
        ('[ { op = "write", path = "a", content = { stream = "text:abc", position = 1 } } ]', "sync"),
    ],
    ids=["value", "no-async-operation", "drained", "sought", "in-pieces", "at-a-position"],
)
def test_a_case_is_put_only_to_backends_that_have_what_it_uses(steps: str, surface: str | None) -> None:
    assert case_of(f"steps = {steps}").surface == surface


@pytest.mark.parametrize(
    ("fault", "slug", "got"),
    [
        ("{ on = 'GetObjekt', status = 503 }", "unknown-request", "GetObjekt"),
        ("{ stat = 503 }", "unknown-key", "stat"),
        ("{ status = 99 }", "wrong-type", None),
        ("{ status = 600 }", "wrong-type", None),
        ("{ status = true }", "wrong-type", None),
        ("{ lost = 1 }", "wrong-type", None),
        ("{ nth = 0, lost = true }", "wrong-type", None),
        ("{ times = 'twice', lost = true }", "wrong-type", None),
        ("{ garbage = true }", "wrong-type", None),
        ("{ code = 'SlowDown', lost = true }", "fault-clash", None),
        ("{ cut = 3, status = 200 }", "fault-clash", None),
        ("{ lost = true, reset = 4 }", "fault-clash", None),
        ("{ refuse = true, on = 'GET' }", "fault-clash", None),
        ("{ on = 'GET' }", "no-fault", None),
        ("[{ lost = true }, 3]", "wrong-type", None),
    ],
)
def test_a_fault_that_cannot_be_is_a_mistake_with_its_line(fault: str, slug: str, got: str | None) -> None:
    with pytest.raises(SpecError) as caught:
        cases_of(CASE + f"steps = [ {{ op = 'exists', path = 'a', fault = {fault} }} ]")

    (problem,) = caught.value.problems
    assert (problem.slug, problem.got) == (slug, got)
    assert problem.place.line == 15


def test_a_case_with_a_fault_needs_a_wire() -> None:
    case = case_of("steps = [ { op = 'exists', path = 'a', fault = { errors = { k = 'AccessDenied' } } } ]")

    assert case.needs == ("wire",)
    assert case.steps[0].faults[0].status == 200


@pytest.mark.parametrize(
    ("case", "presumes"),
    [
        ('given = { "d/a" = "text:" }\nsteps = [ { op = "exists", path = "d" } ]', True),
        ('given = { "d/a" = "text:" }\nsteps = [ { op = "exists", path = "d/a" } ]', False),
        ('given = { "d/a" = "text:" }\nsteps = [ { op = "exists", path = "no" } ]', False),
        ('given = { "d" = "text:", "d/a" = "text:" }\nsteps = [ { op = "is_file", path = "d" } ]', False),
        ('given = { "d/e/a" = "text:" }\nsteps = [ { op = "move", src = "d/e", dst = "x" } ]', True),
        ('given = { "d/a" = "text:" }\nsteps = [ { op = "copy", src = "d/a", dst = "d" } ]', False),
        ('given = { "d/a" = "text:" }\nsteps = [ { op = "write", path = "d", content = "text:" } ]', False),
        ('steps = [ { op = "write", path = "d/a", content = "text:" }, { op = "read_bytes", path = "d" } ]', True),
        ('steps = [ { op = "read_bytes", path = "." } ]', True),
        ('steps = [ { op = "write", path = "./", content = "text:" } ]', False),
        ('steps = [ { op = "get_folder_info", path = "no" } ]', True),
        ('lacks = ["METADATA"]\nsteps = [ { op = "get_folder_info", path = "no" } ]', False),
        ('lacks = ["LIST"]\nsteps = [ { op = "get_folder_info", path = "no" } ]', False),
    ],
)
def test_a_case_about_a_folder_needs_a_backend_that_knows_folders(case: str, *, presumes: bool) -> None:
    assert ("LIST" in case_of(case).capabilities) is presumes


def test_what_is_denied_can_only_be_looked_at_past_the_subject() -> None:
    case = case_of('fresh = true\nsteps = [ { op = "deny" } ]\nthen = { unchanged = true }')

    assert case.needs == ("deny", "audit")


@pytest.mark.parametrize(("known", "accepted"), [(True, [5]), (False, [5, 0])])
def test_where_sizes_are_not_known_none_may_stand_for_each(*, known: bool, accepted: list[int]) -> None:
    case = '[[axiom.case]]\nname = "only"\nsteps = [ { op = "get_file_info", path = "a", returns = { size = 5 } } ]'
    (only,) = compile_edition(edition_of(AXIOM + case), {"sizes_known": known})
    wanted = only.steps[0].returns
    assert isinstance(wanted, Matcher)

    for size in (5, 0, 4):
        info = FileInfo(RemotePath("a"), "a", size, datetime.now(UTC))
        assert (wanted.mismatch(info, lambda _: None) is None) is (size in accepted)
