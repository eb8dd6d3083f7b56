"""The service behind RestBackend, and the lanes over it: counted and broken by a wire."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

from rsconform.lanes import Services, Snapshot, StoredFile, Subject
from rsconform.lanes.lane import Lane
from rsconform.selftest.bases import IN_THIS_PACKAGE, Base
from rsconform.selftest.stores.rest import GONE, Client, RestBackend
from rsconform.spec.axiom import Place


class _Service(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, tuple[bytes, float]] | None = {}  # Content and time.
        self.lock = threading.Lock()

    def drop(self) -> None:
        """Remove the database with everything in it."""
        self.files = None

    def handle_error(self, *_: object) -> None:
        """Log nothing: the client may be gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Service

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self._serve()

    do_PUT = do_POST = do_DELETE = do_GET

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        where, _, query = self.path.partition("?")
        method = self.command
        if where.startswith("/as/"):
            _, _, method, where = where.split("/", 3)
            where = f"/{where}"
        with self.server.lock:
            status, answer = self._answer(method, where, dict(parse_qsl(query, keep_blank_values=True)), body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _answer(self, method: str, where: str, asked: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        files, key = self.server.files, asked.get("key", "")
        if files is None:
            return GONE if where == "/status" else 400, b""
        match method, where:
            case "GET", "/meta" | "/labels" | "/data":
                if key not in files:
                    return 404, b""
                content, written = files[key]
                described = json.dumps([len(content), written]).encode()
                return 200, {"/meta": described, "/labels": b"{}", "/data": content}[where]
            case "GET", "/list":
                below = sorted(name for name in files if name.startswith(asked["prefix"]) and name > asked["after"])
                page = [(name, len(files[name][0]), files[name][1]) for name in below[: int(asked["limit"])]]
                return 200, json.dumps({"keys": page, "more": len(page) < len(below)}).encode()
            case "PUT", "/data":
                if key in files and asked["overwrite"] == "0":
                    return 409, b""
                files[key] = (body, time.time())
            case "DELETE", "/data":
                return (204, b"") if files.pop(key, None) is not None else (404, b"")
            case "POST", "/copy":
                if asked["src"] not in files:
                    return 404, b""
                if asked["dst"] in files and asked["overwrite"] == "0":
                    return 409, b""
                files[asked["dst"]] = (files[asked["src"]][0], time.time())
            case _:
                pass
        return 200, b""


@contextmanager
def _serving() -> Iterator[_Service]:
    with _Service() as service:
        threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield service
        finally:
            service.shutdown()


@dataclass(frozen=True, slots=True)
class RestLane:
    """Lane fixtures over RestBackend."""

    strict: bool = False
    posts: bool = False

    @contextmanager
    def __call__(self, _services: Services) -> Iterator[Subject]:
        """A new, empty service behind a wire."""
        from rsconform.wire import Proxy

        with _serving() as service, Proxy("127.0.0.1", service.server_port) as wire:

            def make() -> RestBackend:
                client = Client("127.0.0.1", int(wire.url.rpartition(":")[2]), self.posts)
                return RestBackend(client, strict=self.strict)

            def seed(files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
                assert not folders, "a flat namespace has no empty folders"
                assert service.files is not None
                service.files.update({path: (file.content, time.time()) for path, file in files.items()})

            def audit() -> Snapshot:
                files = (service.files or {}).items()
                return Snapshot({path: StoredFile(content) for path, (content, _) in files})

            yield Subject(make=make, seed=seed, audit=audit, peers=True, container=service, requests=wire, wire=wire)

    def base(self) -> Base:
        """Return the lane."""
        traits = {
            "flat_namespace": True,
            "rejects_write_under_file_ancestor": self.strict,
            "transport": "http",
            "concurrency": "thread_safe",
        }
        affordances = ("seed", "audit", "peer", "container", "requests", "wire")
        lane = Lane("rest", Path(__file__), Place(__file__, 1), IN_THIS_PACKAGE, affordances=affordances, traits=traits)
        return Base(lane, self)
