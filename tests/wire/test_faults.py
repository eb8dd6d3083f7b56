"""Each fault befalls the request that it is about, and no other."""

from __future__ import annotations

import http.client
import socket
import threading
import time

import pytest

from rsconform.cases.faults import Fault
from rsconform.wire import Proxy
from tests.wire.servers import Server, connect, raw


def ask(wire: Proxy, method: str = "GET", path: str = "/bucket/key", body: bytes | None = None) -> tuple[int, bytes]:
    connection = connect(wire.url)
    try:
        connection.request(method, path, body=body)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_a_status_with_an_error_code_comes_with_a_body_of_s3s_and_the_server_sees_nothing(
    wire: Proxy, server: Server
) -> None:
    wire.arm([Fault(status=503, code="SlowDown")])

    status, body = ask(wire, "PUT", body=b"x" * 100_000)

    assert status == 503
    assert b"<Code>SlowDown</Code>" in body
    assert wire.clear() == (1,)
    assert server.heads == []


@pytest.mark.parametrize("status", [400, 403, 404, 503])
def test_an_error_to_head_has_no_body(wire: Proxy, status: int) -> None:
    wire.arm([Fault(status=status, code="AccessDenied")])

    received = raw(wire.url, b"HEAD /bucket/key HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 %d" % status)
    assert received.partition(b"\r\n\r\n")[2] == b""


def test_a_success_can_hold_an_error(wire: Proxy) -> None:
    wire.arm([Fault(on=("CompleteMultipartUpload",), status=200, code="InternalError")])

    assert b"<Code>InternalError</Code>" in ask(wire, "POST", "/bucket/key?uploadId=1", b"<x/>")[1]


def test_a_bulk_request_can_fail_for_some_keys(wire: Proxy) -> None:
    wire.arm([Fault(on=("DeleteObjects",), status=200, errors={"a&b": "AccessDenied"})])

    status, body = ask(wire, "POST", "/bucket?delete", b"<x/>")

    assert status == 200
    assert b"<Key>a&amp;b</Key><Code>AccessDenied</Code>" in body


def test_a_redirect_names_the_region(wire: Proxy) -> None:
    wire.arm([Fault(status=301, code="PermanentRedirect", region="eu-west-1")])

    received = raw(wire.url, b"GET /bucket/key HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

    assert b"x-amz-bucket-region: eu-west-1" in received


def test_a_refused_connection_is_refused_and_the_next_one_is_let_in(wire: Proxy) -> None:
    kept = connect(wire.url)
    kept.request("GET", "/bucket/key")
    kept.getresponse().read()
    wire.arm([Fault(refuse=True)])

    with pytest.raises(ConnectionRefusedError):
        ask(wire)
    assert kept.sock.recv(1) == b""
    kept.close()

    assert wire.clear() == (1,)
    assert ask(wire)[0] == 200


def test_a_reset_comes_before_the_reply_and_before_the_server(wire: Proxy, server: Server) -> None:
    wire.arm([Fault(reset=True)])

    with pytest.raises(ConnectionResetError):
        ask(wire)

    assert server.heads == []


def test_a_reset_comes_after_so_many_bytes_of_the_body(wire: Proxy) -> None:
    wire.arm([Fault(reset=5)])
    connection = connect(wire.url)
    connection.request("GET", "/bucket/key")

    reply = connection.getresponse()

    assert reply.status == 200
    with pytest.raises(ConnectionResetError):
        reply.read()
    connection.close()


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "chunked"])
def test_a_body_is_cut_off(wire: Proxy, server: Server, chunked: bool) -> None:
    server.chunked = chunked
    wire.arm([Fault(cut=5)])

    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(wire)

    assert caught.value.partial == b"hello"
    assert wire.clear() == (1,)


def test_a_body_that_is_shorter_is_not_cut_off_and_the_fault_is_not_met(wire: Proxy, server: Server) -> None:
    wire.arm([Fault(cut=1000)])

    assert ask(wire) == (200, server.reply)
    assert wire.clear() == (0,)


