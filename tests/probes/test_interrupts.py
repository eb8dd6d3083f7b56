"""What a stopped operation leaves, looked at while the store may still change."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from remote_store.backends import LocalBackend

from rsconform.lanes import BackendRecipe
from rsconform.lanes.lane import FixtureError, Services, Snapshot
from rsconform.probes import ProbeContext
from rsconform.probes.interruption import interrupts as stops
from rsconform.probes.interruption.interrupts import stopped_operation
from rsconform.run.case.outcomes import Failed
from rsconform.selftest.bases import BASES


class Locking(LocalBackend):
    """A backend that lets go of its lock after exceptions, and keeps it for an interrupt."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self._lock = threading.Lock()

    def copy(self, *args: Any, **options: Any) -> None:
        self._lock.acquire()
        try:
            super().copy(*args, **options)
            time.sleep(0.2)
        except Exception:
            self._lock.release()
            raise
        self._lock.release()


@pytest.fixture
def services() -> Iterator[Services]:
    services = Services(own_process=True)
    yield services
    services.close()


def test_a_lock_that_an_interrupt_leaves_taken_is_in_the_way(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setattr(stops, "_ANSWER_S", 3.0)
    with BASES["local"].fixture(services) as subject:
        assert subject.other_process is not None
        elsewhere = BackendRecipe("test_interrupts:Locking", subject.other_process().options)
        locking = replace(subject, other_process=lambda: elsewhere)

        with pytest.raises(Failed, match=r"an end of copy\(\).*in 2 processes"):
            stopped_operation(ProbeContext(locking, subject.make()), "d", "copy")


def test_a_file_that_goes_away_under_an_audit_is_no_fault_of_the_fixture(services: Services) -> None:
    audits = 0
    with BASES["local"].fixture(services) as subject:

        def now_and_then() -> Snapshot:
            nonlocal audits
            audits += 1
            if audits % 3 == 1:
                raise FixtureError("no such file")
            assert subject.audit is not None
            return subject.audit()

        stopped_operation(ProbeContext(replace(subject, audit=now_and_then), subject.make()), "d", "delete_folder")

    assert audits >= 3


def test_an_audit_that_never_works_ends_it(services: Services) -> None:
    def never() -> Snapshot:
        raise FixtureError("no permission")

    with BASES["local"].fixture(services) as subject, pytest.raises(FixtureError, match="no permission"):
        stopped_operation(ProbeContext(replace(subject, audit=never), subject.make()), "d", "delete_folder")
