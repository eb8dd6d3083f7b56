"""What passes the wire passes it unchanged, in a stream, and leaves no secret behind."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from rsconform.spec.keys import S3_REQUESTS
from rsconform.wire import Proxy
from rsconform.wire.dialects import _ON_BUCKETS, _ON_OBJECTS, S3, query_of
from tests.wire.servers import PIECE, Server, connect, raw

MiB = 1024 * 1024
SECRETS = ("AKIASECRET", "s3cr3tsignature", "t0ken")
SIGNED = (
    b"PUT /bucket/a%20key?partNumber=1&uploadId=u&X-Amz-Signature=s3cr3tsignature&X-Amz-Credential=AKIASECRET"
    b" HTTP/1.1\r\n"
    b"Host: bucket.of.the.client:1234\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=AKIASECRET/x, Signature=s3cr3tsignature\r\n"
    b"X-Amz-Security-Token: t0ken\r\n"
    b"X-Odd-Case: kept\r\n"
    b"Cookie: t0ken\r\n"
    b"If-None-Match: *\r\n"
    b"Content-Length: 3\r\n"
    b"Connection: close\r\n\r\nabc"
)


def test_a_signed_request_reaches_the_server_as_it_was_sent(wire: Proxy, server: Server) -> None:
    raw(wire.url, SIGNED)

    method, target, headers = server.heads[0]
    assert f"{method} {target}".encode() in SIGNED
    sent = [line.split(": ", 1) for line in SIGNED.decode().partition("\r\n\r\n")[0].split("\r\n")[1:]]
    assert sorted(map(list, headers)) == sorted(sent)


def test_the_record_holds_no_credential_and_no_signature(wire: Proxy) -> None:
    raw(wire.url, SIGNED)

    (request,) = wire.requests()
    assert not any(secret in repr(request) for secret in SECRETS)
    assert request.kind == "UploadPart"
    assert request.query == {"partNumber": "1", "uploadId": "u"}
    assert request.headers == {"if-none-match": "*", "content-length": "3"}
    assert (request.status, request.sent_bytes, request.received_bytes) == (200, 3, 21)


def test_a_connection_serves_one_request_after_the_other(wire: Proxy, server: Server) -> None:
    connection = connect(wire.url)
    for method, body in (("GET", None), ("HEAD", None), ("PUT", b"x" * 5), ("DELETE", None), ("GET", None)):
        connection.request(method, "/bucket/key", body=body)
        sock = connection.sock
        reply = connection.getresponse()
        assert reply.getheader("ETag") == '"raw"'
        assert reply.read() == (b"" if method == "HEAD" else server.reply)
        assert connection.sock is sock
    connection.close()

    assert wire.counts() == {"GetObject": 2, "HeadObject": 1, "PutObject": 1, "DeleteObject": 1}


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_64_mib_pass_in_both_directions_without_growth(wire: Proxy, server: Server, chunked: bool) -> None:
    server.large, server.chunked = 64 * MiB, chunked
    connection = connect(wire.url)
    tracemalloc.start()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    pieces = (bytes(PIECE) for _ in range(64 * MiB // PIECE))
    headers = {} if chunked else {"Content-Length": str(64 * MiB)}
    connection.request("PUT", "/bucket/key", body=pieces, headers=headers, encode_chunked=chunked)
    reply = connection.getresponse()
    received = 0
    while piece := reply.read(PIECE):
        received += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    connection.close()

    assert (server.bodies, received) == ([64 * MiB], 64 * MiB)
    assert peak < 8 * MiB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB on Linux.


def test_a_client_that_waits_to_be_told_to_send_is_told(wire: Proxy, server: Server) -> None:
    host, _, port = wire.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 10) as sock:
        sock.sendall(b"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert sock.recv(PIECE).startswith(b"HTTP/1.1 100")
        sock.sendall(b"abc")
        assert sock.recv(PIECE).startswith(b"HTTP/1.1 200")

    assert server.bodies == [3]


def test_a_client_that_vanishes_harms_nobody_else(wire: Proxy, server: Server) -> None:
    server.large = 64 * MiB
    host, _, port = wire.url.removeprefix("http://").partition(":")
    for request in (
        b"GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n",
        b"PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab",
        b"GE",
    ):
        with socket.create_connection((host, int(port)), 10) as sock:
            sock.sendall(request)
            time.sleep(0.05)
    server.large = 0

    assert raw(wire.url, b"GET /b/k HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").endswith(server.reply)
    deadline = time.monotonic() + 10
    while wire._connections and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not wire._connections


def test_the_wire_serves_beside_more_open_files_than_select_knows(wire: Proxy, server: Server) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        assert max(held) > 1023
        assert raw(wire.url, SIGNED).startswith(b"HTTP/1.1 200")
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_server_that_is_gone_ends_the_connection(server: Server) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with Proxy("127.0.0.1", unused.getsockname()[1]) as wire:
            assert raw(wire.url, b"GET /b/k HTTP/1.1\r\nHost: h\r\n\r\n") == b""
            assert wire.counts() == {"GET": 1}


def test_what_is_no_http_ends_the_connection(wire: Proxy) -> None:
    assert raw(wire.url, b"\x16\x03\x01nonsense\r\n\r\n") == b""
    assert wire.counts() == {}


def test_no_thread_and_no_connection_outlives_the_wire(server: Server) -> None:
    before = threading.active_count()
    with Proxy("127.0.0.1", server.port) as wire:
        connections = [connect(wire.url) for _ in range(5)]
        for connection in connections:
            connection.request("GET", "/b/k")
            connection.getresponse().read()
        assert wire.counts() == {"GET": 5}
        wire.forget()
        assert wire.counts() == {}
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.02)

    assert threading.active_count() <= before
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    ("method", "target", "copies", "kind"),
    [
        ("GET", "/b/k", False, "GetObject"),
        ("HEAD", "/b/k/", False, "HeadObject"),
        ("HEAD", "/b", False, "HeadBucket"),
        ("HEAD", "/b/", False, "HeadBucket"),
        ("GET", "/b?list-type=2&prefix=x", False, "ListObjectsV2"),
        ("GET", "/b?prefix=x", False, "ListObjects"),
        ("PUT", "/b/k", False, "PutObject"),
        ("PUT", "/b/k", True, "CopyObject"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", False, "UploadPart"),
        ("PUT", "/b/k?partNumber=1&uploadId=u", True, "UploadPartCopy"),
        ("POST", "/b/k?uploads", False, "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=u", False, "CompleteMultipartUpload"),
        ("DELETE", "/b/k?uploadId=u", False, "AbortMultipartUpload"),
        ("DELETE", "/b/k", False, "DeleteObject"),
        ("POST", "/b?delete", False, "DeleteObjects"),
        ("GET", "/", False, "ListBuckets"),
        ("PATCH", "/b/k", False, "PATCH"),
    ],
)
def test_a_request_has_the_name_of_its_s3_operation(method: str, target: str, copies: bool, kind: str) -> None:
    path, query = query_of(target)

    assert S3().kind(method, path, query, {"x-amz-copy-source": "/b/s"} if copies else {}) == kind


def test_the_names_are_those_that_axioms_may_use() -> None:
    for method, _, _, kind in (*_ON_OBJECTS, *_ON_BUCKETS):
        assert S3_REQUESTS[kind] == method


def test_many_connections_pass_at_once_and_each_gets_its_own_reply(wire: Proxy, server: Server) -> None:
    def ask(number: int) -> None:
        connection = connect(wire.url)
        for _ in range(20):
            connection.request("PUT", f"/b/{number}", body=bytes(number))
            assert connection.getresponse().read() == server.reply
        connection.close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))

    assert wire.counts() == {"PutObject": 320}
    assert sorted(server.bodies) == sorted([*range(16)] * 20)
    assert all(request.sent_bytes == int(request.path.removeprefix("/b/")) for request in wire.requests())
