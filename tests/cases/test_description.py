"""A case in words: what its store holds, what its steps do, and the end that it demands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rsconform.cases.case import End, Given, GivenFile
from rsconform.cases.content import Content
from rsconform.cases.description import describe_end, describe_given, describe_steps
from tests.snippets import case_of


def file(literal: str, **facts: dict[str, str]) -> GivenFile:
    return GivenFile(Content(literal), **facts)


def test_an_empty_store_is_said_to_be_empty() -> None:
    assert describe_given(Given()) == ("an empty store",)


def test_every_file_has_its_name_content_and_length() -> None:
    given = Given({"a[b]": file("text:x"), "d/ü": file("bytes:64KiB", metadata={"owner": "me"})}, folders=("e",))

    assert describe_given(given) == (
        "folder 'e'",
        "'a[b]'  text:x (1 byte)",
        "'d/ü'  bytes:64KiB (65,536 bytes), metadata {'owner': 'me'}",
    )


def test_many_files_are_counted_and_the_odd_ones_named() -> None:
    files = {f"d/f{number:04}": file(f"bytes:{number % 3}") for number in range(1100)}

    assert describe_given(Given({**files, "d/report?.csv": file("text:odd")})) == (
        "1,100 files of 0 to 2 bytes, from 'd/f0000' to 'd/f1099'",
        "'d/report?.csv'  text:odd (3 bytes)",
    )


def test_a_long_name_is_cut_in_its_middle() -> None:
    (line,) = describe_given(Given({"x" * 1000 + ".txt": file("text:x")}))

    assert len(line) < 120
    assert "(1004 characters)" in line
    assert ".txt'" in line


def test_a_step_shows_its_arguments_the_length_of_its_content_and_what_is_expected() -> None:
    case = case_of(
        """
        steps = [
          { op = "write", path = "a", content = "bytes:100", as = "done" },
          { op = "read", path = "a", as = "stream", drain = false },
          { on = "stream", op = "read", args = [3], returns = { is = "nonempty" } },
          { op = "read_bytes", path = "a", reads = "bytes:100" },
          { op = "delete", path = "b", raises = "NotFound" },
        ]
        then = { tree = { a = "bytes:100" } }
        """
    )

    assert describe_steps(case) == (
        "write path='a' content=bytes:100 (100 bytes) as done",
        "read path='a' drain=False as stream",
        "stream.read args=[3] -> returns {is: 'nonempty'}",
        "read_bytes path='a' -> reads bytes:100 (100 bytes)",
        "delete path='b' -> raises 'NotFound'",
    )
    assert describe_end(case) == ("the store holds exactly:", "  'a'  bytes:100 (100 bytes)")


@pytest.mark.parametrize(
    ("end", "lines"),
    [
        (End(unchanged=True), ("the store is as it was",)),
        (End(tree={}), ("the store holds no file",)),
        (End(folders=("d",), residue=False), ("the folders are exactly ['d']", "nothing else is left behind")),
        (
            End(any_of=(End(unchanged=True), End(tree={}))),
            ("either:", "  the store is as it was", "or:", "  the store holds no file"),
        ),
    ],
    ids=["unchanged", "empty", "folders", "either"],
)
def test_an_end_is_said_line_by_line(end: End, lines: tuple[str, ...]) -> None:
    case = case_of('steps = [{ op = "exists", path = "a" }]')

    assert describe_end(replace(case, then=end)) == lines
