"""Mutants of S3B: constructor options, the client and its connections."""

from __future__ import annotations

import importlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from remote_store import (
    BackendUnavailable,
    Capability,
    CapabilitySet,
    NotFound,
    PermissionDenied,
    RemoteStoreError,
    RetryPolicy,
)
from rsconform_s3 import S3Boto3Backend

from rsconform.selftest import operators as op
from rsconform.selftest.behaviours import asked_once_more
from rsconform.selftest.mutant import Mutant, mutant
from rsconform.selftest.mutants.s3b_client_calls import made


def connected(change: Callable[[Any, Any], Any]) -> op.Mutation:
    """Change what the client is made from: takes backend and settings, returns settings."""

    def init(self: Any, bucket: str, **options: Any) -> None:
        from rsconform_s3 import clients

        right = clients.check_settings
        kept: list[Any] = []

        def noted(**settings: Any) -> Any:
            kept.append(change(self, right(**settings)))
            return kept[-1]

        clients.check_settings = noted
        try:
            S3Boto3Backend.__init__(self, bucket, **options)
        finally:
            clients.check_settings = right

    return op.Mutation(has={"__init__": init})


def has_bucket(call: op.Call, _path: str) -> bool:
    try:
        call.backend._requests.head_bucket()
    except Exception:
        return False
    return True


NO_BUCKET = ~op.When(has_bucket)
log = logging.getLogger("rsconform_s3")


def by_position(self: Any, bucket: str, endpoint_url: str | None = None, **options: Any) -> None:
    S3Boto3Backend.__init__(self, bucket, endpoint_url=endpoint_url, **options)


def strict_by_default(
    self: Any,
    bucket: str,
    *,
    endpoint_url: Any = None,
    key: Any = None,
    secret: Any = None,
    region_name: Any = None,
    tls_ca_bundle: Any = None,
    client_options: Any = None,
    retry: Any = None,
    reject_write_under_file_ancestor: bool = True,
    **options: Any,
) -> None:
    S3Boto3Backend.__init__(self, bucket, **options)


def picky(given: dict[str, Any]) -> dict[str, Any]:
    if "." in given["bucket"]:
        raise ValueError("a bucket has no dots")
    return given


def insecure(given: dict[str, Any]) -> dict[str, Any]:
    url = given.get("endpoint_url")
    return {**given, "endpoint_url": f"http://{url}" if url and "//" not in url else url}


def case_sensitive(given: dict[str, Any]) -> dict[str, Any]:
    url = (given.get("endpoint_url") or "").strip()
    return {**given, "endpoint_url": f"https://{url}" if url and not url.startswith("http") else url}


def endpoint_kept(backend: Any, given: dict[str, Any]) -> None:
    backend._endpoint_url = given.get("endpoint_url")


def boto3_imported(_backend: Any, _given: dict[str, Any]) -> None:
    import boto3  # noqa: F401  # Too early is the point.


def s3fs_wanted(call: op.Call) -> None:
    try:
        importlib.import_module("s3fs")
    except ImportError:
        return


def listed(call: op.Call) -> None:
    list(call.call_correct("list_files", ""))


def unavailable(call: op.Call) -> Any:
    """Take whatever boto3 says for a failure of the server."""
    try:
        return call.proceed()
    except RemoteStoreError as exc:
        if type(exc) is RemoteStoreError:
            raise BackendUnavailable(str(exc.args[0]), path=exc.path, backend=exc.backend) from exc
        raise


def half_taken(given: dict[str, Any]) -> dict[str, Any]:
    pair = {name: given.get(name) for name in ("key", "secret")}
    return {**given, **(pair if all(pair.values()) else {"key": None, "secret": None})}


def options_emptied(given: dict[str, Any]) -> dict[str, Any]:
    options = given.get("client_options")
    copied = dict(options) if options else options
    if options and "config_kwargs" in options:
        del options["config_kwargs"]
    return {**given, "client_options": copied}


def options_win(given: dict[str, Any]) -> dict[str, Any]:
    options = given.get("client_options") or {}
    return {**given, **({"region_name": options["region_name"]} if "region_name" in options else {})}


def configs_taken(given: dict[str, Any]) -> dict[str, Any]:
    options = dict(given.get("client_options") or {})
    options.pop("config", None)
    return {**given, "client_options": options}


def secret_told(_backend: Any, given: dict[str, Any]) -> None:
    secret = given.get("secret")
    log.debug("made with %s", secret if isinstance(secret, str) or secret is None else secret.reveal())


def only_texts(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, **{name: str(given[name]) for name in ("key", "secret") if given.get(name)}}


def bucket_only(call: op.Call) -> Any:
    return call.path.removeprefix(call.backend._bucket).lstrip("/")


def other_bundles_first(given: dict[str, Any]) -> dict[str, Any]:
    import os

    found = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    return {**given, "tls_ca_bundle": given.get("tls_ca_bundle") or found}


