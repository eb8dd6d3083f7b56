"""Sources that look at the store while they are read, that raise what is not an Exception, or that change later."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

from remote_store import AlreadyExists

from rsconform.cases.content import parse_content
from rsconform.lanes.async_facade import AsyncStream
from rsconform.probes import ProbeContext, probe
from rsconform.probes.support.caller_errors import make_own, require_own, require_raised
from rsconform.probes.support.counting_source import CountingSource
from rsconform.probes.support.observer import looking_at, shown


@probe("operations.write_hidden_until_end")
def write_hidden_until_end(context: ProbeContext, path: str, content: str, by: str) -> None:
    """While write_atomic() reads its source, the path shows what it showed before."""
    with looking_at(context, path, by) as look:
        before = look()
        seen: list[str] = []

        def on_byte(at: int) -> None:
            now = look()
            if now != before:
                seen.append(f"{shown(now)} when the source was at byte {at}")

        source: Any = CountingSource(parse_content(content).data, on_byte)
        context.call("write_atomic()", context.backend.write_atomic, path, source, overwrite=True)
        if seen:
            context.fail(f"{shown(before)} until the source is read", seen[0])


@probe("operations.source_conflict")
def source_conflict(context: ProbeContext, path: str, content: str, overwrite: str) -> None:
    """write_atomic() onto a file raises AlreadyExists, and has begun nothing by then that the auditor can see."""
    audit = context.subject.audit
    if audit is None:
        context.skip("audit")
    before = audit()
    begun: list[str] = []

    def on_byte(at: int) -> None:
        now = audit()
        new = sorted({*now.files, *now.residue} - {*before.files, *before.residue})
        if new:
            begun.append(f"{', '.join(new[:3])} begun when the source was at byte {at}")

    source: Any = CountingSource(parse_content(content).data, on_byte)
    write = (
        partial(context.backend.write_atomic, overwrite=False) if overwrite == "no" else context.backend.write_atomic
    )
    try:
        write(path, source)
    except AlreadyExists:
        if begun:
            context.fail("AlreadyExists before anything is begun", begun[0])
        return
    except Exception as exc:
        context.fail("AlreadyExists", f"{type(exc).__name__}: {exc}")
    context.fail("AlreadyExists", "write_atomic() returned")


@probe("operations.source_raises")
def source_raises(context: ProbeContext, path: str, op: str, raised: str, after: int) -> None:
    """What a source raises after so many bytes, once, comes out of the write as the very object."""
    own = make_own(raised)
    on_byte = _once(own, after)

    source = CountingSource(parse_content(f"bytes:{2 * after + 1}").data, on_byte)
    try:
        getattr(context.backend, op)(path, source, overwrite=True)
    except BaseException as exc:
        require_own(context, own, exc)
        return
    require_raised(context, own)


@probe("operations.source_fails_once")
def source_fails_once(context: ProbeContext, path: str, op: str, raised: str, after: int) -> None:
    """A write that returns although its source has failed once has stored all of it."""
    data = parse_content(f"bytes:{2 * after + 1}").data
    try:
        getattr(context.backend, op)(path, CountingSource(data, _once(make_own(raised), after)), overwrite=True)
    except Exception:  # What comes out then is for other axioms.
        return
    seen = context.call("read_bytes()", context.backend.read_bytes, path)
    if seen != data:
        context.fail(f"an error, or all of the source: {len(data)} bytes", f"{op}() returned, and stored {len(seen)}")


@probe("operations.source_from_itself")
def source_from_itself(context: ProbeContext, path: str, target: str, op: str) -> None:
    """A file is written from a stream of the same backend."""
    context.touched.add(target)
    stream: Any = context.call("read()", context.backend.read, path)
    source = stream.chunks if isinstance(stream, AsyncStream) else stream
    try:
        context.change(f"{op}() from a stream of its own", getattr(context.backend, op), target, source)
    finally:
        context.call("close()", stream.close)
    seen = context.call("read_bytes()", context.backend.read_bytes, target)
    if seen != context.content[path]:
        context.fail(f"all {len(context.content[path])} bytes of {path}", f"{len(seen)} bytes, or others")


def _once(raised: BaseException, after: int) -> Callable[[int], None]:
    """Return a callback that raises the first time it is called with more bytes than that."""
    left = [raised]

    def on_byte(at: int) -> None:
        if at > after and left:
            raise left.pop()

    return on_byte


@probe("operations.source_changed_later")
def source_changed_later(context: ProbeContext, path: str, op: str, content: str) -> None:
    """The source is overwritten once the write has returned."""
    source = io.BytesIO(parse_content(content).data)
    context.call(f"{op}()", getattr(context.backend, op), path, source)
    source.seek(0)
    source.write(b"\xff" * len(source.getbuffer()))
