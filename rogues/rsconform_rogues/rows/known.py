"""Rogues that do what libraries for files and objects did once, until somebody lost something by it."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from remote_store import AlreadyExists, NotFound

from rsconform_rogues.deeds import STREAM, blobs
from rsconform_rogues.operators import FOLDER, ROOT, Call, Deed, When, alters, instead, stores, then
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


def by_the_next_key(call: Call) -> bool:
    """Look at nothing but the first key that begins as the path does."""
    key = next((key for key in sorted(blobs(call)) if key.startswith(call.path)), "")
    return key.startswith(f"{call.path}/")


def temp_cleared(call: Call) -> None:
    """Clear up what would be a temporary file of one's own."""
    blobs(call).pop(f"{call.path}.tmp", None)


def packed(call: Call) -> Any:
    content = call.arguments["content"]
    return call.proceed(content=gzip.compress(content if isinstance(content, bytes) else content.read()))


def not_as_backups(entries: Iterator[Any]) -> Iterator[Any]:
    return (entry for entry in entries if not str(entry.path).endswith(("~", ".bak")) or str(entry.path) == "~")


class ReadAhead(io.RawIOBase):
    """A stream with a block that was fetched ahead; a little before it counts as in it, where it ends by its index."""

    def __init__(self, source: Any) -> None:
        self._data = io.BytesIO(source.read())
        self._block, self._start, self._at = b"", 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._data.seek(self._at)
        self._at = self._data.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        within = self._at - self._start
        if not -100 <= within < len(self._block):
            self._data.seek(self._at)
            self._block, self._start, within = self._data.read(1 << 16), self._at, 0
        piece = self._block[within:][: len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def in_text_order(size: int) -> Deed:
    """Return the deed of storing parts of a size in the order of their numbers as text."""

    def store(call: Call) -> Any:
        data = call.arguments["content"].read()
        parts = {str(at // size + 1): data[at : at + size] for at in range(0, len(data), size)}
        return call.proceed(content=b"".join(parts[number] for number in sorted(parts)))

    return store


def without_a_last_part(call: Call) -> Any:
    """Store whole parts of five mebibytes, and take the last of them for the end where nothing follows it."""
    size, data = 5 << 20, call.arguments["content"].read()
    return call.proceed(content=data[:-size] if data and len(data) % size == 0 else data)


def without_holes(content: bytes) -> bytes:
    """Leave out the blocks of zeros at the end, as if they were holes."""
    while len(content) >= _BLOCK and not any(content[-_BLOCK:]):
        content = content[:-_BLOCK]
    return content


def from_folded_names(call: Call) -> Iterator[Any]:
    """List in pages of a thousand, each of what comes after the last name of the one before, in whatever case."""
    entries = sorted(call.proceed(), key=lambda entry: str(entry.path))
    last = ""
    while page := list(islice((one for one in entries if str(one.path).lower() > last), 1000)):
        yield from page
        last = str(page[-1].path).lower()


def folders_of_pages(call: Call) -> Iterator[Any]:
    """List folders in pages of a thousand keys: one that goes on over the end of a page comes twice."""
    entries = {str(entry.path): entry for entry in call.proceed()}
    keys = (key for key in sorted(blobs(call)) if key.startswith(f"{call.path}/"))
    while page := list(islice(keys, 1000)):
        folders = dict.fromkeys("/".join(key.split("/")[: call.path.count("/") + 2]) for key in page)
        yield from (entries[folder] for folder in folders if folder in entries)


def counted_to_a_thousand(call: Call) -> Any:
    info = call.proceed()
    return replace(info, file_count=min(info.file_count, 1000))


def words_filled_in(call: Call) -> Any:
    """Put the name of what is missing into the words of an error before the rest is filled in."""
    try:
        return call.proceed()
    except NotFound as exc:
        said = f"there is no {call.path} in {{store}}".format(store=call.backend.name)
        raise NotFound(said, path=call.path, backend=call.backend.name) from exc


def words_filled_in_by_percent(call: Call) -> Any:
    try:
        return call.proceed()
    except AlreadyExists as exc:
        said = f"there is {call.path} in %s" % call.backend.name
        raise AlreadyExists(said, path=call.path, backend=call.backend.name) from exc


_BLOCK: Final = 4096
PACKED: Final = When(lambda _call, path: path.endswith(".gz"))

ROWS: Final[tuple[Rogue, ...]] = (
    row("BE-004c", "looks-at-the-next-key", "flat", instead("exists", by_the_next_key, FOLDER & ~ROOT)),
    row("BE-005b", "looks-at-the-next-key", "flat", instead("is_folder", by_the_next_key, FOLDER & ~ROOT)),
    row(
        "BE-015a", "lists-folders-page-by-page", "flat", instead("list_folders", folders_of_pages, ~ROOT), reason="once"
    ),
    row("BE-017a", "counts-one-page", "flat", instead("get_folder_info", counted_to_a_thousand), reason="1002"),
    row("DEPTH-003a", "goes-on-from-folded-names", "flat", instead("list_files", from_folded_names), reason="once"),
    row("SIO-003a", "orders-parts-as-text", "memory", instead("write", in_text_order(8 << 20), STREAM), reason="bytes"),
    row("SIO-003a", "loses-a-whole-last-part", "memory", instead("write", without_a_last_part, STREAM), reason="a"),
    row("SIO-003a", "has-no-holes-at-the-end", "flat", stores("write_atomic", without_holes), also="BE-010a WR-003"),
    row("ERR-002", "fills-in-names", "memory", instead("get_file_info", words_filled_in), also="BE-021a"),
    row("ERR-003", "fills-in-names", "flat", instead("write", words_filled_in_by_percent), also="BE-021a"),
    row("SIO-008b", "counts-back-from-the-end-of-its-block", "flat", alters("read", ReadAhead), also="SEEK-003a"),
    row("SEEK-003a", "counts-back-from-the-end-of-its-block", "flat", alters("read_seekable", ReadAhead)),
    row("KIT-020", "clears-up-what-is-not-its-own", "flat", then("write", temp_cleared), also="KIT-003"),
    row("KIT-020", "packs-by-name", "flat", instead("write", packed, PACKED), also="WR-003"),
    row("KIT-021", "unpacks-by-name", "flat", alters("read_bytes", gzip.decompress, PACKED), also="BE-021a"),
    row("KIT-023", "hides-backups", "flat", alters("list_files", not_as_backups), reason="missing"),
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