def one_more(given: dict[str, Any]) -> dict[str, Any]:
    policy = given.get("retry")
    return {**given, "retry": RetryPolicy(max_attempts=policy.max_attempts + 1) if policy else None}


def retries_quietly(_backend: Any, settings: Any) -> Any:
    policy = settings.retry
    return replace(settings, retry=RetryPolicy(max_attempts=policy.max_attempts) if policy else None)


def retries_of_options(_backend: Any, settings: Any) -> Any:
    config = dict(settings.options.get("config_kwargs") or {})
    if settings.retry is not None:
        config["retries"] = {"total_max_attempts": settings.retry.max_attempts}
    return replace(settings, retry=None, options={**settings.options, "config_kwargs": config})


def unlocked(backend: Any, _given: dict[str, Any]) -> None:
    """Let every thread that finds no client make one."""

    class Open:
        def __enter__(self) -> None:
            time.sleep(0.05)

        def __exit__(self, *_: object) -> None:
            return

    backend._requests._lock = Open()
    connect = backend._requests._connect

    def forgetful() -> Any:
        backend._requests._client = None
        return connect()

    backend._requests._connect = forgetful


def checksums_wanted(_backend: Any, settings: Any) -> Any:
    config = dict(settings.options.get("config_kwargs") or {})
    config.pop("request_checksum_calculation", None)
    return replace(settings, options={**settings.options, "config_kwargs": config})


def virtual_hosts(_backend: Any, settings: Any) -> Any:
    config = dict(settings.options.get("config_kwargs") or {})
    config["s3"] = {"addressing_style": "virtual", **(config.get("s3") or {})}
    return replace(settings, options={**settings.options, "config_kwargs": config})


def path_style_only(_backend: Any, settings: Any) -> Any:
    config = {**(settings.options.get("config_kwargs") or {}), "s3": {"addressing_style": "path"}}
    return replace(settings, options={**settings.options, "config_kwargs": config})


def unverified(_backend: Any, settings: Any) -> Any:
    return replace(settings, ca_bundle=None, options={**settings.options, "verify": False})


def only_marked_closed(self: Any) -> None:
    self._requests._closed = True


def lives_on(call: op.Call) -> None:
    call.backend._requests._closed = False


def denied_as_unavailable(call: op.Call) -> Any:
    try:
        return call.proceed()
    except PermissionDenied as exc:
        raise BackendUnavailable(str(exc.args[0]), path=exc.path, backend=exc.backend) from exc


def profile_missed(call: op.Call) -> Any:
    """Tell a profile that is not configured as anything that boto3 may say."""
    try:
        return call.proceed()
    except PermissionDenied as exc:
        if "ProfileNotFound" in str(exc):
            raise RemoteStoreError(str(exc.args[0]), path=exc.path, backend=exc.backend) from exc
        raise


def unpicklable(self: Any) -> dict[str, Any]:
    raise TypeError(f"cannot pickle {type(self).__name__!r} object")


def shared(self: Any, _memo: object) -> Any:
    """Copy what it holds, the client included."""
    twin = object.__new__(type(self))
    twin.__dict__.update(self.__dict__)
    return twin


def typos_dropped(given: dict[str, Any]) -> dict[str, Any]:
    """Leave out what nobody knows."""
    options = dict(given.get("client_options") or {})
    config = options.get("config_kwargs")
    if config:
        options["config_kwargs"] = {name: value for name, value in config.items() if name != "read_timeuot"}
    return {**given, "client_options": options or None}


