"""The sequences that were found to go wrong, kept to be tried first: a folder with a readable file for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rsconform.stateful.tokens import Repro, TokenError, decode, encode

FOLDER: Final = "corpus"
_MARK: Final = "# rsconform repro "


@dataclass(frozen=True, slots=True)
class Corpus:
    """A folder of sequences: of each a ready case of TOML and a script."""

    folder: Path

    def keep(self, repro: Repro, toml: str, script: str) -> Path:
        """Keep a sequence; return where its script lies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{repro.name}.toml"
        path.write_text(f"{_MARK}{encode(repro)}\n{toml}", encoding="utf-8")
        beside = path.with_suffix(".py")
        beside.write_text(script, encoding="utf-8")
        return beside

    def sequences(self) -> Iterator[tuple[Path, Repro | TokenError]]:
        """Yield what is kept, and for a file that cannot be read why."""
        for path in sorted(self.folder.glob("*.toml")):
            try:
                first = path.read_text(encoding="utf-8").partition("\n")[0]
                if not first.startswith(_MARK):
                    raise TokenError(f"its first line does not begin with {_MARK!r}")
                yield path, decode(first.removeprefix(_MARK))
            except (OSError, UnicodeError) as exc:
                yield path, TokenError(str(exc))
            except TokenError as exc:
                yield path, exc
