"""Controls of odd kinds: right backends whose stores can do less, or hold less, than most."""

from __future__ import annotations

import re
from typing import Any, Final

from remote_store import InvalidPath, PermissionDenied, RemoteStoreError

from rsconform_rogues.control import Control, control
from rsconform_rogues.deeds import HAS_BELOW
from rsconform_rogues.flat import FlatLane
from rsconform_rogues.harness import edition, flat
from rsconform_rogues.keyed import KEYED, READ_ONLY, KeyedBackend
from rsconform_rogues.odd_lanes import DENYING, DENYING_UNAUDITED, HTTP, declaring, unseeded
from rsconform_rogues.operators import (
    CLOSED,
    EVERYTHING,
    ROOT,
    Call,
    When,
    answers,
    instead,
    raises,
)
from rsconform_rogues.table import BASES

_QUESTIONS: Final = "exists is_file is_folder"
_DENIED: Final = When(lambda call, _path: call.backend.switch.is_on)
_OTHERS: Final = " ".join(name for name in f"{EVERYTHING} glob read_seekable".split() if name not in _QUESTIONS.split())
SAYS_NO_WHEN_DENIED: Final = answers(_QUESTIONS, False, _DENIED) + raises(_OTHERS, PermissionDenied, _DENIED)

_MOST: Final = 65_535


def _demanding(pattern: str) -> Any:
    """Return the deed of refusing a path, source or destination with a segment that does not match."""

    def demand(call: Call) -> Any:
        for path in (call.path, str(call.arguments.get("dst", ""))):
            parts = [part for part in path.split("/") if part not in ("", ".")]
            if any(re.fullmatch(pattern, part) is None for part in parts):
                raise InvalidPath("not a name here", path=path, backend=call.backend.name)
        return call.proceed()

    return demand


def _small(call: Call) -> Any:
    """Hold no file of 64 KiB or more."""
    content = call.arguments["content"]
    data = content if isinstance(content, bytes) else content.read()
    if len(data) > _MOST:
        raise RemoteStoreError("too large", path=call.path, backend=call.backend.name)
    return call.proceed(content=data)


NO_WILDCARDS: Final = instead(f"{EVERYTHING} read_seekable", _demanding(r"[^*?\"<>|]+"))
NO_HIDDEN_NAMES: Final = instead(f"{EVERYTHING} read_seekable", _demanding(r"[^.].*"))
# Of small files what BE asks is shown here; other families have sizes of their own.
_BE: Final = " ".join(axiom.id for axiom in edition().axioms if axiom.id.startswith("BE-"))
_UNSEEDED: Final = unseeded(BASES["memory"])

ODD: Final[tuple[Control, ...]] = (
    # Without LIST: there are keys, and neither folders nor a root to list.
    control("knows-keys-alone", "keyed", fresh_store=True),
    control(
        "knows-keys-alone-and-only-reads",
        flat(FlatLane(kind=KeyedBackend, without=tuple(KEYED - READ_ONLY))),
        fresh_store=True,
    ),
    control("reads-over-http", HTTP, fresh_store=True),
    # What may be answered.
    control("says-no-when-it-is-denied", DENYING, SAYS_NO_WHEN_DENIED),
    control("says-no-when-it-is-denied-unaudited", DENYING_UNAUDITED, SAYS_NO_WHEN_DENIED),
    control("is-file-and-folder-at-once", "flat", answers("is_folder", True, HAS_BELOW & ~ROOT & ~CLOSED)),
    # What a store may hold.
    control("refuses-wildcards-everywhere", _UNSEEDED, NO_WILDCARDS),
    control("refuses-hidden-names-everywhere", _UNSEEDED, NO_HIDDEN_NAMES),
    control(
        "holds-files-below-64-KiB",
        declaring(BASES["memory"], large_write="50KiB", largest_file="64KiB-1"),
        instead("write write_atomic", _small),
        axioms=_BE,
    ),
)
