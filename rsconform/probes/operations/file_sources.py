"""Sources that are more than what they read: files, packed files, pipes. What they read is what has to be stored."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from rsconform.cases.content import parse_content
from rsconform.probes import ProbeContext, probe

_DATA: Final = parse_content("bytes:50000").data  # More than a buffer, and less than a pipe takes before it is read.
_READ: Final = 10


@probe("operations.file_source_stored", surface="sync")
def file_source_stored(context: ProbeContext, path: str, op: str, source: str) -> None:
    """A write stores what its source reads from where it stands, not what else can be found out about it."""
    with _SOURCES[source]() as stream:
        rest = _DATA[stream.tell() if stream.seekable() else 0 :]
        result = context.call(f"{op}() of a {source}", getattr(context.backend, op), path, stream)
    seen = context.call("read_bytes()", context.backend.read_bytes, path)
    if seen != rest:
        context.fail(f"the {len(rest)} bytes that the {source} reads", f"{len(seen)} bytes stored, or others")
    size = getattr(result, "size", None)  # What is no WriteResult is for the axioms on types.
    if size not in (None, len(rest)):
        context.fail(f"a size of {len(rest)}, the bytes that the {source} reads", f"a size of {size}")


@contextmanager
def _on_disk(content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rsconform-") as folder:
        path = Path(folder) / "source"
        path.write_bytes(content)
        yield path


@contextmanager
def _file_half_read() -> Iterator[BinaryIO]:
    """A file of which something was read: its descriptor stands further on than the stream."""
    with _on_disk(_DATA) as path, path.open("rb") as file:
        file.read(_READ)
        yield file


@contextmanager
def _file_without_a_name() -> Iterator[BinaryIO]:
    """A file whose `name` is a number."""
    with tempfile.TemporaryFile() as file:
        file.write(_DATA)
        file.seek(_READ)
        yield cast("BinaryIO", file)


@contextmanager
def _packed_file() -> Iterator[BinaryIO]:
    """A file that is unpacked as it is read: its descriptor and its `name` are those of the packed one."""
    with _on_disk(gzip.compress(_DATA)) as path, gzip.open(path) as file:
        yield cast("BinaryIO", file)


@contextmanager
def _pipe() -> Iterator[BinaryIO]:
    """A pipe: the system says that its size is 0."""
    end, start = os.pipe()
    with os.fdopen(end, "rb") as source:
        with os.fdopen(start, "wb") as sink:
            sink.write(_DATA)
        yield source


@contextmanager
def _spooled_file() -> Iterator[BinaryIO]:
    """A file that is held in memory until its descriptor is needed."""
    with tempfile.SpooledTemporaryFile() as file:
        file.write(_DATA)
        file.seek(_READ)
        yield cast("BinaryIO", file)


_SOURCES: Final[Mapping[str, Callable[[], AbstractContextManager[BinaryIO]]]] = {
    "half-read file": _file_half_read,
    "file without a name": _file_without_a_name,
    "packed file": _packed_file,
    "pipe": _pipe,
    "spooled file": _spooled_file,
}
