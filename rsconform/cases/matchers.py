"""Matchers: what a returned value, an error's field or a bound value is compared with."""

from __future__ import annotations

import hashlib
import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from rsconform.cases.content import Content
from rsconform.cases.deferred import Bound, Resolve, resolve_value, show

Failing = str | None  # What was expected instead, or None where the value matches.

_SIZED: Final = re.compile(r"blake2[bs](?:[-_]?\d+)?")
UNKNOWN_TIME: Final = datetime.min.replace(tzinfo=UTC)
_NO_FIELD: Final = object()


class Matcher(ABC):
    """A demand on one value."""

    __slots__ = ()

    @abstractmethod
    def mismatch(self, seen: object, resolve: Resolve) -> Failing:
        """Return what does not fit about a value, in words; None where it fits."""

    @abstractmethod
    def __str__(self) -> str: ...


def path_text(value: object) -> object:
    """Return a RemotePath as its text, anything else as it is: in TOML a path is a string."""
    return str(value) if type(value).__name__ == "RemotePath" else value


def is_root_spelling(path: object) -> bool:
    """Return whether a path is made of empty and "." segments only."""
    return isinstance(path, str) and all(part in ("", ".") for part in path.split("/"))


def same(seen: object, expected: object) -> bool:
    """Return whether two values are equal and of one type; a RemotePath equals its text."""
    seen = path_text(seen)
    expected = path_text(expected)
    if isinstance(seen, Enum) and isinstance(expected, str):
        return expected in (seen.name, seen.value)
    if isinstance(expected, Mapping) and isinstance(seen, Mapping):
        return dict(seen) == dict(expected)
    if isinstance(expected, Sequence) and not isinstance(expected, str | bytes):
        return (
            isinstance(seen, Sequence)
            and len(seen) == len(expected)
            and all(same(a, b) for a, b in zip(seen, expected, strict=True))
        )
    for kind in (str, bytes):  # A class of its own is one of them.
        if isinstance(expected, kind):
            return isinstance(seen, kind) and seen == expected
    return type(seen) is type(expected) and seen == expected


@dataclass(frozen=True, slots=True)
class Equals(Matcher):
    """The very value, of the very type."""

    expected: object

    def mismatch(self, seen: object, resolve: Resolve) -> Failing:
        expected = resolve_value(self.expected, resolve)
        return None if same(seen, expected) else show(expected)

    def __str__(self) -> str:
        return str(self.expected) if isinstance(self.expected, Bound) else show(self.expected)


@dataclass(frozen=True, slots=True)
class Fields(Matcher):
    """A table: over a model the named fields, over a mapping everything, element by element over a list of them."""

    fields: Mapping[str, Matcher]

    def mismatch(self, seen: object, resolve: Resolve) -> Failing:
        if isinstance(seen, Mapping):
            if set(seen) != set(self.fields):
                return f"a mapping with the keys {sorted(self.fields)}"
            values = dict(seen)
        else:
            values = {name: getattr(seen, name, _NO_FIELD) for name in self.fields}
        for name, matcher in self.fields.items():
            if values[name] is _NO_FIELD:
                return f"a value with the field {name}"
            failing = matcher.mismatch(values[name], resolve)
            if failing is not None:
                return f"{name} = {failing}, not {show(values[name])}"
        return None

    def __str__(self) -> str:
        return "{ " + ", ".join(f"{name} = {matcher}" for name, matcher in self.fields.items()) + " }"


@dataclass(frozen=True, slots=True)
class Items(Matcher):
    """A list, element by element."""

    items: tuple[Matcher, ...]

    def mismatch(self, seen: object, resolve: Resolve) -> Failing:
        if not isinstance(seen, Sequence) or isinstance(seen, str | bytes) or len(seen) != len(self.items):
            return str(self)
        for matcher, item in zip(self.items, seen, strict=True):
            failing = matcher.mismatch(item, resolve)
            if failing is not None:
                return f"{self}; of {show(item)}: {failing}"
        return None

    def __str__(self) -> str:
        return "[" + ", ".join(map(str, self.items)) + "]"


@dataclass(frozen=True, slots=True)
class Not(Matcher):
    """Anything but this."""

    matcher: Matcher

    def mismatch(self, seen: object, resolve: Resolve) -> Failing:
        return str(self) if self.matcher.mismatch(seen, resolve) is None else None

    def __str__(self) -> str:
        return f"anything but {self.matcher}"


@dataclass(frozen=True, slots=True)
class AnyOf(Matcher):
    """One of several."""

    matchers: tuple[Matcher, ...]

    def mismatch(self, seen: object, resolve: Resolve) -> Failing:
        return None if any(matcher.mismatch(seen, resolve) is None for matcher in self.matchers) else str(self)

    def __str__(self) -> str:
        return " or ".join(map(str, self.matchers))


