"""What a store is to hold after any sequence of operations: a dictionary, and a set of folders that nothing settles.

Written without calling what is under test. Where the contract leaves the answer open, an expectation allows each; what
the backend did then is taken over, so that the rest of the sequence is judged by it.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rsconform.lanes.lane import Snapshot
from rsconform.spec.operations import SOURCE_ERROR
from rsconform.stateful.expected import ANYTHING, FILE, FOLDER, Expected, raises
from rsconform.stateful.open_handles import Handles
from rsconform.stateful.operations import LISTINGS, Operation


@dataclass(slots=True)
class Model:
    """The store as it ought to be.

    Args:
        flat: Keys are only keys: a folder is what has files below it.
        below_files: On a flat namespace, whether a key may stand below a file.
        metadata: Whether user metadata is kept.
        gone: The container is gone: writing may make it anew, or be refused.
        knows_folders: Whether the backend declares that it knows folders: else a prefix may be one, or nothing.
        seen_past: Whether the folders in `bare` are there for certain, as the auditor saw them.
    """

    flat: bool
    below_files: bool
    metadata: bool = False
    gone: bool = False
    knows_folders: bool = True
    seen_past: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    about: dict[str, dict[str, str]] = field(default_factory=dict)  # User metadata, by path.
    # Real folders without a file below them: whether they stay is for the backend to say.
    bare: set[str] = field(default_factory=set)
    handles: Handles = field(init=False)

    def __post_init__(self) -> None:
        self.handles = Handles(lambda operation: self.expect(replace(operation, keeps=0)).value)

    # -- what is there ----------------------------------------------------------------------------------------

    def is_folder(self, path: str) -> bool:
        """Return whether a path is a folder for certain: there are files below it, or the auditor saw it."""
        return self.knows_folders and (self.has_files(path) or (self.seen_past and path in self.bare))

    def has_files(self, path: str) -> bool:
        """Return whether there are files below a path."""
        return any(key.startswith(f"{path}/") for key in self.files)

    def is_both(self, path: str) -> bool:
        """Return whether a key is a prefix of others as well: which of the two it is called is left open (BE-005e)."""
        return path in self.files and self.has_files(path)

    def is_bare(self, path: str) -> bool:
        """Return whether a path may be a folder, or may be nothing."""
        if not self.knows_folders:
            return path not in self.files and (self.has_files(path) or path in self.bare)
        return not self.flat and path in self.bare and not self.is_folder(path)

    def file_above(self, path: str) -> bool:
        """Return whether a part of a path is a file."""
        return any(above in self.files for above in _ancestors(path))

    def children(self, path: str) -> tuple[set[str], set[str]]:
        """Return the files and the folders right below a path."""
        below = [key[len(path) + 1 :] for key in self.files if key.startswith(f"{path}/")]
        folders = {name.partition("/")[0] for name in below if "/" in name}
        folders |= {folder[len(path) + 1 :].partition("/")[0] for folder in self.bare if folder.startswith(f"{path}/")}
        return {name for name in below if "/" not in name}, folders

    def tree(self) -> dict[str, object]:
        """Return every file with its content and metadata."""
        return {path: (content, _lowered(self.about.get(path))) for path, content in self.files.items()}

    # -- what an operation may do -----------------------------------------------------------------------------

    def expect(self, operation: Operation) -> Expected:
        """Return what an operation may do now."""
        if operation.on or operation.keeps:
            return self.handles.expect(operation) if operation.on else Expected()
        handler = getattr(self, f"_expect_{operation.op}")
        expected: Expected = handler(operation)
        return expected

    def settled(self, operation: Operation) -> Operation | None:
        """Return an operation as it can be done now: what there is not keeps no handle. None where its own is none."""
        if operation.on:
            handle = self.handles.find(operation.on)
            return operation if handle is not None and handle.takes(operation) else None
        if operation.keeps and (operation.keeps in self.handles.taken or not self._opens(operation)):
            return replace(operation, keeps=0)
        return operation

    def _opens(self, operation: Operation) -> bool:
        if operation.op in LISTINGS:
            return not self.gone and isinstance(self.handles.listed(operation), frozenset)
        return not self.gone and operation.path in self.files

    def _expect_exists(self, operation: Operation) -> Expected:
        if self.is_bare(operation.path):
            return Expected(ANYTHING)
        return Expected(operation.path in self.files or self.is_folder(operation.path))

    def _expect_is_file(self, operation: Operation) -> Expected:
        return Expected(operation.path in self.files)

    def _expect_is_folder(self, operation: Operation) -> Expected:
        if self.is_bare(operation.path) or self.is_both(operation.path):
            return Expected(ANYTHING)
        return Expected(self.is_folder(operation.path))

    def _no_file(self, path: str) -> Expected:
        """Return how asking for a file that is none is refused."""
        if self.is_bare(path):
            return raises("NotFound", "InvalidPath")
        return raises("InvalidPath" if self.is_folder(path) else "NotFound")

    def _expect_read_bytes(self, operation: Operation) -> Expected:
        content = self.files.get(operation.path)
        return self._no_file(operation.path) if content is None else Expected(content)

    _expect_read = _expect_read_bytes
    _expect_read_seekable = _expect_read_bytes

    def _expect_get_file_info(self, operation: Operation) -> Expected:
        content = self.files.get(operation.path)
        if content is None:
            return self._no_file(operation.path)
        return Expected((operation.path, len(content), tuple(sorted(self.about.get(operation.path, {}).items()))))

    def _write_refused(self, path: str, *, overwrite: bool) -> set[str]:
        """Return the errors that writing to a path may meet; empty if it has to succeed."""
        if not self.flat and (self.has_files(path) or self.is_folder(path)):
            return {"InvalidPath"}
        if self.file_above(path) and not (self.flat and self.below_files):
            return {"InvalidPath"}
        return {"AlreadyExists"} if path in self.files and not overwrite else set()

    def _expect_write(self, operation: Operation) -> Expected:
        refused = self._write_refused(operation.path, overwrite=operation.option("overwrite"))
        if operation.fails_after is not None:
            # Whether it looks before it reads is for the backend to say.
            errors = {SOURCE_ERROR, *refused, *self._in_the_way(operation.path)}
            return Expected(returns=False, errors=frozenset(errors))
        if refused:
            return raises(*refused)
        value = None if operation.op == "open_atomic" else (operation.path, len(operation.data))
        return Expected(value, errors=self._in_the_way(operation.path))

    def _in_the_way(self, path: str) -> frozenset[str]:
        """Return how a write may be refused that may succeed as well."""
        if self.gone:
            return frozenset({"RemoteStoreError"})
        # An empty folder that stayed is in the way; one that went is not.
        return frozenset({"InvalidPath"}) if self.is_bare(path) and not self.flat else frozenset()

    _expect_write_atomic = _expect_write
    _expect_open_atomic = _expect_write

    def _expect_delete(self, operation: Operation) -> Expected:
        path, missing_ok = operation.path, operation.option("missing_ok")
        if path in self.files:
            return Expected()
        if self.is_bare(path):
            return Expected(returns=missing_ok, errors=frozenset({"NotFound", "InvalidPath"}))
        if self.is_folder(path):
            return raises("InvalidPath")
        return Expected() if missing_ok else raises("NotFound")

    def _expect_delete_folder(self, operation: Operation) -> Expected:
        path, missing_ok = operation.path, operation.option("missing_ok")
        if self.has_files(path):
            refused = self._refused_as_file(path)
            if operation.option("recursive"):
                return Expected(errors=refused)
            return raises("DirectoryNotEmpty", *refused)
        if self.is_folder(path):
            has_folders = any(folder.startswith(f"{path}/") for folder in self.bare)
            return raises("DirectoryNotEmpty") if has_folders and not operation.option("recursive") else Expected()
        if path in self.files:
            return raises("InvalidPath")
        if self.is_bare(path):
            return Expected(errors=frozenset({"NotFound", "DirectoryNotEmpty"}))
        return Expected() if missing_ok else raises("NotFound")

    def _expect_move(self, operation: Operation) -> Expected:
        src, dst = operation.path, operation.dst or ""
        refused = self._write_refused(dst, overwrite=operation.option("overwrite"))
        if src not in self.files:
            wrong = self._no_file(src).errors
            return raises(*wrong, *refused)  # Which of two refusals comes first is not settled.
        if refused:
            return raises(*refused)
        return Expected(errors=self._in_the_way(dst))

    _expect_copy = _expect_move

    def _expect_list_files(self, operation: Operation) -> Expected:
        if self.is_both(operation.path):
            return Expected(ANYTHING)
        start = len(operation.path) + 1
        below = [key for key in self.files if key.startswith(f"{operation.path}/")]
        deepest = operation.options.get("max_depth") if operation.option("recursive") else 0
        if deepest is not None:
            below = [key for key in below if key[start:].count("/") <= deepest]
        return Expected(self._entries(below))

    def _expect_glob(self, operation: Operation) -> Expected:
        pattern = operation.path.split("/")
        return Expected(self._entries(key for key in self.files if _matches(key.split("/"), pattern)))

    def _entries(self, keys: Iterable[str]) -> frozenset[str]:
        return frozenset(FILE.format(key, len(self.files[key])) for key in keys)

    def _unknown_below(self, path: str) -> bool:
        return not self.seen_past and any(folder.startswith(f"{path}/") for folder in self.bare)

    def _is_left_open(self, path: str, both: Collection[str]) -> bool:
        """Return whether a listing may differ: where a key is a prefix too, one entry or two may stand for it."""
        return self._unknown_below(path) or self.is_both(path) or bool(both)

    def _refused_as_file(self, path: str) -> frozenset[str]:
        """Return what a folder may be refused with because its key is a file as well."""
        return frozenset({"InvalidPath"} if path in self.files else ())

    def _expect_list_folders(self, operation: Operation) -> Expected:
        files, folders = self.children(operation.path)
        if self._is_left_open(operation.path, files & folders):
            return Expected(ANYTHING)
        return Expected(frozenset(FOLDER.format(f"{operation.path}/{name}") for name in folders))

    def _expect_iter_children(self, operation: Operation) -> Expected:
        files, folders = self.children(operation.path)
        if self._is_left_open(operation.path, files & folders):
            return Expected(ANYTHING)
        below = frozenset(FOLDER.format(f"{operation.path}/{name}") for name in folders)
        return Expected(below | self._entries(f"{operation.path}/{name}" for name in files))

    def _expect_get_folder_info(self, operation: Operation) -> Expected:
        path = operation.path
        if self.is_bare(path):
            return Expected(ANYTHING, errors=frozenset({"NotFound"}))
        if not self.is_folder(path):
            return raises("InvalidPath" if path in self.files else "NotFound")
        sizes = [len(content) for key, content in self.files.items() if key.startswith(f"{path}/")]
        return Expected((len(sizes), sum(sizes)), errors=self._refused_as_file(path))

    def _expect_check_health(self, _operation: Operation) -> Expected:
        return Expected(errors=frozenset({"RemoteStoreError"}) if self.gone else frozenset())

    def _expect_reopen(self, _operation: Operation) -> Expected:
        return Expected()

    _expect_drop_container = _expect_reopen

    # -- what it leaves ---------------------------------------------------------------------------------------

    def apply(self, operation: Operation, value: object = None) -> None:
        """Take over what an operation that returned a value has done."""
        path, dst = operation.path, operation.dst or ""
        if operation.on:
            self.handles.use(operation, value)
            return
        if operation.keeps:
            self.handles.keep(operation, self.files.get(path, b""))
            return
        match operation.op:
            case "write" | "write_atomic" | "open_atomic":
                whole = operation.op != "write"
                self._put(path, operation.data, operation.options.get("metadata"), whole=whole)
            case "delete" if path in self.files:
                self._drop(path)
            case "delete_folder":
                for key in [key for key in self.files if key.startswith(f"{path}/")]:
                    self._drop(key)
                self.bare = {folder for folder in self.bare if folder != path and not folder.startswith(f"{path}/")}
                self._leave(path)
                self.handles.tell(path)
            case "move":
                self._put(dst, self.files[path], self.about.get(path))
                self.handles.move(path, dst)
                self._drop(path)
            case "copy":
                self._put(dst, self.files[path], self.about.get(path))
            case "drop_container":
                self.files.clear()
                self.about.clear()
                self.bare.clear()
                self.handles.drop_those_of(peer=False)
                self.handles.drop_those_of(peer=True)
                self.gone = True
            case "reopen":
                self.handles.drop_those_of(peer=operation.peer)
            case _:
                pass

    def give_up(self, operation: Operation, *, source_failed: bool) -> bool:
        """Take over what an operation that raised may have done; return whether nothing is known of its path.

        The contract leaves open what a plain write leaves when its source fails (AW-007).
        """
        if operation.on:
            self.handles.drop(operation.on)
        if operation.mutates:  # That it leaves no folders behind is an axiom of its own (KIT-002).
            for path in (operation.path, operation.dst):
                self._leave(path or "")
        return source_failed and operation.op == "write"

    def settle(self, path: str, content: bytes | None, metadata: Mapping[str, str] | None = None) -> None:
        """Take over what a path holds of which nothing was known."""
        if content is None:
            self.files.pop(path, None)
            self.about.pop(path, None)
            self._leave(path)
            self.handles.tell(path)
        else:
            self._put(path, content, metadata)

    def look_past(self, folders: Iterable[str]) -> str | None:
        """Take over which folders without files there are; return one that no operation made, or None."""
        there = {folder for folder in folders if not self.has_files(folder)}
        strange = there - self.bare
        self.bare &= there
        self.seen_past = True
        self.handles.meet()
        return min(strange, default=None)

    def _put(self, path: str, content: bytes, metadata: Mapping[str, str] | None, *, whole: bool = False) -> None:
        self.files[path] = content
        self.about.pop(path, None)
        if metadata and self.metadata:
            self.about[path] = {key.lower(): value for key, value in metadata.items()}
        self.bare.difference_update({path, *_ancestors(path)})
        self.gone = False
        self.handles.tell(path, content, whole=whole)

    def _drop(self, path: str) -> None:
        del self.files[path]
        self.about.pop(path, None)
        self._leave(path)
        self.handles.tell(path)

    def _leave(self, path: str) -> None:
        """Note the folders above a path that no file keeps any more."""
        if not self.flat:
            above = {one for one in _ancestors(path) if not self.has_files(one)}
            self.bare.update(above - self.files.keys())


def tree_difference(expected: Mapping[str, object], seen: Mapping[str, object]) -> tuple[str, str] | None:
    """Return what should be there and what is, of files by path; None if that is the same."""
    if expected == seen:  # As nearly always: the store is looked at after each operation.
        return None
    wrong = sorted(path for path in {*expected, *seen} if expected.get(path) != seen.get(path))
    if not wrong:
        return None
    pairs = [tuple(_held(path, tree) for tree in (expected, seen)) for path in wrong[:4]]
    return "; ".join(said for said, _ in pairs), "; ".join(said for _, said in pairs)


def _held(path: str, tree: Mapping[str, object]) -> str:
    if path not in tree:
        return f"no {path}"
    held = tree[path]
    content, about = held if isinstance(held, tuple) else (held, None)
    size = f"{len(content)} bytes {content[:12]!r}" if isinstance(content, bytes) else repr(content)
    return f"{path} with {size}" + (f" and metadata {dict(about)}" if about else "")


def of_snapshot(snapshot: Snapshot, *, metadata: bool) -> dict[str, object]:
    """Return the files that the auditor sees, in the form that `Model.tree` has."""
    return {path: (file.content, _lowered(file.metadata) if metadata else ()) for path, file in snapshot.files.items()}


def _lowered(metadata: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key.lower(), value) for key, value in metadata.items())) if metadata else ()


def _matches(names: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not names
    if pattern[0] == "**":
        return any(_matches(names[at:], pattern[1:]) for at in range(len(names) + 1))
    return bool(names) and fnmatch.fnmatchcase(names[0], pattern[0]) and _matches(names[1:], pattern[1:])


def _ancestors(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:at]) for at in range(1, len(parts)))
