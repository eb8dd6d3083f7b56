"""What operations may take: memory for what is large, and nothing that stays when they are done.

What a large object takes is measured in a process of its own, where nothing else takes any. What piles up is looked for
by doing one thing again and again: only what grows with every few repetitions, in both halves of them, piles up. Pools
and caches fill once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

from remote_store import Capability

from rsconform.cases.content import parse_size
from rsconform.lanes.async_facade import surface_of
from rsconform.lanes.other_process import OtherProcessError, other_processes
from rsconform.probes import ProbeContext, probe
from rsconform.probes.resources import _leak_rates as repeats
from rsconform.probes.resources._leak_operations import ACTS, CHANGES, IN_THREADS
from rsconform.probes.support import remote_side as away
from rsconform.run.records import Profile

_MiB: Final = 1 << 20
_REPETITIONS: Final = {Profile.QUICK: 120, Profile.STANDARD: 1000, Profile.DEEP: 5000}
_BUDGET_S: Final = {Profile.QUICK: 0.05, Profile.STANDARD: 1.0, Profile.DEEP: 15.0}
_ANSWER_S: Final = 50.0
_NEEDS: Final[Mapping[str, tuple[Capability, ...]]] = {
    "read": (Capability.READ,),
    "missing": (Capability.READ,),
    "write_atomic": (Capability.ATOMIC_WRITE,),
    "open_atomic": (Capability.ATOMIC_WRITE,),
    "write": (Capability.WRITE,),
    "described": (Capability.METADATA,),
    "list": (Capability.LIST,),
    "matched": (Capability.GLOB,),
    "copied": (Capability.COPY,),
    "moved": (Capability.MOVE,),
    "deleted": (Capability.WRITE, Capability.DELETE),
    "mistaken": (Capability.READ, Capability.METADATA, Capability.DELETE),
    "misplaced": (Capability.WRITE, Capability.DELETE),
    "checked": (),
    "asked": (),
    "names_asked": (),
    "names_written": (Capability.WRITE, Capability.DELETE),
    "names_carried": (Capability.WRITE, Capability.DELETE, Capability.COPY, Capability.MOVE),
    "names_addressed": (),
}
_MEMORY: Final = ("objects", "blocks")
_ASKED_BY_NAME: Final = ("names_asked", "names_addressed")
_BY_NAME: Final = (*_ASKED_BY_NAME, "names_written", "names_carried")
_SYNC_ONLY: Final = ("read_seekable", "open_atomic", "open_atomic_lost", "open_atomic_taken")
# What has to stay with each repetition, on average, to count.
_HANDLES_EACH: Final = 0.1
_OBJECTS_EACH: Final = 0.7
_PARTS: Final = 5  # How many times its budget an act may take where something seems to stay.
# After this long nothing further is repeated: a slow store is no wrong one.
_ALL_S: Final = {Profile.QUICK: 30.0, Profile.STANDARD: 60.0, Profile.DEEP: 450.0}


@probe("resources.read_memory", stresses="memory", processes=True)
def read_memory(context: ProbeContext, path: str, ask: str, percent: int) -> None:
    """Reading a large file, or a part of it, takes no more than a part of its size."""
    size = len(context.content[path])
    _require_less(context, size * percent // 100, path, away.taken_in, path=path, ask=ask)


@probe("resources.write_memory", stresses="memory", processes=True)
def write_memory(context: ProbeContext, path: str, op: str, size: str, percent: int) -> None:
    """Writing a large file from a stream takes no more memory than a part of its size."""
    if op in _SYNC_ONLY and surface_of(context.backend) != "sync":
        context.skip(f"{op}()")
    context.touched.update((path, f"{path}-small"))
    written = parse_size(size)
    limit = written * percent // 100
    _require_less(context, limit, path, away.written_out, only="memory", path=path, op=op, size=written)


@probe("resources.transfer_memory", stresses="memory", processes=True)
def transfer_memory(context: ProbeContext, path: str, op: str, percent: int) -> None:
    """Copying or moving a large file takes no more memory than a part of its size."""
    context.touched.update((path, f"{path}-small", f"{path}-new", f"{path}-small-new"))
    limit = len(context.content[path]) * percent // 100
    _require_less(context, limit, path, away.transferred, only="memory", path=path, op=op)


def _require_less(
    context: ProbeContext, limit: int, what: str, function: Callable[..., object], *, only: str = "", **args: object
) -> None:
    assert context.subject.other_process is not None
    with other_processes(context.subject.other_process()) as (process,):
        answer = process.ask(function, _ANSWER_S, **args)
    if answer.raised is not None:
        context.fail(f"{what} to be read, written or copied", f"it raised {answer.raised}: {answer.text}")
    taken: Mapping[str, int] = answer.value
    # A file that is read from may be the store itself; it is what reading all of it takes.
    counted = {name: count for name, count in taken.items() if name == only or not only}
    if args.get("ask") == "all":
        counted.pop("read")
    most = max(counted, key=lambda name: counted[name])
    if counted[most] > limit:
        context.fail(f"at most {limit // _MiB} MiB taken for {what}", f"{counted[most] / _MiB:.1f} MiB ({most})")


@probe("resources.growth_by_repetition", stresses="memory", processes=True)
def growth_by_repetition(context: ProbeContext, folder: str) -> None:
    """However often something is done, what the process and the store hold does not grow with it.

    Memory is not judged where it may be what is rightly kept: of new names, and of changes where the store may lie in
    this process, versions and all.
    """
    context.touched.update(f"{folder}/{name}" for name in ("a", "b", "c", "new", "over", "sub/x"))
    here = context.subject.other_process is None
    unjudged = {*_BY_NAME, *(CHANGES if here else ())}
    _repeat_all(context, folder, list(_acts(context)), lambda act, name: act not in unjudged or name not in _MEMORY)


@probe("resources.growth_by_names", stresses="memory", processes=True)
def growth_by_names(context: ProbeContext, folder: str) -> None:
    """Memory does not grow with the number of names that were looked up.

    Names that are written are left out where a store in this process keeps more with each write of one name as well: it
    keeps versions.
    """
    context.touched.add(f"{folder}/a")
    acts = [act for act in _acts(context) if act in _BY_NAME]
    if context.subject.other_process is None and context.backend.capabilities.supports(Capability.WRITE):
        with _where(context) as (repeat, _):
            kept = _done(context, repeat, "write", folder, _BUDGET_S[context.profile], None)
        if any(name in _MEMORY for name in _grown(kept)):
            acts = [act for act in acts if act in _ASKED_BY_NAME]
    _repeat_all(context, folder, acts, lambda _act, name: name in _MEMORY)


@probe("resources.growth_by_threads", stresses="memory", processes=True)
def growth_by_threads(context: ProbeContext, folder: str) -> None:
    """However many threads come and go, what the process holds does not grow with them."""
    context.touched.add(f"{folder}/a")
    here = context.subject.other_process is None
    _repeat_all(context, folder, [IN_THREADS], lambda _act, name: not here or name not in _MEMORY)


def _repeat_all(context: ProbeContext, folder: str, acts: list[str], judged: Callable[[str, str], bool]) -> None:
    """Repeat each act, and fail if something that is judged grows with it.

    Args:
        judged: Whether the growth of something with an act counts.
    """
    grown: list[str] = []
    left: list[str] = []
    stop = monotonic() + _ALL_S[context.profile]
    with _where(context) as (repeat, make):
        if make is not None and IN_THREADS not in acts and not set(acts) <= {*_BY_NAME}:
            acts.append("made")
        for at, act in enumerate(acts):
            if grown:  # That is enough to report.
                break
            if monotonic() > stop:
                left.append(act)
                continue
            # A slow store leaves each act its share, so that the last ones are not always the ones left out.
            share_s = (stop - monotonic()) / (len(acts) - at) / _PARTS
            budget_s = min(_BUDGET_S[context.profile], share_s)
            found = _done(context, repeat, act, folder, budget_s, make if act == "made" else None)
            found["grown"] = {name: each for name, each in found["grown"].items() if judged(act, name)}
            grown += _shown(act, found)
    if grown:
        context.fail("no more of anything than before, however often something is done", "; ".join(grown[:3]))
    if left:
        context.notes.append(f"not repeated for want of time: {', '.join(left)}")


def _acts(context: ProbeContext) -> Iterator[str]:
    """Yield what can be asked of the subject."""
    capabilities = context.backend.capabilities
    for act in ACTS:
        if act == IN_THREADS:
            continue
        needs = next(found for name, found in _NEEDS.items() if act.startswith(name))
        has_it = act not in _SYNC_ONLY or surface_of(context.backend) == "sync"
        if has_it and all(capabilities.supports(one) for one in needs):
            yield act


_Make = tuple[str, Mapping[str, object]]


@contextmanager
def _where(context: ProbeContext) -> Iterator[tuple[Callable[..., Any], _Make | None]]:
    """Yield what repeats an act with a backend of the lane, if it can be in a process that holds nothing else."""
    if context.subject.other_process is None:
        yield lambda **args: repeats.repeat(context.backend, store_here=True, **args), None
        return
    elsewhere = context.subject.other_process()
    with other_processes(elsewhere) as (process,):

        def repeat(**args: object) -> object:
            answer = process.ask(repeats.repeat, _ANSWER_S, **args)
            if answer.raised is not None:
                raise OtherProcessError(f"repeating failed: {answer.raised}: {answer.text}")
            return answer.value

        yield repeat, (elsewhere.target, elsewhere.options)


def _done(
    context: ProbeContext, repeat: Callable[..., Any], act: str, folder: str, budget_s: float, make: _Make | None
) -> dict[str, Any]:
    before, times = _stored(context), _REPETITIONS[context.profile]
    found: dict[str, Any] = repeat(act=act, folder=folder, times=times, budget_s=budget_s, make=make)
    if "raised" in found:
        context.fail(f"{act} to work", found["raised"])
    each = {name: (count - before[name]) / found["times"] for name, count in _stored(context).items()}
    return {**found, "grown": {**found["grown"], **each}}


def _stored(context: ProbeContext) -> Mapping[str, int]:
    if context.subject.audit is None:
        return {}
    seen = context.subject.audit()
    return {"uploads": len(seen.residue), "files in the store": len(seen.files)}


def _grown(found: Mapping[str, Any]) -> dict[str, float]:
    """Return what grows with each repetition, memory last."""
    grown = sorted(found["grown"].items(), key=lambda one: (one[0] in _MEMORY, one[0]))
    return {name: each for name, each in grown if each >= (_OBJECTS_EACH if name in _MEMORY else _HANDLES_EACH)}


def _shown(act: str, found: Mapping[str, Any]) -> Iterator[str]:
    for name, each in _grown(found).items():
        kinds = f" ({', '.join(found['kinds'])})" if found["kinds"] and name == "objects" else ""
        yield f"{act}, done {found['times']} times: {each * found['times']:.0f} {name} more{kinds}"
