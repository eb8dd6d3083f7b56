"""Whole sequences of operations, compared with a dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from time import sleep
from typing import TYPE_CHECKING, Any, Final

from remote_store import Capability

from rsconform.lanes.async_facade import surface_of
from rsconform.probes import ProbeContext, probe
from rsconform.probes.concurrency._races import content_at

if TYPE_CHECKING:
    from rsconform.stateful.model import Model
    from rsconform.stateful.runner import Broken, Track
    from rsconform.stateful.tokens import Repro

_FOUND: Final = "sequence"
# Seeds of the run and of the case: no two of them make the same number.
_SEEDS_APART: Final = 1000
_MOMENT_S: Final = 0.3


@probe("sequences.as_dictionary", stresses="sequence")
def as_dictionary(context: ProbeContext, flat: bool, strict: bool, seed: int) -> None:
    """After any sequence of operations each answers as a dictionary with the same history would.

    What was found before is tried first, but where the container goes in it, since there may be no way back; a further
    attempt tries nothing but what the first one found.
    """
    from rsconform.stateful.operations import as_toml
    from rsconform.stateful.runner import track_over

    track = track_over(
        context.subject, context.backend, flat=flat, below_files=flat and not strict, touched=context.touched.add
    )
    if not any(name.startswith("write") for name in track.names):
        context.skip("WRITE")
    try:
        broken = _found_again(context, track, drops=False) or _searched(context, track, seed)
    except BaseException:
        if track.under_way is not None:
            context.notes.append(f"under way: {as_toml(track.under_way)}")
        raise
    finally:
        track.instances.close()
    if broken is not None:
        _fail(context, broken, track.fresh)


@probe("sequences.nothing_undone")
def nothing_undone(context: ProbeContext, folder: str) -> None:
    """What was written where something else was deleted, moved or overwritten before is there a moment later."""
    backend: Any = context.backend
    supports = backend.capabilities.supports
    first, then = b"what was there first", b"what came then"
    written: dict[str, str] = {}

    def write(name: str, content: bytes, op: str = "write") -> str:
        path = f"{folder}/{name}"
        context.touched.add(path)
        context.call(f"{op}()", getattr(backend, op), path, content, overwrite=True)
        return path

    def again(name: str, after: str) -> None:
        written[write(name, then)] = after

    context.call("delete()", backend.delete, write("deleted", first))
    again("deleted", "delete()")
    if supports(Capability.LIST):
        write("below/x", first)
        context.call("delete_folder()", backend.delete_folder, f"{folder}/below", recursive=True)
        again("below/x", "delete_folder()")
    for op, capability in (("copy", Capability.COPY), ("move", Capability.MOVE)):
        if supports(capability):
            target = write(f"{op}-target", first)
            context.call(f"{op}()", getattr(backend, op), write(f"{op}-source", first), target, overwrite=True)
            again(f"{op}-source", f"{op}()")
            again(f"{op}-target", f"{op}()")
    for op in ("write", *(("write_atomic",) if supports(Capability.ATOMIC_WRITE) else ())):
        write(f"{op}-over", first, op)
        again(f"{op}-over", f"{op}()")
    sleep(_MOMENT_S)
    for path, after in written.items():
        seen = context.call("read_bytes()", content_at, backend, path)
        if seen != then:
            shown = "no file" if seen is None else "other bytes"
            context.fail(f"what was written to {path} after {after}, {_MOMENT_S} s later", shown)


def _searched(context: ProbeContext, track: Track, seed: int) -> Broken | None:
    from rsconform.stateful.search import DEPTHS, search

    def with_drops() -> Broken | None:
        return _found_again(context, track, drops=True)

    if _FOUND in context.earlier:
        return with_drops()
    depth = DEPTHS[context.profile]
    number = context.seed * _SEEDS_APART + seed
    broken = search(
        track,
        depth,
        number,
        surface=surface_of(context.backend),
        before_the_end=with_drops,
        largest_file=context.largest_file,
    )
    if broken is None and track.begun < depth.sequences:
        context.notes.append(f"sequences: the time was up before {depth.sequences} of them were run")
    return broken


def _found_again(context: ProbeContext, track: Track, *, drops: bool) -> Broken | None:
    """Return what goes wrong again of the known sequences in which the container goes, or of the others."""
    model = track.fresh
    for repro in _known(context):
        fits = repro.flat == model.flat and repro.below_files == model.below_files
        usable = all(one.on or one.op in track.names for one in repro.operations)
        has_its_turn = any(one.op == "drop_container" for one in repro.operations) is drops
        broken = track.replay(repro.operations) if fits and usable and has_its_turn else None
        if broken is not None:
            return broken
    return None


def _known(context: ProbeContext) -> Iterator[Repro]:
    from rsconform.stateful.corpus import Corpus
    from rsconform.stateful.tokens import Repro

    before = context.earlier.get(_FOUND)
    if isinstance(before, Repro):
        yield before
        return
    for path, kept in Corpus(context.corpus).sequences() if context.corpus is not None else ():
        if isinstance(kept, Repro):
            yield kept
        elif (note := f"corpus: {path.name} was left out: {kept}") not in context.notes:
            context.notes.append(note)


def _fail(context: ProbeContext, broken: Broken, model: Model) -> None:
    from rsconform.stateful.corpus import Corpus
    from rsconform.stateful.python_script import as_script
    from rsconform.stateful.tokens import Repro, encode
    from rsconform.stateful.toml_case import as_case, steps_of

    repro = Repro(context.lane, model.flat, model.below_files, broken.operations)
    context.earlier.setdefault(_FOUND, repro)
    toml = as_case(broken, repro)
    script = as_script(broken, repro, context.subject.recipe, surface=surface_of(context.backend))
    ways = [("repro", f"rsconform repro {encode(repro)}"), ("toml", toml)]
    if context.corpus is not None:
        ways.append(("script", f"python {Corpus(context.corpus).keep(repro, toml, script)}"))
    last = broken.operations[-1].title
    context.fail(f"{last}: {broken.expected}", broken.observed, steps=steps_of(broken), ways=ways)
