"""Readers and listings that stay open while other operations go on, and what they may still give.

A reader whose file is as it was gives its bytes from its own position on, and a listing whose folder is as it was the
rest of its entries. Where that was changed meanwhile the contract promises less: an error of remote_store's; after an
atomic write the old content or the new, whole (AW-001, SAW-003); after any other change at each place a byte that the
file has held there, or an early end (KIT-032 and KIT-033 ask for more, but as SHOULD); of a listing what was there all
the time, and nothing that never was (KIT-063).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rsconform.stateful.expected import ByteRange, Expected, Rest
from rsconform.stateful.operations import LISTINGS, Operation


@dataclass(slots=True)
class Reader:
    """A reader that stays open.

    Attributes:
        paths: Of the file, and of what it was moved to: a store may know a file by more than its path.
        versions: What the file held when it was opened, and what it has held since.
        given: Which bytes were read, by place.
    """

    paths: set[str]
    peer: bool
    seekable: bool
    versions: list[bytes]
    at: int = 0
    given: list[tuple[int, bytes]] = field(default_factory=list)
    disturbed: bool = False
    mixed: bool = False

    def changed(self, content: bytes | None, *, whole: bool) -> None:
        """Note that the file was written again or is gone.

        Args:
            whole: By an atomic write: a part of it is never visible.
        """
        self.disturbed = True
        self.mixed |= content is None or not whole
        self.versions += [content] if content is not None else []

    def takes(self, operation: Operation) -> bool:
        """Return whether an operation on it has one right answer that is known."""
        if operation.op != "seek":
            return operation.op in ("read", "drain", "close")
        inside = 0 <= self.target(operation) <= len(self.versions[0])
        return self.seekable and inside and not (self.disturbed and operation.args[1:] == ("END",))

    def target(self, operation: Operation) -> int:
        """Return where a seek leads."""
        offset, *whence = operation.args
        return int(offset) + {"CUR": self.at, "END": len(self.versions[0])}.get(str(*whence), 0)

    def piece(self, size: int | None) -> ByteRange:
        """Return what reading on may give."""
        if self.mixed or not self.disturbed:
            return ByteRange(tuple(self.versions), self.at, size, self.mixed)
        agreeing = (one for one in self.versions if all(one[at : at + len(seen)] == seen for at, seen in self.given))
        return ByteRange(tuple(agreeing), self.at, size)

    def took(self, seen: bytes) -> None:
        """Note what was read."""
        self.given.append((self.at, seen))
        self.at += len(seen)


@dataclass(slots=True)
class Listing:
    """A listing that stays open.

    Attributes:
        opened: What opened it.
        steady: Entries that were there all the time and were not given yet.
        given: Entries that were there all the time and were given.
        ever: Entries that were there at some time.
        lost: Whether the content is unknown.
    """

    opened: Operation
    steady: frozenset[str]
    given: frozenset[str] = frozenset()
    ever: frozenset[str] = frozenset()
    disturbed: bool = False
    lost: bool = False

    def __post_init__(self) -> None:
        self.ever = self.steady

    @property
    def peer(self) -> bool:
        """Return whether another instance lists."""
        return self.opened.peer

    def changed(self, path: str) -> None:
        """Note that a file came, went or was written again, or that a folder was deleted."""
        start = "" if self.opened.op == "glob" else f"{self.opened.path}/"
        self.disturbed |= path.startswith(start) or start.startswith(f"{path}/")
        self.steady, self.given = (
            frozenset(entry for entry in entries if not entry.startswith(f"{path} ("))
            for entries in (self.steady, self.given)
        )

    def meets(self, now: object) -> None:
        """Note which entries there are now: a set of them, if that is known."""
        if not isinstance(now, frozenset):
            self.lost = True
            return
        self.disturbed |= now != self.steady | self.given
        self.steady &= now
        self.given &= now
        self.ever |= now

    def takes(self, operation: Operation) -> bool:
        """Return whether an operation on it has a right answer that is known."""
        return not self.lost and (operation.op == "drain" or (operation.op == "next" and bool(self.steady)))

    def rest(self, *, one: bool) -> Rest:
        """Return what it may still give."""
        return Rest(self.steady, self.ever - self.steady - self.given, one)

    def took(self, seen: tuple[str, ...]) -> None:
        """Note what it gave."""
        self.given |= self.steady & set(seen)
        self.steady -= set(seen)


@dataclass(slots=True)
class Handles:
    """What was opened in a sequence and stays open, by number.

    Args:
        listed: Returns what the operation that opened a listing would give now: a set of entries, if that is known.
    """

    listed: Callable[[Operation], object]
    readers: dict[int, Reader] = field(default_factory=dict)
    listings: dict[int, Listing] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)  # Numbers, those of what is closed too.

    def find(self, number: int) -> Reader | Listing | None:
        """Return what stays open under a number."""
        return self.readers.get(number) or self.listings.get(number)

    def expect(self, operation: Operation) -> Expected:
        """Return what may come of an operation on a handle: an error only where what it reads or lists has changed."""
        handle = self.find(operation.on)
        assert handle is not None  # It takes the operation.
        errors = frozenset({"RemoteStoreError"} if handle.disturbed else ())
        if isinstance(handle, Listing):
            return Expected(handle.rest(one=operation.op == "next"), errors=errors)
        match operation.op:
            case "seek":
                return Expected(handle.target(operation), errors=errors)
            case "close":
                return Expected(errors=errors)
            case _:
                return Expected(handle.piece(operation.args[0] if operation.args else None), errors=errors)

    def keep(self, operation: Operation, content: bytes) -> None:
        """Take over what an operation opened; a reader is over some content."""
        self.taken.add(operation.keeps)
        if operation.op in LISTINGS:
            listed = self.listed(operation)
            self.listings[operation.keeps] = Listing(
                operation, listed if isinstance(listed, frozenset) else frozenset()
            )
        else:
            seekable = operation.op == "read_seekable"
            self.readers[operation.keeps] = Reader({operation.path}, operation.peer, seekable, [content])

    def use(self, operation: Operation, value: object) -> None:
        """Take over what an operation on a handle gave."""
        number = operation.on
        if operation.op == "close":
            self.drop(number)
        elif isinstance(value, tuple):
            self.listings[number].took(value)
        elif isinstance(value, bytes):
            self.readers[number].took(value)
        else:
            self.readers[number].at = self.readers[number].target(operation)

    def drop(self, number: int) -> None:
        """Judge no more what stays open under a number."""
        self.readers.pop(number, None)
        self.listings.pop(number, None)

    def drop_those_of(self, *, peer: bool) -> None:
        """Judge no more what an instance has opened."""
        self.readers = {number: one for number, one in self.readers.items() if one.peer != peer}
        self.listings = {number: one for number, one in self.listings.items() if one.peer != peer}

    def tell(self, path: str, content: bytes | None = None, *, whole: bool = False) -> None:
        """Note that a file was written or is gone; whole: by an atomic write."""
        for reader in self.readers.values():
            if path in reader.paths:
                reader.changed(content, whole=whole)
        for listing in self.listings.values():
            listing.changed(path)
        self.meet()

    def move(self, src: str, dst: str) -> None:
        """Note that a file was moved: what is read of it may follow."""
        for reader in self.readers.values():
            reader.paths |= {dst} if src in reader.paths else set()

    def meet(self) -> None:
        """Let each listing see what there is to list now."""
        for listing in self.listings.values():
            listing.meets(self.listed(listing.opened))
