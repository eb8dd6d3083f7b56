"""Whether a request is sent once: no look repeated, nothing retried that went well."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from remote_store import Backend

from rsconform.probes import ProbeContext, probe
from rsconform.probes.s3client import Sent, client_of, recording

# What a client asks to find out where a bucket lies.
_REGION_PROBES = ("HeadBucket", "GetBucketLocation")


@probe("s3budget.once")
def once(context: ProbeContext, path: str) -> None:
    """No operation sends the same request twice, nor one that only asks for the region."""
    client = client_of(context)
    attempts: list[str] = []

    def sent(operation_name: str, **_: object) -> None:
        attempts.append(operation_name)

    client.meta.events.register("request-created.s3", sent, unique_id="rsconform-attempts")
    try:
        for name, call in _operations(context.backend, path):
            attempts.clear()
            with recording(client) as calls:
                context.call(f"{name}()", call)
            if len(attempts) > len(calls):
                context.fail(f"{len(calls)} requests from {name}()", f"{len(attempts)}: {', '.join(attempts)}")
            twice = list(_repeated(calls))
            probes = [one.operation for one in calls if one.operation in _REGION_PROBES and name != "check_health"]
            if twice or probes:
                context.fail(f"every request of {name}() once, and none for the region", ", ".join([*twice, *probes]))
    finally:
        client.meta.events.unregister("request-created.s3", unique_id="rsconform-attempts")


def _repeated(calls: list[Sent]) -> Iterator[str]:
    """Yield each request that was sent before, but for a look after something was changed: that may see what is new."""
    looks: set[str] = set()
    changes: set[str] = set()
    for one in calls:
        is_look = one.operation.startswith(("Head", "Get", "List"))
        asked, seen = f"{one.operation} {sorted(one.parameters.items())!r}", looks if is_look else changes
        if asked in seen:
            yield one.operation
        seen.add(asked)
        if not is_look:
            looks.clear()


def _operations(backend: Backend, path: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    folder = path.rpartition("/")[0]
    yield "exists", lambda: backend.exists(path)
    yield "is_file", lambda: backend.is_file(path)
    yield "is_folder", lambda: backend.is_folder(folder)
    yield "read", lambda: _drained(backend.read(path))
    yield "read_bytes", lambda: backend.read_bytes(path)
    yield "read_seekable", lambda: _drained(backend.read_seekable(path))
    yield "get_file_info", lambda: backend.get_file_info(path)
    yield "get_folder_info", lambda: backend.get_folder_info(folder)
    yield "list_files", lambda: list(backend.list_files(folder, recursive=True))
    yield "list_folders", lambda: list(backend.list_folders(""))
    yield "iter_children", lambda: list(backend.iter_children(folder))
    yield "glob", lambda: list(backend.glob(f"{folder}/*"))
    yield "write", lambda: backend.write(path, b"new", overwrite=True)
    yield "write_atomic", lambda: backend.write_atomic(f"{path}-1", b"new")
    yield "copy", lambda: backend.copy(path, f"{path}-2")
    yield "move", lambda: backend.move(f"{path}-2", f"{path}-3")
    yield "delete", lambda: backend.delete(f"{path}-3")
    yield "delete_folder", lambda: backend.delete_folder(folder, recursive=True)
    yield "check_health", lambda: backend.check_health()


def _drained(stream: Any) -> bytes:
    with contextlib.closing(stream):
        return bytes(stream.read())
