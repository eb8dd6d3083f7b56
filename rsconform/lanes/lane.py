"""Lanes and subjects: what the author of a lane fixture writes against."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar, cast

from rsconform.cases.faults import Fault
from rsconform.lanes.other_process import BackendRecipe
from rsconform.spec.axiom import Place
from rsconform.spec.traits import IMPLIED_TRAITS, TRAITS

Evidence = Literal["unknown", "in_process", "emulator", "local_service", "live"]
Denied = Literal["everything", "changes"]
S = TypeVar("S")


class ServiceDownError(Exception):
    """Raised by a lane fixture whose service cannot be reached: no case then says anything about the backend."""


class NoEmptyFoldersError(Exception):
    """Raised by a `seed` whose store holds no empty folder, although folders with files are real: as in git."""


class CannotHoldError(Exception):
    """Raised by a `seed` whose store cannot hold a file that a case begins with: its name, its content or its size.

    The case is skipped, which is counted and shown: its axiom is not exercised unless another case of it ran. It is
    never held against the backend.

    Args:
        path: The file that cannot be held.
        why: What the store holds instead, in a few words; it is for people.
    """

    def __init__(self, path: str, why: str = "") -> None:
        self.path = path
        self.why = why
        super().__init__(f"{path}: {why}" if why else path)


class FixtureError(Exception):
    """What a lane fixture affords failed: nothing is known about the subject."""


class StoreNotEmptyError(FixtureError):
    """The lane fixture handed out a store that holds something already: nothing is known about the subject."""

    def __init__(self, found: Sequence[str]) -> None:
        self.found = tuple(found)
        shown = ", ".join(map(repr, self.found[:5]))
        more = f" and {len(self.found) - 5} more" if len(self.found) > 5 else ""
        super().__init__(
            f"the lane fixture handed out a store that is not empty: it holds {shown}{more}. Each case needs an empty "
            "store of its own; leave out of audit() what the backend itself keeps there."
        )


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it lies in the store, seen past the backend."""

    content: bytes
    metadata: Mapping[str, str] | None = None  # User metadata; None for none.


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole store as the auditor sees it."""

    files: Mapping[str, StoredFile]
    folders: frozenset[str] | None = None  # Every folder below the root; None where folders are not real.
    # Uploads and temporary files that an aborted write left, beside its target or elsewhere. They are no files of the
    # tree: what a backend calls a temporary file its lane fixture lists here, wherever it lies.
    residue: tuple[str, ...] = ()


class Seed(Protocol):
    """Puts files and empty folders into the store past the backend.

    Raises:
        CannotHoldError: The store cannot hold one of the files.
        NoEmptyFoldersError: It is to put an empty folder into a store that holds none.
    """

    def __call__(self, files: Mapping[str, StoredFile], folders: Sequence[str]) -> None: ...


class Audit(Protocol):
    """Looks at the store past the backend."""

    def __call__(self) -> Snapshot: ...


class Container(Protocol):
    """The bucket, folder or table that the store lies in.

    Where it is a folder, as on a disk, it may have `occupy()` too, which takes no argument: it removes the folder with
    everything in it and leaves a file in its place.
    """

    def drop(self) -> None:
        """Remove the container with everything in it."""


class Deny(Protocol):
    """Makes the store refuse its backends, as where rights or credentials have been taken away."""

    def __call__(self, what: Denied = "everything") -> None:
        """From now on refuse every access, or every change, to whoever has the rights of the subject's backends.

        What the kit does past them (`audit`) goes on as before. The subject serves no other case.
        """

    def is_refused(self) -> bool:
        """Try a raw access of the kind that is denied, with the backend's rights, and return whether it is refused."""


class Requests(Protocol):
    """Counts what the backend sends."""

    def counts(self) -> Mapping[str, int]:
        """Return how many requests of each kind were sent since the subject was handed out."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a wire saw it. It holds no credential, no signature and no body."""

    kind: str  # The server's own name for it, GetObject, or the method where it has none.
    method: str
    path: str  # As sent, without what comes after the question mark.
    query: Mapping[str, str]  # The parameters that say what is asked for.
    headers: Mapping[str, str]  # Ranges, conditions, checksums, lengths; names in lower case.
    status: int | None = None  # Of the reply as the backend got it; None if none came.
    sent_bytes: int = 0  # Of the request's body.
    received_bytes: int = 0  # Of the reply's body, as far as it was passed on.


class Wire(Requests, Protocol):
    """Stands between backend and server: records the exchanges, and injects the faults that a case asks for."""

    def arm(self, faults: Sequence[Fault]) -> None:
        """Let faults befall what is sent from now on, counting from one."""

    def clear(self) -> Sequence[int]:
        """Disarm them, let go what they hold back, and return how many requests each one met."""

    def requests(self) -> Sequence[Request]:
        """Return every request since the subject was handed out, in the order of their coming."""


