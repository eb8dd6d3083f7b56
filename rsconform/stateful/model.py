"""What a store is to hold after any sequence of operations: a dictionary, and a set of folders that nothing settles.

Written without calling what is under test. Where the contract leaves the answer open, an expectation allows each; what
the backend did then is taken over, so that the rest of the sequence is judged by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final


class _Anything:
    """Stands for a value that is not judged."""

    def __repr__(self) -> str:
        return "anything"


ANYTHING: Final = _Anything()


@dataclass(frozen=True, slots=True)
class Expected:
    """What an operation may do.

    Args:
        value: What it returns, if it may return at all; ANYTHING is not judged.
        returns: Whether it may return.
        errors: Names of the errors it may raise instead.
    """

    value: object = None
    returns: bool = True
    errors: frozenset[str] = frozenset()

    def __str__(self) -> str:
        parts = [*sorted(self.errors)]
        if self.returns:
            parts.insert(0, "to return" if self.value is ANYTHING else f"{self.value!r}")
        return " or ".join(parts)


def raises(*errors: str) -> Expected:
    """Return that one of some errors is raised."""
    return Expected(returns=False, errors=frozenset(errors))


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation with its arguments, as a step of TOML has them.

    `content` and `metadata` stand apart from what is passed by name.
    """

    op: str
    path: str
    dst: str | None = None
    content: bytes | None = None
    options: Mapping[str, bool] = field(default_factory=dict)
    peer: bool = False

    def option(self, name: str) -> bool:
        """Return a flag; one that is not passed is False."""
        return self.options.get(name, False)


@dataclass(slots=True)
class Model:
    """The store as it ought to be.

    Args:
        flat: Keys are only keys: a folder is what has files below it.
        below_files: On a flat namespace, whether a key may stand below a file.
    """

    flat: bool
    below_files: bool
    files: dict[str, bytes] = field(default_factory=dict)
    # Real folders without a file below them: whether they stay is for the backend to say.
    bare: set[str] = field(default_factory=set)

    # -- what is there ----------------------------------------------------------------------------------------

    def is_folder(self, path: str) -> bool:
        """Return whether there are files below a path."""
        return any(key.startswith(f"{path}/") for key in self.files)

    def is_bare(self, path: str) -> bool:
        """Return whether a path may be a folder without files, or may be gone."""
        return not self.flat and path in self.bare and not self.is_folder(path)

    def file_above(self, path: str) -> bool:
        """Return whether a part of a path is a file."""
        return any(above in self.files for above in _ancestors(path))

    def children(self, path: str) -> tuple[set[str], set[str]]:
        """Return the files and the folders right below a path."""
        below = [key[len(path) + 1 :] for key in self.files if key.startswith(f"{path}/")]
        return {name for name in below if "/" not in name}, {name.partition("/")[0] for name in below if "/" in name}

    # -- what an operation may do -----------------------------------------------------------------------------

    def expect(self, operation: Operation) -> Expected:
        """Return what an operation may do now."""
        handler = getattr(self, f"_expect_{operation.op}")
        expected: Expected = handler(operation)
        return expected

    def _expect_exists(self, operation: Operation) -> Expected:
        if self.is_bare(operation.path):
            return Expected(ANYTHING)
        return Expected(operation.path in self.files or self.is_folder(operation.path))

    def _expect_is_file(self, operation: Operation) -> Expected:
        return Expected(operation.path in self.files)

    def _expect_is_folder(self, operation: Operation) -> Expected:
        # A key that is a prefix as well may be called the one or both.
        if self.is_bare(operation.path) or (operation.path in self.files and self.is_folder(operation.path)):
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
        return self._no_file(operation.path) if content is None else Expected(len(content))

    def _write_refused(self, path: str, *, overwrite: bool) -> set[str]:
        """Return the errors that writing to a path may meet; empty if it has to succeed."""
        if not self.flat and self.is_folder(path):
            return {"InvalidPath"}
        if self.file_above(path) and not (self.flat and self.below_files):
            return {"InvalidPath"}
        return {"AlreadyExists"} if path in self.files and not overwrite else set()

    def _expect_write(self, operation: Operation) -> Expected:
        refused = self._write_refused(operation.path, overwrite=operation.option("overwrite"))
        if refused:
            return raises(*refused)
        # An empty folder that stayed is in the way; one that went is not.
        return Expected(ANYTHING, errors=frozenset({"InvalidPath"}) if self.is_bare(operation.path) else frozenset())

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
        if self.is_folder(path):
            return Expected() if operation.option("recursive") else raises("DirectoryNotEmpty")
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
        if self.is_bare(dst):
            return Expected(errors=frozenset({"InvalidPath"}))
        return Expected()

    _expect_copy = _expect_move

    def _expect_list_files(self, operation: Operation) -> Expected:
        below = {key for key in self.files if key.startswith(f"{operation.path}/")}
        if not operation.option("recursive"):
            below = {key for key in below if "/" not in key[len(operation.path) + 1 :]}
        return Expected(frozenset(below))

    def _expect_list_folders(self, operation: Operation) -> Expected:
        if any(folder.startswith(f"{operation.path}/") for folder in self.bare):
            return Expected(ANYTHING)
        _, folders = self.children(operation.path)
        return Expected(frozenset(f"{operation.path}/{name}" for name in folders))

    def _expect_iter_children(self, operation: Operation) -> Expected:
        if any(folder.startswith(f"{operation.path}/") for folder in self.bare):
            return Expected(ANYTHING)
        files, folders = self.children(operation.path)
        # Where a key is a prefix too, one entry or two may stand for it.
        if files & folders:
            return Expected(ANYTHING)
        return Expected(frozenset(f"{operation.path}/{name}" for name in files | folders))

    def _expect_get_folder_info(self, operation: Operation) -> Expected:
        path = operation.path
        if self.is_bare(path):
            return Expected(ANYTHING, errors=frozenset({"NotFound"}))
        if not self.is_folder(path):
            return raises("InvalidPath" if path in self.files else "NotFound")
        sizes = [len(content) for key, content in self.files.items() if key.startswith(f"{path}/")]
        return Expected((len(sizes), sum(sizes)))

    # -- what it leaves ---------------------------------------------------------------------------------------

    def apply(self, operation: Operation) -> None:
        """Take over what an operation that returned has done."""
        path = operation.path
        match operation.op:
            case "write" | "write_atomic" | "open_atomic":
                self._put(path, operation.content or b"")
            case "delete" if path in self.files:
                self._drop(path)
            case "delete_folder":
                for key in [key for key in self.files if key.startswith(f"{path}/")]:
                    self._drop(key)
                self.bare = {folder for folder in self.bare if folder != path and not folder.startswith(f"{path}/")}
                self._leave(path)
            case "move":
                self._put(operation.dst or "", self.files[path])
                self._drop(path)
            case "copy":
                self._put(operation.dst or "", self.files[path])
            case _:
                pass

    def _put(self, path: str, content: bytes) -> None:
        self.files[path] = content
        self.bare.discard(path)

    def _drop(self, path: str) -> None:
        del self.files[path]
        self._leave(path)

    def _leave(self, path: str) -> None:
        """Note the folders above a path that no file keeps any more."""
        if not self.flat:
            self.bare.update(above for above in _ancestors(path) if not self.is_folder(above))


def _ancestors(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:at]) for at in range(1, len(parts)))
