"""Doing an operation of a sequence on a backend, and saying what came of it in the model's words."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from remote_store import Backend, RemoteStoreError

from rsconform.stateful.model import ANYTHING, Expected, Operation


@dataclass(frozen=True, slots=True)
class Seen:
    """What an operation did: its value in the model's words, or its error."""

    value: object = None
    error: Exception | None = None

    def fits(self, expected: Expected) -> bool:
        """Return whether this is what may come of the operation."""
        if self.error is not None:
            return type(self.error).__name__ in expected.errors and isinstance(self.error, RemoteStoreError)
        return expected.returns and (expected.value is ANYTHING or self.value == expected.value)

    def __str__(self) -> str:
        if self.error is None:
            return _short(self.value)
        text = " ".join(str(self.error).split())
        return f"{type(self.error).__name__}: {text[:200]}"


def _short(value: object) -> str:
    if isinstance(value, frozenset):
        return f"{sorted(value)}"
    if isinstance(value, bytes) and len(value) > 40:
        return f"{len(value)} bytes"
    return repr(value)[:120]


def do(backend: Backend, operation: Operation) -> Seen:
    """Return what an operation does."""
    try:
        return Seen(_DEEDS[operation.op](backend, operation))
    except Exception as exc:  # Whether it may raise that is for the model to say.
        return Seen(error=exc)


def _write(backend: Any, operation: Operation) -> object:
    content: object = operation.content
    if len(operation.content or b"") % 2:  # Every other length as a stream.
        content = io.BytesIO(operation.content or b"")
    getattr(backend, operation.op)(operation.path, content, **operation.options)
    return None


def _block(backend: Backend, operation: Operation) -> object:
    with backend.open_atomic(operation.path, **operation.options) as file:
        file.write(operation.content or b"")
    return None


def _read(backend: Any, operation: Operation) -> object:
    with contextlib.closing(getattr(backend, operation.op)(operation.path)) as stream:
        pieces = []
        while piece := stream.read(4096):
            pieces.append(bytes(piece))
        return b"".join(pieces)


def _listed(backend: Any, operation: Operation) -> object:
    listed = getattr(backend, operation.op)(operation.path, **operation.options)
    paths = [str(item.path) for item in listed]
    found = frozenset(paths)
    # What comes twice is no set: it fits nothing that the model says.
    return found if len(found) == len(paths) else tuple(sorted(paths))


def _folder_info(backend: Backend, operation: Operation) -> object:
    info = backend.get_folder_info(operation.path)
    return info.file_count, info.total_size


def _plain(backend: Any, operation: Operation) -> object:
    paths = (operation.path,) if operation.dst is None else (operation.path, operation.dst)
    return getattr(backend, operation.op)(*paths, **operation.options)


_DEEDS: Final[Mapping[str, Callable[[Any, Operation], object]]] = {
    "write": _write,
    "write_atomic": _write,
    "open_atomic": _block,
    "read": _read,
    "read_seekable": _read,
    "read_bytes": _plain,
    "exists": _plain,
    "is_file": _plain,
    "is_folder": _plain,
    "delete": _plain,
    "delete_folder": _plain,
    "move": _plain,
    "copy": _plain,
    "list_files": _listed,
    "list_folders": _listed,
    "iter_children": _listed,
    "get_file_info": lambda backend, operation: backend.get_file_info(operation.path).size,
    "get_folder_info": _folder_info,
}


def as_toml(operation: Operation) -> str:
    """Return an operation as a step of TOML."""
    parts = [f'op = "{operation.op}"']
    if operation.peer:
        parts.append('on = "peer"')
    names = ("path",) if operation.dst is None else ("src", "dst")
    parts += [f'{name} = "{path}"' for name, path in zip(names, (operation.path, operation.dst), strict=False)]
    if operation.content is not None:
        parts.append(
            f'content = "zeros:{len(operation.content)}"'
            if not operation.content.strip(b"\0")
            else f'content = "text:{operation.content[:40].decode("latin-1")}"'
        )
    parts += [f"{name} = {str(value).lower()}" for name, value in operation.options.items()]
    return f"{{ {', '.join(parts)} }}"
