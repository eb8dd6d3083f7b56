"""What rows of the table need and one line cannot hold: deeds, conditions, streams, attributes."""

from __future__ import annotations

import io
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import chain, islice
from typing import Any, Final
from unicodedata import normalize

from remote_store import Capability, CapabilitySet, FileInfo, FolderInfo, NotFound, RemotePath, WriteResult
from remote_store.backends import MemoryBackend

from rsconform_rogues.flat import Blob, ForwardOnly
from rsconform_rogues.operators import BELOW_FILE, FILE, FOLDER, HAS_FILES, ROOT, Around, Call, Late, When, Wrong, has

EARLY: Final = datetime(2001, 1, 1, tzinfo=UTC)


class LookAlike:
    """Answers as a CapabilitySet does and is none."""

    def __init__(self, capabilities: CapabilitySet) -> None:
        self.supports = capabilities.supports
        self._names = list(capabilities)

    def __iter__(self) -> Iterator[Capability]:
        return iter(self._names)


def fails(*_: object) -> Any:
    raise RuntimeError("no backend today")


def open_again(cls: type, name: str) -> Wrong:
    """Mark a method as abstract again."""

    def still_open(self: Any, *args: Any, **options: Any) -> Any:
        return getattr(cls, name)(self, *args, **options)

    return has(**{name: abstractmethod(still_open)})


def copy_by_other_names(self: Any, source: str, target: str, *, overwrite: bool = False) -> None:
    MemoryBackend.copy(self, source, target, overwrite=overwrite)


def copy_overwriting(self: Any, src: str, dst: str, *, overwrite: bool = True) -> None:
    MemoryBackend.copy(self, src, dst, overwrite=overwrite)


def blobs(call: Call) -> dict[str, Any]:
    """Return the store of a flat backend."""
    return call.backend._blobs.by_key  # type: ignore[no-any-return]


def path_like(chosen: Callable[[str, str], object]) -> Callable[[Call], None]:
    """Return the deed of removing every key that a test on key and path chooses."""

    def remove(call: Call) -> None:
        for key in [key for key in blobs(call) if chosen(key, call.path)]:
            del blobs(call)[key]

    return remove


def listing(chosen: Callable[[str, str], object]) -> Callable[[Call], Any]:
    """Return the deed of listing further files: every key that a test on key and path chooses."""

    def add(call: Call) -> Any:
        listed = list(call.proceed())
        paths = [str(info.path) for info in listed]
        more = [
            key
            for key in blobs(call)
            if key not in paths and not key.startswith(f"{call.path}/") and chosen(key, call.path)
        ]
        return iter(listed + [call.rightly("get_file_info", key) for key in more])

    return add


def longer_tail(call: Call) -> Any:
    """Write over the beginning of what is there."""
    old = call.rightly("read_bytes", call.path)
    content = call.arguments["content"]
    new = content if isinstance(content, bytes) else content.read()
    return call.proceed(content=new + old[len(new) :])


def one_read(call: Call) -> Any:
    return call.proceed(content=call.arguments["content"].read(65536))


def rewound(call: Call) -> Any:
    content = call.arguments["content"]
    if content.seekable():
        content.seek(0)
    return call.proceed()


def replaced_folder(call: Call) -> None:
    call.rightly("delete_folder", call.path, recursive=True)


def immediate_only(call: Call) -> None:
    path_like(lambda key, path: key.startswith(f"{path}/") and "/" not in key[len(path) + 1 :])(call)


def first_hundred(call: Call) -> None:
    for info in list(islice(call.rightly("list_files", call.path, recursive=True), 100)):
        call.rightly("delete", str(info.path))


def into_folder(call: Call) -> Any:
    name = call.path.rpartition("/")[2]
    return call.proceed(dst=f"{call.arguments['dst']}/{name}")


def copied_only(call: Call) -> None:
    call.rightly("copy", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])


def moved_away(call: Call) -> None:
    call.rightly("move", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])


def metadata_lost(call: Call) -> None:
    dst = call.arguments["dst"]
    call.rightly("write", dst, call.rightly("read_bytes", dst), overwrite=True)


def linked(call: Call) -> None:
    """Let the copy share its bytes with the source, in the tree of a MemoryBackend."""
    parent, _, name = str(call.arguments["dst"]).rpartition("/")
    node = call.backend._traverse(call.backend._split_path(call.path))
    call.backend._traverse(call.backend._split_path(parent)).children[name] = node