@dataclass(frozen=True, slots=True)
class Each(Matcher):
    """Every element of a list or listing."""

    matcher: Matcher

    def mismatch(self, seen: object, resolve: Resolve) -> Failing:
        if not isinstance(seen, Sequence) or isinstance(seen, str | bytes):
            return "a list"
        for item in seen:
            failing = self.matcher.mismatch(item, resolve)
            if failing is not None:
                return f"each {failing}; not so {show(item)}"
        return None

    def __str__(self) -> str:
        return f"each {self.matcher}"


@dataclass(frozen=True, slots=True)
class Holds(Matcher):
    """A one-key matcher that compares a value with one operand."""

    key: str
    operand: object

    def mismatch(self, seen: object, resolve: Resolve) -> Failing:
        operand = resolve_value(self.operand, resolve)
        try:
            fits = _HOLDS[self.key](path_text(seen), operand)
        except (TypeError, ValueError, AttributeError):
            fits = False
        return None if fits else str(self)

    def __str__(self) -> str:
        return f"{self.key} {self.operand if isinstance(self.operand, Bound | Content | str) else show(self.operand)}"


def _of_type(seen: object, name: object) -> bool:
    return type(seen).__name__ == name or any(cls.__name__ == name for cls in type(seen).__mro__[:-1])


def _compared(seen: object, operand: object, holds: Callable[[Any, Any], bool]) -> bool:
    if isinstance(seen, datetime) and isinstance(operand, datetime):
        return holds(seen, operand)  # One aware and one not is a TypeError, and a mismatch.
    if isinstance(seen, bool) or not isinstance(seen, int | float) or not isinstance(operand, int | float):
        return False
    return holds(seen, operand)


def _near(seen: object, operand: object) -> bool:
    if not isinstance(seen, datetime) or not isinstance(operand, datetime):
        return False
    return abs(seen - operand) <= timedelta(seconds=1)


def _digest_of(seen: object, operand: object) -> bool:
    data = operand.data if isinstance(operand, Content) else b""
    algorithm, value = getattr(seen, "algorithm", None), getattr(seen, "value", None)
    if not isinstance(algorithm, str) or not isinstance(value, str):
        return False
    if algorithm == "crc32":
        return value == f"{zlib.crc32(data):08x}"
    expected = _hex_digest(algorithm, len(value) // 2, data)
    return expected is None or value == expected  # An algorithm that Python lacks proves nothing.


def _hex_digest(algorithm: str, size: int, data: bytes) -> str | None:
    """Return a digest of content in hexadecimals; None where the algorithm is not known by that name.

    Args:
        size: How many bytes it has, for algorithms that leave that open.
    """
    for name in (algorithm, algorithm.replace("-", "_"), algorithm.replace("-", "").replace("_", "")):
        if _SIZED.fullmatch(name) is not None:  # The name may say in bits what the value shows.
            kind = "blake2s" if "2s" in name else "blake2b"
            most = hashlib.new(kind).digest_size
            return getattr(hashlib, kind)(data, digest_size=min(max(size, 1), most)).hexdigest()  # type: ignore[no-any-return]
        if name in hashlib.algorithms_available:
            digest: Any = hashlib.new(name, data)
            return str(digest.hexdigest(size) if name.startswith("shake") else digest.hexdigest())
    return None


def _has(seen: object, operand: object) -> bool:
    if isinstance(seen, str) and isinstance(operand, str):
        return operand in seen
    return any(same(item, operand) for item in seen)  # type: ignore[attr-defined]  # TypeError is a mismatch.


_PREDICATES: Final[Mapping[str, Callable[[object], bool]]] = {
    "root": is_root_spelling,
    "nonempty": lambda seen: isinstance(seen, str | bytes) and len(seen) > 0,
    "aware": lambda seen: isinstance(seen, datetime) and seen.tzinfo is not None,
    "unknown_time": lambda seen: seen == UNKNOWN_TIME,
}

_HOLDS: Final[Mapping[str, Callable[[object, object], bool]]] = {
    "type": _of_type,
    "ge": lambda seen, operand: _compared(seen, operand, lambda a, b: a >= b),
    "le": lambda seen, operand: _compared(seen, operand, lambda a, b: a <= b),
    "len": lambda seen, operand: len(seen) == operand,  # type: ignore[arg-type]  # TypeError is a mismatch.
    "has": _has,
    "lacks": lambda seen, operand: not _has(seen, operand),
    "starts": lambda seen, operand: isinstance(seen, str) and seen.startswith(str(operand)),
    "near": _near,
    "digest_of": _digest_of,
    "is": lambda seen, operand: _PREDICATES[str(operand)](seen),
}
