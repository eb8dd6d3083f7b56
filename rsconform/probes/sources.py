"""Sources that look at the store while they are read, that raise what is not an Exception, or that change later."""

from __future__ import annotations

import io
from functools import partial

from remote_store import AlreadyExists

from rsconform.cases.content import parse_content
from rsconform.probes import ProbeContext, probe
from rsconform.probes.looking import looking_at, shown
from rsconform.probes.own import demand_own, demand_raised, make_own
from rsconform.probes.telling import Telling


@probe("sources.unseen")
def unseen(context: ProbeContext, path: str, content: str, by: str) -> None:
    """While write_atomic() reads its source, the path shows what it showed before."""
    with looking_at(context, path, by) as look:
        before = look()
        seen: list[str] = []

        def told(at: int) -> None:
            now = look()
            if now != before:
                seen.append(f"{shown(now)} when the source was at byte {at}")

        source = Telling(parse_content(content).data, told)
        context.call("write_atomic()", context.backend.write_atomic, path, source, overwrite=True)
        if seen:
            context.fail(f"{shown(before)} until the source is read", seen[0])


@probe("sources.conflict")
def conflict(context: ProbeContext, path: str, content: str, overwrite: str) -> None:
    """write_atomic() onto a file raises AlreadyExists, and has begun nothing by then that the auditor can see."""
    audit = context.subject.audit
    if audit is None:
        context.skip("audit")
    before = audit()
    begun: list[str] = []

    def told(at: int) -> None:
        now = audit()
        new = sorted({*now.files, *now.residue} - {*before.files, *before.residue})
        if new:
            begun.append(f"{', '.join(new[:3])} begun when the source was at byte {at}")

    source = Telling(parse_content(content).data, told)
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


@probe("sources.raises")
def raises(context: ProbeContext, path: str, op: str, raised: str, after: int) -> None:
    """What a source raises after so many bytes comes out of the write as the very object."""
    own = make_own(raised)

    def told(at: int) -> None:
        if at > after:
            raise own

    source = Telling(parse_content(f"bytes:{2 * after + 1}").data, told)
    try:
        getattr(context.backend, op)(path, source, overwrite=True)
    except BaseException as exc:
        demand_own(context, own, exc)
        return
    demand_raised(context, own)


@probe("sources.changed")
def changed(context: ProbeContext, path: str, op: str, content: str) -> None:
    """The source is overwritten once the write has returned."""
    source = io.BytesIO(parse_content(content).data)
    context.call(f"{op}()", getattr(context.backend, op), path, source)
    source.seek(0)
    source.write(b"\xff" * len(source.getbuffer()))
