"""What the docstring of a class has to say, in whichever words.

No list of words is complete, so a docstring is held to little: that it speaks of the thing at all, and does not say the
opposite. The rest is for a reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that a docstring has to say.

    Args:
        said: What that is, for people.
        by: A pattern that one of its sentences has to match.
        opposite: A pattern that none may match, unless one matches `plainly`.
        plainly: A pattern that leaves no doubt.
    """

    said: str
    by: str
    opposite: str | None = None
    plainly: str = ""

    def unmet_by(self, text: str) -> str | None:
        """Return what is wrong with a docstring, or None."""
        sentences = re.split(r"(?<=[.;!?])\s+", text)
        if not _matches(self.by, sentences):
            return f"none of the words for it in {len(text)} characters" if text else "no docstring"
        if self.opposite is not None and _matches(self.opposite, sentences) and not _matches(self.plainly, sentences):
            return "it says the opposite"
        return None


def _matches(pattern: str, sentences: Sequence[str]) -> bool:
    return any(re.search(pattern, sentence, re.IGNORECASE) for sentence in sentences)


def _near(one: str, other: str) -> str:
    return rf"({one})\b.{{0,40}}({other})|({other})\b.{{0,40}}({one})"


_COPYING: Final = r"cop(y|ies|ied|ying)|duplicat"
_DELETING: Final = r"delet|remov|unlink"
_IN_TWO_STEPS: Final = rf"({_COPYING}).*({_DELETING})|({_DELETING}).*({_COPYING})"
_NOT_ATOMIC: Final = (
    r"(not|n't|non|no|never|neither|nor|without|lacks?|cannot|false)\b.{0,40}atomic|atomic\w*\W{0,3}(false|no|not)\b"
)
_MOVES: Final = r"\bmov(e|es|ed|ing)\b|\brenam"
_ATOMIC_MOVES: Final = r"(mov|renam)\w*(\(\))?\W+(is|are)\W+(\w+\W+)?atomic|atomic(ally)?\W+(mov|renam)"

_SHARING: Final = r"thread|concurren|parallel|simultaneous|at once|shar(e|ed|ing)\b"
_TASKS: Final = rf"\btasks?\b|coroutine|\bloops?\b|{_SHARING}"
_RESTRICTING: Final = (
    r"not|n't|\bnon?\b|never|unsafe|\bsingle|\bone\b|\bown\b|\beach\b|\bper\b|\bonly\b|must|avoid|without|race"
    r"|instead of|rather than|seriali[sz]|\block|mutex|guard"
)
_EACH: Final = r"\beach|\bper|\bevery|\bown|\bone|\bsingle|\bdedicated"
_UNIT: Final = r"instances?|threads?|connections?|clients?|objects?|backends?|workers?|sessions?|channels?"
_IN_TURN: Final = (
    r"seriali[sz]|synchroni[sz]|\block|mutex|semaphore|queue|at a time|take turns|in turn|one after|thread.?local"
    r"|confin|guard|wrap"
)

DUTIES: Final[Mapping[str, Sequence[Duty]]] = {
    "move": (
        Duty(
            "that a move is not atomic",
            rf"{_NOT_ATOMIC}|{_IN_TWO_STEPS}|{_MOVES}",
            opposite=_ATOMIC_MOVES,
            plainly=rf"{_NOT_ATOMIC}|{_IN_TWO_STEPS}",
        ),
    ),
    "loop": (
        Duty(
            "that an instance is not for several tasks at once",
            rf"({_TASKS}).*({_RESTRICTING})|({_RESTRICTING}).*({_TASKS})",
        ),
    ),
    "posture": (
        Duty(
            "that an instance is not to be shared between threads",
            rf"({_SHARING}).*({_RESTRICTING})|({_RESTRICTING}).*({_SHARING})",
        ),
        Duty(
            "that each thread needs an instance of its own, or that calls come one at a time",
            rf"{_near(_EACH, _UNIT)}|{_IN_TURN}",
        ),
    ),
}
