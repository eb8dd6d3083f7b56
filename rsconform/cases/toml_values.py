"""Values of TOML, taken for what they have to be: anything else raises a BadValueError."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rsconform.cases.content import Content, Source, parse_content
from rsconform.cases.deferred import Bound, Limit, show
from rsconform.spec.keys import SOURCE_KEYS

_LIMIT: Final = re.compile(r"(<=|>=|=)?\s*(\d+(?:\.\d+)?)")


class BadValueError(Exception):
    """A problem found while one value is compiled; the caller knows where that is."""

    def __init__(self, slug: str, what: str, got: str | None = None, known: Sequence[str] = ()) -> None:
        self.slug = slug
        self.what = what
        self.got = got
        self.known = tuple(known)
        super().__init__(what)


def table_of(value: object) -> dict[str, object]:
    """Return a table."""
    if not isinstance(value, Mapping):
        raise BadValueError("wrong-type", f"expected a table, got {show(value)}")
    return dict(value)


def only_known(value: object, known: Sequence[str], what: str) -> dict[str, object]:
    """Return a table that has no other keys than those."""
    table = table_of(value)
    for key in table:
        if key not in known:
            raise BadValueError("unknown-key", f"unknown key of {what}", key, known)
    return table


def list_of(value: object, key: str) -> list[object]:
    """Return a list."""
    if not isinstance(value, list):
        raise BadValueError("wrong-type", f"`{key}` is a list, got {show(value)}")
    return value


def text_of(value: object, key: str) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise BadValueError("wrong-type", f"`{key}` holds text, got {show(value)}")
    return value


def optional_text(table: Mapping[str, object], key: str) -> str | None:
    """Return a text of a table, or None if it has none."""
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise BadValueError("wrong-type", f"`{key}` is a name, got {show(value)}")
    return value


def flag_of(table: Mapping[str, object], key: str) -> bool:
    """Return a flag of a table; one that it does not have is False."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise BadValueError("wrong-type", f"`{key}` is true or false, got {show(value)}")
    return value


def number_of(value: object, key: str, *, at_least: int) -> int | None:
    """Return a whole number, or None for None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < at_least):
        raise BadValueError("wrong-type", f"`{key}` is a whole number of at least {at_least}, got {show(value)}")
    return value


def limit_of(value: object) -> Limit:
    """Return the bound that a number, `<= n` or `>= n` is."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Limit(value)
    match = _LIMIT.fullmatch(text_of(value, "requests"))
    if match is None:
        raise BadValueError("wrong-type", f'a bound is a number, "<= n" or ">= n", got {show(value)}')
    return Limit(float(match[2]), match[1] or "=")


def seconds_of(value: object) -> float | None:
    """Return a number of seconds, or None for None."""
    return None if value is None else limit_of(value).number


def literal_of(value: object) -> Content | Source | Bound:
    """Return the content that a literal, a source table or a bound value stands for."""
    if isinstance(value, Bound | Content | Source):
        return value
    if isinstance(value, str):
        return parse_content(value)
    table = only_known(value, SOURCE_KEYS, "a source")
    stream = table.get("stream")
    if not isinstance(stream, str):
        raise BadValueError("wrong-type", "a source is a table with `stream = LITERAL`")
    fails_after, chunk, position = (
        number_of(table.get(key), key, at_least=0) for key in ("fails_after", "chunk", "position")
    )
    return Source(
        parse_content(stream),
        fails_after=fails_after,
        chunk=chunk,
        seekable=table.get("seekable", True) is True,
        position=position or 0,
        only_read=table.get("only_read", False) is True,
        bind=optional_text(table, "as"),
    )
