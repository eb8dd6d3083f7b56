"""What is repeated, to see whether anything of it piles up. Each act leaves the store as it was."""

from __future__ import annotations

import io
import itertools
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from remote_store import Capability, RemoteStoreError

from rsconform.lanes.async_facade import as_sync
from rsconform.lanes.other_process import imported

_SMALL: Final = b"0123456789" * 10

Act = Callable[[Any, str], None]


def making(target: str, options: Mapping[str, Any]) -> Act:
    """Return the act of making an instance, using it and closing it."""

    def made(backend: Any, folder: str) -> None:
        one = as_sync(lambda: imported(target)(**options), lambda: backend.loop)
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
        with suppress(_OwnError, RemoteStoreError):  # That the source's own comes out is for KIT-030 to say.
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
    if backend.capabilities.supports(Capability.LIST):
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
        close = getattr(items, "close", None)  # An iterator without close() ends with its last reference.
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
    if backend.capabilities.supports(Capability.LIST):
        backend.write(f"{folder}/sub/x", _SMALL, overwrite=True)
        refused(backend.delete_folder, f"{folder}/sub")
        backend.delete_folder(f"{folder}/sub", recursive=True)
        backend.delete_folder(f"{folder}/nothing", missing_ok=True)
    refused(backend.delete_folder, f"{folder}/nothing")
    refused(backend.delete_folder, folder)


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
    if backend.capabilities.supports(Capability.LIST):
        backend.delete_folder(above, recursive=True)
        return
    for name in ("x", "z"):
        backend.delete(f"{above}/{name}")
    with suppress(RemoteStoreError):  # It may know folders although it does not say so.
        backend.delete_folder(above)


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
