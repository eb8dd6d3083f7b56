"""Where lanes come from: entry points, a lanes.toml, a pyproject.toml, or a callable by path or import."""

from __future__ import annotations

import importlib
import importlib.util
import re
import symtable
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final, get_args

from rsconform.cases.content import BadLiteralError, parse_size
from rsconform.lanes.lane import Evidence, Lane
from rsconform.spec.axiom import Place
from rsconform.spec.locate import Block, locate
from rsconform.spec.problems import Problem, SpecError, nearest
from rsconform.spec.traits import AFFORDANCES, TRAITS

ENTRY_POINTS: Final = "rsconform.lanes"
# A lane's name is the name of a folder, too.
_CONFTESTS: Final = (Path("conftest.py"), Path("tests", "conftest.py"))
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NAME_RULE: Final = "a lane's name holds letters, digits, '.', '_' and '-', and begins and ends with a letter or digit"
_KEY_TYPES: Final[Mapping[str, tuple[type, str]]] = {
    "fixture": (str, "a string"),
    "backend": (str, "a string"),
    "stage": (int, "1, 2 or 3"),
    "evidence": (str, "a string"),
    "service": (str, "a string"),
    "affordances": (list, "a list of strings"),
    "specs": (list, "a list of strings"),
    "traits": (dict, "a table"),
    "extra": (str, "a string"),
    "fresh_store": (bool, "true or false"),
    "parallel": (bool, "true or false"),
}


class LaneError(Exception):
    """A lane cannot be found or its code cannot be imported. The message says what to do."""


def _registers_lanes(conftest: Path) -> bool:
    return conftest.is_file() and b"pytest_rsconform_lanes" in conftest.read_bytes()


class UnknownLaneError(LaneError):
    """No lane of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        self.known = tuple(known)
        meant = nearest(name, known)
        text = f"no lane {name!r}."
        if meant:
            text += f" Did you mean {meant!r}?"
        text += f" Known: {', '.join(known) or 'none'}."
        if any(_registers_lanes(path) for path in _CONFTESTS):
            text += f" The lanes of a conftest.py are pytest's alone: pytest --rsconform-backend {name}"
            text += ", or declare it in a lanes.toml."
        super().__init__(text + " A callable is named path/to/file.py:make_backend or package.module:make_backend.")


class SameNameError(LaneError):
    """Two of the lanes that were asked for have one name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"lane {name!r} is named twice, and its reports have one place. Name it once, or rename a function."
        )


class SharedStoreError(LaneError):
    """A plain callable was to be run on several workers."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane.name
        super().__init__(
            f"lane {lane.name!r} is a plain callable, and several workers would share its store. "
            "Run it without -n, or say --fresh-store if each call gives a new, empty store."
        )


class MissingExtraError(LaneError):
    """The code of a lane needs a package that is not installed."""


@dataclass(frozen=True, slots=True)
class LaneFile:
    """A file that declares lanes, and the folder of axioms beside it, if it has one."""

    path: Path
    lanes: tuple[Lane, ...]

    @property
    def specs(self) -> Path | None:
        """Return the folder of axioms that comes with these lanes."""
        folder = self.path.parent / "specs"
        return folder if folder.is_dir() else None


def installed_lane_files() -> list[LaneFile]:
    """Return the lanes that installed packages register, read without importing them."""
    return [read_installed(path, distribution) for path, distribution in installed_paths()]


def installed_paths() -> Iterator[tuple[Path, str | None]]:
    """Yield the files with which installed packages register lanes, and the distribution of each."""
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        paths = [folder / "lanes.toml" for folder in _package_folders(entry.value.partition(":")[0])]
        # One without lanes is yielded as well; its reader reports that.
        for path in [path for path in paths if path.is_file()] or paths[:1]:
            yield path, entry.dist.name if entry.dist is not None else None


def read_installed(path: Path, distribution: str | None) -> LaneFile:
    """Read a file with which an installed package registers lanes.

    Raises:
        SpecError: With every problem of the file, or as there is none.
    """
    if not path.is_file():
        hint = "Ship it as package data, or let the entry point name the package that holds it"
        what = f"{distribution or 'a package'} registers lanes and has no such file"
        raise SpecError((Problem("no-file", Place(str(path), 0), "lanes", what, hint=hint),))
    file = read_lane_file(path, from_entry_point=True)
    return LaneFile(path, tuple(replace(lane, distribution=distribution) for lane in file.lanes))


def _package_folders(name: str) -> Iterator[Path]:
    """Yield the folders of a package without importing it or what it lies in."""
    top, *below = name.split(".")
    spec = importlib.util.find_spec(top)  # Of a top-level name, so that no parent is imported.
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(folder, *below)


def local_lane_files(folder: Path) -> list[LaneFile]:
    """Return the lanes of a folder: its lanes.toml, and `[tool.rsconform.lane.NAME]` of its pyproject.toml."""
    return [read_lane_file(path) for path in local_paths(folder)]


def local_paths(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that declare lanes."""
    if (folder / "lanes.toml").is_file():
        yield folder / "lanes.toml"
    pyproject = folder / "pyproject.toml"
    if pyproject.is_file() and b"[tool.rsconform" in pyproject.read_bytes():
        yield pyproject


