"""Building many values at once, none of which is garbage."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def gc_paused(build: Callable[P, R]) -> Callable[P, R]:
    """Return a function whose work the garbage collector leaves alone.

    It would walk the same growing heap again and again: a third of the time of loading and compiling the axioms.
    """

    @functools.wraps(build)
    def built(*args: P.args, **options: P.kwargs) -> R:
        was_on = gc.isenabled()
        gc.disable()
        try:
            return build(*args, **options)
        finally:
            if was_on:
                gc.enable()

    return built
