"""A case in words: what the store holds before it, its steps and the end that it demands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from rsconform.cases.case import Case, End, Given, GivenFile, Step
from rsconform.cases.content import Content, Source
from rsconform.cases.deferred import Bound, Text, show

_MOST_FILES: Final = 8  # More are counted, with those whose names are unlike the others.
_ODD: Final = 3  # So few files of one form of name are unlike the others.
_LONG_NAME: Final = 100
_EXPECTATIONS: Final = ("returns", "reads", "paths", "raises", "or_raises")
_SAID_APART: Final = ("op", "on", "as", *_EXPECTATIONS)
_NUMBER: Final = re.compile(r"\d+")


def describe_given(given: Given) -> tuple[str, ...]:
    """Return what the store holds before the first step, a line a file or folder: name, size and content."""
    lines = [f"folder {shown_name(folder)}" for folder in given.folders]
    if len(given.files) <= _MOST_FILES:
        lines += [_file_line(path, file) for path, file in given.files.items()]
    else:
        lines += _many(given.files)
    return tuple(lines) or ("an empty store",)


def describe_steps(case: Case) -> tuple[str, ...]:
    """Return the steps of a case, a line each; a probe is one step."""
    return tuple(map(describe_step, case.steps)) or (describe_probe(case),)


def describe_step(step: Step) -> str:
    """Return a step as one line: `write path='a' content=bytes:100 (100 bytes) -> raises NotFound`."""
    words = [f"{step.on}.{step.op}" if step.on else step.op]
    words += [f"{key}={_argument(step, key)}" for key in step.table if key not in _SAID_APART]
    expectations = [f"{key} {_expected(step, key)}" for key in _EXPECTATIONS if key in step.table]
    bound = f" as {step.bind}" if step.bind is not None else ""
    return " ".join(words) + bound + (f" -> {', '.join(expectations)}" if expectations else "")


def describe_probe(case: Case) -> str:
    """Return the probe of a case with its arguments, as one line."""
    arguments = " ".join(f"{name}={value}" for name, value in case.args.items())
    return f"probe {case.probe} {arguments}".rstrip()


def describe_end(case: Case) -> tuple[str, ...]:
    """Return the state of the store that a case demands at its end, a line each; empty where it demands none."""
    return tuple(_end_lines(case.then)) if case.then is not None else ()


def sized(content: Content | Source) -> str:
    """Return content as its literal, with how many bytes those are."""
    size = len(content.data) if isinstance(content, Source) else content.size
    return f"{content} ({counted_bytes(size)})"


def counted_bytes(size: int) -> str:
    """Return a number of bytes in words."""
    return "1 byte" if size == 1 else f"{size:,} bytes"


def shown_name(path: str) -> str:
    """Return a path as a Python string, in the middle cut if it is long."""
    if len(path) <= _LONG_NAME:
        return repr(path)
    return f"{path[: _LONG_NAME // 2]!r} … {path[-10:]!r} ({len(path)} characters)"


def _file_line(path: str, file: GivenFile) -> str:
    metadata = f", metadata {dict(file.metadata)}" if file.metadata is not None else ""
    return f"{shown_name(path)}  {sized(file.content)}{metadata}"


def _many(files: Mapping[str, GivenFile]) -> Iterator[str]:
    """Yield the files whose names are alike as one line, and those that are unlike the others by themselves."""
    alike: dict[str, list[str]] = {}
    for path in files:
        alike.setdefault(_NUMBER.sub("0", path), []).append(path)
    odd = [path for paths in alike.values() if len(paths) <= _ODD for path in paths]
    for paths in alike.values():
        if len(paths) > _ODD:
            sizes = sorted({files[path].content.size for path in paths})
            span = counted_bytes(sizes[0]) if len(sizes) == 1 else f"{sizes[0]:,} to {counted_bytes(sizes[-1])}"
            yield f"{len(paths):,} files of {span}, from {shown_name(paths[0])} to {shown_name(paths[-1])}"
    yield from (_file_line(path, files[path]) for path in odd[:_MOST_FILES])
    if len(odd) > _MOST_FILES:
        yield f"and {len(odd) - _MOST_FILES:,} more files with names of other forms"


def _end_lines(end: End) -> Iterator[str]:
    if end.unchanged:
        yield "the store is as it was"
    if end.tree is not None:
        many = len(end.tree) > _MOST_FILES
        yield "the store holds exactly:" if end.tree else "the store holds no file"
        for path, content in [*end.tree.items()][:_MOST_FILES]:
            yield f"  {shown_name(path)}  {content if isinstance(content, Bound) else sized(content)}"
        if many:
            yield f"  and {len(end.tree) - _MOST_FILES:,} more"
    if end.folders is not None:
        yield f"the folders are exactly {list(end.folders)}"
    if end.residue is False:
        yield "nothing else is left behind"
    for number, way in enumerate(end.any_of):
        yield "either:" if number == 0 else "or:"
        yield from (f"  {line}" for line in _end_lines(way))


def _argument(step: Step, key: str) -> str:
    value = step.arguments.get(key)
    return sized(value) if isinstance(value, Content | Source) else _shown(step.table[key])


def _expected(step: Step, key: str) -> str:
    if key == "reads" and isinstance(step.reads, Content | Source):
        return sized(step.reads)
    return _shown(step.table[key])


def _shown(value: object) -> str:
    if isinstance(value, Bound | Text):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return show(value, limit=80)
