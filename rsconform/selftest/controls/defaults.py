"""Controls that leave to the contract's own classes whatever those have a default for."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Final

from remote_store import Backend
from remote_store.aio import AsyncBackend, AsyncMemoryBackend

from rsconform.selftest import operators as op
from rsconform.selftest.control import control

CONTRACTS: Final = (Backend, AsyncBackend)


def defaults_of(contract: type) -> dict[str, object]:
    """Return each public method that a class of the contract implements itself, by name."""
    return {
        name: value
        for name, value in vars(contract).items()
        if inspect.isfunction(value)
        and (not name.startswith("_") or name in ("__enter__", "__exit__", "__aenter__", "__aexit__"))
        and not getattr(value, "__isabstractmethod__", False)
    }


# "bare" is the flat backend that neither globs nor seeks, so that the default of read_seekable() spools. Its posture is
# that of the default close(), which releases nothing.
SYNC_DEFAULTS: Final = op.override(**{**defaults_of(Backend), "close_is_terminal": False})
# AsyncMemoryBackend declares no GLOB, which is what the default of glob() needs.
ASYNC_DEFAULTS: Final = op.override(**defaults_of(AsyncBackend))


class _Connection:
    """Something that has a task of its own while it is up."""

    def __init__(self) -> None:
        self.reader = asyncio.ensure_future(asyncio.Event().wait())


def with_a_reader(op: str) -> Any:
    """Return an operation on a connection with a reader task, which is given up and replaced once it was cancelled."""

    async def operate(self: Any, *args: object, **options: object) -> Any:
        connection = self.__dict__.get("_connection_with_reader")
        if connection is None:
            connection = self.__dict__["_connection_with_reader"] = _Connection()
        try:
            await asyncio.sleep(0)
            return await getattr(AsyncMemoryBackend, op)(self, *args, **options)
        except asyncio.CancelledError:
            connection.reader.cancel()
            self.__dict__.pop("_connection_with_reader", None)
            raise

    return operate


async def _ends_its_reader(self: Any) -> None:
    connection = self.__dict__.pop("_connection_with_reader", None)
    if connection is not None:
        connection.reader.cancel()
    await AsyncMemoryBackend.aclose(self)


_READING: Final = ("exists", "is_file", "read_bytes", "get_file_info", "write", "delete")
HAS_A_READER: Final = op.override(**{op: with_a_reader(op) for op in _READING}, aclose=_ends_its_reader)


DEFAULT_CONTROLS: Final = (
    control("leaves-all-it-can-to-Backend", "bare", SYNC_DEFAULTS),
    control("leaves-all-it-can-to-AsyncBackend", "async", ASYNC_DEFAULTS),
    control("has-a-task-per-connection", "async", HAS_A_READER, axioms="ASYNC-020b ASYNC-022 KIT-060 KIT-061 TIME-007"),
)
