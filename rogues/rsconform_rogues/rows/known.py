"""Rogues that do what libraries for files and objects did once, until somebody lost something by it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rsconform_rogues.deeds import STREAM
from rsconform_rogues.operators import Call, Deed, instead
from rsconform_rogues.row import Rogue, row


def taking(found: Callable[[Any], bytes | None]) -> Deed:
    """Return the deed of storing what is found out about a source, if anything is, and else what it reads."""

    def take(call: Call) -> Any:
        content = found(call.arguments["content"])
        return call.proceed() if content is None else call.proceed(content=content)

    return take


def by_descriptor(source: Any) -> bytes | None:
    try:
        descriptor = source.fileno()
    except (AttributeError, OSError):
        return None
    return b"".join(iter(lambda: os.read(descriptor, 1 << 16), b""))


def by_name(source: Any) -> bytes | None:
    name = getattr(source, "name", None)
    return Path(name).read_bytes() if isinstance(name, str) else None


def by_size_on_disk(source: Any) -> bytes | None:
    try:
        size = os.fstat(source.fileno()).st_size
    except (AttributeError, OSError):
        return None
    return bytes(source.read(size))


def whatever_it_is_called(source: Any) -> bytes | None:
    Path(getattr(source, "name", None) or "nameless")
    return None


ROWS: Final[tuple[Rogue, ...]] = (
    row("KIT-070", "reads-descriptors", "memory", instead("write", taking(by_descriptor), STREAM), reason="bytes that"),
    row("KIT-070", "reads-by-name", "flat", instead("write_atomic", taking(by_name), STREAM), reason="bytes that"),
    row("KIT-070", "believes-sizes", "memory", instead("write", taking(by_size_on_disk), STREAM), reason="the pipe"),
    row(
        "KIT-070",
        "has-files-with-names",
        "flat",
        instead("write", taking(whatever_it_is_called), STREAM),
        reason="without a name",
    ),
)
