"""Whether times are those of the writes they stand for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any, Final

from remote_store import Backend, Capability

from rsconform.cases.matchers import UNKNOWN_TIME
from rsconform.probes import ProbeContext, probe

# As far as S3 lets the clocks of client and service be apart; an error in the time zone is larger.
_SKEW: Final = timedelta(minutes=15)
# A day, wherever it begins.
_DAY: Final = timedelta(hours=38)
# Longer than a made-up time that is rounded to a second stays the same.
_LATER_S: Final = 1.1
# A listing and a lookup may round to a second.
_ROUNDING: Final = timedelta(seconds=1)
# For how long a file is written again until its time is a later one: some clocks of file systems tick every 4 ms.
_TICK_S: Final = 0.05
# East of Greenwich by an odd amount: local time taken for UTC shows, also on machines that run on UTC.
_ELSEWHERE: Final = "<+0545>-05:45"

_MODELS: Final[Mapping[str, Callable[[Backend, str], Any]]] = {
    "get_file_info": lambda backend, path: backend.get_file_info(path),
    "list_files": lambda backend, path: next(iter(backend.list_files(path.rpartition("/")[0]))),
    "iter_children": lambda backend, path: next(iter(backend.iter_children(path.rpartition("/")[0]))),
    "get_folder_info": lambda backend, path: backend.get_folder_info(path.rpartition("/")[0]),
}


@probe("operations.honest_time")
def honest_time(context: ProbeContext, op: str, path: str) -> None:
    """The time of a file, alone in its folder, that is written now is now, or unknown."""
    with _elsewhere():
        context.call("write()", context.backend.write, path, b"new", overwrite=True)
        now = datetime.now(UTC)
        reported = context.call(f"{op}()", _MODELS[op], context.backend, path).modified_at
    # What is no aware time is for the axioms on types.
    if not isinstance(reported, datetime) or reported.utcoffset() is None or reported == UNKNOWN_TIME:
        return
    is_day = (reported.hour, reported.minute, reported.second) == (0, 0, 0) and timedelta(0) <= now - reported < _DAY
    if abs(reported - now) > _SKEW and not is_day:
        expected = f"a time within {_SKEW.seconds // 60} minutes of {now:%H:%M} UTC"
        context.fail(expected, f"{reported.isoformat()}, which is {_apart(reported, now)}")


@probe("operations.stable_time")
def stable_time(context: ProbeContext, op: str, path: str, changed: str) -> None:
    """The time of a file stays the same more than a second later, and where another file was written meanwhile."""
    before = context.call(f"{op}()", _MODELS[op], context.backend, path).modified_at
    sleep(_LATER_S)
    if context.backend.capabilities.supports(Capability.WRITE):
        context.call("write()", context.backend.write, changed, b"later")
    reported = context.call(f"{op}()", _MODELS[op], context.backend, path).modified_at
    if reported != before:
        context.fail(f"modified_at = {before} a second later as well", str(reported))


@probe("operations.folder_time")
def folder_time(context: ProbeContext, folder: str) -> None:
    """Whichever file below a folder was written last, the folder has its time and no other file's, or none."""
    for path in context.content:
        times = _with_newest(context, path)
        reported = context.call("get_folder_info()", context.backend.get_folder_info, folder).modified_at
        if not isinstance(reported, datetime) or reported.utcoffset() is None or UNKNOWN_TIME in times.values():
            return
        latest = max(times.values())
        nearest = min(times.values(), key=lambda one: abs(one - reported))
        if nearest != latest or abs(latest - reported) > _ROUNDING:
            context.fail(f"{latest.isoformat()}, when {path} was written last", reported.isoformat())


def _with_newest(context: ProbeContext, path: str) -> dict[str, datetime]:
    """Write a file until its time is later than every other's, if the store's clock is fine enough."""
    stop = monotonic() + _TICK_S
    while True:
        context.call("write()", context.backend.write, path, b"again", overwrite=True)
        times = {
            one: context.call("get_file_info()", context.backend.get_file_info, one).modified_at
            for one in context.content
        }
        if all(times[path] > times[one] for one in times if one != path) or monotonic() > stop:
            return times


def _apart(reported: datetime, now: datetime) -> str:
    minutes = round(abs(reported - now).total_seconds() / 60)
    return f"{minutes} minutes {'ahead' if reported > now else 'behind'}"


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Put this process into another time zone, where the system can."""
    if not hasattr(time, "tzset"):
        yield
        return
    here = os.environ.get("TZ")
    os.environ["TZ"] = _ELSEWHERE
    time.tzset()
    try:
        yield
    finally:
        if here is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = here
        time.tzset()
