"""The files of a report, put in their place as a whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsconform.report import certificate, html, junit
from rsconform.report import json_report as jsonreport
from rsconform.report.certificate import write_certificate
from rsconform.report.html import write_html
from rsconform.report.json_report import write_json
from rsconform.report.junit import write_junit
from rsconform.report.report import Report

PARTIAL: Final = "partial"  # Below a lane's folder: where the reports of partial runs go.
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9._+-]+")


class UnwritableError(Exception):
    """A report could not be written where it was asked for."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot write {path} ({reason}). Name another folder with --reports.")


@dataclass(frozen=True, slots=True)
class Written:
    """Where a report went."""

    report: Path
    page: Path
    certificate: Path | None  # None: the run was not whole, and an earlier certificate stays as it was.


def write_reports(report: Report, folder: Path) -> Written:
    """Write the files of a report into the lane's folder below the given one, those of a part of a plan below that.

    Raises:
        UnwritableError: The folder or a file in it cannot be written.
    """
    home = home_of(report.lane, folder, whole=report.header.complete)
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableError(home, error.strerror or str(error)) from error
    target = home / jsonreport.FILE_NAME
    _put(target, write_json(report))
    _put(home / junit.FILE_NAME, write_junit(report))
    page = home / html.FILE_NAME
    _put(page, write_html(report))
    if not report.certifies:
        return Written(target, page, None)
    _put(home / certificate.FILE_NAME, write_certificate(report))
    return Written(target, page, home / certificate.FILE_NAME)


def home_of(lane: str, folder: Path, *, whole: bool) -> Path:
    """Return where the report of a lane lies: a partial run replaces no report of a whole one."""
    home = folder / folder_name(lane)
    return home if whole else home / PARTIAL


def folder_name(lane: str) -> str:
    """Return the name of a lane's folder; a lane may be named by a path."""
    return _NOT_IN_A_NAME.sub("_", lane).strip("._") or "lane"


def _put(path: Path, text: str) -> None:
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(text)
            # mkstemp makes private files; a report is for everybody whom the umask lets in.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UnwritableError(path, error.strerror or str(error)) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
