"""Mutants of S3B: readers and ranges."""

from __future__ import annotations

import io
import mmap
from collections.abc import Callable
from typing import Any, Final

from remote_store import BackendUnavailable, NotFound, RemoteStoreError
from rsconform_s3 import reads

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import asked_once_more, asking, in_halves
from rsconform.selftest.mutant import Mutant, mutant
from rsconform.selftest.mutants.s3b_client_calls import Sending, drops, maps, sends


def halves(stream: Any, size: int | None = -1) -> bytes:
    """Read what is asked for with two requests."""
    if size is None or size < 2:
        return bytes(stream.read(size))
    return bytes(stream.read(size // 2)) + bytes(stream.read(size - size // 2))


_MiB: Final = 1 << 20


def in_windows(call: op.Call) -> Any:
    """Read with a request for each MiB, as a buffer around a range reader does."""
    return io.BufferedReader(call.call_correct("read_seekable", call.path), _MiB)


def bit_by_bit(stream: Any, size: int | None = -1) -> bytes:
    if size is not None and size >= 0:
        return bytes(stream.read(size))
    return b"".join(iter(lambda: stream.read(65536), b""))


def seekable_drained(call: op.Call) -> bytes:
    with call.call_correct("read_seekable", call.path) as stream:
        return bytes(stream.read())


def asked_for_all(call: op.Call) -> Any:
    """Ask for the whole, and call that a range."""
    requests = call.backend._requests
    stream = call.proceed()
    original = requests.send

    def send(operation: str, path: str | None, **parameters: Any) -> Any:
        if operation == "get_object" and "Range" in parameters:
            start, _, _ = parameters["Range"].removeprefix("bytes=").partition("-")
            parameters["Range"] = f"bytes={start}-"
        return original(operation, path, **parameters)

    def readinto(stream: Any, buffer: Any) -> int:
        requests.send = send
        try:
            answer = requests.send("get_object", call.path, Key=call.path, Range=f"bytes={stream.tell()}-")
        finally:
            requests.send = original
        data = answer["Body"].read()[: len(buffer)]
        stream.seek(len(data), io.SEEK_CUR)
        buffer[: len(data)] = data
        return len(data)

    return op.Around(stream, readinto=readinto)


def whole_range(sending: Sending) -> Any:
    return sending.proceed(**({} if "Range" in sending.parameters else {"Range": "bytes=0-"}))


def trimmed(sending: Sending) -> Any:
    pin = sending.parameters.get("IfMatch")
    return sending.proceed(**({"IfMatch": pin.strip('"')} if pin else {}))


def pinned_anew(sending: Sending) -> Any:
    """Pin to whatever is there now."""
    if "IfMatch" not in sending.parameters:
        return sending.proceed()
    head = sending.also("head_object", Key=sending.parameters["Key"])
    answer = sending.proceed(IfMatch=head["ETag"])
    answer["ETag"] = sending.parameters["IfMatch"]
    return answer


def ended(stream: Any, size: int | None = -1) -> bytes:
    try:
        return bytes(stream.read(size))
    except NotFound:
        return b""


def unavailable(stream: Any, size: int | None = -1) -> bytes:
    try:
        return bytes(stream.read(size))
    except NotFound as exc:
        raise BackendUnavailable("it changed", path=exc.path, backend=exc.backend) from exc


def clamped(stream: Any, offset: int, whence: int = 0) -> int:
    try:
        return int(stream.seek(offset, whence))
    except ValueError:
        return int(stream.seek(0))


def within(stream: Any, offset: int, whence: int = 0) -> int:
    end = stream.seek(0, io.SEEK_END)
    return int(stream.seek(min(stream.seek(offset, whence), end)))


def unsatisfiable(call: op.Call) -> Any:
    """Ask an empty object for a range."""

    def read(stream: Any, size: int | None = -1) -> bytes:
        data = bytes(stream.read(size))
        if not data and stream.tell() == 0 and size != 0:
            raise RemoteStoreError("InvalidRange", path=call.path, backend=call.backend.name)
        return data

    return op.Around(call.proceed(), read=read)


def natively(call: op.Call) -> Any:
    """Go on after close() with what the SDK says then."""

    def read(stream: Any, size: int | None = -1) -> bytes:
        if call.backend._requests._closed:
            raise RuntimeError("the pool is closed")
        return bytes(stream.read(size))

    return op.Around(call.proceed(), read=read)


def hoarded(call: op.Call) -> Any:
    """Read it all at once, and give it in pieces."""
    return io.BufferedReader(io.BytesIO(call.call_correct("read_bytes", call.path)))


def mapped(call: op.Call) -> Any:
    """Hold it all in memory that Python does not count."""
    with call.call_correct("read", call.path) as stream:
        size = stream.seek(0, io.SEEK_END)
        if size < 32 * _MiB:
            return io.BytesIO(call.call_correct("read_bytes", call.path))
        stream.seek(0)
        kept = mmap.mmap(-1, size)
        for piece in iter(lambda: stream.read(65536), b""):
            kept.write(piece)
    kept.seek(0)
    return kept


def kept_open(call: op.Call) -> Any:
    """Keep hold of what a reader reads from."""
    stream = call.proceed()
    call.backend.__dict__.setdefault("_kept", []).append(stream)
    return op.Around(stream, close=lambda _: None)


def resuming(times: int) -> Callable[[op.Call], Any]:
    """Return the behaviour of asking so often for what a broken connection left out."""

    def do(call: op.Call) -> Any:
        right, reads.RESUMES = reads.RESUMES, times
        try:
            return call.proceed()
        finally:
            reads.RESUMES = right

    return do


def resumed_unpinned(sending: Sending) -> Any:
    """Ask for the rest of whatever is there now."""
    answer = sending.proceed("IfMatch")
    answer["ETag"] = sending.parameters.get("IfMatch", answer["ETag"])
    return answer


class _LineAlone(reads.RangeReader):
    """Finds the end of a line, and forgets what follows it."""

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        self._ahead = b""
        return line


def with_lines_alone(call: op.Call) -> Any:
    requests, key = call.backend._requests, call.backend._file_key(call.path)
    return _LineAlone(requests, key, call.path, requests.require(key, call.path))


class _InWindows(reads.StreamReader):
    """Gets a window with each request once it was sent elsewhere."""

    def _open_body(self) -> None:
        if self._position:
            self._body_at = -1
        super()._open_body()


def on_in_windows(call: op.Call) -> Any:
    requests, key = call.backend._requests, call.backend._file_key(call.path)
    answer = requests.send("get_object", call.path, Key=key)
    return io.BufferedReader(_InWindows(requests, key, call.path, answer))


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("S3B-041", "asks-before-it-tells", "s3", op.replace("read", asking("tell")), reason="total requests"),
    mutant("S3B-042", "reads-in-halves", "s3", op.streams("read_seekable", readinto=in_halves),
        reason="GetObject requests"),
    mutant("S3B-042", "asks-at-the-end", "s3", op.replace("read_seekable", asking("readinto")),
        reason="total requests"),
    mutant("S3B-042", "asks-for-all-that-follows", "s3", op.replace("read_seekable", asked_for_all), reason="Range"),
    mutant("S3B-043", "reads-in-halves", "s3", op.streams("read_seekable", read=halves), reason="GetObject requests"),
    mutant("S3B-044", "reads-in-windows", "s3", op.replace("read", in_windows), reason="GetObject"),
    mutant("S3B-045", "drains-in-windows", "s3", op.replace("read", in_windows), reason="one request at most"),
    mutant("S3B-045", "drains-bit-by-bit", "s3", op.streams("read_seekable", read=bit_by_bit),
        reason="GetObject requests"),
    mutant("S3B-045", "goes-on-in-windows", "s3", op.replace("read", on_in_windows, op.FILE),
        reason="GetObject requests"),
    mutant("S3B-046", "looks-first", "s3", op.replace("read_bytes", seekable_drained), reason="total requests"),
    mutant("S3B-046", "asks-for-a-range", "s3", sends("get_object", whole_range), reason="without a range"),
    mutant("S3B-046", "looks-once-more", "s3", op.before("read_bytes", asked_once_more, op.MISSING | op.FOLDER),
        reason="requests"),
    mutant("S3B-047", "does-not-pin", "s3", drops("get_object", "IfMatch"), reason="If-Match"),
    mutant("S3B-047", "trims-the-etag", "s3", sends("get_object", trimmed), reason="If-Match"),
    mutant("S3B-047", "pins-anew", "s3", sends("get_object", pinned_anew), reason="RemoteStoreError"),
    mutant("S3B-047", "takes-it-for-missing", "s3", maps(NotFound, code="InvalidRange"), reason="value"),
    mutant("S3B-048", "ends-quietly", "s3", op.streams("read_seekable", read=ended), reason="NotFound"),
    mutant("S3B-048", "is-unavailable-then", "s3", op.streams("read", read=unavailable), reason="it changed"),
    mutant("S3B-051", "clamps-at-the-beginning", "s3", op.streams("read read_seekable", seek=clamped),
        reason="ValueError"),
    mutant("S3B-051", "stops-at-the-end", "s3", op.streams("read_seekable", seek=within), reason="20000"),
    mutant("S3B-052", "asks-for-a-range-of-nothing", "s3", op.replace("read_seekable", unsatisfiable),
        reason="InvalidRange"),
    mutant("S3B-053", "hoards", "s3", op.replace("read", hoarded), reason="MiB more"),
    mutant("S3B-053", "hoards-in-secret", "s3", op.replace("read", mapped), reason="MiB more"),
    mutant("S3B-054", "keeps-them", "s3", op.replace("read", kept_open), reason="one connection"),
    mutant("S3B-054", "closes-in-name-only", "s3", op.streams("read", close=lambda _: None), reason="one connection"),
    mutant("S3B-055", "says-it-natively", "s3", op.replace("read_seekable", natively), also="BE-021a",
        reason="RuntimeError"),
    mutant("S3B-138", "gives-up-at-once", "s3", op.replace("read read_bytes read_seekable", resuming(0)),
        reason="Unavail"),
    mutant("S3B-138", "never-gives-up", "s3", op.replace("read read_bytes", resuming(60)), reason="total requests"),
    mutant("S3B-138", "resumes-whatever-is-there", "s3", sends("get_object", resumed_unpinned), also="S3B-047",
        reason="others among them"),
    mutant("S3B-139", "asks-for-each-line", "s3", op.replace("read_seekable", with_lines_alone),
        reason="requests at most"),
)
# fmt: on
