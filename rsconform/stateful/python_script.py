"""A sequence that goes wrong as a script that needs remote_store and the backend, and nothing of this kit."""

from __future__ import annotations

from typing import Any, Final

from rsconform.cases.content import Source
from rsconform.spec.operations import ERRORS
from rsconform.stateful.expected import ANYTHING, ByteRange, Rest
from rsconform.stateful.operations import LISTINGS, OF_TWO, Operation
from rsconform.stateful.runner import Broken, Step
from rsconform.stateful.tokens import Repro, encode
from rsconform.stateful.toml_case import FOLDER

_LONGEST: Final = 64  # Bytes that are written out; what is longer is made.

_HEAD: Final = '''"""{title}

Found by rsconform on the lane {lane}. It ends with 1 where the backend still does it. With rsconform the same is:

    rsconform repro {token}
"""

import inspect
import io
import sys

'''

_TAIL: Final = '''

class Source(io.BufferedIOBase):
    """A stream that reads short, or fails after so many bytes, or cannot seek."""

    def __init__(self, data, fails_after=None, chunk=None, seekable=True):
        self.data, self.at, self.can_seek = data, 0, seekable
        self.limit, self.chunk = fails_after, chunk

    def readable(self):
        return True

    def seekable(self):
        return self.can_seek

    def seek(self, offset, whence=io.SEEK_SET):
        if not self.can_seek:
            raise io.UnsupportedOperation("seek")
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: len(self.data)}[whence]
        return self.at

    def tell(self):
        return self.at

    def read(self, size=-1):
        whole = size is None or size < 0
        end = len(self.data) if whole else min(self.at + min(size, self.chunk or size), len(self.data))
        if self.limit is not None and end > self.limit:
            if whole or self.at >= self.limit:
                raise OSError("source")
            end = self.limit
        piece, self.at = self.data[self.at : end], end
        return piece


def block(backend, path, data, **options):
    with backend.open_atomic(path, **options) as file:
        file.write(data if isinstance(data, bytes) else data.read())


def content(stream):
    if isinstance(stream, list):  # The chunks of an async read.
        return b"".join(stream)
    with stream:
        return stream.read()


def entries(listing):
    return sorted(f"{item.path} ({item.size} bytes)" if hasattr(item, "size") else f"{item.path}/" for item in listing)


def described(info):
    return info.size, sorted((key.lower(), value) for key, value in (info.metadata or {}).items())


def attempt(what, call):
    try:
        seen = call()
    except Exception as exc:
        ours = [cls.__name__ for cls in type(exc).__mro__ if cls.__module__.startswith("remote_store.")]
        seen = "source" if str(exc).partition(" |")[0] == "source" else (ours or [type(exc).__name__])[0]
        print(f"{what}: {seen}: {exc}")
        return seen
    print(f"{what}: {str(seen)[:200]}")
    return seen


'''

_HANDLES: Final = '''
def rest(handle):
    return b"".join(iter(handle.read, b"")) if hasattr(handle, "read") else entries(handle)


def is_piece(seen, versions, start, size, mixed):
    """Whether bytes are what one version has from a place on, or, mixed, each what some version has."""
    rests = [version[start:] for version in versions]
    if mixed:
        return all(any(rest[at : at + 1] == seen[at : at + 1] for rest in rests) for at in range(len(seen)))
    return any(seen == (rest if size is None else rest[: max(1, min(size, len(seen)))]) for rest in rests)


'''

_ASYNC: Final = '''
class Face:
    """The sync face of an async backend."""

    def __init__(self, native):
        self.native, self.loop = native, asyncio.new_event_loop()

    def __getattr__(self, name):
        def call(*args, **options):
            args = [pieces(arg) if hasattr(arg, "read") else arg for arg in args]
            return self.loop.run_until_complete(settled(getattr(self.native, name)(*args, **options)))

        return call

    def reader(self, name, *args, **options):
        return Reader(self.loop, getattr(self.native, name)(*args, **options))

    def listed(self, name, *args, **options):
        return Handle(self.loop, getattr(self.native, name)(*args, **options))


class Handle:
    """What an async backend gives to read or to iterate, kept open."""

    def __init__(self, loop, given):
        self.loop, self.left = loop, b""
        self.items = aiter(loop.run_until_complete(given) if inspect.isawaitable(given) else given)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self.loop.run_until_complete(following(self.items))
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self):
        self.loop.run_until_complete(self.items.aclose())


class Reader(Handle):
    def read(self, size=-1):
        if size < 0:
            piece, self.left = self.left + b"".join(self), b""
            return piece
        while not self.left and (chunk := next(self, None)) is not None:
            self.left = chunk
        piece, self.left = self.left[:size], self.left[size:]
        return piece


async def following(items):
    return await anext(items)


async def pieces(stream):
    while piece := stream.read(65536):
        yield piece


async def settled(given):
    if inspect.isawaitable(given):
        given = await given
    return [item async for item in given] if hasattr(given, "__aiter__") else given

'''

