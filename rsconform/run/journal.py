"""The journal: JSON lines that survive a process which dies in the middle, and their reading back.

Each process of a run writes a file of its own into the journal's folder; reading merges them.
"""

from __future__ import annotations

import base64
import json
import os
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rsconform.run.model import (
    Attempt,
    Failure,
    Footer,
    Header,
    Instance,
    Journal,
    Result,
    as_json,
    attempt_from,
    header_from,
    instance_from,
)

PREFIX: Final = "journal-"
SUPERVISOR: Final = "supervisor"


class Redactor:
    """Removes secret values, their encoded forms included, from a line before it is written."""

    def __init__(self) -> None:
        self._forms: set[str] = set()

    def add(self, secrets: Iterable[str]) -> None:
        """Learn the secrets of a subject."""
        for secret in secrets:
            if secret:
                quoted = urllib.parse.quote(secret, safe="")
                encoded = base64.b64encode(secret.encode()).decode()
                self._forms |= {secret, quoted, encoded, json.dumps(secret)[1:-1]}

    def clean(self, line: str) -> str:
        """Return a line without the secrets."""
        for form in self._forms:
            if form in line:
                line = line.replace(form, "[secret]")
        return line


class JournalWriter:
    """Appends records to one process's file; each is with the operating system when `write` returns."""

    def __init__(self, folder: Path, process: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.redactor = Redactor()
        self._file = os.open(folder / f"{PREFIX}{process}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, kind: str, record: dict[str, Any]) -> None:
        """Append one record."""
        line = json.dumps({"kind": kind, **record}, ensure_ascii=False, default=str)
        os.write(self._file, self.redactor.clean(line).encode("utf-8", "backslashreplace") + b"\n")

    def header(self, header: Header) -> None:
        """Write the first line."""
        self.write("header", as_json(header))

    def constructing(self, limit_s: float) -> None:
        """Say that the first instance is about to be made."""
        self.write("constructing", {"pid": os.getpid(), "limit_s": limit_s})

    def instance(self, instance: Instance) -> None:
        """Write what the first instance said of itself."""
        self.write("instance", as_json(instance))

    def begin(self, case: str, axiom: str, limit_s: float) -> None:
        """Say that a case is about to be run."""
        self.write("begin", {"case": case, "axiom": axiom, "pid": os.getpid(), "limit_s": limit_s})

    def end(self, attempt: Attempt) -> None:
        """Write how an attempt ended."""
        self.write("end", as_json(attempt))

    def footer(self, footer: Footer) -> None:
        """Write the last line."""
        self.write("footer", as_json(footer))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


@dataclass
class JournalFile:
    """One process's file while it grows: what has been read of it so far.

    Attributes:
        open: The case under way: its record and nothing else; None between cases.
    """

    path: Path
    header: Header | None = None
    instance: Instance | None = None
    constructing: dict[str, Any] | None = None
    attempts: list[Attempt] = field(default_factory=list)
    open: dict[str, Any] | None = None
    footer: Footer | None = None
    _position: int = 0
    _rest: bytes = b""

    def read_on(self) -> bool:
        """Read what was appended since; return whether there was anything."""
        with self.path.open("rb") as file:
            file.seek(self._position)
            data = file.read()
        if not data:
            return False
        self._position += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))
        return True

    def _take(self, raw: dict[str, Any]) -> None:
        match raw.pop("kind"):
            case "header":
                self.header = header_from(raw)
            case "constructing":
                self.constructing = raw
            case "instance":
                self.instance, self.constructing = instance_from(raw), None
            case "begin":
                self.open = raw
            case "end":
                self.attempts.append(attempt_from(raw))
                self.open = None
            case "footer":
                self.footer = Footer(**raw)


def journal_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a journal."""
    yield from sorted(folder.glob(f"{PREFIX}*.jsonl"))


def clear(folder: Path) -> None:
    """Remove the files of an earlier run."""
    for path in journal_files(folder):
        path.unlink()


def died(open_case: dict[str, Any], detail: str) -> Attempt:
    """Return the attempt that books a case in whose middle the process ended."""
    return Attempt(
        case=open_case["case"],
        axiom=open_case["axiom"],
        number=1,
        result=Result.FAILED,
        failure=Failure(expected="a process that goes on", observed=detail, died=True),
    )


def merge(files: Sequence[JournalFile]) -> Journal | None:
    """Return the journal that the files of all processes make together; None without a header."""
    header = next((file.header for file in files if file.header is not None), None)
    if header is None:
        return None
    instances = [file.instance for file in files if file.instance is not None]
    # The instance that failed speaks for the lane only if no process got one.
    instance = next((one for one in instances if one.failure is None and not one.unreachable), None)
    attempts = [attempt for file in files for attempt in file.attempts]
    booked = {attempt.case for attempt in attempts}
    footers = [file.footer for file in files if file.footer is not None]
    worst = next((footer for footer in footers if footer.ending != "finished"), footers[-1] if footers else None)
    return Journal(
        header=header,
        instance=instance or (instances[0] if instances else None),
        attempts=attempts,
        footer=worst,
        begun=tuple(file.open["case"] for file in files if file.open and file.open["case"] not in booked),
    )


def read_journal(folder: Path) -> Journal | None:
    """Read the journal of a run back from its folder; None where there is none."""
    files = [JournalFile(path) for path in journal_files(folder)]
    for file in files:
        file.read_on()
    return merge(files)
