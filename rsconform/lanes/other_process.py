"""A backend in another process, over the same store: what another client is that shares nothing but the store.

As a program this is that other process. Whoever started it says in one line of JSON how to make the backend, and in
each further line which function to call with it; the answer to each is one line.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_START_S: Final = 30.0  # Imports on a busy machine.
_END_S: Final = 5.0


class OtherProcessError(Exception):
    """The other process did not do its part: that says nothing about the backend."""


class NoAnswerError(OtherProcessError):
    """The other process did not answer in time."""


@dataclass(frozen=True, slots=True)
class BackendRecipe:
    """How another process makes a backend over a store.

    Args:
        target: What to import and call, as `module:callable`.
        options: Its keywords; JSON, and no repr shows them.
    """

    target: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call in the other process came to: a value, or the class and the text of what it raised.

    Attributes:
        ours: Whether that was an error of remote_store.
    """

    value: Any = None
    raised: str | None = None
    text: str = ""
    ours: bool = False


class OtherProcess:
    """A process with a backend of its own.

    Attributes:
        interrupts: How many it was sent.
    """

    def __init__(self, elsewhere: BackendRecipe, temp: Path) -> None:
        self.interrupts = 0
        self.temp = temp  # Where that process has its temporary files.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rsconform.lanes.other_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "TMPDIR": str(temp)},
            start_new_session=True,  # An interrupt of whoever runs the kit is not for it.
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._send({"target": elsewhere.target, "options": dict(elsewhere.options)})
        made = self.answer(_START_S)
        if made.raised is not None:
            self.end()
            raise OtherProcessError(f"{elsewhere.target} in another process raised {made.raised}: {made.text}")

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _send(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError as exc:
            raise OtherProcessError("the other process is gone") from exc

    def begin(self, function: Callable[..., object], **args: object) -> None:
        """Let a function of a module be called with the backend there."""
        self._send({"function": f"{function.__module__}:{function.__qualname__}", "args": args})

    def answer(self, limit_s: float) -> Answer:
        """Return what came of the call under way.

        Raises:
            NoAnswerError: It took longer.
            OtherProcessError: The process ended.
        """
        try:
            line = self._lines.get(timeout=limit_s)
        except queue.Empty:
            raise NoAnswerError(f"the other process did not answer within {limit_s:g} s") from None
        if line is None:
            raise OtherProcessError(f"the other process ended, with {self._process.wait()}")
        return Answer(**json.loads(line))

    def ask(self, function: Callable[..., object], limit_s: float, **args: object) -> Answer:
        """Return what a function of a module comes to with the backend there."""
        self.begin(function, **args)
        return self.answer(limit_s)

    def interrupt(self) -> None:
        """Do to it what Ctrl-C does."""
        self.interrupts += 1
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once: it can clear nothing up."""
        self._process.kill()
        self._process.wait(_END_S)

    def end(self) -> None:
        """Let it end by itself, or end it."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_END_S)


@contextmanager
def other_processes(elsewhere: BackendRecipe, count: int = 1) -> Iterator[list[OtherProcess]]:
    """Yield processes that each have a backend over the store; they end with the block."""
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rsconform-"))) for _ in range(count)]
        processes = []
        for folder in folders:
            processes.append(OtherProcess(elsewhere, folder))
            stack.callback(processes[-1].end)
        yield processes


# The other process.


def imported(target: str) -> Callable[..., Any]:
    """Return what `module:name` names."""
    module, _, name = target.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


def _answered(function: Callable[[], object]) -> dict[str, object]:
    from remote_store import RemoteStoreError

    from rsconform.lanes.errors import counted_as

    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return {"value": function()}
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except BaseException as exc:  # KeyboardInterrupt is what some wait for.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        text = " ".join(str(exc).split())[:200]
        return {"raised": counted_as(exc).__name__, "text": text, "ours": isinstance(exc, RemoteStoreError)}


def _backend(message: Mapping[str, Any]) -> object:
    from rsconform.lanes.async_facade import LoopThread, as_sync

    return as_sync(lambda: imported(message["target"])(**message["options"]), functools.cache(LoopThread))


def main() -> None:
    """Answer line by line until the other side closes. Between two calls an interrupt is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w")  # What a backend prints is not an answer.
    os.dup2(2, 1)
    made: list[object] = []

    def say(answer: Mapping[str, object]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    first = json.loads(sys.stdin.readline())
    say({**_answered(lambda: made.append(_backend(first))), "value": None})
    for line in sys.stdin:
        message = json.loads(line)
        say(_answered(lambda: imported(message["function"])(made[0], **message["args"])))  # noqa: B023


if __name__ == "__main__":
    main()
