"""Controls of odd kinds: right backends whose stores can do less, or hold less, than most."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from typing import Any, Final

from remote_store import (
    BackendUnavailable,
    Capability,
    CapabilityNotSupported,
    CapabilitySet,
    InvalidPath,
    PermissionDenied,
    RemoteStoreError,
    ResourceLocked,
)
from remote_store.backends import MemoryBackend

from rsconform.selftest import operators as op
from rsconform.selftest.bases import BASES, flat
from rsconform.selftest.behaviours import HAS_BELOW, folder_of_target
from rsconform.selftest.control import Control, control
from rsconform.selftest.harness import edition
from rsconform.selftest.stores.flat import FlatLane
from rsconform.selftest.stores.keyed import KEYED, READ_ONLY, KeyedBackend
from rsconform.selftest.stores.odd_lanes import DENYING, DENYING_UNAUDITED, HTTP, declaring, unseeded

_QUESTIONS: Final = "exists is_file is_folder"
_DENIED: Final = op.When(lambda call, _path: call.backend.switch.is_on)
_OTHERS: Final = " ".join(
    name for name in f"{op.EVERYTHING} glob read_seekable".split() if name not in _QUESTIONS.split()
)
SAYS_NO_WHEN_DENIED: Final = op.returns(_QUESTIONS, False, _DENIED) + op.raises(_OTHERS, PermissionDenied, _DENIED)

_UNLISTED: Final = CapabilitySet(set(MemoryBackend.CAPABILITIES) - {Capability.LIST})
WITHOUT_LISTING: Final = op.override(
    CAPABILITIES=_UNLISTED, capabilities=property(lambda _self: _UNLISTED)
) + op.raises(op.LISTINGS, CapabilityNotSupported, capability="list")

_MOST: Final = 65_535


def _demanding(pattern: str) -> Any:
    """Return the behaviour of refusing a path, source or destination with a segment that does not match."""

    def demand(call: op.Call) -> Any:
        for path in (call.path, str(call.arguments.get("dst", ""))):
            parts = [part for part in path.split("/") if part not in ("", ".")]
            if any(re.fullmatch(pattern, part) is None for part in parts):
                raise InvalidPath("not a name here", path=path, backend=call.backend.name)
        return call.proceed()

    return demand


def _small(call: op.Call) -> Any:
    """Hold no file of 64 KiB or more."""
    content = call.arguments["content"]
    data = content if isinstance(content, bytes) else content.read()
    if len(data) > _MOST:
        raise RemoteStoreError("too large", path=call.path, backend=call.backend.name)
    return call.proceed(content=data)


NO_WILDCARDS: Final = op.replace(f"{op.EVERYTHING} read_seekable", _demanding(r"[^*?\"<>|]+"))
NO_HIDDEN_NAMES: Final = op.replace(f"{op.EVERYTHING} read_seekable", _demanding(r"[^.].*"))
# Of small files what BE asks is shown here; other families have sizes of their own.
_BE: Final = " ".join(axiom.id for axiom in edition().axioms if axiom.id.startswith("BE-"))


def _addressed(call: op.Call) -> Any:
    """Give a handle that is text."""
    return "mem://store" if call.arguments["type_hint"] is str else call.proceed()


def _with_options(call: op.Call) -> Any:
    """Give a copy of the options that it was made with, also when it is closed."""
    return {"timeout": 5} if call.arguments["type_hint"] is dict else call.proceed()


def _gone_with_its_connection(call: op.Call) -> None:
    """Lose the store, which lies in the connection."""
    call.backend._closed = True
    call.backend._root = type(call.backend)()._root


def _creating_with_a_lock(call: op.Call) -> Any:
    """Lock a path for as long as it is written, and refuse whoever comes meanwhile."""
    locked: dict[str, int] = call.backend.__dict__.setdefault("_locked", {})
    me = threading.get_ident()
    holder = locked.setdefault(call.path, me)
    if holder != me:
        raise ResourceLocked("Somebody is writing it", path=call.path, backend=call.backend.name)
    try:
        time.sleep(0.0005)
        return call.proceed()
    finally:
        locked.pop(call.path, None)


_UNSEEDED: Final = unseeded(BASES["memory"])

ODD: Final[tuple[Control, ...]] = (
    # Without LIST: there are keys, and neither folders nor a root to list.
    control("knows-keys-alone", "keyed", fresh_store=True),
    control(
        "knows-keys-alone-and-only-reads",
        flat(FlatLane(kind=KeyedBackend, without=tuple(KEYED - READ_ONLY))),
        fresh_store=True,
    ),
    control("knows-folders-without-listing", "memory", WITHOUT_LISTING, fresh_store=True),
    control("reads-over-http", HTTP, fresh_store=True),
    # What may be answered.
    control("says-no-when-it-is-denied", DENYING, SAYS_NO_WHEN_DENIED),
    control("says-no-when-it-is-denied-unaudited", DENYING_UNAUDITED, SAYS_NO_WHEN_DENIED),
    control("is-file-and-folder-at-once", "flat", op.returns("is_folder", True, HAS_BELOW & ~op.ROOT & ~op.CLOSED)),
    control(
        "gives-a-copy-of-its-options", "flat", op.replace("unwrap", _with_options), axioms="BE-020c BE-022a BE-022b"
    ),
    control("gives-its-address-as-text", "memory", op.replace("unwrap", _addressed), axioms="BE-022a BE-022b"),
    control(
        "loses-its-store-when-closed",
        "memory",
        op.after("close", _gone_with_its_connection)
        + op.raises("write write_atomic open_atomic", BackendUnavailable, op.CLOSED & ~op.ROOT),
        axioms="BE-020a BE-020b BE-020d BE-020f BE-020i BE-020j",
    ),
    control(
        "locks-what-is-written",
        "memory",
        op.replace("write write_atomic", _creating_with_a_lock),
        axioms="BE-028a BE-028b BE-028c BE-028d BE-028e BE-028f",
    ),
    # Folders that a failed move leaves are for KIT-002 alone.
    control(
        "leaves-folders-of-a-failed-move",
        replace(BASES["memory"], known=BASES["memory"].known | {"KIT-002"}),
        op.after_failure("move copy", folder_of_target),
        axioms="BE-018b BE-018h BE-018m BE-019b BE-019h BE-019o BE-021d",
    ),
    # What a store may hold.
    control("refuses-wildcards-everywhere", _UNSEEDED, NO_WILDCARDS),
    control("refuses-hidden-names-everywhere", _UNSEEDED, NO_HIDDEN_NAMES),
    control(
        "holds-files-below-64-KiB",
        declaring(BASES["memory"], large_write="50KiB", largest_file="64KiB-1"),
        op.replace("write write_atomic", _small),
        axioms=_BE,
    ),
)
