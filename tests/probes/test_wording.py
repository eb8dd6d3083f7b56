"""Docstring checks: correct docstrings pass in many wordings, and those that say nothing are reported."""

from __future__ import annotations

import pytest

from rsconform.probes.operations._wording import DUTIES


def unmet(what: str, text: str) -> list[str]:
    return [wrong for duty in DUTIES[what] if (wrong := duty.unmet_by(text)) is not None]


@pytest.mark.parametrize(
    "text",
    [
        "A move is not atomic.",
        "Moves are non-atomic.",
        "move() copies the file and then removes the original, so a reader may see both.",
        "Files in a bucket. It deletes the source after copying.",
        "Renames are emulated and may be seen half done.",
        "There is no atomic rename on this server.",
        "Moves are atomic within a folder, and copy and delete across folders.",
        "move: atomic=False.",
    ],
)
def test_a_docstring_may_say_in_many_words_that_a_move_is_not_atomic(text: str) -> None:
    assert unmet("move", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Files under whole keys.",
        "write_atomic() uploads under another name first.",
        "Moves are atomic.",
        "It has atomic moves.",
    ],
)
def test_one_that_says_nothing_of_moves_or_the_opposite_is_told(text: str) -> None:
    assert unmet("move", text) != []


@pytest.mark.parametrize(
    "text",
    [
        "Not thread-safe: give each thread a backend of its own.",
        "One connection per thread, please: concurrent calls are not supported.",
        "Concurrent use is not supported. Guard it with a mutex.",
        "Must not be shared between threads. Put calls into a queue.",
        "single-threaded only; open one client for every thread",
        "Sharing an instance is unsafe. Use one backend per worker.",
    ],
)
def test_a_docstring_may_say_in_many_words_that_an_instance_is_not_to_be_shared(text: str) -> None:
    assert unmet("posture", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A move is not atomic.",
        "Uploads with a pool of threads; each instance opens eight connections.",
        "Not thread-safe.",
    ],
)
def test_one_that_says_nothing_of_threads_or_of_a_remedy_is_told(text: str) -> None:
    assert unmet("posture", text) != []
