"""The options of a run: each is written here once, and is an option of `rsconform run` and of the pytest plugin.

`rsconform run` hands them to its child as one option, `--rsconform-run`, which is JSON.
"""

from __future__ import annotations

import json
import math
import shlex
from argparse import ArgumentTypeError
from collections.abc import Iterator
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, Final

# As `rsconform.run.records.Profile` has them, which is not imported for nothing.
PROFILES: Final = ("quick", "standard", "deep")
DEFAULT_TIMEOUT_S: Final = 10.0


def seconds(text: str) -> float:
    """Return a limit in seconds.

    Raises:
        ArgumentTypeError: The text is not a number from 0.01 to 86400, the longest that a timer takes.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.01 <= value <= 86_400:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds from 0.01 to 86400")
    return value


def at_least_one(text: str) -> int:
    """Return a number from 1 on.

    Raises:
        ArgumentTypeError: The text is none.
    """
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _option(help_: str, default: object = (), *, metavar: str | None = None, **said: object) -> Any:
    """Return a field that is an option.

    Args:
        default: A tuple where the option may be repeated, False where it is a flag.
        said: `choices` (the values that it may have), `type` (what reads its text), `rerun` (whether the command that
            runs a case again needs it).
    """
    return field(default=default, metadata={"help": help_, "metavar": metavar, **said})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a run was asked for.

    Attributes:
        backend: Names of lanes, or callables by path or import.
        folder: Where the journal and the reports go; None to write none.
        rerun_command: The command that runs a lane again; without it the session finds one.
    """

    backend: tuple[str, ...]
    folder: str | None = None
    rerun_command: str = ""
    spec: tuple[str, ...] = _option("Only these axioms: 'BE-*,SEEK-006'.", metavar="IDS")
    case: tuple[str, ...] = _option("Only this case. Repeatable.", metavar="ID")
    level: str = _option("The weakest level whose violation makes a run fail.", "must", choices=("must", "should"))
    trait: tuple[str, ...] = _option("Declare a trait of the lane. Repeatable.", metavar="NAME=VALUE", rerun=True)
    lanes: tuple[str, ...] = _option("A lanes.toml to take lanes from. Repeatable.", metavar="FILE", rerun=True)
    fresh_store: bool = _option(
        "A promise: each call of the callable gives a new, empty store.", default=False, rerun=True
    )
    seed: int = _option("Seed of everything random.", 0, metavar="N", type=int, rerun=True)
    contract: str | None = _option(
        "Judge by the contract of that release of remote-store, whichever is installed.",
        None,
        metavar="VERSION",
        rerun=True,
    )
    profile: str = _option("How deep to look for sequences, races and leaks.", "quick", choices=PROFILES, rerun=True)
    first: int | None = _option(
        "End the run after failures with N different causes.", None, metavar="N", type=at_least_one
    )
    fresh: bool = _option("An instance of its own for every case; must not change a verdict.", default=False)
    timeout: float = _option("How long one operation may take.", DEFAULT_TIMEOUT_S, metavar="SECONDS", type=seconds)

    def rerun(self, name: str) -> str:
        """Return the command that runs a lane again, to which a case is added."""
        words = ["rsconform", "run", "--backend", name]
        for one in options():
            value = getattr(self, one.name)
            if not one.metadata.get("rerun") or value == one.default:
                continue
            flag = f"--{one.name.replace('_', '-')}"
            if isinstance(value, tuple):
                words += [word for each in value for word in (flag, each)]
            else:
                words += [flag] if value is True else [flag, str(value)]
        return shlex.join(words)

    def to_json(self) -> str:
        """Return the options as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RunOptions:
        """Return the options that JSON holds."""
        return cls(**with_tuples(json.loads(text)))


def with_tuples(said: dict[str, Any]) -> dict[str, Any]:
    """Return values with a tuple in place of each list."""
    values: dict[str, Any] = {}
    for name, value in said.items():
        values[name] = tuple(value) if isinstance(value, list) else value
    return values


def options() -> Iterator[Field[Any]]:
    """Yield the fields that are options of the command line, in order."""
    return (one for one in fields(RunOptions) if one.default is not MISSING and one.metadata)
