"""Content literals."""

from __future__ import annotations

import itertools

import pytest

from rsconform.cases.content import BadLiteralError, Source, parse_content, parse_size


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("4096", 4096), ("64KiB", 65536), ("1MiB-1", 1048575), ("12MiB+1", 12 * 1048576 + 1)]
)
def test_a_size_is_read_with_its_unit_and_offset(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("literal", "data"),
    [
        ("text:Grüße", "Grüße".encode()),
        ("text:", b""),
        ("hex:00ff", b"\x00\xff"),
        ("zeros:3", b"\0\0\0"),
        ("hex:00112233[1:3]", b"\x11\x22"),
    ],
)
def test_a_literal_is_its_bytes(literal: str, data: bytes) -> None:
    assert parse_content(literal).data == data


@pytest.mark.parametrize("literal", ["bytes", "byte:3", "bytes:x", "hex:0", "zeros:", "bytes:4 KiB"])
def test_a_string_that_is_no_literal_is_told(literal: str) -> None:
    with pytest.raises(BadLiteralError):
        parse_content(literal)


def test_the_pattern_never_repeats_a_byte_beside_itself() -> None:
    data = parse_content("bytes:200000").data

    assert all(a != b for a, b in itertools.pairwise(data))


def test_a_part_put_in_the_wrong_place_shows() -> None:
    data = parse_content("bytes:1MiB").data

    for size in (512, 4096, 8192, 65536, 262144):
        assert data[:size] != data[size : 2 * size]


def test_old_and_new_content_of_one_size_differ_everywhere_it_matters() -> None:
    one, two = parse_content("bytes:100KiB").data, parse_content("bytes#2:100KiB").data

    assert len(one) == len(two)
    assert sum(a == b for a, b in zip(one, two, strict=True)) < 1000


def test_a_source_owes_what_lies_behind_its_position() -> None:
    assert Source(parse_content("text:0123456789"), position=7).data == b"789"
