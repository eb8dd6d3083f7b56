"""What a step may do to a value that an earlier one bound: a stream, a listing, an error, a set of capabilities."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import remote_store as rs


def _capability(args: list[object]) -> rs.Capability:
    return rs.Capability[str(args[0])]


def _read_into(target: Any, args: list[Any]) -> bytes:
    buffer = bytearray(args[0])
    return bytes(buffer[: target.readinto(buffer)])


def _set(target: Any, args: list[Any]) -> None:
    setattr(target, args[0], args[1])


def _end_of(target: Any, args: list[Any]) -> int:
    whence = {"SET": io.SEEK_SET, "CUR": io.SEEK_CUR, "END": io.SEEK_END}
    return int(target.seek(args[0], *(whence.get(arg, arg) for arg in args[1:])))


VALUE_OPERATIONS: Final[Mapping[str, Callable[[Any, list[Any]], object]]] = {
    "next": lambda target, _: next(target),
    "close": lambda target, _: target.close(),
    "seek": _end_of,
    "tell": lambda target, _: target.tell(),
    "read": lambda target, args: target.read(*args),
    "readinto": _read_into,
    "closed": lambda target, _: target.closed,
    "readable": lambda target, _: target.readable(),
    "seekable": lambda target, _: target.seekable(),
    "supports": lambda target, args: target.supports(_capability(args)),
    "require": lambda target, args: target.require(_capability(args)),
    "set": _set,
    "repr": lambda target, _: repr(target),
    "str": lambda target, _: str(target),
    "hash": lambda target, _: hash(target),
    "json": lambda target, _: json.dumps(target, default=dict),
    "value": lambda target, args: [target, *args] if args else target,
}
