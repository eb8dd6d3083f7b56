"""The controls: backends that are changed and right, and that the kit must not accuse.

Each is made like a mutant, from a right class and an operator. `almost_violates` names the always-on invariants that
it violates by a naive reading.
"""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from remote_store import (
    Backend,
    Capability,
    CapabilitySet,
    FileInfo,
    FolderEntry,
    InvalidPath,
    RemotePath,
    RemoteStoreError,
    WriteResult,
)
from remote_store.backends import MemoryBackend

from rsconform.lanes.lane import NoEmptyFoldersError, Services, StoredFile, Subject
from rsconform.selftest import operators as op
from rsconform.selftest.bases import BASES, Base, flat
from rsconform.selftest.behaviours import SPELLED_OTHERWISE
from rsconform.selftest.control import Control, control, lacking, only
from rsconform.selftest.controls.defaults import DEFAULT_CONTROLS
from rsconform.selftest.controls.limits import LIMITED_CONTROLS
from rsconform.selftest.controls.locking import LOCKING_CONTROLS
from rsconform.selftest.controls.reduced import ODD
from rsconform.selftest.controls.results import TELLING_CONTROLS
from rsconform.selftest.stores.flat import Blob, FlatBackend, FlatLane, ForwardOnly


class Tally:
    """Counts what a backend says that it sends."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def counts(self) -> Mapping[str, int]:
        return Counter(self.sent)


@contextmanager
def tallied(services: Services) -> Iterator[Subject]:
    """The flat lane, whose backends have a tally to count requests with."""
    tally = Tally()
    with FlatLane()(services) as subject:

        def make() -> FlatBackend:
            backend: FlatBackend = subject.make()
            backend.tally = tally  # type: ignore[attr-defined]
            return backend

        yield replace(subject, make=make, requests=tally)


# Not over HTTP: what requests may cost there is not what it comes close to.
_FLAT: Final = flat(FlatLane()).lane
TALLIED: Final = Base(
    replace(_FLAT, affordances=(*_FLAT.affordances, "requests"), traits={**_FLAT.traits, "transport": "sql"}), tallied
)


@contextmanager
def without_empty_folders(services: Services) -> Iterator[Subject]:
    """The memory lane, into which an empty folder cannot be seeded."""
    with BASES["memory"].fixture(services) as subject:
        anything = subject.seed
        assert anything is not None

        def seed(files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
            if folders:
                raise NoEmptyFoldersError
            anything(files, ())

        yield replace(subject, seed=seed)


LIKE_GIT: Final = replace(BASES["memory"], fixture=without_empty_folders)


# What the changes need.


def asking_for_each(call: op.Call) -> Iterator[Any]:
    call.backend.tally.sent["HEAD"] += 400
    for entry in call.proceed():
        call.backend.tally.sent["GET"] += 2
        yield entry


def in_large_pages(call: op.Call) -> Iterator[Any]:
    """Look once, take one page of thousands, and yield from it as it is asked."""
    call.backend.tally.sent["HEAD"] += 1
    call.backend.tally.sent["GET"] += 1
    yield from call.proceed()


POOL: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="control")


def pooled(call: op.Call) -> Any:
    """Do the work in another thread, which stays for the next call."""
    return POOL.submit(call.proceed).result()


def slow(call: op.Call) -> Any:
    time.sleep(0.0002)
    return call.proceed()


def chained(call: op.Call) -> Any:
    """Let every error have a cause of the store's own kind."""
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        raise exc from KeyError("native failure")


def reworded(call: op.Call) -> Any:
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        exc.args = ("Nö. \N{SNOWMAN}\nSee the manual.",)
        exc.request_id = "4711"  # type: ignore[attr-defined]
        raise


def subclassed(call: op.Call) -> Any:
    """Raise classes of its own, each a subclass of the one that is demanded."""
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        exc.__class__ = type(f"Control{type(exc).__name__}", (type(exc),), {})
        raise


def hinting(call: op.Call) -> Any:
    """Say in every error which key signed the request, and nothing of the secret but its length."""
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        exc.args = (f"{exc.args[0]}; signed by key FLATKEY with a secret of {len(call.backend._secret)} characters",)
        raise


def picky(call: op.Call) -> Any:
    """Hold no name that is long or has a character that is not in the portable set of POSIX."""
    path = str(call.arguments.get("dst", call.path))
    odd = re.fullmatch(r"[\w./-]*", path, re.ASCII) is None
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if odd or any(len(part.encode()) > 100 or part != part.rstrip(". ") for part in parts):
        raise InvalidPath("not a name here", path=path, backend=call.backend.name)
    return call.proceed()


