"""Controls over stores that hold only some files, and say so: few names, small files, sizes that are not known."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from remote_store import FileInfo, InvalidPath, RemoteStoreError

from rsconform.lanes import CannotHoldError, Services, StoredFile, Subject
from rsconform.selftest import operators as op
from rsconform.selftest.bases import BASES, Base
from rsconform.selftest.control import control

_MOST: Final = 4 << 20
_CACHED: Final = 50_000
_SMALL: Final = 64 << 10
_PATH: Final = 300
_METADATA: Final = 1000
_LIMITS: Final = {"largest_file": "4MiB", "longest_path": "300", "largest_metadata": "1000"}


def declaring(base: str, **traits: object) -> Base:
    """Return a lane that declares more than it did."""
    over = BASES[base]
    return replace(over, lane=replace(over.lane, traits={**over.lane.traits, **traits}))


def holding(base: str, can_hold: Callable[[str, StoredFile], bool]) -> Base:
    """Return a lane whose `seed` says of some files that its store cannot hold them."""
    over = BASES[base]

    @contextmanager
    def fixture(services: Services) -> Iterator[Subject]:
        with over.fixture(services) as subject:
            anything = subject.seed
            assert anything is not None

            def seed(files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
                for path, file in files.items():
                    if not can_hold(path, file):
                        raise CannotHoldError(path, "text files only")
                anything(files, folders)

            yield replace(subject, seed=seed)

    return replace(over, fixture=fixture)


def _counted(content: Any) -> tuple[Any, int]:
    """Return content with its size: of a stream as much as it takes to know that it is too large."""
    if isinstance(content, bytes):
        return content, len(content)
    taken = b""
    while len(taken) <= _MOST and (piece := content.read(1 << 20)):
        taken += piece
    return taken, len(taken)


def _within_limits(call: op.Call) -> Any:
    """Refuse what is too large, has too long a name or more metadata than there is room for."""
    path = str(call.arguments.get("dst", call.path))
    if len(path.encode()) > _PATH:
        raise InvalidPath("too long a name", path=path, backend=call.backend.name)
    metadata = call.arguments.get("metadata") or {}
    if sum(len(text.encode()) for pair in metadata.items() for text in pair) > _METADATA:
        raise RemoteStoreError("too much metadata", path=path, backend=call.backend.name)
    if "content" not in call.arguments:
        return call.proceed()
    if not call.arguments["overwrite"] and call.call_correct("exists", path):
        return call.proceed()
    content, size = _counted(call.arguments["content"])
    if size > _MOST:
        raise RemoteStoreError("too large a file", path=path, backend=call.backend.name)
    return call.proceed(content=content)


def _sizeless(entry: Any) -> Any:
    return replace(entry, size=0) if isinstance(entry, FileInfo) else entry


WITHIN_LIMITS: Final = op.replace("write write_atomic", _within_limits, ~op.ROOT & ~op.CLOSED) + op.replace(
    "move copy", _within_limits, op.FILE & ~op.CLOSED & ~op.ROOT.of("dst")
)
SIZELESS: Final[op.Mutation] = (
    op.alters("get_file_info", _sizeless)
    + op.alters(f"{op.LISTINGS} glob", lambda found: map(_sizeless, found))
    + op.alters("get_folder_info", lambda info: replace(info, total_size=0))
)


def version_kept(call: op.Call) -> Any:
    """Keep every version that was ever written, as a log does."""
    content = call.arguments["content"]
    data = content if isinstance(content, bytes) else content.read()
    result = call.proceed(content=data)
    call.backend.__dict__.setdefault("_versions", []).append((call.path, data))
    return result


def answered_from_cache(call: op.Call) -> Any:
    """Remember the last of very many answers, until something is changed."""
    known: OrderedDict[str, Any] = call.backend.__dict__.setdefault("_known", OrderedDict())
    if call.path not in known:
        known[call.path] = call.proceed()
        if len(known) > _CACHED:
            known.popitem(last=False)
    return known[call.path]


def cache_cleared(call: op.Call) -> Any:
    call.backend.__dict__.pop("_known", None)
    try:
        return call.proceed()
    finally:
        call.backend.__dict__.pop("_known", None)


def _small_enough(call: op.Call) -> Any:
    """Refuse what is larger than some of the contents that probes choose themselves."""
    content = call.arguments["content"]
    data = content if isinstance(content, bytes) else content.read()
    if len(data) > _SMALL and (call.arguments["overwrite"] or not call.call_correct("exists", call.path)):
        raise RemoteStoreError("too large a file", path=call.path, backend=call.backend.name)
    return call.proceed(content=data)


def _text_file(call: op.Call) -> Any:
    path = str(call.arguments.get("dst", call.path))
    if not path.endswith(".txt"):
        raise InvalidPath("text files only", path=path, backend=call.backend.name)
    return call.proceed()


LIMITED_CONTROLS: Final = (
    control("keeps-every-version", "memory", op.replace("write", version_kept), axioms="BOUND-*"),
    control(
        "remembers-many-answers",
        "memory",
        op.replace("is_file", answered_from_cache, ~op.CLOSED)
        + op.replace("write write_atomic delete delete_folder move copy", cache_cleared),
        axioms="BOUND-003",
    ),
    control("holds-text-files-only", holding("memory", lambda path, _: path.endswith(".txt"))),
    control("holds-small-files", declaring("flat", **_LIMITS), WITHIN_LIMITS),
    control(
        "holds-very-small-files",
        declaring("flat", largest_file="64KiB"),
        op.replace("write write_atomic", _small_enough, ~op.ROOT & ~op.CLOSED),
        axioms="RACE-001 RACE-002 RACE-003 SEQ-001 SAW-* BE-008b",
    ),
    control(
        "takes-text-files-only",
        declaring("flat", names=".*[.]txt"),
        op.replace("write write_atomic open_atomic", _text_file, ~op.ROOT & ~op.CLOSED)
        + op.replace("move copy", _text_file, op.FILE & ~op.CLOSED & ~op.ROOT.of("dst")),
        axioms="BE-00* BE-018* RACE-00* SEQ-001 SAW-* KIT-02* KIT-030",
    ),
    control("does-not-know-sizes", declaring("flat", sizes_known=False), SIZELESS),
)
