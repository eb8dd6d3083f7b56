"""What is done again and again, and what a process holds after that: this runs where the backend is."""

from __future__ import annotations

import gc
import io
import itertools
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from remote_store import Capability, RemoteStoreError

from rsconform.lanes.elsewhere import imported
from rsconform.lanes.facade import AsyncFacade, faced

_SMALL: Final = b"0123456789" * 10
_WARM: Final = 6  # Whatever is made once is made by then.
_FEWEST: Final = 20  # However slow.
# How often in one part, at least, before something is said to pile up. Blocks of memory fill caches that hold hundreds.
_SURE: Final = {"objects": 150, "blocks": 600, "handles": 0}
# Of what is kept for each name or thread. A cache with a bound that is not full yet grows as well, and then stops.
_SURE_OF_NAMES: Final = {"objects": 15_000, "blocks": 15_000, "handles": 900}
_SEEN: Final = 0.05  # Growth for each repetition that is worth another look.
# Where the store may be in this very process: what is written may be kept in it until a log is rewritten, say.
_SURE_OF_CHANGES: Final = {"objects": 5_000, "blocks": 5_000, "handles": 0}
_OF_MEMORY_S: Final = 3.0  # A store in memory does so many changes in that time; what takes longer lies elsewhere.
_STEADY: Final = 0.6
_SURE_OF_HANDLES: Final = 16  # How many more in one part: a pool of the usual size is full by then.
_MOST_HANDLES: Final = 64  # So many more end a part: a process may have as few as 1,024 descriptors.
_LOOKS_EVERY: Final = 32
_SETTLES_S: Final = 5.0  # What a backend does later, in a thread of its own, is done by then.
_IDLE_S: Final = 1.0  # And of what it does something goes within this, again and again.
_PART_S: Final = 8.0  # A part that would take longer is not begun, and what it would have told is not said.
_OF_BUDGET: Final = 4  # Where only objects seem to stay, a part may take this many times the budget.


class ActFailedError(Exception):
    """What was to be repeated did not work."""


def repeat(
    backend: Any,
    act: str,
    folder: str,
    times: int,
    budget_s: float,
    make: tuple[str, Mapping[str, Any]] | None = None,
    *,
    store_here: bool = False,
) -> dict[str, Any]:
    """Do something in two halves, and longer and longer if something seems to stay.

    Args:
        make: How to make an instance, for the act of making one.
        store_here: The store may be in this process.

    Returns:
        `grown`: for each kind of handle, for "objects" and "blocks" the least growth for each repetition in any part of
        them; what was not repeated often enough to be sure is left out. `times`: how often it was done. `kinds`: what
        objects there are more of. `raised`: what came out, if anything did.
    """
    do = ACTS[act] if make is None else _making(*make)
    sure = _SURE_OF_NAMES if act in OF_NAMES else _SURE_OF_CHANGES if store_here and act in CHANGES else _SURE
    try:
        with _temp_folder() as temp:
            return _repeated(lambda: do(backend, folder), times, budget_s, _Held(backend, temp), sure)
    except ActFailedError as exc:
        return {"raised": str(exc)}


