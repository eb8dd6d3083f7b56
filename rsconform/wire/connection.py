"""One connection of a backend's, and the one to the server that stands behind it."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import responses
from typing import Final, NoReturn

import h11

from rsconform.cases.faults import Fault
from rsconform.lanes.lane import Request
from rsconform.wire.dialects import Dialect, query_of
from rsconform.wire.record import Passing, Record

_READ: Final = 256 * 1024
_SLOW_PIECE: Final = 8 * 1024
# Small, so that what is counted as passed on is about what the backend took.
_SEND_BUFFER: Final = 128 * 1024
_HEAD_BYTES: Final = 64 * 1024
_CONNECT_S: Final = 10.0
_NO_HTTP: Final = b"\x16\x03rsconform: this is no HTTP\r\n\r\n"
_NO_BODY: Final = b"\x00<rsconform: unreadable"
# Of one hop only (RFC 9110, 7.6.1): whether the server closes its connection is not the backend's concern.
_HOP: Final = (b"connection", b"keep-alive")


class _Gone(Exception):
    """A connection ended where nothing more can be passed on."""


def hard_close(sock: socket.socket) -> None:
    """Close a socket with a reset."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@dataclass(slots=True)
class _End:
    """One end of a connection: its socket and where in the protocol it is."""

    sock: socket.socket
    http: h11.Connection

    def send(self, event: h11.Event) -> None:
        """Send an event.

        Raises:
            _Gone: The other side is not there any more.
        """
        try:
            self.sock.sendall(self.http.send(event) or b"")
        except (OSError, h11.LocalProtocolError) as exc:
            raise _Gone from exc

    def receive(self) -> None:
        """Wait for bytes and take them in."""
        try:
            self.http.receive_data(self.sock.recv(_READ))
        except (OSError, h11.RemoteProtocolError) as exc:
            raise _Gone from exc

    def events(self) -> Iterator[h11.Event]:
        """Yield what has come in completely."""
        while True:
            try:
                event = self.http.next_event()
            except h11.RemoteProtocolError as exc:
                raise _Gone from exc
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            if isinstance(event, h11.ConnectionClosed):
                raise _Gone
            assert isinstance(event, h11.Event)
            yield event


class Connection:
    """Serves one connection of a backend's until either side ends it."""

    def __init__(self, sock: socket.socket, server: tuple[str, int], dialect: Dialect, record: Record) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        self._client = _End(sock, h11.Connection(h11.SERVER, _HEAD_BYTES))
        self._server_address = server
        self._server: _End | None = None
        self._dialect = dialect
        self._record = record

    def hang_up(self) -> None:
        """End both sides, from any thread."""
        for end in (self._client, self._server):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.sock.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """Pass requests on until an end is reached."""
        try:
            while (request := self._next_request()) is not None:
                self._exchange(request)
                self._client.http.start_next_cycle()
        except (_Gone, OSError, h11.ProtocolError):
            pass
        finally:
            self._drop_server()
            self._client.sock.close()

    def _next_request(self) -> h11.Request | None:
        while True:
            for event in self._client.events():
                assert isinstance(event, h11.Request)
                return event
            self._client.receive()

    def _exchange(self, request: h11.Request) -> None:
        passing = self._record.begin(self._described(request))
        fault = passing.fault
        if fault is None or not (fault.lost or fault.garbage or fault.reset is True or fault.status is not None):
            self._pass_on(request, passing)
            return
        if fault.lost:
            self._pass_on(request, passing, to_nobody=True)
        else:
            self._swallow_body(passing)
        passing.strike(fault.delay_s)
        self._answer(request, fault, passing)

    def _described(self, request: h11.Request) -> Request:
        method, target = request.method.decode("latin-1"), request.target.decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
        path, query = query_of(target)
        return Request(
            kind=self._dialect.kind(method, path, query, headers),
            method=method,
            path=path,
            query={name: value for name, value in query.items() if name in self._dialect.parameters},
            headers={name: value for name, value in headers.items() if self._dialect.keeps(name)},
        )

    # -- a reply of the wire's own --------------------------------------------------------------------------------

    def _swallow_body(self, passing: Passing) -> None:
        """Take in the request's body."""
        if self._client.http.they_are_waiting_for_100_continue:
            # An answer instead ends the connection. botocore (1.43) does not notice where it had asked for a 100, and
            # loses its next request to a connection that is about to close.
            self._client.send(h11.InformationalResponse(status_code=100, headers=[], reason="Continue"))
        while self._client.http.their_state is h11.SEND_BODY:
            for event in self._client.events():
                if isinstance(event, h11.Data):
                    passing.sent(len(event.data))
            if self._client.http.their_state is h11.SEND_BODY:
                self._client.receive()

    def _answer(self, request: h11.Request, fault: Fault, passing: Passing) -> None:
        if fault.reset is True:
            self._reset()
        if fault.garbage == "reply":
            self._client.sock.sendall(_NO_HTTP)
            raise _Gone
        if fault.status is None and fault.garbage is None:
            raise _Gone  # The reply is lost.
        headers, body = self._made_up(request, fault)
        status = fault.status or 200
        given = [*headers.items(), ("content-length", str(len(body)))]
        if request.method == b"HEAD" or status in (204, 304):
            given, body = [item for item in headers.items() if item[0] != "content-type"], b""
        passing.answered(status)
        # botocore takes a status line without a reason for none while it waits for 100 Continue.
        self._client.send(h11.Response(status_code=status, headers=given, reason=responses.get(status, "Unknown")))
        if body:
            self._client.send(h11.Data(data=body))
            passing.received(len(body))
        self._client.send(h11.EndOfMessage())

    def _made_up(self, request: h11.Request, fault: Fault) -> tuple[dict[str, str], bytes]:
        path, _ = query_of(request.target.decode("latin-1"))
        if fault.garbage is not None:
            return {"content-type": "application/xml"}, _NO_BODY
        if fault.errors:
            headers, body = self._dialect.errors(fault.errors)
        elif fault.code is not None:
            headers, body = self._dialect.error(fault.code, path, fault.region)
        else:
            headers, _ = self._dialect.error("", path, fault.region)
            body = b""
        return dict(headers), body

    def _reset(self) -> NoReturn:
        hard_close(self._client.sock)
        raise _Gone

    # -- the server's reply ---------------------------------------------------------------------------------------

    def _pass_on(self, request: h11.Request, passing: Passing, *, to_nobody: bool = False) -> None:
        """Pass a request on and its reply back.

        Args:
            to_nobody: The reply is taken in and dropped.
        """
        server = self._connected()
        server.send(request)
        back = _Back(self._client, passing, to_nobody=to_nobody)
        uploading = self._upload(server, passing)
        while not back.ended:
            for end in _ready([server, *([self._client] if uploading or back.client_waits else [])]):
                if end is server:
                    server.receive()
                    for event in server.events():
                        back.take(event)
                        if back.ended:
                            break
                elif uploading:
                    self._client.receive()
                    uploading = self._upload(server, passing)
                else:
                    back.look_for_client()
        if uploading or server.http.our_state is not h11.DONE or server.http.their_state is not h11.DONE:
            self._drop_server()
        else:
            server.http.start_next_cycle()

    def _upload(self, server: _End, passing: Passing) -> bool:
        """Pass on what has come of the request's body; return whether more is to come."""
        for event in self._client.events():
            if isinstance(event, h11.Data):
                passing.sent(len(event.data))
            try:
                server.send(event)
            except _Gone:  # It may have said why, and that is still to be read.
                return False
            if isinstance(event, h11.EndOfMessage):
                return False
        return True

    def _connected(self) -> _End:
        if self._server is not None and not _ready([self._server], wait_s=0):
            return self._server
        self._drop_server()
        try:
            sock = socket.create_connection(self._server_address, _CONNECT_S)
        except OSError as exc:
            raise _Gone from exc
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = _End(sock, h11.Connection(h11.CLIENT, _HEAD_BYTES))
        return self._server

    def _drop_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.sock.close()


