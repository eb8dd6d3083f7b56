"""The small values that templates become: what is filled in at run time, what was not written, bounds on numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from rsconform.redaction import redact

_SHORT: Final = 40  # So many bytes are shown whole.
_PIECE: Final = 16  # Of more, so many.


class Missing(Enum):
    """The one value that means 'not written in the TOML', where None is a value."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class Bound:
    """A placeholder that is filled in at run time: a name bound by `as`, and the field of it that is meant."""

    name: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "{" + ".".join((self.name, *self.fields)) + "}"


@dataclass(frozen=True, slots=True)
class Text:
    """A longer string with placeholders inside that are filled in at run time."""

    parts: tuple[str | Bound, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))


Resolve = Callable[[Bound], object]


def resolve_value(value: object, resolve: Resolve) -> object:
    """Return a value with every placeholder in it filled in.

    Raises:
        LookupError: A field that a placeholder names does not exist on what was bound.
    """
    if isinstance(value, Bound):
        return resolve(value)
    if isinstance(value, Text):
        return "".join(part if isinstance(part, str) else str(resolve(part)) for part in value.parts)
    if isinstance(value, Mapping):
        return {key: resolve_value(item, resolve) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve_value(item, resolve) for item in value]
    return value


_HOLDS: Final[Mapping[str, Callable[[float, float], bool]]] = {"=": operator.eq, "<=": operator.le, ">=": operator.ge}
_SAID: Final[Mapping[str, str]] = {"=": "", "<=": "at most ", ">=": "at least "}


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a measured number: exact, at most or at least."""

    number: float
    sign: str = "="  # Or <=, or >=.

    def holds(self, measured: float) -> bool:
        """Return whether a measured number keeps the bound."""
        return _HOLDS[self.sign](measured, self.number)

    def __str__(self) -> str:
        return f"{_SAID[self.sign]}{self.number:g}"


def show(value: object, *, limit: int = 200) -> str:
    """Return a value as a person wants to read it in a failure: bounded, long bytes by size and beginning."""
    if isinstance(value, bytes | bytearray) and len(value) > _SHORT:
        return f"{len(value)} bytes beginning {bytes(value[:_PIECE])!r}"
    try:
        text = repr(value)
    except Exception as exc:  # A value of the subject's: its repr may be broken too.
        text = f"<{type(value).__name__} whose repr raised {type(exc).__name__}>"
    text = redact(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _common(one: bytes | bytearray, other: bytes | bytearray) -> int:
    """Return how many bytes two contents begin with in common, by halving: byte by byte takes long for large ones."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def show_difference(expected: bytes, seen: object) -> str:
    """Return how content differs from what was expected: its type and length, and the first byte that differs."""
    if isinstance(seen, str):
        same = " that spell these bytes" if seen.encode("utf-8", "surrogatepass") == expected else ""
        return f"{show(seen)}, a str of {len(seen)} characters{same}"
    if not isinstance(seen, bytes | bytearray):
        return show(seen)
    kind = "" if isinstance(seen, bytes) else f" ({type(seen).__name__})"
    whole = f"{bytes(seen)!r} ({len(seen)} bytes)" if len(seen) <= _SHORT else f"{len(seen)} bytes"
    at = _common(expected, seen)
    if at == len(expected) == len(seen):
        return f"{whole}{kind}"
    if at == len(seen):
        how = "it ends there"
    elif at == len(expected):
        how = f"it goes on with {bytes(seen[at : at + _PIECE])!r}"
    else:
        how = f"{bytes(seen[at : at + _PIECE])!r} instead of {expected[at : at + _PIECE]!r}"
    return f"{whole}{kind}, first difference at byte {at}: {how}"
