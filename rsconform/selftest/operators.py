"""Operators: each makes a backend class wrong in one known way, by wrapping methods that are right."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import io
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from remote_store import Backend, NotFound, RemoteStoreError

Method = Callable[..., Any]
WRITES: Final = "write write_atomic open_atomic"
FILE_OPS: Final = "read read_bytes get_file_info delete"
LISTINGS: Final = "list_files list_folders iter_children"
EVERYTHING: Final = f"{FILE_OPS} {WRITES} {LISTINGS} exists is_file is_folder get_folder_info delete_folder move copy"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a wrapped method."""

    backend: Any
    base: type
    original: Method
    arguments: Mapping[str, Any]  # By contract name, defaults included.

    @property
    def path(self) -> str:
        """Return the path that the call is about: of move and copy the source, of close none."""
        return str(next(iter(self.arguments.values()), ""))

    def proceed(self, **changed: object) -> Any:
        """Do what the method does, with some arguments changed."""
        return self.original(self.backend, **{**self.arguments, **changed})

    def call_correct(self, operation: str, *args: object, **options: object) -> Any:
        """Call another method of the same backend as the right class has it."""
        return getattr(self.base, operation)(self.backend, *args, **options)


Behaviour = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class When:
    """A condition on a call: combine with `&`, `|` and `~`; `of` asks about another path argument."""

    holds: Callable[[Call, str], bool]

    def __call__(self, call: Call) -> bool:
        return self.holds(call, call.path)

    def __and__(self, other: When) -> When:
        return When(lambda call, path: self.holds(call, path) and other.holds(call, path))

    def __or__(self, other: When) -> When:
        return When(lambda call, path: self.holds(call, path) or other.holds(call, path))

    def __invert__(self) -> When:
        return When(lambda call, path: not self.holds(call, path))

    def of(self, argument: str) -> When:
        """Return the same condition on another argument."""
        return When(lambda call, _: self.holds(call, call.arguments[argument]))


def _parents(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:length]) for length in range(1, len(parts)))


def called_with(**values: object) -> When:
    """Return the condition that arguments have these values."""
    return When(lambda call, _: all(call.arguments[name] == value for name, value in values.items()))


