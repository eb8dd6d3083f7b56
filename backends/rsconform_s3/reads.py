"""Reading an object in pieces: one request for each piece, or one for all that follows.

Both readers are pinned. Each request after the first carries the ETag that the object had then, so bytes of two
versions never come out of one reader. Where a connection breaks the rest is requested again, a few times.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from remote_store import BackendUnavailable, RemoteStoreError

from rsconform_s3.errors import refusal_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from rsconform_s3.requests import Requests, Response

# What a request fetches after a jump: more would be thrown away at the next one.
WINDOW_BYTES = 1024 * 1024
# The first step of a search for a line's end.
LINE_BYTES = 8 * 1024
BUFFER_BYTES = 256 * 1024
# How many connections in a row may break without a window's bytes in between before a reader gives up.
RESUMES = 3
# The client has waited its full timeout, or all bytes came and some are wrong: another request would not help.
_NOT_RESUMED = ("ReadTimeoutError", "FlexibleChecksumError", "ChecksumError")


def open_buffered(requests: Requests, key: str, path: str) -> io.BufferedReader:
    """Return a buffered reader for which one request has been sent, and no other need be.

    Raises:
        NotFound: There is no such object.
    """
    stream = StreamReader(requests, key, path, requests.send("get_object", path, Key=key))
    return io.BufferedReader(stream, max(1, min(BUFFER_BYTES, stream.size_bytes)))


def read_all(requests: Requests, key: str, path: str) -> bytes:
    """Return the content of an object, from one request if its connection holds."""
    answer = requests.send("get_object", path, Key=key)
    with closing(StreamReader(requests, key, path, answer)) as stream:
        return stream.readall()


class Resumption:
    """Counts the broken connections of a download, and says when to give up."""

    def __init__(self) -> None:
        self._limit = self._left = RESUMES
        self._broken_at = 0
        self.has_broken = False

    def allows(self, exc: RemoteStoreError, position: int) -> bool:
        """Tell whether to ask for what follows a position, where a connection broke with an error."""
        if refusal_of(exc) is not None or type(exc.__cause__).__name__ in _NOT_RESUMED:
            return False
        if position - self._broken_at >= WINDOW_BYTES:
            self._left = self._limit
        self._broken_at = position
        self._left -= 1
        self.has_broken = True
        return self._left >= 0


class ObjectReader(io.RawIOBase):
    """A position in an object whose size and version a response has given. Sends nothing by itself."""

    def __init__(self, requests: Requests, key: str, path: str, head: Response) -> None:
        super().__init__()
        if "ContentLength" not in head:
            raise RemoteStoreError("The server does not say how long it is", path=path, backend=requests.backend)
        self.size_bytes: int = head["ContentLength"]
        self._requests = requests
        self._key = key
        self._path = path
        self._pin = {"IfMatch": head["ETag"]} if head.get("ETag") else {}
        self._position = 0
        self._resumption = Resumption()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        self._check_open()
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check_open()
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise ValueError(f"whence is 0, 1 or 2, not {whence}")
        target = offset + (0, self._position, self.size_bytes)[whence]
        if target < 0:
            raise ValueError(f"The position would be negative: {target}")
        self._position = target
        return target

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def _left(self) -> int:
        return max(0, self.size_bytes - self._position)

    def _open_range(self, start: int, stop: int) -> Any:
        """Return the body of the bytes from start up to stop."""
        whole = (start, stop) == (0, self.size_bytes)
        part = {} if whole else {"Range": f"bytes={start}-{stop - 1}"}
        try:
            answer = self._requests.send("get_object", self._path, Key=self._key, **part, **self._pin)
        except RemoteStoreError as exc:
            raise self._refused(exc) from exc.__cause__
        if not whole and answer["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.PARTIAL_CONTENT:
            answer["Body"].close()
            raise RemoteStoreError("The server ignores ranges", path=self._path, backend=self._requests.backend)
        if self._pin and answer.get("ETag") not in (None, self._pin["IfMatch"]):  # Of a server that ignores If-Match.
            answer["Body"].close()
            raise self._changed()
        return answer["Body"]

    def _refused(self, exc: RemoteStoreError) -> RemoteStoreError:
        refusal = refusal_of(exc)
        gone = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        return exc if refusal is None or refusal.status not in gone else self._changed()

    def _changed(self) -> BackendUnavailable:
        message = "The object changed while it was read"
        return BackendUnavailable(message, path=self._path, backend=self._requests.backend)

    def _cut_short(self, position: int) -> BackendUnavailable:
        message = f"The answer ended early, at byte {position} of {self.size_bytes}"
        return BackendUnavailable(message, path=self._path, backend=self._requests.backend)


class RangeReader(ObjectReader):
    """Each read is one request, for just the bytes that were asked for; only lines are looked for ahead."""

    def __init__(self, requests: Requests, key: str, path: str, head: Response) -> None:
        super().__init__(requests, key, path, head)
        self._ahead = b""
        self._ahead_at = 0
        self._step_bytes = LINE_BYTES

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        self._check_open()
        left = self._left()
        stop = self._position + (left if size is None or size < 0 else min(size, left))
        found = max(0, self._position - self._ahead_at)
        data = self._ahead[found : stop - self._ahead_at] if self._is_ahead() else b""
        if self._position + len(data) < stop:
            data += self._fetch(self._position + len(data), stop)
        self._position += len(data)
        return data

    def readall(self) -> bytes:
        return self.read()

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line. What was fetched to find its end serves the lines that follow it."""
        self._check_open()
        limit = self._left() if size is None or size < 0 else min(size, self._left())
        pieces: list[bytes] = []
        while limit > 0:
            if not self._is_ahead():
                self._look_ahead()
            start = self._position - self._ahead_at
            stop = self._ahead.find(b"\n", start, start + limit) + 1
            piece = self._ahead[start : stop or start + limit]
            pieces.append(piece)
            self._position += len(piece)
            limit = 0 if stop else limit - len(piece)
        return b"".join(pieces)

    def _is_ahead(self) -> bool:
        return self._ahead_at <= self._position < self._ahead_at + len(self._ahead)

    def _look_ahead(self) -> None:
        # Who reads line by line is given more with each step; a jump begins anew.
        reads_on = self._ahead and self._position == self._ahead_at + len(self._ahead)
        self._step_bytes = min(2 * self._step_bytes, WINDOW_BYTES) if reads_on else LINE_BYTES
        stop = min(self._position + self._step_bytes, self.size_bytes)
        self._ahead, self._ahead_at = self._fetch(self._position, stop), self._position

    def _fetch(self, start: int, stop: int) -> bytes:
        found: list[bytes] = []
        while start < stop:
            body = self._open_range(start, stop)
            try:
                with closing(body):
                    for piece in self._pieces(body, start, stop):
                        found.append(piece)
                        start += len(piece)
            except BackendUnavailable as exc:
                if not self._resumption.allows(exc, start):
                    raise
        return b"".join(found)

    def _pieces(self, body: Any, start: int, stop: int) -> Iterator[bytes]:
        while start < stop:
            # A read that breaks loses all it had: once that was seen, smaller ranges are requested.
            size = min(WINDOW_BYTES, stop - start) if self._resumption.has_broken else None
            with self._requests.mapping(self._path):
                piece: bytes = body.read(size)
            if not piece:
                raise self._cut_short(start)
            yield piece
            start += len(piece)


