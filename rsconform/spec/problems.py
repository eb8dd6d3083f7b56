"""What is wrong in a TOML file, said once: where, what, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rsconform.spec.axiom import Edition, Place


# More known names than these are no answer but a wall: the nearest are shown, and where to see all.
_MOST_KNOWN: Final = 15
_NEAREST: Final = 5
_LISTED: Final = {
    "unknown-set": "see _sets.toml",
    "unknown-name": "see the matrix and the names bound by `as`",
    "unknown-axiom": "rsconform list specs",
    "unknown-invariant-id": "rsconform list specs",
}


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was most likely meant, whatever its case, or None if none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


@dataclass(frozen=True)
class Problem:
    """One problem of a spec author.

    Attributes:
        slug: Stable name of the kind of problem, for docs and scripts.
        where: The axiom and case it stands in, as words; empty at the top of a file.
        what: The problem, without the offending value: `unknown affordance`.
        got: The offending value.
        known: Every value that would have been right, if they are few.
        hint: What to do instead, as a sentence.
    """

    slug: str
    place: Place
    where: str
    what: str
    got: str | None = None
    known: tuple[str, ...] = ()
    meant: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        says = ": ".join(part for part in (str(self.place), self.where, self.what) if part)
        if self.got is not None:
            says += f' "{self.got}"'
        advice = []
        if self.meant is not None:
            advice.append(f'Did you mean "{self.meant}"?')
        if self.known:
            advice.append(self._known_in_words())
        if self.hint is not None:
            advice.append(self.hint)
        return f"{says}.\n  {' '.join(advice)}" if advice else f"{says}."

    def _known_in_words(self) -> str:
        if len(self.known) <= _MOST_KNOWN:
            return f"Known: {', '.join(sorted(self.known))}."
        near = difflib.get_close_matches(self.got or "", {*self.known} - {self.meant}, n=_NEAREST, cutoff=0.3)
        shown = f"Also near: {', '.join(near)}. " if near else ""
        return f"{shown}All {len(self.known)} known: {_LISTED.get(self.slug, 'rsconform list vocabulary')}."


class SpecError(Exception):
    """The TOML is wrong. Holds every problem of every file, by place.

    Attributes:
        read: What could be read in spite of them, for a look at its cases; nothing is run from it.
    """

    def __init__(self, problems: Iterable[Problem], *, read: Edition | None = None) -> None:
        self.read = read
        self.problems = tuple(sorted(problems, key=lambda m: (m.place.path, m.place.line, m.slug, m.what, str(m.got))))
        super().__init__("\n".join(map(str, self.problems)))
