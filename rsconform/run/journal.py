"""The journal: JSON lines that survive a process which dies in the middle, and their reading back.

Each process of a run writes a file of its own into the journal's folder; reading merges them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rsconform.redaction import KNOWN, Redactor
from rsconform.run.records import (
    Attempt,
    Breach,
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
GIVEN_FAILED: Final = "given failed"


# Records after which another limit counts.
_OF_STAGES: Final = frozenset({"constructing", "preparing", "prepared", "begin", "end"})
_KINDS: Final = _OF_STAGES | {"header", "instance", "seeded", "doing", "lost", "footer"}


class JournalError(KeyboardInterrupt):  # What is not written down is lost, so pytest ends as after Ctrl-C.
    """A journal cannot be written on."""


class JournalWriter:
    """Appends records to one process's file; each is with the operating system when `write` returns."""

    def __init__(self, folder: Path, process: str, redactor: Redactor | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.redactor = redactor or KNOWN
        self._path = folder / f"{PREFIX}{process}.jsonl"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._broken = False

    def write(self, kind: str, record: dict[str, Any]) -> None:
        """Append one record; nothing more once that has failed.

        Raises:
            JournalError: It cannot be written, as where the disk is full.
        """
        if self._broken:
            return
        line = json.dumps({"kind": kind, **self.redactor.cleaned(record)}, ensure_ascii=False, default=str)
        rest = memoryview(line.encode("utf-8", "backslashreplace") + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as exc:
            self._broken = True
            raise JournalError(f"cannot write {self._path} ({exc.strerror})") from exc

    def header(self, header: Header) -> None:
        """Write the first line."""
        self.write("header", as_json(header))

    def constructing(self, limit_s: float) -> None:
        """Say that the first instance is about to be made."""
        self.write("constructing", {"pid": os.getpid(), "limit_s": limit_s})

    def preparing(self, limit_s: float) -> None:
        """Say that the lane fixture is at work: what goes wrong now is not the subject's."""
        self.write("preparing", {"pid": os.getpid(), "limit_s": limit_s})

    def prepared(self) -> None:
        """Say that the lane fixture is done."""
        self.write("prepared", {})

    def instance(self, instance: Instance) -> None:
        """Write what the first instance said of itself."""
        self.write("instance", as_json(instance))

    def lost(self, process: str) -> None:
        """Say that a worker process is gone without having said how it ended."""
        self.write("lost", {"process": process})

    def begin(self, case: str, axiom: str, limit_s: float, *, number: int = 1, seeding: bool = False) -> None:
        """Say that an attempt is about to be made; `seeding`: first of all a given state, through the subject."""
        record = {"case": case, "axiom": axiom, "number": number, "limit_s": limit_s, "seeding": seeding}
        self.write("begin", {**record, "pid": os.getpid()})

    def seeded(self) -> None:
        """Say that the given state is made: what goes wrong from here on is the case's own."""
        self.write("seeded", {})

    def doing(self, operation: str, axiom: str) -> None:
        """Say which operation of the smoke case is under way, and under which axiom it counts."""
        self.write("doing", {"operation": operation, "counts_under": axiom})

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
        constructing: The record of the first instance's making, while that lasts.
        preparing: The record of the lane fixture's work, while that lasts.
        open: The case under way: its record and nothing else; None between cases.
        stage: Counts what has a limit of its own.
        lost: Other processes that are gone without having said how they ended.
        damage: What cannot be a record of this run, or not at its place: a sentence each. Such a record counts for
            nothing.
    """

    path: Path
    header: Header | None = None
    instance: Instance | None = None
    constructing: dict[str, Any] | None = None
    preparing: dict[str, Any] | None = None
    attempts: list[Attempt] = field(default_factory=list)
    open: dict[str, Any] | None = None
    footer: Footer | None = None
    lost: set[str] = field(default_factory=set)
    damage: list[str] = field(default_factory=list)
    stage: int = 0
    _lines: int = 0
    _ended: set[tuple[str, int]] = field(default_factory=set)
    _position: int = 0
    _rest: bytes = b""

    @property
    def under_way(self) -> dict[str, Any] | None:
        """Return the record of what has a limit now; None where nothing has."""
        return None if self.footer is not None else self.preparing or self.open or self.constructing

    def settle(self) -> None:
        """Take what was under way as booked: it ended with its process."""
        self.open = self.constructing = self.preparing = None

    @property
    def process(self) -> str:
        """Return the name of the process that writes the file."""
        return self.path.stem.removeprefix(PREFIX)

    def read_on(self) -> bool:
        """Read what was appended since; return whether there was anything."""
        with self.path.open("rb") as file:
            file.seek(self._position)
            data = file.read()
        if not data:
            return False
        self._position += len(data)
        # What comes after the last line end is a line that is being written, or was cut: its case has no outcome.
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._lines += 1
            try:
                raw = json.loads(line)
                misplaced = self._misplaced(raw)
                if misplaced is None:
                    self._take(raw)
            except (ValueError, TypeError, LookupError, AttributeError):
                misplaced = "is no record of a journal"
            if misplaced is not None:
                self.damage.append(f"line {self._lines} of {self.path.name} {misplaced}")
        return True

    def _misplaced(self, raw: dict[str, Any]) -> str | None:
        """Return why a record cannot stand where it does, as a clause; None if it can."""
        kind = raw["kind"]
        if kind not in _KINDS:
            return f"is of the unknown kind {str(kind)[:40]!r}"
        if self.footer is not None:
            return f"comes after the last one: {kind}"
        if kind == "header" and self.header is not None:
            return "is a second header"
        if kind != "end":
            return None
        case, number = str(raw["case"])[:120], raw["number"]
        if (raw["case"], number) in self._ended:
            return f"is a second end of attempt {number} at {case}"
        if self.process == SUPERVISOR or raw["result"] not in (Result.PASSED, Result.FAILED):
            return None  # It books for others; and what was not put to the subject was never begun.
        if self.open is None or (self.open["case"], self.open["number"]) != (raw["case"], number):
            return f"ends attempt {number} at {case}, which was not begun"
        return None

    def _take(self, raw: dict[str, Any]) -> None:
        kind = raw.pop("kind")
        self.stage += kind in _OF_STAGES
        match kind:
            case "header":
                self.header = header_from(raw)
            case "constructing":
                self.constructing = raw
            case "preparing":
                self.preparing = raw
            case "prepared":
                self.preparing = None
            case "instance":
                self.instance, self.constructing, self.preparing = instance_from(raw), None, None
            case "begin":
                self.open = raw
            case "seeded" if self.open is not None:
                self.open["seeding"] = False
            case "doing" if self.open is not None:
                self.open.update(raw)
            case "end":
                self.attempts.append(attempt_from(raw))
                self._ended.add((raw["case"], raw["number"]))
                self.open = self.preparing = None
            case "lost":
                self.lost.add(raw["process"])
            case "footer":
                # A process that wrote its last line chose to end: its constructor did not end it.
                self.footer, self.constructing, self.preparing = Footer(**raw), None, None


def journal_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a journal."""
    yield from sorted(folder.glob(f"{PREFIX}*.jsonl"))


def clear(folder: Path) -> None:
    """Remove the files of an earlier run."""
    for path in journal_files(folder):
        path.unlink()


def ended(open_case: dict[str, Any], failure: Failure, invariants: Sequence[str] = (), *, preparing: bool) -> Attempt:
    """Return the attempt that books a case in whose middle its process ended.

    Args:
        open_case: The record of its beginning.
        invariants: The axioms that were breached as well.
        preparing: The lane fixture was at work.
    """
    attempt = Attempt(
        case=open_case["case"],
        axiom=open_case["axiom"],
        number=open_case["number"],
        result=Result.FAILED,
        failure=failure,
        breaches=tuple(Breach(axiom, failure.expected, failure.observed) for axiom in invariants),
        worker=SUPERVISOR,
    )
    if preparing or open_case["seeding"]:
        # Nothing is known about the case's own axiom.
        what, breaches = ("the lane fixture failed", ()) if preparing else (GIVEN_FAILED, attempt.breaches)
        error = f"{what}: {failure.observed}"
        return replace(attempt, result=Result.ERRORED, failure=None, error=error, breaches=breaches)
    if "counts_under" in open_case:
        operation = open_case["operation"]
        breach = Breach(open_case["counts_under"], f"{operation} to return", failure.observed, f"smoke: {operation}")
        return replace(attempt, breaches=(breach, *attempt.breaches))
    return attempt


def merge(files: Sequence[JournalFile]) -> Journal | None:
    """Return the journal that the files of all processes make together; None without a header."""
    header = next((file.header for file in files if file.header is not None), None)
    if header is None:
        return None
    instances = [file.instance for file in files if file.instance is not None]
    # The instance that failed speaks for the lane only if no process got one.
    instance = next((one for one in instances if one.failure is None and not one.unreachable), None)
    attempts = [attempt for file in files for attempt in file.attempts]
    booked = {(attempt.case, attempt.number) for attempt in attempts}
    footers = [file.footer for file in files if file.footer is not None]
    worst = next((footer for footer in footers if footer.ending != "finished"), footers[-1] if footers else None)
    # Who started the others knows how it ended, whatever became of one of them.
    last = next((file.footer for file in files if file.process == SUPERVISOR and file.footer is not None), worst)
    return Journal(
        damage=tuple(sentence for file in files for sentence in file.damage),
        header=header,
        instance=instance or (instances[0] if instances else None),
        attempts=attempts,
        footer=last,
        begun=tuple(
            file.open["case"] for file in files if file.open and (file.open["case"], file.open["number"]) not in booked
        ),
    )


def read_journal(folder: Path) -> Journal | None:
    """Read the journal of a run back from its folder; None where there is none."""
    files = [JournalFile(path) for path in journal_files(folder)]
    for file in files:
        file.read_on()
    return merge(files)