def _repeated(
    do: Callable[[], None], times: int, budget_s: float, held: _Held, sure: Mapping[str, int]
) -> dict[str, Any]:
    started = monotonic()
    _do(do, _WARM)
    each_s = (monotonic() - started) / _WARM
    if sure is _SURE_OF_CHANGES and each_s * _SURE_OF_CHANGES["blocks"] > _OF_MEMORY_S:
        sure = _SURE
    half = max(_FEWEST, min(times, int(budget_s / max(each_s, 1e-6)))) // 2
    before, kinds_before = first, _ = held.now()
    grown: dict[str, float] = {}
    most: dict[str, float] = {}
    done, part, parts = 0, half, 0
    while parts < 2 or each_s * part * 4 < _patience_s(grown, part, budget_s, sure):
        part = _do(do, part * 4 if parts >= 2 else half, _MOST_HANDLES + sure["handles"])
        after, kinds = held.now()
        each = {name: (after[name] - before[name]) / part for name in before.keys() | after.keys()}
        grown = {name: min(rate, grown.get(name, rate)) for name, rate in each.items()}
        most = {name: max(rate, most.get(name, rate)) for name, rate in each.items()}
        if sure is not _SURE:
            grown = {name: rate if rate > _STEADY * most[name] else 0.0 for name, rate in grown.items()}
        before, done, parts = after, done + part, parts + 1
    more = [f"{count} {kind}" for kind, count in (kinds - kinds_before).most_common(2) if count >= half]
    grown = {name: rate for name, rate in grown.items() if _is_sure(name, rate, part, sure)}
    return {
        "grown": _settled(grown, first, done, held),
        "times": done,
        "kinds": more,
    }


def _settled(grown: dict[str, float], first: Mapping[str, int], done: int, held: _Held) -> dict[str, float]:
    """Return what is left of a growth when nothing more is done: what waits for a thread to see to it is no leak."""
    began = lately = monotonic()
    while any(rate > _SEEN for rate in grown.values()):
        if monotonic() > min(began + _SETTLES_S, lately + _IDLE_S):
            break
        sleep(0.1)
        after, _ = held.now()
        left = {name: min(rate, (after[name] - first[name]) / done) for name, rate in grown.items()}
        grown, lately = left, lately if left == grown else monotonic()
    return grown


def _is_sure(name: str, rate: float, part: int, sure: Mapping[str, int]) -> bool:
    return part >= sure[name] if name in sure else part >= sure["handles"] and rate * part >= _SURE_OF_HANDLES


def _patience_s(grown: Mapping[str, float], part: int, budget_s: float, sure: Mapping[str, int]) -> float:
    """Return how long another part may take: none where nothing grew in every part, or it is sure what did."""
    unsure = {name for name, rate in grown.items() if not _is_sure(name, rate, part, sure)}
    handles = [name for name, rate in grown.items() if name not in sure and rate > _SEEN]
    if any(name not in unsure for name in handles):
        return 0.0  # Before there are none left.
    if handles:
        return _PART_S
    more_s = min(_PART_S, _OF_BUDGET * budget_s)
    if sure is not _SURE:
        more_s = max(_PART_S / 2, min(_PART_S, 2 * more_s))
    return more_s if any(grown[name] > 0.5 for name in unsure) else 0.0


def _do(do: Callable[[], None], times: int, more_handles: int = _MOST_HANDLES) -> int:
    """Do it so often, or until so many more handles are open: return how often."""
    most = _open() + more_handles if times >= _LOOKS_EVERY else 0
    for number in range(1, times + 1):
        try:
            do()
        except Exception as exc:
            raise ActFailedError(f"{type(exc).__name__}: {' '.join(str(exc).split())[:200]}") from exc
        if number % _LOOKS_EVERY == 0 and _open() > most:
            return number
    return times


def _open() -> int:
    """Return how many threads there are and what else is open, without a look at what it is."""
    try:
        return threading.active_count() + len(list(Path("/proc/self/fd").iterdir()))
    except OSError:
        return threading.active_count()


def _making(target: str, options: Mapping[str, Any]) -> Act:
    def made(backend: Any, folder: str) -> None:
        one = faced(lambda: imported(target)(**options), lambda: backend.loop)
        _used(one, folder)
        one.close()

    return made


def _used(backend: Any, folder: str) -> None:
    """Use it for whatever it may make something for: what cannot be done is for other acts."""
    for work in (
        lambda: backend.write(f"{folder}/a", _SMALL, overwrite=True),
        lambda: backend.read_bytes(f"{folder}/a"),
        lambda: list(backend.list_files(folder)),
        lambda: backend.get_file_info(f"{folder}/nothing"),
    ):
        with suppress(RemoteStoreError):
            work()
    backend.exists(f"{folder}/a")


