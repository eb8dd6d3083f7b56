"""The pytest plugin: inert until `--rsconform-backend` is given. Everything heavier is imported then."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentTypeError
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from remote_store import Backend

PROFILES = (
    "quick",
    "standard",
    "deep",
)  # As `rsconform.run.records.Profile` has them, which is not imported for nothing.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; the longer ones say the same as those of `rsconform run`."""
    group = parser.getgroup("rsconform", "conformance of remote_store backends")
    add = group.addoption
    add("--rsconform-backend", action="append", default=[], metavar="LANE", help="judge this lane; may be repeated")
    add("--rsconform-spec", action="append", default=[], metavar="IDS", help="only these axioms: 'BE-*,SEEK-006'")
    add("--rsconform-case", action="append", default=[], metavar="ID", help="only this case; may be repeated")
    add("--rsconform-trait", action="append", default=[], metavar="NAME=VALUE", help="declare a trait of the lane")
    add("--rsconform-lanes", action="append", default=[], metavar="FILE", help="a lanes.toml to take lanes from")
    add("--rsconform-reports", metavar="DIR", help="write reports and certificate there")
    add("--rsconform-timeout", type=_seconds, default=10.0, metavar="SECONDS", help="limit of one operation (10)")
    add("--rsconform-fresh", action="store_true", help="an instance of its own for every case")
    add("--rsconform-fresh-store", action="store_true", help="each call of the callable gives a new, empty store")
    add("--rsconform-seed", type=int, default=0, metavar="N", help="seed of what is random")
    add(
        "--rsconform-profile", choices=PROFILES, default="quick", help="how deep to look for sequences, races and leaks"
    )
    add("--rsconform-level", choices=("must", "should"), default="must", help="the weakest level whose violation fails")
    add("--rsconform-contract", metavar="VERSION", help="judge by the contract of that release of remote-store")
    # Set by the supervisor of `rsconform run`.
    add("--rsconform-journal", help=SUPPRESS)
    add("--rsconform-part", type=int, default=0, help=SUPPRESS)
    add("--rsconform-rerun-command", default="", help=SUPPRESS)


def _seconds(text: str) -> float:
    """Return a limit; what is no number of seconds is refused, as `--timeout` of the command does."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 86_400:
        raise ArgumentTypeError(f"{text!r} is no number of seconds from 0.01 to 86400")
    return seconds


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a conftest.py register lanes."""
    pluginmanager.add_hookspecs(Hooks)


class Hooks:
    """Hooks that a conftest.py or a plugin may implement."""

    def pytest_rsconform_lanes(self) -> dict[str, Callable[[], Backend]]:  # type: ignore[empty-body]
        """Return callables that each give a backend over an empty store, by the name of their lane."""


def pytest_configure(config: pytest.Config) -> None:
    """Start the conformance run, if one was asked for."""
    if not config.getoption("rsconform_backend", None):
        return
    from rsconform.pytest.session import Conformance

    config.pluginmanager.register(Conformance.of(config), "rsconform-conformance")
