"""Files, sockets and pipes: how many this process may have open, and whether that is nearly used up.

A backend that leaves one open for each read takes all there are in a run of thousands of cases. Then nothing can be
imported, connected or written any more, and each failure looks like something else.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_ENOUGH: Final = 65_536  # More makes children slow that close each number that there may be.
_SPARE: Final = 96  # What the kit and what it imports need to come to their end.


def allow_more() -> None:
    """Let this process and its children have as many open as the system lets them, within reason."""
    if sys.platform != "win32":
        import resource  # There is none on Windows, nor such a limit.

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
        if soft != resource.RLIM_INFINITY and soft < most:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            except (OSError, ValueError):  # Some systems say that they have no limit, and have one.
                return


def used_up() -> str | None:
    """Return why nothing more can be done: too many handles are open. None if it can."""
    if sys.platform == "win32":
        return None
    import resource  # As above.

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    try:
        lowest = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        lowest = soft
    else:
        os.close(lowest)
    if lowest < soft - min(_SPARE, soft // 4):
        return None
    return (
        f"not run: nearly all of the {soft} files and sockets that a process may have open are open; "
        "whether the backend leaves them, BOUND-003 tells"
    )
