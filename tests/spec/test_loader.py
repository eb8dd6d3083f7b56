from __future__ import annotations

import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from rsconform.spec.axiom import Edition, Level, Place
from rsconform.spec.loader import load_edition
from rsconform.spec.problems import Problem, SpecError

HEAD = """\
format = 1
family.id = "BE"
family.title = "Backend operations"
family.contract = "remote-store >= 0.33"
family.source = "spec 003"
"""
AXIOM = """\
[[axiom]]
id = "BE-001"
title = "A title"
level = "MUST"
statement = "A statement."
"""
CASE = """\
[[axiom.case]]
name = "plain"
steps = [ { op = "exists", path = "a", returns = false } ]
"""


def write(folder: Path, text: str, name: str = "BE.toml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(dedent(text), "utf-8")
    return folder


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `specs` in the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "specs"


def load(*folders: Path) -> Edition:
    return load_edition(folders)


def mistakes_of(*folders: Path) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        load(*folders)
    return caught.value.problems


def only_mistake_of(*folders: Path) -> Problem:
    [problem] = mistakes_of(*folders)
    return problem


def test_everything_a_family_says_arrives_in_the_edition(specs: Path) -> None:
    write(specs, "[overwrite]\nomitted = {}\nyes = { overwrite = true }\n", "_sets.toml")
    write(
        specs,
        f"""\
        {HEAD.replace(chr(10), chr(10) + " " * 8)}
        [groups]
        "BE-008" = "write() and its preconditions"

        [[axiom]]
        id = "BE-008e"
        title = "Writing onto a folder is InvalidPath"
        level = "SHOULD"
        statement = \"\"\"
          Where folders are real,
          it is refused.\"\"\"
        requires = ["WRITE"]
        since = "0.33"
        same_as = ["BE-008"]
        note = "Decided."

          [[axiom.case]]
          name = "folder-target"
          lacks = ["USER_METADATA"]
          traits = {{ flat_namespace = false, transport = "http" }}
          needs = ["audit"]
          matrix = {{ overwrite = "@overwrite", n = [0, 1.5, true, "a"], row = {{ x = {{ path = "x" }} }} }}
          given = {{ "d/child" = "text:kept" }}
          steps = [
            {{ op = "write", path = "d", with = ["{{overwrite}}", {{ raises = "InvalidPath" }}] }},
            {{ op = "exists", path = "d" }},
          ]
          then = {{ unchanged = true }}
          fresh = true

          [[axiom.case]]
          name = "race"
          probe = "concurrency.one_winner"
          args = {{ creators = 8 }}
        """,
    )
    edition = load(specs)

    [family] = edition.families
    [axiom] = edition.axioms
    table, probe = axiom.cases
    assert (family.id, family.source, edition.groups) == (
        "BE",
        "spec 003",
        {"BE-008": "write() and its preconditions"},
    )
    assert (axiom.id, axiom.level, axiom.source, axiom.since) == ("BE-008e", Level.SHOULD, "spec 003", "0.33")
    assert axiom.statement == "Where folders are real, it is refused."
    assert (axiom.requires, axiom.same_as, axiom.note) == (("WRITE",), ("BE-008",), "Decided.")
    assert axiom.place == Place("specs/BE.toml", 10)
    assert (table.name, table.lacks, table.needs, table.fresh) == (
        "folder-target",
        ("USER_METADATA",),
        ("audit",),
        True,
    )
    assert table.traits == {"flat_namespace": False, "transport": "http"}
    assert [(axis.name, axis.points) for axis in table.axes] == [
        ("overwrite", (("omitted", {}), ("yes", {"overwrite": True}))),
        ("n", (("0", 0), ("1.5", 1.5), ("true", True), ("a", "a"))),
        ("row", (("x", {"path": "x"}),)),
    ]
    assert [step.place.line for step in table.steps] == [30, 31]
    assert table.steps[0].table["with"] == ["{overwrite}", {"raises": "InvalidPath"}]
    assert (table.given, table.then) == ({"d/child": "text:kept"}, {"unchanged": True})
    assert (probe.probe, probe.args, probe.steps) == ("concurrency.one_winner", {"creators": 8}, ())


def test_ten_mistakes_of_one_file_are_all_reported_with_their_lines_and_near_names(specs: Path) -> None:
    write(
        specs,
        """\
        format = 1
        family.id = "BE"
        family.title = "Backend operations"
        family.contract = "remote-store >= 0.33"
        family.source = "spec 003"

        [groups]
        "BE-009" = "Nobody's"

        [[axiom]]
        id = "BE-1x-"
        titel = "[[axiom]] in a string is no header"
        level = "Must"
        statement = '''
        [[axiom]]
        requires = [''' # [[axiom]]

        [[axiom]]
        id = "BE-002"
        title = "Second"
        level = "MUST"
        statement = "Second."
        requires = [
          "READ",
          "WRIT",
        ]

          [[axiom.case]]
          name = "one-winner"
          traits = { flat_namespce = false }
          needs = ["audit", "peers"]
          matrix = { call = "@misssing", path = ["a b"] }
          steps = [
            { op = "exists", path = "a" },
            "exists",
          ]

          [axiom.case.then]
          tree = {}
          unchangd = true
        """,
    )
    write(specs, "[missing]\nread = { op = 'read' }\n", "_sets.toml")

    found = [(problem.place.line, problem.slug, problem.got, problem.meant) for problem in mistakes_of(specs)]

    assert found == [
        (8, "empty-group", "BE-009", None),
        (10, "nothing-checks-it", None, None),
        (11, "bad-id", "BE-1x-", None),
        (12, "unknown-key", "titel", "title"),
        (13, "unknown-level", "Must", "MUST"),
        (25, "unknown-capability", "WRIT", "WRITE"),
        (30, "unknown-trait", "flat_namespce", "flat_namespace"),
        (31, "unknown-affordance", "peers", "peer"),
        (32, "bad-label", "a b", None),
        (32, "unknown-set", "@misssing", "@missing"),
        (35, "wrong-type", None, None),
        (40, "unknown-key", "unchangd", "unchanged"),
    ]


def test_a_mistake_reads_as_place_axiom_case_what_and_what_was_meant(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE + 'needs = ["peers"]\n')

    assert str(only_mistake_of(specs)) == (
        'specs/BE.toml:14: axiom BE-001, case "plain": unknown affordance "peers".\n'
        '  Did you mean "peer"? Known: audit, container, deny, other_process, peer, requests, seed, variants, wire.'
    )


def test_a_long_list_of_known_names_is_cut_to_the_nearest_and_where_to_see_all() -> None:
    known = ("races.torn", "races.reads", *(f"probe.{number}" for number in range(70)))
    problem = Problem("unknown-probe", Place("a.toml", 1), "", "unknown probe", "race.torn", known, "races.torn")

    assert str(problem) == (
        'a.toml:1: unknown probe "race.torn".\n'
        '  Did you mean "races.torn"? Also near: races.reads, probe.9, probe.8, probe.7, probe.6. '
        "All 72 known: rsconform list vocabulary."
    )


def test_mistakes_of_all_files_and_all_folders_are_collected(specs: Path, tmp_path: Path) -> None:
    write(specs, HEAD + AXIOM + CASE + "fresh = 1\n")
    write(specs, "[[axiom]\n", "SEEK.toml")
    other = write(tmp_path / "other", HEAD.replace('"BE"', '"ZIP"') + AXIOM + CASE, "ZIP.toml")

    assert [(str(problem.place), problem.slug) for problem in mistakes_of(specs, other)] == [
        ("other/ZIP.toml:6", "duplicate-id"),
        ("other/ZIP.toml:7", "foreign-id"),
        ("specs/BE.toml:14", "wrong-type"),
        ("specs/SEEK.toml:1", "toml-syntax"),
    ]


AXIOM_MISTAKES = {
    "an unknown key": ('levle = "MUST"', "unknown-key", "level"),
    "an unknown capability": ('requires = ["READS"]', "unknown-capability", "READ"),
    "a capability not in a list": ('requires = "READ"', "wrong-type", None),
    "a capability twice": ('requires = ["READ", "READ"]', "duplicate-name", None),
    "an unknown invariant": ('invariant = "only-our-error"', "unknown-invariant", "only-our-errors"),
    "a strange surface": ('surface = "asynch"', "unknown-surface", "async"),
    "a strange version": ('since = "next"', "bad-version", None),
    "an empty note": ('note = " "', "empty-value", None),
    "a reason why it is untestable, and a case": ('untestable = "No."', "untestable-tested", None),
}


@pytest.mark.parametrize(("line", "slug", "meant"), AXIOM_MISTAKES.values(), ids=AXIOM_MISTAKES)
def test_a_mistake_in_an_axiom_is_told_on_its_line(specs: Path, line: str, slug: str, meant: str | None) -> None:
    write(specs, HEAD + AXIOM + line + "\n" + CASE)

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.meant, problem.place.line) == (slug, meant, 11)


