"""Streams of content as a case hands them over."""

from __future__ import annotations

import io
from typing import BinaryIO

import pytest

from rsconform.cases.content import Source
from rsconform.run.case.content_sources import Handed, SourceFailedError
from tests.snippets import case_of


def handed(source: str) -> Handed:
    """Return a source of a hundred bytes with the given keys."""
    step = f'op = "write", path = "a", content = {{ stream = "bytes:100"{source} }}'
    content = case_of(f"steps = [ {{ {step} }} ]").steps[0].arguments["content"]
    assert isinstance(content, Source)
    return Handed(content)


def stream(source: str) -> io.BufferedIOBase:
    """Return the stream that a backend gets."""
    return handed(source).argument  # type: ignore[return-value]


def test_a_plain_source_is_a_plain_stream() -> None:
    assert isinstance(stream(""), io.BytesIO)
    assert stream(", position = 40").tell() == 40
    assert len(stream(", position = 40").read()) == 60


def test_a_source_reads_no_more_than_its_chunk_at_once_and_all_of_it_in_the_end() -> None:
    source = stream(", chunk = 7")

    pieces = list(iter(lambda: source.read(30), b""))
    assert {len(piece) for piece in pieces[:-1]} == {7}
    assert b"".join(pieces) == stream("").read()
    assert len(stream(", chunk = 7").read()) == 100  # Only a read with a size may be short.


@pytest.mark.parametrize("size", [1, 7, 30, 64])
def test_a_source_fails_after_so_many_bytes_and_not_one_earlier(size: int) -> None:
    what = handed(", fails_after = 64")
    source = what.argument
    assert not isinstance(source, bytes)
    got: list[bytes] = []

    with pytest.raises(SourceFailedError) as failed:
        got.extend(iter(lambda: source.read(size), b""))
    assert len(b"".join(got)) == 64
    assert what.raised is failed.value
    assert what.lost


def test_a_source_that_fails_is_not_read_to_its_end_at_once_either() -> None:
    what = handed(", fails_after = 64")
    assert not isinstance(what.argument, bytes)

    with pytest.raises(SourceFailedError):
        what.argument.read()
    assert not handed("").lost


def test_a_source_that_cannot_seek_says_so() -> None:
    source = stream(", seekable = false")

    assert not source.seekable()
    for use in (source.tell, lambda: source.seek(0)):
        with pytest.raises(io.UnsupportedOperation):
            use()
    assert len(source.read()) == 100


def test_a_source_with_a_chunk_can_still_seek() -> None:
    source = stream(", chunk = 7")

    assert source.seek(90) == 90
    assert len(source.read(50)) == 7
    assert source.seek(-3, io.SEEK_END) == 97
    assert source.seek(1, io.SEEK_CUR) == 98
    assert source.tell() == 98


def test_a_source_that_can_only_be_read_is_a_whole_binary_io_and_nothing_more() -> None:
    source = stream(", only_read = true")

    asked = {name for name in dir(BinaryIO) if not name.startswith("_")} | {"__enter__", "__exit__", "__iter__"}
    assert asked <= set(dir(source))
    assert not hasattr(source, "readinto")
    assert (source.readable(), source.seekable(), source.writable()) == (True, False, False)
    with pytest.raises(io.UnsupportedOperation):
        source.tell()
    assert len(source.read()) == 100


def test_the_pieces_of_a_block_are_the_content() -> None:
    for source in ("", ", chunk = 7", ", seekable = false", ", position = 40"):
        assert b"".join(handed(source).pieces()) == stream(source).read()