ALWAYS: Final = When(lambda _call, _path: True)
ROOT: Final = When(lambda _call, path: all(part in ("", ".") for part in path.split("/")))
FILE: Final = ~ROOT & When(lambda call, path: call.call_correct("is_file", path))
FOLDER: Final = ~ROOT & When(lambda call, path: call.call_correct("is_folder", path))
MISSING: Final = ~ROOT & When(lambda call, path: not call.call_correct("exists", path))
BELOW_FILE: Final = When(lambda call, path: any(call.call_correct("is_file", parent) for parent in _parents(path)))
HAS_FILES: Final = When(lambda call, path: next(iter(call.call_correct("list_files", path)), None) is not None)
HAS_FOLDERS: Final = When(lambda call, path: next(iter(call.call_correct("list_folders", path)), None) is not None)
BARREN: Final = ~HAS_FILES & ~HAS_FOLDERS
EMPTY_FILE: Final = FILE & When(lambda call, path: call.call_correct("read_bytes", path) == b"")
DEEP: Final = When(lambda call, path: "/" in path and not call.call_correct("exists", path.rpartition("/")[0]))
NESTED: Final = When(lambda _call, path: "/" in path)
CLOSED: Final = When(lambda call, _path: getattr(call.backend, "_closed", False))
ITSELF: Final = When(lambda call, path: path == call.arguments["dst"])


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way of being wrong; `+` adds another.

    Args:
        wraps: Method -> what it does instead.
        has: Attributes of the class.
        shadows: Attributes of the instance, made from it.
        makes: Instead of what makes the backend.
    """

    wraps: tuple[tuple[str, Behaviour], ...] = ()
    has: Mapping[str, object] = field(default_factory=dict)
    shadows: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)
    makes: Callable[[], Any] | None = None
    _classes: dict[type, type] = field(default_factory=dict)

    def __add__(self, other: Mutation) -> Mutation:
        return Mutation(self.wraps + other.wraps, {**self.has, **other.has}, {**self.shadows, **other.shadows})

    def applied_to(self, make: Callable[[], Backend]) -> Callable[[], Backend]:
        """Return a callable that makes backends of this kind, wrong in this way."""

        def make_wrong() -> Backend:
            if self.makes is not None:
                return self.makes()  # type: ignore[no-any-return]
            backend: Any = make()
            kind = type(backend)
            if kind not in self._classes.values():
                if kind not in self._classes:
                    self._classes[kind] = self._class(kind)
                backend.__class__ = self._classes[kind]
            for name, shadow in self.shadows.items():
                setattr(backend, name, shadow(backend))
            return backend  # type: ignore[no-any-return]

        return make_wrong

    def _class(self, base: type) -> type:
        namespace = dict(self.has)
        for name, behaviour in self.wraps:
            namespace[name] = _wrapped(base, namespace.get(name, getattr(base, name)), behaviour)
        return type(base)(f"Mutation{base.__name__}", (base,), namespace)


def _wrapped(base: type, original: Any, behaviour: Behaviour) -> Method:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def method(self: Any, *args: object, **options: object) -> Any:
        bound = signature.bind(self, *args, **options)
        bound.apply_defaults()
        _, *named = bound.arguments.items()
        return behaviour(Call(self, base, original, dict(named)))

    return method


# How a method is wrapped.


def replace(methods: str, behaviour: Behaviour, when: When = ALWAYS) -> Mutation:
    """Do something else."""

    def do(call: Call) -> Any:
        return behaviour(call) if when(call) else call.proceed()

    return Mutation(tuple((name, do) for name in methods.split()))


def returns(methods: str, value: object, when: When = ALWAYS) -> Mutation:
    """Return a value without doing anything."""
    return replace(methods, lambda _: value, when)


def raises(
    methods: str, cls: type[Exception], when: When = ALWAYS, *, naming: str | None = None, **fields: object
) -> Mutation:
    """Raise an error; if it is one of remote_store's it names the path (`naming` another argument) and the backend."""

    def do(call: Call) -> Any:
        raise _error(call, cls, naming, fields)

    return replace(methods, do, when)


def _error(call: Call, cls: type[Exception], naming: str | None, fields: Mapping[str, object]) -> Exception:
    if not issubclass(cls, RemoteStoreError):
        return cls("wrong")
    path = call.arguments[naming] if naming else call.path
    return cls("wrong", **{"path": path, "backend": call.backend.name, **fields})


def raises_instead(methods: str, caught: type[Exception], cls: type[Exception], when: When = ALWAYS) -> Mutation:
    """Raise another class of error."""

    def do(call: Call) -> Any:
        try:
            return call.proceed()
        except caught as exc:
            raise _error(call, cls, None, {}) from exc

    return replace(methods, do, when)


def swallows(methods: str, caught: type[Exception], value: object = None, when: When = ALWAYS) -> Mutation:
    """Return a value instead of an error."""

    def do(call: Call) -> Any:
        try:
            return call.proceed()
        except caught:
            return value

    return replace(methods, do, when)


def relabels(methods: str, when: When = ALWAYS, **fields: Callable[[Call], object]) -> Mutation:
    """Raise the right error with other attributes."""

    def do(call: Call) -> Any:
        try:
            return call.proceed()
        except RemoteStoreError as exc:
            for name, value in fields.items():
                setattr(exc, name, value(call))
            raise

    return replace(methods, do, when)


def passes(methods: str, when: When = ALWAYS, **arguments: object) -> Mutation:
    """Ignore what was asked for: proceed with other arguments."""
    return replace(methods, lambda call: call.proceed(**arguments), when)


def alters(methods: str, change: Callable[[Any], object], when: When = ALWAYS) -> Mutation:
    """Return something made from the right answer."""
    return replace(methods, lambda call: change(call.proceed()), when)


