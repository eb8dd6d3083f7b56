"""One set of services for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rsconform.lanes.lane import Services


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    services = Services(own_process=True)
    yield services
    services.close()
