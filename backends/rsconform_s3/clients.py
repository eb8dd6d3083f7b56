"""The botocore client of a backend: its settings, checked without I/O, and how it is made."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remote_store import RemoteStoreError, RetryPolicy, Secret

from rsconform_s3.parsing import parse_cheaply

if TYPE_CHECKING:
    from botocore.client import BaseClient

log = logging.getLogger(__name__)

_CA_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")

# What `client_options` may hold: the keywords of `boto3.session.Session.client` and the keywords of its Config.
_CLIENT_KEYWORDS = frozenset(
    {
        "api_version",
        "aws_access_key_id",
        "aws_account_id",
        "aws_secret_access_key",
        "aws_session_token",
        "config_kwargs",
        "endpoint_url",
        "region_name",
        "use_ssl",
        "verify",
    }
)

# The newest members that the backend sends; botocore knew the others before.
_NEEDED_MEMBERS = (("CopyObject", "IfNoneMatch"), ("DeleteObject", "IfMatch"))
BOTO3_NEEDED = "boto3 >= 1.41"


@dataclass(frozen=True, repr=False)
class ClientSettings:
    """What a client is made from. Its endpoint and its options may hold credentials, so no repr shows them."""

    endpoint_url: str | None
    key: Secret | None
    secret: Secret | None
    region_name: str | None
    ca_bundle: str | None
    options: Mapping[str, Any]
    retry: RetryPolicy | None

    def secrets(self) -> tuple[str, ...]:
        """Return the values that no message may show."""
        held = (self.key, self.secret, self.options.get("aws_secret_access_key"), self.options.get("aws_session_token"))
        return tuple(value for value in map(_reveal, held) if value)


def check_settings(
    *,
    endpoint_url: str | None,
    key: str | Secret | None,
    secret: str | Secret | None,
    region_name: str | None,
    tls_ca_bundle: str | None,
    client_options: Mapping[str, Any] | None,
    retry: RetryPolicy | None,
) -> ClientSettings:
    """Return the settings as a client takes them; the environment is read for the CA bundle only.

    Raises:
        ValueError: Half a pair of credentials, a CA bundle that is no file, or an option that no client takes.
    """
    if bool(key) != bool(secret):
        raise ValueError("key and secret belong together: give both, or neither for the credentials of the environment")
    options = dict(client_options or {})
    unknown = sorted(options.keys() - _CLIENT_KEYWORDS)
    if unknown:
        known = ", ".join(sorted(_CLIENT_KEYWORDS))
        hint = " Put the keywords of a botocore Config into config_kwargs." if "config" in unknown else ""
        raise ValueError(f"client_options has no {', '.join(unknown)}.{hint} Known: {known}")
    _check_config(options.get("config_kwargs"))
    return ClientSettings(
        endpoint_url=_with_scheme(endpoint_url),
        key=_hidden(key),
        secret=_hidden(secret),
        region_name=region_name or None,
        ca_bundle=_ca_bundle(tls_ca_bundle, ask_environment="verify" not in options),
        options=options,
        retry=retry,
    )


def make_client(settings: ClientSettings) -> BaseClient:
    """Return an S3 client with a session of its own.

    Raises:
        RemoteStoreError: boto3 is missing or too old for conditional requests, or an option is unusable.
    """
    try:
        import boto3.session
        import botocore.session
        from botocore.config import Config
    except ImportError as exc:
        raise RemoteStoreError(f"The S3 backend needs {BOTO3_NEEDED}, which is not installed") from exc
    core = botocore.session.Session()
    parse_cheaply(core)
    options = {name: value for name, value in settings.options.items() if name != "config_kwargs"}
    options["config"] = Config(**_config_keywords(settings))
    chosen = {
        "endpoint_url": settings.endpoint_url,
        "aws_access_key_id": _reveal(settings.key),
        "aws_secret_access_key": _reveal(settings.secret),
        "region_name": settings.region_name,
        "verify": settings.ca_bundle,
    }
    options.update({name: value for name, value in chosen.items() if value is not None})
    try:
        client: BaseClient = boto3.session.Session(botocore_session=core).client("s3", **options)
    except TypeError as exc:  # What botocore says to an option of the wrong type.
        raise RemoteStoreError(f"No S3 client can be made of these options: {exc}") from exc
    check_client(client)
    return client


def check_client(client: BaseClient) -> None:
    """Refuse a client that could not create an object conditionally, before it is used.

    Raises:
        RemoteStoreError: Its botocore is too old.
    """
    for operation, member in _NEEDED_MEMBERS:
        shape = client.meta.service_model.operation_model(operation).input_shape
        if shape is None or member not in shape.members:
            raise RemoteStoreError(f"The S3 backend needs {BOTO3_NEEDED}: this client cannot send {member}")


def _check_config(keywords: Any) -> None:
    """Refuse what no Config takes. botocore is imported for that only where there are keywords."""
    if not keywords:
        return
    try:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return  # That is said when the client is made.
    try:
        Config(**dict(keywords))
    except (TypeError, ValueError, BotoCoreError) as exc:
        raise ValueError(f"config_kwargs of client_options: {exc}") from exc


def _config_keywords(settings: ClientSettings) -> dict[str, Any]:
    keywords = dict(settings.options.get("config_kwargs") or {})
    if settings.endpoint_url is not None:
        # Virtual hosts need a DNS name per bucket, which servers other than AWS rarely have.
        keywords["s3"] = {"addressing_style": "path", **(keywords.get("s3") or {})}
    if settings.retry is not None:
        keywords["retries"] = _retries(settings.retry, keywords.get("retries"))
    return keywords


def _retries(policy: RetryPolicy, replaced: Mapping[str, Any] | None) -> dict[str, Any]:
    if replaced:
        log.warning("retry replaces config_kwargs['retries']; dropped: %s", ", ".join(sorted(replaced)))
    default = RetryPolicy()
    ignored = [
        field.name
        for field in fields(policy)
        if field.name != "max_attempts" and getattr(policy, field.name) != getattr(default, field.name)
    ]
    if ignored:
        log.debug("botocore has no setting for these fields of retry: %s", ", ".join(ignored))
    # botocore's max_attempts counts the retries, total_max_attempts the requests.
    return {"total_max_attempts": policy.max_attempts, "mode": "standard"}


def _with_scheme(url: str | None) -> str | None:
    url = (url or "").strip()
    if not url:
        return None
    return url if url.lower().startswith(("http://", "https://")) else f"https://{url}"


def _ca_bundle(given: str | None, *, ask_environment: bool) -> str | None:
    found = given
    if found is None and ask_environment:
        found = next(filter(None, map(os.environ.get, _CA_VARIABLES)), None)
    if found is not None and not Path(found).is_file():
        raise ValueError(f"tls_ca_bundle is not a file: {found}")
    return found


def _hidden(value: str | Secret | None) -> Secret | None:
    if not value:
        return None
    return value if isinstance(value, Secret) else Secret(value)


def _reveal(value: str | Secret | None) -> str | None:
    return value.reveal() if isinstance(value, Secret) else value
