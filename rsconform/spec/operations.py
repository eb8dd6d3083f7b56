"""Operations that a step can name, with their arguments and results; capabilities, surfaces and errors.

Names are checked against these tables, never against the installed remote_store: a file that loads here loads
everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Yields(Enum):
    """What an operation gives back, and so how a step uses it up."""

    VALUE = "value"
    STREAM = "stream"
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation a step can name."""

    capability: str | None = None
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    yields: Yields = Yields.VALUE
    mutates: bool = False
    is_property: bool = False
    of_folders: bool = False  # What it is about is a folder.
    of_subject: bool = False  # Done by the kit or the lane fixture, not by the backend.
    needs: str | None = None  # The affordance it stands on.
    surface: str | None = None  # The only kind of backend that has it.

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return every argument name, required ones first."""
        return self.required + self.optional


_WRITE: Final = Operation("WRITE", ("path", "content"), ("overwrite", "metadata"), mutates=True)
_PATH: Final = ("path",)

# Operation -> capability, arguments and result, as the ABC of remote_store 0.33 has them. The cases of an axiom
# derive from here which capabilities they need.
OPERATIONS: Final[Mapping[str, Operation]] = {
    "name": Operation(is_property=True),
    "capabilities": Operation(is_property=True),
    "exists": Operation(required=_PATH),
    "is_file": Operation(required=_PATH),
    "is_folder": Operation(required=_PATH),
    "read": Operation("READ", _PATH, yields=Yields.STREAM),
    "read_bytes": Operation("READ", _PATH),
    "read_seekable": Operation("READ", _PATH, yields=Yields.STREAM, surface="sync"),
    "write": _WRITE,
    "write_atomic": Operation("ATOMIC_WRITE", _WRITE.required, _WRITE.optional, mutates=True),
    "open_atomic": Operation("ATOMIC_WRITE", ("path", "content"), ("overwrite",), mutates=True, surface="sync"),
    "delete": Operation("DELETE", _PATH, ("missing_ok",), mutates=True),
    "delete_folder": Operation("DELETE", _PATH, ("recursive", "missing_ok"), mutates=True, of_folders=True),
    "list_files": Operation("LIST", _PATH, ("recursive", "max_depth"), yields=Yields.ITEMS),
    "list_folders": Operation("LIST", _PATH, yields=Yields.ITEMS),
    "iter_children": Operation("LIST", _PATH, yields=Yields.ITEMS),
    "glob": Operation("GLOB", ("pattern",), yields=Yields.ITEMS),
    "get_file_info": Operation("METADATA", _PATH),
    "get_folder_info": Operation("METADATA", _PATH, of_folders=True),
    "move": Operation("MOVE", ("src", "dst"), ("overwrite",), mutates=True),
    "copy": Operation("COPY", ("src", "dst"), ("overwrite",), mutates=True),
    "to_key": Operation(required=("native_path",)),
    "native_path": Operation(required=_PATH),
    "resolve": Operation(required=_PATH),
    "check_health": Operation(),
    "unwrap": Operation(required=("type_hint",)),
    "close": Operation(),
    "reopen": Operation(of_subject=True),
    "drop_container": Operation(of_subject=True, needs="container"),
    "deny": Operation(optional=("what",), of_subject=True, needs="deny"),  # What: "everything" or "changes".
    "construct": Operation(required=("variant",), optional=("options",), of_subject=True, needs="variants"),
}

# The capability by which a backend declares that it knows folders and a root (BE-029).
FOLDERS_KNOWN_BY: Final = "LIST"

# Kinds of backend: `Backend` and `AsyncBackend`.
SURFACES: Final = ("sync", "async")

# Operations on a value that an earlier step bound with `as`: name -> how many positional `args` it takes at most.
# On a reader the first three work on every surface.
BOUND_OPERATIONS: Final[Mapping[str, int]] = {
    "next": 0,
    "drain": 0,
    "close": 0,
    "seek": 2,
    "tell": 0,
    "read": 1,
    "readinto": 1,
    "closed": 0,
    "readable": 0,
    "seekable": 0,
    "supports": 1,
    "require": 1,
    "set": 0,
    "repr": 0,
    "str": 0,
    "hash": 0,
    "json": 0,
    "value": 3,  # The value itself; with `args` the list of it and them, to judge several results together.
}

# After one of these the instance is not as others expect it: the case needs one of its own.
SPENDS_THE_INSTANCE: Final = frozenset({"close", "reopen", "drop_container", "deny", "construct"})

CAPABILITIES: Final = (
    "READ", "WRITE", "DELETE", "LIST", "MOVE", "COPY", "ATOMIC_WRITE", "ATOMIC_MOVE", "METADATA", "GLOB",
    "SEEKABLE_READ", "LAZY_READ", "WRITE_RESULT_NATIVE", "USER_METADATA",
)  # fmt: skip

ERRORS: Final = (
    "RemoteStoreError", "NotFound", "AlreadyExists", "PermissionDenied", "InvalidPath", "CapabilityNotSupported",
    "DirectoryNotEmpty", "BackendUnavailable", "ResourceLocked",
)  # fmt: skip

# Python's own classes a step may name in `raises`, and only where the case `breaks` BE-021a.
PYTHON_ERRORS: Final = (
    "ValueError", "OSError", "TypeError", "AttributeError", "UnsupportedOperation", "FrozenInstanceError",
    "RuntimeError", "StopIteration", "NotImplementedError",
)  # fmt: skip

EXCEPT: Final = "not "  # Before a class in `raises` and `or_raises`: all but that.
SOURCE_ERROR: Final = "source"  # In `raises`: the very exception that the case's own content source raised.
