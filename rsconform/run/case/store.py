"""The store behind a subject: seeding it, looking at it past the backend or through it, judging its end state."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remote_store import Backend, Capability, InvalidPath, RemoteStoreError

from rsconform.cases.case import End, Given, SkipReason
from rsconform.cases.content import Content, Source
from rsconform.cases.deferred import Bound, Resolve, show_difference
from rsconform.cases.implied_needs import PLAIN_PATH
from rsconform.lanes.async_facade import surface_of
from rsconform.lanes.lane import (
    CannotHoldError,
    FixtureError,
    NoEmptyFoldersError,
    Snapshot,
    StoredFile,
    StoreNotEmptyError,
    Subject,
)
from rsconform.run.case.outcomes import Broken, Skipped
from rsconform.run.lane.deadline import SoftLimitError
from rsconform.run.lane.interrupts import let_through

Tree = Mapping[str, bytes]


IN_PASSING: Final = "rsconform"  # A file that is written to make a folder, and deleted again.


class GivenFailedError(Broken):
    """The state that the case begins with could not be made."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What was expected and what was seen."""

    expected: str
    observed: str


def segments(path: str) -> tuple[str, ...]:
    """Return the segments of a path, empty and "." dropped, ".." never resolved."""
    return tuple(part for part in path.split("/") if part not in ("", "."))


