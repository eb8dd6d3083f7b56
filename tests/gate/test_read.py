"""A certificate that was edited, cut short or is none is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rsconform.gate.read import CertificateError, read_certificate
from tests.gate.certificates import document, violated, written


def reasons(path: Path) -> str:
    with pytest.raises(CertificateError) as caught:
        read_certificate(path)
    return " ".join(caught.value.reasons)


def test_a_certificate_that_adds_up_is_read(tmp_path: Path) -> None:
    read = read_certificate(written(tmp_path, document("none", axioms=violated())))

    assert (read.lane, read.grade, read.judged) == ("mine", None, 11)
    assert [entry.axiom for entry in read.entries.values()] == ["BE-008n"]


@pytest.mark.parametrize("key", ["lock", "grade", "counts", "lane", "backend", "format"])
def test_what_is_missing_is_named(key: str, tmp_path: Path) -> None:
    content = document()
    del content[key]

    assert key in reasons(written(tmp_path, content))


EDITS: dict[str, tuple[dict[str, Any], str]] = {
    "a violation taken out": ({"axioms": {}}, "lists 0"),
    "a grade that is not reached": ({"grade": "full"}, "claims the grade full"),
    "a count that is not a number": ({"counts": {"MUST": {"holds": "10"}}}, "something else than counts"),
    "axioms left out": ({"counts": {"MUST": {"holds": 3, "violated": 1}}}, "speak of 4"),
    "a grade that its edition cannot reach": (
        {"grade": "hardened", "axioms": {}, "counts": {"MUST": {"holds": 11}}},
        "claims",
    ),
    "axioms that are no table": ({"axioms": 3}, "`axioms` is no table"),
    "a section that is no table": ({"axioms": {"violated": "none"}}, "[axioms.violated] is no table"),
    "a list that is none": ({"backend": {"capabilities": "READ"}}, "`capabilities` of [backend] is no list of names"),
    "counts that are no table": ({"counts": [1]}, "[counts] is missing"),
    "a level of its own": ({"axioms": {"violated": {"BE-008n": {"level": "NICE", "title": "x"}}}}, "no level"),
}


@pytest.mark.parametrize(("edit", "said"), EDITS.values(), ids=EDITS)
def test_what_was_edited_by_hand_is_seen(edit: dict[str, Any], said: str, tmp_path: Path) -> None:
    content = {**document("none", axioms=violated()), **edit}

    assert said in reasons(written(tmp_path, content))


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, document("none", axioms=violated()))
    path.write_text(path.read_text("utf-8")[:-20], "utf-8")

    assert reasons(path)


def test_a_file_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    assert "rsconform run" in reasons(tmp_path / "none.toml")
