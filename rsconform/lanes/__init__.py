"""What a case meets: lanes, their fixtures, subjects and affordances. The public protocol for authors of lanes."""

from rsconform.cases.faults import Fault
from rsconform.lanes.elsewhere import Elsewhere
from rsconform.lanes.model import (
    Audit,
    CannotHoldError,
    Container,
    Denied,
    Deny,
    Lane,
    NoEmptyFoldersError,
    Request,
    Requests,
    Seed,
    ServiceDownError,
    Services,
    Snapshot,
    StoredFile,
    Subject,
    Wire,
)

__all__ = [
    "Audit",
    "CannotHoldError",
    "Container",
    "Denied",
    "Deny",
    "Elsewhere",
    "Fault",
    "Lane",
    "NoEmptyFoldersError",
    "Request",
    "Requests",
    "Seed",
    "ServiceDownError",
    "Services",
    "Snapshot",
    "StoredFile",
    "Subject",
    "Wire",
]