def test_what_an_axiom_is_the_same_as_has_to_exist(specs: Path) -> None:
    write(specs, HEAD + AXIOM + 'same_as = ["BE-999"]\n' + CASE)

    assert only_mistake_of(specs).slug == "unknown-axiom"


CASE_MISTAKES = {
    "an unknown key": ('neds = ["audit"]', "unknown-key", "needs"),
    "an unknown capability in lacks": ('lacks = ["GLOBB"]', "unknown-capability", "GLOB"),
    "an unknown affordance": ('needs = ["wires"]', "unknown-affordance", "wire"),
    "an unknown trait": ("traits = { range_read = true }", "unknown-trait", "range_reader"),
    "a value no trait has": ('traits = { transport = "htttp" }', "trait-value", "http"),
    "a number for a boolean trait": ("traits = { flat_namespace = 1 }", "trait-value", None),
    "a quoted boolean": ('traits = { flat_namespace = "true" }', "wrong-type", None),
    "a size as a trait to match": ('traits = { large_write = "8MiB" }', "unmatchable-trait", None),
    "an empty axis": ("matrix = { n = [] }", "empty-axis", None),
    "an empty table axis": ("matrix = { n = {} }", "empty-axis", None),
    "a label twice": ('matrix = { n = [1, "1"] }', "duplicate-label", None),
    "a label that is no word": ('matrix = { n = ["a b"] }', "bad-label", None),
    "a label in a table that is no word": ('matrix = { n = { "a b" = 1 } }', "bad-label", None),
    "a table in a list axis": ("matrix = { n = [{ a = 1 }] }", "bad-label", None),
    "an axis that is a plain string": ('matrix = { n = "x" }', "wrong-type", None),
    "an axis that no placeholder can name": ("matrix = { a-b = [1] }", "bad-axis-name", None),
    "a set that is in no file": ('matrix = { n = "@writes" }', "unknown-set", None),
    "a number for a flag": ("fresh = 1", "wrong-type", None),
    "a list for a table": ("given = []", "wrong-type", None),
    "an unknown key of then": ("then = { treee = {} }", "unknown-key", "tree"),
    "an unknown key of an alternative": ("then = { any_of = [{ treee = {} }] }", "unknown-key", "tree"),
    "a probe beside steps": ('probe = "a.b"', "probe-with-steps", None),
    "args without a probe": ("args = {}", "args-without-probe", None),
    "a broken ID that no file has": ('breaks = ["BE-021a"]', "unknown-invariant-id", None),
    "a broken ID that is no invariant": ('breaks = ["BE-001"]', "unknown-invariant-id", None),
    "a matrix too large to pass without a note": (
        "matrix = { a = [1, 2, 3, 4, 5, 6, 7], b = [1, 2, 3, 4, 5, 6] }", "large-matrix", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "slug", "meant"), CASE_MISTAKES.values(), ids=CASE_MISTAKES)
