"""Doing an operation of a sequence on a backend, and saying what came of it in the model's words."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from remote_store import Backend, FolderEntry, RemoteStoreError

from rsconform.lanes.draining import drained
from rsconform.lanes.errors import counted_as
from rsconform.redaction import cut
from rsconform.run.case.content_sources import Handed
from rsconform.spec.operations import SOURCE_ERROR
from rsconform.stateful.expected import FILE, FOLDER, Expected
from rsconform.stateful.operations import LISTINGS, READS, WRITES, Operation

_WHENCE: Final = {"SET": io.SEEK_SET, "CUR": io.SEEK_CUR, "END": io.SEEK_END}
# A listing or a reader that gives more than this, far more than is ever written, does not end.
_MOST_ITEMS: Final = 20_000
_MOST_BYTES: Final = 16 << 20
ENDLESS: Final = "no end"


@dataclass(frozen=True, slots=True)
class ObservedResult:
    """What an operation did: its value in the model's words, or its error."""

    value: object = None
    error: BaseException | None = None
    own: bool = False  # The error is the one that the source raised, or tells it in the library's words.

    @property
    def error_name(self) -> str | None:
        """Return the error as a step of TOML names it."""
        return None if self.error is None else SOURCE_ERROR if self.own else counted_as(self.error).__name__

    def fits(self, expected: Expected) -> bool:
        """Return whether this is what may come of the operation."""
        if self.own:
            return SOURCE_ERROR in expected.errors
        if self.error is not None:
            allowed = {counted_as(self.error).__name__, "RemoteStoreError"} & expected.errors
            return isinstance(self.error, RemoteStoreError) and bool(allowed)
        if not expected.returns:
            return False
        return expected.admits(self.value)

    def __str__(self) -> str:
        if self.error is None:
            return shown(self.value)
        text = " ".join(str(self.error).split())
        return f"{type(self.error).__name__}: {cut(text, 200)}"


def shown(value: object) -> str:
    """Return a value as a person reads it."""
    if isinstance(value, frozenset | tuple) and all(isinstance(item, str) for item in value):
        items = sorted(value)
        more = f" and {len(items) - 12} more" if len(items) > 12 else ""
        return f"[{', '.join(items[:12])}{more}]"
    if isinstance(value, bytes) and len(value) > 40:
        return f"{len(value)} bytes, {value[:12]!r}..."
    return cut(repr(value), 200)


def do(backend: Any, operation: Operation) -> ObservedResult:
    """Return what an operation does; of one that opens what is kept, the value is the handle.

    Args:
        backend: Or the handle that the operation is done with.
    """
    handed = Handed(operation.content) if operation.content is not None else None
    try:
        return ObservedResult(_action_of(operation)(backend, operation, handed))
    except Exception as exc:  # Whether it may raise that is for the model to say.
        return ObservedResult(error=exc, own=handed is not None and _is_of_source(exc, handed.raised, operation))


def _is_of_source(error: Exception, raised: BaseException | None, operation: Operation) -> bool:
    """Return whether an operation failed as its source did; but for a block it may be an error of the library."""
    if error is raised:
        return True
    return raised is not None and operation.op != "open_atomic" and isinstance(error, RemoteStoreError)


def _action_of(operation: Operation) -> Callable[[Any, Operation, Handed | None], object]:
    if operation.on or operation.keeps:
        return _with_handle if operation.on else _opened
    if operation.op in WRITES:
        return _block if operation.op == "open_atomic" else _write
    if operation.op in READS:
        return _read_bytes if operation.op == "read_bytes" else _read
    return _DEEDS.get(operation.op, _plain)


def _write(backend: Any, operation: Operation, handed: Handed | None) -> object:
    result = getattr(backend, operation.op)(operation.path, handed and handed.argument, **operation.options)
    size = result.size
    return str(result.path), len(operation.data) if size is None else size


def _block(backend: Backend, operation: Operation, handed: Handed | None) -> object:
    with backend.open_atomic(operation.path, **operation.options) as file:
        for piece in handed.pieces() if handed is not None else ():
            file.write(piece)
    return None


def _read_bytes(backend: Backend, operation: Operation, _handed: Handed | None) -> object:
    return backend.read_bytes(operation.path)


def _read(backend: Any, operation: Operation, _handed: Handed | None) -> object:
    with contextlib.closing(getattr(backend, operation.op)(operation.path)) as stream:
        drain = operation.options.get("drain")
        return stream.read() if drain is None else drained(stream, drain, _MOST_BYTES)


def _opened(backend: Any, operation: Operation, _handed: Handed | None) -> object:
    opened = getattr(backend, operation.op)(operation.path, **operation.options)
    return iter(opened) if operation.op in LISTINGS else opened


def _with_handle(handle: Any, operation: Operation, _handed: Handed | None) -> object:
    match operation.op:
        case "next":
            return (_entry(next(handle)),)
        case "drain" if not hasattr(handle, "read"):
            return _entries(handle)
        case "drain":
            return drained(handle, -1, _MOST_BYTES)
        case "seek":
            offset, *whence = operation.args
            return handle.seek(offset, *(_WHENCE[name] for name in whence))
        case name:
            return getattr(handle, name)(*operation.args)


def _entries(listed: Any) -> tuple[str, ...] | str:
    found: list[str] = []
    for item in listed:
        found.append(_entry(item))
        if len(found) > _MOST_ITEMS:
            return ENDLESS
    return tuple(found)


def _listed(backend: Any, operation: Operation, _handed: Handed | None) -> object:
    found = _entries(getattr(backend, operation.op)(operation.path, **operation.options))
    if isinstance(found, str):
        return found
    unique = frozenset(found)
    # What comes twice is no set: it fits nothing that the model says.
    return unique if len(unique) == len(found) else tuple(sorted(found))


def _entry(item: Any) -> str:
    path = str(item.path)
    return FOLDER.format(path) if isinstance(item, FolderEntry) else FILE.format(path, item.size)


def _file_info(backend: Backend, operation: Operation, _handed: Handed | None) -> object:
    info = backend.get_file_info(operation.path)
    # Keys may have been put into lower case on their way.
    metadata = {key.lower(): value for key, value in (info.metadata or {}).items()}
    return str(info.path), info.size, tuple(sorted(metadata.items()))


def _folder_info(backend: Backend, operation: Operation, _handed: Handed | None) -> object:
    info = backend.get_folder_info(operation.path)
    return info.file_count, info.total_size


def _health(backend: Backend, _operation: Operation, _handed: Handed | None) -> object:
    return backend.check_health()  # type: ignore[func-returns-value]


def _plain(backend: Any, operation: Operation, _handed: Handed | None) -> object:
    paths = (operation.path,) if operation.dst is None else (operation.path, operation.dst)
    return getattr(backend, operation.op)(*paths, **operation.options)


_DEEDS: Final[Mapping[str, Callable[[Any, Operation, Handed | None], object]]] = {
    **dict.fromkeys(LISTINGS, _listed),
    "get_file_info": _file_info,
    "get_folder_info": _folder_info,
    "check_health": _health,
}


def paths_in(value: object) -> Iterator[str]:
    """Yield the paths in what a listing gave, in the order of their names."""
    for entry in sorted(value) if isinstance(value, frozenset | tuple) else ():
        yield str(entry).rpartition(" (")[0] if str(entry).endswith(")") else str(entry).rstrip("/")
