"""What is parsed more cheaply than by default is parsed to the same."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from remote_store import BackendUnavailable, RetryPolicy
from rsconform_s3 import S3Boto3Backend
from rsconform_s3.parsing import timestamp

ENTRY = "<Contents><Key>f</Key><Size>1</Size></Contents>"
LISTING = f"<ListBucketResult><KeyCount>1</KeyCount>{ENTRY}</ListBucketResult>"
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Raw(io.BytesIO):
    """A body as urllib3 would give it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


Answering = Callable[..., S3Boto3Backend]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Make a backend whose requests get these bodies under 200, one after the other."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)

    def make(*bodies: str) -> S3Boto3Backend:
        left = list(bodies)

        def answer(request: Any, **_: Any) -> AWSResponse:
            raw: Any = Raw(left.pop(0).encode())
            return AWSResponse(request.url, 200, HTTPHeaders(), raw)

        policy = RetryPolicy(max_attempts=len(bodies))
        backend = S3Boto3Backend("b", key="k", secret="s", region_name="us-east-1", retry=policy)
        events: Any = backend.unwrap(BaseClient).meta.events
        events.register_first("before-send.s3", answer)
        return backend

    return make


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05", "Fri, 02 Jan 2026 03:04:05 GMT", 1767323045]
)
def test_times_are_read_in_every_form_that_s3_writes(text: Any) -> None:
    assert timestamp(text) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        LISTING,
        LISTING.replace("<ListBucketResult>", f"<ListBucketResult {NAMESPACE}>"),
        f'<?xml version="1.0" encoding="UTF-8"?>\n{LISTING}\n',
    ],
)
def test_a_listing_is_parsed_once(answering: Answering, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = answering(body)
    monkeypatch.setattr("botocore.handlers._looks_like_special_case_error", None)
    assert [info.name for info in backend.list_files("")] == ["f"]


@pytest.mark.parametrize(
    "body", ["<Error><Code>InternalError</Code></Error>", LISTING[:-5], LISTING[: LISTING.index("</Contents>")]]
)
def test_what_is_no_whole_listing_is_asked_for_again(answering: Answering, body: str) -> None:
    assert [info.name for info in answering(body, LISTING).list_files("")] == ["f"]
    with pytest.raises(BackendUnavailable):
        list(answering(body).list_files(""))


def test_a_botocore_without_the_check_is_left_alone(answering: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("botocore.handlers._handle_200_error")
    assert [info.name for info in answering(LISTING).list_files("")] == ["f"]