def test_a_mistake_in_a_case_is_told_with_axiom_and_case(specs: Path, line: str, slug: str, meant: str | None) -> None:
    write(specs, HEAD + AXIOM + CASE + line + "\n")

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.meant) == (slug, meant)
    assert problem.where == 'axiom BE-001, case "plain"'
    assert problem.place == Place("specs/BE.toml", 11 if slug == "unknown-invariant-id" else 14)


def test_a_label_that_is_no_word_is_told_the_table_form(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE + 'matrix = { path = ["a b"] }\n')

    assert 'Use the table form, { a-label = "a b" }.' in str(only_mistake_of(specs))


def test_a_note_allows_a_large_matrix(specs: Path) -> None:
    matrix = f"matrix = {{ n = {list(range(41))} }}\n"
    write(specs, HEAD + AXIOM + 'note = "All of them matter."\n' + CASE + matrix)

    assert len(load(specs).axioms[0].cases[0].axes[0].points) == 41


@pytest.mark.parametrize("key", ["id", "title", "level", "statement"])
def test_an_axiom_must_have_its_keys(specs: Path, key: str) -> None:
    axiom = "".join(line for line in AXIOM.splitlines(keepends=True) if not line.startswith(key))
    write(specs, HEAD + axiom + CASE)

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.got, problem.place.line) == ("missing-key", key, 6)


