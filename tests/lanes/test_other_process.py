"""A backend in another process: what it answers, what comes out of it, and what becomes of it."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from rsconform.lanes.other_process import BackendRecipe, OtherProcessError, other_processes

HERE = Path(__file__).parent


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackendRecipe:
    monkeypatch.setenv("PYTHONPATH", str(HERE))  # Where the other process finds this module.
    return BackendRecipe("remote_store.backends:LocalBackend", {"root": str(tmp_path / "store")})


def written(backend: Any, path: str) -> int:
    os.write(1, b"what a backend prints is not an answer\n")
    return int(backend.write(path, b"1234").size)


def missing(backend: Any) -> None:
    backend.read_bytes("nothing")


def broken(_backend: Any) -> None:
    raise ValueError("wrong")


def temp(_backend: Any) -> str:
    return tempfile.mkstemp()[1]


def waits(_backend: Any) -> None:
    time.sleep(60)


def gone(_backend: Any) -> None:
    os._exit(3)


def test_it_answers_from_a_process_of_its_own(store: BackendRecipe, tmp_path: Path) -> None:
    with other_processes(store) as (process,):
        answer = process.ask(written, 20, path="d/a")

    assert (answer.value, answer.raised) == (4, None)
    assert (tmp_path / "store/d/a").read_bytes() == b"1234"


def test_what_is_raised_there_is_told_and_whether_it_is_remote_stores(store: BackendRecipe) -> None:
    with other_processes(store) as (process,):
        ours, foreign = process.ask(missing, 20), process.ask(broken, 20)

    assert (ours.raised, ours.ours) == ("NotFound", True)
    assert (foreign.raised, foreign.text, foreign.ours) == ("ValueError", "wrong", False)


def test_its_temporary_files_are_in_a_folder_of_its_own(store: BackendRecipe) -> None:
    with other_processes(store, 2) as (first, second):
        name = first.ask(temp, 20).value

        assert Path(name).parent == first.temp
        assert list(second.temp.iterdir()) == []


def test_an_interrupt_comes_out_as_what_it_is(store: BackendRecipe) -> None:
    with other_processes(store) as (process,):
        process.begin(waits)
        time.sleep(0.5)
        process.interrupt()

        assert process.answer(20).raised == "KeyboardInterrupt"


def test_a_process_that_ended_or_does_not_answer_is_no_answer(store: BackendRecipe) -> None:
    with other_processes(store, 2) as (first, second):
        with pytest.raises(OtherProcessError, match="ended, with 3"):
            first.ask(gone, 20)
        with pytest.raises(OtherProcessError, match="did not answer within"):
            second.ask(waits, 0.2)


def test_a_backend_that_cannot_be_made_there_is_told() -> None:
    with pytest.raises(OtherProcessError, match="in another process raised ModuleNotFoundError"):
        with other_processes(BackendRecipe("no.such.module:make")):
            pass


def test_what_is_secret_in_it_is_in_no_repr() -> None:
    assert "hush" not in repr(BackendRecipe("module:make", {"secret": "hush"}))
