"""What an error says for itself."""

from __future__ import annotations

from collections.abc import Iterator

from remote_store import RemoteStoreError

from rsconform.probes import ProbeContext, probe


@probe("operations.error_text")
def error_text(context: ProbeContext, op: str, path: str) -> None:
    """An error has a message of its own, and its str and repr show every attribute that is set."""
    operation = getattr(context.backend, op)
    try:
        operation(path, b"x") if op in ("write", "write_atomic") else operation(path)
    except RemoteStoreError as exc:
        wrong = "; ".join(_faults(exc))
        if wrong:
            context.fail("a message, and in str and repr every attribute that is set", f"{type(exc).__name__}: {wrong}")
    except Exception:
        context.skip("an error of remote_store")
    else:
        context.skip("an error")


def _faults(error: RemoteStoreError) -> Iterator[str]:
    if not error.args or not str(error.args[0]).strip():
        yield "no message"
    shown = {"str": str(error), "repr": repr(error)}
    if type(error).__name__ not in shown["repr"]:
        yield "repr does not name the class"
    for attribute in ("path", "backend", "capability"):
        value = getattr(error, attribute, None)
        for way, said in shown.items():
            # An unusual path may stand there escaped.
            if value and str(value) not in said and repr(value)[1:-1] not in said:
                yield f"{way} lacks {attribute}={value!r}"
