"""A process that has nearly all open that it may have says so, before everything else goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rsconform.run.lane import fd_limits as handles

resource = pytest.importorskip("resource")


def lowest() -> int:
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    return free


@pytest.mark.parametrize(("spare", "is_used_up"), [(1, True), (1000, False)])
def test_it_is_told_before_nothing_more_can_be_opened(
    spare: int, is_used_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = lowest() + spare
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (limit, limit))

    said = handles.used_up()

    assert (said is not None) is is_used_up
    assert said is None or f"{limit} files" in said


def test_what_nobody_limits_is_never_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    assert handles.used_up() is None


def test_a_run_has_as_many_as_the_system_gives() -> None:
    script = (
        "import resource; from rsconform.run.lane.fd_limits import allow_more; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512)); allow_more(); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "(512, 512)"
