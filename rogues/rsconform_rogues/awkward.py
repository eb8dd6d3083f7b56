"""Deeds of rogues that are wrong about streams, blocks, sources and names."""

from __future__ import annotations

import io
import posixpath
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from remote_store import AlreadyExists, BackendUnavailable, RemotePath, RemoteStoreError, WriteResult

from rsconform_rogues.deeds import blobs
from rsconform_rogues.flat import Blob
from rsconform_rogues.operators import Around, Call, When

PIECE: Final = 4096

DOTTED: Final = When(lambda _call, path: ".." in path.split("/"))
SLASHED: Final = When(lambda _call, path: path.startswith("/") or path.endswith("/"))
HOLLOW: Final = When(lambda _call, path: "//" in path.strip("/"))
LENGTHY: Final = When(lambda _call, path: len(path) > 255)
IN_ANOTHER_CASE: Final = When(lambda call, path: path != path.lower() and call.rightly("is_file", path.lower()))
SPELLED_OTHERWISE: Final = When(
    lambda call, path: path != call.arguments["dst"] and without_dots(path) == without_dots(str(call.arguments["dst"]))
)
SAME_SIZE: Final = When(lambda call, path: len(call.rightly("read_bytes", path)) == len(call.arguments["content"]))


# Paths.


def renamed(change: Callable[[str], str]) -> Callable[[Call], Any]:
    """Return the deed of taking another path than the one that was given: of copy(), the source."""

    def do(call: Call) -> Any:
        name = next(iter(call.arguments))
        return call.proceed(**{name: change(call.path)})

    return do


def without_dots(path: str) -> str:
    return posixpath.normpath(path)


def matching(key: str, path: str) -> bool:
    return fnmatchcase(key, path)


def in_lower_case(call: Call) -> Any:
    return call.proceed(path=call.path.lower(), overwrite=True)


# Streams.


def end_only_once(stream: Any) -> Any:
    """Raise where a stream is read again after its end."""
    ended: list[bool] = []

    def read(stream: Any, *size: int) -> Any:
        if ended:
            raise ValueError("there is nothing left")
        piece = stream.read(*size)
        if not piece and size != (0,):
            ended.append(True)
        return piece

    return Around(stream, read=read)


def a_byte_more(stream: Any, size: int = -1) -> Any:
    return stream.read(size + 1 if size > 1 else size)


def relative_as_absolute(stream: Any, offset: int, whence: int = 0) -> int:
    return int(stream.seek(offset, 0 if whence == 1 else whence))


def offset_from_the_end(stream: Any, offset: int, whence: int = 0) -> int:
    at = int(stream.seek(offset, whence))
    return offset if whence == 2 else at


def around_the_corner(stream: Any, offset: int, whence: int = 0) -> int:
    return int(stream.seek(offset, 2 if whence == 0 and offset < 0 else whence))


def read_before(stream: Any) -> Any:
    return io.BufferedReader(io.BytesIO(stream.read()))


def first_mebibyte(stream: Any) -> Any:
    return io.BytesIO(stream.read(1 << 20))


def lent(call: Call) -> Any:
    """Have thirty connections, of which one that is not read to its end never comes back."""
    out: list[object] = call.backend.__dict__.setdefault("_lent", [])
    if len(out) >= 30:
        raise BackendUnavailable("no connection left", path=call.path, backend=call.backend.name)
    out.append(call.path)

    def read(stream: Any, *size: int) -> Any:
        piece = stream.read(*size)
        if not piece and out:
            out.pop()
        return piece

    return Around(call.proceed(), read=read)


def one_reader(call: Call) -> Any:
    """Have one stream per file, rewound for whoever asks next."""
    readers: dict[str, Any] = call.backend.__dict__.setdefault("_readers", {})
    reader = readers.get(call.path)
    if reader is None or reader.closed:
        reader = readers[call.path] = call.proceed()
    reader.seek(0)
    return reader


def cut_off(call: Call) -> Any:
    """Let a stream end where its file is gone."""

    def read(stream: Any, *size: int) -> Any:
        return stream.read(*size) if call.path in blobs(call) else b""

    return Around(call.proceed(), read=read)


