"""Matchers: what fits and what does not."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from remote_store import Capability, ContentDigest, RemotePath

from rsconform.cases import matchers as m
from rsconform.cases.deferred import Bound
from rsconform.cases.steps import compile_matcher

CONTENT = b"hello"
TIME = datetime(2026, 1, 1, tzinfo=UTC)


def nothing_bound(bound: Bound) -> object:
    raise AssertionError(bound)


FITS = [
    (True, True),
    (None, None),
    ("a/b", RemotePath("a/b")),
    ("READ", Capability.READ),
    ({"not": 1}, True),
    ({"any_of": [None, {"type": "str"}]}, "x"),
    ({"type": "int"}, 5),
    ({"ge": 3}, 3),
    ({"le": 3}, 3),
    ({"ge": TIME}, TIME),
    ({"len": 2}, "ab"),
    ({"has": "b"}, ["a", "b"]),
    ({"lacks": "c"}, ["a", "b"]),
    ({"starts": "ab"}, "abc"),
    ({"is": "root"}, ".//"),
    ({"is": "nonempty"}, "x"),
    ({"is": "aware"}, TIME),
    ({"is": "unknown_time"}, m.UNKNOWN_TIME),
    ({"each": {"type": "str"}}, ["a"]),
    ({"equals": {"type": "str"}}, {"type": "str"}),
    ({"digest_of": "text:hello"}, ContentDigest("md5", hashlib.md5(CONTENT).hexdigest())),
    ({"digest_of": "text:hello"}, ContentDigest("crc32", "3610a686")),
    ({"near": TIME}, TIME),
    ({"k": "v"}, {"k": "v"}),
    ([1, 2], [1, 2]),
    ({"algorithm": "md5"}, ContentDigest("md5", "00")),
]
DOES_NOT = [
    (True, 1),
    (1, True),
    (None, ""),
    ("a/b", "a/b/"),
    ({"not": True}, True),
    ({"any_of": [None, 1]}, 2),
    ({"type": "str"}, b""),
    ({"ge": 3}, 2),
    ({"ge": 0}, True),
    ({"ge": TIME}, m.UNKNOWN_TIME),
    ({"ge": TIME}, datetime(2026, 1, 1)),  # noqa: DTZ001
    ({"len": 2}, "a"),
    ({"len": 2}, 2),
    ({"has": "c"}, ["a"]),
    ({"lacks": "a"}, ["a"]),
    ({"starts": "b"}, "abc"),
    ({"is": "root"}, "a"),
    ({"is": "root"}, None),
    ({"is": "aware"}, datetime(2026, 1, 1)),  # noqa: DTZ001
    ({"each": {"type": "str"}}, ["a", 1]),
    ({"equals": {"type": "str"}}, "x"),
    ({"digest_of": "text:hello"}, ContentDigest("crc32", "00000000")),
    ({"k": "v"}, {"k": "v", "more": "x"}),
    ({"k": "v"}, {"K": "v"}),
    ([1, 2], [2, 1]),
    ([1], [1, 2]),
    ({"nosuchfield": 1}, ContentDigest("md5", "00")),
]


@pytest.mark.parametrize(("written", "seen"), FITS)
def test_a_matcher_takes_what_fits(written: object, seen: object) -> None:
    assert compile_matcher(written).mismatch(seen, nothing_bound) is None


@pytest.mark.parametrize(("written", "seen"), DOES_NOT)
def test_a_matcher_refuses_what_does_not_fit(written: object, seen: object) -> None:
    assert compile_matcher(written).mismatch(seen, nothing_bound) is not None


def test_a_matcher_compares_with_what_an_earlier_step_bound() -> None:
    matcher = m.Fields({"etag": m.Equals(Bound("w", ("etag",)))})

    class Info:
        etag = "E"

    assert matcher.mismatch(Info(), lambda bound: "E") is None
    assert matcher.mismatch(Info(), lambda bound: "F") is not None
