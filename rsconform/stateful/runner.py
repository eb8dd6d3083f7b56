"""Runs one sequence of operations against subject and model, and looks at the store after each.

Each sequence has a folder of its own in the one store, so that an instance lives through many of them. In the end it
takes away what it made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from remote_store import Backend, Capability, InvalidPath, ResourceLocked

from rsconform.lanes.async_facade import surface_of
from rsconform.lanes.lane import Snapshot, Subject
from rsconform.spec.operations import FOLDERS_KNOWN_BY, OPERATIONS
from rsconform.stateful.executor import ObservedResult, do
from rsconform.stateful.expected import Expected, raises
from rsconform.stateful.model import Model, of_snapshot, tree_difference
from rsconform.stateful.operations import KNOWN, OF_SUBJECT, OF_TWO, WRITES, Operation

# A name that a store need not hold (KIT-020): one that is refused from the start is left out.
ODD_NAME: Final = "d b/ü+%41"
# Lookups after a change, by turns: they fill caches that may be kept too long.
_TURNS: Final = (
    ("exists", "read_bytes"), ("get_file_info", "is_file"), ("read_bytes", "get_file_info"), ("read", "exists"),
)  # fmt: skip
# Lookups of the folders that it lies in.
_FOLDER_TURNS: Final = ("is_folder", "get_folder_info", "list_folders", "exists")
_WHOLE: Final[Mapping[str, object]] = {"recursive": True, "missing_ok": True}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation that was done, and what came of it."""

    operation: Operation
    expected: Expected
    seen: ObservedResult


