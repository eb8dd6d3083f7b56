"""Replays sequences on one lane, each in a fresh store, apart from a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from remote_store import Backend

from rsconform.lanes.lane import Lane, Subject
from rsconform.lanes.registry import LaneError
from rsconform.run.lane import deadline
from rsconform.run.lane.session import LaneSession
from rsconform.stateful.runner import Broken, Track, track_over
from rsconform.stateful.tokens import Repro

_NAMESPACE: Final = ("flat_namespace", "rejects_write_under_file_ancestor")


class UnknownNamespaceError(LaneError):
    """What a lane does not declare has to be known before its sequences can be judged."""

    def __init__(self, lane: Lane, trait: str) -> None:
        self.lane = lane.name
        self.trait = trait
        super().__init__(
            f"lane {lane.name!r} does not say whether {trait}, and what is right depends on it. "
            f"Add --trait {trait}=true or --trait {trait}=false; `rsconform run` says which one it saw."
        )


class UnusableLaneError(LaneError):
    """The lane has no instance, or its store cannot be used again."""


@dataclass
class Replayer:
    """Lends fresh stores of a lane, and shows on them what sequences do."""

    lane: Lane
    session: LaneSession
    limit_s: float

    def start(self) -> None:
        """Make the first instance.

        Raises:
            UnusableLaneError: There is none.
            DirtyStoreError: The store of a callable is not empty.
        """
        instance = self.session.start()
        failure = instance.failure
        if failure is not None:
            raise UnusableLaneError(f"lane {self.lane.name!r} has no instance: {failure.observed}")
        self._require_whole()

    def _require_whole(self) -> None:
        if self.session.broken is not None:
            raise UnusableLaneError(f"lane {self.lane.name!r}: {self.session.broken}")

    def namespace(self) -> tuple[bool, bool]:
        """Return whether the lane is flat, and whether a key may stand below a file.

        Raises:
            UnknownNamespaceError: It does not say.
        """
        flat, strict = (self.lane.declared.get(name) for name in _NAMESPACE)
        if not isinstance(flat, bool):
            raise UnknownNamespaceError(self.lane, _NAMESPACE[0])
        if flat and not isinstance(strict, bool):
            raise UnknownNamespaceError(self.lane, _NAMESPACE[1])
        return flat, flat and not strict

    @contextmanager
    def track(self, *, flat: bool, below_files: bool) -> Iterator[tuple[Track, Subject, Backend]]:
        """Lend a track over a fresh store."""
        self._require_whole()
        touched: set[str] = set()
        with self.session.borrow(touched) as (subject, backend):
            track = track_over(subject, backend, flat=flat, below_files=below_files, touched=touched.add)
            try:
                yield track, subject, backend
            finally:
                track.instances.close()

    def replay(self, repro: Repro) -> tuple[Broken | None, Track]:
        """Return what goes wrong in a sequence in a fresh store, or None, and the track with every step.

        Raises:
            SoftLimitError: It did not end in time; the track's operation under way says where.
        """
        with self.track(flat=repro.flat, below_files=repro.below_files) as (track, _, _):
            deadline.arm(self.limit_s * max(len(repro.operations), 6))
            try:
                return track.replay(repro.operations), track
            finally:
                deadline.disarm()
