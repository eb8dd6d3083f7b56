"""What probes let a backend in another process do: each function is called there, with the backend of that process."""

from __future__ import annotations

import asyncio
import io
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from remote_store import AlreadyExists, ResourceLocked

from rsconform.lanes.async_facade import AsyncFacade

_PIECE: Final = 64 * 1024
_NEW: Final = 110  # What every byte is that is written here.
_STALL_S: Final = 30.0
_NAP_S: Final = 0.01


def create(backend: Any, op: str, path: str, content: str, at: float) -> bool:
    """Create a file at a moment of the clock that all processes share; return whether this process did."""
    while time.monotonic() < at:
        pass
    try:
        if op == "open_atomic":
            with backend.open_atomic(path) as file:
                file.write(content.encode())
        else:
            getattr(backend, op)(path, content.encode())
    except (AlreadyExists, ResourceLocked):
        return False
    return True


class Pattern(io.RawIOBase):
    """A long source that takes up no memory itself; between pieces it may wait for a signal."""

    def __init__(self, size: int) -> None:
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._left)
        buffer[:count] = bytes([self._left % 251]) * count
        self._left -= count
        return count


def taken_in(backend: Any, path: str, ask: str) -> dict[str, int]:
    """Read of a large file what `ask` says, and return what that took, in bytes.

    Returns:
        `memory` that came on top at its highest, `read` and `written` through files. What is known of none is 0.
    """
    backend.read_bytes(f"{path}-small")  # What is made once is made.
    with Takes() as takes:
        stream = backend.read(path)
        if ask == "some":
            stream.read(4096)
        elif ask == "all":
            for _ in iter(lambda: len(stream.read(_PIECE)), 0):
                pass
    stream.close()
    return takes.bytes


def written_out(backend: Any, path: str, op: str, size: int) -> dict[str, int]:
    """Write a large file from a stream, and return what that took, as `taken_in` does."""
    _write(backend, f"{path}-small", op, io.BytesIO(bytes(1000)))
    with Takes() as takes:
        _write(backend, path, op, Pattern(size))
    return takes.bytes


def _write(backend: Any, path: str, op: str, source: io.IOBase) -> None:
    if op != "open_atomic":
        getattr(backend, op)(path, source, overwrite=True)
        return
    with backend.open_atomic(path, overwrite=True) as file:
        shutil.copyfileobj(source, file, _PIECE)


def transferred(backend: Any, path: str, op: str) -> dict[str, int]:
    """Copy or move a large file, and return what that took, as `taken_in` does."""
    getattr(backend, op)(f"{path}-small", f"{path}-small-new")
    with Takes() as takes:
        getattr(backend, op)(path, f"{path}-new")
    return takes.bytes


class Takes:
    """What a block of code in this process takes, as the system counts it."""

    def __init__(self) -> None:
        self.bytes: dict[str, int] = {}

    def __enter__(self) -> Takes:
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # The highest so far counts from here.
        # Where the system does not let that be set, only what goes beyond the highest before counts.
        self._memory, self._moved = _field("status", "VmHWM") * 1024, _moved()
        return self

    def __exit__(self, *_exc: object) -> None:
        moved = _moved()
        highest = _field("status", "VmHWM") * 1024
        self.bytes = {"memory": max(0, highest - self._memory)}
        self.bytes |= {name: moved[name] - self._moved[name] for name in moved}


def _moved() -> dict[str, int]:
    return {"read": _field("io", "rchar"), "written": _field("io", "wchar")}


def _field(file: str, name: str) -> int:
    try:
        lines = Path(f"/proc/self/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


class Stalled(io.RawIOBase):
    """A source that gives half of its content, says so by a file, and then waits to be stopped."""

    def __init__(self, content: bytes, marker: Path) -> None:
        self._pieces = [content[: len(content) // 2]]
        self._marker = marker

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._pieces:
            stall(self._marker)
        piece = self._pieces.pop()
        count = min(len(buffer), len(piece))
        buffer[:count] = piece[:count]
        if piece[count:]:
            self._pieces.append(piece[count:])
        return count


def stall(marker: Path) -> None:
    """Create a file that says it is half done, and wait forever."""
    marker.touch()
    ends = time.monotonic() + _STALL_S
    while time.monotonic() < ends:
        time.sleep(_NAP_S)  # In small pieces: a signal that comes just before it sleeps is only seen when it is over.


async def _stalled(content: bytes, marker: Path) -> AsyncIterator[bytes]:
    """The same source for an AsyncBackend: while it waits the loop goes on, so that a cancelled task can end."""
    yield content[: len(content) // 2]
    marker.touch()
    await asyncio.sleep(_STALL_S)


def begun(backend: Any, op: str, path: str, target: str, size: int, marker: str) -> None:
    """Do what will be stopped; writes wait in their middle for it."""
    content = bytes([_NEW]) * size
    if op == "open_atomic":
        with backend.open_atomic(path, overwrite=True) as file:
            file.write(content[: size // 2])
            stall(Path(marker))
    elif op in ("write", "write_atomic"):
        is_async = isinstance(backend, AsyncFacade)
        source = _stalled if is_async else lambda *given: io.BufferedReader(Stalled(*given))
        getattr(backend, op)(path, source(content, Path(marker)), overwrite=True)
    elif op == "delete_folder":
        backend.delete_folder(path, recursive=True)
    else:
        getattr(backend, op)(path, target, overwrite=True)
