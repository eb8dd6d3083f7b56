"""Operations of a sequence as values, and as the steps of TOML that they are shown, kept and sent as."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from rsconform.cases.content import BadLiteralError, Content, Source, parse_content
from rsconform.spec.vocabulary import OPERATIONS

WRITES: Final = ("write", "write_atomic", "open_atomic")
READS: Final = ("read", "read_seekable", "read_bytes")
OF_TWO: Final = ("move", "copy")
OF_SUBJECT: Final = ("reopen", "drop_container")
# What may stand in a sequence. Of the rest of the contract nothing depends on what came before.
KNOWN: Final = (
    *WRITES, *READS, *OF_TWO, *OF_SUBJECT, "exists", "is_file", "is_folder", "get_file_info", "get_folder_info",
    "delete", "delete_folder", "list_files", "list_folders", "iter_children", "glob", "check_health",
)  # fmt: skip
_SOURCE_KEYS: Final = ("fails_after", "chunk", "seekable", "only_read")
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
    """

    op: str
    path: str = ""
    dst: str | None = None
    content: Content | Source | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    peer: bool = False

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
        return OPERATIONS[self.op].mutates

    def option(self, name: str) -> bool:
        """Return a flag; one that is not passed is False."""
        return bool(self.options.get(name, False))

    def below(self, folder: str) -> Operation:
        """Return the same operation in a folder."""
        if self.op in (*OF_SUBJECT, "check_health"):
            return self
        return replace(self, path=_join(folder, self.path), dst=None if self.dst is None else _join(folder, self.dst))


def _join(folder: str, path: str) -> str:
    return "/".join(part for part in (folder, path) if part)


def as_step(operation: Operation) -> dict[str, Any]:
    """Return an operation as the table that a step of TOML is."""
    step: dict[str, Any] = {"op": operation.op}
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
    return {**step, **operation.options}


def from_step(step: object) -> Operation:
    """Return the operation that a table is.

    Raises:
        BadStepError: It is none.
    """
    if not isinstance(step, Mapping):
        raise BadStepError(f"a step is a table, not {step!r}")
    rest = dict(step)
    name = rest.pop("op", None)
    if name not in KNOWN:
        raise BadStepError(f"{name!r} is no operation of a sequence")
    peer = rest.pop("on", None) == "peer"
    path = rest.pop("src", rest.pop("pattern", rest.pop("path", "")))
    dst = rest.pop("dst", None)
    content = _content_from(rest.pop("content", None))
    known = {*OPERATIONS[name].optional, *(("drain",) if name in READS else ())}
    if not isinstance(path, str) or not isinstance(dst, str | None) or rest.keys() - known:
        raise BadStepError(f"these are no arguments of {name}: {step!r}")
    if (name in WRITES) != (content is not None) or (name in OF_TWO) != (dst is not None):
        raise BadStepError(f"{name} lacks an argument, or has one too many: {step!r}")
    return Operation(name, path, dst, content, rest, peer)


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
