"""Looks for a sequence of operations after which a backend answers otherwise than a dictionary would.

Hypothesis makes the sequences; the one that fails is shortened. Each has a folder of its own in the one store, so that
an instance lives through all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from remote_store import Backend, Capability

from rsconform.spec.vocabulary import OPERATIONS
from rsconform.stateful.doing import Seen, do
from rsconform.stateful.model import Expected, Model, Operation

# Few names, so that operations meet: siblings, a prefix of another, folders in folders.
_PATHS: Final = ("a", "ab", "d/a", "d/b", "d/e/a", "d/e", "d", "e/a")
# Stands for one of the files that are there when its turn comes.
_THERE: Final = "?"
_FOLDERS: Final = ("d", "d/e", "e", "a", "no")
_CONTENTS: Final = (b"", b"x", b"second one", b"\0" * 9001, b"\0" * 200)
_FLAGS: Final = {
    "write": ("overwrite",), "write_atomic": ("overwrite",), "open_atomic": ("overwrite",), "move": ("overwrite",),
    "copy": ("overwrite",), "delete": ("missing_ok",), "delete_folder": ("recursive", "missing_ok"),
    "list_files": ("recursive",),
}  # fmt: skip
_WRITES: Final = ("write", "write_atomic", "open_atomic")
_OF_FOLDERS: Final = ("delete_folder", "list_files", "list_folders", "iter_children", "get_folder_info")
_OF_TWO: Final = ("move", "copy")
_ASKED: Final = (
    "exists", "is_file", "is_folder", "read", "read_seekable", "read_bytes", "get_file_info", "delete",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """The shortest sequence found whose last operation did what it may not."""

    operations: tuple[Operation, ...]
    expected: Expected
    seen: Seen


def usable_operations(backend: Backend, surface: str) -> tuple[str, ...]:
    """Return the operations that a backend has and declares."""
    names = (*_WRITES, *_OF_FOLDERS, *_OF_TWO, *_ASKED)
    return tuple(
        name
        for name in names
        if (needed := OPERATIONS[name].capability) is None or backend.capabilities.supports(Capability[needed])
        if OPERATIONS[name].surface in (None, surface)
    )


def find_broken(
    backends: Callable[[bool], Backend],
    model: Callable[[], Model],
    operations: Sequence[str],
    *,
    peers: bool,
    seed_number: int,
    sequences: int,
    length: int,
    budget_s: float,
    touched: Callable[[str], None],
) -> Broken | None:
    """Return the shortest sequence found that goes wrong, or None.

    Args:
        backends: Returns the instance, or with True a peer of it.
        sequences: How many are tried at most.
        length: Of how many operations each may be.
        budget_s: When this many seconds have passed no further one is begun, to find or to shorten.
        touched: Is told each path that may be written.
    """
    found: list[tuple[list[Operation], Broken]] = []
    ends = monotonic() + budget_s
    folders = (f"s{number}" for number in itertools.count(1))

    def run(sequence: Sequence[Operation]) -> Broken | None:
        return _run(backends, model(), sequence, next(folders), operations, touched)

    @seed(seed_number)
    @settings(
        max_examples=sequences,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(st.lists(_one_of(operations, peers=peers), min_size=length // 2, max_size=length))
    def try_one(sequence: list[Operation]) -> None:
        if found or monotonic() > ends:
            return
        broken = run(sequence)
        if broken is not None:
            found.append((sequence, broken))

    try_one()
    return _shortened(*found[0], run, ends) if found else None


def _shortened(
    sequence: Sequence[Operation], broken: Broken, run: Callable[[Sequence[Operation]], Broken | None], ends: float
) -> Broken:
    """Return what a sequence shows with everything left out that it shows without.

    Hypothesis would not go below the length that sequences need to find anything.
    """
    kept, at = list(sequence), 0
    while at < len(kept) and monotonic() < ends:
        fewer = kept[:at] + kept[at + 1 :]
        still = run(fewer)
        if still is None:
            at += 1
        else:
            kept, broken, at = fewer, still, 0
    return broken


def _run(
    backends: Callable[[bool], Backend],
    model: Model,
    sequence: Sequence[Operation],
    folder: str,
    names: Sequence[str],
    touched: Callable[[str], None],
) -> Broken | None:
    done: list[Operation] = []

    def goes_wrong(operation: Operation) -> Broken | None:
        expected = model.expect(operation)
        seen = do(backends(operation.peer), operation)
        if not seen.fits(expected):
            return Broken((*done, operation), expected, seen)
        if seen.error is None:
            model.apply(operation)
        return None

    for plain in sequence:
        operation = _below(folder, _settled(plain, model, folder))
        if operation.dst == operation.path:
            continue
        mutates = OPERATIONS[operation.op].mutates
        if mutates:
            touched(operation.path)
            touched(operation.dst or operation.path)
        broken = goes_wrong(operation)
        done.append(operation)
        # Looking at once warms whatever is remembered too long.
        for look in _looks(operation, names) if mutates and broken is None else ():
            broken = broken or goes_wrong(look)
        if broken is not None:
            return broken
    for path in _PATHS if len(done) > 1 else ():
        for name in ("exists", "read_bytes"):
            broken = goes_wrong(_below(folder, Operation(name, path))) if name in names else None
            if broken is not None:
                return broken
    return None


def _settled(plain: Operation, model: Model, folder: str) -> Operation:
    """Return an operation with paths for what it asked for: one of the files that are there."""
    there = sorted(path.removeprefix(f"{folder}/") for path in model.files)

    def settled(path: str) -> str:
        number = path.removeprefix(_THERE)
        if number == path:
            return path
        return there[int(number) % len(there)] if there else _PATHS[int(number)]

    return replace(plain, path=settled(plain.path), dst=None if plain.dst is None else settled(plain.dst))


def _below(folder: str, plain: Operation) -> Operation:
    return replace(plain, path=f"{folder}/{plain.path}", dst=None if plain.dst is None else f"{folder}/{plain.dst}")


def _looks(operation: Operation, names: Sequence[str]) -> Iterator[Operation]:
    """Yield what is asked after an operation, of its paths and of the folders they lie in."""
    paths = [operation.path] if operation.dst is None else [operation.path, operation.dst]
    for path in paths:
        yield from (Operation(name, path) for name in ("exists", "read_bytes", "get_file_info") if name in names)
        if "list_files" in names:
            yield Operation("list_files", path.rpartition("/")[0])


def _one_of(names: Sequence[str], *, peers: bool) -> st.SearchStrategy[Operation]:
    # What changes the store comes more often: asking follows by itself.
    weighted = [name for name in names for _ in range(4 if OPERATIONS[name].mutates else 1)]
    return st.one_of([_operation(name, peers=peers) for name in weighted])


def _operation(name: str, *, peers: bool) -> st.SearchStrategy[Operation]:
    files = (*_PATHS, *(f"{_THERE}{number}" for number in range(len(_PATHS))))
    return st.builds(
        Operation,
        op=st.just(name),
        path=st.sampled_from(_FOLDERS if name in _OF_FOLDERS else files),
        dst=st.sampled_from(files) if name in _OF_TWO else st.none(),
        content=st.sampled_from(_CONTENTS) if name in _WRITES else st.none(),
        options=st.sampled_from(_settings(_FLAGS.get(name, ()))),
        peer=st.booleans() if peers else st.just(False),
    )


def _settings(flags: Sequence[str]) -> list[dict[str, bool]]:
    """Return every way of passing some flags, none of them included."""
    ways = itertools.product((True, None, False, True), repeat=len(flags))
    return [{flag: value for flag, value in zip(flags, way, strict=True) if value is not None} for way in ways]
