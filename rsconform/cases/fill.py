"""Placeholders: `{axis}`, `{name.field}`, `{none}`, `{repeat:TEXT:N}`, `{{` and ranges such as `f{0001..2500}`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rsconform.cases.deferred import Bound, Text

_TOKEN: Final = re.compile(r"\{\{|\{([^{}]*)\}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_REPEAT: Final = re.compile(r"repeat:(.*):(\d+)", re.DOTALL)
_RANGE: Final = re.compile(r"\{(\d+)\.\.(\d+)\}")

# Names that no axis and no `as` may take.
RESERVED: Final = frozenset({"none", "repeat", "lane", "backend"})


class PlaceholderError(Exception):
    """A placeholder cannot be filled in."""

    def __init__(self, slug: str, what: str, got: str, known: Collection[str] = ()) -> None:
        self.slug = slug
        self.what = what
        self.got = got
        self.known = tuple(sorted(known))
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a placeholder may name at one place of a case."""

    axes: Mapping[str, object]
    bound: Collection[str] = ()
    lane: Mapping[str, object] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name that can stand in a placeholder here."""
        return (*self.axes, *self.bound, *RESERVED)


def fill(template: object, scope: Scope) -> object:
    """Return a template with its axes filled in; what is bound at run time stays as `Bound` or `Text`.

    Raises:
        PlaceholderError: A name is unknown, a field does not exist, or a table stands inside a longer string.
    """
    if isinstance(template, str):
        return _fill_text(template, scope)
    if isinstance(template, Mapping):
        return {_key(key, scope): fill(value, scope) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [fill(value, scope) for value in template]
    return template


def _key(key: str, scope: Scope) -> str:
    filled = _fill_text(key, scope) if "{" in key else key
    if not isinstance(filled, str):
        raise PlaceholderError("bad-placeholder", "a key must be text once its axes are filled in:", key)
    return filled


def _fill_text(template: str, scope: Scope) -> object:
    if "{" not in template:
        return template
    whole = _TOKEN.fullmatch(template)
    if whole is not None and whole[1] is not None:
        return _value_of(whole[1], scope)
    parts: list[str | Bound] = []
    end = 0
    for match in _TOKEN.finditer(template):
        parts.append(template[end : match.start()])
        end = match.end()
        if match[1] is None:
            parts.append("{")
            continue
        value = _value_of(match[1], scope)
        if isinstance(value, Bound):
            parts.append(value)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            parts.append(str(value))
        else:
            what = "only text and int may stand inside a longer string:"
            raise PlaceholderError("bad-placeholder", what, match[1])
    parts.append(template[end:])
    if any(isinstance(part, Bound) for part in parts):
        return Text(tuple(part for part in parts if part != ""))
    return "".join(map(str, parts))


def _value_of(inner: str, scope: Scope) -> object:
    if inner == "none":
        return None
    if _RANGE.fullmatch("{" + inner + "}"):
        return "{" + inner + "}"  # Unfolded where many paths may stand.
    repeat = _REPEAT.fullmatch(inner)
    if repeat is not None:
        return repeat[1] * int(repeat[2])
    if not _NAME.fullmatch(inner):
        raise PlaceholderError("bad-placeholder", "no placeholder (a brace is written {{):", inner)
    name, *fields = inner.split(".")
    if name in scope.axes:
        return _field(scope.axes[name], name, fields)
    if name == "lane" and scope.lane is not None:
        return _field(scope.lane, name, fields)
    if name in scope.bound or name == "backend":
        return Bound(name, tuple(fields))
    raise PlaceholderError("unknown-name", "unknown name in a placeholder:", name, scope.names)


def _field(value: object, name: str, fields: list[str]) -> object:
    for field in fields:
        if not isinstance(value, Mapping) or field not in value:
            known = tuple(value) if isinstance(value, Mapping) else ()
            raise PlaceholderError("unknown-field", f"{name} has no field", field, known)
        value = value[field]
        name = f"{name}.{field}"
    return value


def unfold(path: str) -> Iterator[str]:
    """Yield the paths that a range stands for: `f{01..03}` is f01, f02 and f03; a path without one is itself."""
    match = _RANGE.search(path)
    if match is None:
        yield path
        return
    width = len(match[1])
    for number in range(int(match[1]), int(match[2]) + 1):
        for rest in unfold(path[match.end() :]):
            yield f"{path[: match.start()]}{number:0{width}d}{rest}"