def test_a_lost_reply_comes_after_the_server_has_acted(wire: Proxy, server: Server) -> None:
    wire.arm([Fault(lost=True)])

    with pytest.raises(http.client.RemoteDisconnected):
        ask(wire, "PUT", body=b"x" * 10)

    assert server.bodies == [10]


def test_a_lost_reply_may_be_another_one(wire: Proxy, server: Server) -> None:
    wire.arm([Fault(lost=True, status=500, code="InternalError")])

    assert ask(wire, "PUT", body=b"x")[0] == 500
    assert server.bodies == [1]


def test_garbage_is_no_http(wire: Proxy) -> None:
    wire.arm([Fault(garbage="reply")])

    with pytest.raises(http.client.BadStatusLine):
        ask(wire)


def test_garbage_in_the_body_is_a_success(wire: Proxy, server: Server) -> None:
    wire.arm([Fault(garbage="body")])

    status, body = ask(wire)

    assert status == 200
    assert body != server.reply


def test_a_delay_holds_the_reply_back(wire: Proxy, server: Server) -> None:
    wire.arm([Fault(delay_s=0.3)])
    started = time.monotonic()

    assert ask(wire) == (200, server.reply)
    assert time.monotonic() - started >= 0.3


def test_a_slow_body_comes_in_pieces(wire: Proxy, server: Server) -> None:
    server.large = 20 * 1024
    wire.arm([Fault(slow_s=0.1)])
    started = time.monotonic()

    assert len(ask(wire)[1]) == 20 * 1024
    assert time.monotonic() - started >= 0.3
    assert wire.clear() == (1,)


def test_what_a_fault_holds_back_comes_through_when_it_is_cleared(wire: Proxy) -> None:
    wire.arm([Fault(delay_s=60)])
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(ask(wire)[0]))
    waiting.start()
    while not wire.requests():
        time.sleep(0.01)

    wire.clear()
    waiting.join(10)

    assert answers == [200]


def test_a_fault_is_about_the_nth_request_of_its_kind(wire: Proxy) -> None:
    wire.arm([Fault(on=("GetObject",), nth=2, status=500)])

    assert [ask(wire, method)[0] for method in ("GET", "PUT", "GET", "GET")] == [200, 200, 500, 200]
    assert wire.clear() == (1,)


def test_a_fault_may_be_about_all_from_the_nth_on(wire: Proxy) -> None:
    wire.arm([Fault(on=("GET", "PutObject"), nth=2, times="all", status=500)])

    assert [ask(wire, method)[0] for method in ("GET", "PUT", "HEAD", "GET")] == [200, 500, 200, 500]
    assert wire.clear() == (2,)


def test_a_fault_may_wait_for_an_answer_of_some_length(wire: Proxy, server: Server) -> None:
    server.large = 2000
    ask(wire)  # Before it is armed.
    wire.arm([Fault(on=("GET",), after=1500, status=404, times="all")])
    server.large = 1000
    small = [ask(wire)[0] for _ in range(2)]
    server.large = 2000

    assert (small, [ask(wire)[0] for _ in range(3)]) == ([200, 200], [200, 404, 404])
    assert wire.clear() == (2,)


def test_nothing_is_armed_after_clear(wire: Proxy) -> None:
    wire.arm([Fault(status=500, times="all")])
    wire.clear()

    assert ask(wire)[0] == 200
    assert wire.clear() == ()


def test_a_client_that_waits_to_be_told_to_send_is_told_and_keeps_its_connection(wire: Proxy, server: Server) -> None:
    wire.arm([Fault(status=403)])

    host, _, port = wire.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 20) as connection:
        connection.sendall(b"PUT /b/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(b"abc")
        received = connection.recv(1024)

    assert received.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"connection: close" not in received.lower()
    assert server.heads == []
