from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rsconform.spec.axiom import Edition
from rsconform.spec.loader import load_edition
from rsconform.spec.lock import compare, digest, lock_lines, read_lock, write_lock
from rsconform.spec.problems import SpecError

SETS = "[writes]\nbytes = { op = 'write' }\natomic = { op = 'write_atomic' }\n"
SPEC = """\
format = 1
family.id = "BE"
family.title = "Backend operations"
family.contract = "remote-store >= 0.33"
family.source = "spec 003"

[[axiom]]
id = "BE-001"
title = "First"
level = "MUST"
statement = "One."
requires = ["READ", "LIST"]

[[axiom.case]]
name = "a"
traits = { flat_namespace = false }
matrix = { how = "@writes", n = [1, 2] }
given = { x = "text:x", y = "text:y" }
steps = [ { path = "d", with = "{how}" }, { op = "exists", path = "d", returns = true } ]
then = { unchanged = true }

[[axiom.case]]
name = "b"
steps = [ { op = "close" } ]

[[axiom]]
id = "BE-002"
title = "Second"
level = "MUST"
statement = "Two."
invariant = "plain-answers"
"""


def edition(folder: Path, old: str = "", new: str = "", sets: str = SETS) -> Edition:
    """Return the edition above with one piece of text replaced."""
    assert old in SPEC
    (folder / "BE.toml").write_text(SPEC.replace(old, new) if old else SPEC, "utf-8")
    (folder / "_sets.toml").write_text(sets, "utf-8")
    return load_edition([folder])


def test_the_lock_has_one_sorted_line_per_id_of_sixteen_hex_digits(tmp_path: Path) -> None:
    lines = lock_lines(edition(tmp_path))

    assert [line.split(" ")[0] for line in lines] == ["BE-001", "BE-002"]
    assert all(len(line.split(" ")[1]) == 16 for line in lines)


FREE = {
    "title": ('title = "First"', 'title = "The first"'),
    "statement": ('"One."', '"In other words."'),
    "note": ('level = "MUST"\nstatement = "One."', 'level = "MUST"\nnote = "Decided."\nstatement = "One."'),
    "comment and lines": ("[[axiom.case]]\n", "\n# why\n[[axiom.case]]\n"),
    "order of capabilities": ('["READ", "LIST"]', '["LIST", "READ"]'),
    "order of step keys": ('op = "exists", path = "d", returns = true', 'returns = true, op = "exists", path = "d"'),
    "order of given": ('{ x = "text:x", y = "text:y" }', '{ y = "text:y", x = "text:x" }'),
    "order of points": ("n = [1, 2]", "n = [2, 1]"),
    "an instance of its own": ('name = "b"', 'name = "b"\nfresh = true'),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), FREE.values(), ids=FREE)
def test_prose_and_order_are_free_to_change(tmp_path: Path, old: str, new: str) -> None:
    assert lock_lines(edition(tmp_path, old, new)) == lock_lines(edition(tmp_path))


def test_the_order_of_cases_is_free_to_change(tmp_path: Path) -> None:
    before = edition(tmp_path)
    family = before.families[0]
    axiom = replace(family.axioms[0], cases=family.axioms[0].cases[::-1])
    after = replace(before, families=(replace(family, axioms=(axiom, family.axioms[1])),))

    assert lock_lines(after) == lock_lines(before)


MEANT = {
    "level": ('level = "MUST"\nstatement = "One."', 'level = "SHOULD"\nstatement = "One."'),
    "capabilities": ('["READ", "LIST"]', '["READ"]'),
    "trait": ("flat_namespace = false", "flat_namespace = true"),
    "case name": ('name = "b"', 'name = "c"'),
    "point": ("n = [1, 2]", "n = [1, 3]"),
    "order of axes, which case IDs show": ('how = "@writes", n = [1, 2]', 'n = [1, 2], how = "@writes"'),
    "given": ('"text:x"', '"text:z"'),
    "argument": ('{ path = "d", with', '{ path = "e", with'),
    "boolean against number": ("returns = true", "returns = 1"),
    "order of steps": (
        '{ path = "d", with = "{how}" }, { op = "exists", path = "d", returns = true }',
        '{ op = "exists", path = "d", returns = true }, { path = "d", with = "{how}" }',
    ),
    "end state": ("unchanged = true", "unchanged = false"),
    "affordance": ('name = "b"', 'name = "b"\nneeds = ["audit"]'),
    "lacking capability": ('name = "b"', 'name = "b"\nlacks = ["GLOB"]'),
    "release": ('"One."', '"One."\nsince = "0.34"'),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), MEANT.values(), ids=MEANT)
def test_a_change_of_meaning_changes_the_line_of_its_axiom_alone(tmp_path: Path, old: str, new: str) -> None:
    before, after = lock_lines(edition(tmp_path)), lock_lines(edition(tmp_path, old, new))

    assert (before[0] == after[0], before[1] == after[1]) == (False, True)


def test_another_invariant_is_another_meaning(tmp_path: Path) -> None:
    assert lock_lines(edition(tmp_path, "plain-answers", "aware-times"))[1] != lock_lines(edition(tmp_path))[1]


def test_a_changed_set_changes_the_axioms_that_use_it(tmp_path: Path) -> None:
    other = lock_lines(edition(tmp_path, sets=SETS.replace("'write'", "'open_atomic'")))

    assert other[0] != lock_lines(edition(tmp_path))[0]


def test_an_edition_carries_the_digest_of_its_lock(tmp_path: Path) -> None:
    before = edition(tmp_path)

    assert before.lock_digest == digest(before)
    assert before.lock_digest != edition(tmp_path, "plain-answers", "aware-times").lock_digest


def test_a_written_lock_is_read_back_and_has_nothing_to_say(tmp_path: Path) -> None:
    lock = tmp_path / "axioms.lock"
    current = edition(tmp_path)
    write_lock(current, lock)

    assert [f"{axiom} {meaning}" for axiom, meaning in read_lock(lock).items()] == list(lock_lines(current))
    assert compare(current, lock) == []


def test_changed_new_and_gone_ids_are_told_in_sentences(tmp_path: Path) -> None:
    lock = tmp_path / "axioms.lock"
    write_lock(edition(tmp_path), lock)

    assert compare(edition(tmp_path, 'name = "b"', 'name = "c"'), lock) == [
        "BE-001 has changed its meaning since it was locked."
    ]
    assert compare(edition(tmp_path, '"BE-002"', '"BE-003"'), lock) == [
        "BE-002 is gone: the lock still has it.",
        "BE-003 is new: the lock does not have it.",
    ]


def test_without_a_lock_every_id_is_new(tmp_path: Path) -> None:
    assert len(compare(edition(tmp_path), tmp_path / "axioms.lock")) == 2


def test_a_line_that_is_no_lock_line_is_a_mistake_with_its_number(tmp_path: Path) -> None:
    lock = tmp_path / "axioms.lock"
    lock.write_text("BE-001 0123456789abcdef\n<<<<<<< ours\n", "utf-8")

    with pytest.raises(SpecError) as caught:
        read_lock(lock)

    assert [(m.slug, m.place.line) for m in caught.value.problems] == [("bad-lock-line", 2)]
