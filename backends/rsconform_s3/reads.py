"""Reading an object in pieces: one request for each piece, or one for all that follows.

Both readers are pinned. Each request after the first carries the ETag that the object had then, so bytes of two
versions never come out of one reader.
"""

from __future__ import annotations

import io
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


def open_buffered(requests: Requests, key: str, path: str) -> io.BufferedReader:
    """Return a buffered reader for which one request has been sent, and no other need be.

    Raises:
        NotFound: There is no such object.
    """
    stream = StreamReader(requests, key, path, requests.send("get_object", path, Key=key))
    return io.BufferedReader(stream, max(1, min(BUFFER_BYTES, stream.size_bytes)))


def read_all(requests: Requests, key: str, path: str) -> bytes:
    """Return the content of an object, from one request."""
    answer = requests.send("get_object", path, Key=key)
    # Not `with answer["Body"]`: that yields the raw stream, which checks neither length nor checksum.
    with requests.mapping(path), closing(answer["Body"]) as body:
        content: bytes = body.read()
        return content


class ObjectReader(io.RawIOBase):
    """A position in an object whose size and version an answer has told. Sends nothing by itself."""

    def __init__(self, requests: Requests, key: str, path: str, head: Response) -> None:
        super().__init__()
        self.size_bytes: int = head["ContentLength"]
        self._requests = requests
        self._key = key
        self._path = path
        self._pin = {"IfMatch": head["ETag"]} if head.get("ETag") else {}
        self._position = 0

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
            raise self._changed(exc) or exc from exc.__cause__
        if not whole and answer["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.PARTIAL_CONTENT:
            answer["Body"].close()
            raise RemoteStoreError("The server ignores ranges", path=self._path, backend=self._requests.backend)
        return answer["Body"]

    def _changed(self, exc: RemoteStoreError) -> RemoteStoreError | None:
        refusal = refusal_of(exc)
        gone = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        if refusal is None or refusal.status not in gone:
            return None
        return BackendUnavailable(
            "The object changed while it was read", path=self._path, backend=self._requests.backend
        )

    def _cut_short(self) -> BackendUnavailable:
        message = f"The answer ended early, at byte {self._position} of {self.size_bytes}"
        return BackendUnavailable(message, path=self._path, backend=self._requests.backend)


class RangeReader(ObjectReader):
    """Unbuffered: each read is one request, for just the bytes that were asked for."""

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        data = self._fetch(self._left() if size is None or size < 0 else size)
        self._position += len(data)
        return data

    def readall(self) -> bytes:
        return self.read()

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line. A line's end is searched in growing steps, not byte by byte as RawIOBase would."""
        limit = self._left() if size is None or size < 0 else min(size, self._left())
        line = b""
        step = LINE_BYTES
        while len(line) < limit and not line.endswith(b"\n"):
            data = self._fetch(min(step, limit - len(line)))
            data = data[: data.find(b"\n") + 1] or data
            self._position += len(data)
            line += data
            step = min(2 * step, WINDOW_BYTES)
        return line

    def _fetch(self, size_bytes: int) -> bytes:
        self._check_open()
        size_bytes = min(size_bytes, self._left())
        if size_bytes == 0:
            return b""
        body = self._open_range(self._position, self._position + size_bytes)
        with self._requests.mapping(self._path), closing(body):
            data: bytes = body.read()
        if len(data) != size_bytes:
            raise self._cut_short()
        return data


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
        data = self._take(len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        self._check_open()
        pieces = []
        while self._left():
            pieces.append(self._take(None))
        return b"".join(pieces)

    def close(self) -> None:
        if not self.closed:
            self._drop_body()
        super().close()

    def _take(self, size: int | None) -> bytes:
        """Return the next bytes of the answer, at least one; all of them if size is None."""
        if self._body is None or self._body_at != self._position:
            self._open_body()
        try:
            with self._requests.mapping(self._path):
                data: bytes = self._body.read(size)
        except BaseException:
            self._drop_body()
            raise
        self._position += len(data)
        self._body_at = self._position
        short = not data or (size is None and self._body_at != self._body_stop)
        if short or self._body_at >= self._body_stop:
            self._drop_body()
        if short:
            raise self._cut_short()
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
