"""What a stopped operation leaves, looked at while the store may still change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rsconform_rogues.table import BASES

from rsconform.lanes.model import FixtureError, Services, Snapshot
from rsconform.probes import ProbeContext
from rsconform.probes.stops import leaves


@pytest.fixture
def services() -> Services:
    return Services(own_process=True)


def test_a_file_that_goes_away_under_an_audit_is_no_fault_of_the_fixture(services: Services) -> None:
    audits = 0
    with BASES["local"].fixture(services) as subject:

        def now_and_then() -> Snapshot:
            nonlocal audits
            audits += 1
            if audits % 3 == 1:
                raise FixtureError("no such file")
            assert subject.audit is not None
            return subject.audit()

        leaves(ProbeContext(replace(subject, audit=now_and_then), subject.make()), "d", "delete_folder")

    assert audits >= 3
    services.close()


def test_an_audit_that_never_works_ends_it(services: Services) -> None:
    def never() -> Snapshot:
        raise FixtureError("no permission")

    with BASES["local"].fixture(services) as subject, pytest.raises(FixtureError, match="no permission"):
        leaves(ProbeContext(replace(subject, audit=never), subject.make()), "d", "delete_folder")
    services.close()
