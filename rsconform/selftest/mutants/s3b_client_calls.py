"""Behaviours of the S3 mutants: other options, other requests, other answers to refused ones."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from remote_store import RemoteStoreError
from rsconform_s3 import S3Boto3Backend
from rsconform_s3.errors import refusal_of

from rsconform.selftest import operators as op

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


def sends(operations: str, behaviour: Callable[[Sending], Any]) -> op.Mutation:
    """Do something else where a request of one kind is to be sent."""
    named = operations.split()

    def meddle(backend: Any) -> Any:
        requests = backend._requests
        original = requests.send

        def send(operation: str, path: str | None, **parameters: Any) -> Any:
            if operation not in named:
                return original(operation, path, **parameters)
            return behaviour(Sending(requests, original, operation, path, parameters))

        requests.send = send
        return requests

    @functools.wraps(S3Boto3Backend.__init__)
    def init(self: Any, *args: Any, **options: Any) -> None:
        S3Boto3Backend.__init__(self, *args, **options)
        meddle(self)

    # One is for the instance that the lane made, the other for those that cases make.
    return op.Mutation(has={"__init__": init}, shadows={"_requests": meddle})


def drops(operations: str, *parameters: str) -> op.Mutation:
    """Leave parameters out of requests."""
    return sends(operations, lambda sending: sending.proceed(*parameters))


def maps(cls: type[RemoteStoreError], *, code: str = "", status: int = 0, operations: str = ANY) -> op.Mutation:
    """Tell refusals with a code, or with a status and no other meaning, as another class of error."""

    def behaviour(sending: Sending) -> Any:
        try:
            return sending.proceed()
        except RemoteStoreError as exc:
            refusal = refusal_of(exc)
            if refusal is not None and (refusal.code == code if code else refusal.status == status):
                raise cls("told wrongly", path=exc.path, backend=exc.backend) from None
            raise

    return sends(operations, behaviour)


def made(
    change: Callable[[dict[str, Any]], Mapping[str, Any]], then: Callable[[Any, Any], None] | None = None
) -> op.Mutation:
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

    return op.Mutation(has={"__init__": init})


def always(**options: object) -> op.Mutation:
    """Make instances with these parameters, whatever is given."""
    return made(lambda given: {**given, **options})