class _Back:
    """The way back of one reply, with what befalls it there."""

    def __init__(self, client: _End, passing: Passing, *, to_nobody: bool) -> None:
        self.ended = False
        self.client_waits = True  # Until the reply is through nothing more is expected of the client.
        self._client = client
        self._to_nobody = to_nobody
        self._passing = passing
        self._passed = 0
        self._fault = None if to_nobody else passing.fault

    def look_for_client(self) -> None:
        """Give up if the backend has hung up; what it sends ahead can wait."""
        if not self._client.sock.recv(1, socket.MSG_PEEK):
            raise _Gone
        self.client_waits = False

    def take(self, event: h11.Event) -> None:
        """Pass on one event of the server's reply."""
        if isinstance(event, h11.InformationalResponse):
            if self._client.http.they_are_waiting_for_100_continue:
                self._client.send(event)
        elif isinstance(event, h11.Response):
            self._begin(event)
        elif isinstance(event, h11.Data):
            self._body(event)
        elif isinstance(event, h11.EndOfMessage):
            self.ended = True
            self._send(event)

    def _begin(self, response: h11.Response) -> None:
        if self._fault is not None and self._fault.delay_s:
            self._passing.strike(self._fault.delay_s)
        headers = [(name, value) for name, value in response.headers.raw_items() if name.lower() not in _HOP]
        self._send(h11.Response(status_code=response.status_code, headers=headers, reason=response.reason))
        if not self._to_nobody:
            self._passing.answered(response.status_code)

    def _body(self, event: h11.Data) -> None:
        fault, data = self._fault, bytes(event.data)
        if fault is not None and (fault.cut is not None or fault.reset is not False):
            left = (fault.cut if fault.cut is not None else int(fault.reset)) - self._passed
            if len(data) > left:
                self._passing.strike()
                self._data(data[:left])
                if fault.cut is None:
                    hard_close(self._client.sock)
                raise _Gone
        if fault is not None and fault.slow_s:
            for start in range(0, len(data), _SLOW_PIECE):
                self._passing.strike(fault.slow_s)
                self._data(data[start : start + _SLOW_PIECE])
            return
        self._data(data)

    def _data(self, data: bytes) -> None:
        if data:
            self._passed += len(data)
            if not self._to_nobody:  # Noted first: once it is there, the backend may ask for more elsewhere.
                self._passing.received(len(data))
            self._send(h11.Data(data=data))

    def _send(self, event: h11.Event) -> None:
        if not self._to_nobody:
            self._client.send(event)


# select() itself knows no descriptor above 1,023, and a backend under test may leave more than that open.
_Selector: Final = getattr(selectors, "PollSelector", selectors.SelectSelector)


def _ready(ends: Sequence[_End], wait_s: float | None = None) -> list[_End]:
    """Return the ends at which something has come in, or ended."""
    with _Selector() as selector:
        for end in ends:
            selector.register(end.sock, selectors.EVENT_READ)
        found = {key.fileobj for key, _ in selector.select(wait_s)}
    return [end for end in ends if end.sock in found]
