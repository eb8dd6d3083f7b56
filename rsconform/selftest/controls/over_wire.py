"""Controls over the wire: backends that do otherwise than ours when their server is in trouble, and are right.

They are put to the common cases that count requests or break them. Budgets of the boto3 lane are not theirs.
"""

from __future__ import annotations

from typing import Any, Final

from remote_store import BackendUnavailable, RemoteStoreError

from rsconform.cases.case import Case
from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import looking
from rsconform.selftest.control import Control, control
from rsconform.selftest.stores.rest_lane import RestLane

_TRIES: Final = 3


def trying_again(call: op.Call) -> Any:
    for _ in range(_TRIES - 1):
        try:
            return call.proceed()
        except BackendUnavailable:
            continue
    return call.proceed()


def reading_on(call: op.Call) -> bytes:
    """Read on where the connection broke, for as long as that gets further."""
    content, stream = b"", call.call_correct("read", call.path)
    while True:
        before = len(content)
        try:
            while piece := stream.read(8192):
                content += piece
            return content
        except BackendUnavailable:
            if len(content) == before:
                raise
            stream = call.call_correct("read_seekable", call.path)
            stream.seek(len(content))


def applies(case: Case) -> bool:
    """Return whether a case is one that these controls are for."""
    return case.axiom.id.partition("-")[0] != "S3B" and (case.over_wire or "requests" in case.needs)


WIRE_CONTROLS: Final[tuple[Control, ...]] = (
    control(
        "tries-again", "s3", op.replace("exists is_file is_folder read_bytes get_file_info delete move", trying_again)
    ),
    control("looks-before-it-reads", "s3", op.before("read read_bytes", looking("get_file_info"), ~op.ROOT)),
    control("reads-on", "s3", op.replace("read_bytes", reading_on, ~op.ROOT)),
    control("lists-at-once-over-the-wire", "s3", op.alters(op.LISTINGS, lambda found: iter(list(found)))),
    control(
        "answers-no-in-trouble",
        "s3",
        op.swallows("exists is_file is_folder", RemoteStoreError, value=False),
        axioms="TIME-006 WIRE-001 WIRE-002 WIRE-003 WIRE-004 WIRE-005",
    ),
    control(
        "has-one-class-for-what-was-cut",
        "s3",
        op.raises_instead("read_bytes", BackendUnavailable, RemoteStoreError, ~op.CLOSED),
        axioms="WIRE-001",
    ),
    control("right-s3-strict", "s3_strict"),
    control("right-rest", RestLane().base()),
    control("right-rest-strict", RestLane(strict=True).base()),
    control("right-rest-of-posts-alone", RestLane(posts=True).base()),
)