class StoreView:
    """The store of one case.

    Through an auditor the backend has no say in what is seen. Without one the view goes through the subject, and gives
    it the benefit of the doubt: a file counts as holding what is expected if any way of reading it says so, so that a
    case about writing does not fail for a broken listing.
    """

    def __init__(self, subject: Subject, backend: Backend, *, flat: bool) -> None:
        self._subject = subject
        self._backend = backend
        self._flat = flat
        self.touched: set[str] = set()  # Every path that seeding and steps may have written.

    @property
    def audited(self) -> bool:
        """Return whether the store is seen past the backend."""
        return self._subject.audit is not None

    def snapshot(self) -> Snapshot | None:
        """Return the store as the auditor sees it; None without one."""
        return self._subject.audit() if self._subject.audit is not None else None

    def require_nothing(self) -> None:
        """Look past the backend, where that can be done, whether the store holds nothing.

        Raises:
            StoreNotEmptyError: It holds something.
            FixtureError: It cannot be looked at.
        """
        seen = self.snapshot()
        found = _all_of(seen) if seen is not None else []
        if found:
            raise StoreNotEmptyError(found)

    def require_empty(self) -> None:
        """Look whether the store is empty before a case begins, where `require_given` cannot tell that afterwards.

        Without an auditor the look goes through the subject. What a broken listing shows proves nothing then: it has
        to exist as well.

        Raises:
            StoreNotEmptyError: The store holds something.
        """
        if self.audited and self._subject.seed is not None:
            return
        seen = self.snapshot()
        found = self._listed_and_there() if seen is None else _all_of(seen)
        if found:
            raise StoreNotEmptyError(found)

    def require_given(self, baseline: Snapshot | None, given: Given) -> None:
        """Compare the store that a case begins with to its given state, where both were made past the subject.

        Raises:
            StoreNotEmptyError: It holds more than that: the store was not empty before.
            FixtureError: It holds other content than `seed` was handed.
        """
        if baseline is None or self._subject.seed is None:
            return
        folders = {folder for path in (*given.files, *given.folders) for folder in (path, *_ancestors(path))}
        found = [name for name in _all_of(baseline) if name not in given.files and name not in folders]
        if found:
            raise StoreNotEmptyError(found)
        for path, file in given.files.items():
            seen = baseline.files.get(path)
            if seen is None or seen.content != file.content.data:
                what = "nothing" if seen is None else f"{len(seen.content)} other bytes"
                raise FixtureError(
                    f"the lane fixture failed: after seed() put {path!r} there, audit() shows {what} at it"
                )

    def _listed_and_there(self) -> list[str]:
        listed: list[str] = []
        with contextlib.suppress(Exception):
            listed += (str(info.path) for info in itertools.islice(self._backend.list_files("", recursive=True), 100))
        with contextlib.suppress(Exception):
            return [path for path in listed if self._backend.exists(path)]
        return []

    def seed(self, given: Given) -> None:
        """Make the state a case starts from.

        Raises:
            GivenFailedError: It could not be made.
            Skipped: The lane has no way to make it.
        """
        if not given.files and not given.folders:
            return
        self.touched.update(given.files)
        files = {path: StoredFile(file.content.data, file.metadata) for path, file in given.files.items()}
        try:
            if self._subject.seed is not None:
                self._subject.seed(files, given.folders)
            else:
                self._seed_through_subject(files, given.folders)
        except CannotHoldError as exc:
            raise _unheld(exc.path) from exc
        except NoEmptyFoldersError as exc:
            raise Skipped(SkipReason.TRAIT, "the store holds empty folders") from exc
        except (Skipped, GivenFailedError, SoftLimitError):
            raise
        except BaseException as exc:
            let_through(exc)
            raise GivenFailedError(f"given failed: {type(exc).__name__}: {exc}") from exc

    def _seed_through_subject(self, files: Mapping[str, StoredFile], folders: Iterable[str]) -> None:
        declared = self._backend.capabilities
        if not declared.supports(Capability.WRITE):
            raise Skipped(SkipReason.AFFORDANCE, "seed")
        for path, file in files.items():
            if file.metadata and not declared.supports(Capability.USER_METADATA):
                raise Skipped(SkipReason.CAPABILITY, "USER_METADATA")
            try:
                if file.metadata:
                    self._backend.write(path, file.content, metadata=file.metadata)
                else:
                    self._backend.write(path, file.content)
            except InvalidPath:
                # A store need not hold every name. Whether it may refuse this one so is for KIT-020 and KIT-027.
                if PLAIN_PATH.fullmatch(path) is None:
                    raise _unheld(path) from None
                raise
        for folder in folders:
            # The contract has no mkdir: where folders are real one stays behind when its only file goes.
            if not declared.supports(Capability.DELETE):
                raise Skipped(SkipReason.AFFORDANCE, "seed")
            passing = f"{folder}/{IN_PASSING}"
            self.touched.add(passing)
            try:
                self._backend.write(passing, b"")
            except InvalidPath:
                raise Skipped(SkipReason.AFFORDANCE, "seed") from None
            self._backend.delete(passing)
            if self._backend.is_file(passing):
                raise GivenFailedError(
                    f"given failed: delete() left the file in the folder {folder!r}, which was to be empty"
                )
            if not self._backend.is_folder(folder):
                raise Skipped(SkipReason.AFFORDANCE, "seed")

    def judge(self, end: End, baseline: Snapshot | None, given: Given, resolve: Resolve) -> Mismatch | None:
        """Return how the store differs from the end state a case demands, or None."""
        if end.any_of:
            mismatches = [self.judge(option, baseline, given, resolve) for option in end.any_of]
            if any(mismatch is None for mismatch in mismatches):
                return None
            expected = " or ".join(mismatch.expected for mismatch in mismatches if mismatch)
            return Mismatch(expected, next(mismatch.observed for mismatch in mismatches if mismatch))
        seen = self.snapshot()
        if end.unchanged:
            mismatch = self._judge_unchanged(seen, baseline, given)
            if mismatch is not None:
                return mismatch
        if end.tree is not None:
            tree = {path: _bytes_of(content, resolve) for path, content in end.tree.items()}
            mismatch = self._judge_tree(seen, tree, "the tree")
            if mismatch is not None:
                return mismatch
        if end.folders is not None:
            mismatch = self._judge_folders(seen, frozenset(end.folders))
            if mismatch is not None:
                return mismatch
        if end.residue is False and seen is not None and seen.residue:
            return Mismatch("nothing left outside the tree", f"left behind: {', '.join(seen.residue)}")
        return None

    def judge_refusal(self, given: Given) -> Mismatch | None:
        """Return how the store differs from what was given, after a change that was refused; None if in nothing seen.

        Through the backend only the given files are looked at: what was refused may be another spelling of one.
        """
        before = {path: file.content.data for path, file in given.files.items()}
        seen = self.snapshot()
        if seen is not None:
            return tree_mismatch(
                before, {path: file.content for path, file in seen.files.items()}, "the store unchanged"
            )
        if not self._backend.capabilities.supports(Capability.READ):
            return None
        now = {path: self._read(path, content) for path, content in before.items()}
        there = {path: content for path, content in now.items() if content is not None}
        return tree_mismatch(before, there, "the store unchanged")

    def _judge_unchanged(self, seen: Snapshot | None, baseline: Snapshot | None, given: Given) -> Mismatch | None:
        if seen is not None and baseline is not None:
            return changes(baseline, seen)
        return self._judge_tree(
            seen, {path: file.content.data for path, file in given.files.items()}, "the store unchanged"
        )

    def _judge_tree(self, seen: Snapshot | None, expected: Tree, what: str) -> Mismatch | None:
        if seen is not None:
            return tree_mismatch(expected, {path: file.content for path, file in seen.files.items()}, what)
        if not self._backend.capabilities.supports(Capability.READ):
            raise Skipped(SkipReason.AFFORDANCE, "audit")
        return tree_mismatch(expected, self._tree_through_subject(expected), what)

    def _judge_folders(self, seen: Snapshot | None, expected: frozenset[str]) -> Mismatch | None:
        if self._flat:
            return None
        folders = seen.folders if seen is not None else self._folders_through_subject()
        if folders is None or folders == expected:
            return None
        return Mismatch(f"exactly the folders {sorted(expected)}", f"the folders {sorted(folders)}")

    def _tree_through_subject(self, expected: Tree) -> dict[str, bytes]:
        listed: set[str] = set()
        with contextlib.suppress(Exception):
            for count, info in enumerate(self._backend.list_files("", recursive=True)):
                if count > len(expected) + len(self.touched) + 10_000:
                    break
                listed.add(str(info.path))
        tree: dict[str, bytes] = {}
        for path in sorted(self._named(expected, listed)):
            content = self._read(path, expected.get(path))
            if content is not None:
                tree[path] = content
        return tree

    def _named(self, expected: Tree, listed: set[str]) -> set[str]:
        """Return the paths at which a file may lie, one of each set of spellings.

        A backend may answer to several spellings of one file. What it lists under two names are two files; what else
        was written counts under the expected spelling, or the listed one.
        """
        spellings: dict[tuple[str, ...], set[str]] = {}
        for path in listed:
            spellings.setdefault(segments(path), set()).add(path)
        for path in expected:
            listed_as = spellings.get(segments(path), set())
            if path not in listed_as:
                spellings[segments(path)] = {path} if len(listed_as) <= 1 else {*listed_as, path}
        for path in sorted(self.touched):
            if segments(path):
                spellings.setdefault(segments(path), {path})
        return {path for paths in spellings.values() for path in paths}

    def _read(self, path: str, expected: bytes | None) -> bytes | None:
        first: bytes | None = None
        for way in self._ways_to_read():
            try:
                content = bytes(way(path))
            except RemoteStoreError:
                continue
            except Exception:  # A foreign exception is for the axioms about reading.
                continue
            if content == expected or expected is None:
                return content
            first = content if first is None else first
        return first

    def _ways_to_read(self) -> Sequence[Callable[[str], bytes]]:
        ways = (self._backend.read_bytes, self._drain, self._drain_seekable)
        return ways[:2] if surface_of(self._backend) == "async" else ways

    def _drain(self, path: str) -> bytes:
        with contextlib.closing(self._backend.read(path)) as stream:
            return stream.read()

    def _drain_seekable(self, path: str) -> bytes:
        with contextlib.closing(self._backend.read_seekable(path)) as stream:
            return stream.read()

    def _folders_through_subject(self) -> frozenset[str] | None:
        found: set[str] = set()
        pending = [""]
        try:
            while pending:
                for entry in self._backend.list_folders(pending.pop()):
                    if str(entry.path) not in found:
                        found.add(str(entry.path))
                        pending.append(str(entry.path))
        except RemoteStoreError:
            return None
        return frozenset(found)


