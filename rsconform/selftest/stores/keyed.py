"""A small, correct backend without LIST: it knows keys, and neither folders nor a root to list."""

from __future__ import annotations

from typing import ClassVar

from remote_store import Capability, CapabilitySet, FolderInfo, NotFound

from rsconform.selftest.stores.flat import Blob, FlatBackend

KEYED: frozenset[Capability] = frozenset(
    {Capability.READ, Capability.WRITE, Capability.DELETE, Capability.METADATA, Capability.COPY, Capability.MOVE}
)
READ_ONLY: frozenset[Capability] = frozenset({Capability.READ, Capability.METADATA})


class KeyedBackend(FlatBackend):
    """Files under whole keys, each of which can only be asked for by its name.

    A move is not atomic.
    """

    CAPABILITIES: ClassVar[CapabilitySet] = CapabilitySet(set(KEYED))

    def exists(self, path: str) -> bool:
        return self._key(path) in self._blobs.by_key

    def is_folder(self, path: str) -> bool:
        self._key(path)
        return False

    def get_folder_info(self, path: str) -> FolderInfo:
        self._demand(Capability.METADATA)
        raise NotFound("There are no folders", path=path, backend=self.name)

    def delete_folder(self, path: str, *, recursive: bool = False, missing_ok: bool = False) -> None:
        self._demand(Capability.DELETE)
        if not missing_ok:
            raise NotFound("There are no folders", path=path, backend=self.name)

    def delete(self, path: str, *, missing_ok: bool = False) -> None:
        self._demand(Capability.DELETE)
        if self._blobs.by_key.pop(self._key(path), None) is None and not missing_ok:
            raise NotFound("There is no such key", path=path, backend=self.name)

    def _copy(self, src: str, dst: str, *, overwrite: bool) -> None:
        target, source = self._file_key(dst), self._key(src)
        with self._blobs.lock:
            blob = self._blobs.by_key.get(source)
            if blob is None:
                raise NotFound("There is no such key", path=src, backend=self.name)
            if source != target:
                self._target(dst, overwrite=overwrite)
                self._blobs.by_key[target] = Blob(blob.data, blob.modified_at, blob.metadata)

    def _blob(self, path: str, capability: Capability) -> Blob:
        self._demand(capability)
        blob = self._blobs.by_key.get(self._key(path))
        if blob is None:
            raise NotFound("There is no such key", path=path, backend=self.name)
        return blob
