"""Golden files: what a writer wrote, compared with what it should write."""

from __future__ import annotations

import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def assert_golden(name: str, actual: str) -> None:
    """Compare a text with the golden file of that name; on a mismatch say where the actual text was saved."""
    golden = FOLDER / name
    expected = golden.read_text(encoding="utf-8") if golden.is_file() else None
    if actual == expected:
        return
    saved = Path(tempfile.mkdtemp(prefix="rsconform-")) / name
    saved.write_text(actual, encoding="utf-8")
    raise AssertionError(f"{golden} differs. The actual text is {saved}; if it is right, copy it there.")
