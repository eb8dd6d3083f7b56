"""Who gets a file that several want, and what others are told of one that goes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from remote_store import Capability, NotFound, RemoteStoreError

from rsconform.probes import ProbeContext, probe
from rsconform.probes.races import demand_no_error, race
from rsconform.run.model import Profile

_ROUNDS_S: Final = {Profile.QUICK: 0.1, Profile.STANDARD: 0.4, Profile.DEEP: 5.0}
_MOVERS: Final = 4
_DATA: Final = b"x" * 3000
_WATCHED_S: Final = 5.0
# One may be a server's that had enough of it.
_SURE: Final = 2


@probe("claims.moved")
def moved(context: ProbeContext, folder: str) -> None:
    """Of several threads that move one file away one gets it; the others are told that there is none."""
    stop, number = monotonic() + _ROUNDS_S[context.profile], 0
    while number < 2 or monotonic() < stop:
        _move_once(context, f"{folder}/{number}")
        number += 1


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
    demand_no_error(context, results)
    there = [target for target in targets if context.call("exists()", backend.exists, target)]
    winners = [target for target, won in zip(targets, results, strict=True) if won]
    if len(winners) != 1 or there != winners:
        context.fail(
            f"one of {_MOVERS} threads to move the file, and NotFound for the others",
            f"{len(winners)} moves returned, and {len(there)} files are there",
        )
    if context.call("read_bytes()", backend.read_bytes, winners[0]) != _DATA:
        context.fail("the whole file where it was moved to", f"other bytes at {winners[0]}")


@probe("claims.gone")
def gone(context: ProbeContext, folder: str) -> None:
    """Whoever asks for a file that goes meanwhile gets it or NotFound, and not what an outage looks like.

    A busy store may have outages: what is not told either where the file is only overwritten is due to its going.
    """
    overwritten = _refusals(context, f"{folder}/stays", deletes=False)
    told = _refusals(context, f"{folder}/goes", deletes=True)
    if len(told) >= _SURE and not overwritten:
        context.fail(
            "the file or NotFound, beside a thread that deletes it", f"{len(told)} others, the first {told[0]}"
        )


def _refusals(context: ProbeContext, path: str, *, deletes: bool) -> list[str]:
    """Return the errors but NotFound that several threads get who ask for a file that another one changes."""
    backend: Any = context.backend
    copies = backend.capabilities.supports(Capability.COPY)
    described = backend.capabilities.supports(Capability.METADATA)
    context.touched.update((path, f"{path}-kept", f"{path}-copy"))
    context.call("write()", backend.write, f"{path}-kept", b"kept")
    context.call("write()", backend.write, path, _DATA)
    stop = monotonic() + _ROUNDS_S[context.profile]
    told: list[str] = []

    def change() -> None:
        while monotonic() < stop:
            if deletes:
                backend.delete(path, missing_ok=True)
            backend.write(path, _DATA, overwrite=True)

    def ask(operation: Callable[[], object]) -> Callable[[], None]:
        def asked() -> None:
            while monotonic() < stop:
                try:
                    operation()
                except NotFound:
                    continue
                except RemoteStoreError as exc:
                    told.append(f"{type(exc).__name__}: {exc}")

        return asked

    asks = [ask(lambda: backend.read_bytes(path))]
    asks += [ask(lambda: backend.get_file_info(path))] if described else []
    asks += [ask(lambda: backend.copy(path, f"{path}-copy", overwrite=True))] if copies else []
    demand_no_error(context, race(context, [change, *asks]))
    return told


@probe("claims.nowhere")
def nowhere(context: ProbeContext, folder: str) -> None:
    """A file that is gone from where it is moved away is by then where it is moved to."""
    backend: Any = context.backend
    stop, number = monotonic() + _ROUNDS_S[context.profile], 0
    while number < 2 or monotonic() < stop:
        source, target = f"{folder}/{number}", f"{folder}/{number}-moved"
        context.touched.update((source, target))
        context.call("write()", backend.write, source, _DATA)
        wrong = race(context, [_mover(backend, source, target), *[_observer(backend, source, target)] * 2])
        demand_no_error(context, wrong)
        if True in wrong:
            context.fail("the file at its new path once it is gone from its old one", "at neither of them")
        number += 1


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
