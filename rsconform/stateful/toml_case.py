"""A sequence that goes wrong as a ready case of TOML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rsconform.stateful.executor import paths_in
from rsconform.stateful.expected import ANYTHING, ByteRange, Rest
from rsconform.stateful.operations import LISTINGS, OF_SUBJECT, READS, WRITES, Operation, as_step, toml_value
from rsconform.stateful.runner import Broken, Step
from rsconform.stateful.tokens import Repro

FOLDER: Final = "s"  # The folder that the operations are done in, as in every sequence.


def as_case(broken: Broken, repro: Repro) -> str:
    """Return a case that fails where the sequence goes wrong, and passes where it does not."""
    operations = [step.operation for step in broken.steps]
    traits: dict[str, object] = {"flat_namespace": repro.flat}
    if repro.flat:
        traits["rejects_write_under_file_ancestor"] = not repro.below_files
    ops = {operation.op for operation in operations}
    needs = ["peer"] if any(one.peer for one in operations) or "reopen" in ops else []
    needs += ["container"] if "drop_container" in ops else []
    lines = [
        "[[axiom.case]]",
        f'name = "found-{repro.name[:6]}"',
        f"traits = {toml_value(traits)}",
        *([f"needs = {toml_value(needs)}"] if needs else []),
        *(["fresh = true"] if ops & set(OF_SUBJECT) else []),
        "steps = [",
        *(f"  {toml_value(table)}," for step in broken.steps[:-1] for table in _tables(step)),
        *(f"  {toml_value(table)}," for table in _last(broken, Literals(operations))),
        "]",
    ]
    if broken.tree is not None:
        literals = Literals(operations)
        tree = {f"{FOLDER}/{path}": literals.of(content) for path, content in broken.tree.items()}
        lines.append(f"then = {toml_value({'tree': tree})}")
    return "\n".join(lines) + "\n"


def steps_of(broken: Broken) -> tuple[str, ...]:
    """Return the steps of the case, a line each."""
    return tuple(toml_value(table) for step in broken.steps for table in _tables(step))


class Literals:
    """The literals of content that operations wrote, by what they stand for."""

    def __init__(self, operations: list[Operation]) -> None:
        self._known = {one.data: str(getattr(one.content, "content", one.content)) for one in operations if one.content}

    def of(self, content: bytes) -> str:
        """Return a literal for content."""
        return self._known.get(content) or f"hex:{content.hex()}"

    def part(self, content: bytes, start: int, part: bytes) -> str:
        """Return a literal for what content has from a place on."""
        known = self._known.get(content, "")
        if part == content or not known.startswith(("bytes", "zeros")):
            return self.of(part)
        return f"{known}[{start}:{start + len(part)}]"


def _tables(step: Step) -> list[dict[str, Any]]:
    """Return the step that an operation is, with the error that it met."""
    if step.operation.op == "reopen":
        return [{"op": "close"}, {"op": "reopen"}]
    table = as_step(step.operation.below(FOLDER))
    return [table if step.seen.error is None else {**table, "raises": step.seen.error_name}]


def _last(broken: Broken, literals: Literals) -> list[dict[str, Any]]:
    """Return the last step with what it was to do."""
    step = broken.steps[-1]
    if broken.tree is not None or step.operation.op == "reopen":
        return _tables(step)
    table, expected = as_step(step.operation.below(FOLDER)), step.expected
    if not expected.returns:
        return [{**table, "raises": sorted(expected.errors)}]
    if expected.errors:
        table["or_raises"] = sorted(expected.errors)
    return [{**table, **_wanted(step, literals)}]


def _wanted(step: Step, literals: Literals) -> Mapping[str, Any]:
    name, value = step.operation.op, step.expected.value
    if value is ANYTHING or value is None:
        return {}
    if isinstance(value, ByteRange):
        return {"reads": _piece(value, step.seen.value, literals)}
    if isinstance(value, Rest):
        return {"returns": _one_of(value.all)} if value.one else _rest(value, step.seen.value)
    if name in READS and isinstance(value, bytes):
        return {"reads": literals.of(value)}
    if name in LISTINGS and isinstance(value, frozenset):
        return _listed(value, step.seen.value)
    if name == "get_file_info" and isinstance(value, tuple):
        _, size, about = value
        return {"returns": {"size": size, "metadata": dict(about) or "{none}"}}
    if name == "get_folder_info" and isinstance(value, tuple):
        return {"returns": {"file_count": value[0], "total_size": value[1]}}
    if name in WRITES and isinstance(value, tuple):
        return {"returns": {"size": value[1]}}
    return {"returns": value}


def _piece(piece: ByteRange, seen: object, literals: Literals) -> object:
    """Return what reading on gives: of a file that has changed one of several, and where parts may mix one of them."""
    length = len(seen) if isinstance(seen, bytes) and seen else piece.size or 0
    parts = [literals.part(one, piece.at, piece.of(one, length)) for one in piece.versions]
    parts += ["text:"] if piece.mixed else []
    return parts[0] if len(set(parts)) == 1 else list(dict.fromkeys(parts))


def _rest(rest: Rest, seen: object) -> Mapping[str, Any]:
    entries = seen if isinstance(seen, tuple) else ()
    if not rest.others or (rest.steady <= set(entries) <= rest.all):
        # What came twice is shown by what there is to come once, whatever else might.
        return _listed(rest.steady if not rest.others else frozenset(entries), seen)
    if not rest.steady <= set(entries):
        return {"returns": _some(min(rest.steady - set(entries)))}
    return {"returns": {"each": _one_of(rest.all)}}


def _listed(entries: frozenset[str], seen: object) -> Mapping[str, Any]:
    """Return exactly these entries: by their paths, if those were not right already."""
    wanted = sorted(_named(paths_in(entries)))
    if sorted(_named(paths_in(seen))) != wanted:
        return {"paths": wanted}
    return {"returns": _some(min(entries - set(seen)))}  # type: ignore[call-overload]  # They have the same paths.


def _some(entry: str) -> Mapping[str, Any]:
    """Return the demand that an entry is among others."""
    return {"not": {"each": {"not": _entry(entry)}}}


def _one_of(entries: Iterable[str]) -> Mapping[str, Any]:
    matchers = [_entry(entry) for entry in sorted(entries)]
    return matchers[0] if len(matchers) == 1 else {"any_of": matchers}


def _named(paths: Any) -> list[str]:
    """Return paths in the folder of the case; the model's lie in that of the sequence."""
    return ["/".join((FOLDER, *path.split("/")[1:])) for path in paths]


def _entry(text: str) -> dict[str, Any]:
    path, _, size = text.rpartition(" (")
    entry: dict[str, Any] = {"path": _named([path or text.rstrip("/")])[0]}
    return {**entry, "size": int(size.split()[0])} if path else entry
