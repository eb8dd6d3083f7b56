"""A campaign: looks for sequences that go wrong on one lane, for as many minutes as given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Protocol

from rsconform.cases.content import parse_size
from rsconform.fuzz.replayer import Replayer
from rsconform.lanes.async_facade import surface_of
from rsconform.run.lane import deadline
from rsconform.stateful.corpus import Corpus
from rsconform.stateful.python_script import as_script
from rsconform.stateful.runner import Broken
from rsconform.stateful.search import Depth, search
from rsconform.stateful.tokens import Repro, TokenError, decode, encode
from rsconform.stateful.toml_case import as_case

# After so many sequences the store is a new one.
_ROUND: Final = Depth(sequences=250, length=60, fills=(12, 40, 120), budget_s=60.0)
_REPLAYS: Final = 3


class Shared(Protocol):
    """A database of examples that several machines may share, as Hypothesis has them."""

    def fetch(self, key: bytes) -> object:
        """Return what lies under a key."""

    def save(self, key: bytes, value: bytes) -> None:
        """Put something there."""


@dataclass(frozen=True, slots=True)
class Found:
    """A sequence that goes wrong.

    Args:
        again: How often it went wrong in fresh stores, of `_REPLAYS` times.
    """

    repro: Repro
    broken: Broken
    again: int
    toml: str
    script: str

    @property
    def is_flaky(self) -> bool:
        """Return whether it does not always go wrong."""
        return self.again < _REPLAYS


@dataclass
class Campaign:
    """Looks for sequences that go wrong, round after round, each in a store and with a seed of its own.

    Args:
        shared: Where what is found is put for others, and what they found is taken from.
    """

    replayer: Replayer
    corpus: Corpus
    shared: Shared | None
    seed: int
    rounds: int = 0
    sequences: int = 0
    operations: int = 0
    found: list[Found] = field(default_factory=list)
    known: set[tuple[str, ...]] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)  # Names of sequences that were replayed.

    @property
    def key(self) -> bytes:
        """Return the key of the shared database."""
        return f"rsconform sequences {self.replayer.lane.name}".encode()

    def run(self, seconds: float, on_found: Callable[[Found | None], None]) -> None:
        """Look for so many seconds.

        Args:
            on_found: Is called with each thing found, and with None now and then.
        """
        ends = monotonic() + seconds
        flat, below_files = self.replayer.namespace()
        for found in self._kept():
            on_found(found)
        while (left := ends - monotonic()) > 0:
            for found in self._taken_over():
                on_found(found)
            depth = Depth(_ROUND.sequences, _ROUND.length, _ROUND.fills, min(_ROUND.budget_s, left / 2))
            broken = self._round(depth, flat=flat, below_files=below_files, on_found=on_found)
            if broken is not None:
                on_found(self._keep(Repro(self._target, flat, below_files, broken.operations), broken))
            on_found(None)

    @property
    def _target(self) -> str:
        return self.replayer.lane.backend or self.replayer.lane.name

    def _round(
        self, depth: Depth, *, flat: bool, below_files: bool, on_found: Callable[[Found | None], None]
    ) -> Broken | None:
        self.rounds += 1
        with self.replayer.track(flat=flat, below_files=below_files) as (track, _, backend):
            deadline.arm(3 * depth.budget_s + 6 * self.replayer.limit_s)
            try:
                number = self.seed * 1_000_000 + self.rounds
                most = self.replayer.lane.declared.get("largest_file")
                return search(
                    track,
                    depth,
                    number,
                    surface=surface_of(backend),
                    known=self.known,
                    largest_file=None if most is None else parse_size(str(most)),
                )
            finally:
                deadline.disarm()
                self.sequences += track.begun
                self.operations += track.done
                on_found(None)

    def _keep(self, repro: Repro, broken: Broken) -> Found:
        """Keep what was found, in the corpus and for others."""
        again = 0
        for _ in range(_REPLAYS):
            replayed, _track = self.replayer.replay(repro)
            again += replayed is not None
        toml = as_case(broken, repro)
        with self.replayer.track(flat=repro.flat, below_files=repro.below_files) as (_, subject, backend):
            script = as_script(broken, repro, subject.recipe, surface=surface_of(backend))
        self.corpus.keep(repro, toml, script)
        if self.shared is not None:
            self.shared.save(self.key, encode(repro).encode())
        found = Found(repro, broken, again, toml, script)
        self._seen.add(repro.name)
        self.known.add(broken.kind)
        self.found.append(found)
        return found

    def _kept(self) -> Iterator[Found]:
        """Yield what is still wrong of the corpus."""
        for _, repro in self.corpus.sequences():
            if isinstance(repro, Repro):
                yield from self._tried(repro)

    def _taken_over(self) -> Iterator[Found]:
        """Yield what others found that is wrong here too."""
        values = self.shared.fetch(self.key) if self.shared is not None else ()
        for value in list(values):  # type: ignore[call-overload]  # Hypothesis yields bytes.
            try:
                repro = decode(value.decode("ascii", "replace"))
            except TokenError:
                continue  # Of another version, or of somebody else.
            yield from self._tried(repro)

    def _tried(self, repro: Repro) -> Iterator[Found]:
        if repro.name in self._seen or (repro.flat, repro.below_files) != self.replayer.namespace():
            return
        self._seen.add(repro.name)
        broken, _ = self.replayer.replay(repro)
        if broken is not None:
            yield self._keep(repro, broken)
