"""junit.xml: the shape of pytest's own, what it says of each case, and that it is XML whatever a backend says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from rsconform.report.junit import write_junit
from rsconform.report.report import Report
from rsconform.run.records import Failure, Instance
from tests.report.golden import assert_golden
from tests.report.journals import axiom, breach, errored, failed, passed, planned, report, rich

# What the junit-10 schema says, as far as either of us uses it: the attributes of an element, those that it must have,
# and its children.
JUNIT_10: Mapping[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
        {"name", "tests", "failures", "errors"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "classname", "time", "group", "file", "line", "assertions", "status"},
        {"name", "classname"},
        {"skipped", "error", "failure", "properties", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, {"name", "value"}, set()),
    "failure": ({"message", "type"}, set(), set()),
    "error": ({"message", "type"}, set(), set()),
    "skipped": ({"message", "type"}, set(), set()),
}
_TEXTS = {"failure", "error", "skipped"}
_COUNTED = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def breaches_of_the_schema(element: Element) -> Iterator[str]:
    """Yield a sentence for each thing in which an element is not as junit-10 has it."""
    if element.tag not in JUNIT_10:
        yield f"unknown element {element.tag}"
        return
    allowed, required, children = JUNIT_10[element.tag]
    yield from (f"{element.tag} has {name}" for name in set(element.keys()) - allowed)
    yield from (f"{element.tag} lacks {name}" for name in required - set(element.keys()))
    yield from (f"{child.tag} in {element.tag}" for child in element if child.tag not in children)
    if (element.text or "").strip() and element.tag not in _TEXTS:
        yield f"text in {element.tag}"
    for name in set(element.keys()) & {"time"}:
        if not re.fullmatch(r"\d+(\.\d+)?", element.attrib[name]):
            yield f"{name} of {element.tag} is no decimal: {element.attrib[name]}"
    if element.tag == "testsuite":
        for name in set(element.keys()) & _COUNTED.keys():
            if int(element.attrib[name]) != len(list(element.iter(_COUNTED[name]))):
                yield f"{name} of the suite is wrong"
    for child in element:
        yield from breaches_of_the_schema(child)


def parsed(made: Report) -> Element:
    root = ElementTree.fromstring(write_junit(made))
    assert list(breaches_of_the_schema(root)) == []
    return root


def case_named(root: Element, name: str) -> Element:
    return next(case for case in root.iter("testcase") if case.get("name") == name)


def properties(element: Element) -> dict[str | None, str | None]:
    return {one.get("name"): one.get("value") for one in element.findall("properties/property")}


def test_the_whole_of_it() -> None:
    ElementTree.indent(root := parsed(rich()))

    assert_golden("junit.xml", ElementTree.tostring(root, encoding="unicode") + "\n")


def test_it_has_the_shape_of_pytests_own(tmp_path: Path) -> None:
    (tmp_path / "test_four.py").write_text(
        "import pytest\n"
        "@pytest.fixture\n"
        "def broken(): raise ValueError\n"
        "def test_passes(record_property): record_property('axiom', 'BE-006')\n"
        "def test_fails(): assert 0\n"
        "def test_errs(broken): pass\n"
        "def test_waits(): pytest.skip('why')\n"
    )
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--junitxml=own.xml", "-p", "no:rsconform", "-p", "no:cacheprovider"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    own = ElementTree.parse(tmp_path / "own.xml").getroot()
    ours = parsed(rich())

    def shape(root: Element) -> set[tuple[str, str]]:
        return {(element.tag, child.tag) for element in root.iter() for child in element}

    assert list(breaches_of_the_schema(own)) == []
    assert shape(own) <= shape(ours)
    for tag in ("testsuites", "testsuite", "testcase", "property", "failure", "error", "skipped"):
        theirs = {name for element in own.iter(tag) for name in element.keys()}  # noqa: SIM118
        # The host is nobody's business.
        assert theirs - {"hostname"} <= {name for element in ours.iter(tag) for name in element.keys()}  # noqa: SIM118


def test_a_failure_has_what_was_seen_as_its_message_and_everything_as_its_text() -> None:
    root = parsed(report(failed("BE-006/a[how=stream]")))

    case = case_named(root, "BE-006/a[how=stream]")
    (failure,) = case.findall("failure")
    assert case.get("classname") == "memory.BE"
    assert failure.get("message") == "expected the ten bytes written, observed nine bytes"
    assert "rerun     rsconform run --backend memory" in (failure.text or "")
    assert properties(case) == {"axiom": "BE-006", "level": "MUST", "verdict": "violated"}


def test_an_invariant_is_a_testcase_and_its_witness_keeps_its_own_result() -> None:
    axioms = [axiom("BE-006"), axiom("BE-002b", invariant="error-names-backend")]
    made = report(passed("BE-006/a", breaches=(breach("BE-002b"),), judged=("BE-002b",)), axioms=axioms)

    root = parsed(made)

    assert case_named(root, "BE-006/a").find("failure") is None
    failure = case_named(root, "BE-002b/every-case").find("failure")
    assert failure is not None
    assert "seen in   BE-006/a" in (failure.text or "")


def test_a_case_without_outcome_is_an_error() -> None:
    root = parsed(report(passed("BE-006/a"), plan=[planned("BE-006/a"), planned("BE-006/b")], footer=None))

    error = case_named(root, "BE-006/b").find("error")
    assert error is not None
    assert error.get("message") == "no outcome: the journal has no end"


def test_a_lane_that_is_down_has_no_failures() -> None:
    made = report(plan=[planned("BE-006/a")], instance=Instance(unreachable="refused"))

    root = parsed(made)

    assert list(root.iter("failure")) == []
    assert len(list(root.iter("error"))) == 1


def test_what_xml_cannot_hold_is_written_as_pytest_writes_it() -> None:
    nasty = Failure(expected="<b>&\x00", observed="\ud800 ]]> \x1b[31m")

    root = parsed(report(failed("BE-006/a", failure=nasty), errored("BE-007/a", "\x07\ufffe")))

    failure = case_named(root, "BE-006/a").find("failure")
    assert failure is not None
    assert failure.get("message") == "expected <b>&#x00, observed #xD800 ]]> #x1B[31m"


def test_every_planned_case_is_a_testcase_once() -> None:
    made = rich()

    names = Counter(case.get("name") for case in parsed(made).iter("testcase"))

    assert {outcome.case for outcome in made.outcomes()} <= names.keys()
    assert set(names.values()) == {1}
