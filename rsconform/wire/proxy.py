"""The proxy itself: a listener and a thread for each connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType

from rsconform.cases.faults import Fault
from rsconform.lanes.lane import Request
from rsconform.wire.connection import Connection, hard_close
from rsconform.wire.dialects import HTTP, Dialect
from rsconform.wire.record import Record

_BACKLOG = 128
_JOIN_S = 2.0


class Proxy:
    """Stands on a loopback port between any backend and an HTTP/1.1 server, for as long as it is entered.

    Requests pass unchanged, the Host header included, so that a signature stays good, and bodies are streamed.

    Args:
        host: Of the server.
        dialect: How that server speaks.
    """

    def __init__(self, host: str, port: int, dialect: Dialect | None = None) -> None:
        self._server = (host, port)
        self._dialect = dialect or HTTP()
        self._record = Record()
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self._threads: set[threading.Thread] = set()
        self._listener: socket.socket | None = None
        self._port = 0
        self._reserved: socket.socket | None = None  # Keeps the port while connections are refused.

    @property
    def url(self) -> str:
        """Return where the backend is to look for its server."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Proxy:
        self._open()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._record.clear()
        self._shut()
        if self._reserved is not None:
            self._reserved.close()
        for thread in tuple(self._threads):
            thread.join(_JOIN_S)

    # -- what a subject affords -----------------------------------------------------------------------------------

    def arm(self, faults: Sequence[Fault]) -> None:
        """Let faults befall what is sent from now on, counting from one."""
        self._record.arm(faults)
        if any(fault.refuse for fault in faults):
            self._shut(reserve=True)

    def clear(self) -> Sequence[int]:
        """Disarm them, let go what they hold back, and return how many requests each one met.

        A refused connection leaves no trace, so such a fault always counts as met.
        """
        met = self._record.clear()
        if self._listener is None:
            self._open()
        return met

    def counts(self) -> Mapping[str, int]:
        """Return how many requests of each kind were sent since `forget`."""
        return self._record.counts()

    def requests(self) -> Sequence[Request]:
        """Return every request since `forget`."""
        return self._record.requests()

    def forget(self) -> None:
        """Begin a new record: for the lane fixture, when the next case gets the subject."""
        self.clear()
        self._record.forget()

    # -- connections ----------------------------------------------------------------------------------------------

    def _bound(self) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", self._port))
        return bound

    def _open(self) -> None:
        listener, self._reserved = self._reserved or self._bound(), None
        listener.listen(_BACKLOG)
        self._port = listener.getsockname()[1]
        self._listener = listener
        self._start(threading.Thread(target=self._accept, args=(listener,), daemon=True, name="rsconform-wire"))

    def _shut(self, *, reserve: bool = False) -> None:
        """Accept no more connections and close the open ones; while the port is kept, new ones are refused."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # Wakes the thread that waits in accept().
            listener.close()
            self._reserved = self._bound() if reserve else None
        with self._lock:
            connections = tuple(self._connections)
        for connection in connections:
            connection.hang_up()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:  # It was closed.
                return
            if self._listener is not listener:
                hard_close(client)
                return
            connection = Connection(client, self._server, self._dialect, self._record)
            with self._lock:
                self._connections.add(connection)
            self._start(threading.Thread(target=self._serve, args=(connection,), daemon=True, name="rsconform-wire"))

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                self._connections.discard(connection)
                self._threads.discard(threading.current_thread())

    def _start(self, thread: threading.Thread) -> None:
        with self._lock:
            self._threads = {one for one in self._threads if one.is_alive()} | {thread}
            thread.start()
