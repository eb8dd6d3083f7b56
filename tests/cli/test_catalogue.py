"""`rsconform list` and `rsconform explain`: what they name and say."""

from __future__ import annotations

from click.testing import CliRunner

from rsconform.cli.catalogue import explain, list_
from rsconform.spec.operations import OPERATIONS
from rsconform.spec.probes import index
from rsconform.spec.traits import AFFORDANCES


def test_the_vocabulary_is_listed_whole() -> None:
    result = CliRunner().invoke(list_, ["vocabulary"])

    words = {word.strip(",") for word in result.output.split()}
    assert result.exit_code == 0
    assert {*index(), *OPERATIONS, *AFFORDANCES} <= words


def test_a_case_is_explained_with_its_store_its_steps_and_its_end() -> None:
    result = CliRunner().invoke(explain, ["BE-018b/missing[dst=x]"])

    assert result.exit_code == 0
    assert "BE-018b/missing[dst=x]  MUST  move() of a missing source raises NotFound" in result.output
    assert "  given     'nope2'  text:kept (4 bytes)" in result.output
    assert "  steps     1 move src='nope' dst='x'" in result.output
    assert "  end       the store is as it was" in result.output


def test_a_case_that_is_a_probe_is_explained_by_what_the_probe_does() -> None:
    result = CliRunner().invoke(explain, ["BE-028e/written[op=write,content=bytes]"])

    assert "  probe     " in result.output
    assert "1 probe concurrency." in result.output


def test_a_slip_in_the_id_of_a_case_is_answered_with_the_one_that_was_meant() -> None:
    result = CliRunner().invoke(explain, ["BE-018b/mising[dst=x]"])

    assert result.exit_code == 2
    assert "Did you mean 'BE-018b/missing[dst=x]'?" in result.output