@dataclass(frozen=True, slots=True)
class Broken:
    """A sequence whose last operation did what it may not, or left what it may not.

    Args:
        steps: Every operation, its paths relative to the folder of the sequence.
        expected, observed: In words; about the answer, or about the store.
        tree: What the store was to hold instead, where it is wrong; paths are relative too.
    """

    steps: tuple[Step, ...]
    expected: str
    observed: str
    tree: Mapping[str, bytes] | None = None

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Return the operations alone."""
        return tuple(step.operation for step in self.steps)

    @property
    def kind(self) -> tuple[str, ...]:
        """Return what tells this finding from others: the last operation and what it did, without its values."""
        last = self.steps[-1]
        about = "the store" if self.tree is not None else last.seen.error_name or "its answer"
        return last.operation.title, "/".join(sorted(last.expected.errors)), about


class Instances:
    """The instance under test and a peer of it; where there are peers, instances of our own that may be reopened."""

    def __init__(self, subject: Subject, backend: Backend) -> None:
        self.subject = subject
        self._own: dict[bool, Backend] = {}
        self._given = backend

    def take(self, *, peer: bool) -> Backend:
        """Return the instance, or its peer."""
        if not self.subject.peers:
            return self._given
        if peer not in self._own:
            self._own[peer] = self.subject.make()
        return self._own[peer]

    def reopen(self, *, peer: bool) -> None:
        """Close an instance and go on with a new one."""
        if self.subject.peers:
            self._own.pop(peer, self._given).close()
            self.take(peer=peer)

    def close(self) -> None:
        """Close what was made here."""
        for one in self._own.values():
            with contextlib.suppress(Exception):  # Axioms about close() judge that.
                one.close()
        self._own.clear()


def never() -> bool:
    """Return that it is not over."""
    return False


@dataclass
class Track:
    """Runs sequences, one after the other, each in a folder of its own.

    Args:
        names: The operations that the backend has.
        model: Makes the model of an empty store.
        touched: Called with each path that may be written.
    """

    instances: Instances
    names: Sequence[str]
    model: Callable[[], Model]
    touched: Callable[[str], None] = lambda _path: None
    begun: int = 0  # How many sequences.
    done: int = 0  # How many operations.
    under_way: Operation | None = None
    is_over: Callable[[], bool] = never  # Whether a sequence is to go no further.
    gone: bool = False  # The container was dropped, and nothing has been written since.
    holds_odd: bool | None = None  # Whether ODD_NAME is a name here; None until something was tried with it.
    _steps: list[Step] = field(default_factory=list)
    _kept: dict[int, Any] = field(default_factory=dict)  # What was opened, by the number of its handle.
    _open: set[int] = field(default_factory=set)  # The handles that were not closed yet.

    def replay(self, operations: Sequence[Operation]) -> Broken | None:
        """Run a sequence that is known and ask nothing besides; what it made is taken away, however that goes."""
        broken = self._run((operation, False) for operation in operations)
        # Shortening replays hundreds of them, and all that lies about is looked at after each operation.
        if "delete_folder" in self.names and self._model.has_files(self._folder) and not self._model.gone:
            do(self.instances.take(peer=False), Operation("delete_folder", self._folder, options=_WHOLE))
        return broken

    def explore(self, operations: Iterable[tuple[Operation, bool]]) -> Broken | None:
        """Run a sequence, and in the end take away what it made.

        Args:
            operations: Each with whether to ask what was changed by it. The next one is taken when the one before is
                done.
        """
        return self._run(operations) or self._end()  # However late: what it made is not to lie about.

    def _run(self, operations: Iterable[tuple[Operation, bool]]) -> Broken | None:
        self.begun += 1
        self._folder = f"s{self.begun}"
        self._model = self.model()
        self._model.gone = self.gone
        self._steps = []
        before = self.instances.subject.audit() if self.instances.subject.audit is not None else None
        self._outside = self._beyond(before) if before is not None else {}
        try:
            for number, (operation, asks) in enumerate(operations):
                if self.is_over():
                    return None
                broken = self._perform(operation)
                if broken is None and asks and operation.mutates:
                    broken = self._ask(operation, number)
                if broken is not None:
                    return broken
            return None
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Close what is still open."""
        for handle in self._kept.values():
            with contextlib.suppress(Exception):  # Not every listing can be closed; closing a reader is a step.
                handle.close()
        self._kept.clear()
        self._open.clear()

    @property
    def steps(self) -> Sequence[Step]:
        """Return what was done of the sequence under way, or of the last one."""
        return tuple(self._steps)

    @property
    def fresh(self) -> Model:
        """Return the model of an empty store."""
        return self.model()

    @property
    def there(self) -> list[str]:
        """Return the files that are there in the sequence under way, in the order of their names."""
        return sorted(path.removeprefix(f"{self._folder}/") for path in self._model.files)

    def _ask(self, operation: Operation, number: int) -> Broken | None:
        for asked in self._questions(operation, number):
            broken = self._perform(asked) if asked.op in self.names else None
            if broken is not None:
                return broken
        return None

    def _questions(self, operation: Operation, number: int) -> Iterator[Operation]:
        for path in (operation.path, operation.dst) if operation.dst is not None else (operation.path,):
            for name in _TURNS[number % len(_TURNS)]:
                yield Operation(name, path, peer=operation.peer)
        above = operation.path.rpartition("/")[0]
        if number % 2:
            yield Operation("list_files", above)
            return
        name = _FOLDER_TURNS[number // 2 % len(_FOLDER_TURNS)]
        for folder in dict.fromkeys((above, (operation.dst or operation.path).rpartition("/")[0])):
            yield Operation(name, folder, peer=operation.peer)

    def _end(self) -> Broken | None:
        """Take away what the sequence made, through the backend, which has to leave nothing of it."""
        if "delete_folder" in self.names:
            if not self._model.has_files(self._folder) or self._model.gone:
                return None
            return self._perform(Operation("delete_folder", "", options=_WHOLE))
        for path in self.there if "delete" in self.names else ():
            broken = self._perform(Operation("delete", path))
            if broken is not None:
                return broken
        return None

    def _perform(self, plain: Operation) -> Broken | None:
        """Do an operation in the folder of the sequence; return what is wrong then."""
        operation = self._model.settled(plain.below(self._folder))
        if operation is None or (self.holds_odd is False and plain.is_about(ODD_NAME)):
            return None
        if plain.keeps != operation.keeps:
            plain = replace(plain, keeps=operation.keeps)
        if operation.mutates:
            self.touched(operation.path)
            self.touched(operation.dst or operation.path)
        expected = self._model.expect(operation)
        self.under_way = operation
        seen = self._done(operation)
        self.under_way = None
        self.done += 1
        if self.holds_odd is None and plain.is_about(ODD_NAME):
            if isinstance(seen.error, InvalidPath) and not seen.fits(expected):
                self.holds_odd = False
                return self._look(operation, unknown=False)
            if seen.error is None and operation.op in (*WRITES, *OF_TWO):
                self.holds_odd = True
        if self._open and operation.mutates and isinstance(seen.error, ResourceLocked):
            # A store may lock what is open (ERR-013): then it has to be as it was.
            self._steps.append(Step(plain, raises(ResourceLocked.__name__), seen))
            return self._look(operation, unknown=False)
        self._steps.append(Step(plain, expected, seen))
        if not seen.fits(expected):
            return Broken(tuple(self._steps), self._relative(str(expected)), self._relative(str(seen)))
        unknown = False
        if seen.error is None:
            self._model.apply(operation, seen.value)
        else:
            unknown = self._model.give_up(operation, source_failed=seen.own)
        self.gone = self._model.gone
        return self._look(operation, unknown=unknown) if operation.mutates or seen.error is not None else None

    def _done(self, operation: Operation) -> ObservedResult:
        if operation.op == "drop_container":
            container = self.instances.subject.container
            assert container is not None  # Only lanes with a container come here.
            if not self.gone:
                container.drop()
            return ObservedResult()
        if operation.op == "reopen":
            try:
                self.instances.reopen(peer=operation.peer)
            except Exception as exc:
                return ObservedResult(error=exc)
            return ObservedResult()
        if operation.on:
            handle = self._kept[operation.on]
            if operation.op == "close" or (operation.op == "drain" and not hasattr(handle, "read")):
                self._open.discard(operation.on)
            return do(handle, operation)
        seen = do(self.instances.take(peer=operation.peer), operation)
        if operation.keeps and seen.error is None:
            self._kept[operation.keeps] = seen.value
            self._open.add(operation.keeps)
            return ObservedResult()
        return seen

    # -- the store past the backend ---------------------------------------------------------------------------

    def _look(self, operation: Operation, *, unknown: bool) -> Broken | None:
        audit = self.instances.subject.audit
        if audit is None:
            if unknown:
                self._model.settle(operation.path, *self._read(operation.path))
            return None
        snapshot = audit()
        if unknown:
            stored = snapshot.files.get(operation.path)
            metadata = stored.metadata if stored is not None else None
            self._model.settle(operation.path, stored.content if stored is not None else None, metadata)
        if operation.op == "drop_container":
            self._outside = {}
        seen = of_snapshot(snapshot, metadata=self._model.metadata)
        difference = tree_difference({**self._outside, **self._model.tree()}, seen)
        if difference is not None:
            expected, observed = difference
            start = len(self._folder) + 1
            tree = {path[start:]: content for path, content in self._model.files.items()}
            return self._broken(f"the store to hold {expected}", observed, tree)
        if snapshot.folders is not None and not self._model.flat:
            ours = [one for one in snapshot.folders if f"{one}/".startswith(f"{self._folder}/")]
            strange = self._model.look_past(ours)
            if strange is not None:
                return self._broken("no folder that nothing asked for", f"the folder {strange}", {})
        return None

    def _broken(self, expected: str, observed: str, tree: Mapping[str, bytes]) -> Broken:
        return Broken(tuple(self._steps), self._relative(expected), self._relative(observed), tree)

    def _beyond(self, snapshot: Snapshot) -> dict[str, object]:
        """Return what sequences before this one left."""
        return of_snapshot(snapshot, metadata=self._model.metadata)

    def _read(self, path: str) -> tuple[bytes | None, Mapping[str, str]]:
        """Return what the backend itself says that a path holds."""
        backend = self.instances.take(peer=False)
        content = do(backend, Operation("read_bytes", path)).value if "read_bytes" in self.names else None
        info = do(backend, Operation("get_file_info", path)).value if "get_file_info" in self.names else None
        about = dict(info[2]) if isinstance(info, tuple) else {}
        return content if isinstance(content, bytes) else None, about

    def _relative(self, text: str) -> str:
        return text.replace(f"{self._folder}/", "").replace(self._folder, "the folder of the sequence")


def track_over(
    subject: Subject,
    backend: Backend,
    *,
    flat: bool,
    below_files: bool,
    touched: Callable[[str], None] = lambda _path: None,
) -> Track:
    """Return a track over an empty store and a backend; its instances are to be closed in the end."""
    metadata = backend.capabilities.supports(Capability.USER_METADATA)
    knows_folders = backend.capabilities.supports(Capability[FOLDERS_KNOWN_BY])

    def model() -> Model:
        return Model(flat=flat, below_files=below_files, metadata=metadata, knows_folders=knows_folders)

    names = usable_operations(backend, surface_of(backend), subject)
    return Track(Instances(subject, backend), names, model, touched)


def usable_operations(backend: Backend, surface: str, subject: Subject) -> tuple[str, ...]:
    """Return the operations that a backend has and declares, and those of the subject that it affords."""

    def usable(name: str) -> bool:
        operation = OPERATIONS[name]
        if name in OF_SUBJECT:
            return subject.peers if name == "reopen" else subject.container is not None
        needed = (operation.capability, FOLDERS_KNOWN_BY if operation.of_folders else None)
        declared = all(one is None or backend.capabilities.supports(Capability[one]) for one in needed)
        return declared and operation.surface in (None, surface)

    return tuple(name for name in KNOWN if usable(name))