def test_an_axiom_that_nothing_checks_is_a_mistake(specs: Path) -> None:
    write(specs, HEAD + AXIOM)

    assert only_mistake_of(specs).slug == "nothing-checks-it"


@pytest.mark.parametrize("line", ['untestable = "It speaks of the docs."', 'invariant = "plain-answers"'])
def test_a_reason_or_an_invariant_stands_in_for_cases(specs: Path, line: str) -> None:
    write(specs, HEAD + AXIOM + line)

    assert load(specs).axioms[0].cases == ()


@pytest.mark.parametrize("steps", ["", "steps = []"])
def test_a_case_without_steps_and_probe_is_a_mistake(specs: Path, steps: str) -> None:
    write(specs, HEAD + AXIOM + f'[[axiom.case]]\nname = "x"\n{steps}\n')

    assert only_mistake_of(specs).slug == "nothing-runs"


@pytest.mark.parametrize("under", ["1", "[1]", "true"])
def test_with_is_a_table_a_name_or_a_list_of_these(specs: Path, under: str) -> None:
    write(
        specs,
        HEAD + AXIOM + f'[[axiom.case]]\nname = "x"\nsteps = [\n  {{ op = "close" }},\n  {{ with = {under} }},\n]\n',
    )

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.place.line) == ("wrong-type", 15)


def test_two_cases_of_one_name_are_a_mistake(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE + CASE)

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.place.line) == ("duplicate-case", 15)


def test_two_axioms_of_one_id_are_a_mistake_that_names_the_first(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE + AXIOM + CASE)

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.place.line) == ("duplicate-id", 14)
    assert "specs/BE.toml:6" in str(problem)


GOOD_IDS = ("BE-001", "BE-S1", "BE-DS-001", "BE-P2-010")
BAD_IDS = ("be-001", "BE001", "BE-", "BE-001A", "BE-001-2", "BE-001.", "BE-001a.b", " BE-001b")


@pytest.mark.parametrize("axiom_id", GOOD_IDS)
def test_ids_of_the_grammar_load(specs: Path, axiom_id: str) -> None:
    write(specs, HEAD + AXIOM.replace("BE-001", axiom_id) + CASE)

    assert load(specs).axioms[0].id == axiom_id


@pytest.mark.parametrize("axiom_id", BAD_IDS)
def test_ids_outside_the_grammar_are_a_mistake(specs: Path, axiom_id: str) -> None:
    write(specs, HEAD + AXIOM.replace("BE-001", axiom_id) + CASE)

    assert "bad-id" in {problem.slug for problem in mistakes_of(specs)}


def test_the_id_of_another_family_is_a_mistake(specs: Path) -> None:
    write(specs, HEAD + AXIOM.replace("BE-001", "SEEK-001") + CASE)

    assert only_mistake_of(specs).slug == "foreign-id"


def test_a_sentence_needs_its_group(specs: Path) -> None:
    write(specs, HEAD + AXIOM.replace("BE-001", "BE-001a") + CASE)

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.got) == ("missing-group", "BE-001")


def test_bundles_that_are_no_table_are_told_once(specs: Path) -> None:
    write(specs, "groups = 1\n" + HEAD + AXIOM + CASE)

    assert only_mistake_of(specs).slug == "wrong-type"


def test_letters_beside_the_plain_id_are_the_contracts_own(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE + AXIOM.replace("BE-001", "BE-001a") + CASE)

    assert [axiom.id for axiom in load(specs).axioms] == ["BE-001", "BE-001a"]


def test_an_id_with_letters_can_be_a_bundle_of_numbered_sentences(specs: Path) -> None:
    groups = '[groups]\n"BE-001a" = "Lettered by the contract"\n'
    write(specs, HEAD + groups + AXIOM.replace("BE-001", "BE-001a.1") + CASE)

    assert load(specs).axioms[0].id == "BE-001a.1"


def test_an_id_is_a_bundle_or_an_axiom_but_not_both(specs: Path) -> None:
    write(specs, HEAD + '[groups]\n"BE-001" = "x"\n' + AXIOM + CASE)

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.place.line) == ("group-is-axiom", 7)


def test_an_invariant_of_another_file_can_be_broken(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE + 'breaks = ["KIT-001"]\n')
    kit = HEAD.replace("BE", "KIT") + AXIOM.replace("BE", "KIT") + 'invariant = "only-our-errors"\n'
    write(specs, kit, "KIT.toml")

    assert load(specs).axioms[0].cases[0].breaks == ("KIT-001",)


