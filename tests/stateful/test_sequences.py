"""The search finds what a sequence breaks, and leaves out what does not matter."""

from __future__ import annotations

from typing import Any

from remote_store.backends import MemoryBackend

from rsconform.stateful.model import Model
from rsconform.stateful.sequences import Broken, find_broken, usable_operations


class Forgetful(MemoryBackend):
    """Loses a file when another one is copied over it."""

    def copy(self, src: str, dst: str, *, overwrite: bool = False) -> None:
        existed = self.is_file(dst)
        super().copy(src, dst, overwrite=overwrite)
        if existed:
            self.delete(dst)


def search(backend: MemoryBackend, touched: Any = lambda _path: None) -> Broken | None:
    return find_broken(
        lambda _peer: backend,
        lambda: Model(flat=False, below_files=False),
        usable_operations(backend, "sync"),
        peers=False,
        seed_number=3,
        sequences=60,
        length=24,
        budget_s=10,
        touched=touched,
    )


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert search(MemoryBackend()) is None


def test_the_sequence_that_is_shown_has_nothing_to_spare() -> None:
    broken = search(Forgetful())

    assert broken is not None
    names = [operation.op for operation in broken.operations]
    assert "copy" in names
    assert len(names) <= 5


def test_every_path_that_is_written_is_told() -> None:
    told: set[str] = set()
    backend = MemoryBackend()
    search(backend, told.add)

    assert {str(info.path) for info in backend.list_files("", recursive=True)} <= told
