"""What an operation of a sequence may do: return, and what, or raise."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

_STRIDE: Final = 4096


class _Anything:
    """Stands for a value that is not judged."""

    def __repr__(self) -> str:
        return "anything"


ANYTHING: Final = _Anything()

# How an entry of a listing is said.
FILE: Final = "{} ({} bytes)"
FOLDER: Final = "{}/"


def foreign_byte(seen: bytes, *versions: bytes) -> int | None:
    """Return the first place at which no version has the byte that was seen there."""
    for start in range(0, len(seen), _STRIDE):
        part = seen[start : start + _STRIDE]
        if any(version[start : start + len(part)] == part for version in versions):
            continue
        for at, byte in enumerate(part, start):
            if all(version[at : at + 1] != bytes([byte]) for version in versions):
                return at
    return None


def _shown(data: bytes) -> str:
    return repr(data) if len(data) <= 40 else f"{len(data)} bytes {data[:12]!r}..."


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes of a file from a place on.

    Args:
        versions: Contents any of which the file may be read as.
        size: How many bytes at most, and one at least before the end; None: all.
        mixed: Whether each byte may be of another version, and the end may come early.
    """

    versions: tuple[bytes, ...]
    at: int
    size: int | None = None
    mixed: bool = False

    def admits(self, seen: object) -> bool:
        """Return whether this is such a piece."""
        if not isinstance(seen, bytes):
            return False
        if self.mixed:
            short = self.size is None or len(seen) <= self.size
            return short and foreign_byte(seen, *(version[self.at :] for version in self.versions)) is None
        return any(seen == self.of(version, len(seen)) for version in self.versions)

    def of(self, version: bytes, length: int) -> bytes:
        """Return what a version has there: as many bytes, if so many were allowed."""
        stop = None if self.size is None else self.at + max(1, min(self.size, length))
        return version[self.at : stop]

    def __str__(self) -> str:
        how = "all" if self.size is None else f"at most {self.size}"
        shown = " or ".join(_shown(self.of(version, len(version))) for version in self.versions)
        return f"from byte {self.at} on {how} of {'any bytes of ' if self.mixed else ''}{shown or 'no version'}"


@dataclass(frozen=True, slots=True)
class Rest:
    """Entries that a listing has still to give.

    Args:
        steady: Each of them once.
        others: Any of them.
        one: Whether only the next entry is read.
    """

    steady: frozenset[str]
    others: frozenset[str] = frozenset()
    one: bool = False

    @property
    def all(self) -> frozenset[str]:
        """Return every entry that may come."""
        return self.steady | self.others

    def admits(self, seen: object) -> bool:
        """Return whether these are such entries."""
        if not isinstance(seen, tuple):
            return False
        counts = Counter(seen)
        known = counts.keys() <= self.all and all(counts[entry] < 2 for entry in self.steady)
        return known and (len(seen) == 1 if self.one else self.steady <= counts.keys())

    def __str__(self) -> str:
        entries = ", ".join(sorted(self.steady)[:12]) or "nothing"
        more = f", and of these what it likes: {', '.join(sorted(self.others)[:12])}" if self.others else ""
        return f"{'one of' if self.one else 'exactly'} {entries}{more}"


@dataclass(frozen=True, slots=True)
class Expected:
    """What an operation may do.

    Args:
        value: The value it returns, if it may return; ANYTHING is not checked, a ByteRange or Rest says what it admits.
        returns: Whether it may return.
        errors: Names of the errors it may raise instead.
    """

    value: object = None
    returns: bool = True
    errors: frozenset[str] = frozenset()

    def __str__(self) -> str:
        parts = [*sorted(self.errors)]
        if self.returns:
            parts.insert(0, "to return" if self.value is ANYTHING else self._said)
        return " or ".join(parts)

    @property
    def _said(self) -> str:
        return str(self.value) if isinstance(self.value, ByteRange | Rest) else repr(self.value)

    def admits(self, value: object) -> bool:
        """Return whether a value is one that it may return."""
        if isinstance(self.value, ByteRange | Rest):
            return self.value.admits(value)
        return self.value is ANYTHING or (_alike(value, self.value) and value == self.value)


def raises(*errors: str) -> Expected:
    """Return that one of some errors is raised."""
    return Expected(returns=False, errors=frozenset(errors))


def _alike(value: object, wanted: object) -> bool:
    """Return whether a value is of the type that is wanted; of str and bytes a class made from it is, too."""
    kinds = [kind for kind in (str, bytes) if isinstance(wanted, kind)]
    return isinstance(value, kinds[0]) if kinds else type(value) is type(wanted)