def blanked(call: Call) -> Any:
    """Let a stream give zeros where its file is another by now."""
    blob = blobs(call).get(call.path)

    def read(stream: Any, *size: int) -> Any:
        piece = stream.read(*size)
        return piece if blobs(call).get(call.path) is blob else bytes(len(piece))

    return Around(call.proceed(), read=read)


# Sources.


def until_a_short_piece(call: Call) -> Any:
    """Take a piece that is shorter than what was asked for as the last."""
    content = call.arguments["content"]
    pieces = [content.read(PIECE)]
    while len(pieces[-1]) == PIECE:
        pieces.append(content.read(PIECE))
    return call.proceed(content=b"".join(pieces))


def a_byte_short(content: bytes) -> bytes:
    return content[:-1] if len(content) == 64 * 1024 + 1 else content


def tried_again(call: Call) -> Any:
    """Begin once more when something came in between, with whatever the source has left."""
    try:
        return call.proceed()
    except BaseException:
        return call.proceed()


def interrupts_mapped(call: Call) -> Any:
    try:
        return call.proceed()
    except Exception:
        raise
    except BaseException as exc:
        raise BackendUnavailable("interrupted", path=call.path, backend=call.backend.name) from exc


def source_errors_mapped(call: Call) -> Any:
    try:
        return call.proceed()
    except RemoteStoreError:
        raise
    except Exception as exc:
        raise BackendUnavailable("the source failed", path=call.path, backend=call.backend.name) from exc


def in_place(call: Call) -> Any:
    """Let the file grow as its source is read."""
    content = call.arguments["content"]
    data = b""
    while piece := content.read(PIECE):
        data += piece
        blobs(call)[call.path] = Blob(data, datetime.now(UTC))
    return WriteResult(RemotePath(call.path), len(data))


def temp_file_first(call: Call) -> Any:
    """Write a temp file, and look whether that was wanted afterwards."""
    temp = f"{call.path}.tmp"
    blobs(call)[temp] = Blob(b"", datetime.now(UTC))
    try:
        return call.proceed(content=call.arguments["content"].read())
    finally:
        del blobs(call)[temp]


def litter(call: Call) -> Any:
    """Leave a temp file behind where the source fails."""
    try:
        return call.proceed()
    except RemoteStoreError:
        raise
    except BaseException:
        call.rightly("write", f"{call.path}.tmp", b"half", overwrite=True)
        raise


def read_for_nothing(call: Call) -> None:
    call.arguments["content"].read()


def plainly(call: Call) -> Any:
    return call.rightly("write", call.path, call.arguments["content"], overwrite=call.arguments["overwrite"])


def left_as_it_was(call: Call) -> Any:
    return WriteResult(RemotePath(call.path), len(call.arguments["content"]))


class _Kept:
    """A blob that is still its source."""

    modified_at = datetime(2001, 1, 1, tzinfo=UTC)
    metadata = None

    def __init__(self, source: Any) -> None:
        self._source = source

    @property
    def data(self) -> bytes:
        return bytes(self._source.getvalue())


def source_kept(call: Call) -> Any:
    source = call.arguments["content"]
    blobs(call)[call.path] = _Kept(source)
    return WriteResult(RemotePath(call.path), len(source.getvalue()))


# Blocks of open_atomic().


@contextmanager
def published_early(call: Call) -> Iterator[Any]:
    call.rightly("write", call.path, b"", overwrite=True)
    with call.proceed(overwrite=True) as file:
        yield file


@contextmanager
def body_mapped(call: Call) -> Iterator[Any]:
    try:
        with call.proceed() as file:
            yield file
    except OSError as exc:
        raise BackendUnavailable("the disk", path=call.path, backend=call.backend.name) from exc


@contextmanager
def littered(call: Call) -> Iterator[Any]:
    with call.proceed() as file:
        try:
            yield file
        except BaseException:
            call.rightly("write", f"{call.path}.tmp", b"half", overwrite=True)
            raise


def _refuse_existing(call: Call) -> None:
    if not call.arguments["overwrite"] and call.rightly("is_file", call.path):
        raise AlreadyExists("there", path=call.path, backend=call.backend.name)


