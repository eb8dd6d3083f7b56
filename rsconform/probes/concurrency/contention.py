"""Several threads that want one file, and threads that look at a file while it goes away."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from remote_store import AlreadyExists, Capability, NotFound, RemoteStoreError, ResourceLocked

from rsconform.probes import ProbeContext, probe
from rsconform.probes.concurrency._races import (
    content_at,
    meeting,
    payload,
    race,
    require_no_error,
    require_none,
    rounds,
)

_CREATORS: Final = 8
_MOVERS: Final = 4
_DATA: Final = b"x" * 3000
_WATCHED_S: Final = 5.0
# One may be a server's that had enough of it.
_SURE: Final = 2


@probe("concurrency.one_creator", stresses="race")
def one_creator(context: ProbeContext, folder: str, op: str, content: str) -> None:
    """Of several threads that create one file one succeeds; the others get AlreadyExists."""
    for number in rounds(context):
        path = f"{folder}/new{number}"
        context.touched.add(path)
        _create_once(context, path, op, content)


def _create_once(context: ProbeContext, path: str, op: str, content: str) -> None:
    backend: Any = context.backend
    sources = [f"{path}-from{thread}" for thread in range(_CREATORS)]
    if op in ("copy", "move"):
        for thread, source in enumerate(sources):
            context.touched.add(source)
            context.call("write()", backend.write, source, payload(thread))

    def create(thread: int) -> Callable[[], object]:
        def once() -> bool:
            data = payload(thread)
            try:
                if op in ("copy", "move"):
                    getattr(backend, op)(sources[thread], path)
                elif op == "open_atomic":
                    with backend.open_atomic(path) as file:
                        file.write(data)
                else:
                    getattr(backend, op)(path, io.BytesIO(data) if content == "stream" else data)
            except (AlreadyExists, ResourceLocked):  # A store may lock a file that is being written.
                return False
            return True

        return once

    results = race(context, [create(thread) for thread in range(_CREATORS)])
    require_no_error(context, results)
    winners = [thread for thread, won in enumerate(results) if won is True]
    if len(winners) != 1:
        context.fail(f"one creator of {_CREATORS}, and AlreadyExists for the others", f"{len(winners)} creators")
    if context.backend.capabilities.supports(Capability.READ):
        seen = context.call("read_bytes()", backend.read_bytes, path)
        if seen != payload(winners[0]):
            context.fail("the content of the thread that created the file", f"{len(seen)} bytes of another")


@probe("concurrency.one_mover", stresses="race")
def one_mover(context: ProbeContext, folder: str) -> None:
    """Of several threads that move one file away one succeeds; the others get NotFound."""
    for number in rounds(context):
        _move_once(context, f"{folder}/{number}")


def _move_once(context: ProbeContext, folder: str) -> None:
    backend: Any = context.backend
    source, targets = f"{folder}/job", [f"{folder}/of{thread}" for thread in range(_MOVERS)]
    context.touched.update((source, *targets))
    context.call("write()", backend.write, source, _DATA)

    def claim(target: str) -> Callable[[], bool]:
        def claimed() -> bool:
            try:
                backend.move(source, target)
            except NotFound:
                return False
            return True

        return claimed

    results = race(context, [claim(target) for target in targets])
    require_no_error(context, results)
    there = [target for target in targets if context.call("exists()", backend.exists, target)]
    winners = [target for target, won in zip(targets, results, strict=True) if won]
    if not winners and None in results and not there:
        return  # Each was refused for another's sake.
    if len(winners) != 1 or there != winners:
        context.fail(
            f"one of {_MOVERS} threads to move the file, and NotFound for the others",
            f"{len(winners)} moves returned, and {len(there)} files are there",
        )
    if context.call("read_bytes()", backend.read_bytes, winners[0]) != _DATA:
        context.fail("the whole file where it was moved to", f"other bytes at {winners[0]}")


@probe("concurrency.read_during_delete", stresses="race")
def read_during_delete(context: ProbeContext, folder: str) -> None:
    """A lookup of a file that is being deleted gives the file or NotFound, not an outage.

    A busy store may have outages: an error that does not come while the file is only overwritten is due to the delete.
    """
    overwritten = _refusals(context, f"{folder}/stays", deletes=False)
    wrong = _refusals(context, f"{folder}/goes", deletes=True)
    if len(wrong) >= _SURE and not overwritten:
        context.fail(
            "the file or NotFound, beside a thread that deletes it", f"{len(wrong)} others, the first {wrong[0]}"
        )


def _refusals(context: ProbeContext, path: str, *, deletes: bool) -> list[str]:
    """Return the errors but NotFound that several threads get who ask for a file that another one changes."""
    backend: Any = context.backend
    copies = backend.capabilities.supports(Capability.COPY)
    described = backend.capabilities.supports(Capability.METADATA)
    context.touched.update((path, f"{path}-kept", f"{path}-copy"))
    context.call("write()", backend.write, f"{path}-kept", b"kept")
    context.call("write()", backend.write, path, _DATA)
    wrong: list[str] = []

    def change() -> None:
        for _ in rounds(context):
            with suppress(ResourceLocked):
                if deletes:
                    backend.delete(path, missing_ok=True)
                backend.write(path, _DATA, overwrite=True)

    def ask(operation: Callable[[], object]) -> Callable[[], None]:
        def asked() -> None:
            for _ in rounds(context):
                try:
                    operation()
                except (NotFound, ResourceLocked):
                    continue
                except RemoteStoreError as exc:
                    wrong.append(f"{type(exc).__name__}: {exc}")

        return asked

    asks = [ask(lambda: backend.read_bytes(path))]
    asks += [ask(lambda: backend.get_file_info(path))] if described else []
    asks += [ask(lambda: backend.copy(path, f"{path}-copy", overwrite=True))] if copies else []
    require_no_error(context, race(context, [change, *asks]))
    return wrong


@probe("concurrency.move_visibility", stresses="race")
def move_visibility(context: ProbeContext, folder: str) -> None:
    """A file that is gone from where it is moved away is by then where it is moved to."""
    backend: Any = context.backend
    for number in rounds(context):
        source, target = f"{folder}/{number}", f"{folder}/{number}-moved"
        context.touched.update((source, target))
        context.call("write()", backend.write, source, _DATA)
        wrong = race(context, [_mover(backend, source, target), *[_observer(backend, source, target)] * 2])
        require_no_error(context, wrong)
        if True in wrong:
            context.fail("the file at its new path once it is gone from its old one", "at neither of them")


def _mover(backend: Any, source: str, target: str) -> Callable[[], None]:
    return lambda: backend.move(source, target)


def _observer(backend: Any, source: str, target: str) -> Callable[[], bool]:
    """Return what says whether the file was seen at neither path, its new one asked last."""

    def watch() -> bool:
        ends = monotonic() + _WATCHED_S
        while backend.exists(source):
            if monotonic() > ends:  # What became of the move says who moves.
                return False
        return not backend.exists(target)

    return watch


@probe("concurrency.atomic_move_visibility", stresses="race")
def atomic_move_visibility(context: ProbeContext, folder: str) -> None:
    """Beside a move that is declared atomic one of the two paths holds the whole file, and never both.

    A file is moved once and never back: what was no longer at the source has to be at the target from then on, and what
    was at the target already is at the source no more. So two questions in the right order settle it, however long
    a turn of another thread in between takes.
    """
    for number in rounds(context, 4):
        _move_watched(context, f"{folder}/here{number}", f"{folder}/there{number}")


def _move_watched(context: ProbeContext, here: str, there: str) -> None:
    backend: Any = context.backend
    data = payload(7, 40_000)
    context.touched.update((here, there))
    context.call("write()", backend.write, here, data)
    moved = threading.Event()
    watched = threading.Barrier(3)  # The move begins when both observers have looked once.

    def move() -> None:
        with meeting(watched):
            pass
        try:
            backend.move(here, there)
        finally:
            moved.set()

    def watch(look: Callable[[], str | None]) -> Callable[[], str | None]:
        def looking() -> str | None:
            with meeting(watched):
                seen = look()
            while seen is None and not moved.is_set():
                seen = look()
            return seen or look()

        return looking

    def once_gone() -> str | None:
        seen = content_at(backend, here)
        if seen is None:
            seen = content_at(backend, there)
        if seen is None:
            return "the file at neither path"
        return None if seen == data else f"{len(seen)} bytes of {len(data)}"

    def once_there() -> str | None:
        if content_at(backend, there) is not None and content_at(backend, here) is not None:
            return "the file at both paths"
        return None

    results = race(context, [move, watch(once_gone), watch(once_there)])
    require_none(context, "the whole file at one of the two paths", results)
