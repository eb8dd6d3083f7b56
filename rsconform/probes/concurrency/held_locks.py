"""What one thread has left behind must not keep out the others: a lock is given back on every way out."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from time import monotonic
from typing import Any, Final

from remote_store import Backend, CapabilityNotSupported

from rsconform.probes import ProbeContext, probe
from rsconform.probes.support.counting_source import CountingSource
from rsconform.run.case.outcomes import Failed

_WAIT_S: Final = 8.0
_MANY: Final = 12
_AS_LONG: Final = 3 * 2 * (_MANY + 1)  # The most operations that another thread does, each as slow as it may be.

Behaviour = Callable[[Any, str], object]


class _SourceError(Exception):
    """What the caller's own code raises."""


class _Stop(BaseException):  # As an interrupt is: what only `except Exception` gives back stays.
    """What stops the caller's own code."""


class _Failing(io.BufferedIOBase):
    """A stream that gives a little and then fails."""

    def __init__(self, raised: type[BaseException] = _SourceError) -> None:
        self._asked = 0
        self._raised = raised

    def readable(self) -> bool:
        return True

    def read(self, _size: int | None = -1, /) -> bytes:
        self._asked += 1
        if self._asked > 1:
            raise self._raised
        return b"half"

    def read1(self, size: int = -1, /) -> bytes:
        return self.read(size)


def _body(raised: type[BaseException]) -> Behaviour:
    def body(backend: Backend, folder: str) -> None:
        with backend.open_atomic(f"{folder}/new") as file:
            file.write(b"half")
            raise raised

    return body


def _left(op: str) -> Behaviour:
    """Return a function that reads the first item of a stream or a listing and closes it."""

    def left(backend: Backend, folder: str) -> None:
        opened: Any = getattr(backend, op)(f"{folder}/a" if op.startswith("read") else folder)
        if op.startswith("read"):
            opened.read(1)
        else:
            opened = iter(opened)
            next(opened, None)
        close = getattr(opened, "close", None)  # An iterator without close() ends with its last reference.
        if close is not None:
            close()

    return left


# Each is left early, or fails: beside `folder`/a there is nothing.
_FAILING: Final[Mapping[str, Behaviour]] = {
    "read": lambda backend, folder: backend.read(f"{folder}/nope"),
    "read_bytes": lambda backend, folder: backend.read_bytes(f"{folder}/nope"),
    "read_seekable": lambda backend, folder: backend.read_seekable(f"{folder}/nope"),
    "get_file_info": lambda backend, folder: backend.get_file_info(f"{folder}/nope"),
    "get_folder_info": lambda backend, folder: backend.get_folder_info(f"{folder}/nope"),
    "write": lambda backend, folder: backend.write(f"{folder}/a", b"new"),
    "write-source": lambda backend, folder: backend.write(f"{folder}/new", _Failing()),
    "write-interrupted": lambda backend, folder: backend.write(f"{folder}/new", _Failing(_Stop)),
    "write_atomic": lambda backend, folder: backend.write_atomic(f"{folder}/a", b"new"),
    "open_atomic": lambda backend, folder: backend.open_atomic(f"{folder}/a").__enter__(),
    "write_atomic-interrupted": lambda backend, folder: backend.write_atomic(f"{folder}/new", _Failing(_Stop)),
    "open_atomic-body": _body(_SourceError),
    "open_atomic-interrupted": _body(_Stop),
    "delete": lambda backend, folder: backend.delete(f"{folder}/nope"),
    "delete_folder": lambda backend, folder: backend.delete_folder(folder),
    "move": lambda backend, folder: backend.move(f"{folder}/nope", f"{folder}/b"),
    "copy": lambda backend, folder: backend.copy(f"{folder}/nope", f"{folder}/b"),
    **{f"{op}-left": _left(op) for op in ("read", "read_seekable", "list_files", "list_folders", "iter_children")},
}


@probe("concurrency.lock_after_error", surface="sync", threads=True)
def lock_after_error(context: ProbeContext, folder: str, op: str) -> None:
    """After an operation that raised in this thread, or was left early, another thread can work."""
    context.touched.update(f"{folder}/{name}" for name in ("a", "b", "new", "nope", "other"))
    wait_s = _time_for(context, lambda: context.backend.write(f"{folder}/other", b"other", overwrite=True))
    try:
        _FAILING[op](context.backend, folder)
    except CapabilityNotSupported as exc:
        context.skip(f"{exc.capability} is declared")
    except (Exception, _Stop):  # What else than ours comes out is for other axioms.
        pass
    _require_let_in(context, f"{op}() raised or was left", _writes, folder, wait_s)