_UNKNOWN: Final = """
def make():
    raise SystemExit("Say here how a backend over an empty store is made.")
"""

_THROUGH: Final = """
def stored(backend):
    return {str(info.path): backend.read_bytes(str(info.path)) for info in backend.list_files("", recursive=True)}
"""


def as_script(broken: Broken, repro: Repro, recipe: str | None, *, surface: str = "sync") -> str:
    """Return the script.

    Args:
        recipe: Python that defines `make()`, a backend over the same store at each call, and it may be
            `stored(backend)`: the files by path, past the backend.
    """
    names = _Contents(broken)
    recipe = recipe or _of_callable(repro.lane) or _UNKNOWN
    head = _HEAD.format(title=_title(broken), lane=repro.lane, token=encode(repro))
    parts = [head.replace("import inspect", "import asyncio\nimport inspect") if surface == "async" else head]
    parts += [recipe.strip("\n"), "\n\n"]
    parts += [_THROUGH] if "def stored" not in recipe else []
    parts += [_ASYNC] if surface == "async" else []
    parts += [_TAIL.lstrip("\n") if parts[-1].endswith("\n\n\n") else _TAIL]
    parts += [_HANDLES.lstrip("\n")] if any(step.operation.on for step in broken.steps) else []
    parts += names.lines
    new = "Face(make())" if surface == "async" else "make()"
    parts.append(f"backend = {new}\n")
    if any(step.operation.peer for step in broken.steps):
        parts.append(f"peer = {new}\n")
    parts += [f"{line}\n" for step in broken.steps for line in _lines(step, names, new, surface)]
    parts += [f"{line}\n" for line in _judgement(broken, names)]
    return "".join(parts)


def _title(broken: Broken) -> str:
    last = broken.steps[-1].operation
    whose = "what is kept open of" if last.on else "of"
    return f"{last.op}() {whose} a remote_store backend goes wrong after a sequence of operations."


def _of_callable(target: str) -> str | None:
    """Return the recipe for a callable that is named by its file."""
    path, colon, name = target.rpartition(":")
    if not colon or not path.endswith(".py"):
        return None
    return f"import runpy\n\nmake = runpy.run_path({path!r})[{name!r}]\n"


class _Contents:
    """The contents of a sequence, each under a name."""

    def __init__(self, broken: Broken) -> None:
        self._names: dict[bytes, str] = {}
        self.lines: list[str] = []
        for step in broken.steps:
            data = step.operation.data
            if len(data) > _LONGEST and data not in self._names:
                self._names[data] = f"CONTENT_{len(self._names) + 1}"
                self.lines.append(f"{self._names[data]} = {_made(data, len(self._names))}\n")
        self.lines += ["\n"] if self.lines else []

    def of(self, data: bytes) -> str:
        """Return an expression for some bytes."""
        return self._names.get(data) or repr(data)


def _made(data: bytes, number: int) -> str:
    if not data.strip(b"\0"):
        return f"bytes({len(data)})"
    # Any content will do that is like no other.
    return f"(bytes(range({number}, 251)) * {len(data) // (251 - number) + 1})[:{len(data)}]"


def _lines(step: Step, names: _Contents, new: str, surface: str) -> list[str]:
    operation = step.operation.below(FOLDER)
    if operation.op == "reopen":
        return ["backend.close()", f"backend = {new}"]
    if operation.op == "drop_container":
        return ["drop_container()"]
    if operation.on:
        call = _on_handle(operation)
        return [f"seen = attempt({call!r}, lambda: {call})"]
    if operation.keeps:
        call = _opened(operation, surface)
        return [f"h{operation.keeps} = attempt({call!r}, lambda: {call})"]
    call = _call(operation, names)
    who = "peer" if operation.peer else "backend"
    return [f"seen = attempt({f'{who}.{operation.op}{_about(operation)}'!r}, lambda: {call})"]


def _on_handle(operation: Operation) -> str:
    handle = f"h{operation.on}"
    match operation.op:
        case "next":
            return f"entries([next({handle})])"
        case "drain":
            return f"rest({handle})"
        case "seek":
            offset, *whence = operation.args
            return f"{handle}.seek({', '.join([str(offset), *(f'io.SEEK_{name}' for name in whence)])})"
        case name:
            return f"{handle}.{name}({', '.join(map(str, operation.args))})"


