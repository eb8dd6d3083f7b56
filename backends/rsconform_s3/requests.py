"""Sending a bucket's requests: the client made on first use, every failure mapped, every page fetched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from remote_store import BackendUnavailable, InvalidPath, NotFound, RemoteStoreError

from rsconform_s3.errors import native_failures, refusal_of, store_error

if TYPE_CHECKING:
    from botocore.client import BaseClient

Response = dict[str, Any]

_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu")


class Requests:
    """The requests of one bucket. Safe to share between threads."""

    def __init__(
        self,
        bucket: str,
        *,
        backend: str,
        connect: Callable[[], BaseClient],
        owns_client: bool,
        secrets: Sequence[str] = (),
    ) -> None:
        self.bucket = bucket
        self.backend = backend
        self._connect = connect
        self._owns_client = owns_client
        self._secrets = tuple(secrets)
        self._client: BaseClient | None = None
        self._closed = False
        self._lock = threading.Lock()

    @property
    def client(self) -> BaseClient:
        """The botocore client; the first use makes it."""
        self.check_open()
        client = self._client
        if client is None:
            with self._lock:
                self.check_open()
                client = self._client = self._client or self._connect()
        return client

    @property
    def is_aws(self) -> bool:
        """Whether requests go to AWS; what other servers leave out of S3 is known of none."""
        return (urlsplit(self.client.meta.endpoint_url).hostname or "").endswith(_AWS)

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def check_open(self) -> None:
        """Raise BackendUnavailable after `close`."""
        if self._closed:
            raise BackendUnavailable(f"The {self.backend} backend is closed", backend=self.backend)

    def close(self) -> None:
        """Refuse further requests, then close the client if it was made here."""
        self._closed = True
        with self._lock:
            client, self._client = self._client, None
        if client is not None and self._owns_client:
            client.close()

    def send(self, operation: str, path: str | None, **parameters: Any) -> Response:
        """Send one request and return its answer.

        Args:
            operation: The client's method, as `put_object`.
            path: What an error names, as the caller wrote it.
        """
        with self.mapping(path):
            answer: Response = getattr(self.client, operation)(Bucket=self.bucket, **parameters)
            return answer

    @contextmanager
    def mapping(self, path: str | None) -> Iterator[None]:
        """Turn what boto3 raises into the remote_store error that names the path."""
        try:
            yield
        except RemoteStoreError as exc:
            if exc.backend is None:
                exc.backend = self.backend
            raise
        except native_failures() as exc:
            raise store_error(exc, path=path, backend=self.backend, hide=self._secrets) from exc

    def head(self, key: str, path: str, **parameters: Any) -> Response | None:
        """Return what HEAD says of an object, or None if there is none."""
        try:
            return self.send("head_object", path, Key=key, **parameters)
        except NotFound:
            return None
        except RemoteStoreError as exc:
            if _is_bare_400(exc):
                self.send("get_object", path, Key=key, Range="bytes=0-0")["Body"].close()
            raise

    def head_bucket(self) -> None:
        """Check that the bucket exists and may be used."""
        try:
            self.send("head_bucket", None)
        except RemoteStoreError as exc:
            if _is_bare_400(exc):
                self.send("list_objects_v2", None, MaxKeys=0)
            raise

    def has_below(self, prefix: str, path: str) -> bool:
        """Tell whether any key starts with a prefix. In a bucket that is gone, none does."""
        try:
            return bool(self.send("list_objects_v2", path, Prefix=prefix, MaxKeys=1).get("Contents"))
        except NotFound:
            return False

    def pages(self, prefix: str, path: str, **parameters: Any) -> Iterator[Response]:
        """Yield the pages of a listing; none if the bucket is gone from the start.

        Raises:
            NotFound: The bucket went away after the first page.
        """
        token: str | None = None
        while True:
            if token is not None:
                parameters["ContinuationToken"] = token
            try:
                page = self.send("list_objects_v2", path, Prefix=prefix, **parameters)
            except NotFound:
                if token is None:
                    return
                raise
            yield page
            if not page.get("IsTruncated"):
                return
            following = page.get("NextContinuationToken")
            if not following or following == token:
                message = "The listing says that it goes on, but not where"
                raise BackendUnavailable(message, path=path, backend=self.backend)
            token = following

    def absent(self, key: str, path: str) -> RemoteStoreError:
        """Return the error for a path that names no object: InvalidPath if it names a folder, else NotFound.

        The probe runs only after a miss, and one that fails leaves the miss as the answer.
        """
        try:
            is_folder = self.has_below(f"{key}/", path)
        except RemoteStoreError:
            is_folder = False
        if is_folder:
            return InvalidPath("The path names a folder, not a file", path=path, backend=self.backend)
        return NotFound("There is no such file", path=path, backend=self.backend)

    def require(self, key: str, path: str, **parameters: Any) -> Response:
        """Return what HEAD says of an object that has to be there.

        Raises:
            NotFound: It is not.
            InvalidPath: The path names a folder.
        """
        head = self.head(key, path, **parameters)
        if head is None:
            raise self.absent(key, path)
        return head


def _is_bare_400(exc: RemoteStoreError) -> bool:
    # An answer to HEAD has no body and so no code. S3 says 400 for an expired token, and only a request whose answer
    # has a body tells it from other bad requests.
    refusal = refusal_of(exc)
    return refusal is not None and refusal.status == HTTPStatus.BAD_REQUEST and type(exc) is RemoteStoreError
