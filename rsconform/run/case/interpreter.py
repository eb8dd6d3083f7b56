"""Puts the steps of a case to a subject, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

import remote_store as rs

from rsconform.cases.case import Case, SkipReason, Step
from rsconform.cases.content import Content, Source
from rsconform.cases.deferred import Bound, Missing, resolve_value, show
from rsconform.cases.description import describe_step
from rsconform.cases.matchers import path_text
from rsconform.lanes.async_facade import OffSurface, surface_of
from rsconform.lanes.lane import Snapshot, Subject
from rsconform.run.case.content_sources import Handed
from rsconform.run.case.invariants import Event, Watch
from rsconform.run.case.outcomes import Failed, Skipped, StepResult
from rsconform.run.case.step_checks import Judge
from rsconform.run.case.store import StoreView
from rsconform.run.case.value_operations import VALUE_OPERATIONS
from rsconform.run.lane import deadline
from rsconform.run.lane.interrupts import let_through
from rsconform.spec.operations import OPERATIONS, Yields

# A listing or a stream that gives more than it can hold never ends: stop well before memory does.
_ITEMS_SLACK: Final = 10_000
_BYTES_SLACK: Final = 64 << 20
_BUILTINS: Final = {kind.__name__: kind for kind in (str, bytes, int, dict, list, object)}
_PATHS: Final = ("path", "src", "dst")


@dataclass(slots=True)
class Interpreter:
    """Runs the steps of one case. Not reused."""

    case: Case
    subject: Subject
    backend: rs.Backend
    view: StoreView
    watch: Watch
    step_limit_s: float
    baseline: Snapshot | None = None  # The store as `given` left it.
    snapshot: Snapshot | None = None  # The store before the next step, as far as it is known.
    peer: Callable[[], rs.Backend] | None = None
    reopen: Callable[[], rs.Backend] | None = None
    construct: Callable[[Mapping[str, object]], rs.Backend] | None = None
    bound: dict[str, object] = field(default_factory=dict)
    own_errors: list[BaseException] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    at: int = 0  # The step under way.
    _streams: list[object] = field(default_factory=list)  # And other things to close when the case is over.

    def run(self) -> None:
        """Run every step.

        Raises:
            Failed: A step did not go as demanded.
            Refused: A permitted refusal ended the case.
        """
        for at, step in enumerate(self.case.steps):
            self.at = at
            self._step(step)

    def close_streams(self) -> None:
        """Close what steps left open, so that the next case starts without their handles."""
        for stream in self._streams:
            close = getattr(stream, "close", None)
            if close is not None:
                try:
                    close()
                except Exception:  # Axioms about close() judge that.
                    continue

    def resolve(self, bound: Bound) -> object:
        """Return what a run-time placeholder stands for."""
        value: object = self.backend if bound.name == "backend" else self.bound[bound.name]
        for name in bound.fields:
            if isinstance(value, Mapping):
                value = value[name]
            elif isinstance(value, list | tuple) and name.isdigit():
                value = value[int(name)]
            else:
                value = getattr(value, name)
        return value

    def _step(self, step: Step) -> None:
        try:
            # What an earlier step bound may be a RemotePath; an operation takes its text.
            arguments = {name: path_text(resolve_value(value, self.resolve)) for name, value in step.arguments.items()}
        except (LookupError, AttributeError) as exc:
            raise Failed(f"values for {describe_step(step)}", f"an earlier result lacks {exc}") from exc
        metadata = arguments.get("metadata")
        metadata_before = dict(metadata) if isinstance(metadata, Mapping) else None
        judge = Judge(self.case, self.view, self.resolve, self.own_errors, self.notes)
        requests = self.subject.requests
        before = requests.counts() if requests is not None else {}
        handed = self._hand_over(arguments)
        if step.on in (None, "peer") and OPERATIONS[step.op].mutates:
            # Before it is done: what does not come back may have written all the same.
            self.view.touched.update(str(arguments[name]) for name in _PATHS if isinstance(arguments.get(name), str))
        limit_s = step.within_s or self.step_limit_s
        if step.faults and self.subject.wire is not None:
            self.subject.wire.arm(step.faults)
        met: Sequence[int] = ()
        started = perf_counter()
        try:
            done = self._perform(step, arguments, handed, limit_s)
        finally:
            took_s = perf_counter() - started
            if step.faults and self.subject.wire is not None:
                met = self.subject.wire.clear()
            sent = sent_since(before, requests.counts()) if requests is not None else {}
            if requests is not None:
                self.watch.look_at_requests(step, sum(sent.values()), lambda: judge.most_requests(step))
        if handed is not None and handed.raised is not None:
            self.own_errors.append(handed.raised)
        self._watch(step, arguments, done, handed, metadata_before)
        if len(met) < len(step.faults) or 0 in met:
            raise Skipped(SkipReason.FAULT, step.op)
        judge.judge(step, done, at=self.at, surface=surface_of(self.backend))
        judge.judge_requests(step, sent)
        if step.within_s is not None and took_s > step.within_s * deadline.load_factor():
            raise Failed(f"an end within {step.within_s:g} s", f"it took {took_s:.1f} s")
        if step.bind is not None:
            self.bound[step.bind] = done.error if done.error is not None else done.value

    def _hand_over(self, arguments: dict[str, object]) -> Handed | None:
        content = arguments.get("content")
        if not isinstance(content, Content | Source):
            return None
        handed = Handed(content)
        if handed.bind is not None:
            self.bound[handed.bind] = handed.argument
        return handed

    # -- performing ---------------------------------------------------------------------------------------------

    def _perform(
        self, step: Step, arguments: Mapping[str, object], handed: Handed | None, limit_s: float
    ) -> StepResult:
        done = StepResult()
        deadline.arm(limit_s)
        try:
            if step.on is not None and step.on != "peer":
                self._on_value(step, done)
            elif OPERATIONS[step.op].of_subject:
                self._on_subject(step, arguments)
            else:
                self._on_backend(step, arguments, handed, done)
        except deadline.SoftLimitError:
            deadline.disarm()
            if not any(fault.takes_time for fault in step.faults):
                self.watch.look_at_time(step, limit_s, returned=False)
            raise Failed(
                f"an end within {limit_s:g} s", f"{step.op} did not return", phase=done.phase, hang=True
            ) from None
        except (Failed, OffSurface, Skipped):
            raise
        except BaseException as exc:
            let_through(exc)
            done.error = exc
        finally:
            deadline.disarm()
        self.watch.look_at_time(step, limit_s, returned=True)
        return done

    def _on_subject(self, step: Step, arguments: Mapping[str, object]) -> None:
        if step.op == "reopen" and self.reopen is not None:
            self.backend = self.reopen()
            self._streams.append(self.backend)
        elif step.op == "drop_container" and self.subject.container is not None:
            self.subject.container.drop()
            self.snapshot = None
        elif step.op == "deny" and self.subject.deny is not None:
            self.subject.deny("changes" if arguments.get("what") == "changes" else "everything")
        elif step.op == "construct":
            self._construct(str(arguments["variant"]), arguments.get("options"))
        else:
            raise LookupError(f"the subject cannot {step.op}")

    def _construct(self, variant: str, options: object) -> None:
        """Go on with an instance of the same class, made with other options."""
        variants = self.subject.variants or {}
        if variant not in variants or self.construct is None:
            raise Skipped(SkipReason.AFFORDANCE, f"variants: {variant}")
        self.backend = self.construct({**variants[variant], **(options if isinstance(options, Mapping) else {})})
        self._streams.append(self.backend)

    def _on_backend(self, step: Step, arguments: Mapping[str, object], handed: Handed | None, done: StepResult) -> None:
        backend = self.backend
        if step.on == "peer":
            if "peer" not in self.bound and self.peer is not None:
                self.bound["peer"] = self.peer()
                self._streams.append(self.bound["peer"])
            backend = self.bound["peer"]  # type: ignore[assignment]
        operation = OPERATIONS[step.op]
        if operation.is_property:
            done.value = getattr(backend, step.op)
            return
        if step.op == "open_atomic":
            _open_atomic(backend, arguments, handed, done)
            return
        positional = [_python_value(name, arguments[name]) for name in operation.required]
        if handed is not None:
            positional[operation.required.index("content")] = handed.argument
        options = {name: arguments[name] for name in operation.optional if name in arguments}
        value = getattr(backend, step.op)(*positional, **options)
        if operation.yields is Yields.STREAM:
            self._use_stream(step, value, done)
        elif operation.yields is Yields.ITEMS:
            self._use_items(step, value, done)
        else:
            done.value = value

    def _use_stream(self, step: Step, stream: Any, done: StepResult) -> None:
        done.value = stream
        self._streams.append(stream)
        if step.bind is not None and isinstance(step.reads, Missing):
            return
        done.phase = "drain"
        done.content = self._drained(stream, step)
        stream.close()

    def _drained(self, stream: Any, step: Step) -> bytes:
        """Read a stream to its end: at once, or in pieces none of which may be longer than asked."""
        pieces: list[bytes] = []
        size = -1 if isinstance(step.drain, bool) else step.drain
        # Chunk by chunk where there is no end to be sure of.
        whole = getattr(stream, "next_chunk", stream.read)
        total, most = 0, self._most_bytes(step)
        while True:
            piece = stream.read(size) if size > 0 else whole()
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise Failed("bytes from the stream", show(piece), phase="drain")
            if 0 < size < len(piece):
                raise Failed(f"pieces of at most {size} bytes", f"a piece of {len(piece)} bytes", phase="drain")
            if not len(piece):
                return b"".join(pieces)
            pieces.append(bytes(piece))
            total += len(piece)
            if total > most:
                raise self._endless(step, "a stream that ends", f"more than {total} bytes and no end")

    def _endless(self, step: Step, expected: str, observed: str) -> Failed:
        self.watch.look_at_end(step, expected, observed)
        return Failed(expected, observed, phase="drain")

    def _most_bytes(self, step: Step) -> int:
        wanted = step.reads if isinstance(step.reads, tuple) else (step.reads,)
        sizes = (len(one.data) for one in wanted if isinstance(one, Content | Source))
        return 2 * max(sizes, default=0) + _BYTES_SLACK

    def _use_items(self, step: Step, listing: Any, done: StepResult) -> None:
        if step.drain is False:
            done.value = iter(listing)
            self._streams.append(done.value)
            return
        done.phase = "first"
        items: list[object] = []
        most = _ITEMS_SLACK + len(self.view.touched) + len(self.case.given.files)
        for item in listing:
            done.phase = "drain"
            items.append(item)
            if len(items) > most:
                raise self._endless(step, "a listing that ends", f"more than {most} items and no end")
        done.value = items

    def _on_value(self, step: Step, done: StepResult) -> None:
        target: Any = self.bound.get(step.on or "")
        args = [resolve_value(value, self.resolve) for value in step.positional]
        if step.op == "drain":
            done.phase = "drain"
            if hasattr(target, "read"):
                done.content = self._drained(target, step)
                done.value = done.content
            else:
                self._use_items(step, target, done)
            return
        done.value = VALUE_OPERATIONS[step.op](target, args)
        if step.op in ("read", "readinto") and isinstance(done.value, bytes):
            done.content = done.value

    # -- watching -----------------------------------------------------------------------------------------------

    def _watch(
        self,
        step: Step,
        arguments: Mapping[str, object],
        done: StepResult,
        handed: Handed | None,
        metadata_before: Mapping[str, str] | None,
    ) -> None:
        of_backend = step.on in (None, "peer")
        mutates = of_backend and OPERATIONS[step.op].mutates
        after = self.snapshot
        if self.view.audited and self.snapshot is not None and (mutates or done.error is not None):
            after = self.view.snapshot()
        self.watch.look(
            Event(
                step=step,
                arguments=arguments,
                value=done.content if done.content is not None and step.op == "read_bytes" else done.value,
                error=done.error,
                own=done.error is not None and any(done.error is own for own in self.own_errors),
                source_lost=handed is not None and handed.lost,
                before=self.snapshot,
                after=after,
                backend_name=self.backend.name if done.error is not None else "",
                secrets=self.subject.secrets,
                metadata_before=metadata_before,
                faulted=bool(step.faults),
            )
        )
        self.snapshot = after


def sent_since(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return how many requests of each kind were sent between two looks at the counts."""
    return {kind: count - before.get(kind, 0) for kind, count in after.items() if count != before.get(kind, 0)}


def _open_atomic(backend: rs.Backend, arguments: Mapping[str, object], handed: Handed | None, done: StepResult) -> None:
    """Enter, write and leave an open_atomic block as a `with` statement would."""
    options: dict[str, Any] = {name: arguments[name] for name in ("overwrite",) if name in arguments}
    manager = backend.open_atomic(str(arguments["path"]), **options)
    done.phase = "enter"
    file = manager.__enter__()
    done.phase = "body"
    try:
        for piece in handed.pieces() if handed is not None else ():
            file.write(piece)
    except BaseException as exc:
        if not manager.__exit__(type(exc), exc, exc.__traceback__):
            raise
        return
    done.phase = "exit"
    manager.__exit__(None, None, None)


def _python_value(name: str, value: object) -> Any:
    if name == "type_hint":
        return _BUILTINS.get(str(value), type(str(value), (), {}))
    return value
