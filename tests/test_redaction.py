"""Secrets: found in every form in which text carries them, declared or not, and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
import textwrap
import urllib.parse

import pytest

from rsconform.redaction import KNOWN, Redactor
from rsconform.run.case.outcomes import show_error

SECRET = 'hush/"hush"+42'


def in_base64(before: str) -> str:
    return base64.b64encode(f"{before}{SECRET}:and more".encode()).decode()


def quoted(times: int, *, lower: bool = False) -> str:
    text = SECRET
    for _ in range(times):
        text = urllib.parse.quote(text, safe="")
    return text.lower() if lower else text


FORMS = {
    "plain": SECRET,
    "among others": f"key={SECRET}&x=1",
    "url": urllib.parse.quote(SECRET),
    "url, all": quoted(1),
    "url, lower case": quoted(1, lower=True),
    "url, twice": quoted(2),
    "url, form": urllib.parse.quote_plus(SECRET),
    "json": json.dumps({"key": SECRET}),
    "json of json": json.dumps(json.dumps({"key": SECRET})),
    "json, slash": json.dumps({"key": SECRET}).replace("/", "\\/"),
    "json, code points": "".join(f"\\u{ord(one):04x}" for one in SECRET),
    "xml": html.escape(SECRET),
    "xml, numbers": SECRET.replace('"', "&#34;").replace("/", "&#x2F;"),
    "repr": repr(SECRET),
    "repr of a repr": repr(f"'{SECRET}'"),
    "bytes": repr(SECRET.encode()),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64, after three": in_base64("me:"),
    "base64, after four": in_base64("you:"),
    "base64, after one": in_base64("a"),
    "base64 for URLs": base64.urlsafe_b64encode(f"me:{SECRET}".encode()).decode(),
    "base64, broken": "\n".join(textwrap.wrap(in_base64("me:"), 8)),
    "hexadecimal": SECRET.encode().hex(),
    "hexadecimal, upper case": SECRET.encode().hex().upper(),
    "broken over lines": f"{SECRET[:5]}\n          {SECRET[5:]}",
    "a broken line in a repr": repr(f"{SECRET[:5]}\n{SECRET[5:]}"),
}


@pytest.mark.parametrize("others", [0, 50], ids=["alone", "one-of-many"])
@pytest.mark.parametrize("shown", FORMS.values(), ids=FORMS)
def test_a_declared_secret_is_removed_in_every_form_it_takes(shown: str, others: int) -> None:
    redactor = Redactor()
    for number in range(others):
        redactor.add([f"password of case {number}"])
    redactor.add([SECRET])

    clean = redactor.clean(f"cannot sign with {shown} today")

    assert "[secret]" in clean
    assert clean.startswith("cannot sign with ")
    assert clean.endswith(" today")
    for part in ("hush", "aHVzaC8i", "68757368", "u0068", "SECRET"):
        assert part not in clean.lower()


def test_of_many_secrets_each_is_removed_the_short_ones_too() -> None:
    redactor = Redactor()
    secrets = [f"{number:02}-a" for number in range(10)] + [f"a longer secret {number}" for number in range(100)]
    for secret in secrets:
        redactor.add([secret])

    assert redactor.clean(" ".join(secrets)) == " ".join(["[secret]"] * 110)
    assert redactor.clean("a longer secret than these") == "a longer secret than these"


@pytest.mark.parametrize("secret", [b"hush/42", "hush/42"], ids=["bytes", "text"])
def test_a_secret_may_be_bytes(secret: bytes | str) -> None:
    redactor = Redactor()
    redactor.add([secret])

    assert redactor.clean("with hush/42 and b'hush%2f42'") == "with [secret] and b'[secret]'"


def test_a_short_secret_is_removed_only_where_it_stands_alone_and_one_letter_never() -> None:
    redactor = Redactor()
    redactor.add(["", "a", "pw"])

    assert redactor.clean("a pw, and the pwned: pw") == "a [secret], and the pwned: [secret]"


def test_a_secret_that_is_part_of_another_one_leaves_nothing_of_that() -> None:
    redactor = Redactor()
    redactor.add(["hush", "hushhush42"])

    assert redactor.clean("hushhush42 and hush") == "[secret] and [secret]"


KEY = "wJalrXUtnFEMI0K7MDENGbPxRfiCYEXAMPLEKEY"
UNDECLARED = {
    "postgresql://ann:hush@db.example/x": "postgresql://[secret]@db.example/x",
    "https://ann:hu%40sh@example.org:8443/": "https://[secret]@example.org:8443/",
    f"GET /b/k?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F2026&X-Amz-Signature={KEY}&x=1":
        "GET /b/k?X-Amz-Credential=[secret]&X-Amz-Signature=[secret]&x=1",
    f"?sv=2024&sig={KEY}%3D&se=1": "?sv=2024&sig=[secret]&se=1",
    f"{{'Authorization': 'Basic {KEY}'}}": "{'Authorization': '[secret]'}",
    f"Authorization: AWS4-HMAC-SHA256 Credential=x/y, Signature={KEY}": "Authorization: [secret]",
    f"with Bearer {KEY} failed": "with Bearer [secret] failed",
    f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={KEY}==;EndpointSuffix=y":
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=[secret];EndpointSuffix=y",
    "the key AKIAIOSFODNN7EXAMPLE is unknown": "the key [secret] is unknown",
    f"aws_secret_access_key = '{KEY}'": "aws_secret_access_key = '[secret]'",
    f'{{"password": "{KEY}"}}': '{"password": "[secret]"}',
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest": "[secret]\nrest",
    "-----BEGIN PRIVATE KEY-----\nMIIE cut": "[secret]",
}  # fmt: skip


@pytest.mark.parametrize(("said", "clean"), UNDECLARED.items(), ids=range(len(UNDECLARED)))
def test_what_was_never_declared_is_known_by_its_shape(said: str, clean: str) -> None:
    assert Redactor().clean(said) == clean


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a@b",
        "expected 10 bytes, observed 9; path='a@b'",
        "the signature of write() takes sig",
        "the password is wrong",
        "an AKIA of the wrong length: AKIA123",
        "InvalidPath: '://' is no name",
    ],
)
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert Redactor().clean(text) == text


def test_a_secret_is_removed_before_a_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KNOWN, "_pattern", None)
    monkeypatch.setattr(KNOWN, "_secrets", set())
    KNOWN.add(["hush-and-hush-again-42"])

    assert "hush" not in show_error(ValueError("x" * 290 + "hush-and-hush-again-42"))