def test_unknown_ids_are_not_told_while_a_file_cannot_be_parsed(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE + 'breaks = ["KIT-001"]\n')
    write(specs, "[family", "KIT.toml")

    assert [problem.slug for problem in mistakes_of(specs)] == ["toml-syntax"]


def test_the_sets_of_a_later_folder_add_to_those_of_the_first(specs: Path, tmp_path: Path) -> None:
    write(specs, "[one]\na = 1\n", "_sets.toml")
    write(specs, HEAD + AXIOM + CASE + 'matrix = { x = "@one", y = "@two" }\n')
    other = write(tmp_path / "other", "[two]\nb = 2\n", "_sets.toml")
    write(other, HEAD.replace("BE", "ZIP") + AXIOM.replace("BE", "ZIP") + CASE, "ZIP.toml")

    x, y = load(specs, other).axioms[0].cases[0].axes

    assert (x.points, y.points) == ((("a", 1),), (("b", 2),))


def test_a_set_of_two_folders_is_a_mistake(specs: Path, tmp_path: Path) -> None:
    write(specs, "[one]\na = 1\n", "_sets.toml")
    write(specs, HEAD + AXIOM + CASE)
    other = write(tmp_path / "other", "\n[one]\nb = 2\n", "_sets.toml")
    write(other, HEAD.replace("BE", "ZIP") + AXIOM.replace("BE", "ZIP") + CASE, "ZIP.toml")

    problem = only_mistake_of(specs, other)

    assert (problem.slug, str(problem.place)) == ("duplicate-set", "other/_sets.toml:2")


def test_a_syntax_error_is_a_mistake_with_its_line(specs: Path) -> None:
    write(specs, HEAD + AXIOM + '[[axiom.case]]\nsteps = [ {\n  op = "close" } ]\n')

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.place.line) == ("toml-syntax", 12)
    assert "one line" in str(problem)


def test_a_syntax_error_at_the_end_is_told_on_the_last_line(specs: Path) -> None:
    write(specs, HEAD + "x = [\n1,\n\n\n")

    assert only_mistake_of(specs).place.line == 7


def test_a_file_that_is_not_utf_8_is_a_mistake(specs: Path) -> None:
    specs.mkdir()
    (specs / "BE.toml").write_bytes(b'a = 1\nb = "\xff"\n')

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.place.line) == ("not-utf-8", 2)


@pytest.mark.parametrize("text", ["", "[family]\n", HEAD, "family = 1\n", "axiom = 1\n" + HEAD])
def test_a_file_that_is_no_family_is_a_mistake_and_no_traceback(specs: Path, text: str) -> None:
    write(specs, text)

    assert mistakes_of(specs)


def test_a_family_stands_in_the_file_of_its_name(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE, "BACKEND.toml")

    assert only_mistake_of(specs).slug == "misnamed-file"


def test_an_empty_folder_is_a_mistake(specs: Path) -> None:
    specs.mkdir()

    assert str(only_mistake_of(specs)) == "specs: no family file (NAME.toml) in the folder."


def test_a_folder_that_is_not_there_is_a_mistake(specs: Path) -> None:
    assert str(only_mistake_of(specs)) == "specs: no such folder."


def test_files_with_an_underscore_are_no_families(specs: Path) -> None:
    write(specs, HEAD + AXIOM + CASE)
    write(specs, "[[[", "_draft.toml")

    assert [family.id for family in load(specs).families] == ["BE"]


def test_families_come_in_the_order_of_their_ids(specs: Path, tmp_path: Path) -> None:
    write(specs, HEAD + AXIOM + CASE)
    other = write(tmp_path / "other", HEAD.replace("BE", "AW") + AXIOM.replace("BE", "AW") + CASE, "AW.toml")

    assert [family.id for family in load(specs, other).families] == ["AW", "BE"]


def test_a_folder_outside_the_working_directory_is_named_by_a_path_that_can_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "specs", HEAD + AXIOM + CASE)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    assert Path(load(tmp_path / "specs").axioms[0].place.path) == tmp_path / "specs" / "BE.toml"


def test_windows_line_ends_change_no_line_numbers(specs: Path) -> None:
    specs.mkdir()
    (specs / "BE.toml").write_bytes((HEAD + AXIOM + CASE).replace("\n", "\r\n").encode())

    assert load(specs).axioms[0].cases[0].place.line == 11