def _unheld(path: str) -> Skipped:
    """Return why a case is skipped that begins with a file which the store cannot hold."""
    if PLAIN_PATH.fullmatch(path) is None:
        return Skipped(SkipReason.TRAIT, "the store holds names of every kind")
    return Skipped(SkipReason.HOLDING, "what the case begins with")


def _all_of(seen: Snapshot) -> list[str]:
    """Return the names of everything that the auditor sees."""
    return [*sorted(seen.files), *sorted(seen.folders or ()), *seen.residue]


def _ancestors(path: str) -> Iterator[str]:
    """Yield the folders that a path lies in."""
    parts = path.split("/")
    yield from ("/".join(parts[:length]) for length in range(1, len(parts)))


def _bytes_of(content: Content | Source | Bound, resolve: Resolve) -> bytes:
    if isinstance(content, Bound):
        value = resolve(content)
        return value if isinstance(value, bytes) else str(value).encode()
    return content.data


def tree_mismatch(expected: Tree, seen: Tree, what: str) -> Mismatch | None:
    """Return how a tree differs from the expected one, file by file, or None."""
    if seen == expected:
        return None
    said, found = [], []
    for path in sorted({*expected, *seen}):
        if path not in seen:
            said.append(f"{path} with {len(expected[path])} bytes")
            found.append(f"{path} is missing")
        elif path not in expected:
            said.append(f"no {path}")
            found.append(f"{path} with {len(seen[path])} bytes")
        elif seen[path] != expected[path]:
            said.append(f"{path} with {len(expected[path])} bytes")
            found.append(f"{path} with {show_difference(expected[path], seen[path])}")
    return Mismatch(f"{what}: {_some(said)}", _some(found))


def _some(parts: list[str]) -> str:
    return "; ".join(parts[:5]) + (f"; and {len(parts) - 5} more" if len(parts) > 5 else "")


def changes(before: Snapshot, after: Snapshot) -> Mismatch | None:
    """Return what changed between two looks at the store (files and user metadata), or None."""
    if before.files == after.files:
        return None
    mismatch = tree_mismatch(
        {path: file.content for path, file in before.files.items()},
        {path: file.content for path, file in after.files.items()},
        "the store unchanged",
    )
    if mismatch is not None:
        return mismatch
    path = next(path for path, file in before.files.items() if after.files[path] != file)
    return Mismatch(
        f"the store unchanged: {path} with metadata {dict(before.files[path].metadata or {})}",
        f"{path} with metadata {dict(after.files[path].metadata or {})}",
    )


def changed_paths(before: Snapshot, after: Snapshot) -> set[str]:
    """Return every path whose file differs between two looks at the store."""
    if before.files == after.files:
        return set()
    return {path for path in {*before.files, *after.files} if before.files.get(path) != after.files.get(path)}
