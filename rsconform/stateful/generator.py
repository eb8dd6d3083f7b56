"""Sequences of operations, drawn at random: what is done, to which names, how it is handed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from random import Random
from typing import Any, Final

from rsconform.cases.content import Content, Source, parse_content
from rsconform.spec.operations import OPERATIONS
from rsconform.stateful.operations import KEEPABLE, LISTINGS, OF_SUBJECT, OF_TWO, READS, WRITES, Operation
from rsconform.stateful.runner import ODD_NAME, Track

# Few names, so that operations meet: siblings, a prefix of another, folders in folders.
_PATHS: Final = ("a", "ab", "d/a", "d/b", "d/e/a", "d/e", "d", "e/a", ODD_NAME)
_FOLDERS: Final = ("", "d", "d/e", "e", "a", "no", "d b")
_PATTERNS: Final = ("*", "**/a", "**/*", "d/*", "?", "[!b]*", "no/*", "d/**/a")
# Of so many names a sequence makes use: where there are two or three, the same files meet again and again.
_NARROW: Final = (len(_PATHS), 5, 3, 2)
# Stands for one of the files that are there when its turn comes.
_THERE: Final = "?"
_HOW_OFTEN_THERE: Final = 0.5
_HOW_OFTEN_PEER: Final = 0.3
_CONTENTS: Final = tuple(
    parse_content(literal)
    for literal in ("text:", "text:x", "text:second one", "bytes:200", "bytes#2:200", "zeros:9001", "bytes:64KiB+1")
)
PLAINEST: Final = _CONTENTS[1]
_SOURCES: Final[Sequence[Mapping[str, Any]]] = (
    {}, {"chunk": 7}, {"fails_after": 0}, {"fails_after": 5}, {"fails_after": 199}, {"seekable": False},
    {"only_read": True},
)  # fmt: skip
_HOW_OFTEN_SOURCE: Final = 0.3
_SYNC_ONLY: Final = ("seekable", "only_read")
_METADATA: Final[Sequence[Mapping[str, str]]] = ({"owner": "me"}, {"Owner": "you", "n": "1"}, {})
_OF_FOLDERS: Final = ("delete_folder", "list_files", "list_folders", "iter_children", "get_folder_info")
_OMITTED: Final = object()
_OPTIONS: Final[Mapping[str, Mapping[str, Sequence[object]]]] = {
    **{name: {"overwrite": (True, True, False, _OMITTED)} for name in (*WRITES, *OF_TWO)},
    "delete": {"missing_ok": (_OMITTED, True, False)},
    "delete_folder": {"recursive": (True, _OMITTED, False), "missing_ok": (_OMITTED, True, False)},
    "list_files": {"recursive": (_OMITTED, True, False), "max_depth": (_OMITTED, _OMITTED, 0, 1)},
    # No smaller pieces: a range reader pays for each.
    **{name: {"drain": (_OMITTED, 4096)} for name in READS if name != "read_bytes"},
}
# How many readers and listings stay open in a sequence, over how many of its parts, and what they are used for.
_HANDLES: Final = (0, 1, 1, 2, 3)
_HOW_OFTEN_LISTING: Final = 0.3
_HOW_OFTEN_SAME: Final = 0.5
_HOW_OFTEN_CHANGED: Final = 0.15  # Instead of a use: the file that is read.
_CHANGES: Final = (*WRITES, *OF_TWO, "delete")
_REACH: Final = 8.0
_MOST_USES: Final = 6
_USES: Final[Mapping[str, Sequence[str]]] = {
    "read": ("read", "read", "read", "drain", "close"),
    "read_seekable": ("seek", "seek", "read", "read", "read", "drain", "close"),
    **dict.fromkeys(LISTINGS, ("next", "next", "drain")),
}
_SIZES: Final = (1, 7, 100, 5000)
_PLACES: Final = ((0,), (1,), (150,), (5000,), (3, "CUR"), (-1, "CUR"), (-7, "CUR"), (0, "END"), (-5, "END"))
# What changes the store comes more often: asking follows by itself.
_WEIGHTS: Final[Mapping[str, int]] = {"write": 6, "move": 5, "copy": 5, "delete": 4, "delete_folder": 2}
_OF_CHANGES: Final = 3


@dataclass(frozen=True, slots=True)
class Fill:
    """Stands for writing many files into a folder, so that its listing may have pages."""

    folder: str
    count: int

    def operations(self) -> Iterator[Operation]:
        """Yield the writes."""
        for number in range(1, self.count + 1):
            yield Operation("write", f"{self.folder}/f{number:04}", content=PLAINEST, options={"overwrite": True})


@dataclass(frozen=True, slots=True)
class Draft:
    """A sequence before its turn: a file that is to be there has no name yet."""

    parts: tuple[Operation | Fill, ...]

    def settled(self, track: Track) -> Iterator[tuple[Operation, bool]]:
        """Yield the operations as their turns come, and whether to ask about each."""
        for part in self.parts:
            if isinstance(part, Fill):
                *most, last = part.operations()
                yield from ((operation, False) for operation in most)
                yield last, True
                continue
            if part.on:
                yield part, False
                continue
            there = track.there
            dst = None if part.dst is None else _named(part.dst, there)
            operation = replace(part, path=_named(part.path, there), dst=dst)
            if operation.dst is None or operation.dst != operation.path:
                yield operation, True


def _named(path: str, there: Sequence[str]) -> str:
    number = path.removeprefix(_THERE)
    if number == path or not number.isdigit():
        return path
    return there[int(number) % len(there)] if there else _PATHS[int(number) % len(_PATHS)]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What sequences are drawn from.

    Args:
        names: The operations that the backend has.
        metadata: Whether user metadata may be passed.
        fills: How many files a folder may be filled with at once.
        flat: Whether keys are only keys: where folders are real a listing of many that stays open is left to KIT-036.
        sees: Whether what a file holds can be seen at all: else nothing is known after a plain write lost its source.
        largest_file: How many bytes a file has at most; None: as many as it may.
    """

    names: Sequence[str]
    peers: bool
    surface: str
    metadata: bool
    fills: Sequence[int]
    flat: bool
    sees: bool
    largest_file: int | None = None

    def draft(self, random: Random, length: int) -> Draft:
        """Return a sequence of at most so many operations."""
        paths = self._few_names(random)
        kinds = [name for name in self.names if name != "drop_container"]
        weights = [_WEIGHTS.get(name, _OF_CHANGES if OPERATIONS[name].mutates else 1) for name in kinds]
        count = random.randint(length // 2, length)
        chosen = random.choices(kinds, weights, k=count)
        parts: list[Operation | Fill] = [self._operation(name, paths, random) for name in chosen]
        if "write" in self.names and random.random() < 0.3:
            fill = Fill(random.choice(("d", "e")), random.choice(self.fills))
            parts.insert(random.randrange(len(parts)), fill)
        placed: list[tuple[float, Operation | Fill]] = [(float(place), part) for place, part in enumerate(parts)]
        placed += self._on_handles(parts, random)
        return Draft(tuple(part for _, part in sorted(placed, key=itemgetter(0))))

    def _on_handles(self, parts: Sequence[Operation | Fill], random: Random) -> Iterator[tuple[float, Operation]]:
        """Yield what opens a handle that stays open and what is done with it, each with its place among the parts.

        It is opened when something was written, often where another one was, and used while the next few parts last.
        """
        readers, listings = (
            [name for name in KEEPABLE if name in self.names and (name in LISTINGS) is lists] for lists in (False, True)
        )
        written = [place for place, part in enumerate(parts) if isinstance(part, Fill) or part.op in WRITES]
        place = -1
        for number in range(1, random.choice(_HANDLES) + 1) if written else ():
            names = listings if random.random() < _HOW_OFTEN_LISTING else readers
            place = place if place >= 0 and random.random() < _HOW_OFTEN_SAME else random.choice(written)
            if not names:
                continue
            opener = self._opener(random.choice(names), parts[place], random)
            yield place + 0.5, replace(opener, keeps=number)
            for _ in range(random.randint(2, _MOST_USES)):
                changed = opener.op not in LISTINGS and random.random() < _HOW_OFTEN_CHANGED
                use = self._change(opener.path, random) if changed else _use(opener.op, number, random)
                yield place + random.uniform(0.5, _REACH), use

    def _change(self, path: str, random: Random) -> Operation:
        return self._operation(random.choice([name for name in _CHANGES if name in self.names]), (path,), random)

    def _opener(self, name: str, written: Operation | Fill, random: Random) -> Operation:
        opener = self._operation(name, _PATHS, random)
        path = f"{written.folder}/f0001" if isinstance(written, Fill) else written.path
        left_out = ("drain",) if self.flat else ("drain", "recursive", "max_depth")
        options = {key: value for key, value in opener.options.items() if key not in left_out}
        if name in LISTINGS:
            folder = random.choice(_FOLDERS) if path.startswith(_THERE) else path.rpartition("/")[0]
            path = "/".join(part for part in (folder, "*") if part) if name == "glob" else folder
        return replace(opener, path=path, options=options)

    def without_container(self, random: Random, length: int) -> Draft:
        """Return a sequence in which the container goes."""
        parts = list(self.draft(random, length).parts)
        parts.insert(len(parts) // 2, Operation("drop_container"))
        return Draft(tuple(parts))

    def _few_names(self, random: Random) -> list[str]:
        return random.sample(_PATHS, random.choice(_NARROW))

    def _operation(self, name: str, paths: Sequence[str], random: Random) -> Operation:
        if name in (*OF_SUBJECT, "check_health"):
            return Operation(name)

        def file() -> str:
            if random.random() < _HOW_OFTEN_THERE:
                return f"{_THERE}{random.randrange(len(_PATHS))}"
            return random.choice(paths)

        options = dict(_OPTIONS.get(name, {}))
        if self.metadata and "metadata" in OPERATIONS[name].optional:
            options["metadata"] = (_OMITTED, *_METADATA)
        drawn = {key: random.choice(values) for key, values in options.items()}
        return Operation(
            name,
            path=random.choice(_FOLDERS if name in _OF_FOLDERS else _PATTERNS) if _is_pattern(name) else file(),
            dst=file() if name in OF_TWO else None,
            content=self._content(name, random) if name in WRITES else None,
            options={key: value for key, value in drawn.items() if value is not _OMITTED},
            peer=self.peers and random.random() < _HOW_OFTEN_PEER,
        )

    def _content(self, name: str, random: Random) -> Content | Source:
        most = self.largest_file
        content = random.choice([content for content in _CONTENTS if most is None or content.size <= most])
        if random.random() >= _HOW_OFTEN_SOURCE:
            return content
        usable = [
            options
            for options in _SOURCES
            if (self.surface == "sync" or not options.keys() & set(_SYNC_ONLY))
            and options.get("fails_after", -1) < len(content.data)
            and (self.sees or name != "write" or "fails_after" not in options)
        ]
        return Source(content, **random.choice(usable))


def _use(opener: str, number: int, random: Random) -> Operation:
    name = random.choice(_USES[opener])
    args: tuple[Any, ...] = ()
    if name in ("read", "seek"):
        args = (random.choice(_SIZES),) if name == "read" else random.choice(_PLACES)
    return Operation(name, on=number, args=args)


def _is_pattern(name: str) -> bool:
    return name == "glob" or name in _OF_FOLDERS


def plainer(operation: Operation) -> Iterator[Operation]:
    """Yield the same operation with less to it."""
    if operation.keeps:
        yield replace(operation, keeps=0)
    if operation.peer:
        yield replace(operation, peer=False)
    if isinstance(operation.content, Source) and operation.fails_after is None:
        yield replace(operation, content=operation.content.content)
    if operation.content is not None and operation.fails_after is None and len(operation.data) != 1:
        yield replace(operation, content=PLAINEST)
    if operation.op in WRITES[1:] and operation.fails_after is None:
        yield replace(operation, op="write")
    for name in operation.options:
        yield replace(operation, options={key: value for key, value in operation.options.items() if key != name})
