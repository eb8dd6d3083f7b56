"""Placeholders in templates."""

from __future__ import annotations

import pytest

from rsconform.cases.deferred import Bound, Text, resolve_value
from rsconform.cases.fill import PlaceholderError, Scope, fill, unfold

AXES = {"n": 3, "flag": True, "row": {"path": "d", "paths": ["d/a"]}, "name": "x"}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{n}", 3),
        ("{flag}", True),
        ("{row.paths}", ["d/a"]),
        ("{none}", None),
        ("a-{name}-{n}", "a-x-3"),
        ("{repeat:ab:3}", "ababab"),
        ("{{x}", "{x}"),
        ("f{01..03}", "f{01..03}"),
        ({"d/{name}": ["{n}"]}, {"d/x": [3]}),
    ],
)
def test_a_placeholder_becomes_its_value_with_its_type(template: object, filled: object) -> None:
    assert fill(template, Scope(AXES)) == filled


def test_what_was_filled_in_is_not_looked_at_again() -> None:
    assert fill("{brace}", Scope({"brace": "{n}"})) == "{n}"


def test_a_name_bound_by_a_step_is_left_for_run_time() -> None:
    scope = Scope({}, bound=("w",))

    assert fill("{w.etag}", scope) == Bound("w", ("etag",))
    assert fill("tag {w.etag}", scope) == Text(("tag ", Bound("w", ("etag",))))
    assert resolve_value(fill(["tag {w.etag}"], scope), lambda bound: "E") == ["tag E"]


@pytest.mark.parametrize(
    ("template", "slug"),
    [
        ("{nn}", "unknown-name"),
        ("{row.pats}", "unknown-field"),
        ("x{flag}", "bad-placeholder"),
        ("x{row}", "bad-placeholder"),
        ("{a b}", "bad-placeholder"),
    ],
)
def test_a_placeholder_that_cannot_be_filled_in_is_told(template: str, slug: str) -> None:
    with pytest.raises(PlaceholderError) as caught:
        fill(template, Scope(AXES))

    assert caught.value.slug == slug


def test_a_range_unfolds_to_every_number_with_its_leading_zeros() -> None:
    assert list(unfold("d/f{08..11}.txt")) == ["d/f08.txt", "d/f09.txt", "d/f10.txt", "d/f11.txt"]
    assert list(unfold("plain")) == ["plain"]