class StreamReader(ObjectReader):
    """For reading on: the answer that opened it holds all that follows, and is taken as it is wanted."""

    def __init__(self, requests: Requests, key: str, path: str, answer: Response) -> None:
        super().__init__(requests, key, path, answer)
        self._body: Any = answer["Body"]
        self._body_at = 0
        self._body_stop = self.size_bytes
        if not self.size_bytes:
            self._drop_body()

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._check_open()
        view = memoryview(buffer).cast("B")
        if not view or not self._left():
            return 0
        data = self._take(min(len(view), WINDOW_BYTES) if self._resumption.has_broken else len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        self._check_open()
        pieces = []
        while self._left():
            pieces.append(self._take(WINDOW_BYTES if self._resumption.has_broken else None))
        return b"".join(pieces)

    def close(self) -> None:
        if not self.closed:
            self._drop_body()
        super().close()

    def _take(self, size: int | None) -> bytes:
        """Return the next bytes, at least one; all that the answer holds if size is None and its connection does."""
        while True:
            if self._body is None or self._body_at != self._position:
                self._open_body()
            try:
                return self._take_once(size)
            except BackendUnavailable as exc:
                if not self._resumption.allows(exc, self._position):
                    raise
                # A read that breaks loses all it had: from now on smaller ranges are requested.
                size = WINDOW_BYTES if size is None else min(size, WINDOW_BYTES)

    def _take_once(self, size: int | None) -> bytes:
        try:
            with self._requests.mapping(self._path):
                data: bytes = self._body.read(size)
            if not data:
                raise self._cut_short(self._position)
        except BaseException:
            self._drop_body()
            raise
        self._position += len(data)
        self._body_at = self._position
        if self._body_at >= self._body_stop or size is None:
            self._drop_body()
        return data

    def _open_body(self) -> None:
        # A reader that jumped will likely jump again, so it gets a window; one that reads on gets the rest.
        reads_on = self._position == self._body_at
        self._drop_body()
        stop = self.size_bytes if reads_on else min(self._position + WINDOW_BYTES, self.size_bytes)
        self._body = self._open_range(self._position, stop)
        self._body_at, self._body_stop = self._position, stop

    def _drop_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
