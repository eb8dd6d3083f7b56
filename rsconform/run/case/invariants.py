"""The always-on invariants: what is checked at every step of every case, without being asked.

A breach is recorded under the invariant's own ID with the case as its witness; it does not fail the case.
"""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import remote_store as rs

from rsconform.cases.case import Step
from rsconform.cases.deferred import show
from rsconform.cases.description import describe_step
from rsconform.lanes.lane import Snapshot
from rsconform.run.case.store import changed_paths, segments
from rsconform.run.records import Breach
from rsconform.spec.operations import OPERATIONS

Problem = tuple[str, str]  # Expected, observed.

# Built-in errors that the contract documents for an operation (trap 16), or that the io protocol demands of streams.
_ALLOWED_BUILTINS: Final[Mapping[str, tuple[type[Exception], ...]]] = {
    "glob": (ValueError,),
    "read": (NotImplementedError,),
    "read_bytes": (NotImplementedError,),
    "read_seekable": (NotImplementedError,),
    "write": (ValueError,),
    "write_atomic": (ValueError,),
}
_STREAM_BUILTINS: Final = (ValueError, io.UnsupportedOperation, StopIteration)

# The classes of error that are about a path.
_PATH_ERRORS: Final = (
    rs.NotFound,
    rs.AlreadyExists,
    rs.InvalidPath,
    rs.PermissionDenied,
    rs.DirectoryNotEmpty,
    rs.ResourceLocked,
)
_PATH_ARGUMENTS: Final = ("path", "src", "dst")

