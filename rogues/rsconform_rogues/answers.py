"""Further deeds for rows of the table: about results, models, plans, keys and patterns."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any, Final

from remote_store import (
    Capability,
    CapabilityNotSupported,
    CapabilitySet,
    ContentDigest,
    FileInfo,
    FolderEntry,
    NotFound,
    RemotePath,
)

from rsconform_rogues.deeds import EARLY
from rsconform_rogues.operators import NESTED, Call, When

NO_DIGEST: Final = ContentDigest("md5", "00")
SENTINEL: Final = datetime.min.replace(tzinfo=UTC)


class Boastful(CapabilitySet):
    """Supports everything, if asked."""

    def supports(self, cap: Capability) -> bool:
        return True


class Shouting(CapabilitySet):
    """Refuses by the name of the member."""

    def require(self, cap: Capability, *, backend: str = "") -> None:
        if cap not in self:
            raise CapabilityNotSupported("wrong", capability=cap.name, backend=backend or None)


class Lenient(CapabilitySet):
    """Requires nothing."""

    def require(self, cap: Capability, *, backend: str = "") -> None:
        return


class Repeating(CapabilitySet):
    """Iterates twice over what there is."""

    def __iter__(self) -> Iterator[Capability]:
        yield from super().__iter__()
        yield from super().__iter__()


class Denying(CapabilitySet):
    """Has nothing, if asked with `in`."""

    def __contains__(self, cap: object) -> bool:
        return False

    def supports(self, cap: Capability) -> bool:
        return super().__contains__(cap)


def capabilities_as(kind: type[CapabilitySet]) -> property:
    return property(lambda backend: kind(set(backend._capabilities)))


def loosened(model: Any) -> Any:
    """Return a model that takes assignments."""
    cls = type(model)
    loose: Any = object.__new__(type(cls.__name__, (cls,), {"__setattr__": object.__setattr__}))
    loose.__dict__.update(model.__dict__)
    return loose


def each_loosened(models: Any) -> Any:
    return map(loosened, models)


def first_page(models: Any) -> Any:
    return islice(models, 1000)


def without_suffixes(models: Any) -> Any:
    return (model for model in models if "." not in model.name)


def folders_as_files(entries: Any) -> Any:
    for entry in entries:
        yield FileInfo(entry.path, entry.name, 0, EARLY) if isinstance(entry, FolderEntry) else entry


def a_level_less(call: Call) -> Any:
    depth = call.arguments["max_depth"]
    return call.proceed(max_depth=depth - 1 if depth else depth)


def counted_from_the_top(call: Call) -> Any:
    depth = call.arguments["max_depth"]
    return call.proceed(max_depth=depth and max(0, depth - len(call.path.split("/")) + 1))


def by_depth(call: Call) -> Any:
    return call.proceed(recursive=bool(call.arguments["max_depth"]))


def one_folder_at_least(call: Call) -> Any:
    """Match with a `**/` that does not stand for no folder."""
    wanted = call.path.replace("**/", "\0")
    pattern = re.escape(wanted).replace("\0", "(?:.*/)").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return (info for info in call.rightly("list_files", "", recursive=True) if re.fullmatch(pattern, str(info.path)))


def unescaped(call: Call) -> Any:
    """Match with a regular expression in which all but the wildcards is what it is there."""
    pattern = call.path.replace("**/", "\0").replace("*", "[^/]*").replace("?", "[^/]").replace("\0", "(?:.*/)?")
    try:
        matcher = re.compile(pattern)
    except re.error:
        return iter(())
    return (info for info in call.rightly("list_files", "", recursive=True) if matcher.fullmatch(str(info.path)))


def in_any_case(call: Call) -> Any:
    files = call.rightly("list_files", "", recursive=True)
    return (info for info in files if fnmatchcase(str(info.path).lower(), call.path.lower()))


def at_least_one(call: Call) -> Any:
    found = list(call.proceed())
    if not found:
        raise NotFound("wrong", path=call.path, backend=call.backend.name)
    return iter(found)


def characters_counted(call: Call) -> Any:
    return replace(call.proceed(), size=len(call.arguments["content"].decode(errors="ignore")))


def with_prefix(result: Any) -> RemotePath:
    return RemotePath(f"store/{result.path}")


def lower_cased(result: Any) -> Any:
    return {name.lower(): value for name, value in result.metadata.items()} if result.metadata else None


def metadata_merged(call: Call) -> Any:
    old = call.rightly("get_file_info", call.path).metadata or {}
    return call.proceed(metadata={**old, **(call.arguments["metadata"] or {})})


def stripped(call: Call) -> Any:
    metadata = call.arguments["metadata"]
    return call.proceed(metadata={name: value.strip() for name, value in metadata.items()})


def without_the_root(call: Call) -> str:
    return call.path.removeprefix("flat://store").lstrip("/")


def root_nowhere(call: Call) -> str:
    """Take the root out wherever it stands."""
    return call.path.replace(call.rightly("native_path", "") + "/", "")


def health_file(call: Call) -> None:
    call.rightly("write", "health", b"ok", overwrite=True)


def asked_three_times(call: Call) -> None:
    for _ in range(3):
        call.rightly("is_file", "health")


def resolved_first(call: Call) -> None:
    call.backend.resolve(call.path)


def secret_planned(call: Call) -> Any:
    return replace(call.proceed(), details={"url": f"flat://{call.backend._secret}"})


def secret_logged(call: Call) -> None:
    logging.getLogger("rsconform_rogues").debug("signing with %s", call.backend._secret)


BOUNDED: Final = When(lambda call, _: call.arguments["recursive"] and call.arguments["max_depth"] is not None)
UNBOUNDED: Final = When(lambda call, _: call.arguments["recursive"] and call.arguments["max_depth"] is None)
BOUND_ALONE: Final = When(lambda call, _: not call.arguments["recursive"] and call.arguments["max_depth"] is not None)
WITH_CLASS: Final = When(lambda _call, path: "[" in path)
NESTED_KEY: Final = NESTED & When(lambda _call, path: "://" not in path)