def _opened(operation: Operation, surface: str) -> str:
    """Return an expression for what an operation gives to read or to iterate."""
    who = "peer" if operation.peer else "backend"
    arguments = [repr(operation.path), *(f"{name}={value!r}" for name, value in operation.options.items())]
    lists = operation.op in LISTINGS
    if surface == "async":
        return f"{who}.{'listed' if lists else 'reader'}({', '.join([repr(operation.op), *arguments])})"
    call = f"{who}.{operation.op}({', '.join(arguments)})"
    return f"iter({call})" if lists else call


def _about(operation: Operation) -> str:
    return f" {operation.path}" + (f" to {operation.dst}" if operation.dst is not None else "")


def _call(operation: Operation, names: _Contents) -> str:
    who = "peer" if operation.peer else "backend"
    arguments = [repr(operation.path)]
    arguments += [repr(operation.dst)] if operation.op in OF_TWO else []
    if operation.content is not None:
        arguments.append(_handed(operation, names))
    arguments += [f"{name}={value!r}" for name, value in operation.options.items() if name != "drain"]
    joined = ", ".join(arguments)
    match operation.op:
        case "open_atomic":
            return f"block({who}, {joined})"
        case "read" | "read_seekable":
            return f"content({who}.{operation.op}({joined}))"
        case "get_file_info":
            return f"described({who}.get_file_info({joined}))"
        case "get_folder_info":
            return f"(lambda info: (info.file_count, info.total_size))({who}.get_folder_info({joined}))"
        case "check_health":
            return f"{who}.check_health()"
        case name if name in LISTINGS:
            return f"entries({who}.{name}({joined}))"
        case "write" | "write_atomic":
            return f"{who}.{operation.op}({joined}).size"
        case name:
            return f"{who}.{name}({joined})"


def _handed(operation: Operation, names: _Contents) -> str:
    data = names.of(operation.data)
    source = operation.content
    if not isinstance(source, Source):
        return data
    options: dict[str, Any] = {"fails_after": source.fails_after, "chunk": source.chunk}
    given = [f"{name}={value}" for name, value in options.items() if value is not None]
    given += ["seekable=False"] if not source.seekable or source.only_read else []
    return f"Source({', '.join([data, *given])})"


def _judgement(broken: Broken, names: _Contents) -> list[str]:
    step = broken.steps[-1]
    lines = [""]
    if broken.tree is not None:
        tree = ", ".join(f"{f'{FOLDER}/{path}'!r}: {names.of(data)}" for path, data in sorted(broken.tree.items()))
        lines += ["seen = stored(backend)", f"right = seen == {{{tree}}}"]
    else:
        lines.append(f"right = {_right(step, names)}")
    return [
        *lines,
        f"print('expected:', {broken.expected!r})",
        "print('observed:', str(seen)[:1000])",
        "sys.exit(0 if right else 1)",
    ]


def _right(step: Step, names: _Contents) -> str:
    expected = step.expected
    errors = sorted(expected.errors if "RemoteStoreError" not in expected.errors else {*expected.errors, *ERRORS})
    if step.operation.op == "reopen":
        return "True"
    refused = f"seen in {errors!r}"
    if not expected.returns:
        return refused
    fits = "True" if expected.value is ANYTHING else _fits(step, names)
    return f"{fits} or {refused}" if errors else fits


def _fits(step: Step, names: _Contents) -> str:
    value, name = step.expected.value, step.operation.op
    if isinstance(value, ByteRange):
        versions = ", ".join(map(names.of, value.versions))
        return f"is_piece(seen, [{versions}], {value.at}, {value.size}, {value.mixed})"
    if isinstance(value, Rest):
        return _fits_rest(value)
    if isinstance(value, bytes):
        return f"seen == {names.of(value)}"
    if isinstance(value, frozenset):
        return f"seen == {sorted(_moved(item) for item in value)!r}"
    if name == "get_file_info" and isinstance(value, tuple):
        return f"seen == {(value[1], [tuple(pair) for pair in value[2]])!r}"
    if name in ("write", "write_atomic") and isinstance(value, tuple):
        return f"seen == {value[1]}"
    return f"seen == {value!r}"


def _fits_rest(value: Rest) -> str:
    steady, may = sorted(map(_moved, value.steady)), sorted(map(_moved, value.all))
    if value.one:
        return f"len(seen) == 1 and seen[0] in {may}"
    return f"all(seen.count(entry) == 1 for entry in {steady}) and set(seen) <= set({may})"


def _moved(entry: str) -> str:
    """Return an entry of a listing in the folder of the script."""
    return "/".join((FOLDER, *entry.split("/")[1:]))
