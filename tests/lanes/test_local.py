"""The lane fixture of LocalBackend, as far as it affords more than files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from remote_store import PermissionDenied
from rsconform_fixtures.local import local

from rsconform.lanes import Denied, Services, StoredFile, Subject


@pytest.fixture
def subject() -> Iterator[Subject]:
    services = Services(own_process=True)
    with local(services) as subject:
        assert subject.seed is not None
        subject.seed({"d/f": StoredFile(b"kept")}, ())
        yield subject
    services.close()


def root_of(subject: Subject) -> Path:
    root: Path = subject.make()._root
    return root


@pytest.mark.parametrize("what", ["everything", "changes"])
def test_what_is_denied_is_refused_to_root_as_well(subject: Subject, what: Denied) -> None:
    assert subject.deny is not None
    subject.deny(what)

    assert subject.deny.is_refused()
    with pytest.raises(PermissionError):
        (root_of(subject) / "d" / "g").write_bytes(b"x")


def test_where_changes_are_denied_everything_can_be_read(subject: Subject) -> None:
    assert subject.deny is not None
    backend = subject.make()
    subject.deny("changes")

    assert backend.read_bytes("d/f") == b"kept"
    backend.check_health()
    with pytest.raises(PermissionDenied):
        backend.write("d/f", b"new", overwrite=True)


def test_the_auditor_sees_on_and_leaves_the_denial_in_force(subject: Subject) -> None:
    assert subject.deny is not None
    assert subject.audit is not None
    subject.deny()

    assert dict(subject.audit().files) == {"d/f": StoredFile(b"kept")}
    assert subject.deny.is_refused()


def test_the_denial_ends_with_the_subject(tmp_path: Path) -> None:
    services = Services(own_process=True)
    with local(services) as subject:
        root = root_of(subject)
        assert subject.deny is not None
        subject.deny()
    services.close()

    assert not root.exists()
    tmp_path.chmod(0o000)
    try:
        # Root's rights are back, where it is root who runs this.
        assert can_list(tmp_path) is (tmp_path.stat().st_uid == 0)
    finally:
        tmp_path.chmod(0o700)


def can_list(folder: Path) -> bool:
    try:
        list(folder.iterdir())
    except PermissionError:
        return False
    return True
