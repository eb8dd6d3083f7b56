"""What may be configured, what is refused at construction, and what the client then does."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import moto
import pytest
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError
from remote_store import BackendUnavailable, PermissionDenied, RemoteStoreError, RetryPolicy, Secret
from rsconform_s3 import S3Boto3Backend, clients
from rsconform_s3.clients import check_settings, make_client

CREDENTIALS: dict[str, Any] = {"key": "AKIASECRETID", "secret": "SESAM-OPEN", "region_name": "us-east-1"}


@pytest.fixture(autouse=True)
def mocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(variable, raising=False)
    with moto.mock_aws():
        yield


def client_of(**options: Any) -> Any:
    return S3Boto3Backend("bucket", **{**CREDENTIALS, **options}).unwrap(BaseClient)


@pytest.mark.parametrize("bucket", ["", "  "])
def test_a_blank_bucket_is_refused(bucket: str) -> None:
    with pytest.raises(ValueError, match="bucket"):
        S3Boto3Backend(bucket)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"key": "k"}, "belong together"),
        ({"secret": Secret("s")}, "belong together"),
        ({"tls_ca_bundle": "/no/such/file"}, "/no/such/file"),
        ({"client_options": {"config": object()}}, "config_kwargs"),
        ({"client_options": {"use_listings_cache": True}}, "use_listings_cache"),
        ({"client_options": {"config_kwargs": {"read_timeuot": 1}}}, "read_timeuot"),
        ({"client_options": {"config_kwargs": {"retries": {"tries": 1}}}}, "tries"),
        ({"client_options": {"config_kwargs": {"s3": {"addressing_style": "pth"}}}}, "pth"),
        ({"client_options": {"config_kwargs": 3}}, "config_kwargs"),
    ],
)
def test_an_unusable_parameter_is_refused_at_construction(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        S3Boto3Backend("bucket", **options)


def test_a_given_client_takes_no_other_settings(client: Any) -> None:
    with pytest.raises(ValueError, match="endpoint_url, retry"):
        S3Boto3Backend("bucket", client=client, endpoint_url="http://h", retry=RetryPolicy())


def test_a_client_too_old_for_conditions_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_NEEDED_MEMBERS", (("CopyObject", "IfNobodyKnows"),))
    with pytest.raises(RemoteStoreError, match="boto3 >="):
        S3Boto3Backend("bucket", client=client)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (None, None),
        ("  ", None),
        ("127.0.0.1:9000", "https://127.0.0.1:9000"),
        ("HTTP://host", "HTTP://host"),
        (" https://host ", "https://host"),
    ],
)
def test_an_endpoint_without_a_scheme_means_https(given: str | None, used: str | None) -> None:
    assert S3Boto3Backend("bucket", endpoint_url=given).resolve("k").details["endpoint_url"] == used


def test_the_ca_bundle_comes_from_the_parameter_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, found = tmp_path / "named.pem", tmp_path / "found.pem"
    named.touch()
    found.touch()
    monkeypatch.setenv("AWS_CA_BUNDLE", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(found))
    options: dict[str, Any] = dict.fromkeys(["endpoint_url", "key", "secret", "region_name", "client_options", "retry"])
    assert check_settings(tls_ca_bundle=str(named), **options).ca_bundle == str(named)
    assert check_settings(tls_ca_bundle=None, **options).ca_bundle == str(found)
    options["client_options"] = {"verify": False}
    assert check_settings(tls_ca_bundle=None, **options).ca_bundle is None
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path))
    with pytest.raises(ValueError, match="not a file"):
        S3Boto3Backend("bucket")


def test_options_reach_the_client_and_parameters_win(caplog: pytest.LogCaptureFixture) -> None:
    options = {
        "region_name": "eu-west-1",
        "config_kwargs": {
            "retries": {"mode": "adaptive"},
            "request_checksum_calculation": "when_required",
            "max_pool_connections": 3,
        },
    }
    before = repr(options)
    with caplog.at_level(logging.DEBUG, logger="rsconform_s3"):
        client = client_of(
            client_options=options, endpoint_url="http://127.0.0.1:9", retry=RetryPolicy(max_attempts=2, jitter=0.5)
        )

    assert repr(options) == before
    assert client.meta.region_name == "us-east-1"
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert client.meta.config.max_pool_connections == 3
    assert client.meta.config.request_checksum_calculation == "when_required"
    assert client.meta.config.s3["addressing_style"] == "path"
    assert [(record.levelname, record.args) for record in caplog.records] == [
        ("WARNING", ("mode",)),
        ("DEBUG", ("jitter",)),
    ]


def test_the_addressing_style_may_be_chosen() -> None:
    assert (client_of().meta.config.s3 or {}).get("addressing_style") is None
    options = {"config_kwargs": {"s3": {"addressing_style": "virtual"}}}
    assert client_of(client_options=options, endpoint_url="http://h").meta.config.s3["addressing_style"] == "virtual"


@pytest.mark.parametrize("attempts", [1, 3])
@pytest.mark.parametrize("fault", ["503", "refused"])
def test_a_retry_policy_counts_requests(monkeypatch: pytest.MonkeyPatch, attempts: int, fault: str) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    backend = S3Boto3Backend("bucket", **CREDENTIALS, retry=RetryPolicy(max_attempts=attempts))
    sent: list[str] = []

    def fail(request: Any, **_: Any) -> AWSResponse:
        sent.append(request.url)
        if fault == "refused":
            raise EndpointConnectionError(endpoint_url=request.url)
        return AWSResponse(request.url, 503, HTTPHeaders(), None)

    events: Any = backend.unwrap(BaseClient).meta.events
    events.register_first("before-send.s3", fail)
    monkeypatch.setattr(AWSResponse, "content", b"")

    with pytest.raises(BackendUnavailable):
        backend.is_file("f")
    assert len(sent) == attempts


def test_missing_credentials_are_a_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/no/such/file")
    backend = S3Boto3Backend("bucket", region_name="us-east-1")
    with pytest.raises(PermissionDenied) as caught:
        backend.read_bytes("f")
    assert caught.value.path == "f"


def test_what_boto3_rejects_before_sending_is_permanent() -> None:
    backend = S3Boto3Backend("not a bucket", **CREDENTIALS)
    with pytest.raises(RemoteStoreError) as caught:
        backend.write("f", b"x")
    assert type(caught.value) is RemoteStoreError


def test_threads_that_come_first_together_make_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def counted(settings: Any) -> Any:
        made.append(make_client(settings))
        return made[-1]

    monkeypatch.setattr(clients, "make_client", counted)
    backend = S3Boto3Backend("bucket", **CREDENTIALS)
    start = threading.Barrier(4)

    def first(_: int) -> bool:
        start.wait()
        return backend.exists("f")

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(first, range(4))) == [False] * 4
    assert len(made) == 1


def test_nothing_of_boto3_is_imported_before_the_first_request() -> None:
    script = (
        "import sys; from rsconform_s3 import S3Boto3Backend as B; b = B('bucket', key='k', secret='s');"
        "b.resolve('k'), b.to_key('k'), repr(b), b.name, b.capabilities, b.close();"
        "sys.exit(bool({'boto3', 'botocore', 'urllib3', 's3fs', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_without_boto3_the_error_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3.session", None)
    with pytest.raises(RemoteStoreError, match="boto3 >=") as caught:
        S3Boto3Backend("bucket").read_bytes("f")
    assert caught.value.backend == "s3-boto3"


def test_what_boto3_says_while_the_client_is_made_is_mapped_for_unwrap_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half of a pair")
    with pytest.raises(PermissionDenied):
        S3Boto3Backend("b", region_name="us-east-1").unwrap(BaseClient)


def test_an_option_of_the_wrong_type_is_an_error_of_ours() -> None:
    backend = S3Boto3Backend("bucket", **CREDENTIALS, client_options={"api_version": 3})
    with pytest.raises(RemoteStoreError):
        backend.exists("a")


def test_a_profile_that_is_not_configured_is_a_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(PermissionDenied, match="no-such-profile"):
        S3Boto3Backend("bucket").read_bytes("a")


class Named(S3Boto3Backend):
    """A backend with something of its own."""

    label = "none"


WAYS: list[Any] = [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy]


@pytest.mark.parametrize("twin_of", WAYS, ids=["pickle", "copy", "deepcopy"])
class TestTwins:
    @pytest.mark.parametrize("is_used", [False, True], ids=["unused", "used"])
    def test_one_has_the_same_settings_and_a_client_of_its_own(self, twin_of: Any, is_used: bool) -> None:
        retry = RetryPolicy(max_attempts=2)
        backend = Named("bucket", **CREDENTIALS, retry=retry, reject_write_under_file_ancestor=True)
        backend.label = "mine"
        if is_used:
            backend.exists("a")

        twin = twin_of(backend)

        assert (type(twin), repr(twin), twin.label) == (Named, repr(backend), "mine")
        client = twin.unwrap(BaseClient)
        assert client is not backend.unwrap(BaseClient)
        assert client.meta.config.retries["total_max_attempts"] == 2
        assert client._request_signer._credentials.secret_key == CREDENTIALS["secret"]
        backend.close()
        assert not twin.exists("a")

    def test_one_of_a_closed_backend_is_closed(self, twin_of: Any) -> None:
        backend = S3Boto3Backend("bucket", **CREDENTIALS)
        backend.close()
        with pytest.raises(BackendUnavailable, match="closed"):
            twin_of(backend).exists("a")


@pytest.mark.parametrize("twin_of", WAYS[1:], ids=["copy", "deepcopy"])
def test_a_copy_of_a_backend_over_a_given_client_shares_it(client: Any, twin_of: Any) -> None:
    twin = twin_of(S3Boto3Backend("bucket", client=client))
    assert twin.unwrap(BaseClient) is client


def test_a_backend_over_a_given_client_says_that_it_cannot_be_pickled(client: Any) -> None:
    with pytest.raises(TypeError, match="client that was given"):
        pickle.dumps(S3Boto3Backend("bucket", client=client))


def test_another_process_can_be_handed_one(tmp_path: Path) -> None:
    handed = tmp_path / "backend"
    handed.write_bytes(pickle.dumps(S3Boto3Backend("bucket", **CREDENTIALS, endpoint_url="http://127.0.0.1:1")))
    code = f"import pickle, sys; print(pickle.load(open({str(handed)!r}, 'rb')), 'boto3' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer == "S3Boto3Backend(bucket='bucket', endpoint_url='http://127.0.0.1:1') False\n"
