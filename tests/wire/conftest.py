"""A wire to a tiny server, once as any HTTP server and once as S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rsconform.wire import S3, Proxy
from tests.wire.servers import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def wire(server: Server) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", server.port, S3()) as wire:
        yield wire
