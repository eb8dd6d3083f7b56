"""Glob patterns over keys: `*`, `?`, `[abc]` and `[!abc]` within a segment, `**` across any number of them."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from typing import Final

_WILD = re.compile(r"[*?\[]")
_ANY_DEPTH: Final = None

Segment = re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A glob pattern, and how much of the bucket it can match.

    Args:
        text: The pattern as it was given.
        prefix: What every match starts with.
        is_deep: Whether matches may lie below the prefix's folder.
        segments: One expression for each segment; None stands for `**`.
    """

    text: str
    prefix: str
    is_deep: bool
    segments: tuple[Segment, ...]

    def matches(self, key: str) -> bool:
        """Tell whether the pattern matches a whole key."""
        return _match(self.segments, tuple(key.split("/")))


def parse_pattern(text: str) -> Pattern:
    """Return the pattern that a text stands for.

    Raises:
        ValueError: `**` is only a part of a segment.
    """
    segments: list[Segment] = []
    for segment in text.split("/"):
        if segment == "**":
            # Two in a row match what one does.
            if not segments or segments[-1] is not _ANY_DEPTH:
                segments.append(_ANY_DEPTH)
        elif "**" in segment:
            raise ValueError(f"'**' has to be a whole segment, in pattern {text!r}")
        else:
            segments.append(re.compile(fnmatch.translate(segment)))
    wild = _WILD.search(text)
    start = wild.start() if wild else len(text)
    is_deep = "/" in text[start:] or "**" in text
    return Pattern(text, prefix=text[:start], is_deep=is_deep, segments=tuple(segments))


def _match(segments: tuple[Segment, ...], names: tuple[str, ...]) -> bool:
    # From the last segment to the first: whether it and those after it match the names from each place on. That takes
    # as many steps as there are segments times names; to try every split that `**` allows takes exponentially many.
    rest = [False] * len(names) + [True]
    for index, segment in reversed(list(enumerate(segments))):
        is_last = index == len(segments) - 1
        here = [False] * (len(names) + 1)
        for at in reversed(range(len(names))):
            if segment is not _ANY_DEPTH:
                here[at] = rest[at + 1] and segment.match(names[at]) is not None
            else:
                here[at] = is_last or rest[at] or here[at + 1]
        rest = here
    return rest[0]
