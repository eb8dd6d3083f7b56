"""Showing text that comes from a backend: what a terminal or a browser would obey, or not show, is written out."""

from __future__ import annotations

import re
from typing import Final

# Control characters but tab and line feed, what turns the direction of text, and separators that look like nothing.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Return a text in which each such character stands as Python writes it: `\x1b`, `\u202e`."""
    return _HIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)
