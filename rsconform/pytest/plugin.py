"""The pytest plugin: inert until `--rsconform-backend` is given. Everything heavier is imported then."""

from __future__ import annotations

from argparse import SUPPRESS
from typing import TYPE_CHECKING

import pytest

from rsconform.options import RunOptions, options, with_tuples

if TYPE_CHECKING:
    from collections.abc import Callable

    from remote_store import Backend


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; the longer ones say the same as those of `rsconform run`."""
    group = parser.getgroup("rsconform", "conformance of remote_store backends")
    add = group.addoption
    add("--rsconform-backend", action="append", default=[], metavar="LANE", help="Judge this lane. Repeatable.")
    add("--rsconform-reports", metavar="DIR", help="Write reports and certificate there.")
    for one in options():
        name, said = f"--rsconform-{one.name.replace('_', '-')}", one.metadata
        if isinstance(one.default, tuple):
            add(name, action="append", default=[], metavar=said["metavar"], help=said["help"])
        elif one.default is False:
            add(name, action="store_true", help=said["help"])
        elif "choices" in said:
            add(name, choices=said["choices"], default=one.default, help=said["help"])
        else:
            kind = said.get("type", str)
            add(name, type=kind, default=one.default, metavar=said["metavar"], help=said["help"])
    # Set by the supervisor of `rsconform run`.
    add("--rsconform-run", help=SUPPRESS)  # Text: a worker gets the options of its parent, as plain values.
    add("--rsconform-part", type=int, default=0, help=SUPPRESS)


def options_of(config: pytest.Config) -> RunOptions | None:
    """Return what a session was asked for; None if it was not asked for anything of ours."""
    given: str | None = config.getoption("rsconform_run", None)
    if given is not None:
        return RunOptions.from_json(given)
    backend = config.getoption("rsconform_backend", None)
    if not backend:
        return None
    said = with_tuples({one.name: config.getoption(f"rsconform_{one.name}") for one in options()})
    return RunOptions(backend=tuple(backend), folder=config.getoption("rsconform_reports"), **said)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a conftest.py register lanes."""
    pluginmanager.add_hookspecs(Hooks)


class Hooks:
    """Hooks that a conftest.py or a plugin may implement."""

    def pytest_rsconform_lanes(self) -> dict[str, Callable[[], Backend]]:  # type: ignore[empty-body]
        """Return callables that each give a backend over an empty store, by the name of their lane."""


def pytest_configure(config: pytest.Config) -> None:
    """Start the conformance run, if one was asked for."""
    asked = options_of(config)
    if asked is None:
        return
    from rsconform.pytest.session import Conformance

    config.pluginmanager.register(Conformance.of(config, asked), "rsconform-conformance")
