"""Axioms -> cases: every point of every matrix, each name checked against the vocabulary.

Pure: what a lane's facts change (sizes that a lane declares) is handed in.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from rsconform.cases.case import Case, CaseId, End, Given, Step
from rsconform.cases.content import GRAMMAR, BadLiteralError, Source
from rsconform.cases.deferred import Bound
from rsconform.cases.fill import RESERVED, PlaceholderError, Scope, fill
from rsconform.cases.implied_needs import derived, of_probe
from rsconform.cases.states import compile_end, compile_given
from rsconform.cases.steps import compile_step, names_bound
from rsconform.cases.toml_values import BadValueError, table_of
from rsconform.spec.axiom import Axiom, CaseTemplate, Edition, Place, StepTemplate
from rsconform.spec.gc_paused import gc_paused
from rsconform.spec.operations import OPERATIONS, SPENDS_THE_INSTANCE, Yields
from rsconform.spec.probes import ProbeFacts, UnknownProbeError, facts_of, index
from rsconform.spec.problems import Problem, SpecError, nearest
from rsconform.spec.traits import TRAITS

_SYNC_OPERATIONS: Final = frozenset(name for name, op in OPERATIONS.items() if op.surface == "sync")
# Operations that describe files, and what they say about sizes.
_DESCRIBING: Final = ("get_file_info", "get_folder_info", "list_files", "iter_children", "glob", "value")
_SIZES: Final = ("size", "total_size")
# What can be done with a stream of bytes on every kind of backend.
_ON_ANY_STREAM: Final = ("drain", "read", "close")

T = TypeVar("T")
F = TypeVar("F")


def default_traits() -> dict[str, object]:
    """Return what holds of a lane that declares nothing."""
    return {name: trait.default for name, trait in TRAITS.items() if trait.default is not None}


@gc_paused
def compile_edition(
    edition: Edition, traits: Mapping[str, object] | None = None, axioms: Sequence[Axiom] | None = None
) -> tuple[Case, ...]:
    """Return every case of an edition, in the order of the files.

    Args:
        traits: The facts of the lane, for sizes that cases take from it.
        axioms: Only the cases of these.

    Raises:
        SpecError: With every problem of every case.
    """
    lane = {**default_traits(), **(traits or {})}
    cases: list[Case] = []
    problems: list[Problem] = []
    for axiom in edition.axioms if axioms is None else axioms:
        for template in axiom.cases:
            compiler = _CaseCompiler(axiom, template, lane)
            cases.extend(compiler.compile())
            problems.extend(compiler.problems)
    if problems:
        raise SpecError(tuple(dict.fromkeys(problems)))
    return tuple(cases)


@dataclass
class _CaseCompiler:
    axiom: Axiom
    template: CaseTemplate
    lane: Mapping[str, object]

    def __post_init__(self) -> None:
        self.problems: list[Problem] = []
        tables = [step.table for step in self.template.steps]
        self._binds = tuple(names_bound(tables, self.template.axes))

    def compile(self) -> Iterator[Case]:
        for axis in self.template.axes:
            if axis.name in RESERVED:
                self._mistake(axis.place, BadValueError("name-clash", "an axis cannot have the name", axis.name))
        points = [axis.points for axis in self.template.axes]
        for point in itertools.product(*points):
            labels = {axis.name: label for axis, (label, _) in zip(self.template.axes, point, strict=True)}
            axes: dict[str, object] = {}
            for axis, (_, value) in zip(self.template.axes, point, strict=True):
                # A value may take sizes from the lane and name what steps bind, not another axis.
                axes[axis.name] = self._try(axis.place, partial(fill, value, Scope({}, self._binds, self.lane)), value)
            before = len(self.problems)
            case = self._case(labels, axes)
            if len(self.problems) == before:
                yield case

    def _mistake(self, place: Place, bad: BadValueError | PlaceholderError) -> None:
        where = f'axiom {self.axiom.id}, case "{self.template.name}"'
        meant = nearest(bad.got, bad.known) if bad.got and bad.known else None
        self.problems.append(Problem(bad.slug, place, where, bad.what, bad.got, tuple(bad.known), meant))

    def _try(self, place: Place, make: Callable[[], T], fallback: F) -> T | F:
        try:
            return make()
        except PlaceholderError as exc:
            self._mistake(place, exc)
        except BadValueError as exc:
            self._mistake(place, exc)
        except BadLiteralError as exc:
            self._mistake(place, BadValueError("bad-literal", f"{exc}. A content literal is {GRAMMAR}"))
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
        given = self._try(template.place, lambda: compile_given(table_of(fill(template.given or {}, scope))), Given())
        then = None
        if template.then is not None:
            written_then = template.then
            then = self._try(template.place, lambda: compile_end(table_of(fill(written_then, scope))), End())
        no_args: dict[str, object] = {}
        args = self._try(template.place, lambda: table_of(fill(template.args or {}, scope)), no_args)
        facts = self._try(template.place, lambda: _check_probe(template.probe, args), None)
        self._try(template.place, lambda: _check_fresh(template, steps), None)
        capabilities, needs = derived(given, steps, template.lacks, has_end=then is not None)
        capabilities |= of_probe(args)
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
            surface=self.axiom.surface or _surface(steps, facts, args),
            since=template.since or self.axiom.since,
        )

    def _step(self, written: StepTemplate, axes: Mapping[str, object], bound: list[str]) -> Step:
        scope = Scope(axes, tuple(bound), self.lane)
        under = written.table.get("with", [])
        table = {key: value for key, value in written.table.items() if key != "with"}
        filled = table_of(fill(table, scope))
        for row in under if isinstance(under, list) else [under]:
            for key, value in table_of(fill(row, scope)).items():
                if key in filled:
                    raise BadValueError("key-twice", "given twice, by the step and by a row of `with`: the key", key)
                filled[key] = value
        names = [name for name in names_bound([filled], ()) if name not in bound]
        for name in names:
            if name in axes or name in RESERVED:
                raise BadValueError("name-clash", "`as` takes a name that is an axis or reserved:", name)
        bound.extend(names)
        if self.lane["sizes_known"] is False and filled.get("op") in _DESCRIBING:
            filled.update({"returns": _or_no_size(filled["returns"])} if "returns" in filled else {})
        return compile_step(filled, written.place)


def _or_no_size(value: object) -> object:
    """Return what a description is to be, with 0 allowed in place of each size.

    A size that another answer gave may have been 0 itself, so nothing is compared with it.
    """
    if isinstance(value, Mapping):
        return {key: _size_or_none(item) if key in _SIZES else _or_no_size(item) for key, item in value.items()}
    return [_or_no_size(item) for item in value] if isinstance(value, list) else value


def _size_or_none(size: object) -> object:
    if isinstance(size, Bound):
        return {"ge": 0}
    return {"any_of": [size, 0]} if isinstance(size, int) else size


def _check_probe(name: str | None, args: Mapping[str, object]) -> ProbeFacts | None:
    if name is None:
        return None
    try:
        facts = facts_of(name)
    except UnknownProbeError as exc:
        if ":" in name:
            raise BadValueError("unknown-probe", str(exc)) from exc
        raise BadValueError("unknown-probe", "unknown probe", name, tuple(index())) from exc
    for key in args:
        if key not in facts.args:
            raise BadValueError("unknown-key", f"unknown argument of probe {name}:", key, facts.args)
    for key in facts.required:
        if key not in args:
            raise BadValueError("missing-key", f"probe {name} needs the argument {key!r}")
    return facts


def _check_fresh(template: CaseTemplate, steps: Sequence[Step]) -> None:
    spent = next((step for step in steps if step.on is None and step.op in SPENDS_THE_INSTANCE), None)
    if spent is not None and not template.fresh:
        raise BadValueError("not-fresh", f"the case does {spent.op}, so it must say fresh = true")


def _surface(steps: Sequence[Step], probe: ProbeFacts | None, args: Mapping[str, object]) -> str | None:
    """Return the only kind of backend that a case can be put to, as its operations have it, or None."""
    if probe is not None:
        sync_only = any(isinstance(name, str) and name in _SYNC_OPERATIONS for name in args.values())
        return "sync" if sync_only else probe.surface
    streams: set[str] = set()
    for step in steps:
        if step.on in streams and step.op not in _ON_ANY_STREAM:
            return "sync"
        if step.on in (None, "peer"):
            if step.op in _SYNC_OPERATIONS or _wants_a_stream(step.arguments.get("content")):
                return "sync"
            if step.bind is not None and OPERATIONS[step.op].yields is Yields.STREAM:
                streams.add(step.bind)
    return None


def _wants_a_stream(content: object) -> bool:
    """Return whether content is a stream in ways that an async iterator of bytes cannot be."""
    return isinstance(content, Source) and bool(content.position or content.only_read or content.bind)
