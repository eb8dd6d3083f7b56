"""Lanes of odd stores: they deny, know no sizes, hold little, or are read over HTTP alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from remote_store.backends import ReadOnlyHttpBackend

from rsconform.lanes import Services, Snapshot, StoredFile, Subject
from rsconform.lanes.lane import Denied, Lane
from rsconform.selftest.bases import BASES, IN_THIS_PACKAGE, Base
from rsconform.spec.axiom import Place

_MEMORY: Final = BASES["memory"]


def declaring(base: Base, **traits: object) -> Base:
    """Return a lane that declares more of its store."""
    return replace(base, lane=replace(base.lane, traits={**base.lane.traits, **traits}))


def affording(base: Base, *affordances: str) -> Base:
    """Return a lane that affords nothing else."""
    return replace(base, lane=replace(base.lane, affordances=affordances))


def unseeded(base: Base) -> Base:
    """Return a lane into whose store only its backend puts files."""

    @contextmanager
    def fixture(services: Services) -> Iterator[Subject]:
        with base.fixture(services) as subject:
            yield replace(subject, seed=None)

    afforded = tuple(name for name in base.lane.affordances if name != "seed")
    return affording(replace(base, fixture=fixture), *afforded)


@dataclass
class Switch:
    """The affordance `deny` of a store in the same process."""

    is_on: bool = False

    def __call__(self, what: Denied = "everything") -> None:
        self.is_on = True

    def is_refused(self) -> bool:
        return self.is_on


@contextmanager
def _denying(services: Services) -> Iterator[Subject]:
    """The memory lane, whose backend has a switch with which access is taken away."""
    with _MEMORY.fixture(services) as subject:
        switch = Switch()

        def make() -> Any:
            backend: Any = subject.make()
            backend.switch = switch
            return backend

        yield replace(subject, make=make, deny=switch)


# Access can only be taken away from a store that lies elsewhere.
_ELSEWHERE: Final = declaring(_MEMORY, transport="fs")
DENYING: Final = affording(replace(_ELSEWHERE, fixture=_denying), "seed", "audit", "deny")
DENYING_UNAUDITED: Final = affording(DENYING, "seed", "deny")


class _Files(ThreadingHTTPServer):
    """Serves files from a dictionary, and a page at the root."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.since = formatdate(usegmt=True)

    def handle_error(self, *_: object) -> None:
        """Log nothing: the client may be gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Files

    def log_message(self, *_: object) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        key = unquote(self.path[1:])
        content = self.server.files.get(key, None if key else b"<html></html>")
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.send_header("Last-Modified", self.server.since)
        self.end_headers()
        if content is not None and body:
            self.wfile.write(content)


@contextmanager
def _served(_services: Services) -> Iterator[Subject]:
    """Files on a server of our own, read by the released HTTP backend."""
    with _Files() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"

        def seed(files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
            assert not folders, "HTTP knows no folders"
            server.files.update({path: file.content for path, file in files.items()})

        def audit() -> Snapshot:
            return Snapshot({path: StoredFile(content) for path, content in server.files.items()})

        try:
            yield Subject(
                make=lambda: ReadOnlyHttpBackend(url, http_client="urllib"),
                seed=seed,
                audit=audit,
                reset=server.files.clear,
            )
        finally:
            server.shutdown()


# Its docstring does not say that an instance is not to be shared where it talks through urllib.
HTTP: Final = Base(
    Lane(
        "http",
        Path(__file__),
        Place(__file__, 1),
        IN_THIS_PACKAGE,
        affordances=("seed", "audit"),
        traits={"flat_namespace": True, "transport": "http", "concurrency": "single_connection"},
    ),
    _served,
    known=frozenset({"BE-028h"}),
)