def test_families_load_from_inside_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "kit.zip", "w") as archive:
        archive.writestr("specs/BE.toml", HEAD + AXIOM + CASE)

    edition = load_edition([zipfile.Path(tmp_path / "kit.zip", "specs/")])

    assert str(edition.axioms[0].place) == "specs/BE.toml:6"


# -- a family in a folder, sets of its own, sets of sets --


def test_a_family_may_be_a_folder_of_files_whose_axioms_come_in_the_order_of_their_ids(specs: Path) -> None:
    specs.mkdir()
    write(specs / "BE", HEAD, "_family.toml")
    write(specs / "BE", "format = 1\n" + AXIOM.replace("BE-001", "BE-020") + CASE, "close.toml")
    write(specs / "BE", "format = 1\n" + AXIOM.replace("BE-001", "BE-004") + CASE, "existence.toml")

    [family] = load(specs).families

    assert [axiom.id for axiom in family.axioms] == ["BE-004", "BE-020"]
    assert str(family.axioms[1].place) == "specs/BE/close.toml:2"


def test_a_folder_is_named_as_its_family(specs: Path) -> None:
    specs.mkdir()
    write(specs / "OTHER", HEAD + AXIOM + CASE, "_family.toml")

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.hint) == ("misnamed-file", "Name the folder BE.")


def test_only_the_head_of_a_folder_says_what_the_family_is(specs: Path) -> None:
    specs.mkdir()
    write(specs / "BE", HEAD, "_family.toml")
    write(specs / "BE", HEAD + AXIOM + CASE, "close.toml")

    problem = only_mistake_of(specs)

    assert (problem.slug, problem.got, str(problem.place)) == ("unknown-key", "family", "specs/BE/close.toml:2")


def test_the_axioms_of_a_family_may_start_with_another_prefix(specs: Path) -> None:
    head = HEAD.replace('family.id = "BE"', 'family.id = "ADAPTERS"\nfamily.prefix = "BE"')
    write(specs, head + AXIOM + CASE, "ADAPTERS.toml")

    assert [axiom.id for axiom in load(specs).axioms] == ["BE-001"]


@pytest.mark.parametrize(("text", "slug"), [("", "missing-key"), ("format = 2\n", "unknown-format")])
def test_a_file_says_in_which_format_it_is(specs: Path, text: str, slug: str) -> None:
    write(specs, text + HEAD.removeprefix("format = 1\n") + AXIOM + CASE)

    assert only_mistake_of(specs).slug == slug


def test_a_family_has_sets_of_its_own(specs: Path) -> None:
    case = CASE + 'matrix = { path = "@names" }\n'
    write(specs, HEAD + '[sets.names]\nplain = "a"\n' + AXIOM + case)
    write(specs, HEAD.replace('"BE"', '"ZIP"') + AXIOM.replace("BE-", "ZIP-") + case, "ZIP.toml")

    problem = only_mistake_of(specs)  # Of the other family, which does not have it.

    assert (problem.slug, problem.got, problem.place.path) == ("unknown-set", "@names", "specs/ZIP.toml")


def test_a_set_may_be_made_of_sets(specs: Path) -> None:
    write(specs, 'all = ["@plain", "@atomic"]\n[plain]\na = 1\n[atomic]\nb = 2\n', "_sets.toml")
    write(specs, HEAD + AXIOM + CASE + 'matrix = { how = "@all" }\n')

    [axis] = load(specs).axioms[0].cases[0].axes

    assert axis.points == (("a", 1), ("b", 2))


@pytest.mark.parametrize(
    ("sets", "slug"),
    [
        ('all = ["@none"]\n[plain]\na = 1\n', "unknown-set"),
        ('all = ["plain"]\n[plain]\na = 1\n', "wrong-type"),
        ('all = ["@plain", "@other"]\n[plain]\na = 1\n[other]\na = 2\n', "duplicate-label"),
        ('all = ["@more"]\nmore = ["@all"]\n[plain]\na = 1\n', "circular-set"),
        ("all = 1\n[plain]\na = 1\n", "wrong-type"),
    ],
)
def test_a_set_of_sets_that_cannot_be_is_a_mistake_in_its_file(specs: Path, sets: str, slug: str) -> None:
    write(specs, sets, "_sets.toml")
    write(specs, HEAD + AXIOM + CASE)

    problems = mistakes_of(specs)

    assert [(problem.slug, problem.place.path) for problem in problems] == [(slug, "specs/_sets.toml")]
