"""Which line a key stands on. tomllib keeps no positions, so the text is scanned beside the parse.

The scan expects text that tomllib accepts; it finds lines and judges nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final

_STRING: Final = "|".join(
    (
        r'"""(?:[^\\]|\\.)*?"{3,5}',
        r"'''.*?'{3,5}",
        r'"(?:[^"\\]|\\.)*"',
        r"'[^']*'",
    )
)
_KEY_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY: Final = rf"{_KEY_PART}(?:[ \t]*\.[ \t]*{_KEY_PART})*"
# A statement: a header, or a key with its equals sign. Blank lines and comments are skipped on the way.
_STATEMENT: Final = re.compile(
    rf"(?:\s++|#[^\n]*+)*+(?:(?P<header>\[\[?)[ \t]*(?P<table>{_KEY})[ \t]*\]\]?|(?P<key>{_KEY})[ \t]*=[ \t]*)"
)
_PARTS: Final = re.compile(_KEY_PART)
_SCALAR: Final = re.compile(rf"{_STRING}|[^\s#]+(?:[ \t]+[0-9][^\s#]*)?", re.DOTALL)
_TOKEN: Final = re.compile(rf"{_STRING}|[\[\]{{}},]|#[^\n]*|[^\s\[\]{{}},#\"']+", re.DOTALL)


@dataclass(slots=True)
class Block:
    """A table, or the value of a key, with the line it starts on; the lines of what it holds are below it."""

    line: int
    keys: dict[str, Block] = field(default_factory=dict)
    items: list[Block] = field(default_factory=list)

    def key(self, name: str) -> Block:
        """Return the block of a key; this block itself if the text does not spell the key out."""
        return self.keys.get(name, self)

    def item(self, index: int) -> Block:
        """Return the block of one element of an array; this block itself if it is no array of the text."""
        return self.items[index] if index < len(self.items) else self


def locate(text: str) -> Block:
    """Return the lines of a TOML document.

    Inline tables stand on one line and have no keys of their own here; arrays have their elements.
    """
    newlines = [match.start() for match in re.finditer("\n", text)]
    root = Block(1)
    table = root
    position = 0
    while (statement := _STATEMENT.match(text, position)) is not None:
        position = statement.end()
        if statement["header"] is not None:
            line = bisect_right(newlines, statement.start("header")) + 1
            table = _open(root, _names(statement["table"]), line, is_array=statement["header"] == "[[")
        else:
            line = bisect_right(newlines, statement.start("key")) + 1
            *parents, name = _names(statement["key"])
            value = _descend(table, parents, line).keys[name] = Block(line)
            position = _skip_value(text, position, value, newlines)
    return root


def _names(dotted: str) -> list[str]:
    # An escape in a quoted key is left as it is: such a key falls back to the line of its table.
    return [part[1:-1] if part[0] in "\"'" else part for part in _PARTS.findall(dotted)]


def _descend(table: Block, names: list[str], line: int) -> Block:
    for name in names:
        table = table.keys.setdefault(name, Block(line))
        if table.items:
            table = table.items[-1]
    return table


def _open(root: Block, names: list[str], line: int, *, is_array: bool) -> Block:
    parent = _descend(root, names[:-1], line)
    if is_array:
        opened = Block(line)
        parent.keys.setdefault(names[-1], Block(line)).items.append(opened)
        return opened
    # A header may come after those of its sub-tables; its own line is the one to show.
    opened = parent.keys.setdefault(names[-1], Block(line))
    opened.line = line
    return opened


def _skip_value(text: str, position: int, value: Block, newlines: list[int]) -> int:
    """Return where the value at a position ends, having noted on which lines its elements start."""
    if text[position] not in "[{":
        scalar = _SCALAR.match(text, position)
        return scalar.end() if scalar is not None else len(text)
    is_array = text[position] == "["
    depth = 0
    starts_element = False
    for token in _TOKEN.finditer(text, position):
        first = token[0][0]
        if first == "#":
            continue
        if first in "]}":
            depth -= 1
            if depth == 0:
                return token.end()
            continue
        if first == ",":
            starts_element = depth == 1
            continue
        if starts_element and is_array:
            value.items.append(Block(bisect_right(newlines, token.start()) + 1))
        starts_element = False
        if first in "[{":
            depth += 1
            starts_element = depth == 1
    return len(text)
