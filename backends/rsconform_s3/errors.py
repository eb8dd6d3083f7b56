"""What remote_store calls a failure, from the code and status of the answer or the class of a local exception.

The error code of the response counts first, because statuses are overloaded: an expired token comes as 400, an
archived object as 403, a lost upload as 404. The status decides where there is no code, as in every response to HEAD.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from remote_store import BackendUnavailable, InvalidPath, NotFound, PermissionDenied, RemoteStoreError

ErrorClass = type[RemoteStoreError]

_CODES: dict[ErrorClass, tuple[str, ...]] = {
    NotFound: ("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound"),
    PermissionDenied: (
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "Forbidden",
        "InvalidAccessKeyId",
        "InvalidSecurity",
        "InvalidToken",
        "NotSignedUp",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "Unauthorized",
    ),
    BackendUnavailable: (
        "BandwidthLimitExceeded",
        "ConditionalRequestConflict",
        "InternalError",
        "OperationAborted",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
    ),
    InvalidPath: ("KeyTooLongError",),
    # Their statuses mislead: neither is the object missing, nor access denied, nor will another attempt help.
    RemoteStoreError: ("InvalidObjectState", "NoSuchUpload", "NotImplemented", "PermanentRedirect"),
}
_CLASS_BY_CODE = {code: error for error, codes in _CODES.items() for code in codes}

# Any other status from 500 on is BackendUnavailable.
_CLASS_BY_STATUS: dict[int, ErrorClass] = {
    HTTPStatus.UNAUTHORIZED: PermissionDenied,
    HTTPStatus.FORBIDDEN: PermissionDenied,
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.REQUEST_TIMEOUT: BackendUnavailable,
    HTTPStatus.TOO_MANY_REQUESTS: BackendUnavailable,
    HTTPStatus.NOT_IMPLEMENTED: RemoteStoreError,
}

_ELSEWHERE = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT)
_OTHER_REGION = ("IllegalLocationConstraintException", "PermanentRedirect", "TemporaryRedirect")

# By class name, looked up along the bases, so that nothing of boto3 is imported to build the table. What is not named
# (a rejected parameter, an unusable configuration) is permanent and stays the base error.
_LOCAL: dict[ErrorClass, tuple[str, ...]] = {
    PermissionDenied: (
        "CredentialRetrievalError",
        "LoginError",
        "MetadataRetrievalError",
        "NoAuthTokenError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "RefreshWithMFAUnsupportedError",
        "SSOError",
        "TokenRetrievalError",
    ),
    BackendUnavailable: (
        "CapacityNotAvailableError",
        "ChecksumError",
        "ConnectionError",
        "FlexibleChecksumError",
        "HTTPClientError",
        "HTTPError",
        "IncompleteReadError",
        "OSError",
        "ResponseParserError",
    ),
}
_CLASS_BY_EXCEPTION = {name: error for error, names in _LOCAL.items() for name in names}

_LONG = 8
_USERINFO = re.compile(r"(?<=//)[^/@\s]*@")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The facts of an answer that says no."""

    code: str
    status: int
    message: str
    retries: int = 0  # How often botocore had sent the request before.
    region: str = ""  # Where the bucket lies, if the answer says it.
    date: datetime | None = None  # The server's time.


@functools.cache
def native_failures() -> tuple[type[Exception], ...]:
    """Return what boto3 raises when a request fails, and nothing that a caller's own code would raise under it."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    # ValueError: botocore's word for an endpoint or header value it cannot use.
    return (ClientError, BotoCoreError, ResponseParserError, HTTPError, OSError, ValueError)


def refusal_of(error: BaseException | None) -> Refusal | None:
    """Return the answer behind an error, ours or botocore's, or None if no answer came."""
    while error is not None:
        response = getattr(error, "response", None)
        if isinstance(response, dict):
            facts = response.get("Error", {})
            metadata = response.get("ResponseMetadata", {})
            status, retries = int(metadata.get("HTTPStatusCode", 0)), int(metadata.get("RetryAttempts", 0))
            headers = metadata.get("HTTPHeaders", {})
            region = facts.get("Region") or facts.get("Endpoint") or headers.get("x-amz-bucket-region", "")
            code, message = str(facts.get("Code", "")), str(facts.get("Message", ""))
            return Refusal(code, status, message, retries, str(region), date_of(response))
        error = error.__cause__
    return None


def date_of(answer: Mapping[str, Any]) -> datetime | None:
    """Return the server's time when it answered, or None if it did not say."""
    try:
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, ValueError, TypeError):
        return None


def store_error(exc: Exception, *, path: str | None, backend: str, hide: Sequence[str] = ()) -> RemoteStoreError:
    """Return the remote_store error for what boto3 raised.

    Args:
        path: As the caller wrote it; None if the failure is about no path.
        hide: Credentials that must not stand in the message.
    """
    refusal = refusal_of(exc)
    if refusal is not None:
        error, text = _refused(refusal)
    else:
        error, text = _failed_locally(exc), f"{type(exc).__name__}: {exc}"
    text = _USERINFO.sub("", text)
    for secret in hide:
        # A short one is part of many a word, and only hidden where it stands alone.
        found = re.escape(secret) if len(secret) >= _LONG else rf"(?<!\w){re.escape(secret)}(?!\w)"
        text = re.sub(found, "***", text)
    return error(text, path=path, backend=backend)


def _refused(refusal: Refusal) -> tuple[ErrorClass, str]:
    otherwise = BackendUnavailable if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR else RemoteStoreError
    error = _CLASS_BY_CODE.get(refusal.code) or _CLASS_BY_STATUS.get(refusal.status, otherwise)
    text = f"{refusal.code or 'no code'} (HTTP {refusal.status}): {refusal.message or 'no message'}"
    if refusal.status in _ELSEWHERE or refusal.code in _OTHER_REGION:
        where = f": {refusal.region}" if refusal.region else ""
        text += f"; the bucket lies in another region{where}. Set region_name or endpoint_url"
    return error, text


def _failed_locally(exc: Exception) -> ErrorClass:
    # botocore wraps whatever its HTTP session raises, a header value it could not send included.
    wrapped = getattr(exc, "kwargs", {}).get("error")
    if type(exc).__name__ == "HTTPClientError" and isinstance(wrapped, (ValueError, TypeError)):
        return RemoteStoreError
    for base in type(exc).__mro__:
        if base.__name__ in _CLASS_BY_EXCEPTION:
            return _CLASS_BY_EXCEPTION[base.__name__]
    return RemoteStoreError
