"""What a glob pattern matches, and in how many steps."""

from __future__ import annotations

import itertools
import random

import pytest
from rsconform_s3 import patterns
from rsconform_s3.patterns import Segment, parse_pattern


def tried_every_split(segments: tuple[Segment, ...], names: tuple[str, ...]) -> bool:
    """Match by the definition: `**` stands for any number of names, at the end for one at least."""
    if not segments or not names:
        return not segments and not names
    head, rest = segments[0], segments[1:]
    if head is not None:
        return head.match(names[0]) is not None and tried_every_split(rest, names[1:])
    return not rest or any(tried_every_split(rest, names[at:]) for at in range(len(names)))


def test_it_matches_what_the_definition_does() -> None:
    drawn = random.Random(4711)
    found = 0
    for _ in range(4000):
        pattern = parse_pattern("/".join(drawn.choices(["**", "*", "a", "b", "?", "[ab]"], k=drawn.randint(1, 5))))
        names = tuple(drawn.choices("abc", k=drawn.randint(1, 6)))
        assert pattern.matches("/".join(names)) is tried_every_split(pattern.segments, names)
        found += pattern.matches("/".join(names))
    assert found > 200


@pytest.mark.parametrize(("last", "is_match"), [("z", False), ("k", True)])
def test_a_segment_is_compared_once_with_each_name(last: str, is_match: bool) -> None:
    compared = itertools.count()

    class Counting:
        def __init__(self, expression: str) -> None:
            self._any = expression != last

        def match(self, name: str) -> object:
            next(compared)
            return True if self._any or name == last else None

    pattern = parse_pattern("**/*/" * 8 + f"**/{last}")
    counting = tuple(None if one is None else Counting("*") for one in pattern.segments[:-1])

    matched = patterns._match((*counting, Counting(last)), tuple("k" * 60))  # type: ignore[arg-type]

    assert matched is is_match
    assert next(compared) <= len(pattern.segments) * 60
