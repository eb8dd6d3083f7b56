"""Puts the steps of a case to a subject and judges what comes back."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

import remote_store as rs

from rsconform.cases.content import Content, Source
from rsconform.cases.matchers import path_text
from rsconform.cases.model import Case, Skip, Step, Want
from rsconform.cases.values import Bound, Missing, resolve_value, show, show_difference
from rsconform.lanes.facade import OffSurface, surface_of
from rsconform.lanes.model import Snapshot, Subject
from rsconform.run import deadline
from rsconform.run.invariants import FEW_REQUESTS, Event, Watch
from rsconform.run.model import REFUSED
from rsconform.run.sources import Handed
from rsconform.run.store import StoreView, UnaffordableError
from rsconform.spec.vocabulary import METHODS, OPERATIONS, S3_REQUESTS, SOURCE_ERROR, TOTAL, Yields

# A listing or a stream that gives more than it can hold never ends: stop well before memory does.
_ITEMS_SLACK: Final = 10_000
_BYTES_SLACK: Final = 64 << 20
_SMALL_PIECE: Final = 8 * 1024  # What a buffered reader asks for at a time.
_PATHS: Final = ("path", "src", "dst")


class Refused(Exception):  # Not an error: a permitted way for a case to end.
    """The subject took a permitted refusal: the rest of the case is not run."""


class FaultNotMet(Exception):  # Not an error: nothing was shown.
    """The subject sent no request that would have met the fault, so what it did then says nothing about faults."""


class CaseFailed(Exception):  # The verdict on the subject, not an error of the kit.
    """The subject did not do what a step demands."""

    def __init__(self, expected: str, observed: str, *, phase: str | None = None, hang: bool = False) -> None:
        self.expected = expected
        self.observed = observed
        self.phase = phase
        self.hang = hang
        super().__init__(f"expected {expected}, observed {observed}")


@dataclass(slots=True)
class _Done:
    """What an operation did: its value or its error, and how far it had come."""

    value: object = None
    error: BaseException | None = None
    phase: str = "call"
    content: bytes | None = None  # What a stream held, where it was read to its end.


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
            CaseFailed: A step did not go as demanded.
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
                except Exception:  # What closing owes is for the axioms about it.
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
            raise CaseFailed(f"values for {step.text}", f"an earlier result lacks {exc}") from exc
        metadata = arguments.get("metadata")
        metadata_before = dict(metadata) if isinstance(metadata, Mapping) else None
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
                self.watch.look_at_requests(step, sum(sent.values()), lambda: self._most_requests(step))
        if handed is not None and handed.raised is not None:
            self.own_errors.append(handed.raised)
        self._watch(step, arguments, done, handed, metadata_before)
        if len(met) < len(step.faults) or 0 in met:
            raise FaultNotMet(step.op)
        self._judge(step, done)
        self._judge_requests(step, sent)
        if step.within_s is not None and took_s > step.within_s:
            raise CaseFailed(f"an end within {step.within_s:g} s", f"it took {took_s:.1f} s")
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

    def _perform(self, step: Step, arguments: Mapping[str, object], handed: Handed | None, limit_s: float) -> _Done:
        done = _Done()
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
            raise CaseFailed(
                f"an end within {limit_s:g} s", f"{step.op} did not return", phase=done.phase, hang=True
            ) from None
        except KeyboardInterrupt:
            raise
        except (CaseFailed, OffSurface, UnaffordableError):
            raise
        except BaseException as exc:
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
            raise UnaffordableError(Skip(Want.AFFORDANCE, f"variants: {variant}"))
        self.backend = self.construct({**variants[variant], **(options if isinstance(options, Mapping) else {})})
        self._streams.append(self.backend)

    def _on_backend(self, step: Step, arguments: Mapping[str, object], handed: Handed | None, done: _Done) -> None:
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

    def _use_stream(self, step: Step, stream: Any, done: _Done) -> None:
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
                raise CaseFailed("bytes from the stream", show(piece), phase="drain")
            if 0 < size < len(piece):
                raise CaseFailed(f"pieces of at most {size} bytes", f"a piece of {len(piece)} bytes", phase="drain")
            if not len(piece):
                return b"".join(pieces)
            pieces.append(bytes(piece))
            total += len(piece)
            if total > most:
                raise self._endless(step, "a stream that ends", f"more than {total} bytes and no end")

    def _endless(self, step: Step, expected: str, observed: str) -> CaseFailed:
        self.watch.look_at_end(step, expected, observed)
        return CaseFailed(expected, observed, phase="drain")

    def _most_bytes(self, step: Step) -> int:
        expected = step.reads
        size = len(expected.data) if isinstance(expected, Content | Source) else 0
        return 2 * size + _BYTES_SLACK

    def _use_items(self, step: Step, listing: Any, done: _Done) -> None:
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

    def _on_value(self, step: Step, done: _Done) -> None:
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
        done.value = _VALUE_OPERATIONS[step.op](target, args)
        if step.op in ("read", "readinto") and isinstance(done.value, bytes):
            done.content = done.value

    # -- judging ------------------------------------------------------------------------------------------------

    def _watch(
        self,
        step: Step,
        arguments: Mapping[str, object],
        done: _Done,
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

    def _judge(self, step: Step, done: _Done) -> None:
        if done.error is not None:
            self._judge_error(step, done, done.error)
            return
        if step.raises:
            if "CapabilityNotSupported" in step.raises and self.case.lacks:
                lacks = ", ".join(sorted(self.case.lacks))
                self.notes.append(f"under_declared: {step.op} is not refused without {lacks}")
            raise CaseFailed(_any_of(step.raises), f"{step.op} returned {_shown_result(done)}", phase=done.phase)
        if not isinstance(step.returns, Missing):
            failing = step.returns.mismatch(done.value, self.resolve)
            if failing is not None:
                raise CaseFailed(f"{step.op} to return {failing}", _shown_result(done), phase=done.phase)
        if not isinstance(step.reads, Missing):
            self._judge_content(step, done)
        if not isinstance(step.paths, Missing):
            self._judge_paths(step, done)

    def _judge_error(self, step: Step, done: _Done, error: BaseException) -> None:
        observed = f"{done.phase if done.phase != 'call' else step.op} raised {show_error(error)}"
        if step.raises:
            if not self._is_one_of(error, step.raises):
                raise CaseFailed(_any_of(step.raises), observed, phase=done.phase)
            for name, matcher in step.error.items():
                failing = matcher.mismatch(getattr(error, name, None), self.resolve)
                if failing is not None:
                    raise CaseFailed(
                        f"{type(error).__name__} with {name} = {failing}",
                        f"{name} = {show(getattr(error, name, None))}",
                        phase=done.phase,
                    )
            # Where listings and reads are generators nothing can fail at the call.
            if step.at not in (None, done.phase) and surface_of(self.backend) == "sync":
                raise CaseFailed(f"{_any_of(step.raises)} at {step.at}", f"it came at {done.phase}", phase=done.phase)
            return
        if step.or_raises and self._is_one_of(error, step.or_raises):
            self._judge_refusal(error)
            raise Refused(f"{REFUSED}{step.op} raised {type(error).__name__}")
        raise CaseFailed(f"{step.op} to return", observed, phase=done.phase)

    def _judge_refusal(self, error: BaseException) -> None:
        seen, given = self.view.snapshot(), self.case.given
        if seen is None:
            return
        before = {path: file.content.data for path, file in given.files.items()}
        if self.at == 0 and {path: file.content for path, file in seen.files.items()} != before:
            raise CaseFailed(f"the store unchanged by the refusal ({type(error).__name__})", "it has changed")

    def _is_one_of(self, error: BaseException, names: tuple[str, ...]) -> bool:
        for name in names:
            if name == SOURCE_ERROR:
                if any(error is own for own in self.own_errors):
                    return True
            elif name == "RemoteStoreError":
                if isinstance(error, rs.RemoteStoreError):
                    return True
            elif hasattr(rs, name):
                if type(error) is getattr(rs, name):
                    return True
            elif any(cls.__name__ == name for cls in type(error).__mro__):
                return True
        return False

    def _judge_content(self, step: Step, done: _Done) -> None:
        wanted = step.reads
        if isinstance(wanted, Bound):
            wanted = self.resolve(wanted)
        expected = wanted.data if isinstance(wanted, Content | Source) else wanted
        if not isinstance(expected, bytes):
            raise CaseFailed("content to compare with", show(expected))
        seen = done.content if done.content is not None else done.value
        if type(seen) is not bytes or seen != expected:
            expectation = f"{len(expected)} bytes ({wanted})" if len(expected) > 40 else show(expected)
            raise CaseFailed(expectation, show_difference(expected, seen), phase=done.phase)

    def _judge_paths(self, step: Step, done: _Done) -> None:
        wanted = resolve_value(step.paths, self.resolve)
        if not isinstance(wanted, list) or not isinstance(done.value, list):
            raise CaseFailed("a listing", _shown_result(done), phase=done.phase)
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
        raise CaseFailed(expected, "; ".join(parts) or f"{len(seen)} paths, some more than once", phase=done.phase)

    def _most_requests(self, step: Step) -> int:
        """Return how many requests nobody needs more of: two for each file, one for each piece of content."""
        files = self.view.touched.union(self.case.given.files)
        given = [file.content for file in self.case.given.files.values()]
        written = (one.arguments.get("content") for one in self.case.steps)
        contents = [*given, *(content for content in written if isinstance(content, Content | Source))]
        piece = step.drain if not isinstance(step.drain, bool) else _SMALL_PIECE
        size = sum(len(content.data) for content in contents)
        return FEW_REQUESTS + 2 * len(files) + size // min(piece, _SMALL_PIECE)

    def _judge_requests(self, step: Step, sent: Mapping[str, int]) -> None:
        for kind, limit in step.requests.items():
            number = _count_of(kind, sent)
            if not limit.holds(number):
                shown = ", ".join(f"{count} {name}" for name, count in sorted(sent.items())) or "none"
                raise CaseFailed(f"{limit} {kind} requests", f"{number}; sent: {shown}")


def sent_since(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return how many requests of each kind were sent between two looks at the counts."""
    return {kind: count - before.get(kind, 0) for kind, count in after.items() if count != before.get(kind, 0)}


