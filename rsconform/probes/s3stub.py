"""A server that talks just enough S3 for a client to go on: for what an emulator in the same process cannot show.

It holds no object. Every key exists with the same size, those below `new/` once they were written; `refused` is 503;
bodies are zeros on the way out and thrown away on the way in. Listings are empty, except of a key itself and below
`many/`, where there are 2000 keys.
"""

from __future__ import annotations

import functools
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

_PIECE: Final = bytes(64 << 10)
_XML: Final = "<?xml version='1.0' encoding='UTF-8'?><{name}><UploadId>u</UploadId><ETag>\"e-1\"</ETag></{name}>"
_EMPTY_LIST: Final = b"<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>"
_ONE_KEY: Final = (
    "<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>{key}</Key>"
    '<LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>"e"</ETag><Size>{size}</Size></Contents></ListBucketResult>'
)
_REFUSAL: Final = b"<Error><Code>SlowDown</Code><Message>later</Message></Error>"


@functools.cache
def _page(number: int) -> bytes:
    """Return one of the two pages of a thousand keys below `many/`."""
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken>"
    entry = (
        "<Contents><Key>many/d{folder:02}/f{key:04}</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified>"
        "<ETag>&quot;0cc175b9c0f1b6a831c399e269772661&quot;</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass>"
        "</Contents>"
    )
    keys = range(1000 * (number - 1), 1000 * number)
    entries = "".join(entry.format(folder=key // 100, key=key) for key in keys)
    rest = more if number == 1 else "<IsTruncated>false</IsTruncated>"
    return f"<ListBucketResult><KeyCount>1000</KeyCount>{rest}{entries}</ListBucketResult>".encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # A small body would wait for the acknowledgement of its headers.
    server: StubServer

    def setup(self) -> None:
        super().setup()
        self.server.count(connections=1)

    def finish(self) -> None:
        self.server.count(connections=-1)
        super().finish()

    def do_HEAD(self) -> None:
        key = urlsplit(self.path).path
        is_missing = "/new/" in key and key not in self.server.written
        self._answer(404 if is_missing else 200, size=self.server.size_bytes)

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            self._answer(body=self._listing(query.get("prefix", [""])[0], 2 if "continuation-token" in query else 1))
        else:
            self._answer(size=self.server.size_bytes)

    def _listing(self, prefix: str, page: int) -> bytes:
        if prefix.startswith("many/"):
            return _page(page)
        if not prefix or prefix.endswith("/") or prefix.startswith("new/"):
            return _EMPTY_LIST
        return _ONE_KEY.format(key=quote(prefix), size=self.server.size_bytes).encode()

    def do_PUT(self) -> None:
        self._swallow()
        self.server.written.add(urlsplit(self.path).path)
        self._answer()

    def do_DELETE(self) -> None:
        self._answer(204)

    def do_POST(self) -> None:
        self._swallow()
        starts = "uploads" in parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        name = "InitiateMultipartUploadResult" if starts else "CompleteMultipartUploadResult"
        self._answer(body=_XML.format(name=name).encode())

    def log_message(self, *_: object) -> None:
        """Write nothing into anybody's output."""

    def _answer(self, status: int = 200, *, size: int = 0, body: bytes = b"") -> None:
        self.server.count(**{self.command: 1})
        if urlsplit(self.path).path.rpartition("/")[2].startswith("refused"):
            status, size, body = 503, 0, b"" if self.command == "HEAD" else _REFUSAL
        first, last = 0, size - 1
        asked = self.headers.get("Range")
        if asked and size:
            start, _, stop = asked.removeprefix("bytes=").partition("-")
            status, first, last = 206, int(start), min(int(stop or last), last)
        length = len(body) or last - first + 1
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", '"e"')
        self.send_header("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT")
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if self.command == "HEAD":
            return
        if body:
            self.wfile.write(body)
            return
        try:
            while length > 0:
                self.wfile.write(_PIECE[:length])
                length -= len(_PIECE)
        except OSError:
            self.close_connection = True  # The reader went away, as it may.

    def _swallow(self) -> None:
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            piece = self.rfile.read(min(left, len(_PIECE)))
            if not piece:
                return
            left -= len(piece)
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                continue


class StubServer(ThreadingHTTPServer):
    """The server, on a port of its own on loopback, and its counts."""

    daemon_threads = True

    def __init__(self, size_bytes: int, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.size_bytes = size_bytes
        self.counts: Counter[str] = Counter()
        self.written: set[str] = set()
        self._lock = threading.Lock()
        if context is not None:
            # The handshake is the connection's own, so that one that fails ends nothing but itself.
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.scheme = "http" if context is None else "https"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def count(self, **more: int) -> None:
        with self._lock:
            self.counts.update(more)

    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients come and go as they like."""


@contextmanager
def stub_server(size_bytes: int = 0, context: ssl.SSLContext | None = None) -> Iterator[StubServer]:
    """Yield a server in this process."""
    server = StubServer(size_bytes, context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(size_bytes: int) -> None:
    """Serve in a process of its own, saying where, until it is ended."""
    server = StubServer(size_bytes)
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
