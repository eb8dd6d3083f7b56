"""The lane fixture of our S3 backend, in process and over a wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from remote_store import BackendUnavailable, PermissionDenied
from rsconform_fixtures.s3 import boto3_on_moto

from rsconform.lanes import Fault, Services


@pytest.fixture(scope="module", params=[True, False], ids=["own process", "somebody's process"])
def services(request: pytest.FixtureRequest) -> Iterator[Services]:
    services = Services(own_process=request.param)
    yield services
    services.close()


def test_a_case_that_needs_no_wire_gets_none(services: Services) -> None:
    with boto3_on_moto(services) as subject:
        subject.make().write("a", b"x")

        assert subject.wire is None
        assert subject.requests is not None
        assert subject.requests.counts() == {"PutObject": 1}


def test_over_the_wire_the_same_is_counted_and_nothing_past_it(services: Services) -> None:
    with boto3_on_moto(services) as plain, boto3_on_moto(services.with_wire()) as subject:
        assert subject.wire is not None
        assert subject.audit is not None
        subject.make().write("a", b"x")

        assert subject.wire.counts() == {"PutObject": 1}
        assert {path: file.content for path, file in subject.audit().files.items()} == {"a": b"x"}
        assert plain.audit is not None
        assert plain.audit().files == {}


def test_a_new_case_begins_without_faults_and_counts_from_nought(services: Services) -> None:
    with boto3_on_moto(services.with_wire()) as subject:
        assert subject.wire is not None
        backend = subject.make()
        subject.wire.arm([Fault(status=503, times="all")])
        with pytest.raises(BackendUnavailable):
            backend.exists("a")

        assert subject.reset is not None
        subject.reset()

        assert subject.wire.counts() == {}
        assert not backend.exists("a")


def test_what_is_denied_stays_denied_until_the_subject_ends(services: Services) -> None:
    with boto3_on_moto(services.with_wire()) as subject:
        assert subject.deny is not None
        subject.deny()
        with pytest.raises(PermissionDenied):
            subject.make().exists("a")
    with boto3_on_moto(services.with_wire()) as subject:
        assert not subject.make().exists("a")
