"""Where lanes come from, and what is said where they cannot."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from remote_store.backends import MemoryBackend

from rsconform.lanes import registry
from rsconform.lanes.lane import Lane
from rsconform.lanes.registry import (
    LaneError,
    LaneFile,
    MissingExtraError,
    SameNameError,
    UnknownLaneError,
    check_lane_name,
    find_lane,
    find_lanes,
    import_target,
    installed_lane_files,
    known_lanes,
    local_lane_files,
    parse_trait,
    read_lane_file,
)
from rsconform.spec.axiom import Place
from rsconform.spec.problems import Problem, SpecError


@pytest.fixture(autouse=True)
def _own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder to work in, and modules and a path of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def lanes_toml(folder: Path, text: str) -> Path:
    path = folder / "lanes.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(SpecError) as wrong:
        read_lane_file(lanes_toml(folder, text))
    return list(wrong.value.problems)


# -- reading --

SOUND = """
# Somebody's lanes.
[lane.mine]   # the first
fixture = "package.module:function"
stage = 2
evidence = "local_service"
affordances = ["seed", "audit"]
specs = ["S3B"]
traits = { flat_namespace = true, large_write = "8MiB+1" }
extra = "mine[s3]"

[lane."my.other-lane_2"]
backend = "mine.py:make"
fresh_store = true
"""


def test_a_lane_file_gives_its_lanes_with_their_facts_and_lines(tmp_path: Path) -> None:
    file = read_lane_file(lanes_toml(tmp_path, SOUND))

    first, second = file.lanes
    assert (first.name, first.stage, first.evidence, first.specs) == ("mine", 2, "local_service", ("S3B",))
    assert first.place == Place(str(tmp_path / "lanes.toml"), 3)
    assert first.traits == {"flat_namespace": True, "large_write": "8MiB+1"}
    assert (second.name, second.backend, second.fresh_store) == ("my.other-lane_2", "mine.py:make", True)
    assert second.place.line == 12
    assert file.specs is None


def test_axioms_that_lie_beside_a_lane_file_belong_to_it(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()

    assert read_lane_file(lanes_toml(tmp_path, SOUND)).specs == tmp_path / "specs"


@pytest.mark.parametrize(
    ("text", "line", "slug", "says"),
    [
        ("[lane.mine]\nbackend = 'a:b'\nafordances = []", 3, "unknown-key", 'Did you mean "affordances"?'),
        ("[lane.mine]\nstage = 1", 1, "no-code", "`fixture` or its `backend`"),
        ("[lane.mine]\nbackend = 'a:b'\nfixture = 'a:b'", 1, "no-code", "`fixture` or its `backend`"),
        ("[lane.mine]\nfixture = 'a.py'", 2, "no-code", "path/to/file.py:function"),
        ("[lane.mine]\nbackend = ''", 2, "no-code", "module:function"),
        ("[[lane]]\nname = 'mine'", 1, "wrong-type", "[lane.NAME]"),
        (
            "[lane.mine]\nfixture = 'a:b'\naffordances = ['audt']",
            3,
            "unknown-affordances",
            'Did you mean "audit"?',
        ),
        ("[lane.mine]\nbackend = 'a:b'\naffordances = ['audit']", 3, "affords-nothing", "the Subject of a `fixture`"),
        ("[lane.mine]\nbackend = 'a:b'\nevidence = 'emulater'", 3, "unknown-evidence", 'Did you mean "emulator"?'),
        ("[lane.mine]\nbackend = 'a:b'\ntraits = { flat = true }", 3, "bad-trait", "unknown trait"),
        ("[lane.mine]\nbackend = 'a:b'\ntraits = { flat_namespace = 'no' }", 3, "bad-trait", "true, false"),
        ("[lane.mine]\nbackend = 'a:b'\ntraits = { flat_namespace = 1 }", 3, "bad-trait", "true, false"),
        ("[lane.mine]\nbackend = 'a:b'\ntraits = { large_write = 'big' }", 3, "bad-trait", "64KiB"),
        ("[lane.mine]\nbackend = 'a:b'\ntraits = { close_is_terminal = true }", 3, "bad-trait", "class says"),
        ("[lane.mine]\nbackend = 'a:b'\naffordances = 'audit'", 3, "wrong-type", "a list of strings"),
        ("[lane.mine]\nbackend = 'a:b'\nspecs = [7]", 3, "wrong-type", "a list of strings"),
        ("[lane.mine]\nbackend = 'a:b'\ntraits = 'flat'", 3, "wrong-type", "a table"),
        ("[lane.mine]\nbackend = 7", 2, "wrong-type", "a string"),
        ("[lane.mine]\nbackend = 'a:b'\nstage = 4", 3, "wrong-type", "1, 2 or 3"),
        ("[lane.mine]\nbackend = 'a:b'\nstage = true", 3, "wrong-type", "1, 2 or 3"),
        ("[lane.mine]\nbackend = 'a:b'\nfresh_store = 1", 3, "wrong-type", "true or false"),
        ("[lane.'my lane']\nbackend = 'a:b'", 1, "bad-name", "letters, digits"),
        ("[lane.'../mine']\nbackend = 'a:b'", 1, "bad-name", "letters, digits"),
        ("[lane.mine_]\nbackend = 'a:b'", 1, "bad-name", "letters, digits"),
        ("[lane]\nmine = 7", 2, "wrong-type", "[lane.mine]"),
        ("[lanes.mine]\nbackend = 'a:b'", 1, "unknown-key", "lane.NAME"),
        ("[lane.mine\nbackend = 'a:b'", 1, "bad-toml", "not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_meant(
    tmp_path: Path, text: str, line: int, slug: str, says: str
) -> None:
    (problem,) = problems(tmp_path, text)

    assert (problem.slug, problem.place.line) == (slug, line)
    assert says in str(problem)


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = (
        "[lane.one]\nstag = 1\n\n[lane.two]\nfixture = 'a:b'\n"
        "affordances = ['audt', 'sed']\ntraits = { flat = true, transport = 'pigeon' }\n"
    )

    found = problems(tmp_path, text)

    assert [(problem.place.line, problem.slug) for problem in found] == [
        (1, "no-code"),
        (2, "unknown-key"),
        (6, "unknown-affordances"),
        (6, "unknown-affordances"),
        (7, "bad-trait"),
        (7, "bad-trait"),
    ]


def test_a_file_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "lanes.toml").write_bytes(b"[lane.mine]\nbackend = '\xff'\n")

    with pytest.raises(SpecError, match="not UTF-8"):
        read_lane_file(tmp_path / "lanes.toml")


def test_a_folder_has_lanes_in_its_lane_file_and_in_its_pyproject(tmp_path: Path) -> None:
    lanes_toml(tmp_path, "[lane.one]\nbackend = 'a:b'")
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'x'\n\n[tool.rsconform.lane.two]\nbackend = 'a:b'\nstag = 1\n", encoding="utf-8"
    )

    with pytest.raises(SpecError) as wrong:
        local_lane_files(tmp_path)
    assert wrong.value.problems[0].place == Place(str(tmp_path / "pyproject.toml"), 6)

    (tmp_path / "pyproject.toml").write_text("[tool.rsconform.lane.two]\nbackend = 'a:b'\n", encoding="utf-8")
    assert sorted(known_lanes(local_lane_files(tmp_path))) == ["one", "two"]


def test_a_pyproject_that_does_not_speak_of_us_is_not_even_parsed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project\n", encoding="utf-8")

    assert local_lane_files(tmp_path) == []


# -- entry points --


def test_our_own_lanes_are_registered_like_anybodys() -> None:
    lanes = known_lanes(installed_lane_files())

    assert {"memory", "local", "s3_boto3_moto", "s3_boto3_moto_strict"} <= set(lanes)
    assert all(lane.from_entry_point for lane in lanes.values())


def test_lanes_of_a_package_are_read_without_importing_it_or_what_it_lies_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    for folder in (tmp_path / "outer", inner):
        (folder / "__init__.py").write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    lanes_toml(inner, "[lane.theirs]\nbackend = 'outer.inner.code:make'")
    sys.path.insert(0, str(tmp_path))
    points = [
        EntryPoint("theirs", "outer.inner", "rsconform.lanes"),
        EntryPoint("gone", "no_such_package_at_all", "rsconform.lanes"),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)

    assert list(known_lanes(installed_lane_files())) == ["theirs"]
    assert "outer" not in sys.modules


def test_a_package_that_registers_lanes_and_holds_no_file_of_them_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "without_lanes").mkdir()
    (tmp_path / "without_lanes" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("theirs", "without_lanes", "rsconform.lanes")]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)

    with pytest.raises(SpecError, match=r"without_lanes.lanes\.toml: lanes: .* has no such file\.\n  Ship it"):
        installed_lane_files()


def test_a_lane_of_ones_own_outranks_an_installed_one_of_the_same_name(tmp_path: Path) -> None:
    own = read_lane_file(lanes_toml(tmp_path, "[lane.memory]\nbackend = 'a:b'"))

    for files in ([own, *installed_lane_files()], [*installed_lane_files(), own]):
        assert known_lanes(files)["memory"].backend == "a:b"


# -- finding --


def test_a_lane_that_does_not_exist_is_told_with_the_nearest_and_all_others() -> None:
    with pytest.raises(UnknownLaneError) as unknown:
        find_lane("memry", installed_lane_files(), {})

    assert unknown.value.name == "memry"
    assert "memory" in unknown.value.known
    assert "Did you mean 'memory'?" in str(unknown.value)
    assert "path/to/file.py:make_backend" in str(unknown.value)


def test_what_is_declared_on_the_command_line_adds_to_what_the_lane_declares(tmp_path: Path) -> None:
    files = [read_lane_file(lanes_toml(tmp_path, SOUND))]

    lane = find_lane("mine", files, {"flat_namespace": False, "range_reader": True}, fresh_store=True)

    assert lane.traits == {"flat_namespace": False, "large_write": "8MiB+1", "range_reader": True}
    assert lane.fresh_store
    assert lane.digest != find_lane("mine", files, {}).digest


def test_lanes_are_asked_for_once_each(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text("def make(): ...\nother = make\n", encoding="utf-8")

    with pytest.raises(SameNameError):
        find_lanes(["one/mine.py:make", "two/mine.py:make"], [], {})
    assert [lane.name for lane in find_lanes(["one/mine.py:make", "one/mine.py:other"], [], {})] == [
        "mine.make",
        "mine.other",
    ]


@pytest.mark.parametrize(
    ("file", "name"),
    [("mine.py", "mine.make"), ("my backend (2).py", "my_backend_2_.make"), ("_private.py", "private.make")],
)
def test_the_lane_of_a_callable_has_a_name_that_a_folder_can_have(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / file).write_text("def make(): ...\n", encoding="utf-8")

    lane = find_lane(f"{file}:make", [], {})

    assert lane.name == name
    assert lane.file == tmp_path / file
    check_lane_name(lane.name, lane.place)


def test_a_callable_of_a_module_is_found_without_importing_the_module(tmp_path: Path) -> None:
    (tmp_path / "apart.py").write_text("raise RuntimeError('imported')\nmake = None\n", encoding="utf-8")

    lane = find_lane("apart:make", [], {})

    assert (lane.name, lane.file) == ("apart.make", tmp_path / "apart.py")
    assert "apart" not in sys.modules


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.py:make", "there is no file nowhere.py"),
        ("no.such.module:make", "no module 'no.such.module'"),
        (":make", "a callable is named"),
        ("mine.py:", "a callable is named"),
        ("broken.inside:make", "raised RuntimeError: not today"),
    ],
)
def test_a_callable_that_is_nowhere_is_told_as_a_sentence(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("raise RuntimeError('not today')\n", encoding="utf-8")

    with pytest.raises(LaneError, match=says):
        find_lane(name, [], {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("flat_namespace=true", ("flat_namespace", True)),
        ("large_write=8MiB+1", ("large_write", "8MiB+1")),
        ("transport=http", ("transport", "http")),
    ],
)
def test_a_trait_on_the_command_line_is_written_as_in_toml(text: str, found: tuple[str, object]) -> None:
    assert parse_trait(text) == found


@pytest.mark.parametrize(
    "text", ["flat_namespace", "flat_namespac=true", "flat_namespace=yes", "large_write=big", "=true"]
)
def test_a_wrong_trait_is_told_as_a_sentence(text: str) -> None:
    with pytest.raises(LaneError, match="--trait"):
        parse_trait(text)


# -- importing --


def lane_at(folder: Path, **facts: str) -> Lane:
    return Lane("mine", folder / "lanes.toml", Place("lanes.toml", 1), backend="mine.py:make", **facts)  # type: ignore[arg-type]


def test_a_function_is_imported_from_a_file_once_with_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("answer = 42\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text("from helper import answer\ndef make(): return answer\n", encoding="utf-8")

    make = import_target("mine.py:make", lane_at(tmp_path))

    assert make() == 42
    assert import_target("mine.py:make", lane_at(tmp_path)) is make
    assert make.__module__ == "mine"  # It stands in certificates: the same in every process and on every machine.


def test_files_of_one_name_are_two_modules_and_neither_takes_another_modules_place(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "json.py").write_text(f"def make(): return {folder!r}\n", encoding="utf-8")
    import json

    made = [import_target("json.py:make", lane_at(tmp_path / folder))() for folder in ("one", "two")]

    assert made == ["one", "two"]
    assert sys.modules["json"] is json


def test_a_function_that_is_not_there_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def make_backend(): ...\n", encoding="utf-8")

    with pytest.raises(LaneError, match="Did you mean 'make_backend'"):
        import_target("mine.py:make_backed", lane_at(tmp_path))


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("1 / 0", "raised ZeroDivisionError"),
        ("import sys; sys.exit(3)", "raised SystemExit: 3"),
        ("def (", "raised SyntaxError"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_as_a_sentence(tmp_path: Path, source: str, says: str) -> None:
    (tmp_path / "mine.py").write_text(source, encoding="utf-8")

    for _ in range(2):  # A failed import leaves no half module behind.
        with pytest.raises(LaneError, match=says):
            import_target("mine.py:make", lane_at(tmp_path))


def test_a_package_that_is_missing_is_told_with_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import no_such_package_at_all\n", encoding="utf-8")

    with pytest.raises(MissingExtraError, match=r"'no_such_package_at_all'.*pip install 'mine\[s3\]'"):
        import_target("mine.py:make", lane_at(tmp_path, extra="mine[s3]"))


def test_a_lane_of_a_file_finds_modules_beside_that_file(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("def make(): return 'beside'\n", encoding="utf-8")

    assert import_target("beside:make", lane_at(tmp_path))() == "beside"


def test_a_lane_file_without_lanes_is_a_lane_file(tmp_path: Path) -> None:
    assert read_lane_file(lanes_toml(tmp_path, "")) == LaneFile(tmp_path / "lanes.toml", ())
    assert import_target("remote_store.backends:MemoryBackend", lane_at(tmp_path)) is MemoryBackend


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def make(): pass", True),
        ("try:\n    from somewhere import make\nexcept ImportError:\n    make = None", True),
        ("class make: pass", True),
        ("from somewhere import *", True),
        ("def __getattr__(name): return name", True),
        ("not Python at all", True),
        ("def mage(): pass", False),
        ("def other():\n    def make(): pass", False),
    ],
    ids=["function", "import", "class", "star", "getattr", "syntax", "typo", "nested"],
)
def test_a_name_that_a_file_does_not_have_is_found_without_running_it(
    tmp_path: Path, source: str, *, found: bool
) -> None:
    (tmp_path / "mine.py").write_text(source + "\n", encoding="utf-8")
    name = f"{tmp_path / 'mine.py'}:make"

    if found:
        assert find_lane(name, [], {}).backend == name
    else:
        with pytest.raises(LaneError, match="nothing named 'make'"):
            find_lane(name, [], {})


def test_a_lane_of_a_conftest_is_known_to_be_pytests_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conftest.py").write_text("def pytest_rsconform_lanes(): return {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UnknownLaneError, match="pytest --rsconform-backend mine"):
        find_lane("mine", [], {})
