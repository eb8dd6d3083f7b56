"""Looking at the store while an operation is under way: past the backend, or through another client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from remote_store import NotFound, RemoteStoreError

from rsconform.lanes.async_facade import apart, surface_of
from rsconform.probes import ProbeContext

_FIRST_S: Final = 8.0
_WAIT_S: Final = 1.0  # A store may make a reader wait for the end of a write.

# Returns the content of one file, None where there is none.
Look = Callable[[], bytes | None]


@contextmanager
def looking_at(context: ProbeContext, path: str, by: str) -> Iterator[Look]:
    """Yield a look at one path: by the auditor (`audit`), by a second instance over the store (`peer`), or by another
    thread through the same instance (`thread`). A thread that has to wait sees what was there before.
    """
    if by == "thread":
        yield _in_a_thread(context, path)
        return
    if by == "audit":
        audit = context.subject.audit
        if audit is None:
            context.skip("audit")

        def look() -> bytes | None:
            file = audit().files.get(path)
            return None if file is None else file.content

        yield look
        return
    with apart(context.subject.make()) as peer:

        def ask() -> bytes | None:
            try:
                return peer.read_bytes(path)
            except NotFound:
                return None

        try:
            yield lambda: context.call("another client's read_bytes()", ask)
        finally:
            peer.close()


def _in_a_thread(context: ProbeContext, path: str) -> Look:
    if surface_of(context.backend) != "sync":
        context.skip("a backend for threads")
    first: list[bytes | None] = []
    waits: list[threading.Thread] = []

    def look() -> bytes | None:
        if any(thread.is_alive() for thread in waits):
            return first[0]
        seen: list[bytes | None] = []

        def ask() -> None:
            try:
                seen.append(context.backend.read_bytes(path))
            except NotFound:
                seen.append(None)
            except RemoteStoreError:  # A store may lock what is written.
                return

        waits[:] = [threading.Thread(target=ask, daemon=True)]
        waits[0].start()
        waits[0].join(_WAIT_S if first else _FIRST_S)
        if not first:
            first.extend(seen or [None])
        return seen[0] if seen else first[0]

    return look


def shown(content: bytes | None) -> str:
    """Return what a look saw, in words."""
    return "no file" if content is None else f"a file of {len(content)} bytes"
