"""Mutants of S3B: keys, listings and deletes."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice
from typing import Any, Final
from urllib.parse import unquote

from remote_store import (
    BackendUnavailable,
    ContentDigest,
    DirectoryNotEmpty,
    InvalidPath,
    RemotePath,
    RemoteStoreError,
    WriteResult,
)
from rsconform_s3 import keys, listing, objects, patterns

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import asked_once_more, stale, twice
from rsconform.selftest.mutant import Mutant, mutant
from rsconform.selftest.mutants.s3b_client_calls import Sending, sends


def is_marked(call: op.Call, path: str) -> bool:
    return call.backend._requests.head(f"{path}/", path) is not None


MARKED = op.When(is_marked)
_NAME: Final = "s3-boto3"
LONG: Final = op.When(lambda _call, path: len(path.encode()) > 1024)
ODDLY_SPELLED: Final = op.When(
    lambda _call, path: path != str(path).strip("/") or "//" in path or path.startswith("./")
)
SHADOWING: Final = op.When(lambda call, path: call.backend._requests.has_below(f"{path}/", path))
RECURSIVE: Final = op.called_with(recursive=True)


def dot_sent(call: op.Call) -> Any:
    """Ask the server whether the root is a file."""
    return call.backend._requests.head(call.path or ".", call.path) is not None


def asked_about_the_root(call: op.Call) -> None:
    call.backend._requests.has_below("", call.path)


def first_page_deleted(call: op.Call) -> None:
    found = islice(call.call_correct("list_files", call.path, recursive=True), 1000)
    named = {"Objects": [{"Key": str(info.path)} for info in found], "Quiet": True}
    call.backend._requests.send("delete_objects", call.path, Delete=named)


def all_at_once(call: op.Call) -> None:
    requests = call.backend._requests
    found = [info.path for info in call.call_correct("list_files", call.path, recursive=True)]
    for chunk in (found[:1001], found[1001:]):
        named = {"Objects": [{"Key": str(path)} for path in chunk], "Quiet": True}
        if chunk:
            requests.send("delete_objects", call.path, Delete=named)


def only_files_deleted(call: op.Call) -> None:
    for info in list(call.call_correct("list_files", call.path, recursive=True)):
        call.call_correct("delete", str(info.path))


def looked_again(sending: Sending) -> Any:
    """Refuse to delete what is not there any more."""
    path = sending.path or ""
    if sending.requests.head(sending.parameters["Key"], path) is None:
        raise BackendUnavailable("it changed", path=path, backend=_NAME)
    return sending.proceed()


def namesake_deleted(call: op.Call) -> None:
    call.call_correct("delete", call.path)


def below_deleted(call: op.Call) -> None:
    call.call_correct("delete_folder", call.path, recursive=True)


def listed_before(call: op.Call) -> Any:
    """List what was there when it was first asked for."""
    known = call.backend.__dict__.setdefault("_listings", {})
    key = (call.original.__name__, *map(str, call.arguments.values()))
    if key not in known:
        known[key] = list(call.proceed())
    return iter(known[key])


def files_of_all(call: op.Call) -> Any:
    """List everything below and leave out what lies deeper."""
    depth = call.path.count("/") + 1 if call.path else 0
    return (
        info
        for info in call.call_correct("list_files", call.path, recursive=True)
        if str(info.path).count("/") == depth
    )


def markers_listed(call: op.Call) -> Any:
    """List markers as files of no size."""
    page = call.backend._requests.send("list_objects_v2", call.path, Prefix=f"{call.path}/" if call.path else "")
    found = [entry for entry in page.get("Contents", ()) if entry["Key"].endswith("/")]
    marked = (objects.listed_file(RemotePath(entry["Key"].strip("/")), entry) for entry in found)
    return chain(call.proceed(), marked)


def every_key(call: op.Call) -> Any:
    """List every key under the name that it gets as a path."""
    prefix = keys.folder_prefix(call.path, backend=_NAME)
    for page in call.backend._requests.pages(prefix, call.path):
        for entry in page.get("Contents", ()):
            if not entry["Key"].endswith("/"):
                yield objects.listed_file(RemotePath(entry["Key"]), entry)


def most_keys(call: op.Call) -> Any:
    """The same, where a key can be made a path of."""
    prefix = keys.folder_prefix(call.path, backend=_NAME)
    for page in call.backend._requests.pages(prefix, call.path):
        for entry in page.get("Contents", ()):
            try:
                path = RemotePath(entry["Key"].strip("/"))
            except InvalidPath:
                continue
            if not entry["Key"].endswith("/"):
                yield objects.listed_file(path, entry)


def spelled_as_given(call: op.Call) -> Any:
    content = call.arguments["content"]
    call.backend._requests.send("put_object", call.path, Key=call.path, Body=content)
    return WriteResult(RemotePath(call.path), len(content), source="native")


def folder_wins(call: op.Call) -> bool:
    return not call.backend._requests.has_below(f"{call.path}/", call.path) and bool(call.proceed())


def looked_once_more(call: op.Call) -> Any:
    """Look for a file where nothing was listed below."""
    found = call.proceed()
    if not found:
        call.call_correct("is_file", call.path)
    return found


def tried_every_split(segments: tuple[Any, ...], names: tuple[str, ...]) -> bool:
    if not segments or not names:
        return not segments and not names
    head, rest = segments[0], segments[1:]
    if head is not None:
        return head.match(names[0]) is not None and tried_every_split(rest, names[1:])
    return not rest or any(tried_every_split(rest, names[at:]) for at in range(len(names)))


def split_by_split(call: op.Call) -> Any:
    """Match a pattern by trying every way in which its ** can split a key."""
    right, patterns._match = patterns._match, tried_every_split
    try:
        return iter(list(call.proceed()))
    finally:
        patterns._match = right


def listed_whole(call: op.Call) -> Any:
    pattern = patterns.parse_pattern(call.path)
    return listing.matches(call.backend._requests, replace(pattern, prefix="", is_deep=True))


def folder_by_folder(call: op.Call) -> Any:
    yield from call.call_correct("list_files", call.path)
    for entry in call.call_correct("list_folders", call.path):
        yield from folder_by_folder(replace(call, arguments={**call.arguments, "path": str(entry.path)}))


def looked_up(call: op.Call) -> None:
    call.call_correct("exists", call.path)


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("S3B-056", "asks-about-the-root", "s3", op.before("is_folder", asked_about_the_root, op.ROOT),
        reason="requests"),
    mutant("S3B-056", "sends-a-dot", "s3", op.replace("is_file", dot_sent, op.ROOT), reason="requests"),
    mutant("S3B-101", "deletes-a-page", "s3", op.replace("delete_folder", first_page_deleted, RECURSIVE),
        reason="the tree"),
    mutant("S3B-101", "deletes-all-at-once", "s3", op.replace("delete_folder", all_at_once, RECURSIVE), reason="1000"),
    mutant("S3B-104", "looks-again", "s3", sends("delete_object", looked_again), reason="delete() to return"),
    mutant("S3B-105", "counts-the-marker", "s3", op.raises("delete_folder", DirectoryNotEmpty, MARKED),
        reason="NotEmpty"),
    mutant("S3B-106", "leaves-markers", "s3", op.replace("delete_folder", only_files_deleted, RECURSIVE),
        reason="is_folder"),
    mutant("S3B-107", "deletes-the-namesake", "s3", op.before("delete_folder", namesake_deleted, op.FILE),
        also="KIT-003", reason="missing"),
    mutant("S3B-108", "deletes-what-is-below", "s3", op.after("delete", below_deleted, SHADOWING), also="KIT-003",
        reason="is_folder"),
    mutant("S3B-110", "remembers-listings", "s3", op.replace("list_files iter_children", listed_before), reason="d/b"),
    mutant("S3B-110", "remembers-files", "s3", op.replace("get_file_info", stale), reason="size"),
    mutant("S3B-111", "lists-a-page", "s3", op.alters("list_files", lambda found: islice(found, 1000)),
        reason="missing"),
    mutant("S3B-111", "lists-twice", "s3", op.alters("iter_children", twice), also="BE-026a", reason="more than once"),
    mutant("S3B-113", "lists-markers", "s3", op.replace("list_files", markers_listed), reason="top/d"),
    mutant("S3B-113", "reads-markers", "s3", op.replace("read_bytes", lambda _: b"", MARKED), reason="InvalidPath"),
    mutant("S3B-113", "counts-markers", "s3",
        op.fills("get_folder_info", MARKED, file_count=lambda info: info.file_count + 1), reason="file_count"),
    mutant("S3B-114", "trips-over-a-key", "s3", op.replace("list_files", every_key, RECURSIVE), also="ERR-002",
        reason="InvalidPath"),
    mutant("S3B-114", "lists-what-it-made-up", "s3", op.replace("list_files", most_keys, RECURSIVE),
        reason="which is listed"),
    mutant("S3B-115", "lists-what-it-made-up", "s3", op.replace("list_files", most_keys, RECURSIVE),
        reason="which is listed"),
    mutant("S3B-116", "unquotes", "s3", op.replace("write", lambda call: call.proceed(path=unquote(call.path))),
        also="KIT-003", reason="NotFound"),
    mutant("S3B-117", "sends-what-is-given", "s3", op.replace("write", spelled_as_given, ODDLY_SPELLED),
        reason="NotFound"),
    mutant("S3B-118", "lets-the-server-say-so", "s3", op.raises_instead("write", InvalidPath, RemoteStoreError, LONG),
        reason="InvalidPath"),
    mutant("S3B-119", "prefers-the-folder", "s3", op.replace("is_file", folder_wins, ~op.ROOT), reason="is_file"),
    mutant("S3B-120", "tries-every-split", "s3", op.replace("glob", split_by_split), also="KIT-006", reason="within"),
    mutant("S3B-120", "lists-it-all", "s3", op.replace("glob", listed_whole), reason="requests below"),
    mutant("S3B-124", "quotes-the-etag", "s3", op.fills_each("list_files", etag=lambda info: f'"{info.etag}"'),
        reason="etag"),
    mutant("S3B-124", "takes-the-etag-for-a-digest", "s3",
        op.fills_each("glob", digest=lambda info: ContentDigest("md5", info.etag)), reason="digest"),
    mutant("S3B-130", "looks-twice", "s3", op.before("exists", asked_once_more, ~op.ROOT), reason="requests"),
    mutant("S3B-130", "looks-once-more", "s3", op.replace("is_folder", looked_once_more, ~op.ROOT), reason="requests"),
    mutant("S3B-130", "lists-for-a-file", "s3", op.before("is_file", looked_up, ~op.ROOT), reason="requests"),
    mutant("S3B-131", "looks-first", "s3", op.before("read read_bytes", asked_once_more, ~op.ROOT), reason="requests"),
    mutant("S3B-134", "goes-folder-by-folder", "s3", op.replace("list_files", folder_by_folder, RECURSIVE),
        reason="requests"),
    mutant("S3B-134", "lists-all-below", "s3", op.replace("list_files", files_of_all, ~RECURSIVE), reason="requests"),
    mutant("S3B-135", "looks-first", "s3", op.before("get_folder_info delete_folder", looked_up, ~op.ROOT),
        reason="requests"),
)
# fmt: on