def _count_of(kind: str, sent: Mapping[str, int]) -> int:
    if kind in METHODS:
        return sum(count for name, count in sent.items() if S3_REQUESTS.get(name, name) == kind)
    return sum(sent.values()) if kind == TOTAL else sent.get(kind, 0)


def _open_atomic(backend: rs.Backend, arguments: Mapping[str, object], handed: Handed | None, done: _Done) -> None:
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
        return {"str": str, "int": int, "dict": dict, "object": object}.get(str(value), type(str(value), (), {}))
    return value


def _capability(args: list[object]) -> rs.Capability:
    return rs.Capability[str(args[0])]


def _read_into(target: Any, args: list[Any]) -> bytes:
    buffer = bytearray(args[0])
    return bytes(buffer[: target.readinto(buffer)])


def _set(target: Any, args: list[Any]) -> None:
    setattr(target, args[0], args[1])


def _end_of(target: Any, args: list[Any]) -> int:
    whence = {"SET": io.SEEK_SET, "CUR": io.SEEK_CUR, "END": io.SEEK_END}
    return int(target.seek(args[0], *(whence.get(arg, arg) for arg in args[1:])))


_VALUE_OPERATIONS: Final[Mapping[str, Callable[[Any, list[Any]], object]]] = {
    "next": lambda target, _: next(target),
    "close": lambda target, _: target.close(),
    "seek": _end_of,
    "tell": lambda target, _: target.tell(),
    "read": lambda target, args: target.read(*args),
    "readinto": _read_into,
    "closed": lambda target, _: target.closed,
    "readable": lambda target, _: target.readable(),
    "seekable": lambda target, _: target.seekable(),
    "supports": lambda target, args: target.supports(_capability(args)),
    "require": lambda target, args: target.require(_capability(args)),
    "set": _set,
    "repr": lambda target, _: repr(target),
    "str": lambda target, _: str(target),
    "hash": lambda target, _: hash(target),
    "json": lambda target, _: json.dumps(target, default=dict),
    "value": lambda target, args: [target, *args] if args else target,
}


def _any_of(names: tuple[str, ...]) -> str:
    return " or ".join("the source's own exception" if name == SOURCE_ERROR else name for name in names)


def _shown_result(done: _Done) -> str:
    if done.content is not None:
        return show(done.content)
    return show(done.value)


def show_error(error: BaseException) -> str:
    """Return an error as one bounded line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
