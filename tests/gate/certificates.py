"""Small certificates for the tests of the gate."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import tomli_w

from rsconform.gate.read import Certificate, read_certificate


def document(
    grade: str = "full", *, held: int = 10, axioms: dict[str, dict[str, Any]] | None = None, **facts: Any
) -> Any:
    """Return a certificate that adds up, with `held` MUSTs that hold beside the axioms listed."""
    listed = axioms or {}
    counts: dict[str, Counter[str]] = {"MUST": Counter(holds=held)}
    for status, entries in listed.items():
        if status == "holds_in_part":
            continue  # They are among those that hold.
        for said in entries.values():
            level = said["level"] if isinstance(said, dict) else said.partition(":")[0]
            counts.setdefault(level, Counter())[status] += 1
    total = sum(sum(row.values()) for row in counts.values())
    return {
        "format": 1,
        "grade": grade,
        "edition": f"dev, {total} axioms",
        "lock": "lock",
        "kit": "0.1",
        "contract": "0.33.0",
        "evidence": "emulator",
        "audit": "lane",
        "backend": {"capabilities": ["READ", "WRITE"]},
        "profile": "standard",
        "exercised": ["sequence", "race"],
        "lane": {"name": "mine", "digest": "facts", "affordances": ["audit", "seed"]},
        "counts": {level: dict(row) for level, row in counts.items()},
        "axioms": listed,
        **facts,
    }


def written(folder: Path, content: Any, name: str = "certificate.toml") -> Path:
    """Return the path of a document written as TOML."""
    path = folder / name
    path.write_text(tomli_w.dumps(content), "utf-8")
    return path


def certificate(folder: Path, *args: Any, **facts: Any) -> Certificate:
    """Return a certificate that went through a file."""
    return read_certificate(written(folder, document(*args, **facts)))


def violated(level: str = "MUST") -> dict[str, dict[str, Any]]:
    """Return one violated axiom."""
    return {"violated": {"BE-008n": {"level": level, "title": "Metadata is refused"}}}
