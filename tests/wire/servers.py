"""A tiny HTTP server that records its requests, and a client that sends given bytes."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 64 * 1024


@dataclass
class Server:
    """What came, as it came."""

    port: int = 0
    heads: list[tuple[str, str, list[tuple[str, str]]]] = field(default_factory=list)
    bodies: list[int] = field(default_factory=list)
    reply: bytes = b"hello from the server"
    large: int = 0  # If set, the reply's body is that many bytes.
    chunked: bool = False


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.heads.append((self.command, self.path, self.headers.items()))
            server.bodies.append(self._swallow())
            size = server.large or len(server.reply)
            self.send_response(200)
            self.send_header("ETag", '"raw"')
            if server.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(size))
            self.end_headers()
            if self.command == "HEAD":
                return
            for start in range(0, size, PIECE):
                piece = bytes(min(PIECE, size - start)) if server.large else server.reply
                self._piece(piece)
            if server.chunked:
                self.wfile.write(b"0\r\n\r\n")

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

        def _piece(self, piece: bytes) -> None:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if server.chunked else piece)

        def _swallow(self) -> int:
            if self.headers.get("Transfer-Encoding") == "chunked":
                total = 0
                while size := int(self.rfile.readline(), 16):
                    total += len(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return total
            left = total = int(self.headers.get("Content-Length", 0))
            while left:
                piece = self.rfile.read(min(left, PIECE))
                if not piece:  # The client is gone.
                    break
                left -= len(piece)
            return total - left

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


@contextmanager
def serving() -> Iterator[Server]:
    """Yield a running server."""
    server = Server()

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # A connection that a test broke.

    with Quiet(("127.0.0.1", 0), _handler(server)) as running:
        server.port = running.server_address[1]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            running.shutdown()
            thread.join()


def connect(url: str) -> http.client.HTTPConnection:
    """Return a connection to a proxy."""
    return http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)


def raw(url: str, data: bytes) -> bytes:
    """Send bytes and return everything that comes until the connection ends."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 20) as sock:
        sock.sendall(data)
        received = b""
        while piece := sock.recv(PIECE):
            received += piece
        return received
