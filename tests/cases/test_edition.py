"""One look tells the problems of files and of cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsconform.cases.edition import load_checked
from rsconform.spec.problems import SpecError

TEN_MISTAKES = """
format = 1
family.id = "T"
family.title = "Test axioms"
family.contract = "remote-store >= 0.33"
family.source = "tests"

[[axiom]]
id = "T-001"
titel = "A misspelt key"
level = "MOST"
statement = "Ten different problems are reported at once."
requires = ["REED"]

  [[axiom.case]]
  name = "one"
  traits = { flat_namespac = true }
  needs = ["audits"]
  steps = [ { op = "raed", path = "a" } ]

  [[axiom.case]]
  name = "two"
  steps = [
    { op = "read", path = "a", raises = "NotFond" },
    { op = "read", path = "a", reads = "bites:3" },
    { op = "exists" },
  ]
  then = { tre = {} }

  [[axiom.case]]
  name = "three"
  steps = [ { op = "read", path = "{p}" } ]
"""


def test_ten_mistakes_of_a_file_and_of_its_cases_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "T.toml").write_text(TEN_MISTAKES, encoding="utf-8")

    with pytest.raises(SpecError) as caught:
        load_checked([tmp_path])

    reported = str(caught.value)
    for wrong in ("titel", "MOST", "REED", "flat_namespac", "audits", "raed", "NotFond", "bites", '"p"', "path", "tre"):
        assert wrong in reported
    assert reported.count('"tre"') == 1
    assert 'Did you mean "read"?' in reported
    assert 'Did you mean "NotFound"?' in reported
