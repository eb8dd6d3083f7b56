"""Listing and deleting below a prefix.

Keys that no path leads to (`/x`, `a//b`, `a/../b`, a marker `d/`) are passed over where files are named: to report one
under another name would invent a file. They do count as content of their folder, and go when it is deleted.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from remote_store import DirectoryNotEmpty, FileInfo, FolderEntry, FolderInfo, RemotePath

from rsconform_s3.errors import store_error
from rsconform_s3.keys import is_root, path_of
from rsconform_s3.objects import listed_file
from rsconform_s3.patterns import Pattern
from rsconform_s3.requests import Requests, Response

log = logging.getLogger(__name__)

# What XML 1.0 cannot hold, escaped or not ('Char', section 2.2), and so no request to delete many objects.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def files_below(requests: Requests, prefix: str, path: str, *, max_depth: int | None) -> Iterator[FileInfo]:
    """Yield the files below a prefix.

    Args:
        max_depth: How many folders may lie between the prefix and a file; None for any number.
    """
    parameters = {"Delimiter": "/"} if max_depth == 0 else {}
    for page in requests.pages(prefix, path, **parameters):
        for info in _files(page):
            if max_depth is None or str(info.path).count("/", len(prefix)) <= max_depth:
                yield info


def children(requests: Requests, prefix: str, path: str) -> Iterator[FileInfo | FolderEntry]:
    """Yield the files and folders directly below a prefix, in one pass."""
    for page in requests.pages(prefix, path, Delimiter="/"):
        yield from _files(page)
        yield from _folders(page, prefix)


def folders(requests: Requests, prefix: str, path: str) -> Iterator[FolderEntry]:
    """Yield the folders directly below a prefix."""
    for page in requests.pages(prefix, path, Delimiter="/"):
        yield from _folders(page, prefix)


def matches(requests: Requests, pattern: Pattern) -> Iterator[FileInfo]:
    """Yield the files that a pattern matches, listing only what starts as it does."""
    parameters = {} if pattern.is_deep else {"Delimiter": "/"}
    for page in requests.pages(pattern.prefix, pattern.text, **parameters):
        yield from (info for info in _files(page) if pattern.matches(str(info.path)))


def folder_info(requests: Requests, prefix: str, path: str) -> FolderInfo | None:
    """Return how many files a folder holds at any depth and how large they are, or None if there is no folder."""
    count, size, newest = 0, 0, None
    exists = prefix == ""
    for page in requests.pages(prefix, path):
        for entry in page.get("Contents", ()):
            exists = True
            if path_of(entry["Key"]) is not None:
                count += 1
                size += entry["Size"]
                newest = _later(newest, entry.get("LastModified"))
    if not exists:
        return None
    name = RemotePath.ROOT if is_root(path) else RemotePath(path)
    return FolderInfo(path=name, file_count=count, total_size=size, modified_at=newest)


def delete_below(requests: Requests, prefix: str, path: str) -> bool:
    """Delete every object below a prefix, a page at a time; tell whether there was one."""
    found = False
    for page in requests.pages(prefix, path):
        keys = [entry["Key"] for entry in page.get("Contents", ())]
        found = found or bool(keys)
        _delete_keys(requests, keys, path)
    return found


def delete_if_empty(requests: Requests, prefix: str, path: str) -> bool:
    """Delete a folder that consists of its marker alone; tell whether there was a folder.

    Raises:
        DirectoryNotEmpty: It holds something.
    """
    page = next(requests.pages(prefix, path, MaxKeys=2), {})
    keys = [entry["Key"] for entry in page.get("Contents", ())]
    if any(key != prefix for key in keys):
        raise DirectoryNotEmpty("The folder is not empty", path=path, backend=requests.backend)
    _delete_keys(requests, keys, path)
    return bool(keys)


def _files(page: Response) -> Iterator[FileInfo]:
    for entry in page.get("Contents", ()):
        path = path_of(entry["Key"])
        if path is not None:
            yield listed_file(path, entry)
        else:
            log.debug("A listing passes over the key %r, which no path names", entry["Key"])


def _folders(page: Response, prefix: str) -> Iterator[FolderEntry]:
    for entry in page.get("CommonPrefixes", ()):
        path = path_of(entry["Prefix"].removesuffix("/"))
        if path is not None:
            yield FolderEntry(path=path, name=path.name)
        else:
            log.debug("A listing below %r passes over %r, which no path names", prefix, entry["Prefix"])


def _delete_keys(requests: Requests, keys: list[str], path: str) -> None:
    together = [{"Key": key} for key in keys if not _NOT_XML.search(key)]
    if together:
        answer = requests.send("delete_objects", path, Delete={"Objects": together, "Quiet": True})
        _raise_errors(requests, answer, path)
    for key in keys:
        if _NOT_XML.search(key):
            requests.send("delete_object", path, Key=key)


def _raise_errors(requests: Requests, answer: Response, path: str) -> None:
    """Raise for the first object that was not deleted, which is said inside an answer of 200."""
    errors: list[dict[str, Any]] = answer.get("Errors", [])
    if errors:
        from botocore.exceptions import ClientError

        first = errors[0]
        details = {"Code": first.get("Code", ""), "Message": f"{first.get('Message', '')} (key {first.get('Key')!r})"}
        facts: Any = {"Error": details, "ResponseMetadata": answer["ResponseMetadata"]}
        exc = ClientError(facts, "DeleteObjects")
        raise store_error(exc, path=path, backend=requests.backend) from exc


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other
