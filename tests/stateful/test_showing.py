"""A sequence that goes wrong can be seen again: as a token, as a case of TOML, as a script."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from remote_store import FileInfo
from remote_store.backends import MemoryBackend

from rsconform.cases.content import Content, Source
from rsconform.run.records import Result
from rsconform.stateful.corpus import Corpus
from rsconform.stateful.operations import KNOWN, Operation, as_step, from_step
from rsconform.stateful.python_script import as_script
from rsconform.stateful.runner import Broken
from rsconform.stateful.tokens import Repro, TokenError, decode, encode
from rsconform.stateful.toml_case import as_case
from tests.run.sessions import session_of
from tests.stateful.test_search import Forgetful, track_of

X = Content("text:x")
OVERWRITES = (
    Operation("write", "a", content=X),
    Operation("write", "d/ü", content=Source(Content("bytes:200"), chunk=7), options={"metadata": {"Owner": "me"}}),
    Operation("write", "a", content=Source(Content("bytes:200"), fails_after=5)),
    Operation("copy", "d/ü", "a", options={"overwrite": True}),
    Operation("read_bytes", "a"),
)
REPRO = Repro("memory", False, False, OVERWRITES)
MEMORY = "from remote_store.backends import MemoryBackend\nstore = MemoryBackend()\nmake = lambda: store\n"
FORGETFUL = """
from remote_store.backends import MemoryBackend

class Forgetful(MemoryBackend):
    def copy(self, src, dst, *, overwrite=False):
        super().copy(src, dst, overwrite=overwrite)
        self.delete(dst)

store = Forgetful()
make = lambda: store
"""


def broken() -> Broken:
    found = track_of(Forgetful()).replay(OVERWRITES)
    assert found is not None
    return found


def test_a_token_stands_for_the_sequence_and_nothing_else() -> None:
    assert decode(encode(REPRO)) == REPRO


@pytest.mark.parametrize("name", KNOWN)
def test_every_operation_can_be_said_as_a_step(name: str) -> None:
    content = X if name in ("write", "write_atomic", "open_atomic") else None
    path = "" if name in ("reopen", "drop_container", "check_health") else "a"
    operation = Operation(name, path, "b" if name in ("move", "copy") else None, content)

    assert from_step(as_step(operation)) == operation


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "this is no token"),
        ("hello", "this is no token"),
        ("9.abc", "version 9"),
        ("1.%%%", "damaged"),
        (encode(REPRO)[:40], "damaged"),
        ("1.eNoDAAAAAAE", "damaged"),
    ],
    ids=["empty", "a-word", "another-version", "no-base64", "cut-off", "nothing-inside"],
)
def test_a_bad_token_says_what_is_wrong_with_it(token: str, says: str) -> None:
    with pytest.raises(TokenError, match=says):
        decode(token)


@pytest.mark.parametrize(
    "step",
    [
        {"op": "format_disk", "path": "a"},
        {"op": "write", "path": "a"},
        {"op": "copy", "src": "a"},
        {"op": "exists", "path": "a", "overwrite": True},
        {"op": "write", "path": "a", "content": "nonsense"},
        {"op": "write", "path": "a", "content": {"stream": "text:x", "colour": "red"}},
        "exists",
    ],
    ids=["unknown", "no-content", "no-target", "foreign-option", "no-literal", "no-source", "no-table"],
)
def test_a_token_holds_operations_only(step: object) -> None:
    with pytest.raises(ValueError, match=r"step|operation|argument|literal|source"):
        from_step(step)


def test_the_case_fails_where_the_sequence_goes_wrong_and_passes_where_it_does_not() -> None:
    toml = as_case(broken(), REPRO)

    results = []
    for kind in (Forgetful, MemoryBackend):
        session, (case,) = session_of(toml, kind, traits={"flat_namespace": False})
        results.append(next(iter(session.attempts(case))).result)
        session.close()
    assert results == [Result.FAILED, Result.PASSED]


class Misjudging(MemoryBackend):
    """Lists wrong sizes."""

    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        return (replace(info, size=info.size + 1) for info in super().list_files(path, **options))


class Blind(MemoryBackend):
    """Lists nothing."""

    def list_files(self, path: str, **options: Any) -> Iterator[FileInfo]:
        return iter(())


@pytest.mark.parametrize("kind", [Misjudging, Blind])
def test_the_case_of_a_listing_fails_for_what_is_listed_wrongly_only(kind: type[MemoryBackend]) -> None:
    wrong = track_of(kind()).replay([Operation("write", "d/a", content=X), Operation("list_files", "d")])
    assert wrong is not None

    results = []
    for one in (kind, MemoryBackend):
        session, (case,) = session_of(as_case(wrong, REPRO), one, traits={"flat_namespace": False})
        results.append(next(iter(session.attempts(case))).result)
        session.close()
    assert results == [Result.FAILED, Result.PASSED]


@pytest.mark.parametrize(("recipe", "code"), [(FORGETFUL, 1), (MEMORY, 0)], ids=["wrong", "right"])
def test_the_script_needs_no_rsconform(recipe: str, code: int, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(as_script(broken(), REPRO, recipe), encoding="utf-8")

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert done.returncode == code, done.stdout + done.stderr
    assert "import rsconform" not in script.read_text(encoding="utf-8")
    assert "expected:" in done.stdout


def test_the_script_of_an_async_backend_runs_too(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    recipe = "from remote_store.aio import AsyncMemoryBackend\nstore = AsyncMemoryBackend()\nmake = lambda: store\n"
    script.write_text(as_script(broken(), REPRO, recipe, surface="async"), encoding="utf-8")

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_corpus_gives_back_what_it_was_given_and_says_what_it_cannot_read(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path / "corpus")
    corpus.keep(REPRO, "[[axiom.case]]\n", "print()\n")
    (tmp_path / "corpus" / "zz.toml").write_text("# nothing of ours\n", encoding="utf-8")

    (_, kept), (path, other) = corpus.sequences()

    assert kept == REPRO
    assert path.name == "zz.toml"
    assert isinstance(other, TokenError)
