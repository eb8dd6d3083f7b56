"""Looking at the store while an operation is under way: past the backend, or through another client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from remote_store import NotFound

from rsconform.lanes.facade import apart
from rsconform.probes import ProbeContext

# Returns the content of one file, None where there is none.
Look = Callable[[], bytes | None]


@contextmanager
def looking_at(context: ProbeContext, path: str, by: str) -> Iterator[Look]:
    """Yield a look at one path: by the auditor (`audit`), or by a second instance over the store (`peer`)."""
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


def shown(content: bytes | None) -> str:
    """Return what a look saw, in words."""
    return "no file" if content is None else f"a file of {len(content)} bytes"