_PLAIN: Final[Mapping[str, type]] = {
    "exists": bool,
    "is_file": bool,
    "is_folder": bool,
    "read_bytes": bytes,
    "native_path": str,
    "to_key": str,
    "delete": type(None),
    "delete_folder": type(None),
    "move": type(None),
    "copy": type(None),
    "check_health": type(None),
    "close": type(None),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One performed step as the checkers see it."""

    step: Step
    arguments: Mapping[str, object]
    value: object
    error: BaseException | None
    own: bool  # The error is the caller's own: what its source raised.
    source_lost: bool
    before: Snapshot | None
    after: Snapshot | None
    backend_name: str
    secrets: tuple[str, ...]
    metadata_before: Mapping[str, str] | None = None
    faulted: bool = False  # A fault was armed: what it left in the store is for the case to judge.

    @property
    def of_backend(self) -> bool:
        """Return whether the step was an operation of a backend, not of a value it gave."""
        return self.step.on in (None, "peer") and not OPERATIONS[self.step.op].of_subject

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the path arguments of the operation."""
        found = (self.arguments.get(name) for name in _PATH_ARGUMENTS)
        return tuple(path for path in found if isinstance(path, str))


# A checker yields nothing where it has nothing to judge, None where it judged and all was well, else the problem.
Checker = Callable[[Event], Iterator[Problem | None]]


def _only_our_errors(event: Event) -> Iterator[Problem | None]:
    error = event.error
    if error is None or event.own:
        return
    if isinstance(error, rs.RemoteStoreError):
        yield None
        return
    allowed = _ALLOWED_BUILTINS.get(event.step.op, ()) if event.of_backend else _STREAM_BUILTINS
    if isinstance(error, allowed):
        return
    yield "a RemoteStoreError", f"{type(error).__module__}.{type(error).__qualname__}: {error}"


def _raised_by_path_model(error: BaseException) -> bool:
    """Return whether remote_store's own RemotePath refused: it knows of no backend."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and frames[-1][0].f_globals.get("__name__", "").startswith("remote_store._path")


def _error_names_backend(event: Event) -> Iterator[Problem | None]:
    error = event.error
    if not isinstance(error, rs.RemoteStoreError) or _raised_by_path_model(error):
        return
    if error.backend == event.backend_name:
        yield None
    else:
        yield f"backend={event.backend_name!r} on the error", f"{type(error).__name__} with backend={error.backend!r}"


def _error_names_path(event: Event) -> Iterator[Problem | None]:
    error = event.error
    if not isinstance(error, _PATH_ERRORS) or not event.of_backend or not event.paths or "path" in event.step.error:
        return
    if isinstance(error.path, str) and segments(error.path) in [segments(path) for path in event.paths]:
        yield None
    else:
        wanted = " or ".join(map(repr, event.paths))
        yield f"path={wanted} on the error", f"{type(error).__name__} with path={error.path!r}"


def _error_attributes(event: Event) -> Iterator[Problem | None]:
    error = event.error
    if not isinstance(error, rs.RemoteStoreError):
        return
    for name in ("path", "backend"):
        value = getattr(error, name, "missing altogether")
        if value is not None and not isinstance(value, str):
            yield f"{name} is a str or None", f"{type(error).__name__} with {name}={show(value)}"
            return
    yield None


def _failure_changes_nothing(event: Event) -> Iterator[Problem | None]:
    if event.faulted or event.error is None or event.before is None or event.after is None or not event.of_backend:
        return
    if event.arguments.get("recursive") is True:  # Several files: it may have got through some of them.
        return
    changed = changed_paths(event.before, event.after)
    if event.step.op == "write" and event.source_lost:
        changed = {path for path in changed if segments(path) not in [segments(given) for given in event.paths]}
    if changed:
        yield "what raised has changed no file", f"{_error_name(event)} was raised, yet changed: {_listed(changed)}"
    else:
        yield None


def _failure_leaves_no_folders(event: Event) -> Iterator[Problem | None]:
    if event.faulted or event.error is None or event.before is None or event.after is None or not event.of_backend:
        return
    if event.before.folders is None or event.after.folders is None or event.source_lost:
        return
    new = event.after.folders - event.before.folders
    if new:
        yield "what raised has left no folder behind", f"{_error_name(event)} was raised, yet new: {_listed(new)}"
    else:
        yield None


def _touches_only_its_paths(event: Event) -> Iterator[Problem | None]:
    if event.faulted or event.before is None or event.after is None or not event.of_backend:
        return
    given = [segments(path) for path in event.paths]
    below = event.step.op == "delete_folder"
    strangers = set()
    for path in changed_paths(event.before, event.after):
        parts = segments(path)
        if parts in given or (below and any(parts[: len(folder)] == folder for folder in given)):
            continue
        strangers.add(path)
    if event.before.folders is not None and event.after.folders is not None:
        strangers |= _strange_folders(event.before.folders, event.after.folders, given, below=below)
    if strangers:
        yield f"only {' and '.join(map(repr, event.paths)) or 'nothing'} touched", f"also changed: {_listed(strangers)}"
    else:
        yield None


def _strange_folders(
    before: frozenset[str], after: frozenset[str], given: Sequence[tuple[str, ...]], *, below: bool
) -> set[str]:
    """Return folders that came or went without being an ancestor of a given path, or part of what was deleted."""
    strange = set()
    for folder in before ^ after:
        parts = segments(folder)
        is_ancestor = any(path[: len(parts)] == parts for path in given)
        if not is_ancestor and not (below and any(parts[: len(path)] == path for path in given)):
            strange.add(folder)
    return strange


def _error_name(event: Event) -> str:
    return type(event.error).__name__


def _listed(paths: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(paths)[:5])


def _models(event: Event, kind: type) -> Iterator[object]:
    """Yield what came back of one kind of model, alone or in a listing."""
    values = event.value if isinstance(event.value, list) else [event.value]
    for value in values:
        if isinstance(value, kind):
            yield value


@dataclass(frozen=True, slots=True)
class _Type:
    """What a field of a model has to be.

    Attributes:
        words: As the end of "FileInfo.size to be ...".
    """

    words: str
    fits: Callable[[object], bool]

    def or_none(self) -> _Type:
        """Return the same type, or None."""
        return _Type(f"{self.words} or None", lambda value: value is None or self.fits(value))


def _typed(event: Event, kind: type, expected: Mapping[str, _Type]) -> Iterator[Problem | None]:
    if not event.of_backend or event.error is not None:
        return
    judged = False
    for model in _models(event, kind):
        judged = True
        for name, type_ in expected.items():
            value = getattr(model, name, "missing altogether")
            if not type_.fits(value):
                expectation = f"{kind.__name__}.{name} to be {type_.words}"
                yield expectation, f"{name}={show(value)} ({type(value).__name__})"
                return
    if judged:
        yield None


def _is_metadata(value: object) -> bool:
    texts = isinstance(value, Mapping) and (*value, *value.values())
    return texts is not False and all(isinstance(text, str) for text in texts)


def _is_extra(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) for name in value)


_PATH_TYPE: Final = _Type("a RemotePath", lambda value: isinstance(value, rs.RemotePath))
_COUNT: Final = _Type("an int of 0 or more", lambda value: type(value) is int and value >= 0)
_TEXT: Final = _Type("a str", lambda value: type(value) is str)
_TIME: Final = _Type("a datetime", lambda value: isinstance(value, datetime))
_DIGEST: Final = _Type("a ContentDigest", lambda value: isinstance(value, rs.ContentDigest))
_METADATA: Final = _Type("a mapping of str to str", _is_metadata)
_EXTRA: Final = _Type("a dict with keys of type str", _is_extra)
# Whether it is a datetime at all is for other axioms.
_AWARE: Final = _Type(
    "a datetime with a time zone, such as datetime.now(UTC)",
    lambda value: not isinstance(value, datetime) or value.utcoffset() is not None,
)


def _file_info_types(event: Event) -> Iterator[Problem | None]:
    yield from _typed(event, rs.FileInfo, {"path": _PATH_TYPE, "name": _TEXT, "size": _COUNT, "modified_at": _TIME})


def _file_info_options(event: Event) -> Iterator[Problem | None]:
    texts = {name: _TEXT.or_none() for name in ("etag", "content_type")}
    others = {"metadata": _METADATA.or_none(), "extra": _EXTRA}
    yield from _typed(event, rs.FileInfo, {"digest": _DIGEST.or_none(), **texts, **others})


def _aware_times(event: Event) -> Iterator[Problem | None]:
    for kind, name in ((rs.FileInfo, "modified_at"), (rs.FolderInfo, "modified_at"), (rs.WriteResult, "last_modified")):
        yield from _typed(event, kind, {name: _AWARE})


def _folder_info_types(event: Event) -> Iterator[Problem | None]:
    yield from _typed(event, rs.FolderInfo, {"path": _PATH_TYPE, "file_count": _COUNT, "total_size": _COUNT})


def _folder_info_options(event: Event) -> Iterator[Problem | None]:
    yield from _typed(event, rs.FolderInfo, {"modified_at": _TIME.or_none(), "extra": _EXTRA})


def _folder_entry_types(event: Event) -> Iterator[Problem | None]:
    yield from _typed(event, rs.FolderEntry, {"path": _PATH_TYPE, "name": _TEXT})


def _write_result_types(event: Event) -> Iterator[Problem | None]:
    if event.error is not None or not event.of_backend or event.step.op not in ("write", "write_atomic"):
        return
    if not isinstance(event.value, rs.WriteResult):
        yield "a WriteResult", show(event.value)
        return
    required = {"path": _PATH_TYPE, "size": _COUNT, "source": _TEXT}
    options = {"etag": _TEXT, "version_id": _TEXT, "digest": _DIGEST, "last_modified": _TIME, "metadata": _METADATA}
    yield from _typed(event, rs.WriteResult, {**required, **{name: one.or_none() for name, one in options.items()}})


def _plain_answers(event: Event) -> Iterator[Problem | None]:
    expected = _PLAIN.get(event.step.op)
    if expected is None or event.error is not None or not event.of_backend:
        return
    # A class of its own made from str or bytes is one of them; a bool is no int, and None is None.
    fits = isinstance(event.value, expected) if expected in (str, bytes) else type(event.value) is expected
    if fits:
        yield None
    else:
        yield f"{expected.__name__} from {event.step.op}", f"{type(event.value).__name__}: {show(event.value)}"


def _arguments_untouched(event: Event) -> Iterator[Problem | None]:
    if event.metadata_before is None:
        return
    now = event.arguments.get("metadata")
    if now == event.metadata_before:
        yield None
    else:
        yield f"metadata as it was handed over: {dict(event.metadata_before)}", show(now)


def _keeps_secrets(event: Event) -> Iterator[Problem | None]:
    if not event.secrets or event.error is None:
        return
    said = [str(event.error), repr(event.error)]
    cause: BaseException | None = event.error.__cause__ or event.error.__context__
    while cause is not None and len(said) < 12:
        said.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    if any(secret in text for secret in event.secrets for text in said):
        yield "no declared secret in an error", f"{_error_name(event)} shows one in its text or in its causes"
    else:
        yield None


CHECKERS: Final[Mapping[str, Checker]] = {
    "only-our-errors": _only_our_errors,
    "error-names-backend": _error_names_backend,
    "error-names-path": _error_names_path,
    "error-attributes": _error_attributes,
    "failure-changes-nothing": _failure_changes_nothing,
    "failure-leaves-no-folders": _failure_leaves_no_folders,
    "touches-only-its-paths": _touches_only_its_paths,
    "file-info-types": _file_info_types,
    "file-info-options": _file_info_options,
    "aware-times": _aware_times,
    "folder-info-types": _folder_info_types,
    "folder-info-options": _folder_info_options,
    "folder-entry-types": _folder_entry_types,
    "write-result-types": _write_result_types,
    "plain-answers": _plain_answers,
    "arguments-untouched": _arguments_untouched,
    "keeps-secrets": _keeps_secrets,
}

FEW_REQUESTS: Final = 500  # So few are never a violation.

# Judged by the interpreter itself, which alone knows that an operation did not return, and what it sent.
ENDS_IN_TIME: Final = "ends-in-time"
REQUESTS_BOUNDED: Final = "requests-bounded"


@dataclass(slots=True)
class Watch:
    """The invariants during one case: which were judged, which did not hold.

    Args:
        ids: Checker -> axiom ID, for the axioms that the edition holds and the case does not override.
    """

    ids: Mapping[str, str]
    breaches: list[Breach] = field(default_factory=list)
    judged: set[str] = field(default_factory=set)

    def look(self, event: Event) -> None:
        """Put every checker to one step."""
        for checker, axiom in self.ids.items():
            check = CHECKERS.get(checker)
            if check is None:
                continue
            for problem in check(event):
                self.judged.add(axiom)
                if problem is not None:
                    self.breaches.append(Breach(axiom, problem[0], problem[1], describe_step(event.step)))

    def look_at_time(self, step: Step, limit_s: float, *, returned: bool) -> None:
        """Judge whether an operation came back within its limit."""
        axiom = self.ids.get(ENDS_IN_TIME)
        if axiom is None:
            return
        self.judged.add(axiom)
        if not returned:
            expected = f"an end within {limit_s:g} s"
            self.breaches.append(
                Breach(axiom, expected, f"{step.op} did not return within {limit_s:g} s", describe_step(step))
            )

    def look_at_requests(self, step: Step, sent: int, most: Callable[[], int]) -> None:
        """Judge whether an operation sent no more than it can need; `most` is called only where that is many."""
        axiom = self.ids.get(REQUESTS_BOUNDED)
        if axiom is None:
            return
        self.judged.add(axiom)
        if sent > FEW_REQUESTS and sent > most():
            self.breaches.append(
                Breach(axiom, f"at most {most()} requests of {step.op}", f"{sent}", describe_step(step))
            )

    def look_at_end(self, step: Step, expected: str, observed: str) -> None:
        """Take note of a listing or a stream that gave more than it can hold."""
        axiom = self.ids.get(ENDS_IN_TIME)
        if axiom is not None:
            self.judged.add(axiom)
            self.breaches.append(Breach(axiom, expected, observed, describe_step(step)))
