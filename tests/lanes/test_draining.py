from __future__ import annotations

import io
from typing import Any

import pytest

from rsconform.lanes import draining
from rsconform.lanes.draining import EndlessError, drained


class Again:
    """A stream that gives the same bytes for ever."""

    def read(self, size: int = -1) -> bytes:
        return b"again" * 1000


def test_what_is_left_is_read_in_pieces() -> None:
    stream = io.BytesIO(b"0123456789")
    stream.read(2)
    assert drained(stream, 3) == b"23456789"


@pytest.mark.parametrize(("stream", "said"), [(io.StringIO("text"), "a str"), (Again(), "no end")])
def test_a_stream_without_an_end_is_left(stream: Any, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "MOST_BYTES", 100_000)
    with pytest.raises(EndlessError, match=said):
        drained(stream)
