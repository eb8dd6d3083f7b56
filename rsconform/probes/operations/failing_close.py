"""close() while the release of what the instance holds goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any, Final

from remote_store import Backend, BackendUnavailable

from rsconform.lanes.async_facade import class_of, native_of, surface_of
from rsconform.probes import ProbeContext, probe

_CLOSES: Final = ("close", "aclose", "dispose", "shutdown", "disconnect")
_PATIENCE_S: Final = 5.0
_NO_RELEASE: Final = "something of its own that close() releases"


class _ReleaseError(RuntimeError):
    """What is being closed refuses to."""


@probe("operations.close_while_release_raises")
def close_while_release_raises(context: ProbeContext) -> None:
    """An instance is closed although what it closes raises."""

    def refuse() -> None:
        raise _ReleaseError("it could not be closed")

    backend = _of_its_own(context)
    with _interfering(backend, refuse) as released:
        with suppress(Exception):  # What close() makes of it is its own affair.
            backend.close()
        if not released:
            context.skip(_NO_RELEASE)
        _require_closed(context, backend, f"{released[0]}() raised")
    backend.close()


@probe("operations.close_while_release_blocks", surface="sync")
def close_while_release_blocks(context: ProbeContext) -> None:
    """An instance is closed while it still waits for what it closes."""
    reached, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        go_on.wait()

    backend = _of_its_own(context)
    with _interfering(backend, wait) as released:
        closing = threading.Thread(target=backend.close, daemon=True)
        closing.start()
        try:
            while closing.is_alive() and not reached.wait(0.01):
                pass
            if not released:
                context.skip(_NO_RELEASE)
            _require_closed(context, backend, f"{released[0]}() blocked")
        finally:
            go_on.set()
            closing.join(_PATIENCE_S)


def _of_its_own(context: ProbeContext) -> Backend:
    """Return an instance that holds what it talks through, where the lane has a way to make one."""
    plain = (context.subject.variants or {}).get("plain")
    if plain is None or surface_of(context.backend) == "async":
        return context.backend
    kind: Any = class_of(context.backend)
    backend: Backend = context.call("the constructor", kind, **plain)
    context.call("exists()", backend.exists, "a")  # What is made on first use is made now.
    return backend


@contextmanager
def _interfering(backend: Backend, action: Callable[[], None]) -> Iterator[list[str]]:
    """Let something happen first whenever the instance closes what it holds; yields what it did close."""
    released: list[str] = []
    shadowed: list[tuple[object, str]] = []

    def closing(name: str) -> Callable[..., None]:
        def close(*_args: object, **_options: object) -> None:
            released.append(name)
            action()

        return close

    for attribute, held in _held_by(native_of(backend)):
        for method in _CLOSES:
            if callable(getattr(held, method, None)) and method not in getattr(held, "__dict__", ()):
                try:
                    setattr(held, method, closing(f"{attribute}.{method}"))
                except (AttributeError, TypeError):  # Nothing can be put in the way of its closing.
                    continue
                shadowed.append((held, method))
    try:
        yield released
    finally:
        for held, method in shadowed:
            delattr(held, method)


def _held_by(instance: object, depth: int = 3) -> Iterator[tuple[str, object]]:
    """Yield what an instance holds of other packages; how it is made up of its own package's is not looked at."""
    for name, value in list(getattr(instance, "__dict__", {}).items()):
        if value is None or isinstance(value, type | ModuleType):
            continue
        if _package(value) != _package(instance):
            yield name, value
        elif depth > 1:
            yield from ((f"{name}.{inner}", held) for inner, held in _held_by(value, depth - 1))


def _package(value: object) -> str:
    return type(value).__module__.partition(".")[0]


def _require_closed(context: ProbeContext, backend: Backend, when: str) -> None:
    for operation in ("exists", "read_bytes"):
        expected = f"BackendUnavailable from {operation}() after {when} in close()"
        try:
            getattr(backend, operation)("a")
        except BackendUnavailable:
            continue
        except Exception as exc:
            context.fail(expected, f"{type(exc).__name__}: {exc}")
        context.fail(expected, "it returned")
