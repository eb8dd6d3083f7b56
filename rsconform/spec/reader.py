"""Typed reading of one TOML table: what is not as it must be becomes a problem, and reading goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rsconform.spec.axiom import Place
from rsconform.spec.problems import Problem, nearest

if TYPE_CHECKING:
    from rsconform.spec.locate import Block

_KINDS = (
    (str, "a string"), (bool, "a boolean"), (int, "a number"), (float, "a number"), (list, "a list"), (dict, "a table"),
)  # fmt: skip


def kind_of(value: object) -> str:
    """Return what a TOML value is, as a noun."""
    return next((noun for kind, noun in _KINDS if isinstance(value, kind)), "a date or time")


def fold(prose: str) -> str:
    """Return prose as one line, however its author broke it."""
    return " ".join(prose.split())


def show(value: object) -> str:
    """Return a TOML scalar as its author wrote it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass
class TableReader:
    """One table with its lines, and the list that its problems go to."""

    table: Mapping[str, object]
    block: Block
    path: str
    where: str
    problems: list[Problem]
    _mistyped: set[str] = field(default_factory=set)

    def place(self, key: str | None = None, item: int | None = None) -> Place:
        """Return where the table, one of its keys, or one element of an array stands."""
        block = self.block if key is None else self.block.key(key)
        return Place(self.path, (block if item is None else block.item(item)).line)

    def wrong(
        self,
        slug: str,
        what: str,
        got: str | None = None,
        *,
        at: Place | None = None,
        known: Collection[str] = (),
        among: Collection[str] = (),
        hint: str | None = None,
    ) -> None:
        """Note a problem.

        Args:
            known: All values that would be right, to be shown.
            among: Where to look for what was meant, if there are too many to show.
        """
        meant = nearest(got, known or among) if got is not None else None
        self.problems.append(
            Problem(slug, at or self.place(), self.where, what, got, tuple(sorted(known)), meant, hint)
        )

    def only(self, keys: Sequence[str]) -> None:
        """Note every key of the table that is none of these."""
        for key in self.table:
            if key not in keys:
                self.wrong("unknown-key", "unknown key", key, at=self.place(key), known=keys)
                self._mistyped.add(nearest(key, keys) or "")

    def missing(self, key: str) -> bool:
        """Return whether a key that must be there is not; a misspelt one was noted already."""
        if key in self.table:
            return False
        if key not in self._mistyped:
            self.wrong("missing-key", "missing key", key)
        return True

    def text(self, key: str) -> str | None:
        """Return a string that may be left out."""
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self._wrong_type(key, "a string", value)
            return None
        if not value.strip():
            self.wrong("empty-value", "nothing said under the key", key, at=self.place(key))
        return value

    def required_text(self, key: str) -> str:
        """Return a string that must be there; empty if it is not."""
        return "" if self.missing(key) else self.text(key) or ""

    def flag(self, key: str) -> bool:
        """Return a boolean, false where it is left out."""
        value = self.table.get(key, False)
        if isinstance(value, bool):
            return value
        self._wrong_type(key, "a boolean", value)
        return False

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, empty where it is left out."""
        return tuple(text for _, text in self._texts(key))

    def names(self, key: str, known: Collection[str], noun: str) -> tuple[str, ...]:
        """Return a list of strings each of which must be known."""
        return tuple(text for place, text in self._texts(key) if self.is_known(text, known, noun, place))

    def is_known(self, name: str, known: Collection[str], noun: str, at: Place) -> bool:
        """Return whether a name is known, and note it if not."""
        if name in known:
            return True
        self.wrong(f"unknown-{noun.replace(' ', '-')}", f"unknown {noun}", name, at=at, known=known)
        return False

    def subtable(self, key: str) -> Mapping[str, object] | None:
        """Return a table that may be left out."""
        value = self.table.get(key)
        if value is None or isinstance(value, dict):
            return value
        self._wrong_type(key, "a table", value)
        return None

    def reader(self, key: str) -> TableReader | None:
        """Return a reader of a table that may be left out."""
        table = self.subtable(key)
        return None if table is None else TableReader(table, self.block.key(key), self.path, self.where, self.problems)

    def readers(self, key: str) -> Iterator[TableReader]:
        """Yield a reader for each table of a list that may be left out."""
        value = self.table.get(key, [])
        if not isinstance(value, list):
            self._wrong_type(key, "a list of tables", value)
            return
        block = self.block.key(key)
        for index, element in enumerate(value):
            if isinstance(element, dict):
                yield TableReader(element, block.item(index), self.path, self.where, self.problems)
            else:
                self._wrong_type(key, "a list of tables", element, item=index)

    def _texts(self, key: str) -> Iterator[tuple[Place, str]]:
        value = self.table.get(key, [])
        if not isinstance(value, list):
            self._wrong_type(key, "a list of strings", value)
            return
        seen: set[str] = set()
        for index, element in enumerate(value):
            place = self.place(key, index)
            if not isinstance(element, str):
                self._wrong_type(key, "a list of strings", element, item=index)
            elif element in seen:
                self.wrong("duplicate-name", f"{key} has twice", element, at=place)
            else:
                seen.add(element)
                yield place, element

    def _wrong_type(self, key: str, wants: str, value: object, item: int | None = None) -> None:
        holds = kind_of(value) if item is None else f"{kind_of(value)} in it"
        self.wrong("wrong-type", f'"{key}" must be {wants}, not {holds}', at=self.place(key, item))
