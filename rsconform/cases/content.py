"""Content literals: `text:ANY`, `hex:..`, `bytes:SIZE`, `bytes#2:SIZE`, `zeros:SIZE`, each with an optional slice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# A prime period shows a part put in the wrong place; two neighbours are never equal.
_PERIOD: Final = 65521
_UNITS: Final = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZE: Final = re.compile(r"(\d+)(KiB|MiB|GiB)?(?:([+-])(\d+))?")
_SLICE: Final = re.compile(r"^(.*)\[(\d*):(\d*)\]$", re.DOTALL)
_LITERAL: Final = re.compile(r"^(text|hex|bytes(?:#(\d))?|zeros):(.*)$", re.DOTALL)

GRAMMAR: Final = "text:ANY, hex:.., bytes:SIZE, bytes#2:SIZE or zeros:SIZE, with SIZE like 4096, 64KiB or 12MiB+1"


class BadLiteralError(ValueError):
    """A string that should be a content literal is none."""


def parse_size(text: str) -> int:
    """Return the number of bytes that a size such as `64KiB`, `12MiB+1` or `4096` names.

    Raises:
        BadLiteralError: The text is no size.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise BadLiteralError(f"{text!r} is no size")
    count, unit, sign, extra = match.groups()
    return int(count) * _UNITS[unit or ""] + (int(extra) if extra else 0) * (-1 if sign == "-" else 1)


@lru_cache(maxsize=8)
def _period(number: int) -> bytes:
    # A stride that is not 0 mod 251 keeps neighbours apart, and each row of 251 is the one before, every value one up.
    stride = number * 38 + 1
    row = bytes((place * stride + number) % 251 for place in range(251))
    one_up = bytes((value + 1) % 251 for value in range(251)) + bytes(5)
    rows = []
    for _ in range(_PERIOD // 251 + 1):
        rows.append(row)
        row = row.translate(one_up)
    return b"".join(rows)[:_PERIOD]


@lru_cache(maxsize=64)
def _pattern(number: int, size: int) -> bytes:
    period = _period(number)
    return (period * (size // _PERIOD + 1))[:size]


@dataclass(frozen=True, slots=True)
class Content:
    """A content literal. Its bytes are made when asked for."""

    literal: str

    @property
    def data(self) -> bytes:
        """Return the bytes the literal stands for."""
        return _data(self.literal)

    @property
    def size(self) -> int:
        """Return how many bytes those are, without making them."""
        kind, _, rest = self.literal.partition(":")
        return len(self.data) if kind in ("text", "hex") or "[" in rest else parse_size(rest)

    def __str__(self) -> str:
        return self.literal


@lru_cache(maxsize=256)
def _data(literal: str) -> bytes:
    match = _LITERAL.match(literal)
    if match is None:
        raise BadLiteralError(f"{literal!r} is no content literal")
    kind, number, rest = match.groups()
    if kind == "text":
        return rest.encode()
    sliced = _SLICE.match(rest)
    start, stop = None, None
    if sliced is not None:
        rest = sliced[1]
        start = int(sliced[2]) if sliced[2] else None
        stop = int(sliced[3]) if sliced[3] else None
    if kind == "hex":
        try:
            data = bytes.fromhex(rest)
        except ValueError as exc:
            raise BadLiteralError(f"{literal!r}: {exc}") from exc
    elif kind == "zeros":
        data = bytes(parse_size(rest))
    else:
        data = _pattern(int(number or 1), parse_size(rest))
    return data[start:stop]


def parse_content(literal: str) -> Content:
    """Return the content that a literal names.

    Raises:
        BadLiteralError: The string is no literal. Nothing of the content is made yet.
    """
    match = _LITERAL.match(literal)
    if match is None:
        raise BadLiteralError(f"{literal!r} is no content literal")
    kind, _, rest = match.groups()
    sliced = _SLICE.match(rest)
    body = sliced[1] if sliced is not None else rest
    if kind == "hex":
        _data(literal)
    elif kind != "text":
        parse_size(body)
    return Content(literal)


@dataclass(frozen=True, slots=True)
class Source:
    """A stream that hands out content, well-behaved or not.

    `fails_after` raises in the middle after so many bytes; `chunk` bounds each piece it returns; `position` is where it
    stands when it is handed over, so that only the rest is owed.
    """

    content: Content
    fails_after: int | None = None
    chunk: int | None = None
    seekable: bool = True
    position: int = 0
    only_read: bool = False
    bind: str | None = None

    @property
    def data(self) -> bytes:
        """Return the bytes that a writer which is given this source has to store."""
        return self.content.data[self.position :]

    @property
    def size(self) -> int:
        """Return how many bytes the whole stream has."""
        return self.content.size

    def __str__(self) -> str:
        traits = [
            f"fails after {self.fails_after}" if self.fails_after is not None else "",
            f"pieces of at most {self.chunk}" if self.chunk else "",
            "" if self.seekable else "not seekable",
            f"from position {self.position}" if self.position else "",
            "read() only" if self.only_read else "",
        ]
        return f"stream of {self.content}" + "".join(f", {trait}" for trait in traits if trait)
