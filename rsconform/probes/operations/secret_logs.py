"""Whether the secrets that a lane declares stay where they belong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from rsconform.lanes.async_facade import class_of
from rsconform.probes import ProbeContext, probe
from rsconform.probes.support.usage import use_everything


def shows_secret(text: str, secrets: tuple[str, ...]) -> bool:
    """Return whether a text contains a secret, as it is or as a URL has it."""
    return any(form in text for secret in secrets for form in (secret, quote(secret), quote(secret, safe="")))


@probe("operations.secret_logs")
def secret_logs(context: ProbeContext, path: str, other: str) -> None:
    """No log record of the packages that the backend's class comes from contains a declared secret."""
    if not context.subject.secrets:
        context.skip("a secret that the lane declares")
    kind = class_of(context.backend)
    packages = {base.__module__.partition(".")[0] for base in kind.__mro__} - {"abc", "builtins", "typing"}
    with records_of(packages) as records:
        use_everything(context.backend, path, other)
    for record in records:
        if shows_secret(logging.Formatter().format(record), context.subject.secrets):
            context.fail("no declared secret in a log record", f"a {record.levelname} record of {record.name} has one")


@contextmanager
def records_of(packages: set[str]) -> Iterator[list[logging.LogRecord]]:
    """Yield the list that every record of some packages' loggers goes to, from DEBUG on, while this lasts."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keep(logging.DEBUG)
    loggers = [logging.getLogger(package) for package in packages]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False  # The records are only watched; they must not reach the output of other tests.
    try:
        yield records
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
