"""Which object or prefix a path names, decided from the path alone.

S3 would store any string: `a//b` and `a/../b` are keys like any other. A path is folded here the way `RemotePath`
folds it, by every operation alike, so that what was written is found again under the path its `WriteResult` names.
"""

from __future__ import annotations

from collections.abc import Iterator

from remote_store import InvalidPath, RemotePath

# 'The object key name is a sequence of Unicode characters with UTF-8 encoding of up to 1,024 bytes in length.'
# (Amazon S3 User Guide, Naming Amazon S3 objects)
MAX_KEY_BYTES = 1024


def is_root(path: str) -> bool:
    """Tell whether a path has no segment of its own, in whatever spelling."""
    return path in ("", ".") or not _segments(path)


def object_key(path: str, *, backend: str) -> str:
    """Return the key of the object that a path names.

    Raises:
        InvalidPath: The path is the root, cannot be a key, or holds a `..` segment. It names the path as given.
    """
    if is_root(path):
        raise InvalidPath("The root is a folder, not a file", path=path, backend=backend)
    try:
        key = str(RemotePath(path))
        size_bytes = len(key.encode())
    except InvalidPath as exc:
        raise InvalidPath(str(exc.args[0]), path=path, backend=backend) from exc
    except UnicodeEncodeError as exc:
        raise InvalidPath("The path cannot be encoded as UTF-8", path=path, backend=backend) from exc
    if size_bytes > MAX_KEY_BYTES:
        message = f"The path takes {size_bytes} bytes of UTF-8; a key has at most {MAX_KEY_BYTES}"
        raise InvalidPath(message, path=path, backend=backend)
    return key


def folder_prefix(path: str, *, backend: str) -> str:
    """Return what the keys below a folder start with: empty for the root, else ending in a slash."""
    return "" if is_root(path) else object_key(path, backend=backend) + "/"


def ancestors(key: str) -> Iterator[str]:
    """Yield the keys above a key, the outermost first."""
    for index, character in enumerate(key):
        if character == "/":
            yield key[:index]


def path_of(key: str) -> RemotePath | None:
    """Return the path under which a stored key can be asked for, or None if no path leads to it."""
    try:
        path = RemotePath(key)
    except InvalidPath:
        return None
    return path if str(path) == key else None


def is_sendable(prefix: str) -> bool:
    """Tell whether a key could start with a prefix, so that asking for it makes sense."""
    try:
        prefix.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in prefix


def native_path(bucket: str, path: str) -> str:
    """Return `bucket/key`, or the bare bucket for the root. Total: what no operation would take is joined too."""
    return "/".join([bucket, *_segments(path)])


def key_of_native(bucket: str, native: str) -> str:
    """Return what follows the bucket in a native path; anything that is not below the bucket comes back unchanged."""
    if native == bucket:
        return ""
    return native.removeprefix(f"{bucket}/")


def _segments(path: str) -> list[str]:
    return [segment for segment in path.replace("\\", "/").split("/") if segment not in ("", ".")]
