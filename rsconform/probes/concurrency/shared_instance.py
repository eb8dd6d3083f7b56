"""What several threads that use one instance at once may see of each other."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from io import IOBase
from typing import Any, Final

from remote_store import Backend, BackendUnavailable, Capability, RemoteStoreError, ResourceLocked

from rsconform.cases.content import parse_size
from rsconform.lanes.async_facade import class_of
from rsconform.lanes.draining import drained
from rsconform.probes import ProbeContext, probe
from rsconform.probes.concurrency._races import (
    content_at,
    is_slow,
    meeting,
    payload,
    race,
    require_no_error,
    require_none,
    rounds,
)

_USERS: Final = 8  # More than a pool of the usual size has workers: some have to wait for one.
_CLOSERS: Final = 2
_PIECE: Final = 10_000  # Of what is written in a block.
_LABEL: Final = "size"  # Metadata that says which content it belongs to.
_LARGE: Final = 1_000_000


@probe("concurrency.reads", stresses="race")
def reads(context: ProbeContext, folder: str, keys: int, threads: int, op: str) -> None:
    """Many threads that read through one instance each get the right bytes."""
    backend: Any = context.backend

    def read_all() -> object:
        for number in range(keys):
            path = f"{folder}/{number}"
            read = getattr(backend, op)
            seen = read(path) if op == "read_bytes" else _streamed(read(path), 700)
            if seen != context.content[path]:
                return f"{path}: {len(seen)} bytes, or others"
        return None

    results = race(context, [read_all] * threads)
    require_none(context, "each file's own bytes in each thread", results)


@probe("concurrency.own_keys", stresses="race")
def own_keys(
    context: ProbeContext, folder: str, threads: int, op: str, size: int | str, only_streams: bool = False
) -> None:
    """Threads that write keys of their own read them back at once, and all of them are there in the end.

    Half of what is written comes as bytes and half as streams, unless only streams are wanted.
    """
    backend: Any = context.backend
    many = parse_size(str(size))
    keys = 16 // threads if threads <= 16 and many < _LARGE else 1

    def work(thread: int) -> Callable[[], object]:
        def write_and_read() -> object:
            for key in range(keys):
                path, data = f"{folder}/{thread}-{key}", payload(thread * 100 + key, many)
                context.touched.add(path)
                as_stream = only_streams or (thread + key) % 2
                getattr(backend, op)(path, io.BytesIO(data) if as_stream else data)
                if backend.read_bytes(path) != data:
                    return f"{path} was not what its thread had just written"
            return None

        return write_and_read

    results = race(context, [work(thread) for thread in range(threads)])
    require_none(context, "each thread's own bytes, at once", results)
    for thread in range(threads):
        for key in range(keys):
            path = f"{folder}/{thread}-{key}"
            seen = context.call("read_bytes()", backend.read_bytes, path)
            if seen != payload(thread * 100 + key, many):
                context.fail(f"what was written to {path}", f"{len(seen)} bytes, or others, once all were done")
    _require_known(context, folder, threads * keys)


def _require_known(context: ProbeContext, folder: str, count: int) -> None:
    """Demand that a folder, where there are any, lists and counts so many files: writers change an index."""
    backend = context.backend
    if not backend.capabilities.supports(Capability.LIST):
        return
    listed = context.call("list_files()", lambda: [str(info.path) for info in backend.list_files(folder)])
    if len(set(listed)) != len(listed) or len(listed) != count:
        context.fail(f"{count} files listed, once all were done", f"{len(listed)}, {len(set(listed))} of them others")
    if backend.capabilities.supports(Capability.METADATA):
        counted = context.call("get_folder_info()", backend.get_folder_info, folder).file_count
        if counted != count:
            context.fail(f"{count} files counted, once all were done", str(counted))


@probe("concurrency.torn_reads", stresses="race")
def torn_reads(context: ProbeContext, path: str, op: str, read: str) -> None:
    """A reader beside writers that overwrite sees one content whole: none is mixed, cut or gone.

    Args:
        read: How it looks; of a copy, which goes to a path of its own, that is read.
    """
    backend: Any = context.backend
    whole = {bytes([letter]) * context.fitting(size) for letter, size in ((97, 1), (98, 20_000), (99, 90_000))}
    context.touched.add(path)

    def described(data: bytes) -> dict[str, object]:
        labelled = read == "get_file_info" and backend.capabilities.supports(Capability.USER_METADATA)
        return {"metadata": {_LABEL: str(len(data))}} if labelled else {}

    context.call(f"{op}()", _overwrite, backend, op, path, b"a", **described(b"a"))

    def write(data: bytes) -> Callable[[], object]:
        def overwrite() -> None:
            for _ in rounds(context):
                with suppress(ResourceLocked):  # A store may lock a file that is being read.
                    _overwrite(backend, op, path, data, **described(data))

        return overwrite

    def look(own: str) -> Callable[[], object]:
        context.touched.add(own)

        def looking() -> object:
            for _ in rounds(context):
                if read == "get_file_info":
                    sizes = {len(data) for data in whole}.union(() if context.knows_sizes else (0,))
                    wrong = _misdescribed(backend.get_file_info(path), sizes)
                    if wrong is not None:
                        return wrong
                    continue
                seen = _looked(backend, path, read, own)
                if seen is not None and seen not in whole:
                    return f"{len(seen)} bytes, {len(set(seen))} kinds of them"
            return None

        return looking

    results = race(context, [*(write(data) for data in sorted(whole)), look(f"{path}-1"), look(f"{path}-2")])
    require_none(context, "one of the contents, whole", results)


def _overwrite(backend: Any, op: str, path: str, data: bytes, **described: object) -> None:
    """Overwrite a file, with `-stream` in the name of the operation from a stream."""
    if op == "open_atomic":
        with backend.open_atomic(path, overwrite=True) as file:
            for start in range(0, len(data), _PIECE):
                file.write(data[start : start + _PIECE])
        return
    name, _, stream = op.partition("-")
    getattr(backend, name)(path, io.BytesIO(data) if stream else data, overwrite=True, **described)


def _misdescribed(info: Any, sizes: set[int]) -> str | None:
    """Return what no content that was written is described by; a size of 0 is one that the store does not know."""
    if info.size not in sizes:
        return f"a size of {info.size} bytes"
    if not info.size:
        return None
    label = (info.metadata or {}).get(_LABEL)
    return None if label in (None, str(info.size)) else f"a size of {info.size} bytes with metadata of one of {label}"


def _looked(backend: Any, path: str, read: str, own: str) -> bytes | None:
    if read == "copy":
        backend.copy(path, own, overwrite=True)
        return bytes(backend.read_bytes(own))
    return bytes(backend.read_bytes(path)) if read == "read_bytes" else _read_on(backend, path)


def _read_on(backend: Any, path: str) -> bytes | None:
    stream = backend.read(path)
    try:
        return _streamed(stream, 1 << 20)
    except RemoteStoreError:  # A stream may refuse to go on once its file was replaced.
        return None


def _streamed(stream: Any, size: int) -> bytes:
    with closing(stream):
        data = drained(stream, size)
    if isinstance(stream, IOBase):  # Where closing again does nothing: what is given back is given back once.
        stream.close()
    return data


@probe("concurrency.own_instances", stresses="race")
def own_instances(context: ProbeContext, folder: str, threads: int) -> None:
    """Threads with an instance of their own write and read keys of their own."""
    instances = [context.call("the constructor", context.subject.make) for _ in range(threads)]

    def work(thread: int, backend: Backend) -> Callable[[], object]:
        def write_and_read() -> object:
            for key in range(4):
                path, data = f"{folder}/{thread}-{key}", payload(thread * 10 + key)
                context.touched.add(path)
                backend.write(path, data)
                if backend.read_bytes(path) != data:
                    return f"{path} was not what its thread had just written"
            return None

        return write_and_read

    try:
        results = race(context, [work(thread, backend) for thread, backend in enumerate(instances)])
    finally:
        for backend in instances:
            with suppress(Exception):
                backend.close()
    require_none(context, "each thread's own bytes", results)


@probe("concurrency.listing_beside_writes", stresses="race")
def listing_beside_writes(context: ProbeContext, folder: str, op: str) -> None:
    """A listing beside writes has every file that was there throughout, once, and none that never was."""
    backend: Any = context.backend
    kept = set(context.content)
    churned = {f"{folder}/z{number}" for number in range(5)}
    writes = [
        backend.write,
        *((backend.write_atomic,) if backend.capabilities.supports(Capability.ATOMIC_WRITE) else ()),
    ]

    def churn() -> None:
        for number in rounds(context):
            path = f"{folder}/z{number % 5}"
            context.touched.add(path)
            writes[number % len(writes)](path, b"x" * 3000, overwrite=True)
            backend.delete(path)

    def look() -> object:
        for _ in rounds(context):
            paths = [str(info.path) for info in _listed(backend, folder, op)]
            if len(paths) != len(set(paths)):
                return "a file twice"
            if not kept <= set(paths):
                return f"{len(kept - set(paths))} files missing that were there throughout"
            strange = {path for path in set(paths) - kept if path not in churned}
            if strange:
                return f"a file that never was: {min(strange)}"
        return None

    results = race(context, [churn, look, look])
    require_none(context, "every file that was there throughout, once", results)


def _listed(backend: Any, folder: str, op: str) -> Iterator[Any]:
    if op == "glob":
        found: Iterator[Any] = backend.glob(f"{folder}/*")
    elif op == "list_files":
        found = backend.list_files(folder)
    elif op == "recursive":
        found = backend.list_files(folder, recursive=True)
    else:
        found = getattr(backend, op)(folder)
    return found


@probe("concurrency.replaced_while_read", stresses="race")
def replaced_while_read(context: ProbeContext, folder: str, op: str) -> None:
    """While a file is replaced by copying or moving others onto it, a reader sees one of them whole at every moment."""
    backend: Any = context.backend
    contents = [bytes([letter]) * context.fitting(size) for letter, size in ((97, 50), (98, 20_000), (99, 90_000))]
    target = f"{folder}/target"
    sources = [f"{folder}/from{number}" for number in range(len(contents))]
    context.touched.update((target, *sources))
    context.call("write()", backend.write, target, contents[0], overwrite=True)

    def replace() -> None:
        for _ in rounds(context):
            for source, content in zip(sources, contents, strict=True):
                backend.write(source, content, overwrite=True)
                getattr(backend, op)(source, target, overwrite=True)

    def look() -> str | None:
        for _ in rounds(context):
            seen = content_at(backend, target)
            if seen not in contents:
                return "no file" if seen is None else f"{len(seen)} bytes, {len(set(seen))} kinds of them"
        return None

    results = race(context, [replace, look, look])
    require_none(context, "one of the contents, whole, at every moment", results)


@probe("concurrency.closed_meanwhile", stresses="race")
def closed_meanwhile(context: ProbeContext, folder: str) -> None:
    """What is under way while another thread closes the backend gives its right answer or says BackendUnavailable."""
    for number in range(1 if is_slow(context) else 3):
        # An instance that owns its clients, where there is one: closing it closes what is in use.
        options = (context.subject.variants or {}).get("plain")
        made = context.call("the constructor", context.subject.make if options is None else _variant(context, options))
        _close_once(context, made, f"{folder}/{number}")


def _variant(context: ProbeContext, options: Mapping[str, object]) -> Callable[[], Backend]:
    kind: Any = class_of(context.backend)
    return lambda: kind(**options)


def _close_once(context: ProbeContext, backend: Any, folder: str) -> None:
    begun, closing_ones = threading.Barrier(_USERS + _CLOSERS), threading.Barrier(_CLOSERS)
    closed = threading.Event()
    terminal = bool(getattr(class_of(backend), "close_is_terminal", False))

    def use(thread: int) -> Callable[[], str | None]:
        path, data = f"{folder}/{thread}", payload(thread, 20_000)
        context.touched.update((path, f"{path}-copy"))

        def using() -> str | None:
            with meeting(begun):
                backend.write(path, data, overwrite=True)
            for _ in rounds(context):
                late = closed.is_set()
                try:
                    wrong = _wrong_answer(backend, path, data)
                except BackendUnavailable:
                    return None
                if wrong is not None:
                    return wrong
                if late and terminal:
                    return "answers after close() had returned"
                if late:
                    return None
            return None

        return using

    def close() -> None:
        with meeting(begun):
            pass
        with meeting(closing_ones):  # It is closed when both say so.
            backend.close()
        closed.set()

    results = race(context, [*(use(thread) for thread in range(_USERS)), *[close] * _CLOSERS])
    require_none(context, "the right answers, or BackendUnavailable", results)


def _wrong_answer(backend: Any, path: str, data: bytes) -> str | None:
    if backend.exists(path) is not True:
        return f"exists({path!r}) is not True"
    if backend.read_bytes(path) != data:
        return f"{path} was not what its thread had written"
    backend.write(path, data, overwrite=True)
    if path not in [str(info.path) for info in backend.list_files(path.rpartition("/")[0])]:
        return f"{path} is not listed"
    if backend.capabilities.supports(Capability.COPY):
        backend.copy(path, f"{path}-copy", overwrite=True)
        if backend.read_bytes(f"{path}-copy") != data:
            return f"the copy of {path} was not what its thread had written"
    return None


@probe("concurrency.folder_deleted", stresses="race")
def folder_deleted(context: ProbeContext, folder: str) -> None:
    """Beside a writer a folder is deleted with what was in it before; what is written afterwards stays."""
    for number in rounds(context):
        _delete_once(context, f"{folder}/{number}")


def _delete_once(context: ProbeContext, folder: str) -> None:
    backend: Any = context.backend
    before = [f"{folder}/a/{number}" for number in range(4)]
    written = [f"{folder}/a/new{number}" for number in range(12)]
    context.touched.update((*before, *written))
    for path in before:
        context.call("write()", backend.write, path, b"before")
    deleted = threading.Event()
    after: list[str] = []  # Written by calls that began when the folder had been deleted.

    def write() -> None:
        for path in written:
            late = deleted.is_set()
            try:
                backend.write(path, path.encode(), overwrite=True)
            except RemoteStoreError:  # That its folder went is for the backend to say, in its own words.
                continue
            if late:
                after.append(path)

    def delete() -> bool:
        try:
            backend.delete_folder(f"{folder}/a", recursive=True)
        except RemoteStoreError:
            return False
        finally:
            deleted.set()
        return True

    results = race(context, [write, delete])
    require_no_error(context, results)
    for path in before:
        if results[1] is True and context.call("exists()", backend.exists, path):
            context.fail("what was there before gone with the folder", f"{path} is there")
    for path in written:
        seen = context.call("read_bytes()", content_at, backend, path)
        if seen != path.encode() and (seen is not None or path in after):
            context.fail("what was written after the folder was deleted", f"{path}: {_said(seen)}")


def _said(content: bytes | None) -> str:
    return "no file" if content is None else f"{len(content)} bytes, or others"
