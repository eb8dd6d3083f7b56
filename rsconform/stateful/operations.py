"""Operations of a sequence as values, and as the steps of TOML that they are shown, kept and sent as."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rsconform.cases.content import BadLiteralError, Content, Source, parse_content
from rsconform.spec.operations import OPERATIONS

WRITES: Final = ("write", "write_atomic", "open_atomic")
READS: Final = ("read", "read_seekable", "read_bytes")
OF_TWO: Final = ("move", "copy")
OF_SUBJECT: Final = ("reopen", "drop_container")
LISTINGS: Final = ("list_files", "list_folders", "iter_children", "glob")
# What gives a handle that may be kept, and what is done with one: how many arguments each takes.
KEEPABLE: Final = ("read", "read_seekable", *LISTINGS)
ON_HANDLES: Final[Mapping[str, Sequence[int]]] = {
    "read": (1,),
    "seek": (1, 2),
    "next": (0,),
    "drain": (0,),
    "close": (0,),
}
_WHENCE: Final = ("SET", "CUR", "END")
# What may stand in a sequence. Of the rest of the contract nothing depends on what came before.
KNOWN: Final = (
    *WRITES, *READS, *OF_TWO, *OF_SUBJECT, "exists", "is_file", "is_folder", "get_file_info", "get_folder_info",
    "delete", "delete_folder", *LISTINGS, "check_health",
)  # fmt: skip
_SOURCE_KEYS: Final = ("fails_after", "chunk", "seekable", "only_read")
_HANDLE: Final = re.compile(r"h([1-9]\d*)")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


class BadStepError(ValueError):
    """A step is no operation that may stand in a sequence."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation with its arguments.

    Args:
        path: Relative to the folder of the sequence, "" is that folder; of glob the pattern, of move and copy the
            source.
        content: What is written, and how it is handed over.
        options: What is passed by name; of a read also `drain`, the size of its pieces.
        peer: Whether another instance over the same store does it.
        keeps: The number of the handle under which what it opens is kept; 0: it is used up and closed.
        on: The number of the handle that it is done with, instead of with a backend.
        args: What is passed to a handle: the size of a piece, or a place and from where it counts.
    """

    op: str
    path: str = ""
    dst: str | None = None
    content: Content | Source | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    peer: bool = False
    keeps: int = 0
    on: int = 0
    args: tuple[Any, ...] = ()

    @property
    def title(self) -> str:
        """Return what is done, and whether with a handle."""
        return f"{self.op} on a handle" if self.on else self.op

    @property
    def data(self) -> bytes:
        """Return the bytes that are written."""
        return self.content.data if self.content is not None else b""

    @property
    def fails_after(self) -> int | None:
        """Return after how many bytes the source raises; None if it does not."""
        return self.content.fails_after if isinstance(self.content, Source) else None

    @property
    def mutates(self) -> bool:
        """Return whether it may change the store."""
        return not self.on and OPERATIONS[self.op].mutates

    def is_about(self, path: str) -> bool:
        """Return whether it is given a path, as its own or as the one that it goes to."""
        return path in (self.path, self.dst)

    def option(self, name: str) -> bool:
        """Return a flag; one that is not passed is False."""
        return bool(self.options.get(name, False))

    def below(self, folder: str) -> Operation:
        """Return the same operation in a folder."""
        if self.on or self.op in (*OF_SUBJECT, "check_health"):
            return self
        return replace(self, path=_join(folder, self.path), dst=None if self.dst is None else _join(folder, self.dst))


def _join(folder: str, path: str) -> str:
    return "/".join(part for part in (folder, path) if part)


def as_step(operation: Operation) -> dict[str, Any]:
    """Return an operation as the table that a step of TOML is."""
    step: dict[str, Any] = {"op": operation.op}
    if operation.on:
        return {"on": f"h{operation.on}", **step, **({"args": [*operation.args]} if operation.args else {})}
    if operation.peer:
        step["on"] = "peer"
    if operation.op in OF_TWO:
        step |= {"src": operation.path, "dst": operation.dst}
    elif operation.op == "glob":
        step["pattern"] = operation.path
    elif OPERATIONS[operation.op].required:
        step["path"] = operation.path
    if isinstance(operation.content, Source):
        source = operation.content
        unlike = {name: getattr(source, name) for name in _SOURCE_KEYS}
        usual = {"fails_after": None, "chunk": None, "seekable": True, "only_read": False}
        step["content"] = {
            "stream": str(source.content),
            **{name: value for name, value in unlike.items() if value != usual[name]},
        }
    elif operation.content is not None:
        step["content"] = str(operation.content)
    kept = {"as": f"h{operation.keeps}"} if operation.keeps else {}
    return {**step, **operation.options, **({"drain": False} if kept and operation.op in LISTINGS else {}), **kept}


def from_step(step: object) -> Operation:
    """Return the operation that a table is.

    Raises:
        BadStepError: It is none.
    """
    if not isinstance(step, Mapping):
        raise BadStepError(f"a step is a table, not {step!r}")
    rest = dict(step)
    name, on = rest.pop("op", None), rest.pop("on", None)
    if on not in (None, "peer"):
        return _on_handle(str(name), _number(on), rest)
    if name not in KNOWN:
        raise BadStepError(f"{name!r} is no operation of a sequence")
    keeps = _number(rest.pop("as")) if "as" in rest and name in KEEPABLE else 0
    if keeps and name in LISTINGS:
        rest.pop("drain", None)
    path = rest.pop("src", rest.pop("pattern", rest.pop("path", "")))
    dst = rest.pop("dst", None)
    content = _content_from(rest.pop("content", None))
    known = {*OPERATIONS[name].optional, *(("drain",) if name in READS else ())}
    if not isinstance(path, str) or not isinstance(dst, str | None) or rest.keys() - known:
        raise BadStepError(f"these are no arguments of {name}: {step!r}")
    if (name in WRITES) != (content is not None) or (name in OF_TWO) != (dst is not None):
        raise BadStepError(f"{name} lacks an argument, or has one too many: {step!r}")
    return Operation(name, path, dst, content, rest, on == "peer", keeps)


def _on_handle(name: str, number: int, rest: Mapping[str, object]) -> Operation:
    args = rest.get("args", [])
    if name not in ON_HANDLES or rest.keys() - {"args"} or not isinstance(args, list):
        raise BadStepError(f"this is no operation on a handle: {name} {dict(rest)!r}")
    fits = all(type(arg) is int for arg in args[:1]) and all(arg in _WHENCE for arg in args[1:])
    if not fits or len(args) not in ON_HANDLES[name]:
        raise BadStepError(f"these are no arguments of {name}: {args!r}")
    return Operation(name, on=number, args=tuple(args))


def _number(name: object) -> int:
    match = _HANDLE.fullmatch(str(name))
    if match is None:
        raise BadStepError(f"{name!r} is no handle: one is h1, h2 and so on")
    return int(match[1])


def _content_from(value: object) -> Content | Source | None:
    try:
        if isinstance(value, str):
            return parse_content(value)
        if isinstance(value, Mapping):
            options = {key: option for key, option in value.items() if key != "stream"}
            if options.keys() - set(_SOURCE_KEYS):
                raise BadStepError(f"this is no source: {value!r}")
            return Source(parse_content(str(value.get("stream"))), **options)
    except BadLiteralError as exc:
        raise BadStepError(str(exc)) from exc
    return None


def toml_value(value: object) -> str:
    """Return a value as TOML on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _toml_text(value)
    if isinstance(value, Mapping):
        items = ", ".join(
            f"{key if _BARE_KEY.fullmatch(key) else _toml_text(key)} = {toml_value(item)}"
            for key, item in value.items()
        )
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(toml_value, value))}]"
    raise TypeError(f"{value!r} cannot be said in TOML")


def _toml_text(text: str) -> str:
    escaped = "".join(
        f"\\{char}" if char in '"\\' else char if char.isprintable() else f"\\U{ord(char):08X}" for char in text
    )
    return f'"{escaped}"'


def as_toml(operation: Operation) -> str:
    """Return an operation as a step of TOML."""
    return toml_value(as_step(operation))
