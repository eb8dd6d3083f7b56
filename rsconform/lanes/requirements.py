"""What a lane needs and this installation lacks, found without importing anything of it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

from rsconform.lanes.lane import Lane

# What the kit's own code behind an affordance needs.
AFFORDANCE_EXTRAS: Final[Mapping[str, str]] = {"wire": "rsconform[wire]"}
_KIT: Final = "rsconform"


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that is missing.

    Attributes:
        what: As a clause: `boto3>=1.41 is not installed`.
        remedy: The command that mends it, or a sentence where none does.
    """

    what: str
    remedy: str


def lacks(lane: Lane) -> tuple[Lack, ...]:
    """Return what keeps a lane from running here, the extra that it names first.

    Whether a service answers only a run can tell.
    """
    extras = [lane.extra, *(AFFORDANCE_EXTRAS.get(name) for name in lane.affordances)]
    found = [lack for extra in dict.fromkeys(extras) if extra is not None for lack in lacks_of_extra(extra)]
    once = {lack.what: lack for lack in reversed([*found, *_lacks_of_code(lane, bool(found))])}
    return tuple(reversed(once.values()))


def lacks_of_extra(extra: str) -> Iterator[Lack]:
    """Yield the requirements of an extra, such as `rsconform[s3]`, that are not installed or too old."""
    remedy = f"pip install '{extra}'"
    try:
        asked = Requirement(extra)
    except InvalidRequirement as exc:
        yield Lack(f"its extra {extra!r} is no requirement: {exc}", "Write it as package[extra].")
        return
    for requirement in _unmet(asked):
        try:
            yield Lack(f"{requirement} is required, and {version(requirement.name)} is installed", remedy)
        except PackageNotFoundError:
            yield Lack(f"{requirement} is not installed", remedy)


def _unmet(asked: Requirement) -> Iterator[Requirement]:
    try:
        installed = version(asked.name)
    except PackageNotFoundError:
        yield _plain(asked)
        return
    if not asked.specifier.contains(installed, prereleases=True):
        yield _plain(asked)
        return
    for text in requires(asked.name) or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            continue  # Of the distribution itself, which is installed.
        if any(marker.evaluate({"extra": extra}) for extra in asked.extras):
            yield from _unmet(requirement)


def _plain(requirement: Requirement) -> Requirement:
    """Return a requirement without its marker, which has been looked at."""
    return Requirement(f"{requirement.name}{requirement.specifier}")


def _lacks_of_code(lane: Lane, is_explained: bool) -> Iterator[Lack]:
    """Yield what is missing of the code that a lane names.

    Args:
        is_explained: A missing module is the doing of a missing extra.
    """
    target = lane.fixture or lane.backend
    if target is None:
        return
    module, _, attribute = target.rpartition(":")
    places = [*([] if lane.from_entry_point else [str(lane.file.parent)]), *sys.path]
    path = (lane.file.parent / module).resolve() if module.endswith(".py") else _source_of(module, places)
    if path is None or not path.is_file():
        yield Lack(f"there is no module {module!r}", f"See {lane.place}, or install what provides it.")
        return
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as exc:
        yield Lack(f"{path} cannot be read: {exc}", "Mend it.")
        return
    if attribute not in set(_names(tree)):
        yield Lack(f"{module} has no {attribute!r}", f"See {lane.place}.")
    if not is_explained:
        for name in sorted(_missing_modules(path, module, places)):
            remedy = f"pip install '{lane.extra}'" if lane.extra else "Install what provides it."
            yield Lack(f"the module {name!r} is not installed", remedy)


def _missing_modules(path: Path, module: str, places: list[str]) -> set[str]:
    """Return the top-level modules that a lane's code imports and that are nowhere, through modules of its own."""
    own = {module.partition(".")[0], _KIT}
    missing: set[str] = set()
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        beside = [str(current.parent), *places] if module.endswith(".py") else places
        for name in _imports(ast.parse(current.read_text(encoding="utf-8"))):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names:
                continue
            if PathFinder.find_spec(top, beside) is None:
                missing.add(top)
            elif top in own or top.startswith(f"{_KIT}_"):
                waiting += [found for found in (_source_of(name, beside),) if found is not None]
    return missing


def _source_of(module: str, places: list[str]) -> Path | None:
    """Return the file of a module, without importing what it lies in; None if there is none or it is no Python."""
    top, *below = module.split(".")
    spec = PathFinder.find_spec(top, places)
    if spec is None:
        return None
    if not below and spec.origin is not None and spec.submodule_search_locations is None:
        return Path(spec.origin) if spec.origin.endswith(".py") else None
    for folder in spec.submodule_search_locations or ():
        base = Path(folder, *below)
        for candidate in (base.with_suffix(".py") if below else base / "__init__.py", base / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that a module cannot do without: those it imports at once and unconditionally."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _names(tree: ast.Module) -> Iterator[str]:
    """Yield what a module defines or imports at its top, whatever it is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
