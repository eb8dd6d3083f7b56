from __future__ import annotations

import tomllib

import pytest

from rsconform.spec.locate import Block, locate


def lines(text: str) -> Block:
    tomllib.loads(text)
    return locate(text)


def test_the_nth_header_is_the_nth_table() -> None:
    root = lines("[[axiom]]\na = 1\n[[axiom.case]]\n[[axiom.case]]\nb = 2\n\n[[axiom]]\n[[axiom.case]]\nb = 3\n")

    first, second = root.key("axiom").items
    assert (first.line, second.line) == (1, 7)
    assert [case.line for case in first.key("case").items] == [3, 4]
    assert second.key("case").item(0).key("b").line == 9


NOT_A_HEADER = {
    "comment": "# [[axiom]]",
    "comment with quotes": '# it\'s """ [[axiom]]',
    "basic string": "s = \"[[axiom]] \\\" # ''' \"",
    "literal string": "s = '[[axiom]] \" # \\'",
    "multi-line string": 's = """\n[[axiom]]\n\\""" x = 1\n"""',
    "multi-line string that ends in quotes": 's = """\n[[axiom]]"""""',
    "multi-line literal": "s = '''\n[[axiom]]\n\\'''",
    "empty strings": 's = ""\nt = \'\'\nu = """"""',
    "nested array": "s = [\n  [\n  1 ] , # ]\n  ']', \"]\"\n]",
    "array with a multi-line string": 's = [ """\n]\n[[axiom]]\n""" ]',
    "inline table with strings": "s = { a = \"}\", b = [ { c = '}' } ] }",
    "date and time": "s = 1979-05-27 07:32:00 # [[axiom]]",
    "quoted key": '"a = [[axiom]]" = 1',
}


@pytest.mark.parametrize("text", NOT_A_HEADER.values(), ids=NOT_A_HEADER)
def test_nothing_but_a_header_counts_as_one(text: str) -> None:
    root = lines(f"{text}\n[[axiom]]\nid = 1\n")

    [axiom] = root.key("axiom").items
    assert axiom.line == text.count("\n") + 2
    assert axiom.key("id").line == axiom.line + 1


def test_the_elements_of_an_array_have_their_lines() -> None:
    root = lines(
        'steps = [ { a = [1, 2] }, # one\n  { b = "," },\n\n  # { c }\n  { d = 1 }, 5, "x",\n  """a\nb""", [\n1]\n]\n'
    )

    assert [item.line for item in root.key("steps").items] == [1, 2, 5, 5, 5, 6, 7]


def test_steps_written_as_tables_have_their_lines_too() -> None:
    root = lines('[[axiom]]\n[[axiom.case]]\n[[axiom.case.steps]]\nop = "a"\n[[axiom.case.steps]]\nop = "b"\n')

    steps = root.key("axiom").item(0).key("case").item(0).key("steps")
    assert [step.line for step in steps.items] == [3, 5]


def test_a_sub_table_belongs_to_the_last_case() -> None:
    root = lines(
        '[[axiom]]\n[[axiom.case]]\n[[axiom.case]]\nname = "b"\n[axiom.case.matrix."at"]\n"0" = {}\nnone = {}\n'
    )

    at = root.key("axiom").item(0).key("case").item(1).key("matrix").key("at")
    assert (at.line, at.key("0").line, at.key("none").line) == (5, 6, 7)


def test_dotted_keys_lead_to_their_line() -> None:
    root = lines('a = 1\nmatrix.how = "x"\n"matrix".\'at\' = 2\n')

    assert (root.key("matrix").key("how").line, root.key("matrix").key("at").line) == (2, 3)


def test_what_the_text_does_not_spell_out_falls_back_to_the_block() -> None:
    root = lines("a = 1\n[t]\nx = { y = 1 }\n")

    assert root.key("t").key("x").key("y").line == 3
    assert root.key("t").key("x").item(7).line == 3


def test_a_long_comment_at_the_end_is_scanned_in_no_time() -> None:
    assert locate("a = 1\n" + "# " * 50_000).key("a").line == 1
