"""What a case meets: lanes, their fixtures, subjects and affordances. The public protocol for authors of lanes."""

from rsconform.lanes.model import (
    Audit,
    Container,
    Lane,
    Requests,
    Seed,
    ServiceDownError,
    Services,
    Snapshot,
    StoredFile,
    Subject,
)

__all__ = [
    "Audit",
    "Container",
    "Lane",
    "Requests",
    "Seed",
    "ServiceDownError",
    "Services",
    "Snapshot",
    "StoredFile",
    "Subject",
]
