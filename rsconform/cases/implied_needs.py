"""What a case needs although it does not say so: capabilities and affordances that follow from its steps."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from rsconform.cases.case import Case, End, Given, Step
from rsconform.cases.content import BadLiteralError, Content, Source, parse_content, parse_size
from rsconform.spec.operations import FOLDERS_KNOWN_BY, OPERATIONS

# Operations whose answer about a path is another one where the store knows folders. Of a destination only what is
# stored there counts.
_ANSWERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("exists", "is_file", "is_folder", "read", "read_bytes", "read_seekable"), "path"),
    **dict.fromkeys(("get_file_info", "delete"), "path"),
    **dict.fromkeys(("move", "copy"), "src"),
}
_MAKES: Final = ("path", "dst")
# Traits with which a lane says how much its store holds.
LIMITS: Final = ("largest_file", "longest_path", "largest_metadata")

# Names that every store holds, unless its lane declares `names`: KIT-020 and KIT-027 leave it others to refuse. Dots
# stand within a name only.
_NAME: Final = r"(?=[^/]{1,64}(?:/|$))[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_-])?"
PLAIN_PATH: Final = re.compile(rf"(?=.{{1,200}}$){_NAME}(?:/{_NAME})*")


def derived(
    given: Given, steps: Sequence[Step], lacks: Collection[str], *, has_end: bool
) -> tuple[set[str], list[str]]:
    """Return the capabilities and the affordances that follow from the operations that a case names.

    Args:
        lacks: The capabilities that the case wants not to be declared.
        has_end: The case demands something of the state of the store at its end.
    """
    capabilities: set[str] = set()
    needs: list[str] = []
    files = {_segments(path) for path in given.files}
    for step in steps:
        if step.on == "peer":
            needs.append("peer")
        if step.requests:
            needs.append("requests")
        if step.faults:
            needs.append("wire")
        if step.on is not None and step.on != "peer":
            continue
        operation = OPERATIONS[step.op]
        if operation.capability is not None:
            capabilities.add(operation.capability)
        if operation.needs is not None:
            needs.append(operation.needs)
        if step.op == "deny" and has_end:
            needs.append("audit")  # Through the subject nothing could be seen any more.
        if step.arguments.get("metadata"):
            capabilities.add("USER_METADATA")
        if operation.capability not in lacks and _presumes_folders(step, files):
            capabilities.add(FOLDERS_KNOWN_BY)
        files.update(_made_by(step))
    return capabilities, needs


def of_probe(args: Mapping[str, object]) -> set[str]:
    """Return the capabilities that follow from the operations that a probe is given."""
    names = (name for name in args.values() if isinstance(name, str) and name in OPERATIONS)
    return {FOLDERS_KNOWN_BY for name in names if OPERATIONS[name].of_folders}


def _presumes_folders(step: Step, files: Collection[tuple[str, ...]]) -> bool:
    """Return whether a step is about a folder: the root, what is only a prefix of files, or any path it takes for one.

    A backend that does not declare LIST has no folders and no root (BE-029): a prefix is nothing to it.
    """
    if OPERATIONS[step.op].of_folders:
        return True
    path = step.arguments.get(_ANSWERS.get(step.op, ""))
    if not isinstance(path, str):
        return False
    asked = _segments(path)
    return not asked or (asked not in files and any(file[: len(asked)] == asked for file in files))


def _made_by(step: Step) -> Iterator[tuple[str, ...]]:
    if OPERATIONS[step.op].mutates and not step.op.startswith("delete"):
        yield from (_segments(path) for name in _MAKES if isinstance(path := step.arguments.get(name), str))


def _segments(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part not in ("", "."))


def plain_paths_asked_for(case: Case) -> set[str]:
    """Return the plain paths at which a case puts files, as far as it names them."""
    paths: list[object] = [*case.given.files, *(case.args.get(name) for name in ("path", "src", "dst"))]
    for step in case.steps:
        if step.op in OPERATIONS and OPERATIONS[step.op].mutates and not step.op.startswith("delete"):
            paths += [step.arguments.get(name) for name in _MAKES]
    return {path for path in paths if isinstance(path, str) and PLAIN_PATH.fullmatch(path)}


def sizes_asked_for(case: Case) -> Mapping[str, int]:
    """Return the largest file, path and mapping of metadata that a case puts into the store, by the trait for it."""
    given = list(case.given.files.items())
    paths = [path for path, _ in given]
    mappings = [file.metadata for _, file in given]
    for step in case.steps:
        paths += [path for name in _MAKES if isinstance(path := step.arguments.get(name), str)]
        mapping = step.arguments.get("metadata")
        mappings.append({str(key): str(value) for key, value in mapping.items()} if isinstance(mapping, dict) else None)
    lengths = [len(path.encode()) for path in paths]
    of_metadata = [_size_of(mapping.items()) for mapping in mappings if mapping]
    most = (max(some, default=0) for some in (content_sizes(case), lengths, of_metadata))
    return dict(zip(LIMITS, most, strict=True))


def content_sizes(case: Case) -> list[int]:
    """Return how many bytes each content has that a case puts into the store or demands to be there."""
    contents: list[object] = [file.content for file in case.given.files.values()]
    contents += (step.arguments.get("content") for step in case.steps)
    contents += _demanded(case.then)
    sizes = [content.size for content in contents if isinstance(content, Content | Source)]
    sizes += [size for name in ("content", "size") if (size := _size_named(case.args.get(name))) is not None]
    pieces = case.args.get("pieces")  # Of one file.
    if isinstance(pieces, list):
        sizes.append(sum(size for piece in pieces if (size := _size_named(piece)) is not None))
    return sizes


def _size_named(value: object) -> int | None:
    """Return how many bytes an argument of a probe stands for; None if it says nothing of that."""
    try:
        return parse_content(value).size if isinstance(value, str) and ":" in value else parse_size(str(value))
    except BadLiteralError:
        return None


def _demanded(end: End | None) -> list[object]:
    if end is None:
        return []
    return [*(end.tree or {}).values(), *(content for option in end.any_of for content in _demanded(option))]


def _size_of(items: Iterable[tuple[str, str]]) -> int:
    return sum(len(key.encode()) + len(value.encode()) for key, value in items)
