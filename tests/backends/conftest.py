"""A bucket on moto in process, a backend over it, and a wire: what was sent, and answers to order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import moto
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from rsconform_s3 import S3Boto3Backend, TransferSizes

BUCKETS = (f"bucket-{number}" for number in itertools.count())

# Small enough that a few bytes take the large paths. A part of moto's is at least 5 MiB unless it is told otherwise.
SMALL = TransferSizes(part_bytes=8, put_limit_bytes=20, copy_limit_bytes=10, copy_part_bytes=4)


@dataclass
class Fault:
    """An answer of our own to some requests of one kind."""

    operation: str
    status: int
    answer: dict[str, Any]
    skip: int = 0
    times: int = 1


@dataclass
class Wire:
    """The requests that a client sent, and the faults that wait for them."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def operations(self) -> list[str]:
        return [operation for operation, _ in self.calls]

    def parameters(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.calls if name == operation]

    def fail(
        self, operation: str, status: int, code: str = "", *, skip: int = 0, times: int = 1, retries: int = 0
    ) -> None:
        """Refuse requests of one kind. Without a code the answer has no body, as answers to HEAD have none."""
        error = {"Code": code or str(status), "Message": "made to fail"}
        self.reply(operation, {"Error": error}, status=status, skip=skip, times=times, retries=retries)

    def reply(
        self,
        operation: str,
        answer: dict[str, Any],
        *,
        status: int = 200,
        skip: int = 0,
        times: int = 1,
        retries: int = 0,
    ) -> None:
        """Answer requests of one kind without asking the server."""
        answer = {**answer, "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries}}
        self.faults.append(Fault(operation, status, answer, skip, times))

    def record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append((model.name, dict(params)))

    def interfere(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        for fault in self.faults:
            if fault.operation != model.name or not fault.times:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return AWSResponse("http://localhost", fault.status, HTTPHeaders(), None), fault.answer
        return None


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """An S3 client on a moto of its own; parts may be small."""
    with pytest.MonkeyPatch.context() as patch, moto.mock_aws():
        patch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
        yield boto3.client("s3", region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s")


@pytest.fixture
def bucket(client: Any) -> str:
    name = next(BUCKETS)
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def wire(client: Any, bucket: str) -> Iterator[Wire]:
    wire = Wire()
    client.meta.events.register("provide-client-params.s3", wire.record, unique_id="record")
    client.meta.events.register_first("before-call.s3", wire.interfere, unique_id="interfere")
    yield wire
    client.meta.events.unregister("provide-client-params.s3", unique_id="record")
    client.meta.events.unregister("before-call.s3", unique_id="interfere")


@pytest.fixture
def deaf(client: Any) -> Iterator[None]:
    """The server takes `If-None-Match` and does not mind it, as rclone and other servers do."""

    def overlook(params: dict[str, Any], **_: Any) -> None:
        params.pop("IfNoneMatch", None)

    client.meta.events.register("before-parameter-build.s3", overlook, unique_id="overlook")
    yield
    client.meta.events.unregister("before-parameter-build.s3", unique_id="overlook")


Seed = Callable[..., None]


@pytest.fixture
def seed(client: Any, bucket: str) -> Seed:
    """Put objects past the backend."""

    def put(*keys: str, body: bytes = b"seeded", **more: Any) -> None:
        for key in keys:
            client.put_object(Bucket=bucket, Key=key, Body=body, **more)

    return put


@pytest.fixture
def stored(client: Any, bucket: str) -> Callable[[], dict[str, bytes]]:
    """All objects, past the backend."""

    def read() -> dict[str, bytes]:
        listed = client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {entry["Key"]: client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in listed}

    return read


@pytest.fixture
def backend(client: Any, bucket: str) -> S3Boto3Backend:
    return S3Boto3Backend(bucket, client=client)


@pytest.fixture
def small(client: Any, bucket: str) -> S3Boto3Backend:
    """A backend for which a dozen bytes are large."""
    return S3Boto3Backend(bucket, client=client, transfer=SMALL)


@pytest.fixture
def strict(client: Any, bucket: str) -> S3Boto3Backend:
    return S3Boto3Backend(bucket, client=client, reject_write_under_file_ancestor=True)
