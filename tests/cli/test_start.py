"""What `rsconform` imports before it answers."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from rsconform.cli import cli


def test_the_version_is_said_without_a_command_or_its_libraries() -> None:
    code = "import sys, rsconform.cli\ntry: rsconform.cli.main()\nfinally: print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code, "--version"], capture_output=True, text=True, timeout=60, check=True
    )

    imported = set(done.stdout.split())
    assert "click" in imported
    assert not imported & {"remote_store", "sqlalchemy", "pytest", "rich", "jinja2", "hypothesis", "rsconform.cases"}


def test_the_list_of_commands_names_those_that_can_be_called() -> None:
    listed = CliRunner().invoke(cli, ["--help"]).output.partition("Commands:")[2]

    for line in filter(None, map(str.strip, listed.splitlines())):
        assert "Usage:" in CliRunner().invoke(cli, [line.split()[0], "--help"]).output


@pytest.mark.parametrize(("words", "shown"), [("rsconform run --ba", "--backend"), ("rsconform ga", "gate")])
def test_a_shell_completes_commands_and_their_options(words: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))

    done = CliRunner().invoke(cli, prog_name="rsconform", env={"_RSCONFORM_COMPLETE": "bash_complete"})

    assert f"plain,{shown}" in done.output
