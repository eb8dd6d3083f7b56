"""Axioms -> cases: every point of every matrix, each name checked against the vocabulary.

Pure: what a lane's facts change (sizes that a lane declares) is handed in.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from rsconform.cases import matchers as m
from rsconform.cases.content import GRAMMAR, BadLiteralError, Content, Source, parse_content
from rsconform.cases.faults import Fault
from rsconform.cases.fill import RESERVED, PlaceholderError, Scope, fill, unfold
from rsconform.cases.model import Case, CaseId, End, Given, GivenFile, Step
from rsconform.cases.values import MISSING, Bound, Limit, Text, show
from rsconform.spec import vocabulary as v
from rsconform.spec.mistakes import Mistake, SpecError, nearest
from rsconform.spec.model import Axiom, CaseTemplate, Edition, Place, StepTemplate, Table
from rsconform.spec.uncollected import uncollected

_LIMIT: Final = re.compile(r"(<=|=)?\s*(\d+(?:\.\d+)?)")
_CONTENT_ARGUMENTS: Final = frozenset({"content"})

_SYNC_OPERATIONS: Final = frozenset(name for name, op in v.OPERATIONS.items() if op.surface == "sync")
# What can be done with a stream of bytes on every kind of backend.
_ON_ANY_STREAM: Final = ("drain", "read", "close")

T = TypeVar("T")
F = TypeVar("F")


class _Bad(Exception):
    """A mistake found while one value is compiled; the caller knows where that is."""

    def __init__(self, slug: str, what: str, got: str | None = None, known: Sequence[str] = ()) -> None:
        self.slug = slug
        self.what = what
        self.got = got
        self.known = tuple(known)
        super().__init__(what)


def default_traits() -> dict[str, object]:
    """Return what holds of a lane that declares nothing."""
    return {name: trait.default for name, trait in v.TRAITS.items() if trait.default is not None}


@uncollected
def compile_edition(edition: Edition, traits: Mapping[str, object] | None = None) -> tuple[Case, ...]:
    """Return every case of an edition, in the order of the files.

    Args:
        traits: The facts of the lane, for sizes that cases take from it.

    Raises:
        SpecError: With every mistake of every case.
    """
    lane = {**default_traits(), **(traits or {})}
    cases: list[Case] = []
    mistakes: list[Mistake] = []
    for axiom in edition.axioms:
        for template in axiom.cases:
            compiler = _CaseCompiler(axiom, template, lane)
            cases.extend(compiler.compile())
            mistakes.extend(compiler.mistakes)
    if mistakes:
        raise SpecError(tuple(dict.fromkeys(mistakes)))
    return tuple(cases)


@dataclass
class _CaseCompiler:
    axiom: Axiom
    template: CaseTemplate
    lane: Mapping[str, object]

    def __post_init__(self) -> None:
        self.mistakes: list[Mistake] = []
        tables = [step.table for step in self.template.steps]
        self._binds = tuple(_names_bound(tables, self.template.axes))

    def compile(self) -> Iterator[Case]:
        for axis in self.template.axes:
            if axis.name in RESERVED:
                self._mistake(axis.place, _Bad("name-clash", "an axis cannot have the name", axis.name))
        points = [axis.points for axis in self.template.axes]
        for point in itertools.product(*points):
            labels = {axis.name: label for axis, (label, _) in zip(self.template.axes, point, strict=True)}
            axes: dict[str, object] = {}
            for axis, (_, value) in zip(self.template.axes, point, strict=True):
                # A value may take sizes from the lane and name what steps bind, not another axis.
                axes[axis.name] = self._try(axis.place, partial(fill, value, Scope({}, self._binds, self.lane)), value)
            before = len(self.mistakes)
            case = self._case(labels, axes)
            if len(self.mistakes) == before:
                yield case

    def _mistake(self, place: Place, bad: _Bad | PlaceholderError) -> None:
        where = f'axiom {self.axiom.id}, case "{self.template.name}"'
        meant = nearest(bad.got, bad.known) if bad.got and bad.known else None
        self.mistakes.append(Mistake(bad.slug, place, where, bad.what, bad.got, tuple(bad.known), meant))

    def _try(self, place: Place, make: Callable[[], T], fallback: F) -> T | F:
        try:
            return make()
        except PlaceholderError as exc:
            self._mistake(place, exc)
        except _Bad as exc:
            self._mistake(place, exc)
        except BadLiteralError as exc:
            self._mistake(place, _Bad("bad-literal", f"{exc}. A content literal is {GRAMMAR}"))
        return fallback

    def _case(self, labels: Mapping[str, str], axes: Mapping[str, object]) -> Case:
        template = self.template
        point = f"[{','.join(f'{name}={label}' for name, label in labels.items())}]" if labels else ""
        bound: list[str] = []
        steps = tuple(
            step
            for written in template.steps
            if (step := self._try(written.place, partial(self._step, written, axes, bound), None)) is not None
        )
        scope = Scope(axes, bound, self.lane)
        given = self._try(template.place, lambda: _given(_table(fill(template.given or {}, scope))), Given())
        then = None
        if template.then is not None:
            written_then = template.then
            then = self._try(template.place, lambda: _end(_table(fill(written_then, scope))), End())
        no_args: dict[str, object] = {}
        args = self._try(template.place, lambda: _table(fill(template.args or {}, scope)), no_args)
        self._try(template.place, lambda: _check_probe(template.probe, args), None)
        self._try(template.place, lambda: _check_fresh(template, steps), None)
        capabilities, needs = _derived(steps)
        return Case(
            id=CaseId(f"{self.axiom.id}/{template.name}{point}"),
            axiom=self.axiom,
            place=template.place,
            capabilities=frozenset({*capabilities, *self.axiom.requires, *template.requires} - {*template.lacks}),
            lacks=frozenset(template.lacks),
            traits=template.traits,
            needs=tuple(dict.fromkeys((*template.needs, *needs))),
            given=given,
            steps=steps,
            then=then,
            probe=template.probe,
            args=args,
            fresh=template.fresh,
            breaks=template.breaks,
            surface=self.axiom.surface or _surface(steps, template.probe, args),
            since=template.since or self.axiom.since,
        )

    def _step(self, written: StepTemplate, axes: Mapping[str, object], bound: list[str]) -> Step:
        scope = Scope(axes, tuple(bound), self.lane)
        under = written.table.get("with", [])
        table = {key: value for key, value in written.table.items() if key != "with"}
        filled = _table(fill(table, scope))
        for row in under if isinstance(under, list) else [under]:
            for key, value in _table(fill(row, scope)).items():
                if key in filled:
                    raise _Bad("key-twice", "given twice, by the step and by a row of `with`: the key", key)
                filled[key] = value
        names = [name for name in _names_bound([filled], ()) if name not in bound]
        for name in names:
            if name in axes or name in RESERVED:
                raise _Bad("name-clash", "`as` takes a name that is an axis or reserved:", name)
        bound.extend(names)
        return _compile_step(filled, written.place)


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise _Bad("wrong-type", f"expected a table, got {show(value)}")
    return dict(value)


def _names_bound(tables: Sequence[Table], axes: Sequence[object]) -> Iterator[str]:
    """Yield each name that `as` binds in steps, in the sources they hand over, and in rows that are laid under them."""
    pending: list[object] = [*tables, *(getattr(axis, "points", ()) for axis in axes)]
    while pending:
        value = pending.pop(0)
        if isinstance(value, Mapping):
            if isinstance(value.get("as"), str):
                yield str(value["as"])
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)


def _compile_step(table: Mapping[str, object], place: Place) -> Step:
    name = table.get("op")
    if not isinstance(name, str):
        raise _Bad("no-operation", "the step names no operation (`op`)")
    on = table.get("on")
    if on is not None and not isinstance(on, str):
        raise _Bad("wrong-type", '`on` names a value bound with `as`, or "peer"')
    of_value = on is not None and on != "peer"
    parameters = _parameters(name, of_value=of_value)
    known = (*v.STEP_KEYS, *parameters)
    for key in table:
        if key not in known:
            raise _Bad("unknown-key", f"{name} has no argument and a step no key", key, known)
    if not of_value:
        for required in v.OPERATIONS[name].required:
            if required not in table:
                raise _Bad("no-argument", f"{name} needs the argument", required)
    if "memory" in table:
        raise _Bad("not-yet", "`memory` is part of the vocabulary but this release of rsconform cannot judge it")
    return Step(
        op=name,
        place=place,
        text=_step_text(table, name, on),
        on=on,
        arguments={key: _argument(key, table[key]) for key in parameters if key in table},
        positional=_positional(table),
        bind=_optional_text(table, "as"),
        drain=_drain(table.get("drain", True)),
        returns=compile_matcher(table["returns"]) if "returns" in table else MISSING,
        reads=_literal(table["reads"]) if "reads" in table else MISSING,
        paths=_paths(table["paths"]) if "paths" in table else MISSING,
        raises=_errors(table.get("raises", []), "raises"),
        or_raises=_errors(table.get("or_raises", []), "or_raises"),
        error={key: compile_matcher(value) for key, value in _table(table.get("error", {})).items()},
        at=_phase(table.get("at")),
        requests=_requests(table.get("requests", {})),
        within_s=_seconds(table.get("within")),
        faults=_faults(table.get("fault", [])),
    )


def _parameters(name: str, *, of_value: bool) -> tuple[str, ...]:
    if of_value:
        if name not in v.BOUND_OPERATIONS:
            known = tuple(v.BOUND_OPERATIONS)
            raise _Bad("unknown-operation", "unknown operation on a bound value", name, known)
        return ()
    if name not in v.OPERATIONS:
        raise _Bad("unknown-operation", "unknown operation", name, tuple(v.OPERATIONS))
    return v.OPERATIONS[name].parameters


def _positional(table: Mapping[str, object]) -> tuple[object, ...]:
    if table.get("op") == "set":
        return (_text(table.get("attribute"), "attribute"), table.get("to"))
    return tuple(_list(table.get("args", []), "args"))


def _argument(key: str, value: object) -> object:
    if key in _CONTENT_ARGUMENTS:
        return _literal(value)
    return value


def _optional_text(table: Mapping[str, object], key: str) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise _Bad("wrong-type", f"`{key}` is a name, got {show(value)}")
    return value


def _list(value: object, key: str) -> list[object]:
    if not isinstance(value, list):
        raise _Bad("wrong-type", f"`{key}` is a list, got {show(value)}")
    return value


def _literal(value: object) -> Content | Source | Bound:
    """Return the content that a literal, a source table or a bound value stands for."""
    if isinstance(value, Bound | Content | Source):
        return value
    if isinstance(value, str):
        return parse_content(value)
    table = _only(value, v.SOURCE_KEYS, "a source")
    stream = table.get("stream")
    if not isinstance(stream, str):
        raise _Bad("wrong-type", "a source is a table with `stream = LITERAL`")
    fails_after, chunk, position = (_whole(table.get(key), key) for key in ("fails_after", "chunk", "position"))
    return Source(
        parse_content(stream),
        fails_after=fails_after,
        chunk=chunk,
        seekable=table.get("seekable", True) is True,
        position=position or 0,
        only_read=table.get("only_read", False) is True,
        bind=_optional_text(table, "as"),
    )


def _whole(value: object, key: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise _Bad("wrong-type", f"`{key}` is a number of bytes, got {show(value)}")
    return value


def _drain(value: object) -> bool | int:
    if isinstance(value, bool) or (isinstance(value, int) and value >= 1):
        return value
    raise _Bad("wrong-type", f"`drain` is true, false or a positive number of bytes, got {show(value)}")


def _paths(value: object) -> object:
    if isinstance(value, Bound):
        return value
    return tuple(
        itertools.chain.from_iterable(
            [item] if isinstance(item, Bound | Text) else unfold(_text(item, "paths")) for item in _list(value, "paths")
        )
    )


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise _Bad("wrong-type", f"`{key}` holds text, got {show(value)}")
    return value


def _errors(value: object, key: str) -> tuple[str, ...]:
    known = (*v.ERRORS, *v.PYTHON_ERRORS, v.SOURCE_ERROR)
    names = tuple(_text(name, key) for name in (value if isinstance(value, list) else [value]))
    for name in names:
        if name not in known:
            raise _Bad("unknown-error", f"unknown error in `{key}`:", name, known)
    return names


def _phase(value: object) -> str | None:
    if value is None:
        return None
    phase = _text(value, "at")
    if phase not in v.PHASES:
        raise _Bad("unknown-phase", "unknown phase in `at`:", phase, v.PHASES)
    return phase


def _limit(value: object) -> Limit:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Limit(value, at_most=False)
    match = _LIMIT.fullmatch(_text(value, "requests"))
    if match is None:
        raise _Bad("wrong-type", f'a bound is a number or "<= n", got {show(value)}')
    return Limit(float(match[2]), at_most=match[1] == "<=")


def _requests(value: object) -> dict[str, Limit]:
    known = (v.TOTAL, *v.REQUESTS)
    limits = {}
    for kind, limit in _table(value).items():
        if kind not in known:
            raise _Bad("unknown-request", "unknown kind of request in `requests`:", kind, known)
        limits[kind] = _limit(limit)
    return limits


def _seconds(value: object) -> float | None:
    return None if value is None else _limit(value).number


def _faults(value: object) -> tuple[Fault, ...]:
    return tuple(_fault(item) for item in (value if isinstance(value, list) else [value]))


def _fault(value: object) -> Fault:
    table = _only(value, v.FAULT_KEYS, "a fault")
    on = table.get("on", [])
    kinds = tuple(_text(kind, "on") for kind in (on if isinstance(on, list) else [on]))
    for kind in kinds:
        if kind not in v.REQUESTS:
            raise _Bad("unknown-request", "unknown kind of request in `on`:", kind, v.REQUESTS)
    errors = {path: _text(code, "errors") for path, code in _table(table.get("errors", {})).items()}
    reset, garbage = table.get("reset", False), table.get("garbage")
    if garbage not in (None, "reply", "body"):
        raise _Bad("wrong-type", f'`garbage` is "reply" or "body", got {show(garbage)}')
    times = table.get("times", 1)
    status = _number(table.get("status"), "status", at_least=200)
    if status is not None and status > 599:
        raise _Bad("wrong-type", f"`status` is an HTTP status from 200 to 599, got {status}")
    fault = Fault(
        on=kinds,
        nth=_number(table.get("nth", 1), "nth", at_least=1) or 1,
        times="all" if times == "all" else _number(times, "times", at_least=1) or 1,
        status=200 if errors and status is None else status,
        code=_optional_text(table, "code"),
        errors=errors,
        region=_optional_text(table, "region"),
        refuse=_flag(table, "refuse"),
        reset=reset if isinstance(reset, bool) else _number(reset, "reset", at_least=0) or 0,
        cut=_number(table.get("cut"), "cut", at_least=0),
        lost=_flag(table, "lost"),
        garbage=garbage,
        delay_s=_seconds(table.get("delay")) or 0.0,
        slow_s=_seconds(table.get("slow")) or 0.0,
    )
    _check_fault(fault)
    return fault


# What cannot be at once: a connection ends in one way, and a reply that is made up is not the server's.
_ENDINGS: Final = ("refuse", "reset", "cut", "garbage", "slow", "status")


def _check_fault(fault: Fault) -> None:
    """Raise if a fault says nothing, or what cannot be together."""
    said = {
        "refuse": fault.refuse,
        "reset": fault.reset is not False,
        "cut": fault.cut is not None,
        "garbage": fault.garbage is not None,
        "slow": fault.slow_s > 0,
        "status": fault.status is not None,
    }
    endings = [name for name in _ENDINGS if said[name]]
    if len(endings) > 1 or (fault.lost and endings not in ([], ["status"])):
        together = ", ".join((*endings, *(["lost"] if fault.lost else [])))
        raise _Bad("fault-clash", f"a fault is one of these, not several at once: {together}")
    if not endings and not fault.lost and not fault.delay_s:
        known = tuple(key for key in v.FAULT_KEYS if key not in ("on", "nth", "times", "code", "region"))
        raise _Bad("no-fault", f"the fault does nothing; it needs one of: {', '.join(known)}")
    if fault.status is None and (fault.code is not None or fault.region is not None):
        raise _Bad("fault-clash", "`code` and `region` stand in a reply that has a `status`")
    if fault.refuse and (fault.on or fault.nth != 1 or fault.times != 1 or fault.delay_s):
        raise _Bad("fault-clash", "`refuse` holds for the whole step: before a connection there is no request to count")


def _number(value: object, key: str, *, at_least: int) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < at_least):
        raise _Bad("wrong-type", f"`{key}` is a whole number of at least {at_least}, got {show(value)}")
    return value


def _flag(table: Mapping[str, object], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise _Bad("wrong-type", f"`{key}` is true or false, got {show(value)}")
    return value


def _only(value: object, known: Sequence[str], what: str) -> dict[str, object]:
    table = _table(value)
    for key in table:
        if key not in known:
            raise _Bad("unknown-key", f"unknown key of {what}", key, known)
    return table


def compile_matcher(value: object) -> m.Matcher:
    """Return the demand that a value in TOML makes."""
    if isinstance(value, list):
        return m.Items(tuple(compile_matcher(item) for item in value))
    if not isinstance(value, Mapping):
        return m.Equals(value)
    if len(value) == 1:
        key, operand = next(iter(value.items()))
        if key in v.MATCHERS:
            return _one_key_matcher(key, operand)
    return m.Fields({key: compile_matcher(item) for key, item in value.items()})


def _one_key_matcher(key: str, operand: object) -> m.Matcher:
    match key:
        case "not":
            return m.Not(compile_matcher(operand))
        case "any_of":
            return m.AnyOf(tuple(compile_matcher(item) for item in _list(operand, key)))
        case "each":
            return m.Each(compile_matcher(operand))
        case "equals":
            return m.Equals(operand)
        case "digest_of":
            return m.Holds(key, _literal(operand))
        case "is":
            if operand not in v.IS_PREDICATES:
                raise _Bad("unknown-predicate", "unknown predicate in `is`:", str(operand), v.IS_PREDICATES)
    return m.Holds(key, operand)


def _given(table: Mapping[str, object]) -> Given:
    files: dict[str, GivenFile] = {}
    folders: list[str] = []
    for key, value in table.items():
        # With content it is an object whose key ends in a slash: a marker, as other tools leave them in buckets.
        if key.endswith("/") and value == {}:
            folders.append(key.rstrip("/"))
            continue
        file = _given_file(value)
        files.update(dict.fromkeys(unfold(key), file))
    return Given(files, tuple(folders))


def _given_file(value: object) -> GivenFile:
    metadata: Mapping[str, str] | None = None
    if isinstance(value, Mapping) and "content" in value:
        for key in value:
            if key not in ("content", "metadata"):
                raise _Bad("unknown-key", "unknown key of a file in `given`", key, ("content", "metadata"))
        if "metadata" in value:
            metadata = {key: _text(item, "metadata") for key, item in _table(value["metadata"]).items()}
        value = value["content"]
    content = _literal(value)
    if isinstance(content, Bound):
        raise _Bad("bad-placeholder", "nothing is bound yet when `given` is seeded", str(content))
    return GivenFile(content, metadata)


def _end(table: Mapping[str, object]) -> End:
    for key in table:
        if key not in v.THEN_KEYS:
            raise _Bad("unknown-key", "unknown key of `then`", key, v.THEN_KEYS)
    tree: dict[str, Content | Source | Bound] | None = None
    if "tree" in table:
        tree = {}
        for key, value in _table(table["tree"]).items():
            tree.update(dict.fromkeys(unfold(key), _literal(value)))
    folders = table.get("folders")
    return End(
        tree=tree,
        unchanged=table.get("unchanged", False) is True,
        folders=None if folders is None else tuple(_text(name, "folders") for name in _list(folders, "folders")),
        residue=False if "residue" in table else None,
        any_of=tuple(_end(_table(item)) for item in _list(table.get("any_of", []), "any_of")),
    )


def _check_probe(name: str | None, args: Mapping[str, object]) -> None:
    if name is None:
        return
    if name not in v.PROBES:
        raise _Bad("unknown-probe", "unknown probe", name, tuple(v.PROBES))
    for key in args:
        if key not in v.PROBES[name].args:
            raise _Bad("unknown-key", f"unknown argument of probe {name}:", key, v.PROBES[name].args)


def _check_fresh(template: CaseTemplate, steps: Sequence[Step]) -> None:
    spent = next((step for step in steps if step.on is None and step.op in v.SPENDS_THE_INSTANCE), None)
    if spent is not None and not template.fresh:
        raise _Bad("not-fresh", f"the case does {spent.op}, so it must say fresh = true")


def _surface(steps: Sequence[Step], probe: str | None, args: Mapping[str, object]) -> str | None:
    """Return the only kind of backend that a case can be put to, as its operations have it, or None."""
    if probe is not None:
        sync_only = any(isinstance(name, str) and name in _SYNC_OPERATIONS for name in args.values())
        return "sync" if sync_only else v.PROBES.get(probe, v.ProbeFacts()).surface
    streams: set[str] = set()
    for step in steps:
        if step.on in streams and step.op not in _ON_ANY_STREAM:
            return "sync"
        if step.on in (None, "peer"):
            if step.op in _SYNC_OPERATIONS or _wants_a_stream(step.arguments.get("content")):
                return "sync"
            if step.bind is not None and v.OPERATIONS[step.op].yields is v.Yields.STREAM:
                streams.add(step.bind)
    return None


def _wants_a_stream(content: object) -> bool:
    """Return whether content is a stream in ways that an async iterator of bytes cannot be."""
    return isinstance(content, Source) and bool(content.position or content.only_read or content.bind)


def _derived(steps: Sequence[Step]) -> tuple[set[str], list[str]]:
    """Return the capabilities and the affordances that follow from the operations a case names."""
    capabilities: set[str] = set()
    needs: list[str] = []
    for step in steps:
        if step.on == "peer":
            needs.append("peer")
        if step.requests:
            needs.append("requests")
        if step.faults:
            needs.append("wire")
        if step.on is not None and step.on != "peer":
            continue
        operation = v.OPERATIONS[step.op]
        if operation.capability is not None:
            capabilities.add(operation.capability)
        if operation.needs is not None:
            needs.append(operation.needs)
        if step.arguments.get("metadata"):
            capabilities.add("USER_METADATA")
    return capabilities, needs


def _step_text(table: Mapping[str, object], name: str, on: object) -> str:
    """Return a step as one line: `write path='a' content=bytes:100 -> raises NotFound`."""
    said = ("op", "on", "returns", "reads", "paths", "raises", "or_raises", "as")
    words = [f"{on}.{name}" if on else name]
    words += [f"{key}={_shown(value)}" for key, value in table.items() if key not in said]
    expectations = [
        f"{key} {_shown(table[key])}" for key in ("returns", "reads", "paths", "raises", "or_raises") if key in table
    ]
    line = " ".join(words)
    if "as" in table:
        line += f" as {table['as']}"
    return line + (f" -> {', '.join(expectations)}" if expectations else "")


def _shown(value: object) -> str:
    if isinstance(value, Bound | Text):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return show(value, limit=80)
