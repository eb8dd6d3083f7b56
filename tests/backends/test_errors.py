"""What remote_store calls the refusals of a server and the failures of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.exceptions as native
import pytest
from botocore.parsers import ResponseParserError
from remote_store import BackendUnavailable, InvalidPath, NotFound, PermissionDenied, RemoteStoreError
from rsconform_s3 import S3Boto3Backend
from rsconform_s3.errors import store_error
from urllib3.exceptions import ProtocolError

if TYPE_CHECKING:
    from tests.backends.conftest import Wire

REFUSALS = [
    (404, "NoSuchKey", NotFound),
    (404, "NoSuchBucket", NotFound),
    (404, "404", NotFound),
    (404, "NoSuchUpload", RemoteStoreError),
    (401, "SomethingNew", PermissionDenied),
    (403, "AccessDenied", PermissionDenied),
    (403, "403", PermissionDenied),
    (403, "InvalidAccessKeyId", PermissionDenied),
    (403, "SignatureDoesNotMatch", PermissionDenied),
    (403, "AccountProblem", PermissionDenied),
    (403, "InvalidObjectState", RemoteStoreError),
    (400, "ExpiredToken", PermissionDenied),
    (400, "InvalidToken", PermissionDenied),
    (400, "TokenRefreshRequired", PermissionDenied),
    (400, "RequestExpired", PermissionDenied),
    (400, "AuthorizationHeaderMalformed", PermissionDenied),
    (400, "RequestTimeout", BackendUnavailable),
    (400, "KeyTooLongError", InvalidPath),
    (400, "InvalidArgument", RemoteStoreError),
    (408, "408", BackendUnavailable),
    (429, "TooManyRequests", BackendUnavailable),
    (429, "429", BackendUnavailable),
    (500, "InternalError", BackendUnavailable),
    (502, "502", BackendUnavailable),
    (503, "SlowDown", BackendUnavailable),
    (504, "504", BackendUnavailable),
    (501, "NotImplemented", RemoteStoreError),
    (200, "InternalError", BackendUnavailable),
    (301, "PermanentRedirect", RemoteStoreError),
    (418, "Teapot", RemoteStoreError),
]


@pytest.mark.parametrize(
    ("status", "code", "expected"), REFUSALS, ids=lambda value: str(getattr(value, "__name__", value))
)
def test_the_code_decides_before_the_status(status: int, code: str, expected: type[RemoteStoreError]) -> None:
    facts = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    exc = native.ClientError(facts, "GetObject")  # type: ignore[arg-type]  # The stubs want every header.

    error = store_error(exc, path="p", backend="s3-boto3")

    assert type(error) is expected
    assert (error.path, error.backend) == ("p", "s3-boto3")
    assert code in str(error)
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("status", "facts", "headers"),
    [
        (301, {"Code": "PermanentRedirect"}, {"x-amz-bucket-region": "eu-west-1"}),
        (307, {"Code": "TemporaryRedirect", "Endpoint": "b.s3.eu-west-1.example"}, {}),
        (301, {"Code": "301"}, {"x-amz-bucket-region": "eu-west-1"}),
        (400, {"Code": "IllegalLocationConstraintException", "Region": "eu-west-1"}, {}),
    ],
)
def test_a_bucket_elsewhere_is_told_with_its_region(
    status: int, facts: dict[str, str], headers: dict[str, str]
) -> None:
    answer: Any = {"Error": facts, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers}}

    error = store_error(native.ClientError(answer, "GetObject"), path="p", backend="s3-boto3")

    assert type(error) is RemoteStoreError
    assert "eu-west-1" in str(error)
    assert "region_name" in str(error)


LOCAL = [
    (native.EndpointConnectionError(endpoint_url="http://u:pw@host"), BackendUnavailable),
    (native.ConnectTimeoutError(endpoint_url="http://host"), BackendUnavailable),
    (native.ReadTimeoutError(endpoint_url="http://host"), BackendUnavailable),
    (native.SSLError(endpoint_url="http://host", error=OSError("no")), BackendUnavailable),
    (native.ConnectionClosedError(endpoint_url="http://host"), BackendUnavailable),
    (native.ResponseStreamingError(error="cut"), BackendUnavailable),
    (native.IncompleteReadError(actual_bytes=1, expected_bytes=2), BackendUnavailable),
    (native.FlexibleChecksumError(error_msg="no"), BackendUnavailable),
    (native.HTTPClientError(error=OSError("no")), BackendUnavailable),
    (native.HTTPClientError(error=ValueError("Invalid header value")), RemoteStoreError),
    (ResponseParserError("no"), BackendUnavailable),
    (ProtocolError("cut"), BackendUnavailable),
    (ConnectionResetError("reset"), BackendUnavailable),
    (native.NoCredentialsError(), PermissionDenied),
    (native.PartialCredentialsError(provider="env", cred_var="x"), PermissionDenied),
    (native.CredentialRetrievalError(provider="p", error_msg="no"), PermissionDenied),
    (native.UnauthorizedSSOTokenError(), PermissionDenied),
    (native.ParamValidationError(report="Invalid bucket name"), RemoteStoreError),
    (native.NoRegionError(), RemoteStoreError),
    (ValueError("Invalid endpoint"), RemoteStoreError),
]


@pytest.mark.parametrize(("exc", "expected"), LOCAL, ids=[type(exc).__name__ for exc, _ in LOCAL])
def test_only_what_may_pass_is_called_unavailable(exc: Exception, expected: type[RemoteStoreError]) -> None:
    error = store_error(exc, path="p", backend="s3-boto3")

    assert type(error) is expected
    assert "pw@" not in str(error)


def test_credentials_do_not_stand_in_a_message() -> None:
    exc = native.NoRegionError(fmt="")
    exc.args = ("bad key SESAM in the request",)

    assert "SESAM" not in str(store_error(exc, path=None, backend="s3-boto3", hide=("SESAM",)))


HEAD_FIRST = {
    "exists": lambda backend: backend.exists("p"),
    "is_file": lambda backend: backend.is_file("p"),
    "read_seekable": lambda backend: backend.read_seekable("p"),
    "get_file_info": lambda backend: backend.get_file_info("p"),
    "delete": lambda backend: backend.delete("p", missing_ok=True),
    "copy": lambda backend: backend.copy("p", "q"),
    "move": lambda backend: backend.move("p", "q"),
}


@pytest.mark.parametrize("operation", HEAD_FIRST)
def test_an_expired_token_is_recognised_behind_a_head_without_a_body(
    backend: S3Boto3Backend, wire: Wire, operation: str
) -> None:
    wire.fail("HeadObject", 400)
    wire.fail("GetObject", 400, "ExpiredToken")

    with pytest.raises(PermissionDenied) as caught:
        HEAD_FIRST[operation](backend)

    assert caught.value.path == "p"
    assert wire.operations == ["HeadObject", "GetObject"]


@pytest.mark.parametrize("operation", HEAD_FIRST)
@pytest.mark.parametrize(("status", "expected"), [(403, PermissionDenied), (503, BackendUnavailable)])
def test_a_lookup_that_was_refused_is_not_a_no(
    backend: S3Boto3Backend, wire: Wire, operation: str, status: int, expected: type[RemoteStoreError]
) -> None:
    wire.fail("HeadObject", status)

    with pytest.raises(expected):
        HEAD_FIRST[operation](backend)


def test_a_head_that_fails_for_another_reason_keeps_its_own_error(
    backend: S3Boto3Backend, wire: Wire, seed: object
) -> None:
    backend.write("p", b"x")
    wire.fail("HeadObject", 400)

    with pytest.raises(RemoteStoreError) as caught:
        backend.get_file_info("p")

    assert type(caught.value) is RemoteStoreError


@pytest.mark.parametrize(("status", "expected"), [(404, NotFound), (403, PermissionDenied), (503, BackendUnavailable)])
def test_health_is_one_head_of_the_bucket(
    backend: S3Boto3Backend, wire: Wire, status: int, expected: type[RemoteStoreError]
) -> None:
    backend.check_health()
    assert wire.operations == ["HeadBucket"]

    wire.fail("HeadBucket", status)
    with pytest.raises(expected) as caught:
        backend.check_health()
    assert caught.value.path is None


def test_an_expired_token_fails_the_health_check_as_a_denial(backend: S3Boto3Backend, wire: Wire) -> None:
    wire.fail("HeadBucket", 400)
    wire.fail("ListObjectsV2", 400, "ExpiredToken")

    with pytest.raises(PermissionDenied):
        backend.check_health()


@pytest.mark.parametrize("code", [403, 503, 400])
def test_a_type_probe_that_fails_leaves_the_miss_as_the_answer(backend: S3Boto3Backend, wire: Wire, code: int) -> None:
    wire.fail("ListObjectsV2", code, times=3)

    with pytest.raises(NotFound):
        backend.read("gone")
    with pytest.raises(NotFound):
        backend.read_bytes("gone")
    backend.delete("gone", missing_ok=True)


def test_the_listing_that_decides_is_not_excused(backend: S3Boto3Backend, wire: Wire) -> None:
    for operation in (
        lambda: backend.exists("d"),
        lambda: backend.is_folder("d"),
        lambda: backend.delete_folder("d", missing_ok=True),
        lambda: backend.delete_folder("d", recursive=True, missing_ok=True),
        lambda: backend.get_folder_info("d"),
        lambda: list(backend.list_files("d")),
    ):
        wire.fail("ListObjectsV2", 403, "AccessDenied")
        with pytest.raises(PermissionDenied) as caught:
            operation()
        assert caught.value.path == "d"


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("t", "it is not taken, says ***, test and wJalrXUtnFEMI"),
        ("test", "it is not taken, says t, *** and wJalrXUtnFEMI"),
        ("wJalrXUtn", "it is not taken, says t, test and ***FEMI"),
    ],
)
def test_a_short_secret_is_hidden_as_a_word_and_garbles_no_other(secret: str, shown: str) -> None:
    exc = native.NoRegionError(fmt="")
    exc.args = ("it is not taken, says t, test and wJalrXUtnFEMI",)
    assert shown in str(store_error(exc, path=None, backend="s3-boto3", hide=(secret,)))
