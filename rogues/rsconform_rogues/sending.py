"""Operators on the S3 backend: they change how it is made, or what it sends, and leave its methods alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from remote_store import RemoteStoreError
from rsconform_s3 import S3Boto3Backend
from rsconform_s3.errors import refusal_of

from rsconform_rogues.operators import Call, When, Wrong

# What our backend sends, by the methods of botocore's client.
ANY: Final = (
    "abort_multipart_upload complete_multipart_upload copy_object create_multipart_upload delete_object delete_objects "
    "get_object head_bucket head_object list_objects_v2 put_object upload_part upload_part_copy"
)


@dataclass(frozen=True, slots=True)
class Sending:
    """One request on its way."""

    requests: Any
    original: Callable[..., Any]
    operation: str
    path: str | None
    parameters: Mapping[str, Any]

    def proceed(self, *without: str, **changed: object) -> Any:
        """Send it, without some parameters and with others changed."""
        parameters = {**self.parameters, **changed}
        kept = {name: value for name, value in parameters.items() if name not in without}
        return self.original(self.operation, self.path, **kept)

    def also(self, operation: str, **parameters: object) -> Any:
        """Send another request."""
        return self.original(operation, self.path, **parameters)


def sends(operations: str, deed: Callable[[Sending], Any]) -> Wrong:
    """Do something else where a request of one kind is to be sent."""
    named = operations.split()

    def meddle(backend: Any) -> Any:
        requests = backend._requests
        original = requests.send

        def send(operation: str, path: str | None, **parameters: Any) -> Any:
            if operation not in named:
                return original(operation, path, **parameters)
            return deed(Sending(requests, original, operation, path, parameters))

        requests.send = send
        return requests

    @functools.wraps(S3Boto3Backend.__init__)
    def init(self: Any, *args: Any, **options: Any) -> None:
        S3Boto3Backend.__init__(self, *args, **options)
        meddle(self)

    # One is for the instance that the lane made, the other for those that cases make.
    return Wrong(has={"__init__": init}, shadows={"_requests": meddle})


def drops(operations: str, *parameters: str) -> Wrong:
    """Leave parameters out of requests."""
    return sends(operations, lambda sending: sending.proceed(*parameters))


def maps(cls: type[RemoteStoreError], *, code: str = "", status: int = 0, operations: str = ANY) -> Wrong:
    """Tell refusals with a code, or with a status and no other meaning, as another class of error."""

    def deed(sending: Sending) -> Any:
        try:
            return sending.proceed()
        except RemoteStoreError as exc:
            refusal = refusal_of(exc)
            if refusal is not None and (refusal.code == code if code else refusal.status == status):
                raise cls("told wrongly", path=exc.path, backend=exc.backend) from None
            raise

    return sends(operations, deed)


def swallows_refusals(operations: str, answer: Mapping[str, Any]) -> Wrong:
    """Take a request that was refused for one that was answered."""

    def deed(sending: Sending) -> Any:
        try:
            return sending.proceed()
        except RemoteStoreError:
            return dict(answer)

    return sends(operations, deed)


def made(
    change: Callable[[dict[str, Any]], Mapping[str, Any]], then: Callable[[Any, Any], None] | None = None
) -> Wrong:
    """Make instances from other parameters than were given, or do something to each; the lane's own are right.

    Args:
        change: Returns the parameters, from those that were given.
        then: Takes the instance and the parameters as they were given.
    """

    @functools.wraps(S3Boto3Backend.__init__)
    def init(self: Any, bucket: str, **options: Any) -> None:
        given = {"bucket": bucket, **options}
        S3Boto3Backend.__init__(self, **change(dict(given)))
        if then is not None:
            then(self, given)

    return Wrong(has={"__init__": init})


def always(**options: object) -> Wrong:
    """Make instances with these parameters, whatever is given."""
    return made(lambda given: {**given, **options})


def connected(change: Callable[[Any, Any], Any]) -> Wrong:
    """Change what the client is made from: takes backend and settings, returns settings."""

    def init(self: Any, bucket: str, **options: Any) -> None:
        from rsconform_s3 import clients

        right = clients.check_settings
        kept: list[Any] = []

        def noted(**settings: Any) -> Any:
            kept.append(change(self, right(**settings)))
            return kept[-1]

        clients.check_settings = noted
        try:
            S3Boto3Backend.__init__(self, bucket, **options)
        finally:
            clients.check_settings = right

    return Wrong(has={"__init__": init})


def blindly(call: Call) -> Any:
    """Do it without ever finding an object that is there."""
    requests = call.backend._requests
    requests.head = lambda *_, **__: None
    try:
        return call.proceed()
    finally:
        del requests.head


def is_marked(call: Call, path: str) -> bool:
    return call.backend._requests.head(f"{path}/", path) is not None


def has_bucket(call: Call, _path: str) -> bool:
    try:
        call.backend._requests.head_bucket()
    except Exception:
        return False
    return True


MARKED = When(is_marked)
NO_BUCKET = ~When(has_bucket)