def no_folder(call: op.Call) -> Any:
    raise InvalidPath("a file, and so no folder", path=call.path, backend=call.backend.name)


def folded(call: op.Call) -> Any:
    """Name the path in errors as it is stored, not as it was spelled."""
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        if exc.path is not None:
            exc.path = "/".join(part for part in exc.path.split("/") if part not in ("", "."))
        raise


def through_the_path_model(call: op.Call) -> Any:
    """Let RemotePath refuse the root: its error knows of no backend."""
    RemotePath(call.path)
    return call.proceed()


def touched_in_passing(call: op.Call) -> Any:
    """Store everything anew, unchanged, when something fails."""
    try:
        return call.proceed()
    except RemoteStoreError:
        blobs = call.backend._blobs
        with blobs.lock:
            by_key: dict[str, Blob] = blobs.by_key
            by_key.update({key: replace(blob, modified_at=datetime.now(UTC)) for key, blob in by_key.items()})
        raise


def tidied(call: op.Call) -> Any:
    """Make the folders above a target first, and take them away again if there is nothing to put there."""
    before = _folders(call.backend)
    try:
        return call.proceed()
    except RemoteStoreError:
        for folder in sorted(_folders(call.backend) - before, key=len, reverse=True):
            _prune(call.backend, folder)
        raise


def pruned(call: op.Call) -> None:
    """Take away the folders above a path that nothing is left in."""
    parent = call.path.rpartition("/")[0]
    while parent:
        _prune(call.backend, parent)
        parent = parent.rpartition("/")[0]


def _prune(backend: Any, folder: str) -> None:
    above, _, name = folder.rpartition("/")
    with backend._lock:
        parent = backend._traverse(backend._split_path(above))
        folder_node = getattr(parent, "children", {}).get(name)
        if getattr(folder_node, "children", None) == {}:
            del parent.children[name]


def _folders(backend: Any) -> set[str]:
    with backend._lock:
        return set(_folders_below(backend._root))


def _folders_below(node: Any, prefix: str = "") -> Iterator[str]:
    for name, child in node.children.items():
        if hasattr(child, "children"):
            yield f"{prefix}{name}"
            yield from _folders_below(child, f"{prefix}{name}/")


def copied_then_deleted(call: op.Call) -> None:
    call.call_correct("copy", call.path, call.arguments["dst"], overwrite=call.arguments["overwrite"])
    call.call_correct("delete", call.path)


