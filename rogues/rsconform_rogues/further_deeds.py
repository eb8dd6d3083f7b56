"""What further rogues do instead of what is right: one plausible bug each."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from remote_store import AlreadyExists, ContentDigest, NotFound

from rsconform_rogues.awkward import without_dots
from rsconform_rogues.deeds import STREAM
from rsconform_rogues.operators import Call, When

BYTES_IO: Final = STREAM & When(lambda call, _: isinstance(call.arguments["content"], io.BytesIO))

WITH_RANGE: Final = When(lambda call, _: re.search(r"\[!?\w-\w]", call.arguments["pattern"]) is not None)


def no_sha3(_model: object) -> ContentDigest:
    """Name an algorithm, and give zeros."""
    return ContentDigest("sha3-256", "00" * 32)


@contextmanager
def in_one_buffer(call: Call) -> Iterator[Any]:
    """Gather what blocks write in one place of the instance."""
    buffer = call.backend.__dict__.setdefault("_block", io.BytesIO())
    with call.proceed() as file:
        start = buffer.tell()
        yield buffer
        file.write(buffer.getvalue()[start:])


def replaced_then_refused(call: Call) -> Any:
    """Overwrite the file whose name differs in case alone, and then say that there is one."""
    call.proceed(path=call.path.lower(), overwrite=True)
    raise AlreadyExists("there is such a file", path=call.path, backend=call.backend.name)


def cleared_then_refused(call: Call) -> Any:
    """Delete the target to make room for the move, and find then that there is no source."""
    call.rightly("delete", without_dots(call.path))
    raise NotFound("there is no such file", path=call.path, backend=call.backend.name)


def described_once(call: Call) -> Any:
    """Remember what a file was, until this very instance changes something."""
    known: dict[str, Any] = call.backend.__dict__.setdefault("_described", {})
    if call.path not in known:
        known[call.path] = call.proceed()
    return known[call.path]


def forgotten(call: Call) -> None:
    """Forget what files were."""
    call.backend.__dict__.setdefault("_described", {}).clear()