def spelled_as_given(call: Call) -> None:
    blobs(call)[call.arguments["dst"]] = blobs(call)[call.path]


def folder_of_target(call: Call) -> None:
    call.backend._ensure_parents(call.backend._split_path(call.arguments["dst"]))


def only_top_level(call: Call) -> FolderInfo:
    files = list(call.rightly("list_files", ""))
    return FolderInfo(RemotePath.ROOT, len(files), sum(info.size for info in files))


def at_first_time(call: Call) -> FolderInfo:
    """Take the time of the file that is listed first for the folder's."""
    info: FolderInfo = call.proceed()
    first = next(iter(call.rightly("list_files", call.path, recursive=True)), None)
    return replace(info, modified_at=None if first is None else first.modified_at)


def empty_folder_info(call: Call) -> FolderInfo:
    return FolderInfo(RemotePath.from_backend_path(call.path), 0, 0)


def itself_listed(call: Call) -> Any:
    return iter([call.rightly("get_file_info", call.path)])


def deep_folders(call: Call) -> Any:
    found = list(call.proceed())
    deeper = (call.rightly("list_folders", str(entry.path)) for entry in found)
    return chain(found, *deeper)


def written_nowhere(call: Call) -> WriteResult:
    return WriteResult(RemotePath("nowhere"), 0)


def with_key_added(call: Call) -> None:
    call.arguments["metadata"]["added"] = "here"


def mapping_kept(call: Call) -> Any:
    """Keep the mapping of metadata that was handed over, not a copy of it."""
    result = call.proceed()
    stored = blobs(call)
    stored[call.path] = replace(stored[call.path], metadata=call.arguments["metadata"])
    return result


def mapping_told(call: Call) -> Any:
    """Hand out the mapping of metadata that is stored, not a copy of it."""
    told, stored = call.proceed(), blobs(call)
    stored[call.path] = replace(stored[call.path], metadata=told.metadata)
    return told


def spool(max_size: int, *, closing: bool = True) -> Callable[[Any], Callable[[str], Any]]:
    """Return what makes a read_seekable() that spools."""

    def for_backend(backend: Any) -> Callable[[str], Any]:
        def read_seekable(path: str) -> Any:
            source = backend.read(path)
            kept = tempfile.SpooledTemporaryFile(max_size=max_size)  # noqa: SIM115  # It is what is returned.
            try:
                kept.write(source.read())
            finally:
                if closing:
                    source.close()
            kept.seek(0)
            return kept

        return read_seekable

    return for_backend


def copying(backend: Any) -> Callable[[str], Any]:
    return lambda path: io.BytesIO(backend.read(path).read())


def in_halves(stream: Any, buffer: Any) -> int:
    view = memoryview(buffer)
    half = len(view) // 2
    count = stream.readinto(view[:half]) if half else 0
    return int(count + stream.readinto(view[half:]))


def read_at_once(stream: Any) -> Any:
    stream.readinto(bytearray(1))
    stream.seek(0)
    return stream


def asking(method: str) -> Callable[[Call], Any]:
    """Return the deed of giving a reader, one of whose methods sends a request of its own."""

    def do(call: Call) -> Any:
        def asked_first(stream: Any, *args: Any) -> Any:
            call.rightly("is_file", call.path)
            return getattr(stream, method)(*args)

        return Around(call.proceed(), **{method: asked_first})

    return do


def off_by_one(stream: Any, offset: int, whence: int = 0) -> int:
    return int(stream.seek(offset + 1 if offset else offset, whence))


def as_text(stream: Any) -> Any:
    return io.BytesIO(stream.read().replace(b"\r\n", b"\n"))


def late(call: Call) -> Any:
    return Late(call.path, call.backend.name)


def unguarded(call: Call) -> Any:
    """Write without the flat backend's own checks."""
    content = call.arguments["content"]
    data = content if isinstance(content, bytes) else content.read()
    blobs(call)[call.path] = Blob(data, datetime.now(UTC))
    return WriteResult(RemotePath(call.path), len(data))


def any_like(chosen: Callable[[str, str], object]) -> Callable[[Call], bool]:
    """Return the deed of answering whether a test on key and path chooses any key."""
    return lambda call: any(chosen(key, call.path) for key in blobs(call))


def below_in_any_case(key: str, path: str) -> bool:
    return key.lower().startswith(f"{path}/".lower())


