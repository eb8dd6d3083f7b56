"""What one thread has left behind must not keep out the others: a lock is given back on every way out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final

from remote_store import Backend, CapabilityNotSupported, RemoteStoreError

from rsconform.probes import ProbeContext, probe

_WAIT_S: Final = 8.0

Deed = Callable[[Any, str], object]


class _SourceError(Exception):
    """What the caller's own code raises."""


class _Failing:
    """A stream that gives a little and then fails."""

    def __init__(self) -> None:
        self._asked = 0

    def read(self, _size: int = -1) -> bytes:
        self._asked += 1
        if self._asked > 1:
            raise _SourceError
        return b"half"


def _body_raises(backend: Backend, folder: str) -> None:
    with backend.open_atomic(f"{folder}/new") as file:
        file.write(b"half")
        raise _SourceError


# Each fails: beside `folder`/a there is nothing.
_FAILING: Final[Mapping[str, Deed]] = {
    "read": lambda backend, folder: backend.read(f"{folder}/nope"),
    "read_bytes": lambda backend, folder: backend.read_bytes(f"{folder}/nope"),
    "read_seekable": lambda backend, folder: backend.read_seekable(f"{folder}/nope"),
    "get_file_info": lambda backend, folder: backend.get_file_info(f"{folder}/nope"),
    "get_folder_info": lambda backend, folder: backend.get_folder_info(f"{folder}/nope"),
    "write": lambda backend, folder: backend.write(f"{folder}/a", b"new"),
    "write-source": lambda backend, folder: backend.write(f"{folder}/new", _Failing()),
    "write_atomic": lambda backend, folder: backend.write_atomic(f"{folder}/a", b"new"),
    "open_atomic": lambda backend, folder: backend.open_atomic(f"{folder}/a").__enter__(),
    "open_atomic-body": _body_raises,
    "delete": lambda backend, folder: backend.delete(f"{folder}/nope"),
    "delete_folder": lambda backend, folder: backend.delete_folder(folder),
    "move": lambda backend, folder: backend.move(f"{folder}/nope", f"{folder}/b"),
    "copy": lambda backend, folder: backend.copy(f"{folder}/nope", f"{folder}/b"),
}


@probe("locks.after_error")
def after_error(context: ProbeContext, folder: str, op: str) -> None:
    """After an operation that raised in this thread another thread can work."""
    context.touched.update(f"{folder}/{name}" for name in ("a", "b", "new", "nope", "other"))
    try:
        _FAILING[op](context.backend, folder)
    except CapabilityNotSupported as exc:
        context.skip(f"{exc.capability} is declared")
    except (RemoteStoreError, _SourceError):
        pass
    _demand_let_in(context, f"{op}() raised", _writes, folder)


@probe("locks.beside_open")
def beside_open(context: ProbeContext, folder: str, op: str) -> None:
    """While this thread is half-way through a listing or a stream another thread can look and read."""
    with ExitStack() as stack:
        opened = context.call(f"{op}()", getattr(context.backend, op), folder if op != "read" else f"{folder}/a")
        if hasattr(opened, "close"):
            stack.callback(opened.close)
        context.call("the first of it", (lambda: opened.read(1)) if op == "read" else (lambda: next(opened, None)))
        _demand_let_in(context, f"{op}() is half-way", _looks, folder)


def _looks(backend: Backend, folder: str) -> None:
    backend.exists(f"{folder}/b")
    backend.read_bytes(f"{folder}/b")


def _writes(backend: Backend, folder: str) -> None:
    for name in ("other", "nope", "new", "a"):  # A lock may be of one file.
        backend.write(f"{folder}/{name}", b"other", overwrite=True)
        backend.exists(f"{folder}/{name}")


def _demand_let_in(context: ProbeContext, left: str, work: Deed, folder: str) -> None:
    errors: list[Exception] = []

    def run() -> None:
        try:
            work(context.backend, folder)
        except Exception as exc:
            errors.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(_WAIT_S)
    if thread.is_alive():
        context.fail(f"another thread to be let in after {left} here", f"it still waits after {_WAIT_S:g} s")
    if errors:
        context.fail("no error in the other thread", f"{type(errors[0]).__name__}: {errors[0]}")
