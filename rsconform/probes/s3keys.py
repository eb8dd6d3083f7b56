"""Which keys an S3 backend sends and lists: the root, foreign keys, other spellings, batches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from remote_store import FileInfo, InvalidPath, RemoteStoreError

from rsconform.probes import ProbeContext, probe
from rsconform.probes.s3client import client_of, meddling, peer_of, recording, shown

_MOST_AT_ONCE: Final = 1000


@probe("s3keys.root")
def root(context: ProbeContext, path: str) -> None:
    """No request names the root as a key, or as a prefix that begins with a dot."""
    backend = context.backend
    calls: tuple[Callable[[], Any], ...] = (
        lambda: backend.exists(path),
        lambda: backend.is_file(path),
        lambda: backend.is_folder(path),
        lambda: backend.read_bytes(path),
        lambda: backend.get_file_info(path),
        lambda: backend.write(path, b"x", overwrite=True),
        lambda: backend.delete(path, missing_ok=True),
        lambda: backend.copy("d/a", path, overwrite=True),
        lambda: list(backend.list_files(path)),
        lambda: list(backend.list_folders(path)),
        lambda: list(backend.iter_children(path)),
        lambda: backend.get_folder_info(path),
    )
    with recording(client_of(context)) as sent:
        for call in calls:
            with contextlib.suppress(RemoteStoreError):
                call()
    for one in sent:
        key, prefix = one.parameters.get("Key"), str(one.parameters.get("Prefix", ""))
        if (key is not None and not key.strip("./")) or prefix.startswith((".", "/")):
            context.fail("no request that names the root", f"{one} with Key={key!r} Prefix={prefix!r}")


@probe("s3keys.batches")
def batches(context: ProbeContext, path: str) -> None:
    """A recursive delete names at most a thousand keys at once, and leaves none."""
    with recording(client_of(context)) as sent:
        context.call("delete_folder()", context.backend.delete_folder, path, recursive=True)
    sizes = [len(one.parameters["Delete"]["Objects"]) for one in sent if one.operation == "DeleteObjects"]
    if max(sizes, default=0) > _MOST_AT_ONCE:
        context.fail(f"at most {_MOST_AT_ONCE} keys with each DeleteObjects", str(sizes))
    if context.call("is_folder()", context.backend.is_folder, path):
        context.fail("an empty folder", f"keys left after deletes of {sizes}")


@probe("s3keys.no_token")
def no_token(context: ProbeContext, path: str, op: str) -> None:
    """A page that says that others follow, and not where, is not taken for the last."""
    backend, count = context.backend, len(context.content)
    calls: Mapping[str, Callable[[], int]] = {
        "list_files": lambda: len(list(backend.list_files(path))),
        "delete_folder": lambda: count - _left_after_deleting(backend, path),
    }

    def answered(page: Any) -> None:
        page.pop("NextContinuationToken", None)

    with meddling(client_of(context), "after-call.s3.ListObjectsV2", answered):
        try:
            seen = calls[op]()
        except RemoteStoreError:
            return
        except Exception as exc:
            context.fail(f"all {count} keys, or an error of remote_store", f"{type(exc).__name__}: {exc}")
    if seen != count:
        context.fail(f"all {count} keys, or an error of remote_store", f"{seen} of them from {op}()")


def _left_after_deleting(backend: Any, path: str) -> int:
    backend.delete_folder(path, recursive=True)
    return len(list(backend.list_files(path)))


@probe("s3keys.deleted_first")
def deleted_first(context: ProbeContext, path: str) -> None:
    """A file that a rival deletes between the look and the delete counts as deleted."""
    with peer_of(context) as peer:
        with meddling(client_of(context), "after-call.s3", lambda _: peer.delete(path)) as done:
            context.call("delete()", context.backend.delete, path)
    if not done:
        context.fail("a request", "none was sent")


@probe("s3keys.foreign")
def foreign(context: ProbeContext, path: str, key: str) -> None:
    """A key that no path can name makes no listing raise, hides nothing, and is read wherever it is listed."""
    backend, folder = context.backend, path.rpartition("/")[0]
    for what, listing, args, wanted in (
        ("list_files('', recursive=True)", lambda at: backend.list_files(at, recursive=True), "", path),
        (f"list_files({folder!r})", backend.list_files, folder, path),
        ("list_folders('')", backend.list_folders, "", folder),
        ("iter_children('')", backend.iter_children, "", folder),
        (f"glob({path!r})", backend.glob, path, path),
    ):
        found = {str(entry.path): entry for entry in context.call(what, _listed, listing, args)}
        if wanted not in found:
            context.fail(f"{wanted!r} from {what}, whatever else is there", str(sorted(found)))
        for other in found.keys() - {path}:
            if isinstance(found[other], FileInfo):
                content = context.call(f"read_bytes({other!r}), which is listed", backend.read_bytes, other)
                if content != context.content[key]:
                    context.fail(f"what lies at {key!r}, which is listed as {other!r}", f"{len(content)} other bytes")
    context.call("get_folder_info('')", backend.get_folder_info, "")
    if context.call(f"read_bytes({path!r})", backend.read_bytes, path) != context.content[path]:
        context.fail(f"what lies at {path!r}", "other bytes")


@probe("s3keys.read_back")
def read_back(context: ProbeContext) -> None:
    """What is listed can be read under its path, and all that can be named is listed."""
    backend = context.backend
    folders = ["", *(str(entry.path) for entry in context.call("list_folders('')", _listed, backend.list_folders, ""))]
    found: dict[str, int] = {}
    for info in context.call("list_files('', recursive=True)", _listed, backend.list_files, "", recursive=True):
        found[str(info.path)] = info.size
    for folder in folders:
        for info in context.call(f"list_files({folder!r})", _listed, backend.list_files, folder):
            found[str(info.path)] = info.size
    nameable = {key for key in context.content if _is_canonical(key)}
    others = [content for key, content in context.content.items() if key not in nameable]
    for path, size in found.items():
        content = context.call(f"read_bytes({path!r}), which is listed", backend.read_bytes, path)
        # A path that is no key may stand for one that no path can name.
        meant = [context.content[path]] if path in nameable else others
        if len(content) != size or content not in meant:
            context.fail(f"{path!r} to be the {size} bytes that were listed", f"{len(content)} bytes")
    if nameable - found.keys():
        context.fail("every file that a path can name", f"missing: {sorted(nameable - found.keys())}")


@probe("s3keys.globbed")
def globbed(context: ProbeContext, pattern: str, prefix: str, paths: list[str]) -> None:
    """glob() lists below the literal beginning of its pattern only, and gives what matches."""
    with recording(client_of(context)) as sent:
        found = context.call("glob()", _listed, context.backend.glob, pattern)
    if sorted(str(info.path) for info in found) != sorted(paths):
        context.fail(str(sorted(paths)), str(sorted(str(info.path) for info in found)))
    outside = [one.parameters.get("Prefix", "") for one in sent]
    outside = [asked for asked in outside if not asked.startswith(prefix)]
    if not sent or outside:
        context.fail(f"requests below {prefix!r}", f"{shown(sent)}, below {outside}")


@probe("s3keys.spelling")
def spelling(context: ProbeContext, path: str) -> None:
    """A spelling that is not canonical is refused by every operation, or names one file to all of them."""
    backend = context.backend
    with recording(client_of(context)) as sent:
        try:
            written = backend.write(path, b"spelled", overwrite=True)
        except InvalidPath:
            if sent:
                context.fail("InvalidPath before anything is sent", f"it came after {shown(sent)}")
            written = None
        except Exception as exc:
            context.fail("InvalidPath, or a file", f"{type(exc).__name__}: {exc}")
    if written is None:
        _require_refusals(context, path)
        return
    name = str(written.path)
    for spelled in (path, name):
        content = context.call(f"read_bytes({spelled!r})", backend.read_bytes, spelled)
        info = context.call(f"get_file_info({spelled!r})", backend.get_file_info, spelled)
        if content != b"spelled" or str(info.path) != name:
            context.fail(f"{name!r}, as WriteResult.path has it", f"{info.path} with {len(content)} bytes")
    listed = [str(info.path) for info in context.call("list_files()", _listed, backend.list_files, "", recursive=True)]
    if listed != [name]:
        context.fail(f"{name!r}, listed once", str(listed))
    context.call(f"delete({path!r})", backend.delete, path)
    if context.call("exists()", backend.exists, name):
        context.fail(f"no {name!r} once it is deleted as {path!r}", "it is still there")


def _require_refusals(context: ProbeContext, path: str) -> None:
    backend = context.backend
    for name, call in (("read_bytes", backend.read_bytes), ("get_file_info", backend.get_file_info)):
        try:
            call(path)
        except InvalidPath:
            continue
        except Exception as exc:
            context.fail(f"InvalidPath from {name}(), as from write()", f"{type(exc).__name__}: {exc}")
        context.fail(f"InvalidPath from {name}(), as from write()", "it returned")


def _listed(listing: Callable[..., Iterator[Any]], *args: object, **options: object) -> list[Any]:
    return list(listing(*args, **options))


def _is_canonical(key: str) -> bool:
    return "\\" not in key and not any(part in ("", ".", "..") for part in key.split("/"))
