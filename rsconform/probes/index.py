"""Writes the index of rsconform's own probes: `python -m rsconform.probes.index`.

Loading the axioms reads that index and imports no probe.
"""

from __future__ import annotations

import ast
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from rsconform import probes
from rsconform.spec.probes import INDEX_FILE, ProbeFacts, read_probes


def render() -> str:
    """Return the text of the index, as the sources of the probes have it now."""
    rows = (f"{json.dumps(name)}: {json.dumps(_row(facts))}" for name, facts in sorted(_found()))
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _row(facts: ProbeFacts) -> dict[str, object]:
    said = {name: getattr(facts, name) for name in ("surface", "stresses", "processes", "threads")}
    said = {name: value for name, value in said.items() if value}
    return {"module": facts.module, "args": facts.args, "required": facts.required, **said}


def _found() -> Iterator[tuple[str, ProbeFacts]]:
    for module in pkgutil.walk_packages(probes.__path__, f"{probes.__name__}."):
        if not module.ispkg:
            path = Path(probes.__path__[0], *module.name.split(".")[2:]).with_suffix(".py")
            source = path.read_text(encoding="utf-8")
            names = _names(source)
            yield from ((names[facts.function], facts) for facts in read_probes(source, module.name))


def _names(source: str) -> dict[str, str]:
    """Return the name that each decorator gives, by function."""
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    calls = [(node.name, call) for node in functions for call in node.decorator_list if isinstance(call, ast.Call)]
    return {name: ast.literal_eval(call.args[0]) for name, call in calls if call.args}


if __name__ == "__main__":
    INDEX_FILE.write_text(render(), encoding="utf-8")
