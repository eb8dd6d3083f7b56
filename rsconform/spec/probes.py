"""What a case may say to a probe, and where its code is, without importing that code.

rsconform's own probes stand in an index, which is generated from their modules. Any other probe is named
`package.module:function`; its facts are read from the source of that module.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Stresses = Literal["memory", "race", "sequence", "time", "wire"]
INDEX_FILE: Final = Path(__file__).with_name("probe_index.json")

_DECORATOR: Final = "probe"
_SEPARATOR: Final = ":"


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """What the TOML may say to a probe.

    Args:
        module: Where its function is.
        function: The function's name.
        args: The arguments that a case may give it.
        required: Those that a case has to give.
        surface: The only kind of backend that it can be put to.
        stresses: What a case with it exercises.
        processes: It starts processes, whose start does not count against the backend.
        threads: It waits for another thread.
    """

    module: str
    function: str
    args: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    surface: str | None = None
    stresses: Stresses | None = None
    processes: bool = False
    threads: bool = False

    @property
    def slack(self) -> bool:
        """Return whether it waits for threads or processes, and has its own limits for what does not come back."""
        return self.processes or self.threads or self.stresses == "race"


class UnknownProbeError(LookupError):
    """No probe has that name; the message says what is missing."""


@functools.cache
def index() -> Mapping[str, Mapping[str, Any]]:
    """Return what the index says of each of rsconform's own probes, by name."""
    found: dict[str, dict[str, Any]] = json.loads(INDEX_FILE.read_text(encoding="utf-8"))
    return found


@functools.cache
def facts_of(name: str) -> ProbeFacts:
    """Return the facts of a probe: `topic.name` of rsconform's own, or `package.module:function`.

    Raises:
        UnknownProbeError: There is no such name, module or function, or the function is not a probe.
    """
    if _SEPARATOR not in name:
        if name not in index():
            raise UnknownProbeError(f"no probe has the name {name!r}")
        said = index()[name]
        function = name.rpartition(".")[2]
        return ProbeFacts(
            **{**said, "function": function, "args": tuple(said["args"]), "required": tuple(said["required"])}
        )
    module, _, function = name.partition(_SEPARATOR)
    for found in read_probes(_source_of(module), module):
        if found.function == function:
            return found
    raise UnknownProbeError(f"module {module!r} has no function {function!r} with the decorator @{_DECORATOR}(...)")


def read_probes(source: str, module: str) -> Iterator[ProbeFacts]:
    """Yield the facts of every function in a module that `@probe(...)` decorates, in file order."""
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] == _DECORATOR:
                said = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
                yield ProbeFacts(module, node.name, *_arguments(node.args), **said)


def _arguments(of: ast.arguments) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of all arguments after the context, and of those without a default."""
    positional = [arg.arg for arg in of.args][1:]
    named = [arg.arg for arg in of.kwonlyargs]
    unset = [name for name, default in zip(named, of.kw_defaults, strict=True) if default is None]
    return (*positional, *named), (*positional[: len(positional) - len(of.defaults)], *unset)


def _source_of(module: str) -> str:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError) as exc:
        raise UnknownProbeError(f"module {module!r} cannot be found: {exc}") from exc
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise UnknownProbeError(f"module {module!r} is not installed here, or is not a file of Python source")
    return Path(spec.origin).read_text(encoding="utf-8")
