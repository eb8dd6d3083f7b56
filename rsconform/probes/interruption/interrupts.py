"""What an operation leaves that is stopped in its middle: by Ctrl-C, or with the process it runs in.

Writes wait in their middle, in their own source or block, until they are stopped. Other operations are stopped at
moments drawn from the seed, within the time they take when they are not stopped. The store is looked at afterwards,
past the process.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from remote_store import BackendUnavailable, Capability, ResourceLocked

from rsconform.lanes.lane import FixtureError, Snapshot
from rsconform.lanes.other_process import NoAnswerError, OtherProcess, OtherProcessError, other_processes
from rsconform.probes import ProbeContext, probe
from rsconform.probes.support import remote_side as away
from rsconform.run.records import MEASURED, Profile

_ROUNDS: Final = {Profile.QUICK: 3, Profile.STANDARD: 5, Profile.DEEP: 60}
_KILLS: Final = {Profile.QUICK: 1, Profile.STANDARD: 2, Profile.DEEP: 15}
_STUCK: Final = 2  # Processes that stand still for what was interrupted in them.
_ANSWER_S: Final = 20.0
_SETTLE_S: Final = 0.1
_LEASE_S: Final = 30.0  # For how long what a killed process held may stay locked.
_AUDIT_S: Final = 2.0  # For how long an audit may fail, as what it looks at may still change.
_SIZE: Final = 3_000_000
_WRITES: Final = ("write", "write_atomic", "open_atomic")


@dataclass(frozen=True, slots=True)
class _Stop:
    """One operation to be stopped.

    Args:
        takes_s: How long it takes; None where it waits for being stopped.
    """

    op: str
    folder: str
    takes_s: float | None

    @property
    def path(self) -> str:
        return f"{self.folder}/sub" if self.op == "delete_folder" else f"{self.folder}/a"

    @property
    def target(self) -> str:
        return f"{self.folder}/b"


@probe("interruption.stopped_operation", stresses="time", processes=True)
def stopped_operation(context: ProbeContext, folder: str, op: str) -> None:
    """What was stopped has left what it may, and nothing that stands in the way of doing it again."""
    elsewhere = context.subject.other_process
    assert elsewhere is not None
    chance = random.Random(f"{context.seed} {op}")
    ends: list[bool] = []
    killed, stuck = 0, 0
    while killed < _KILLS[context.profile]:
        with other_processes(elsewhere()) as (process,):
            try:
                _stop_till_killed(context, process, _Stop(op, folder, None), chance, ends)
                killed += 1
            except NoAnswerError:
                # Once says nothing: in the library too an interrupt may come between taking and holding a lock.
                if not process.interrupts:
                    raise
                process.kill()  # It would not end by itself.
                stuck += 1
        if stuck == _STUCK:
            expected = f"an end of {op}() when it is interrupted, and after it"
            context.fail(expected, f"no end within {_ANSWER_S:g} s, in {stuck} processes")
    context.notes.append(f"{MEASURED}{op} stopped {len(ends)} times, {sum(ends)} of them in its middle")


def _stop_till_killed(
    context: ProbeContext, process: OtherProcess, stop: _Stop, chance: random.Random, ends: list[bool]
) -> None:
    """Interrupt an operation of a process a few times, then kill it; `ends` gets the operation under way."""
    rounds = 1
    if stop.op not in _WRITES:
        stop = replace(stop, takes_s=_taken_s(context, process, stop))
        rounds = _ROUNDS[context.profile]
    for number in range(rounds + 1):
        killed = number == rounds
        before = _prepared(context, stop.folder)
        if killed and stop.op not in _WRITES:
            # What it comes to is not asked; writes show by their marker that they still come so far.
            process.ask(away.begun, _ANSWER_S, **_arguments(process, stop))
            before = _prepared(context, stop.folder)
        ends.append(_stopped(process, stop, chance, killed=killed))
        _judge(context, stop, before, killed=killed)


def _prepared(context: ProbeContext, folder: str) -> Mapping[str, bytes]:
    """Put the store into the state before, and return it."""
    files = {f"{folder}/a": b"a" * _SIZE, f"{folder}/b": b"b" * 1000, f"{folder}/kept": b"kept"}
    files |= {f"{folder}/sub/{number}": bytes([number]) * 100 for number in range(12)}
    context.touched.update(files)
    for path, content in files.items():
        context.call("write()", context.backend.write, path, content, overwrite=True)
    return files


def _taken_s(context: ProbeContext, process: OtherProcess, stop: _Stop) -> float:
    """Return how long an operation takes that is not stopped: the shortest of a few, as the first has more to do."""
    taken_s = []
    for _ in range(4):
        _prepared(context, stop.folder)
        started = monotonic()
        answer = process.ask(away.begun, _ANSWER_S, **_arguments(process, stop))
        taken_s.append(monotonic() - started)
        if answer.raised is not None:
            context.fail(f"{stop.op}() to return", f"it raised {answer.raised}: {answer.text}")
    return min(taken_s)


def _arguments(process: OtherProcess, stop: _Stop) -> dict[str, object]:
    marker = str(process.temp / "half-done")
    return {"op": stop.op, "path": stop.path, "target": stop.target, "size": _SIZE, "marker": marker}


def _stopped(process: OtherProcess, stop: _Stop, chance: random.Random, *, killed: bool) -> bool:
    """Stop an operation, and return whether that was before its end."""
    marker = process.temp / "half-done"
    marker.unlink(missing_ok=True)
    process.begin(away.begun, **_arguments(process, stop))
    if stop.takes_s is None:
        _await(marker)
    else:
        sleep(chance.random() * stop.takes_s)
    if killed:
        process.kill()
        return _was_under_way(process)
    process.interrupt()
    return process.answer(_ANSWER_S).raised == "KeyboardInterrupt"


def _was_under_way(process: OtherProcess) -> bool:
    """Return whether a process that is no more gave no answer before."""
    try:
        process.answer(_ANSWER_S)
    except OtherProcessError:
        return True
    return False


def _await(marker: Path) -> None:
    ends = monotonic() + _ANSWER_S
    while not marker.exists():
        if monotonic() > ends:
            raise NoAnswerError(f"a write took in no half of its source within {_ANSWER_S:g} s")
        sleep(0.002)


def _judge(context: ProbeContext, stop: _Stop, before: Mapping[str, bytes], *, killed: bool) -> None:
    seen = _settled(context)
    after = {path: file.content for path, file in seen.files.items()}
    how = "killed" if killed else "interrupted"
    concerned = {stop.path, stop.target} if stop.op == "move" else {stop.target if stop.op == "copy" else stop.path}
    for path, content in before.items():
        is_concerned = path in concerned or (stop.op == "delete_folder" and path.startswith(f"{stop.path}/"))
        if not is_concerned and after.get(path) != content:
            context.fail(f"{path} as before a {how} {stop.op}()", _said(after.get(path)))
    wrong = _wrong(context, stop, before, after)
    if wrong is not None:
        context.fail(f"the old or the new after a {how} {stop.op}()", wrong)
    if not killed and stop.op in _WRITES[1:]:
        left = [*sorted(after.keys() - before.keys()), *seen.residue]
        if left:
            context.fail(f"nothing beside the old file after an interrupted {stop.op}()", f"left: {', '.join(left)}")
    if killed:
        _await_lease(context, stop)
    _do_again(context, stop, after)


def _settled(context: ProbeContext) -> Snapshot:
    """Return the store once it stays as it is: what was sent before the stop may be done a little later.

    Raises:
        FixtureError: The fixture cannot look at its store, and not for a file that went away under it.
    """
    assert context.subject.audit is not None
    began, seen = monotonic(), None
    while True:
        later = None
        try:
            later = context.subject.audit()
        except FixtureError:
            if monotonic() > began + _AUDIT_S:
                raise
        if later is not None and (later == seen or monotonic() > began + _ANSWER_S):
            return later
        seen = later
        sleep(_SETTLE_S)


def _wrong(context: ProbeContext, stop: _Stop, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str | None:
    here, there = after.get(stop.path), after.get(stop.target)
    match stop.op:
        case "write_atomic" | "open_atomic":
            # It never came to the end of its content: there is no new file to be seen.
            return None if here == before[stop.path] else f"{stop.path}: {_said(here)}"
        case "move":
            moved, kept = there == before[stop.path], here == before[stop.path]
            if not moved and not kept:
                return f"the whole file at neither path: {_said(here)}, and {_said(there)}"
            atomic = context.backend.capabilities.supports(Capability.ATOMIC_MOVE)
            if atomic and (moved == kept or (kept and there != before[stop.target]) or (moved and here is not None)):
                return f"a move half done: {_said(here)}, and {_said(there)}"
        case "delete_folder":
            for path in before:
                if path.startswith(f"{stop.path}/") and after.get(path) not in (None, before[path]):
                    return f"{path}: {_said(after.get(path))}"
    return None


def _await_lease(context: ProbeContext, stop: _Stop) -> None:
    """Wait while the store keeps what a killed process held: a lease that is never returned runs out."""
    ends = monotonic() + _LEASE_S
    while monotonic() < ends:
        try:
            context.backend.write(stop.path if stop.op != "delete_folder" else f"{stop.path}/0", b"n", overwrite=True)
            return
        except (ResourceLocked, BackendUnavailable):
            sleep(_SETTLE_S)
        except Exception:  # What else is wrong shows when it is done again.
            return


def _do_again(context: ProbeContext, stop: _Stop, after: Mapping[str, bytes]) -> None:
    """Do it to its end with another instance: nothing may stand in the way. What was left is cleared up first."""
    backend = context.backend
    new = bytes([110]) * 1000
    for path in (stop.target, f"{stop.folder}/sub/0", f"{stop.folder}/a"):
        context.call("write() after it was stopped", backend.write, path, new, overwrite=True)
        if context.call("read_bytes()", backend.read_bytes, path) != new:
            context.fail("what was written after something was stopped", f"other bytes at {path}")
    if stop.op in _WRITES[1:]:
        context.call("write_atomic()", backend.write_atomic, stop.path, new, overwrite=True)
    again = f"{stop.op}() after it was stopped"
    if stop.op in ("copy", "move"):
        context.call(again, getattr(backend, stop.op), stop.path, stop.target, overwrite=True)
    if stop.op == "delete_folder":
        context.call(again, backend.delete_folder, stop.path, recursive=True)
    for path in after.keys() - {f"{stop.folder}/kept"}:
        context.call("delete()", backend.delete, path, missing_ok=True)


def _said(content: bytes | None) -> str:
    if content is None:
        return "no file"
    return f"{len(content)} bytes of {', '.join(sorted({chr(one) for one in set(content[:1] + content[-1:])}))}"
