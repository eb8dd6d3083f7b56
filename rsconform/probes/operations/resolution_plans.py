"""What a ResolutionPlan shows, and that no other operation makes one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rsconform.cases.deferred import show
from rsconform.probes import ProbeContext, probe
from rsconform.probes.operations.secret_logs import shows_secret
from rsconform.probes.support.usage import use_everything

# A user with a password before the host of a URL.
_USERINFO: Final = re.compile(r"//[^/@\s]*:[^/@\s]+@")

_DATABASE_URL: Final = re.compile(
    r"\b(postgres(ql)?|mysql|mariadb|oracle|mssql|mongodb|redis|snowflake|duckdb|cockroachdb)(\+\w+)*://", re.IGNORECASE
)
_QUERY: Final = re.compile(
    r"\s*(select\b.+\bfrom\b|insert\s+into\b|update\b.+\bset\b|delete\s+from\b|with\b.+\bas\s*\()",
    re.IGNORECASE | re.DOTALL,
)


@probe("operations.plan_details")
def plan_details(context: ProbeContext, path: str) -> None:
    """Neither can an item of a plan's details be set, nor does one that its maker keeps change them."""
    plan = context.call("resolve()", context.backend.resolve, path)
    before = dict(plan.details)
    try:
        plan.details["rsconform"] = "changed"
    except TypeError:
        return
    except Exception as exc:
        context.fail("TypeError from setting an item of details", f"{type(exc).__name__}: {exc}")
    context.fail(f"details to stay {show(before)}", show(dict(plan.details)))


@probe("operations.plan_json")
def plan_json(context: ProbeContext, path: str) -> None:
    """The details of a plan can be written as JSON."""
    plan = context.call("resolve()", context.backend.resolve, path)
    try:
        json.dumps(dict(plan.details))
    except (TypeError, ValueError) as exc:
        context.fail("details that JSON can hold", f"{show(dict(plan.details))}: {exc}")


@probe("operations.plan_secrets")
def plan_secrets(context: ProbeContext, path: str) -> None:
    """Nothing that a plan shows contains a declared secret, or a password before the host of a URL."""
    plan = context.call("resolve()", context.backend.resolve, path)
    shown = {
        "repr": repr(plan),
        "str": str(plan),
        "native_path": str(plan.native_path),
        "details": repr(dict(plan.details)),
    }
    for where, text in shown.items():
        if shows_secret(text, context.subject.secrets):
            context.fail(f"no declared secret in {where} of a plan", "one of them is in it")
        if _USERINFO.search(text):
            context.fail(f"no password before a host in {where} of a plan", "there is one")


@probe("operations.plan_texts")
def plan_texts(context: ProbeContext, path: str) -> None:
    """No text in a plan's details has the form of a database URL or of an SQL query."""
    plan = context.call("resolve()", context.backend.resolve, path)
    for text in _texts(plan.details):
        if _DATABASE_URL.search(text):
            context.fail("no URL of a database in the details of a plan", "there is one")
        if _QUERY.match(text):
            context.fail("no SQL query in the details of a plan", show(text))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, list | tuple):
        yield from (text for item in value for text in _texts(item))


@probe("operations.plan_on_request")
def plan_on_request(context: ProbeContext, path: str, other: str) -> None:
    """No other operation calls resolve()."""
    backend: Any = context.backend
    resolve = backend.resolve
    asked: list[object] = []

    def watched(*args: object, **options: object) -> Any:
        asked.append(args)
        return resolve(*args, **options)

    try:
        backend.resolve = watched
    except AttributeError:
        context.skip("an instance that takes attributes")
    try:
        use_everything(backend, path, other)
    finally:
        del backend.resolve
    if asked:
        context.fail(
            "no call of resolve() by another operation", f"{len(asked)} calls, the first with {show(asked[0])}"
        )
