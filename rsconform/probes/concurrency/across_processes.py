"""What clients in other processes see of each other: nothing but the store connects them."""

from __future__ import annotations

from time import monotonic
from typing import Final

from remote_store import Capability

from rsconform.lanes.async_facade import surface_of
from rsconform.lanes.other_process import other_processes
from rsconform.probes import ProbeContext, probe
from rsconform.probes.concurrency._races import rounds
from rsconform.probes.support import remote_side as away
from rsconform.run.records import MEASURED, Profile

_PROCESSES: Final = 3
_BUDGET_S: Final = {Profile.QUICK: 0.3, Profile.STANDARD: 2.0, Profile.DEEP: 15.0}
_AHEAD_S: Final = 0.02  # Until all are to begin: by then each has its signal.
_ANSWER_S: Final = 30.0


@probe("concurrency.one_process_creates", stresses="race", processes=True)
def one_process_creates(context: ProbeContext, folder: str) -> None:
    """Of several processes that create one file one succeeds; the others get AlreadyExists."""
    assert context.subject.other_process is not None
    atomic = context.backend.capabilities.supports(Capability.ATOMIC_WRITE)
    blocks = ["open_atomic"] if surface_of(context.backend) == "sync" else []
    ops = ["write", *(["write_atomic", *blocks] if atomic else [])]
    number = 0
    with other_processes(context.subject.other_process(), _PROCESSES) as processes:
        for number in rounds(context, 2 * len(ops), _BUDGET_S):
            op, path = ops[number % len(ops)], f"{folder}/new{number}"
            context.touched.add(path)
            at = monotonic() + _AHEAD_S
            for by, process in enumerate(processes):
                process.begin(away.create, op=op, path=path, content=f"by {by}", at=at)
            answers = [process.answer(_ANSWER_S) for process in processes]
            for answer in answers:
                if answer.raised is not None:
                    context.fail(f"{op}() to create or to say AlreadyExists", f"{answer.raised}: {answer.text}")
            winners = [by for by, answer in enumerate(answers) if answer.value is True]
            if len(winners) != 1:
                context.fail(f"one creator of {_PROCESSES} processes by {op}()", f"{len(winners)} creators")
            seen = context.call("read_bytes()", context.backend.read_bytes, path)
            if seen != f"by {winners[0]}".encode():
                context.fail("the content of the process that created the file", seen.decode(errors="replace"))
    context.notes.append(f"{MEASURED}{number + 1} files created by one of {_PROCESSES} processes")
