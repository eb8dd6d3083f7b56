"""What a backend does wrong when its server is in trouble, or asks of it what it need not."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any, Final

from remote_store import BackendUnavailable, NotFound, PermissionDenied

from rsconform_rogues.operators import Call, Deed, When

_WHOLE: Final = 64 << 20
DOT: Final = When(lambda _call, path: path == ".")


def looking(operation: str) -> Deed:
    """Return the deed of asking for something else about the same path, and not listening."""
    return lambda call: call.rightly(operation, call.path)


def looking_at_its_bucket(call: Call) -> None:
    call.rightly("check_health")


def looking_below_a_dot(call: Call) -> None:
    call.backend._requests.has_below("./", call.path)


def looking_over_and_over(call: Call) -> None:
    for _ in range(600):
        call.rightly("is_file", "no-such-file")


def trying_again_without_a_bucket(call: Call) -> Any:
    try:
        return call.proceed()
    except NotFound:
        try:
            call.rightly("check_health")
        except NotFound:
            return call.proceed()
        raise


def reading_deleting_writing(call: Call) -> None:
    content = call.rightly("read_bytes", call.path)
    call.rightly("delete", call.path)
    call.rightly("write", call.arguments["dst"], content, overwrite=call.arguments["overwrite"])


def denied_nameless(call: Call) -> Any:
    try:
        return call.proceed()
    except PermissionDenied as exc:
        exc.path = None
        raise


def giving_what_came(call: Call) -> bytes:
    content = b""
    with call.rightly("read", call.path) as stream:
        try:
            while piece := stream.read(8192):
                content += piece
        except BackendUnavailable:
            return content
    return content


def never_forgiving(call: Call) -> Any:
    if "_trouble" in call.backend.__dict__:
        raise BackendUnavailable("wrong", path=call.path, backend=call.backend.name)
    try:
        return call.proceed()
    except BackendUnavailable:
        call.backend._trouble = True
        raise


def listing_from_memory(call: Call) -> Iterator[Any]:
    kept: dict[str, list[Any]] = call.backend.__dict__.setdefault("_kept", {})
    if call.path not in kept:
        kept[call.path] = []
        kept[call.path] += call.proceed()
    yield from kept[call.path]


def ending_at(cls: type[Exception]) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Return a change of a listing: it ends where the error comes."""

    def ended(found: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from found
        except cls:
            return

    return ended


def ending_if_nothing_was_found(found: Iterator[Any]) -> Iterator[Any]:
    any_found = False
    try:
        for entry in found:
            any_found = True
            yield entry
    except NotFound:
        if any_found:
            raise


def walking_folder_by_folder(call: Call) -> Iterator[Any]:
    pending = [call.path]
    while pending:
        folder = pending.pop(0)
        yield from call.rightly("list_files", folder)
        pending += [str(entry.path) for entry in call.rightly("list_folders", folder)]


def fetched_at_once(stream: Any) -> Any:
    return io.BytesIO(stream.read())


def reading_far_ahead(stream: Any) -> Any:
    return io.BufferedReader(stream, _WHOLE)