@contextmanager
def refused_at_the_end(call: Call) -> Iterator[Any]:
    with call.proceed(overwrite=True) as file:
        yield file
        _refuse_existing(call)


@contextmanager
def refused_at_the_start(call: Call) -> Iterator[Any]:
    _refuse_existing(call)
    with call.proceed(overwrite=True) as file:
        yield file


@contextmanager
def lost_to_a_rival(call: Call) -> Iterator[Any]:
    """Swallow what the end of the block raises where a file was made meanwhile."""
    block = call.proceed()
    file = block.__enter__()
    try:
        yield file
    except BaseException:
        if not block.__exit__(*sys.exc_info()):
            raise
        return
    with suppress(AlreadyExists):
        block.__exit__(None, None, None)


@contextmanager
def appended(call: Call) -> Iterator[Any]:
    with call.proceed() as file:
        file.write(call.rightly("read_bytes", call.path))
        yield file


@contextmanager
def mute(call: Call) -> Iterator[Any]:
    with call.proceed() as file:
        yield Around(file, tell=lambda _file: 0)


@contextmanager
def kept_as_given(call: Call) -> Iterator[Any]:
    """Keep what is written until the end, without a copy."""
    pieces: list[Any] = []
    with call.proceed() as file:
        yield Around(file, write=lambda _file, piece: pieces.append(piece))
        file.write(b"".join(pieces))


@contextmanager
def up_to_its_position(call: Call) -> Iterator[Any]:
    """Store of a block's file what lies before its position."""
    written = io.BytesIO()
    with call.proceed() as file:
        yield written
        file.write(written.getvalue()[: written.tell()])


# Listings.


def listed_before(call: Call) -> Iterator[Any]:
    """List a folder as it was listed before."""
    known = call.backend.__dict__.setdefault("_listings", {})
    asked = (call.path, call.arguments["recursive"], call.arguments["max_depth"])
    if asked not in known:
        known[asked] = list(call.proceed())
    yield from known[asked]


def parent_forgotten(call: Call) -> None:
    """Forget how the folder was listed that a file came into or went from, and no other."""
    known = call.backend.__dict__.get("_listings", {})
    changed = {posixpath.dirname(str(call.arguments.get(name, ""))) for name in ("path", "src", "dst")}
    for asked in [asked for asked in known if asked[0] in changed]:
        del known[asked]


def source_closed(call: Call) -> None:
    getattr(call.arguments["content"], "close", lambda: None)()


def lost_to_itself(call: Call) -> None:
    """Put the file there, and delete it as what it was moved from."""
    call.rightly("delete", without_dots(call.path))


def busy(call: Call) -> Iterator[Any]:
    """Have one cursor, which a listing holds until its end."""
    if call.backend.__dict__.get("_busy"):
        raise BackendUnavailable("another listing is open", path=call.path, backend=call.backend.name)
    call.backend._busy = True
    yield from call.proceed()
    call.backend._busy = False


class _InTurn(io.BytesIO):
    """A stream that is read under a lock of the backend."""

    def __init__(self, data: bytes, lock: threading.Lock) -> None:
        super().__init__(data)
        self._lock = lock

    def read(self, size: int | None = -1, /) -> bytes:
        with self._lock:
            return super().read(size)


def _turn(call: Call) -> threading.Lock:
    lock: threading.Lock = call.backend.__dict__.setdefault("_turn", threading.Lock())
    return lock


def in_turn(call: Call) -> Any:
    """Hold a lock while the source is read."""
    with _turn(call):
        return call.proceed()


def read_in_turn(call: Call) -> Any:
    return _InTurn(call.proceed().read(), _turn(call))


def in_pages_by_number(call: Call) -> Iterator[Any]:
    """List in pages of a hundred, and begin each by its number in the store as it is then."""
    number = 0
    while True:
        page = sorted(call.proceed(), key=lambda entry: str(entry.path))[number : number + 100]
        yield from page
        if len(page) < 100:
            return
        number += 100


def by_number(call: Call) -> Iterator[Any]:
    """List entry by entry, each by its number in the store as it is then."""
    number = 0
    while True:
        entries = sorted(call.proceed(), key=lambda entry: str(entry.path))
        if number >= len(entries):
            return
        yield entries[number]
        number += 1