class Duck:
    """What typing.BinaryIO asks of a reader and no more: no readinto, no io base class."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        if name in ("readinto", "readinto1", "read1", "readall", "getvalue", "getbuffer", "detach", "peek", "raw"):
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def __enter__(self) -> Duck:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


class Unbuffered(ForwardOnly):
    """A raw stream, as an unbuffered file is, that can seek."""

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()


class Dribble(Duck):
    """Gives less than it is asked for."""

    def read(self, size: int = -1) -> bytes:
        return bytes(self._stream.read(size if size < 2 else size // 2 + 1))


class RichFileInfo(FileInfo):
    """A FileInfo with something more to say."""

    storage_class = "cold"


class RichFolderEntry(FolderEntry):
    """A FolderEntry with something more to say."""

    storage_class = "cold"


def tagged(entry: Any) -> Any:
    if not isinstance(entry, FileInfo):
        return entry
    return replace(entry, etag=f'"{entry.size}-{entry.modified_at.timestamp()}"', extra={"tier": 1})


def elsewhere(entry: Any) -> Any:
    return replace(entry, modified_at=entry.modified_at.astimezone(ELSEWHERE)) if isinstance(entry, FileInfo) else entry


def timeless(entry: Any) -> Any:
    return replace(entry, modified_at=NEVER) if isinstance(entry, FileInfo) else entry


def enriched(entry: Any) -> Any:
    if isinstance(entry, FileInfo):
        return RichFileInfo(**{name: getattr(entry, name) for name in entry.__dataclass_fields__})
    return RichFolderEntry(entry.path, entry.name)


def takes_no_attributes(self: Any, name: str, value: object) -> None:
    if name not in ("_closed", "__class__"):
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
    object.__setattr__(self, name, value)


def read_of_its_own(self: Any, path: str) -> Any:
    return io.BytesIO(self.read_bytes(path))


def write_with_more(
    self: Any,
    path: str,
    content: Any,
    *,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
    storage_class: str | None = None,
    **further: object,
) -> WriteResult:
    return FlatBackend.write(self, path, content, overwrite=overwrite, metadata=metadata)


NEVER: Final = datetime.min.replace(tzinfo=UTC)
ELSEWHERE: Final = timezone(timedelta(hours=5, minutes=30))
_ALL: Final = f"{op.EVERYTHING} glob read_seekable"
_MODELS: Final = "list_files glob"

# The changes, by what they concern.

A_FILE_ALONE: Final = (
    op.returns("is_folder", False, ~op.CLOSED & op.FILE)
    + op.replace("get_folder_info delete_folder", no_folder, ~op.CLOSED & op.FILE)
    + op.replace(op.LISTINGS, lambda _call: iter(()), ~op.CLOSED & op.FILE)
)
IN_OTHER_WORDS: Final = op.replace(_ALL, reworded)
PICKY: Final = op.replace("write write_atomic open_atomic", picky, ~op.ROOT & ~op.CLOSED) + op.replace(
    "move copy", picky, op.FILE & ~op.CLOSED & ~op.ROOT.of("dst")
)
CLASSES_OF_ITS_OWN: Final = op.replace(_ALL, subclassed)
WITH_A_CAUSE: Final = op.replace(_ALL, chained)
WITH_A_HINT: Final = op.replace(_ALL, hinting)
BY_STORED_PATH: Final = op.replace(_ALL, folded)
NAMED_OTHERWISE: Final = op.override(name="ours") + op.relabels(_ALL, backend=lambda _: "ours")
THROUGH_THE_PATH_MODEL: Final = op.replace("write delete get_file_info", through_the_path_model, op.ROOT & ~op.CLOSED)

BACKWARDS: Final = op.alters(f"{op.LISTINGS} glob", lambda found: reversed(list(found)))
BACKWARDS_WITHOUT_GLOB: Final = op.alters(op.LISTINGS, lambda found: reversed(list(found)))
AT_ONCE: Final = op.alters("list_files list_folders glob", lambda found: iter(list(found)))
CHAINED_CHILDREN: Final = op.override(iter_children=Backend.iter_children)

ETAGS: Final = op.alters(f"{_MODELS} iter_children", lambda found: map(tagged, found)) + op.alters(
    "get_file_info", tagged
)
TIMES_ELSEWHERE: Final = op.alters(f"{_MODELS} iter_children", lambda found: map(elsewhere, found)) + op.alters(
    "get_file_info", elsewhere
)
RICHER: Final = op.alters(f"{op.LISTINGS} glob", lambda found: map(enriched, found)) + op.alters(
    "get_file_info", enriched
)
NO_TIMES: Final = (
    op.alters(f"{_MODELS} iter_children", lambda found: map(timeless, found))
    + op.alters("get_file_info", timeless)
    + op.fills("get_folder_info", modified_at=lambda _: None)
    + op.fills("write write_atomic", last_modified=lambda _: None)
)
LITTLE_OF_WRITES: Final = op.fills(
    "write write_atomic", source=lambda _: "basic", last_modified=lambda _: None, metadata=lambda _: None
)

MOVES_BY_COPYING: Final = op.replace("move", copied_then_deleted, ~op.ITSELF & ~SPELLED_OTHERWISE & ~op.ROOT.of("dst"))
PRUNES: Final = op.after("delete move", pruned)
TIDIES: Final = op.replace("write move copy", tidied)
_MOVES_IN_STEPS: Final = CapabilitySet(set(MemoryBackend.CAPABILITIES) - {Capability.ATOMIC_MOVE})
MOVES_IN_STEPS: Final = MOVES_BY_COPYING + op.override(
    CAPABILITIES=_MOVES_IN_STEPS,
    capabilities=property(lambda _self: _MOVES_IN_STEPS),
    __doc__="Files in memory. A move copies the file and then deletes it.",
)
FOLDERS_OF_ITS_OWN: Final = MOVES_IN_STEPS + PRUNES + TIDIES
POOLED: Final = op.shadows(pool=lambda _: POOL) + op.replace("read_bytes write delete exists", pooled)

SAYS_LITTLE: Final = lacking(Capability.WRITE_RESULT_NATIVE, Capability.USER_METADATA)
_FOLDERS: Final = "touches-only-its-paths failure-leaves-no-folders"

CONTROLS: Final[tuple[Control, ...]] = (
    # The lanes of released backends and of S3 have certificates of their own.
    *(
        control(f"right-{name}", name)
        for name in BASES
        if name not in ("local", "s3", "s3_strict", "keyed", "async_single")
    ),
    # What a backend may be.
    control(
        "has-attributes-of-its-own",
        "flat",
        op.override(write=write_with_more, region="here", warm_up=lambda self: None),
    ),
    control("takes-no-attributes", "flat", op.override(__setattr__=takes_no_attributes)),
    control("takes-no-attributes-forward-only", "bare", op.override(__setattr__=takes_no_attributes)),
    control("is-reusable-after-close", "flat", op.override(close_is_terminal=False, close=lambda self: None)),
    control("addresses-by-key", "flat", op.override(native_path=Backend.native_path, to_key=Backend.to_key)),
    # What a backend need not be able to do.
    control("only-reads", only(Capability.READ), fresh_store=True),
    control("only-reads-and-lists", only(Capability.READ, Capability.LIST, Capability.METADATA), fresh_store=True),
    control("only-writes", only(Capability.WRITE), fresh_store=True),
    control("does-not-list", lacking(Capability.LIST), fresh_store=True),
    control("does-not-delete", lacking(Capability.DELETE), fresh_store=True),
    control("does-not-describe-or-move", lacking(Capability.METADATA, Capability.MOVE)),
    # Errors.
    control(
        "errs-in-its-own-way",
        "flat",
        IN_OTHER_WORDS + WITH_A_CAUSE + WITH_A_HINT + BY_STORED_PATH,
        almost_violates="only-our-errors error-attributes error-names-path keeps-secrets",
    ),
    control("errs-in-classes-of-its-own", "flat", CLASSES_OF_ITS_OWN, almost_violates="only-our-errors"),
    control("errs-in-classes-of-its-own-in-folders", "memory", CLASSES_OF_ITS_OWN, almost_violates="only-our-errors"),
    control("errs-under-its-own-name", "flat", NAMED_OTHERWISE, almost_violates="error-names-backend"),
    control("errs-through-the-path-model", "flat", THROUGH_THE_PATH_MODEL, almost_violates="error-names-backend"),
    # Names.
    control("holds-few-names", "flat", PICKY),
    control("holds-few-names-in-folders", "memory", PICKY),
    control("keeps-files-and-folders-apart", "flat", A_FILE_ALONE),
    # Listings, streams, models.
    control("lists-backwards", "flat", CHAINED_CHILDREN + BACKWARDS),
    control("lists-backwards-in-folders", "memory", BACKWARDS_WITHOUT_GLOB),
    control("lists-at-once", "flat", AT_ONCE),
    control("reads-unbuffered", "flat", op.alters("read", lambda stream: Unbuffered(stream.read()))),
    control("reads-unbuffered-forward-only", "bare", op.alters("read", lambda stream: ForwardOnly(stream.read()))),
    control("gives-less-than-asked", "flat", op.alters("read", Dribble)),
    control("streams-like-a-duck", "bare", op.alters("read", Duck)),
    control("seeks-in-its-own-way", "bare", op.override(read_seekable=read_of_its_own)),
    control(
        "has-more-to-say",
        "flat",
        ETAGS + TIMES_ELSEWHERE + RICHER,
        almost_violates="file-info-types file-info-options folder-entry-types aware-times",
    ),
    control("knows-no-times", "flat", NO_TIMES, almost_violates="aware-times folder-info-types folder-info-options"),
    control("says-little-of-writes", SAYS_LITTLE, LITTLE_OF_WRITES, almost_violates="write-result-types"),
    # Writing, folders, threads, time.
    control(
        "touches-in-passing",
        "flat",
        op.stores("write write_atomic", bytes) + op.replace(op.FILE_OPS, touched_in_passing),
        almost_violates="failure-changes-nothing arguments-untouched",
    ),
    control("has-folders-of-its-own", "memory", FOLDERS_OF_ITS_OWN, almost_violates=_FOLDERS),
    control("has-no-empty-folders", LIKE_GIT, FOLDERS_OF_ITS_OWN + op.after("delete_folder", pruned)),
    control("works-in-a-pool", "memory", POOLED, almost_violates="plain-answers"),
    control(
        "asks-about-each-file", TALLIED, op.replace("list_files", asking_for_each), almost_violates="requests-bounded"
    ),
    control("takes-its-time", "memory", op.replace("exists copy get_file_info", slow), almost_violates="ends-in-time"),
    *DEFAULT_CONTROLS,
    control(
        "says-how-tasks-share-it",
        "async_single",
        op.override(
            __doc__="Files in memory. An instance serves one task at a time: give each task an instance of its own."
        ),
        axioms="ASYNC-094* BE-028h",
    ),
    *LIMITED_CONTROLS,
    *LOCKING_CONTROLS,
    *TELLING_CONTROLS,
    control("lists-in-large-pages", TALLIED, op.replace("glob", in_large_pages), axioms="GLOB-004*"),
    *ODD,
)
