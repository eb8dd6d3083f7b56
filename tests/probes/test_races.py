"""The failures that the probes of races report."""

from __future__ import annotations

import threading
from contextlib import suppress
from time import monotonic

from rsconform.probes.concurrency._races import meeting


def test_a_thread_that_fails_before_a_meeting_is_not_waited_for_and_alone_has_an_error() -> None:
    barrier = threading.Barrier(2)
    errors: list[BaseException] = []

    def fail() -> None:
        with suppress(ValueError), meeting(barrier):
            raise ValueError("its own")

    def wait() -> None:
        try:
            with meeting(barrier):
                pass
        except BaseException as exc:
            errors.append(exc)

    begun = monotonic()
    threads = [threading.Thread(target=work, daemon=True) for work in (wait, fail)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)

    assert not errors
    assert monotonic() - begun < 20.0