@dataclass(slots=True)
class Subject:
    """An empty, isolated store and how to put a backend over it, with what else the lane fixture affords.

    Args:
        make: Returns a new Backend or AsyncBackend over this store, or an awaitable of one. The kit calls it, so that a
            constructor that fails is the backend's failure and not the lane fixture's; called again it is another
            client of the same store.
        seed: Affordance `seed`.
        audit: Affordance `audit`.
        container: Affordance `container`.
        requests: Affordance `requests`.
        wire: Affordance `wire`, in `requests` too. A lane fixture whose `services.over_wire` is false may leave it out,
            so that only the cases that need it pay for it.
        deny: Affordance `deny`. It may need a wire.
        peers: Affordance `peer`: a second instance from `make` is a client of its own.
        reset: Empties the store past the backend, so that store and instance can serve the next case.
        variants: Affordance `variants`: keywords with which the backend's class makes another client of this store.
            Under "plain" they are such that a case may add any other option, or change one; what other names mean is
            for the family that asks for them.
        recipe: Python for a script of the user's own. It defines `make()`, which gives a backend over the same empty
            store at each call. It may define `stored(backend)`, the files by path past the backend, and
            `drop_container()`.
        other_process: Affordance `other_process`: how another process makes a backend of this kind over this store.
        secrets: Values, as text or bytes, that must appear in no error, log, repr or report. One of less than four
            characters is found in ordinary words: it is redacted where it stands alone, and not judged.
    """

    make: Callable[[], Any]  # To the kit's own code it gives a Backend, an AsyncBackend behind its sync face.
    seed: Seed | None = None
    audit: Audit | None = None
    container: Container | None = None
    requests: Requests | None = None
    wire: Wire | None = None
    deny: Deny | None = None
    peers: bool = False
    reset: Callable[[], None] | None = None
    variants: Mapping[str, Mapping[str, object]] | None = None
    recipe: str | None = None
    other_process: Callable[[], BackendRecipe] | None = None
    secrets: tuple[str, ...] = ()

    def affords(self, name: str) -> bool:
        """Return whether an affordance came up."""
        if name == "peer":
            return self.peers
        return getattr(self, name, None) is not None


class Services:
    """What lives longer than a case: services and clients, each started once per worker, on first use.

    Attributes:
        own_process: True where the process is the kit's own, so that a service may patch it (moto in process).
        over_wire: True where the case at hand needs a wire between the backend and its server.
    """

    def __init__(self, *, own_process: bool, over_wire: bool = False) -> None:
        self.own_process = own_process
        self.over_wire = over_wire
        self._stack = ExitStack()
        self._started: dict[object, object] = {}

    def start(self, service: Callable[[], AbstractContextManager[S]]) -> S:
        """Return what a service yields, starting it on first use; it ends with the worker."""
        if service not in self._started:
            self._started[service] = self._stack.enter_context(service())
        return cast("S", self._started[service])

    def with_wire(self) -> Services:
        """Return the same services, as a case that needs a wire is given them."""
        other = Services(own_process=self.own_process, over_wire=True)
        other._stack, other._started = self._stack, self._started
        return other

    def close(self) -> None:
        """End every service, the last started first."""
        self._started.clear()
        self._stack.close()


LaneFixture = Callable[[Services], AbstractContextManager[Subject]]


@dataclass(frozen=True, slots=True)
class Lane:
    """One named, configured backend under test: its declared facts and where its code is."""

    name: str
    file: Path  # Where it is declared: the file that pytest collects.
    place: Place
    fixture: str | None = None  # "module:function" or "file.py:function" of a lane fixture.
    backend: str | None = None  # The same of a plain callable that returns a backend.
    stage: int = 1
    evidence: Evidence = "unknown"  # What its verdicts rest on, as far as somebody says so.
    service: str = ""  # What the backend talks to, and what was changed of it, as the certificate says it.
    affordances: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    traits: Mapping[str, object] = field(default_factory=dict)
    extra: str | None = None  # What to install when the lane's modules are missing: "rsconform[s3]".
    fresh_store: bool = False  # The callable promises a new store per call.
    parallel: bool = False  # A whole run pays for a worker for each core.
    from_entry_point: bool = False
    distribution: str | None = None  # Of the entry point: where the lane's code comes from.
    make: Callable[[], Any] | None = None  # The callable itself, where a conftest.py registered it.

    @property
    def declared(self) -> Mapping[str, object]:
        """Return the traits as declared, with what they imply and the defaults of the vocabulary."""
        traits = {name: trait.default for name, trait in TRAITS.items() if trait.default is not None}
        for (name, value), (implied, implied_value) in IMPLIED_TRAITS:
            if self.traits.get(name) == value:
                traits[implied] = implied_value
        return {**traits, **self.traits}

    def affords(self, name: str) -> bool:
        """Return whether the lane declares an affordance; a wire counts requests as well."""
        return name in self.affordances or (name == "requests" and "wire" in self.affordances)

    @property
    def digest(self) -> str:
        """Return a digest over the facts that a verdict can depend on."""
        facts = [self.name, self.evidence, self.stage, sorted(self.affordances), sorted(self.specs), self.declared]
        facts += [self.service] if self.service else []
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
