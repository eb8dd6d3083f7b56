"""Judges what an operation came to by what its step demands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import remote_store as rs

from rsconform.cases.case import Case, Step
from rsconform.cases.content import Content, Source
from rsconform.cases.deferred import Bound, Missing, resolve_value, show, show_difference
from rsconform.lanes.errors import counted_as
from rsconform.run.case.invariants import FEW_REQUESTS
from rsconform.run.case.outcomes import Failed, Refused, StepResult, show_error
from rsconform.run.case.store import StoreView
from rsconform.spec.keys import METHODS, S3_REQUESTS, TOTAL
from rsconform.spec.operations import EXCEPT, SOURCE_ERROR

_SMALL_PIECE: Final = 8 * 1024  # What a buffered reader asks for at a time.


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the steps of one case.

    Args:
        resolve: Returns what a run-time placeholder stands for.
        own_errors: What the kit's own sources raised so far.
        notes: Takes what is worth saying and fails nothing.
    """

    case: Case
    view: StoreView
    resolve: Callable[[Bound], object]
    own_errors: list[BaseException]
    notes: list[str]

    def judge(self, step: Step, done: StepResult, *, at: int, surface: str) -> None:
        """Judge what a step came to.

        Args:
            at: The number of the step, counted from 0 on.
            surface: "sync" or "async".

        Raises:
            Failed: It is not what the step demands.
            Refused: It is a permitted refusal.
        """
        if done.error is not None:
            self._judge_error(step, done, done.error, at=at, surface=surface)
            return
        if step.raises:
            if "CapabilityNotSupported" in step.raises and self.case.lacks:
                lacks = ", ".join(sorted(self.case.lacks))
                self.notes.append(f"under_declared: {step.op} is not refused without {lacks}")
            raise Failed(_any_of(step.raises), f"{step.op} returned {_shown_result(done)}", phase=done.phase)
        if not isinstance(step.returns, Missing):
            failing = step.returns.mismatch(done.value, self.resolve)
            if failing is not None:
                raise Failed(f"{step.op} to return {failing}", _shown_result(done), phase=done.phase)
        if not isinstance(step.reads, Missing):
            self._judge_content(step, done)
        if not isinstance(step.paths, Missing):
            self._judge_paths(step, done)

    def _judge_error(self, step: Step, done: StepResult, error: BaseException, *, at: int, surface: str) -> None:
        observed = f"{done.phase if done.phase != 'call' else step.op} raised {show_error(error)}"
        if step.raises:
            if not self._is_one_of(error, step.raises):
                raise Failed(_any_of(step.raises), observed, phase=done.phase)
            for name, matcher in step.error.items():
                failing = matcher.mismatch(getattr(error, name, None), self.resolve)
                if failing is not None:
                    raise Failed(
                        f"{type(error).__name__} with {name} = {failing}",
                        f"{name} = {show(getattr(error, name, None))}",
                        phase=done.phase,
                    )
            # Where listings and reads are generators nothing can fail at the call.
            if not _is_in_time(step.at, done.phase) and surface == "sync":
                raise Failed(f"{_any_of(step.raises)} at {step.at}", f"it came at {done.phase}", phase=done.phase)
            return
        if step.or_raises and self._is_one_of(error, step.or_raises):
            raise Refused(step.op, error, first=at == 0 and not step.faults, faulted=bool(step.faults))
        raise Failed(f"{step.op} to return", observed, phase=done.phase)

    def _is_one_of(self, error: BaseException, names: tuple[str, ...]) -> bool:
        excepted = tuple(name.removeprefix(EXCEPT) for name in names if name.startswith(EXCEPT))
        if excepted and self._is_one_of(error, excepted):
            return False
        for name in names:
            if name == SOURCE_ERROR:
                if any(error is own for own in self.own_errors):
                    return True
            elif name == "RemoteStoreError":
                if isinstance(error, rs.RemoteStoreError):
                    return True
            elif hasattr(rs, name):
                if counted_as(error) is getattr(rs, name):
                    return True
            elif any(cls.__name__ == name for cls in type(error).__mro__):
                return True
        return False

    def _judge_content(self, step: Step, done: StepResult) -> None:
        wanted = step.reads if isinstance(step.reads, tuple) else (step.reads,)
        seen = done.content if done.content is not None else done.value
        allowed = [self._bytes_of(one) for one in wanted]
        if isinstance(seen, bytes) and seen in allowed:
            return
        if len(allowed) > 1:
            raise Failed(f"one of {', '.join(map(str, wanted))}", show(seen), phase=done.phase)
        (expected,), (one,) = allowed, wanted
        expectation = (
            f"{len(expected)} bytes ({one})" if len(expected) > 40 else f"{expected!r} ({len(expected)} bytes)"
        )
        raise Failed(expectation, show_difference(expected, seen), phase=done.phase)

    def _bytes_of(self, wanted: object) -> bytes:
        value = self.resolve(wanted) if isinstance(wanted, Bound) else wanted
        data = value.data if isinstance(value, Content | Source) else value
        if not isinstance(data, bytes):
            raise Failed("content to compare with", show(data))
        return data

    def _judge_paths(self, step: Step, done: StepResult) -> None:
        wanted = resolve_value(step.paths, self.resolve)
        if not isinstance(wanted, list) or not isinstance(done.value, list):
            raise Failed("a listing", _shown_result(done), phase=done.phase)
        seen = [str(getattr(item, "path", item)) for item in done.value]
        if sorted(seen) == sorted(wanted):
            return
        lacking = sorted(set(wanted) - set(seen))
        strange = sorted(set(seen) - set(wanted))
        twice = sorted({path for path in seen if seen.count(path) > 1}) if len(seen) < 1000 else []
        parts = [
            f"{word} {', '.join(map(repr, paths[:5]))}{' …' if len(paths) > 5 else ''}"
            for word, paths in (("missing", lacking), ("unexpected", strange), ("more than once", twice))
            if paths
        ]
        expected = f"exactly {wanted}" if len(wanted) <= 8 else f"exactly {len(wanted)} paths"
        raise Failed(expected, "; ".join(parts) or f"{len(seen)} paths, some more than once", phase=done.phase)

    def judge_requests(self, step: Step, sent: Mapping[str, int]) -> None:
        """Judge how many requests of each kind a step sent."""
        for kind, limit in step.requests.items():
            number = _count_of(kind, sent)
            if not limit.holds(number):
                shown = ", ".join(f"{count} {name}" for name, count in sorted(sent.items())) or "none"
                raise Failed(f"{limit} {kind} requests", f"{number}; sent: {shown}")

    def most_requests(self, step: Step) -> int:
        """Return how many requests are always enough: two for each file, one for each piece of content."""
        files = self.view.touched.union(self.case.given.files)
        given = [file.content for file in self.case.given.files.values()]
        written = (one.arguments.get("content") for one in self.case.steps)
        contents = [*given, *(content for content in written if isinstance(content, Content | Source))]
        piece = step.drain if not isinstance(step.drain, bool) else _SMALL_PIECE
        size = sum(len(content.data) for content in contents)
        return FEW_REQUESTS + 2 * len(files) + size // min(piece, _SMALL_PIECE)


def _count_of(kind: str, sent: Mapping[str, int]) -> int:
    if kind in METHODS:
        return sum(count for name, count in sent.items() if S3_REQUESTS.get(name, name) == kind)
    return sum(sent.values()) if kind == TOTAL else sent.get(kind, 0)


def _is_in_time(at: str | None, phase: str) -> bool:
    """Return whether an error came where it had to. In a `with` the call and the entering are one."""
    return at in (None, phase) or (at, phase) == ("enter", "call")


def _any_of(names: tuple[str, ...]) -> str:
    return " or ".join("the source's own exception" if name == SOURCE_ERROR else name for name in names)


def _shown_result(done: StepResult) -> str:
    if done.content is not None:
        return show(done.content)
    return show(done.value)
