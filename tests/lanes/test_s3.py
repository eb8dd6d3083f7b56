"""The lane fixture of our S3 backend, in process and over a wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.client import BaseClient
from remote_store import BackendUnavailable, PermissionDenied
from rsconform_fixtures.s3.lane import boto3_on_moto

from rsconform.lanes import Fault, Services
from rsconform.lanes.registry import find_lane, installed_lane_files


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


def test_moto_ignores_the_condition_of_a_copy_as_the_lane_says(services: Services) -> None:
    """This fails once a release of moto honours it: then the lane need not declare `exclusive_copies = false`."""
    lane = find_lane("s3_boto3_moto", installed_lane_files(), {})
    assert lane.declared["exclusive_copies"] is False
    assert "not of copies" in lane.service
    with boto3_on_moto(services) as subject:
        backend = subject.make()
        backend.write("a", b"source")
        backend.write("b", b"taken")
        client = backend.unwrap(BaseClient)
        source = {"Bucket": backend.native_path(""), "Key": "a"}
        client.copy_object(Bucket=source["Bucket"], Key="b", CopySource=source, IfNoneMatch="*")

        assert backend.read_bytes("b") == b"source"