def read_lane_file(path: Path, *, from_entry_point: bool = False) -> LaneFile:
    """Read the lanes a file declares.

    Raises:
        SpecError: With every problem of the file.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as exc:
        raise SpecError((Problem("bad-toml", Place(str(path), 0), "lanes", f"not UTF-8: {exc.reason}"),)) from exc
    except tomllib.TOMLDecodeError as exc:
        line = re.search(r"line (\d+)", str(exc))
        place = Place(str(path), int(line[1]) if line else 1)
        raise SpecError((Problem("bad-toml", place, "lanes", f"not valid TOML: {exc}"),)) from exc
    block = locate(text)
    if path.name == "pyproject.toml":
        data = data.get("tool", {}).get("rsconform", {})
        block = block.key("tool").key("rsconform")
    reader = _LaneReader(path, block, from_entry_point=from_entry_point)
    lanes = tuple(reader.lanes(data))
    if reader.problems:
        raise SpecError(tuple(reader.problems))
    return LaneFile(path, lanes)


class _LaneReader:
    def __init__(self, path: Path, block: Block, *, from_entry_point: bool) -> None:
        self.path = path
        self.block = block
        self.from_entry_point = from_entry_point
        self.problems: list[Problem] = []

    def lanes(self, data: Mapping[str, Any]) -> Iterator[Lane]:
        for key in data:
            if key != "lane":
                place = Place(str(self.path), self.block.key(key).line)
                self.problems.append(Problem("unknown-key", place, "lanes", "unknown table", key, ("lane.NAME",)))
        tables = data.get("lane", {})
        if not isinstance(tables, dict):
            place = Place(str(self.path), self.block.key("lane").line)
            self.problems.append(Problem("wrong-type", place, "lanes", "a lane is a table: [lane.NAME]"))
            return
        for name, table in tables.items():
            if isinstance(table, dict):
                if self._has_sound_types(name, table):
                    yield self.lane(name, table)
            else:
                self._problem(name, None, "wrong-type", f"a lane is a table: [lane.{name}]")

    def _has_sound_types(self, name: str, table: Mapping[str, Any]) -> bool:
        before = len(self.problems)
        for key, value in table.items():
            kind, words = _KEY_TYPES.get(key, (object, ""))
            sound = isinstance(value, kind) and (kind is bool or not isinstance(value, bool) or kind is object)
            if key == "stage":
                sound = sound and value in (1, 2, 3)
            if not sound or (kind is list and not all(isinstance(item, str) for item in value)):
                self._problem(name, key, "wrong-type", f"`{key}` is {words}")
        return len(self.problems) == before

    def _place(self, lane: str, key: str | None = None) -> Place:
        block = self.block.key("lane").key(lane)
        return Place(str(self.path), (block.key(key) if key is not None else block).line)

    def _problem(
        self, lane: str, key: str | None, slug: str, what: str, known: Sequence[str] = (), got: str = ""
    ) -> None:
        meant = nearest(got, known) if got and known else None
        place = self._place(lane, key)
        self.problems.append(Problem(slug, place, f'lane "{lane}"', what, got or None, tuple(known), meant))

    def lane(self, name: str, table: Mapping[str, Any]) -> Lane:
        if not _NAME.fullmatch(name):
            self._problem(name, None, "bad-name", _NAME_RULE)
        for key in table:
            if key not in _KEY_TYPES:
                self._problem(name, key, "unknown-key", "unknown key of a lane", tuple(_KEY_TYPES), key)
        if ("fixture" in table) == ("backend" in table):
            what = "a lane names either its `fixture` or its `backend`, as module:function"
            self._problem(name, None, "no-code", what)
        for key in ("fixture", "backend"):
            module, _, function = table.get(key, "module:function").rpartition(":")
            if not (module and function):
                self._problem(name, key, "no-code", f"`{key}` is module:function or path/to/file.py:function")
        if "backend" in table and table.get("affordances"):
            what = "a bare `backend` affords nothing; what a lane affords comes from the Subject of a `fixture`"
            self._problem(name, "affordances", "affords-nothing", what)
        self._check_names(name, "affordances", table.get("affordances", []), tuple(AFFORDANCES))
        self._check_names(name, "evidence", [table.get("evidence", "unknown")], get_args(Evidence))
        for trait, value in table.get("traits", {}).items():
            problem = trait_problem(trait, value)
            if problem is not None:
                self._problem(name, "traits", "bad-trait", problem, tuple(TRAITS) if trait not in TRAITS else (), trait)
        return Lane(
            name=name,
            file=self.path,
            place=self._place(name),
            fixture=table.get("fixture"),
            backend=table.get("backend"),
            stage=table.get("stage", 1),
            evidence=table.get("evidence", "unknown"),
            service=table.get("service", ""),
            affordances=tuple(table.get("affordances", ())),
            specs=tuple(table.get("specs", ())),
            traits=dict(table.get("traits", {})),
            extra=table.get("extra"),
            fresh_store=table.get("fresh_store", False),
            parallel=table.get("parallel", False),
            from_entry_point=self.from_entry_point,
        )

    def _check_names(self, lane: str, key: str, names: Iterable[str], known: Sequence[str]) -> None:
        for name in names:
            if name not in known:
                self._problem(lane, key, f"unknown-{key}", f"unknown name in `{key}`", known, name)


def check_lane_name(name: str, place: Place) -> None:
    """Look whether a lane may have a name.

    Raises:
        LaneError: It may not.
    """
    if not _NAME.fullmatch(name):
        raise LaneError(f"{place}: lane {name!r}: {_NAME_RULE}.")


def trait_problem(name: str, value: object) -> str | None:
    """Return what is wrong with a declared trait, or None."""
    if name not in TRAITS:
        return f"unknown trait {name!r}"
    if TRAITS[name].of_class:
        return f"the backend's class says {name} itself; no lane declares it"
    if TRAITS[name].pattern:
        return _pattern_problem(name, value)
    values = TRAITS[name].values
    if values is None:
        try:
            parse_size(str(value))
        except BadLiteralError as exc:
            return f"trait {name}: {exc}; a size is written 4096, 64KiB or 12MiB+1"
        return None
    if not any(value == allowed and type(value) is type(allowed) for allowed in values):
        allowed = ", ".join(str(item).lower() if isinstance(item, bool) else str(item) for item in values)
        return f"trait {name} is one of {allowed}, not {value!r}"
    return None


def _pattern_problem(name: str, value: object) -> str | None:
    try:
        return None if isinstance(value, str) and re.compile(value) else f"trait {name} is a regular expression"
    except re.error as exc:
        return f"trait {name} is a regular expression: {exc}"


def parse_trait(text: str) -> tuple[str, object]:
    """Return the trait that `NAME=VALUE` declares.

    Raises:
        LaneError: There is no such trait, or it has no such value.
    """
    name, separator, written = text.partition("=")
    value: object = {"true": True, "false": False}.get(written, written)
    if not separator:
        raise LaneError(f"--trait takes NAME=VALUE, got {text!r}. Traits: {', '.join(TRAITS)}.")
    problem = trait_problem(name, value)
    if problem is not None:
        meant = nearest(name, tuple(TRAITS)) if name not in TRAITS else None
        raise LaneError(f"--trait {text}: {problem}." + (f" Did you mean {meant!r}?" if meant else ""))
    return name, value


def known_lanes(files: Iterable[LaneFile]) -> dict[str, Lane]:
    """Return lanes by name; a lane of a local file outranks an installed one of the same name."""
    lanes: dict[str, Lane] = {}
    for file in files:
        for lane in file.lanes:
            if lane.name not in lanes or lanes[lane.name].from_entry_point:
                lanes[lane.name] = lane
    return lanes


def find_lane(name: str, files: Iterable[LaneFile], traits: Mapping[str, object], *, fresh_store: bool = False) -> Lane:
    """Return the lane that `--backend` names: a registered one, or a callable `file.py:function` or `module:function`.

    Raises:
        UnknownLaneError: It is neither.
    """
    lanes = known_lanes(files)
    if name in lanes:
        lane = lanes[name]
    elif ":" in name:
        lane = _callable_lane(name)
    else:
        raise UnknownLaneError(name, sorted(lanes))
    return replace(lane, traits={**lane.traits, **traits}, fresh_store=lane.fresh_store or fresh_store)


def find_lanes(
    names: Sequence[str], files: Sequence[LaneFile], traits: Mapping[str, object], *, fresh_store: bool = False
) -> list[Lane]:
    """Return the lanes that were asked for, in that order.

    Raises:
        LaneError: One is unknown, or two have one name.
    """
    lanes: dict[str, Lane] = {}
    for name in names:
        lane = find_lane(name, files, traits, fresh_store=fresh_store)
        if lane.name in lanes:
            raise SameNameError(lane.name)
        lanes[lane.name] = lane
    return list(lanes.values())


def _callable_lane(name: str) -> Lane:
    module, _, attribute = name.rpartition(":")
    if not module or not attribute:
        raise LaneError(f"--backend {name}: a callable is named path/to/file.py:function or module:function.")
    if module.endswith(".py"):
        file = Path(module).resolve()
        if not file.is_file():
            raise LaneError(f"--backend {name}: there is no file {module}.")
        target = f"{file}:{attribute}"
    else:
        spec = _find_module(module)
        if spec is None or spec.origin is None:
            raise LaneError(f"--backend {name}: no module {module!r} is here or installed.")
        file = Path(spec.origin)
        target = name
    _require_name(name, file, attribute)
    stem = file.stem if file.stem != "__init__" else module.rpartition(".")[2]
    lane = re.sub(r"[^A-Za-z0-9._-]+", "_", f"{stem}.{attribute}").strip("._-") or "lane"
    return Lane(name=lane, file=file, place=Place(str(file), 1), backend=target)


def _require_name(target: str, file: Path, attribute: str) -> None:
    """Look, without running it, whether a file of Python has a name at all.

    Raises:
        LaneError: It has not, and nothing in it could make names that cannot be seen.
    """
    try:
        source = file.read_text(encoding="utf-8")
        table = symtable.symtable(source, str(file), "exec")
    except (OSError, ValueError, SyntaxError):  # Whoever imports it says so.
        return
    names = [one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()]
    if attribute in names or "__getattr__" in names or "import *" in source or "globals()" in source:
        return
    meant = nearest(attribute, names)
    hint = f" Did you mean {meant!r}?" if meant else ""
    raise LaneError(f"--backend {target}: {file.name} has nothing named {attribute!r}.{hint}")


def _find_module(name: str) -> importlib.machinery.ModuleSpec | None:
    _add_to_path(Path.cwd())
    try:
        return importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return None
    except Exception as exc:  # The package it lies in is imported on the way.
        raise LaneError(f"--backend: looking for module {name!r} raised {type(exc).__name__}: {exc}") from exc


def _add_to_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def import_target(target: str, lane: Lane) -> Callable[..., Any]:
    """Import what `module:function` or `file.py:function` names.

    Raises:
        MissingExtraError: A package that the lane's code needs is not installed.
        LaneError: The module or the function does not exist, or the module cannot be imported.
    """
    module_name, _, attribute = target.rpartition(":")
    try:
        module = _import_file(lane, module_name) if module_name.endswith(".py") else _import_module(lane, module_name)
    except ModuleNotFoundError as exc:
        install = f" Install it: pip install '{lane.extra}'." if lane.extra else ""
        raise MissingExtraError(f'lane "{lane.name}" needs the module {exc.name!r}.{install}') from exc
    except (KeyboardInterrupt, LaneError):
        raise
    except BaseException as exc:  # A module may well end in sys.exit().
        raise LaneError(f'lane "{lane.name}": importing {module_name} raised {type(exc).__name__}: {exc}') from exc
    found = getattr(module, attribute, None)
    if not callable(found):
        known = [name for name in vars(module) if callable(getattr(module, name)) and not name.startswith("_")]
        meant = nearest(attribute, known)
        hint = f" Did you mean {meant!r}?" if meant else ""
        raise LaneError(f'lane "{lane.name}": {module_name} has no callable {attribute!r}.{hint}')
    return found  # type: ignore[no-any-return]


def _import_module(lane: Lane, name: str) -> object:
    if not lane.from_entry_point:
        _add_to_path(lane.file.parent)
    return importlib.import_module(name)


def _import_file(lane: Lane, name: str) -> object:
    path = (lane.file.parent / name).resolve()
    # The name reaches certificates, so it depends on nothing but the file's name while that is the only one.
    # By its plain name, which stands in certificates: no digest of a path, no hash that changes with the process.
    key = path.stem
    while key in sys.modules and getattr(sys.modules[key], "__file__", None) != str(path):
        key += "_"
    if key in sys.modules:
        return sys.modules[key]
    spec = importlib.util.spec_from_file_location(key, path)
    if spec is None or spec.loader is None:
        raise LaneError(f'lane "{lane.name}": {path} is no Python file.')
    # What the file imports from beside itself has to be found, as when it is run.
    _add_to_path(path.parent)
    module = importlib.util.module_from_spec(spec)
    sys.modules[key] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[key]
        raise
    return module