@contextmanager
def _temp_folder() -> Iterator[Path]:
    """A folder where what goes through `tempfile` in this process has its files while this lasts."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="rsconform-") as folder:
        tempfile.tempdir = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before


@dataclass(frozen=True, slots=True)
class _Held:
    """What a process holds that uses a backend."""

    backend: Any
    temp: Path

    def now(self) -> tuple[Counter[str], Counter[str]]:
        """Return how many handles of each kind and how many objects there are, and how many objects of each class."""
        gc.collect()
        held = Counter({"threads": threading.active_count(), "temporary files": len(list(self.temp.rglob("*")))})
        if isinstance(self.backend, AsyncFacade):
            held["tasks"] = self.backend.loop.tasks()
        with suppress(OSError):
            for link in Path("/proc/self/fd").iterdir():
                with suppress(OSError):
                    held["sockets" if str(link.readlink()).startswith("socket:") else "descriptors"] += 1
        tracked = gc.get_objects()
        held["objects"] = len(tracked)
        # What holds no others, such as bytes, is in these alone.
        held["blocks"] = getattr(sys, "getallocatedblocks", int)()
        return held, Counter(type(one).__name__ for one in tracked)


# What is repeated: each leaves the store as it was.

Act = Callable[[Any, str], None]


class _OwnError(Exception):
    """Raised by a source, or in a block, on purpose."""


class _Failing(io.RawIOBase):
    """A source that gives some bytes and then fails."""

    def __init__(self) -> None:
        self._given = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._given:
            raise _OwnError("on purpose")
        self._given = True
        buffer[:3] = b"abc"
        return 3


def _read(backend: Any, folder: str) -> None:
    stream = backend.read(f"{folder}/a")
    while stream.read(64):
        pass
    stream.close()


def _read_half(backend: Any, folder: str) -> None:
    stream = backend.read(f"{folder}/a")
    stream.read(10)
    stream.close()
    backend.read(f"{folder}/a").close()


def _read_seekable(backend: Any, folder: str) -> None:
    with backend.read_seekable(f"{folder}/a") as stream:
        stream.seek(5)
        stream.read(10)
    refused(backend.read_seekable, f"{folder}/nothing")


def _read_bytes(backend: Any, folder: str) -> None:
    backend.read_bytes(f"{folder}/a")


def _missing(backend: Any, folder: str) -> None:
    refused(lambda: backend.read(f"{folder}/nothing").read())
    refused(backend.read_bytes, f"{folder}/nothing")


def refused(operation: Callable[..., Any], *args: object, **options: object) -> None:
    """Do what has to be refused.

    Raises:
        AssertionError: It was not.
    """
    try:
        operation(*args, **options)
    except RemoteStoreError:
        return
    raise AssertionError("it was not refused")


def _writes(op: str, content: Callable[[], object]) -> Act:
    def act(backend: Any, folder: str) -> None:
        getattr(backend, op)(f"{folder}/a", content(), overwrite=True)

    return act


def _taken(op: str) -> Act:
    def act(backend: Any, folder: str) -> None:
        refused(getattr(backend, op), f"{folder}/b", _SMALL)

    return act


def _written(backend: Any, folder: str) -> None:
    backend.write(f"{folder}/a", _SMALL, overwrite=True)
    if backend.capabilities.supports(Capability.USER_METADATA):
        backend.write(f"{folder}/a", _SMALL, overwrite=True, metadata={"owner": "me"})


def _lost(op: str) -> Act:
    def act(backend: Any, folder: str) -> None:
        with suppress(_OwnError):
            getattr(backend, op)(f"{folder}/c", io.BufferedReader(_Failing()), overwrite=True)

    return act


def _block(backend: Any, folder: str) -> None:
    with backend.open_atomic(f"{folder}/a", overwrite=True) as file:
        file.write(_SMALL)


def _lost_block(backend: Any, folder: str) -> None:
    with suppress(_OwnError), backend.open_atomic(f"{folder}/a", overwrite=True) as file:
        file.write(_SMALL)
        raise _OwnError("on purpose")


def _taken_block(backend: Any, folder: str) -> None:
    def enter() -> None:
        with backend.open_atomic(f"{folder}/b") as file:
            file.write(_SMALL)

    refused(enter)


def _misplaced(backend: Any, folder: str) -> None:
    for path in (f"{folder}/e", f"{folder}/a/x"):  # A folder, and what would lie below a file.
        try:
            backend.write(path, _SMALL)
        except RemoteStoreError:
            continue
        backend.delete(path)  # A flat namespace takes it.


def _checked(backend: Any, _folder: str) -> None:
    backend.check_health()


def _asked(backend: Any, folder: str) -> None:
    for path in (f"{folder}/a", f"{folder}/nothing", folder):
        backend.exists(path)
        backend.is_file(path)
        backend.is_folder(path)


def _described(backend: Any, folder: str) -> None:
    backend.get_file_info(f"{folder}/a")
    backend.get_folder_info(folder)
    refused(backend.get_file_info, f"{folder}/nothing")
    refused(backend.get_folder_info, f"{folder}/nothing")


def _listed(backend: Any, folder: str) -> None:
    for path in (folder, f"{folder}/nothing", f"{folder}/a"):
        for found in (backend.list_files(path), backend.list_folders(path), backend.iter_children(path)):
            list(found)
    list(backend.list_files(folder, recursive=True))


def _left(backend: Any, folder: str) -> None:
    recursive = backend.list_files(folder, recursive=True)
    for found in (backend.list_files(folder), backend.list_folders(folder), backend.iter_children(folder), recursive):
        items = iter(found)
        next(items, None)
        close = getattr(items, "close", None)  # An iterator that has none ends when nobody holds it.
        if close is not None:
            close()


def _matched(backend: Any, folder: str) -> None:
    list(backend.glob(f"{folder}/*"))
    next(iter(backend.glob(f"{folder}/*")), None)
    list(backend.glob(f"{folder}/nothing*"))


def _copied(backend: Any, folder: str) -> None:
    backend.copy(f"{folder}/a", f"{folder}/c", overwrite=True)
    refused(backend.copy, f"{folder}/a", f"{folder}/b")
    refused(backend.copy, f"{folder}/nothing", f"{folder}/c", overwrite=True)
    with suppress(RemoteStoreError):  # Not every store can.
        backend.copy(f"{folder}/a", f"{folder}/a", overwrite=True)


def _moved(backend: Any, folder: str) -> None:
    backend.move(f"{folder}/b", f"{folder}/new")
    backend.move(f"{folder}/new", f"{folder}/b")
    refused(backend.move, f"{folder}/nothing", f"{folder}/c", overwrite=True)
    refused(backend.move, f"{folder}/a", f"{folder}/b")
    if all(backend.capabilities.supports(one) for one in (Capability.WRITE, Capability.DELETE)):
        for name in ("c", "over"):
            backend.write(f"{folder}/{name}", _SMALL, overwrite=True)
        backend.move(f"{folder}/c", f"{folder}/over", overwrite=True)
        backend.delete(f"{folder}/over")


def _deleted(backend: Any, folder: str) -> None:
    backend.write(f"{folder}/sub/x", _SMALL, overwrite=True)
    backend.delete(f"{folder}/sub/x")
    refused(backend.delete, f"{folder}/nothing")
    backend.delete(f"{folder}/nothing", missing_ok=True)
    backend.write(f"{folder}/sub/x", _SMALL, overwrite=True)
    refused(backend.delete_folder, f"{folder}/sub")
    backend.delete_folder(f"{folder}/sub", recursive=True)
    refused(backend.delete_folder, f"{folder}/nothing")
    refused(backend.delete_folder, folder)
    backend.delete_folder(f"{folder}/nothing", missing_ok=True)


def _mistaken(backend: Any, folder: str) -> None:
    for operation in (backend.read_bytes, backend.get_file_info, backend.delete):
        refused(operation, folder)
    for operation in (backend.get_folder_info, backend.delete_folder):
        refused(operation, f"{folder}/a")


def _names_asked(backend: Any, folder: str) -> None:
    path = f"{folder}/nothing{next(_NUMBERS)}"
    backend.exists(path)
    backend.is_file(path)
    supports = backend.capabilities.supports
    for capability, operation in (
        (Capability.READ, backend.read_bytes),
        (Capability.METADATA, backend.get_file_info),
        (Capability.METADATA, backend.get_folder_info),
        (Capability.DELETE, backend.delete),
    ):
        if supports(capability):
            refused(operation, path)
    if supports(Capability.LIST):
        list(backend.list_files(path))


def _names_written(backend: Any, folder: str) -> None:
    path = f"{folder}/new{next(_NUMBERS)}"
    backend.write(path, _SMALL)
    backend.delete(path)


def _names_carried(backend: Any, folder: str) -> None:
    above = f"{folder}/new{next(_NUMBERS)}"
    backend.write(f"{above}/x", _SMALL)
    backend.copy(f"{above}/x", f"{above}/y")
    backend.move(f"{above}/y", f"{above}/z")
    backend.delete_folder(above, recursive=True)


def _names_addressed(backend: Any, folder: str) -> None:
    path = f"{folder}/nothing{next(_NUMBERS)}"
    backend.resolve(path)
    backend.to_key(backend.native_path(path))


def _in_threads(backend: Any, folder: str) -> None:
    raised: list[BaseException] = []

    def look() -> None:
        try:
            _asked(backend, folder)
            _read_bytes(backend, folder)
            if backend.capabilities.supports(Capability.WRITE):
                backend.write(f"{folder}/a", _SMALL, overwrite=True)
        except BaseException as exc:
            raised.append(exc)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


IN_THREADS: Final = "in_threads"
_NUMBERS: Final = itertools.count()
# Another name, or thread, each time.
OF_NAMES: Final = ("names_asked", "names_written", "names_carried", "names_addressed", IN_THREADS)

# Acts that leave the store as it was, and yet have changed it.
CHANGES: Final = (
    "write", "write_stream", "write_atomic", "write_atomic_stream", "open_atomic", "copied", "moved", "deleted",
)  # fmt: skip

ACTS: Final[Mapping[str, Act]] = {
    "read": _read,
    "read_half": _read_half,
    "read_seekable": _read_seekable,
    "read_bytes": _read_bytes,
    "missing": _missing,
    "write": _written,
    "write_stream": _writes("write", lambda: io.BytesIO(_SMALL)),
    "write_taken": _taken("write"),
    "write_lost": _lost("write"),
    "write_atomic": _writes("write_atomic", lambda: _SMALL),
    "write_atomic_stream": _writes("write_atomic", lambda: io.BytesIO(_SMALL)),
    "write_atomic_lost": _lost("write_atomic"),
    "write_atomic_taken": _taken("write_atomic"),
    "open_atomic": _block,
    "open_atomic_taken": _taken_block,
    "open_atomic_lost": _lost_block,
    "asked": _asked,
    "described": _described,
    "listed": _listed,
    "listing_left": _left,
    "matched": _matched,
    "copied": _copied,
    "moved": _moved,
    "deleted": _deleted,
    "mistaken": _mistaken,
    "misplaced": _misplaced,
    "checked": _checked,
    IN_THREADS: _in_threads,
    "names_asked": _names_asked,
    "names_written": _names_written,
    "names_carried": _names_carried,
    "names_addressed": _names_addressed,
}