def composed(name: str) -> str:
    return normalize("NFC", name)


def printable(name: str) -> str:
    return "".join(character for character in name if character.isprintable())


def below_pattern(key: str, path: str) -> bool:
    return fnmatchcase(key, f"{path}/*")


def twice(files: Any) -> Any:
    found = list(files)
    return chain(found, found[-100:])


def with_folders(call: Call) -> Any:
    folders = call.rightly("list_folders", call.path)
    return chain(call.proceed(), as_files(folders))


def as_files(entries: Any) -> Any:
    for entry in entries:
        yield entry if isinstance(entry, FileInfo) else FileInfo(entry.path, entry.name, 0, EARLY)


def stale(call: Call) -> Any:
    """Describe a file as it was when it was first asked for."""
    known = call.backend.__dict__.setdefault("_infos", {})
    if call.path not in known:
        known[call.path] = call.proceed()
    return known[call.path]


def with_folders_counted(call: Call) -> Any:
    info = call.proceed()
    return replace(info, file_count=info.file_count + len(list(call.rightly("list_folders", call.path))))


def deleted_only(call: Call) -> None:
    call.rightly("delete", call.path)


def emptied(call: Call) -> None:
    call.rightly("write", call.path, b"", overwrite=True)


def reopened(call: Call) -> None:
    call.backend._closed = False


def shut(call: Call) -> None:
    call.backend._closed = True


def folders_too(call: Call) -> Any:
    folders = call.rightly("list_folders", call.path.partition("/")[0])
    return chain(call.proceed(), as_files(entry for entry in folders if fnmatchcase(str(entry.path), call.path)))


def fnmatched(call: Call) -> Any:
    files = call.rightly("list_files", "", recursive=True)
    return (info for info in files if fnmatchcase(str(info.path), call.path.replace("**/", "*")))


def stray_folder(call: Call) -> None:
    call.backend._ensure_parents(["elsewhere", "file"])


def moved_and_told(call: Call) -> Any:
    call.proceed()
    return call.arguments["dst"]


def asked_once_more(call: Call) -> None:
    call.rightly("is_file", call.path)


class Ahead:
    """A reader that fetches more than it is asked for, and does not say so."""

    def __init__(self, stream: Any) -> None:
        self._kept = io.BufferedReader(stream, 65536)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)


def telling(call: Call) -> Any:
    raise NotFound(f"signed with {call.backend._secret}", path=call.path, backend=call.backend.name)


def forward_only(stream: Any) -> Any:
    return ForwardOnly(stream.read())


def at_its_end(stream: Any) -> Any:
    stream.seek(0, io.SEEK_END)
    return stream


def _lacks_two_folders(call: Call, path: str) -> bool:
    parent, grandparent = path.rpartition("/")[0], path.rpartition("/")[0].rpartition("/")[0]
    return bool(grandparent) and not call.rightly("exists", parent) and not call.rightly("exists", grandparent)


def mark_ghost(call: Call) -> None:
    call.backend.__dict__.setdefault("_ghosts", set()).add(call.path.rpartition("/")[0])


DEEP_DOWN: Final = When(_lacks_two_folders)
GHOST: Final = When(lambda call, path: path in call.backend.__dict__.get("_ghosts", ()))
HAS_BELOW: Final = When(lambda call, path: call.backend._has_below(path))
EMPTY_STORE: Final = When(lambda call, _: next(iter(call.rightly("list_files", "", recursive=True)), None) is None)
FOREIGN: Final = When(lambda _call, path: not path.startswith("flat://"))
ODD: Final = When(lambda _call, path: "\0" in path)
ALIKE: Final = When(lambda call, path: any(key.startswith(path) for key in blobs(call)))
NO_FILE_INSIDE: Final = FOLDER & ~HAS_FILES
STREAM: Final = When(lambda call, _: not isinstance(call.arguments["content"], bytes))
METADATA: Final = When(lambda call, _: bool(call.arguments["metadata"]))
TO_FILE: Final = FILE.of("dst")
TO_FOLDER: Final = FOLDER.of("dst")
TO_ROOT: Final = ROOT.of("dst")
TO_BELOW_FILE: Final = BELOW_FILE.of("dst")
NATIVE_ROOT: Final = When(lambda _call, path: path == "flat://store")
UNFOLDED: Final = When(lambda _call, path: "." in path.split("/"))