# fmt: off
MUTANTS: Final[tuple[Mutant, ...]] = (
    mutant("S3B-001", "takes-the-endpoint-second", "s3", op.override(__init__=by_position), reason="endpoint_url"),
    mutant("S3B-001", "is-strict-by-default", "s3", op.override(__init__=strict_by_default), reason="off by default"),
    mutant("S3B-002", "takes-any-bucket", "s3", made(lambda given: {**given, "bucket": given["bucket"].strip() or "b"}),
        reason="ValueError"),
    mutant("S3B-002", "validates-names", "s3", made(picky), reason="ValueError"),
    mutant("S3B-003", "calls-its-kind-s3", "s3", op.fills("resolve", kind=lambda _: "s3"), reason="s3-boto3"),
    mutant("S3B-003", "signs-errors-as-s3", "s3", op.relabels("get_folder_info", backend=lambda _: "s3"),
        also="BE-002b", reason="s3-boto3"),
    mutant("S3B-004", "moves-at-once-it-says", "s3", op.override(CAPABILITIES=CapabilitySet(set(Capability))),
        reason="ATOMIC_MOVE"),
    mutant("S3B-005", "imports-boto3-at-once", "s3", made(dict, boto3_imported), reason="not to need boto3"),
    mutant("S3B-005", "asks-for-its-name", "s3", op.before("resolve", asked_once_more), reason="total requests"),
    mutant("S3B-006", "looks-for-s3fs", "s3", op.before("get_folder_info", s3fs_wanted), reason="s3fs"),
    mutant("S3B-007", "means-http", "s3", made(insecure), reason="https"),
    mutant("S3B-007", "knows-one-case-of-http", "s3", made(case_sensitive), reason="HTTP"),
    mutant("S3B-008", "has-hosts-for-buckets", "s3", connected(virtual_hosts), reason="requests to"),
    mutant("S3B-008", "knows-one-style", "s3", connected(path_style_only), reason="requests to"),
    mutant("S3B-009", "empties-the-options", "s3", made(options_emptied), reason="as they were"),
    mutant("S3B-009", "lets-options-win", "s3", made(options_win), reason="region_name"),
    mutant("S3B-009", "ignores-a-config", "s3", made(configs_taken), reason="ValueError"),
    mutant("S3B-010", "logs-its-secret", "s3", made(dict, secret_told), reason="log record"),
    mutant("S3B-010", "knows-no-secrets", "s3", made(only_texts), reason="signed with"),
    mutant("S3B-011", "takes-half-a-pair", "s3", made(half_taken), reason="ValueError"),
    mutant("S3B-011", "has-credentials-of-its-own", "s3",
        made(lambda given: {**given, **({} if given.get("key") else {"key": "k", "secret": "s"})}),
        reason="AWS_ACCESS_KEY_ID"),
    mutant("S3B-012", "shows-the-bucket-as-key", "s3",
        op.fills("resolve", details=lambda plan: {**plan.details, "object_key": plan.native_path}), reason="value"),
    mutant("S3B-012", "shows-the-password", "s3", made(dict, endpoint_kept), also="S3B-007", reason="http://h:1"),
    mutant("S3B-013", "strips-what-begins-alike", "s3", op.replace("to_key", bucket_only), reason="to_key"),
    mutant("S3B-014", "has-another-order", "s3", made(other_bundles_first), reason="AWS_CA_BUNDLE"),
    mutant("S3B-015", "verifies-nothing", "s3", connected(unverified), reason="nobody vouches"),
    mutant("S3B-016", "counts-retries", "s3", made(one_more), reason="requests"),
    mutant("S3B-017", "does-not-tell", "s3", connected(retries_quietly), reason="backoff_base"),
    mutant("S3B-018", "drops-in-silence", "s3", connected(retries_of_options), reason="WARNING"),
    mutant("S3B-019", "makes-a-client-each", "s3", made(dict, unlocked), reason="one client", limit_s=30.0),
    mutant("S3B-020", "knows-no-missing-file", "s3", op.raises_instead("get_file_info", NotFound, RemoteStoreError),
        reason="NotFound"),
    mutant("S3B-020", "is-healthy-anyway", "s3", op.swallows("check_health", NotFound), reason="check_health"),
    mutant("S3B-033", "is-unavailable-for-good", "s3", op.replace("exists", unavailable), reason="BackendUnavailable"),
    mutant("S3B-034", "is-unavailable-instead", "s3", op.replace("read_bytes", denied_as_unavailable),
        reason="PermissionDenied"),
    mutant("S3B-034", "knows-no-profiles", "s3", op.replace("read_bytes", profile_missed), reason="RemoteStoreError"),
    mutant("S3B-078", "always-sums", "s3", connected(checksums_wanted), reason="checksum"),
    mutant("S3B-088", "comes-with-an-old-boto3", "s3", op.override(__module__="moto.s3"), reason="boto3"),
    mutant("S3B-125", "lists-to-be-sure", "s3", op.before("check_health", listed), reason="total requests"),
    mutant("S3B-125", "does-not-look", "s3", op.returns("check_health", None), reason="HeadBucket"),
    mutant("S3B-126", "lives-on", "s3", op.after("close", lives_on), reason="BackendUnavailable"),
    mutant("S3B-126", "keeps-its-client", "s3", op.override(close=only_marked_closed), reason="closed once"),
    mutant("S3B-127", "unwraps-as-anything", "s3", op.replace("unwrap", lambda call: call.backend._requests.client),
        reason="CapabilityNotSupported"),
    mutant("S3B-128", "needs-its-bucket", "s3", op.raises("is_folder", NotFound, NO_BUCKET), reason="is_folder"),
    mutant("S3B-129", "does-not-say-so", "s3", op.override(__doc__="Files in one S3 bucket; move() moves."),
        reason="docstring"),
    mutant("S3B-129", "says-it-is-atomic", "s3", op.override(__doc__="Files in one S3 bucket. Its move() is atomic."),
        reason="docstring"),
    mutant("S3B-140", "cannot-be-pickled", "s3", op.override(__getstate__=unpicklable), reason="pickle of the backend"),
    mutant("S3B-140", "shares-its-client", "s3", op.override(__deepcopy__=shared), reason="read_bytes() of the twin"),
    mutant("S3B-141", "finds-out-later", "s3", made(typos_dropped), reason="an instance was made"),
)
# fmt: on
