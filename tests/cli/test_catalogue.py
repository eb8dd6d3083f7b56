"""`rsconform list` and what it names."""

from __future__ import annotations

from click.testing import CliRunner

from rsconform.cli.catalogue import list_
from rsconform.spec.operations import OPERATIONS
from rsconform.spec.probes import index
from rsconform.spec.traits import AFFORDANCES


def test_the_vocabulary_is_listed_whole() -> None:
    result = CliRunner().invoke(list_, ["vocabulary"])

    words = {word.strip(",") for word in result.output.split()}
    assert result.exit_code == 0
    assert {*index(), *OPERATIONS, *AFFORDANCES} <= words
