"""An instance after close(): used again where it may be, and silent where close() is terminal."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, Final

from remote_store import Backend, BackendUnavailable, Capability, CapabilityNotSupported, RemoteStoreError

from rsconform.cases.case import SkipReason
from rsconform.lanes.async_facade import class_of, contract_of, native_of
from rsconform.lanes.draining import drained
from rsconform.probes import ProbeContext, probe
from rsconform.run.case.outcomes import Skipped
from rsconform.spec.operations import FOLDERS_KNOWN_BY, OPERATIONS

_PATH: Final = "d/a"
_KEPT: Final = "kept"
_DATA: Final = b"x"
# Values of these types are handles that look alike, so that a second one may have been opened.
_VALUES: Final = (str, bytes, int, float, bool)
_ASKED_FOR: Final = (str, bytes, int, dict, list, io.BytesIO)


def _paths(found: Iterator[Any]) -> list[str]:
    return sorted(str(entry.path) for entry in found)


def _streamed(stream: Any) -> bytes:
    with closing(stream):
        return bytes(drained(stream, 1 << 16))


def _written(backend: Any, op: str) -> bytes:
    if op == "open_atomic":
        with backend.open_atomic(_PATH, overwrite=True) as file:
            file.write(_DATA)
    else:
        getattr(backend, op)(_PATH, _DATA, overwrite=True)
    return bytes(backend.read_bytes(_PATH)) if backend.capabilities.supports(Capability.READ) else _DATA


# Operation -> how it is used, and what it then has to give.
_USES: Final[Mapping[str, tuple[Callable[[Any], object], object]]] = {
    "exists": (lambda backend: backend.exists(_PATH), True),
    "is_file": (lambda backend: backend.is_file(_PATH), True),
    "is_folder": (lambda backend: backend.is_folder("d"), True),
    "read": (lambda backend: _streamed(backend.read(_PATH)), _DATA),
    "read_bytes": (lambda backend: backend.read_bytes(_PATH), _DATA),
    "read_seekable": (lambda backend: _streamed(backend.read_seekable(_PATH)), _DATA),
    "write": (lambda backend: _written(backend, "write"), _DATA),
    "write_atomic": (lambda backend: _written(backend, "write_atomic"), _DATA),
    "open_atomic": (lambda backend: _written(backend, "open_atomic"), _DATA),
    "get_file_info": (lambda backend: str(backend.get_file_info(_PATH).path), _PATH),
    "get_folder_info": (lambda backend: backend.get_folder_info("d").file_count, 1),
    "list_files": (lambda backend: _paths(backend.list_files("d")), [_PATH]),
    "list_folders": (lambda backend: _paths(backend.list_folders("")), ["d"]),
    "iter_children": (lambda backend: _paths(backend.iter_children("d")), [_PATH]),
    "glob": (lambda backend: _paths(backend.glob("d/*")), [_PATH]),
    "copy": (lambda backend: backend.copy(_PATH, "b", overwrite=True), None),
    "move": (lambda backend: backend.move(_PATH, "b", overwrite=True), None),
    "delete": (lambda backend: backend.delete(_PATH), None),
    "delete_folder": (lambda backend: backend.delete_folder("d", recursive=True), None),
    "check_health": (lambda backend: backend.check_health(), None),
}


@probe("operations.used_after_close")
def used_after_close(context: ProbeContext, op: str) -> None:
    """What an operation gives for a file that was written since, it gives after close() as before."""
    backend: Any = context.backend
    _require_declared(backend, op)
    use, right = _USES[op]
    context.touched.update((_PATH, _KEPT, "b"))
    context.call("write()", backend.write, _KEPT, _DATA)
    for when in ("before close()", "after close()"):
        try:
            backend.write(_PATH, _DATA, overwrite=True)
        except BackendUnavailable as exc:
            # One that lies in the process may go with its connection: what write() says then is for the backend.
            if when == "after close()" and not context.call("exists()", backend.exists, _KEPT):
                context.skip("a store that outlives close()")
            context.fail(f"write() to return {when}", f"it raised {type(exc).__name__}: {exc}")
        seen = context.call(f"{op}() {when}", use, backend)
        if seen != right:
            context.fail(f"{op}() {when} to give {right!r}", repr(seen)[:200])
        if when == "before close()":
            context.call("close()", backend.close)


def _require_declared(backend: Backend, op: str) -> None:
    operation = OPERATIONS[op]
    for name in (operation.capability, FOLDERS_KNOWN_BY if operation.of_folders or op == "is_folder" else None):
        if name is not None and not backend.capabilities.supports(Capability[name]):
            raise Skipped(SkipReason.CAPABILITY, name)


@probe("operations.stays_closed")
def stays_closed(context: ProbeContext) -> None:
    """After a terminal close() neither check_health() nor unwrap() opens anything."""
    backend: Any = context.backend
    kinds: set[type] = {*_ASKED_FOR, *(type(value) for value in getattr(native_of(backend), "__dict__", {}).values())}
    # What is another object each time is no handle that is kept open.
    again = dict(_handles(backend, kinds))
    before = {kind: handle for kind, handle in _handles(backend, kinds) if again.get(kind) is handle}
    context.call("close()", backend.close)
    if class_of(backend).check_health is not contract_of(backend).check_health:
        _require_refusal(context, backend.check_health)
    for kind, handle in before.items():
        after = next((given for _, given in _handles(backend, {kind})), handle)
        if after is not handle and not isinstance(after, _VALUES):
            context.fail(f"no other handle from unwrap({kind.__name__}) after close()", "one that was made anew")


def _handles(backend: Any, kinds: set[type]) -> Iterator[tuple[type, object]]:
    for kind in kinds:
        with suppress(CapabilityNotSupported, RemoteStoreError):
            yield kind, backend.unwrap(kind)


def _require_refusal(context: ProbeContext, operation: Callable[[], object]) -> None:
    expected = "BackendUnavailable from check_health() after close()"
    try:
        operation()
    except BackendUnavailable:
        return
    except Exception as exc:
        context.fail(expected, f"{type(exc).__name__}: {exc}")
    context.fail(expected, "it returned")
