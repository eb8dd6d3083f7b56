"""The store of a plain callable: it has to be empty first, and the kit removes what each case wrote.

Nothing is deleted that the kit did not write, and never the root.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from remote_store import Backend, Capability, FileInfo

from rsconform.lanes.lane import Lane
from rsconform.run.case.store import segments
from rsconform.run.lane import deadline
from rsconform.run.lane.interrupts import let_through
from rsconform.run.lane.limits import OF_A_FILE_S

_SHOWN = 5
_LOOKS = 3  # Ways of listing the store; cleaning gets as long, or longer where there is much to remove.
_MOST = 10_000  # A listing that never ends must not end the kit.


class DirtyStoreError(Exception):
    """The store that a callable hands out is not empty, or cannot be looked at. Nothing was touched."""


class _CannotSeeError(Exception):
    """A way of listing fails."""


class StoreCleaner:
    """Keeps the store of one callable lane empty between cases."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def require_empty(self, backend: Backend, limit_s: float) -> None:
        """Look at the store before the first case.

        Args:
            limit_s: How long one look may take, in seconds.

        Raises:
            DirtyStoreError: It holds something, or the backend cannot tell and the lane promises nothing.
        """
        if self._lane.fresh_store:
            return
        for capability in (Capability.LIST, Capability.DELETE):
            if not backend.capabilities.supports(capability):
                raise DirtyStoreError(
                    f'lane "{self._lane.name}": the backend does not declare {capability.name}, so rsconform can '
                    "neither see that its store is empty nor clean up. If each call of the callable gives a new, "
                    "empty store, say --fresh-store."
                )
        deadline.arm(_LOOKS * limit_s)
        try:
            found = self._seen(backend)
        except (_CannotSeeError, deadline.SoftLimitError) as exc:
            seen = str(exc) or f"it did not answer within {_LOOKS * limit_s:g} s"
            raise DirtyStoreError(
                f'lane "{self._lane.name}": the store cannot be looked at ({seen}), so nothing was touched. '
                "If each call of the callable gives a new, empty store, say --fresh-store."
            ) from exc
        finally:
            deadline.disarm()
        if found:
            raise DirtyStoreError(
                f'lane "{self._lane.name}": the store is not empty, it holds {_some(found)}. Nothing was touched. '
                "Hand out a backend over an empty store, or say --fresh-store if each call gives a new one."
            )

    def is_empty(self, backend: Backend, limit_s: float) -> bool:
        """Return whether a store is seen to be empty."""
        deadline.arm(_LOOKS * limit_s)
        try:
            return not self._seen(backend)
        except (_CannotSeeError, deadline.SoftLimitError):
            return False
        finally:
            deadline.disarm()

    def clean(self, backend: Backend, written: set[str], limit_s: float) -> str | None:
        """Remove what a case wrote and look again; return why the store cannot serve the next case, or None."""
        if self._lane.fresh_store:
            return None
        deadline.arm(max(_LOOKS * limit_s, len(written) * OF_A_FILE_S))
        try:
            self._remove(backend, written)
            left = self._left(backend, written)
        except deadline.SoftLimitError:
            return "the store could not be cleaned: the backend did not return"
        finally:
            deadline.disarm()
        if not left:
            return None
        return f"the store could not be cleaned after a case; it still holds {_some(left)}"

    def _seen(self, backend: Backend) -> list[str]:
        """Return what any way of listing shows: files of a user may lie behind the one that works.

        Raises:
            _CannotSeeError: One of them fails.
        """
        seen: set[str] = set()
        for name, view in self._views(backend):
            try:
                seen.update(_paths(view))
            except deadline.SoftLimitError:
                raise
            except BaseException as exc:
                let_through(exc)
                raise _CannotSeeError(f"{name} raised {type(exc).__name__}") from exc
        return sorted(seen)

    def _left(self, backend: Backend, written: set[str]) -> list[str]:
        """Return what is still there after cleaning.

        The backend is under test by now: a listing may fail or show what is not there, so what it shows has to exist;
        and what was written may be there although no listing shows it.
        """
        views = [view for _, view in self._views(backend)]
        listed = {path for view in views for path in _try(partial(_paths, view)) or ()}
        left = {path for path in listed if _exists(backend, path) is not False}
        known = {segments(path) for path in left} | {()}
        left |= {path for path in written if segments(path) not in known and _is_there(backend, path)}
        return sorted(left)

    @staticmethod
    def _views(backend: Backend) -> Sequence[tuple[str, Callable[[], Iterable[object]]]]:
        return (
            ("list_files", partial(backend.list_files, "", recursive=True)),
            ("list_files", partial(backend.list_files, "")),
            ("list_folders", partial(backend.list_folders, "")),
        )

    def _remove(self, backend: Backend, written: set[str]) -> None:
        ours = {segments(path) for path in written} - {()}
        for path in {str(info.path) for info in _try(lambda: list(self._files(backend))) or ()} | written:
            if segments(path) in ours:
                _try(partial(backend.delete, path, missing_ok=True))
        # Folders that only writing made: deepest first, and never with files of other clients.
        # What a path with ".." names is for the backend to say: such a folder may not be the store's at all.
        folders = {parts[:length] for parts in ours if ".." not in parts for length in range(1, len(parts) + 1)}
        for parts in sorted(folders, key=len, reverse=True):
            folder = "/".join(parts)
            if _try(partial(backend.is_folder, folder)) is True:
                _try(partial(backend.delete_folder, folder, missing_ok=True))

    @staticmethod
    def _files(backend: Backend) -> Iterable[FileInfo]:
        return itertools.islice(backend.list_files("", recursive=True), _MOST)


T = TypeVar("T")


def _try(operation: Callable[[], T]) -> T | None:
    try:
        return operation()
    except deadline.SoftLimitError:
        raise
    except BaseException as exc:  # Whether it worked is seen by looking at the store afterwards.
        let_through(exc)
        return None


def _paths(view: Callable[[], Iterable[object]]) -> list[str]:
    """Return the paths that a way of listing shows."""
    return [str(getattr(entry, "path", entry)) for entry in itertools.islice(view(), _MOST)]


def _is_there(backend: Backend, path: str) -> bool:
    """Return whether more than one way of asking shows a file: one alone may be what is wrong with the backend."""
    return _exists(backend, path) is True and _try(partial(backend.is_file, path)) is True


def _exists(backend: Backend, path: str) -> bool | None:
    return _try(partial(backend.exists, path))


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(map(repr, paths[:_SHOWN])) + more
