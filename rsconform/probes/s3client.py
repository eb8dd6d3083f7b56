"""Watching the botocore client of a backend: what is sent through it, and what happens just before and after."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from remote_store import Backend, CapabilityNotSupported

from rsconform.lanes.facade import class_of
from rsconform.probes import ProbeContext


@dataclass(frozen=True, slots=True)
class Sent:
    """One call of an S3 operation, with its parameters."""

    operation: str
    parameters: Mapping[str, Any]

    def __str__(self) -> str:
        return self.operation


def client_of(context: ProbeContext, backend: Backend | None = None) -> Any:
    """Return the botocore client of a backend, by default of the one under test.

    Where there is none to watch, the case is not exercised: only S3B-127 asks for a client.
    """
    from botocore.client import BaseClient

    try:
        return (backend or context.backend).unwrap(BaseClient)
    except CapabilityNotSupported:
        context.skip_without("a botocore client")
    except Exception as exc:
        context.fail("unwrap(BaseClient) to return", f"{type(exc).__name__}: {exc}")


def bucket_of(context: ProbeContext) -> str:
    """Return the name of the subject's bucket."""
    return str(context.call("native_path('')", context.backend.native_path, ""))


def constructed(context: ProbeContext, variant: str, **options: object) -> Backend:
    """Return another instance of the class under test; what its constructor raises goes on its way."""
    variants = context.subject.variants or {}
    if variant not in variants:
        context.skip_without(f"variants: {variant}")
    make: Any = class_of(context.backend)
    backend: Backend = make(**{**variants[variant], **options})
    return backend


@contextmanager
def another(context: ProbeContext, variant: str = "plain", **options: object) -> Iterator[Backend]:
    """Yield another instance of the class under test, and close it."""
    backend = context.call("the constructor", constructed, context, variant, **options)
    try:
        yield backend
    finally:
        closed(backend)


def closed(backend: Any) -> None:
    """Close a backend; what closing owes is for the axioms about it."""
    try:
        backend.close()
    except Exception:
        return


@contextmanager
def peer_of(context: ProbeContext) -> Iterator[Backend]:
    """Yield another client of the same store."""
    peer = context.subject.make()
    try:
        yield peer
    finally:
        closed(peer)


@contextmanager
def recording(client: Any) -> Iterator[list[Sent]]:
    """Yield the list that every operation of a client is added to, in order, while this lasts."""
    sent: list[Sent] = []
    lock = threading.Lock()

    def record(params: Mapping[str, Any], model: Any, **_: object) -> None:
        with lock:
            sent.append(Sent(model.name, dict(params)))

    client.meta.events.register("provide-client-params.s3", record, unique_id="rsconform-record")
    try:
        yield sent
    finally:
        client.meta.events.unregister("provide-client-params.s3", unique_id="rsconform-record")


@contextmanager
def meddling(client: Any, event: str, deed: Callable[[Mapping[str, Any]], object]) -> Iterator[list[str]]:
    """Do something once, when an event of the client comes: `before-call.s3.PutObject`, `after-call.s3.PutObject`.

    Yields the list of what has been done: empty as long as the event has not come. The deed is given the answer after
    a call, and nothing before one. Requests of its own through the same client do not set it off again.
    """
    done: list[str] = []

    def once(parsed: Mapping[str, Any] | None = None, **_: object) -> None:
        if not done:
            done.append(event)
            deed(parsed or {})

    client.meta.events.register(event, once, unique_id="rsconform-meddle")
    try:
        yield done
    finally:
        client.meta.events.unregister(event, unique_id="rsconform-meddle")


def shown(sent: list[Sent]) -> str:
    """Return what was sent, in words."""
    return ", ".join(map(str, sent)) or "nothing"
