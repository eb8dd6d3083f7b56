"""Controls whose answers look unlike those of other backends, and are right: digests, native paths, streams, times."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, unquote

from remote_store import ContentDigest, RemoteStoreError

from rsconform.selftest import operators as op
from rsconform.selftest.control import Control, control
from rsconform.selftest.stores.flat import ForwardOnly

_AHEAD: Final = 64 << 10


class Text(str):
    """A text of a class of its own, as of URIs."""

    __slots__ = ()


class Binary(bytes):
    """Bytes of a class of their own."""


def with_digest(name: str, digest: Callable[[bytes], str]) -> op.Mutation:
    """Tell of each file a digest of its content."""

    def of_file(call: op.Call) -> Any:
        content = call.call_correct("read_bytes", call.path)
        return replace(call.proceed(), digest=ContentDigest(name, digest(content)))

    def of_result(call: op.Call) -> Any:
        result = call.proceed()
        content = call.call_correct("read_bytes", call.path)
        return replace(result, digest=ContentDigest(name, digest(content)))

    return op.replace("get_file_info", of_file) + op.replace("write write_atomic", of_result)


def plain_metadata_only(call: op.Call) -> Any:
    """Keep short values under keys of lower-case letters, and refuse all else for good."""
    metadata = call.arguments["metadata"] or {}
    odd = [key for key in metadata if not key.replace("_", "").isalnum() or key != key.lower() or not key.isascii()]
    if odd or any(len(value) > 1000 or ";" in value for value in metadata.values()):
        raise RemoteStoreError("no such metadata here", path=call.path, backend=call.backend.name)
    return call.proceed()


def native_with_query(self: Any, path: str) -> str:
    return f"https://host/base/{quote('' if path == '.' else path)}?v=1"


def key_without_query(self: Any, native_path: str) -> str:
    start, end = "https://host/base/", "?v=1"
    is_own = native_path.startswith(start) and native_path.endswith(end)
    return unquote(native_path[len(start) : -len(end)]) if is_own else native_path


def native_behind_a_prefix(self: Any, path: str) -> str:
    return "t42" if path == "." else f"t42{path}"


def key_behind_a_prefix(self: Any, native_path: str) -> str:
    return native_path.removeprefix("t42")


def native_is_the_key(self: Any, path: str) -> str:
    return "" if path == "." else path


def folded_key(self: Any, native_path: str) -> str:
    parts = native_path.split("/")
    return "/".join(part for part in parts if part not in ("", ".")) if ".." not in parts else native_path.strip("/")


class _FillsItself(io.BytesIO):
    """A BytesIO that holds nothing until it is read."""

    def __init__(self, fetch: Callable[[], bytes]) -> None:
        super().__init__()
        self._fetch: Callable[[], bytes] | None = fetch

    def _fill(self) -> None:
        if self._fetch is not None:
            data, self._fetch = self._fetch(), None
            super().write(data)
            super().seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        self._fill()
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        self._fill()
        return super().readinto(buffer)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._fill()
        return super().seek(offset, whence)


class _Within(io.BytesIO):
    """A stream that takes a position outside the file for the nearest one inside."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream.read())

    def seek(self, offset: int, whence: int = 0, /) -> int:
        size = len(self.getbuffer())
        base = (0, self.tell(), size)[whence]
        return super().seek(min(max(0, base + offset), size))


class _BinaryIO:
    """What typing.BinaryIO asks of a reader that can seek, and no more."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        if name not in ("read", "readline", "readlines", "seek", "tell", "close", "closed", "readable", "seekable"):
            raise AttributeError(name)
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def __enter__(self) -> _BinaryIO:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def one_block_ahead(stream: Any) -> Any:
    """Read one block ahead, and hand that out where it was all."""
    data = stream.read()
    return io.BytesIO(data) if len(data) <= _AHEAD else io.BufferedReader(ForwardOnly(data))


def _of_the_day(model: Any) -> Any:
    when = getattr(model, "modified_at", None)
    return (
        model if when is None else replace(model, modified_at=when.replace(hour=0, minute=0, second=0, microsecond=0))
    )


TEXTS_OF_ITS_OWN: Final[op.Mutation] = (
    op.replace("native_path to_key", lambda call: Text(call.proceed()))
    + op.alters("read_bytes", Binary)
    + op.override(name=property(lambda _self: Text("flat")))
)
DAYS: Final[op.Mutation] = (
    op.alters("get_file_info get_folder_info", _of_the_day)
    + op.alters(f"{op.LISTINGS} glob", lambda found: map(_of_the_day, found))
    + op.fills("write write_atomic", last_modified=lambda _: None)
)
_NATIVE: Final = "NPR-* BE-023* BE-025* BE-020i RES-*"

TELLING_CONTROLS: Final[tuple[Control, ...]] = (
    control(
        "has-digests-of-a-chosen-length",
        "flat",
        with_digest("blake2b", lambda data: hashlib.blake2b(data, digest_size=32).hexdigest()),
        axioms="CDG-* WR-007 WR-001a.*",
    ),
    control(
        "has-digests-without-a-length",
        "flat",
        with_digest("shake-128", lambda data: hashlib.shake_128(data).hexdigest(16)),
        axioms="CDG-* WR-007 WR-001a.*",
    ),
    control(
        "keeps-plain-metadata-only",
        "flat",
        op.replace("write write_atomic", plain_metadata_only, ~op.CLOSED),
        axioms="WR-* KIT-005 KIT-029 KIT-047 BE-008n BE-010d",
    ),
    control("has-classes-of-its-own-for-text-and-bytes", "flat", TEXTS_OF_ITS_OWN, almost_violates="plain-answers"),
    control(
        "has-a-query-behind-its-keys",
        "flat",
        op.override(native_path=native_with_query, to_key=key_without_query),
        axioms=_NATIVE,
    ),
    control(
        "has-a-bare-prefix-for-a-root",
        "flat",
        op.override(native_path=native_behind_a_prefix, to_key=key_behind_a_prefix),
        axioms=_NATIVE,
    ),
    control(
        "has-no-native-root-and-folds",
        "flat",
        op.override(native_path=native_is_the_key, to_key=folded_key),
        axioms="NPR-*",
    ),
    control("streams-like-a-BinaryIO", "memory", op.alters("read", _BinaryIO), axioms="SIO-009* CAP-007*"),
    control("reads-one-block-ahead", "memory", op.alters("read", one_block_ahead), axioms="SIO-009a SIO-009b SIO-001b"),
    control(
        "fills-itself-as-it-is-read",
        "memory",
        op.alters("read", lambda stream: _FillsItself(stream.read)),
        axioms="SIO-009* SIO-001b SIO-008*",
    ),
    control(
        "seeks-within-the-file", "flat", op.alters("read read_seekable", _Within), axioms="KIT-034 SIO-008* SEEK-003a"
    ),
    control("keeps-days", "flat", DAYS, axioms="MOD-* KIT-037 WR-001a.* BE-016* BE-017*"),
)
