"""User metadata that a backend may find hard to keep."""

from __future__ import annotations

from collections.abc import Mapping

from remote_store import BackendUnavailable, RemoteStoreError, ResourceLocked

from rsconform.cases.values import show
from rsconform.probes import ProbeContext, probe


@probe("metadata.kept_or_refused")
def kept_or_refused(context: ProbeContext, op: str, path: str, metadata: Mapping[str, str]) -> None:
    """Overwriting a file with metadata keeps it, keys perhaps in lower case, or raises an error that is final."""
    try:
        getattr(context.backend, op)(path, b"new", overwrite=True, metadata=dict(metadata))
    except (BackendUnavailable, ResourceLocked) as exc:
        context.fail(
            "the metadata kept, or an error that does not invite another attempt", f"{type(exc).__name__}: {exc}"
        )
    except RemoteStoreError as exc:
        context.notes.append(f"refused: {op} raised {type(exc).__name__}")
        return
    except Exception as exc:
        context.fail("the metadata kept, or a RemoteStoreError", f"{type(exc).__name__}: {exc}")
    kept = context.call("get_file_info()", context.backend.get_file_info, path).metadata
    folded = {name.lower(): value for name, value in metadata.items()}
    if not isinstance(kept, Mapping) or dict(kept) not in (dict(metadata), folded):
        context.fail(f"metadata {show(dict(metadata))}, keys perhaps in lower case", show(kept))


@probe("metadata.kept_apart")
def kept_apart(context: ProbeContext, op: str, path: str) -> None:
    """What the caller does to its mapping once the write has returned changes no metadata."""
    handed = {"owner": "me"}
    context.call(f"{op}()", getattr(context.backend, op), path, b"new", overwrite=True, metadata=handed)
    handed.update(owner="somebody", added="later")
    kept = context.call("get_file_info()", context.backend.get_file_info, path).metadata
    if kept is None or dict(kept) != {"owner": "me"}:
        context.fail("the metadata as it was handed over: {'owner': 'me'}", show(kept))
