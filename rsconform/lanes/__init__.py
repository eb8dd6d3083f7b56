"""What a case meets: lanes, their fixtures, subjects and affordances. The public protocol for authors of lanes."""

from rsconform.cases.faults import Fault
from rsconform.lanes.lane import (
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
from rsconform.lanes.other_process import BackendRecipe

__all__ = [
    "Audit",
    "BackendRecipe",
    "CannotHoldError",
    "Container",
    "Denied",
    "Deny",
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
