"""User metadata that a backend may find hard to keep."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from remote_store import BackendUnavailable, RemoteStoreError, ResourceLocked

from rsconform.cases.deferred import show
from rsconform.probes import ProbeContext, probe


@probe("operations.metadata_kept_or_refused")
def metadata_kept_or_refused(context: ProbeContext, op: str, path: str, metadata: Mapping[str, str]) -> None:
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


@probe("operations.metadata_not_shared")
def metadata_not_shared(context: ProbeContext, op: str, path: str) -> None:
    """What the caller does to its mapping once the write has returned changes no metadata."""
    handed = {"owner": "me"}
    context.call(f"{op}()", getattr(context.backend, op), path, b"new", overwrite=True, metadata=handed)
    handed.update(owner="somebody", added="later")
    kept = context.call("get_file_info()", context.backend.get_file_info, path).metadata
    if kept is None or dict(kept) != {"owner": "me"}:
        context.fail("the metadata as it was handed over: {'owner': 'me'}", show(kept))


@probe("operations.metadata_independent_copy")
def metadata_independent_copy(context: ProbeContext, path: str, returned_by: str) -> None:
    """Changing the metadata that an operation returned changes neither the file nor a copy of it."""
    backend = context.backend
    copy = f"{path}-copy" if returned_by == "copy" else path
    context.touched.add(copy)
    if returned_by == "copy":
        context.call("copy()", backend.copy, path, copy)
    if returned_by.startswith("write"):
        returned = context.call(
            f"{returned_by}()", getattr(backend, returned_by), path, b"x", metadata={"owner": "ada"}
        ).metadata
    else:
        returned = context.call("get_file_info()", backend.get_file_info, copy).metadata
    with suppress(Exception):  # It may be one that cannot be changed, or none.
        returned.update(owner="somebody", added="later")
    for name in dict.fromkeys((copy, path)):
        kept = context.call("get_file_info()", backend.get_file_info, name).metadata
        if kept is None or dict(kept) != {"owner": "ada"}:
            context.fail(f"the metadata of {name} as it was stored: {{'owner': 'ada'}}", show(kept))
