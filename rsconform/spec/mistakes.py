"""What is wrong in a TOML file, said once: where, what, and what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rsconform.spec.model import Edition, Place


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was most likely meant, whatever its case, or None if none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    return by_folded[close[0]] if close else None


@dataclass(frozen=True)
class Mistake:
    """One mistake of a spec author.

    Attributes:
        slug: Stable name of the kind of mistake, for docs and scripts.
        where: The axiom and case it stands in, as words; empty at the top of a file.
        what: The mistake, without the offending value: `unknown affordance`.
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
            advice.append(f"Known: {', '.join(sorted(self.known))}.")
        if self.hint is not None:
            advice.append(self.hint)
        return f"{says}.\n  {' '.join(advice)}" if advice else f"{says}."


class SpecError(Exception):
    """The TOML is wrong. Holds every mistake of every file, by place.

    Attributes:
        read: What could be read in spite of them, for a look at its cases; nothing is run from it.
    """

    def __init__(self, mistakes: Iterable[Mistake], *, read: Edition | None = None) -> None:
        self.read = read
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.place.path, m.place.line, m.slug, m.what, str(m.got))))
        super().__init__("\n".join(map(str, self.mistakes)))
