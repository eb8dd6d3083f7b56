"""The layout tells the story: a stage imports only from the stages before it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rsconform"

# Probes and sequences use the words of the run's records and hand over the same streams, so those stand before them.
STAGES = (
    "spec",
    "cases",
    "lanes",
    "wire",
    "run.records",
    "run.case.outcomes",
    "run.case.content_sources",
    "stateful",
    "probes",
    "run",
    "fuzz",
    "report",
    "gate",
    "selftest",
)
EDGES = ("cli", "pytest", "__main__")
# What the author of a backend, a lane, a probe or a mutant writes against.
PUBLIC = ("rsconform.lanes", "rsconform.wire", "rsconform.probes", "rsconform.selftest")
BASE = ("", "data", "options", "plural", "redaction", "visible")  # The package itself, and where the shipped files lie.


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the module of every import in a file, wherever in it that stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno} imports relatively"
            # `from rsconform.run import deadline` names a module, and so does `from rsconform import data`.
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in inner if _is_module(name)]
            yield from ((node.lineno, name) for name in modules or [str(node.module)])


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or path.is_dir()


def stage_of(module: str) -> str:
    """Return the part of the package that a module belongs to."""
    inner = module.removeprefix("rsconform").removeprefix(".")
    return inner if inner in STAGES else inner.partition(".")[0]


def rank(module: str) -> int:
    """Return how late in the story a module comes: the base first, the edges last."""
    stage = stage_of(module)
    if stage in BASE:
        return -1
    return STAGES.index(stage) if stage in STAGES else len(STAGES)


def modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield path, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_part_of_the_package_has_its_place_in_the_story() -> None:
    parts = {stage_of(module) for _, module in modules()}

    assert parts <= {*STAGES, *EDGES, *BASE}


def test_a_stage_imports_only_from_the_stages_before_it() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path, module in modules()
        for line, imported in imports(path)
        if imported.partition(".")[0] == "rsconform" and rank(imported) > rank(module)
    ]

    assert wrong == []


def test_the_core_talks_to_no_terminal_and_no_network() -> None:
    # pytest, click and rich belong to the edges; boto3 and moto to lanes; hypothesis to what is stateful; the wire is
    # the lanes' too, and nobody imports it but them.
    core = {"click", "rich", "pytest", "boto3", "botocore", "moto", "socket", "h11", "hypothesis"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path, module in modules()
        if stage_of(module) in (*STAGES, *BASE) and stage_of(module) not in ("stateful", "wire")
        for line, imported in imports(path)
        if imported.partition(".")[0] in core
    ]

    assert wrong == []


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield what a module imports at once."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_the_plugin_that_every_session_imports_is_light() -> None:
    tree = ast.parse((PACKAGE / "pytest" / "plugin.py").read_text(encoding="utf-8"))
    named = {name.partition(".")[0] for name in _imported(tree)}

    assert named - set(sys.stdlib_module_names) == {"pytest", "rsconform"}
    options = ast.parse((PACKAGE / "options.py").read_text(encoding="utf-8"))
    assert {name.partition(".")[0] for name in _imported(options)} <= set(sys.stdlib_module_names)


def test_our_backend_and_our_lanes_use_only_what_anybody_may_use() -> None:
    seen = [
        (path, line, imported)
        for folder in ("backends", "fixtures")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, imported in imports(path)
        if imported.partition(".")[0] == "rsconform"
    ]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path, line, imported in seen
        if path.is_relative_to(ROOT / "backends") or not imported.startswith(PUBLIC)
    ]

    assert seen  # The lanes are written against the public protocol.
    assert wrong == []


def test_nobody_imports_the_wire_but_who_puts_one_up() -> None:
    importing = {
        stage_of(module)
        for path, module in modules()
        for _, imported in imports(path)
        if stage_of(imported) == "wire" and imported.partition(".")[0] == "rsconform"
    }

    # A store of the self-test puts one up as a lane does.
    assert importing == {"wire", "selftest"}
