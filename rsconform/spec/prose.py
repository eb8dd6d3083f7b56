"""What a program can hold of the rules of prose: length, beginnings and phrases that readers stumble over.

`rsconform lint` checks it; loading does not, as prose decides no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rsconform.spec.axiom import Axiom, Edition
from rsconform.spec.problems import Problem

MOST_WORDS_OF_TITLE: Final = 12
MOST_WORDS_OF_SENTENCE: Final = 25

# The subject is the operation or the thing, so a sentence does not begin with one of these.
_BEGINNING: Final = re.compile(r"(What|Who|Whoever|Whatever|Of|That which|Nor|Neither)\b")
_OF_TITLE: Final = re.compile(r"(So|And|But|It|They|This|These|Those)\b")
_PHRASE: Final = re.compile(
    r"\b((?:is|are|was|were) (?:told|asked)|as of now|(?:is|are|was|were) no (?!longer|more|later|other|such)[a-z]+)\b"
)
# A sentence may begin with the name of an operation.
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'(]|[a-z_]+\()")


def prose_problems(edition: Edition) -> list[Problem]:
    """Return what is wrong with the prose of an edition, by place."""
    problems = [problem for axiom in edition.axioms for problem in _of_axiom(axiom)]
    titles: dict[str, Axiom] = {}
    for axiom in edition.axioms:
        other = titles.setdefault(axiom.title, axiom)
        if other is not axiom:
            problems.append(_problem(axiom, "title", f"{other.id} has the same title", axiom.title))
    return sorted(problems, key=lambda one: (one.place.path, one.place.line))


def _of_axiom(axiom: Axiom) -> Iterator[Problem]:
    words = len(axiom.title.split())
    if words > MOST_WORDS_OF_TITLE:
        yield _problem(axiom, "title", f"{words} words, where {MOST_WORDS_OF_TITLE} are enough", axiom.title)
    if axiom.title.endswith("."):
        yield _problem(axiom, "title", "a full stop at its end", axiom.title)
    for pattern in (_BEGINNING, _OF_TITLE):
        if (found := pattern.match(axiom.title)) is not None:
            yield _problem(axiom, "title", f"it begins with {found[0]!r}", axiom.title)
    for key, text in (("statement", axiom.statement), ("note", axiom.note), ("untestable", axiom.untestable)):
        for sentence in _SENTENCE_END.split(text or ""):
            yield from _of_sentence(axiom, key, sentence)


def _of_sentence(axiom: Axiom, key: str, sentence: str) -> Iterator[Problem]:
    words = len(sentence.split())
    if words > MOST_WORDS_OF_SENTENCE:
        yield _problem(axiom, key, f"a sentence of {words} words, where {MOST_WORDS_OF_SENTENCE} are enough", sentence)
    if key == "statement" and (found := _BEGINNING.match(sentence)) is not None:
        yield _problem(axiom, key, f"a sentence begins with {found[0]!r}", sentence)
    if (found := _PHRASE.search(sentence)) is not None:
        yield _problem(axiom, key, f"{found[0]!r} can be said more plainly", sentence)


def _problem(axiom: Axiom, key: str, what: str, text: str) -> Problem:
    return Problem("prose", axiom.place, f"axiom {axiom.id}, {key}", f"{what}: {text}")