def fills(methods: str, when: When = ALWAYS, **fields: Callable[[Any], object]) -> Mutation:
    """Return a model with other fields, each made from the right model."""

    def change(model: Any) -> object:
        return dataclasses.replace(model, **{name: value(model) for name, value in fields.items()})

    return alters(methods, change, when)


def fills_each(methods: str, when: When = ALWAYS, **fields: Callable[[Any], object]) -> Mutation:
    """List models with other fields."""

    def change(models: Iterator[Any]) -> object:
        return (
            dataclasses.replace(model, **{name: value(model) for name, value in fields.items()}) for model in models
        )

    return alters(methods, change, when)


def stores(methods: str, change: Callable[[bytes], bytes], when: When = ALWAYS) -> Mutation:
    """Write other bytes than those that were handed over."""

    def do(call: Call) -> Any:
        content = call.arguments["content"]
        return call.proceed(content=change(content if isinstance(content, bytes) else content.read()))

    return replace(methods, do, when)


def before(methods: str, behaviour: Behaviour, when: When = ALWAYS) -> Mutation:
    """Do something else before."""

    def do(call: Call) -> Any:
        behaviour(call)
        return call.proceed()

    return replace(methods, do, when)


def after(methods: str, behaviour: Behaviour, when: When = ALWAYS) -> Mutation:
    """Do something else after it went well."""

    def do(call: Call) -> Any:
        answer = call.proceed()
        behaviour(call)
        return answer

    return replace(methods, do, when)


def after_failure(methods: str, behaviour: Behaviour) -> Mutation:
    """Leave something behind when the method fails."""

    def do(call: Call) -> Any:
        try:
            return call.proceed()
        except RemoteStoreError:
            behaviour(call)
            raise

    return replace(methods, do)


def remembers(methods: str, value: object) -> Mutation:
    """Once the answer was this value, go on giving it for the same path."""

    def do(call: Call) -> Any:
        seen = call.backend.__dict__.setdefault("_remembered", set())
        key = (call.original.__name__, call.path)
        if key in seen:
            return value
        answer = call.proceed()
        if answer == value:
            seen.add(key)
        return answer

    return replace(methods, do)


def every_second_time(methods: str, change: Callable[[Any], object]) -> Mutation:
    """Answer every second time with something else."""

    def do(call: Call) -> Any:
        count = call.backend.__dict__.setdefault("_calls", itertools.count(1))
        return change(call.proceed()) if next(count) % 2 == 0 else call.proceed()

    return replace(methods, do)


def hangs(methods: str) -> Mutation:
    """Do not return."""

    def do(_call: Call) -> Any:
        while True:
            time.sleep(0.01)

    return replace(methods, do)


def override(**attributes: object) -> Mutation:
    """Give the class other attributes."""
    return Mutation(has=attributes)


def shadows(**attributes: Callable[[Any], object]) -> Mutation:
    """Give the instance other attributes, each made from it: the class goes on inheriting."""
    return Mutation(shadows=attributes)


def constructs(make: Callable[[], object]) -> Mutation:
    """Make something else than a backend."""
    return Mutation(makes=make)


# Behaviours and streams.


def writes_file(name: str, content: bytes = b"stray") -> Behaviour:
    """Return the behaviour of writing a file; `{path}` in its name is the path of the call."""
    return lambda call: call.call_correct("write", name.format(path=call.path), content, overwrite=True)


class Around:
    """A stream with some of its methods replaced; each takes the stream that it stands for first."""

    def __init__(self, stream: Any, **instead_of: Method) -> None:
        self._stream = stream
        for name, method in instead_of.items():
            setattr(self, name, functools.partial(method, stream))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def streams(methods: str, **instead_of: Method) -> Mutation:
    """Return streams with some of their methods replaced."""
    return alters(methods, lambda stream: Around(stream, **instead_of))


class Late(io.RawIOBase):
    """A stream that raises NotFound when it is read, not before."""

    def __init__(self, path: str, backend: str) -> None:
        self._error = NotFound("wrong", path=path, backend=backend)

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise self._error