@probe("concurrency.lock_while_open", surface="sync", threads=True)
def lock_while_open(context: ProbeContext, folder: str, op: str) -> None:
    """While this thread is unfinished through a listing, a stream or a write another thread can look and read."""
    if op in _WAITING:
        _WAITING[op](context, folder)
        return
    wait_s = _time_to_look(context, folder)
    with ExitStack() as stack:
        opened = context.call(f"{op}()", getattr(context.backend, op), folder if op != "read" else f"{folder}/a")
        if hasattr(opened, "close"):
            stack.callback(opened.close)
        context.call("the first of it", (lambda: opened.read(1)) if op == "read" else (lambda: next(opened, None)))
        _require_let_in(context, f"{op}() is unfinished", _looks, folder, wait_s)


def _in_a_block(context: ProbeContext, folder: str) -> None:
    context.touched.add(f"{folder}/new")
    wait_s = _time_to_look(context, folder)
    with context.call("open_atomic()", context.backend.open_atomic, f"{folder}/new") as file:
        file.write(b"half")
        _require_let_in(context, "open_atomic() is unfinished", _looks, folder, wait_s)


def _in_a_source(op: str) -> Callable[[ProbeContext, str], None]:
    """Return what looks while a write of this thread takes in its source."""

    def in_a_source(context: ProbeContext, folder: str) -> None:
        context.touched.add(f"{folder}/new")
        wrong: list[Failed] = []
        wait_s = _time_to_look(context, folder)

        def on_byte(at: int) -> None:
            if at == 1 and not wrong:
                try:
                    _require_let_in(context, f"{op}() is unfinished", _looks, folder, wait_s)
                except Failed as exc:  # What a source raises the backend might take for its own.
                    wrong.append(exc)

        with suppress(Exception):  # What becomes of it is for other axioms.
            getattr(context.backend, op)(f"{folder}/new", CountingSource(b"x", on_byte))
        if wrong:
            raise wrong[0]

    return in_a_source


def _beside_many(context: ProbeContext, folder: str) -> None:
    wait_s = _time_to_look(context, folder)
    with closing(context.call("read()", context.backend.read, f"{folder}/a")) as stream:
        context.call("the first of it", stream.read, 1)
        _require_let_in(context, "one read() is unfinished", _reads_many, folder, wait_s)


def _reads_many(backend: Backend, folder: str) -> None:
    """Have more streams unfinished at once than a pool of the usual size has connections."""
    with ExitStack() as stack:
        for _ in range(_MANY):
            stream = backend.read(f"{folder}/a")
            stack.callback(stream.close)
            stream.read(1)
        _looks(backend, folder)


_WAITING: Final[Mapping[str, Callable[[ProbeContext, str], None]]] = {
    "many": _beside_many,
    "open_atomic": _in_a_block,
    "write": _in_a_source("write"),
    "write_atomic": _in_a_source("write_atomic"),
}


def _looks(backend: Backend, folder: str) -> None:
    backend.exists(f"{folder}/b")
    backend.read_bytes(f"{folder}/b")


def _writes(backend: Backend, folder: str) -> None:
    for name in ("other", "nope", "new", "a"):  # A lock may be of one file.
        backend.write(f"{folder}/{name}", b"other", overwrite=True)
        backend.exists(f"{folder}/{name}")


def _time_to_look(context: ProbeContext, folder: str) -> float:
    return _time_for(context, lambda: context.backend.read_bytes(f"{folder}/b"))


def _time_for(context: ProbeContext, operation: Callable[[], object]) -> float:
    """Return how long another thread is waited for: many times what one operation takes when nothing is in its way."""
    began = monotonic()
    context.call("an operation before", operation)
    return max(_WAIT_S, _AS_LONG * (monotonic() - began)) * context.load_factor


def _require_let_in(context: ProbeContext, left: str, work: Behaviour, folder: str, wait_s: float) -> None:
    errors: list[Exception] = []

    def run() -> None:
        try:
            work(context.backend, folder)
        except Exception as exc:
            errors.append(exc)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(wait_s)
    if thread.is_alive():
        context.fail(f"another thread to be let in after {left} here", f"it still waits after {wait_s:g} s")
    if errors:
        context.fail("no error in the other thread", f"{type(errors[0]).__name__}: {errors[0]}")
