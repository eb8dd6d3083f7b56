"""Keeping secrets out of everything that is written or shown.

What a lane declares is found in every form in which text carries it: plain, escaped for a URL (once or twice), JSON,
XML or a repr, in hexadecimal, in base64, and broken over lines. An undeclared secret is known by its shape: credentials
in a URL, signatures and tokens of the common services, keys in PEM.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from typing import Any, Final

MARK: Final = "[secret]"
# A shorter secret is found in ordinary words: it is redacted where it stands alone, and no backend is judged by it.
LEAST: Final = 4

_BREAK: Final = r"(?:\\?\r?\n[ \t]*|\\[rn])?"  # What wraps a text, or escapes a wrapped one.
_VALUE: Final = r"[^\s&\"'<>,;\\)\]}]+"
_PARAMETERS: Final = (
    "X-Amz-(?:Signature|Credential|Security-Token)|X-Goog-(?:Signature|Credential)|AWSAccessKeyId|Signature|sig|"
    "AccountKey|SharedAccessKey|SharedAccessSignature|aws_secret_access_key|aws_session_token|secret_?access_?key|"
    "client_secret|access_token|refresh_token|api_?key|passw(?:or)?d|pwd"
)
# Fields whose values come from the kit's own tables or from the axioms: cleaned, they could not be read back.
_OUR_OWN: Final = frozenset({"kind", "result", "reason", "ending", "case", "axiom"})

_SHAPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?(?:-----END \1-----|\Z)", re.DOTALL), MARK),
    (re.compile(r"\b((?:[a-z][a-z0-9+.-]{1,20})://)[^\s/@'\"<>]{1,200}@", re.IGNORECASE), rf"\1{MARK}@"),
    (re.compile(r"\b(Authorization['\"]?\s*[:=]\s*['\"]?)(?:(?:Basic|Bearer|AWS4-[A-Z0-9-]+|AWS|SharedKey(?:Lite)?)\s+)?"
                r"(?:[^\r\n'\"\\]+)", re.IGNORECASE), rf"\1{MARK}"),
    (re.compile(r"\b(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1{MARK}"),
    (re.compile(rf"\b({_PARAMETERS})(['\"]?\s*(?:=|:|%3[dD])\s*['\"]?){_VALUE}", re.IGNORECASE), rf"\1\2{MARK}"),
    (re.compile(r"\b(?:AKIA|ASIA|AROA)[A-Z0-9]{16}\b"), MARK),
)  # fmt: skip
# Without one of these a text has none of the shapes: that alone clears most texts.
_HINT: Final = re.compile(
    rf"-----BEGIN|://|authorization|bearer|A[KSR][IO]A[A-Z0-9]|(?:{_PARAMETERS})['\"]?\s*(?:=|:|%3d)", re.IGNORECASE
)


class Redactor:
    """Removes secret values, in whatever form, from what is written or shown."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secrets: Iterable[str | bytes]) -> None:
        """Learn secrets."""
        new = {text_of(secret) for secret in secrets} - {""} - self._secrets
        new = {secret for secret in new if len(secret) > 1}
        if new:
            self._secrets |= new
            # The longest first: one may be a part of another.
            forms = [_forms(secret) for secret in sorted(self._secrets, key=len, reverse=True)]
            self._pattern = re.compile("|".join(forms))

    def clean(self, text: str) -> str:
        """Return a text without the secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MARK, text)
        if _HINT.search(text):
            for shape, instead in _SHAPES:
                text = shape.sub(instead, text)
        return text

    def cleaned(self, value: Any, name: str = "") -> Any:
        """Return JSON data without the secrets; a field name never changes, so that it can be read back."""
        if isinstance(value, str):
            return value if name in _OUR_OWN else self.clean(value)
        if isinstance(value, dict):
            return {key: self.cleaned(item, key) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.cleaned(item, name) for item in value]
        return value


KNOWN: Final = Redactor()  # What this process has come to know: what is a secret to one of its lanes is one to all.


def redact(text: str) -> str:
    """Return a text without what this process knows to be secret, or what looks like it."""
    return KNOWN.clean(text)


def cut(text: str, length: int) -> str:
    """Return the beginning of a text. Secrets go first: the half of one that is cut would not be found any more."""
    text = redact(text)
    return text if len(text) <= length else text[:length]


def text_of(secret: str | bytes) -> str:
    """Return a secret as text, as which it shows in messages."""
    return secret.decode("utf-8", "backslashreplace") if isinstance(secret, bytes | bytearray) else str(secret)


def _forms(secret: str) -> str:
    """Return a pattern for a secret in every form."""
    plain = _BREAK.join(_character(one) for one in secret)
    if len(secret) < LEAST:
        return rf"(?<!\w){plain}(?!\w)"
    data = secret.encode("utf-8", "surrogatepass")
    forms = [plain, _BREAK.join(f"(?i:{digit})" for digit in data.hex())]
    # What stands before it shifts the bits ("user:secret"); the characters that it shares with others are left out.
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data).decode()
        inside = encoded[-(-8 * shift // 6) : 8 * (shift + len(data)) // 6]
        url_safe = {"+": "[+-]", "/": r"(?:[/_]|%2[fF]|\\/)"}
        forms.append(_BREAK.join(url_safe.get(one, re.escape(one)) for one in inside))
    return "|".join(forms)


def _character(one: str) -> str:
    """Return a pattern for one character as it is and as URLs, JSON, XML and reprs have it."""
    percent = "".join(f"%(?:25)?(?i:{byte:02x})" for byte in one.encode("utf-8", "surrogatepass"))
    forms = [re.escape(one), percent]
    units = one.encode("utf-16-be", "surrogatepass")
    escaped = "".join(rf"\\+u(?i:{units[at : at + 2].hex()})" for at in range(0, len(units), 2))
    forms.append(escaped)
    if not one.isalnum():
        forms.append(r"\\+" + re.escape(one))
        forms.append(re.escape(html.escape(one)))
        forms.append(f"&#(?:0*{ord(one)}|[xX]0*(?i:{ord(one):x}));")
    if ord(one) < 256:
        forms.append(rf"\\+x(?i:{ord(one):02x})")
    if one == " ":
        forms += [r"\+", r"\s+"]
    if one == "'":
        forms.append("&apos;")
    if one in "\n\r\t":
        forms.append(r"\\+" + {"\n": "n", "\r": "r", "\t": "t"}[one])
    return f"(?:{'|'.join(dict.fromkeys(forms))})"
