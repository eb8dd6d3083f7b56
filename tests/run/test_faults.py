"""Steps with a fault on the wire: armed for that step alone, and met or not."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from remote_store import BackendUnavailable
from remote_store.backends import MemoryBackend

from rsconform.lanes.lane import Denied, Services, Subject
from rsconform.run.records import Attempt, Result
from rsconform.wire import S3, Proxy
from tests.run.sessions import session_of
from tests.wire.servers import connect, serving


class Asking(MemoryBackend):
    """Asks a server before it says whether a file exists, and for nothing else."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def exists(self, path: str) -> bool:
        connection = connect(self._url)
        try:
            connection.request("GET", f"/bucket/{path or 'root'}")
            reply = connection.getresponse()
            reply.read()
        except (OSError, http.client.HTTPException) as exc:
            raise BackendUnavailable("no answer", path=path, backend=self.name) from exc
        finally:
            connection.close()
        if reply.status != 200:
            raise BackendUnavailable(str(reply.status), path=path, backend=self.name)
        return super().exists(path)


class Deaf(MemoryBackend):
    """Sends nothing at all."""


class Denying:
    """Arms nothing, and says of itself whether a raw access is refused."""

    def __init__(self, wire: Proxy, *, refused: bool) -> None:
        self.wire = wire
        self.refused = refused

    def __call__(self, what: Denied = "everything") -> None:
        self.wire.arm([])

    def is_refused(self) -> bool:
        return self.refused


def run(case: str, *, wired: bool = True, deaf: bool = False, denies: bool = True) -> list[Attempt]:
    """Return the attempts at a case on a lane whose fixture puts up a wire if it is asked for one."""
    asked: list[bool] = []

    @contextmanager
    def fixture(services: Services) -> Iterator[Subject]:
        asked.append(services.over_wire)
        with (
            serving() as server,
            Proxy("127.0.0.1", server.port, S3()) if services.over_wire else nullcontext() as wire,
        ):
            url = wire.url if wire is not None else f"http://127.0.0.1:{server.port}"
            shown = wire if wired else None
            deny = None if shown is None else Denying(shown, refused=denies)
            yield Subject(make=Deaf if deaf else lambda: Asking(url), requests=shown, wire=shown, deny=deny)

    session, cases = session_of(
        f'[[axiom.case]]\nname = "c"\n{case}', fixture=fixture, affordances=("wire", "deny"), limit_s=2.0
    )
    assert session.instance is not None
    assert session.instance.failed_affordances == ()
    attempts = [attempt for one in cases for attempt in session.attempts(one)]
    session.close()
    assert asked[0] is False
    assert all(asked[1:])
    return attempts


def test_a_fault_befalls_the_step_that_arms_it_and_no_other() -> None:
    (attempt,) = run(
        """
        steps = [
          { op = "exists", path = "a", returns = false, requests = { GetObject = 1, total = 1 } },
          { op = "exists", path = "a", fault = { status = 503 }, raises = "BackendUnavailable" },
          { op = "exists", path = "a", returns = false },
        ]
        """
    )

    assert attempt.result is Result.PASSED


@pytest.mark.parametrize(("bound", "kept"), [('"<= 1"', True), ('">= 1"', True), ('">= 2"', False), ('"<= 0"', False)])
def test_requests_are_held_to_a_bound_on_either_side(bound: str, kept: bool) -> None:
    attempts = run(
        f"""
        steps = [
          {{ op = "exists", path = "a", fault = {{ status = 503 }}, raises = "BackendUnavailable" }},
          {{ op = "exists", path = "a", requests = {{ total = {bound} }} }},
        ]
        """
    )

    assert (attempts[0].result is Result.PASSED) is kept


def test_what_swallows_a_fault_fails() -> None:
    attempts = run('steps = [ { op = "exists", path = "a", fault = { delay = 0.01 }, raises = "BackendUnavailable" } ]')

    assert [attempt.result for attempt in attempts] == [Result.FAILED, Result.FAILED]


@pytest.mark.parametrize("fault", ['{ on = "PutObject", status = 503 }', "{ nth = 2, reset = true }", "{ cut = 5000 }"])
def test_a_fault_that_no_request_met_shows_nothing(fault: str) -> None:
    (attempt,) = run(f'steps = [ {{ op = "exists", path = "a", fault = {fault}, raises = "BackendUnavailable" }} ]')

    assert attempt.result is Result.SKIPPED
    assert attempt.skip is not None
    assert attempt.skip.reason == "fault"
    assert attempt.skip.detail == "exists"


def test_of_several_faults_each_has_to_be_met() -> None:
    (attempt,) = run(
        'steps = [ { op = "exists", path = "a", fault = [{ lost = true }, { on = "PUT", status = 500 }] } ]'
    )

    assert attempt.result is Result.SKIPPED


def test_a_fault_is_cleared_when_the_step_hangs() -> None:
    (attempt,) = run('steps = [ { op = "exists", path = "a", fault = { delay = 600 }, within = 0.5 } ]')

    assert attempt.result is Result.FAILED
    assert attempt.failure is not None
    assert attempt.failure.hang
    assert attempt.breaches == ()  # The wire held it up, so it is no breach of ends-in-time.


@pytest.mark.parametrize(("wired", "deaf", "why"), [(False, False, "has no deny, wire"), (True, True, "nothing that")])
def test_a_wire_that_does_not_stand_between_is_no_wire(wired: bool, deaf: bool, why: str) -> None:
    (attempt,) = run('steps = [ { op = "exists", path = "a", fault = { status = 503 } } ]', wired=wired, deaf=deaf)

    assert attempt.result is Result.ERRORED
    assert attempt.error is not None
    assert why in attempt.error


def test_a_denial_that_refuses_nothing_breaks_the_case_and_accuses_nobody() -> None:
    (attempt,) = run('fresh = true\nsteps = [ { op = "deny" }, { op = "exists", path = "a" } ]', denies=False)

    assert attempt.result is Result.ERRORED
    assert attempt.error == "deny did not prove itself: a raw access is not refused"


def test_deny_is_the_subjects() -> None:
    (attempt,) = run('fresh = true\nsteps = [ { op = "deny" }, { op = "exists", path = "a", returns = false } ]')

    assert attempt.result is Result.PASSED
