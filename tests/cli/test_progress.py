"""Where there is no terminal, a line comes only now and then."""

from __future__ import annotations

import time

import pytest

from rsconform.cli.progress import LaneProgress


def test_a_line_comes_when_it_says_something_new_and_now_and_then_when_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)

    with LaneProgress("memory") as progress:
        for at, done in ((11.0, 1), (22.0, 1), (33.0, 2), (80.0, 2), (94.0, 2)):
            monkeypatch.setattr(time, "monotonic", lambda at=at: at)
            progress.update(done, 9, failed=0)

    said = capsys.readouterr().err.splitlines()
    assert said == ["memory: 1 of 9 cases", "memory: 2 of 9 cases", "memory: 2 of 9 cases"]
