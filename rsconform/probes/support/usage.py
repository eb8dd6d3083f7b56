"""Ordinary use of a backend, for probes that watch something else meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from remote_store import Backend, Capability

from rsconform.lanes.async_facade import surface_of
from rsconform.spec.operations import OPERATIONS


def use_everything(backend: Backend, path: str, other: str) -> None:
    """Do every operation that the backend declares, some that fail included; what they give is for other axioms.

    Args:
        path: A file of the case's `given` in a folder of its own.
        other: Another one there; it may be gone afterwards.
    """
    for name, operation in operations(backend, path, other):
        capability = OPERATIONS[name].capability
        if OPERATIONS[name].surface not in (None, surface_of(backend)):
            continue
        if capability is None or backend.capabilities.supports(Capability[capability]):
            with contextlib.suppress(Exception):
                operation()


def operations(backend: Backend, path: str, other: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield every operation that asks the store, by name, and how it is used up."""
    folder = path.rpartition("/")[0]
    yield "exists", lambda: backend.exists(path)
    yield "is_file", lambda: backend.is_file(path)
    yield "is_folder", lambda: backend.is_folder(folder)
    yield "write", lambda: backend.write(path, b"new", overwrite=True)
    yield "write", lambda: backend.write(path, b"refused")
    yield "write_atomic", lambda: backend.write_atomic(path, b"newer", overwrite=True)
    yield "open_atomic", lambda: _write_in_block(backend, path)
    yield "read", lambda: _drained(backend.read(path))
    yield "read_bytes", lambda: backend.read_bytes(path)
    yield "read_bytes", lambda: backend.read_bytes("no/such")
    yield "read_seekable", lambda: _drained(backend.read_seekable(path))
    yield "list_files", lambda: list(backend.list_files(folder, recursive=True))
    yield "list_folders", lambda: list(backend.list_folders(folder))
    yield "iter_children", lambda: list(backend.iter_children(folder))
    yield "glob", lambda: list(backend.glob(f"{folder}/*"))
    yield "get_file_info", lambda: backend.get_file_info(path)
    yield "get_file_info", lambda: backend.get_file_info(folder)
    yield "get_folder_info", lambda: backend.get_folder_info(folder)
    yield "copy", lambda: backend.copy(path, other, overwrite=True)
    yield "move", lambda: backend.move(other, path, overwrite=True)
    yield "delete", lambda: backend.delete(other, missing_ok=True)
    yield "check_health", lambda: backend.check_health()


def _drained(stream: Any) -> bytes:
    with contextlib.closing(stream):
        return bytes(stream.read())


def _write_in_block(backend: Backend, path: str) -> None:
    with backend.open_atomic(path, overwrite=True) as file:
        file.write(b"newest")
