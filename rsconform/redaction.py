"""Keeping secrets out of everything that is written or shown.

What a lane declares is found in every form in which text carries it: plain, escaped for a URL (once or twice), JSON,
XML or a repr, in hexadecimal, in base64, and broken over lines. An undeclared secret is known by its shape: credentials
in a URL, signatures and tokens of the common services, keys in PEM.
"""

from __future__ import annotations

import base64
import functools
import html
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import unquote

MARK: Final = "[secret]"
# A shorter secret is found in ordinary words: it is redacted where it stands alone, and no backend is judged by it.
LEAST: Final = 4
# More secrets than these are looked for by their beginnings first: a lane may have other credentials for each case.
_FEW: Final = 8
_BEGINNING: Final = 5

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


_ESCAPED: Final = re.compile(r"\\+(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))")
_OTHER: Final = re.compile(r"[^A-Za-z0-9]+")
_ESCAPED_SPACE: Final = re.compile(r"\\+[rnt]")


class Redactor:
    """Removes secret values, in whatever form, from what is written or shown."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._short: set[str] = set()  # Of too few letters to be looked for by their beginnings.
        # For the first letters of each form all its letters, and the secret.
        self._beginning_with: dict[str, set[tuple[str, str]]] = {}
        self._pattern: re.Pattern[str] | None = None  # Of all secrets while they are few, then of the short ones.

    def add(self, secrets: Iterable[str | bytes]) -> None:
        """Learn secrets."""
        new = {text_of(secret) for secret in secrets} - {""} - self._secrets
        new = {secret for secret in new if len(secret) > 1}
        if not new:
            return
        self._secrets |= new
        for secret in new:
            for letters in {_letters(form) for form in _plain_forms(secret)}:
                if len(letters) < _BEGINNING:
                    self._short.add(secret)
                self._beginning_with.setdefault(letters[:_BEGINNING], set()).add((letters, secret))
        always = self._secrets if len(self._secrets) <= _FEW else self._short
        self._pattern = _pattern_of(frozenset(always)) if always else None

    def clean(self, text: str) -> str:
        """Return a text without the secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(MARK, text)
        if len(self._secrets) > _FEW and (found := frozenset(self._perhaps_in(text))):
            text = _pattern_of(found).sub(MARK, text)
        if _HINT.search(text):
            for shape, instead in _SHAPES:
                text = shape.sub(instead, text)
        return text

    def _perhaps_in(self, text: str) -> Iterator[str]:
        """Yield the secrets whose letters, in some form, are in a text."""
        for letters in {_letters(text), _letters(_decoded(text))}:
            for at in range(len(letters) - _BEGINNING + 1):
                for form, secret in self._beginning_with.get(letters[at : at + _BEGINNING], ()):
                    if letters.startswith(form, at):
                        yield secret

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


@functools.lru_cache(maxsize=64)
def _pattern_of(secrets: frozenset[str]) -> re.Pattern[str]:
    # The longest first: one may be a part of another.
    return re.compile("|".join(_forms(secret) for secret in sorted(secrets, key=len, reverse=True)))


def _forms(secret: str) -> str:
    """Return a pattern for a secret in every form."""
    plain = _BREAK.join(_character(one) for one in secret)
    if len(secret) < LEAST:
        return rf"(?<!\w){plain}(?!\w)"
    forms = [plain, _BREAK.join(f"(?i:{digit})" for digit in _bytes_of(secret).hex())]
    url_safe = {"+": "[+-]", "/": r"(?:[/_]|%2[fF]|\\/)"}
    forms.extend(_BREAK.join(url_safe.get(one, re.escape(one)) for one in encoded) for encoded in _in_base64(secret))
    return "|".join(forms)


def _in_base64(secret: str) -> Iterator[str]:
    """Yield a secret as base64 has it after nothing, after one and after two characters."""
    data = _bytes_of(secret)
    # What stands before it shifts the bits ("user:secret"); the characters that it shares with others are left out.
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + data).decode()
        yield encoded[-(-8 * shift // 6) : 8 * (shift + len(data)) // 6]


def _plain_forms(secret: str) -> Iterator[str]:
    yield from (secret, _decoded(secret), _bytes_of(secret).hex(), *_in_base64(secret))


def _bytes_of(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogatepass")


def _letters(text: str) -> str:
    """Return the ASCII letters and digits of a text: they survive line breaks and another alphabet of base64."""
    return _OTHER.sub("", text).lower()


def _decoded(text: str) -> str:
    """Return a text without what escapes it, so that the letters of a secret follow each other."""
    text = unquote(unquote(html.unescape(_ESCAPED.sub(lambda one: chr(int(one[1] or one[2], 16)), text))))
    return _ESCAPED_SPACE.sub("", text)


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
