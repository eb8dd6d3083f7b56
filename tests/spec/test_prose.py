"""What `rsconform lint` says about the prose of axioms."""

from __future__ import annotations

import pytest

from rsconform.data import shipped
from rsconform.spec.loader import load_edition
from rsconform.spec.prose import prose_problems
from tests.snippets import edition_of

LONG = " ".join(["word"] * 26)


def said(*, title: str = "read() returns the bytes", statement: str = "It does.", note: str = "None.") -> list[str]:
    axiom = (
        f'[[axiom]]\nid = "T-001"\ntitle = "{title}"\nlevel = "MUST"\nstatement = "{statement}"\nnote = "{note}"\n'
        'untestable = "It cannot be shown."\n'
    )
    return [problem.what for problem in prose_problems(edition_of(axiom))]


def test_our_own_axioms_keep_to_the_rules() -> None:
    assert [str(problem) for problem in prose_problems(load_edition([shipped("specs")]))] == []


def test_plain_prose_is_left_alone() -> None:
    assert said() == []
    assert said(note="There is no longer a file.") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ({"title": " ".join(["word"] * 13)}, "13 words"),
        ({"title": "read() returns."}, "a full stop"),
        ({"title": "What was told holds"}, "begins with 'What'"),
        ({"title": "So are the others"}, "begins with 'So'"),
        ({"statement": f"{LONG}."}, "26 words"),
        ({"statement": "It does. Whoever reads it sees it."}, "begins with 'Whoever'"),
        ({"note": f"It does. {LONG.capitalize()}."}, "26 words"),
        ({"note": "The caller is told that."}, "'is told'"),
        ({"note": "It is no file."}, "'is no file'"),
    ],
)
def test_what_readers_stumble_over_is_said(text: dict[str, str], words: str) -> None:
    [what] = said(**text)

    assert words in what


def test_two_axioms_do_not_share_a_title() -> None:
    axiom = '[[axiom]]\nid = "T-00{0}"\ntitle = "One title"\nlevel = "MUST"\nstatement = "s"\nuntestable = "u"\n'

    problems = prose_problems(edition_of(axiom.format(1) + axiom.format(2)))

    assert [problem.where for problem in problems] == ["axiom T-002, title"]
