"""The dictionary that sequences are compared with says what the contract says, and no more."""

from __future__ import annotations

import pytest

from rsconform.cases.content import Content
from rsconform.stateful.expected import ANYTHING, Expected, raises
from rsconform.stateful.model import Model
from rsconform.stateful.operations import Operation

EMPTY, XY = Content("text:"), Content("text:xy")


def model(*, flat: bool = False, below_files: bool = False) -> Model:
    """Return a store with d/a and d/e/b, and an e that lost its only file."""
    made = Model(flat=flat, below_files=below_files)
    for path in ("d/a", "d/e/b", "e/gone"):
        made.apply(Operation("write", path, content=XY))
    made.apply(Operation("delete", "e/gone"))
    return made


def aloud(value: Operation | Expected) -> str:
    """Return an operation as a person would say it; what is expected shows in its assertion."""
    if isinstance(value, Operation):
        return " ".join((value.op, value.path, *(str(name) for name in value.options)))
    return ""


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Operation("read_bytes", "d/a"), Expected(b"xy")),
        (Operation("read_bytes", "d"), raises("InvalidPath")),
        (Operation("read_bytes", "no"), raises("NotFound")),
        (Operation("write", "d/a", content=EMPTY), raises("AlreadyExists")),
        (Operation("write", "d", content=EMPTY, options={"overwrite": True}), raises("InvalidPath")),
        (Operation("write", "d/a/b", content=EMPTY), raises("InvalidPath")),
        (Operation("delete", "d"), raises("InvalidPath")),
        (Operation("delete", "no", options={"missing_ok": True}), Expected()),
        (Operation("delete_folder", "d"), raises("DirectoryNotEmpty")),
        (Operation("delete_folder", "d", options={"recursive": True}), Expected()),
        (Operation("move", "no", "d/a"), raises("AlreadyExists", "NotFound")),
        (Operation("list_files", "d"), Expected(frozenset({"d/a (2 bytes)"}))),
        (
            Operation("list_files", "d", options={"recursive": True}),
            Expected(frozenset({"d/a (2 bytes)", "d/e/b (2 bytes)"})),
        ),
        (Operation("list_folders", "d"), Expected(frozenset({"d/e/"}))),
        (Operation("get_folder_info", "d"), Expected((2, 4))),
    ],
    ids=aloud,
)
def test_where_folders_are_real(operation: Operation, expected: Expected) -> None:
    assert model().expect(operation) == expected


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Operation("write", "d", content=EMPTY), Expected(("d", 0))),
        (Operation("write", "d/a/b", content=EMPTY), Expected(("d/a/b", 0))),
        (Operation("exists", "e"), Expected(False)),
    ],
    ids=aloud,
)
def test_on_a_flat_namespace(operation: Operation, expected: Expected) -> None:
    assert model(flat=True, below_files=True).expect(operation) == expected


@pytest.mark.parametrize("op", ["exists", "is_folder"])
def test_whether_a_folder_outlives_its_last_file_is_not_judged(op: str) -> None:
    assert model().expect(Operation(op, "e")).value is ANYTHING


def test_a_move_takes_the_content_along() -> None:
    moved = model()
    moved.apply(Operation("move", "d/a", "e/c"))

    assert moved.files == {"d/e/b": b"xy", "e/c": b"xy"}
    assert not moved.is_bare("e")
