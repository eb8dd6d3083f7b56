"""How an S3 backend is made: its parameters, and what becomes of them in the client."""

from __future__ import annotations

import contextlib
import copy
import inspect
import io
import pickle
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from unittest import mock

from remote_store import (
    Backend,
    Capability,
    CapabilityNotSupported,
    PermissionDenied,
    RemoteStoreError,
    RetryPolicy,
    Secret,
)

from rsconform.lanes.facade import class_of
from rsconform.probes import ProbeContext, probe
from rsconform.probes.s3client import another, bucket_of, client_of, closed, constructed, recording, shown
from rsconform.probes.secrets import records_of, shows_secret

_ENDPOINT: Final = "http://s3.example:9000"
_KEYWORDS: Final = (
    "endpoint_url",
    "key",
    "secret",
    "region_name",
    "tls_ca_bundle",
    "client_options",
    "retry",
    "reject_write_under_file_ancestor",
)
_CA_VARIABLES: Final = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
# An environment in which there is nothing that boto3 could take credentials from.
_NO_CREDENTIALS: Final = {
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_TWINS: Final[Mapping[str, Callable[[Backend], Any]]] = {
    "pickle": lambda backend: pickle.loads(pickle.dumps(backend)),
    "deepcopy": copy.deepcopy,
}
_NOT_ENOUGH: Final[Mapping[str, Mapping[str, str]]] = {
    "nothing": {},
    "half": {"AWS_ACCESS_KEY_ID": "KEYOFTHEENVIRONMENT0"},
    "no-such-profile": {"AWS_PROFILE": "rsconform-no-such-profile"},
}
_CREDENTIAL_VARIABLES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_THREADS: Final = 8


@probe("s3options.parameters")
def parameters(context: ProbeContext) -> None:
    """The constructor takes bucket and, by keyword only, the parameters of the lane."""
    taken = inspect.signature(class_of(context.backend)).parameters
    bucket = taken.get("bucket")
    if bucket is None or bucket.default is not bucket.empty or bucket.kind is bucket.KEYWORD_ONLY:
        context.fail("a required parameter 'bucket'", str(bucket))
    for name in _KEYWORDS:
        parameter = taken.get(name)
        if parameter is None or parameter.kind is not parameter.KEYWORD_ONLY or parameter.default is parameter.empty:
            context.fail(f"an optional keyword {name!r}", str(parameter))
    if taken["reject_write_under_file_ancestor"].default is not False:
        context.fail("reject_write_under_file_ancestor off by default", str(taken["reject_write_under_file_ancestor"]))
    needed = [
        name
        for name, parameter in taken.items()
        if name != "bucket" and parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    if needed:
        context.fail("no other parameter that has to be given", str(needed))


@probe("s3options.capabilities")
def capabilities(context: ProbeContext, path: str) -> None:
    """Class and instance declare every capability, ATOMIC_MOVE only if a move is one request."""
    wanted = {one.name for one in Capability} - {"ATOMIC_MOVE"}
    for where, declared in (
        ("class", getattr(class_of(context.backend), "CAPABILITIES", ())),
        ("instance", context.backend.capabilities),
    ):
        names = {one.name for one in declared}
        if names - {"ATOMIC_MOVE"} != wanted:
            odd = sorted((names - {"ATOMIC_MOVE"}) ^ wanted)
            context.fail(f"every capability of the {where}", f"different: {', '.join(odd)}")
    if context.backend.capabilities.supports(Capability.ATOMIC_MOVE):
        with recording(client_of(context)) as sent:
            context.call("move()", context.backend.move, path, f"{path}-moved")
        if len(sent) > 1:
            context.fail("a move in one request, as ATOMIC_MOVE is declared", shown(sent))


@probe("s3options.addressing")
def addressing(context: ProbeContext, style: str) -> None:
    """At an endpoint of one's own the bucket stands in the path, unless another style is asked for."""
    asked: dict[str, Any] = {"config_kwargs": {"s3": {"addressing_style": style}}} if style else {}
    bucket = bucket_of(context)
    with another(context, endpoint_url=_ENDPOINT, client_options=asked) as backend:
        url = _presigned(client_of(context, backend), bucket)
    wanted = f"http://{bucket}.s3.example:9000/k?" if style == "virtual" else f"{_ENDPOINT}/{bucket}/k?"
    if not url.startswith(wanted):
        context.fail(f"requests to {wanted.rstrip('?')}", url.partition("?")[0])


@probe("s3options.precedence")
def precedence(context: ProbeContext) -> None:
    """Config options arrive, parameters outrank options, and what was handed over stays as it was."""
    options: dict[str, Any] = {
        "region_name": "us-west-2",
        "config_kwargs": {"read_timeout": 7, "s3": {"use_accelerate_endpoint": False}},
    }
    before = copy.deepcopy(options)
    with another(context, region_name="eu-west-1", endpoint_url=_ENDPOINT, client_options=options) as backend:
        meta = client_of(context, backend).meta
    if meta.config.read_timeout != 7:
        context.fail("read_timeout = 7 of config_kwargs", str(meta.config.read_timeout))
    if meta.region_name != "eu-west-1":
        context.fail("the parameter region_name to win", meta.region_name)
    if options != before:
        context.fail("client_options as they were", str(options))


@probe("s3options.ready_made")
def ready_made(context: ProbeContext) -> None:
    """A Config among the options is refused: what parameters have to say could not be added to it."""
    from botocore.config import Config

    try:
        closed(constructed(context, "plain", client_options={"config": Config()}))
    except ValueError:
        return
    except Exception as exc:
        context.fail("ValueError for a ready-made Config", f"{type(exc).__name__}: {exc}")
    context.fail("ValueError for a ready-made Config", "an instance was made")


@probe("s3options.credentials")
def credentials(context: ProbeContext, form: str) -> None:
    """Credentials are taken in each form, used, and shown nowhere."""
    plain = (context.subject.variants or {}).get("plain", {})
    key, secret = str(plain.get("key")), str(plain.get("secret"))
    wrapped = Secret if form == "Secret" else str
    kinds = {base.__module__.partition(".")[0] for base in class_of(context.backend).__mro__}
    texts: list[str] = []
    with records_of(kinds - {"abc", "builtins", "typing"}) as records:
        with another(context, key=wrapped(key), secret=wrapped(secret)) as backend:
            texts += [repr(backend), str(backend)]
            url = _presigned(client_of(context, backend), bucket_of(context))
        texts += [
            _error_of(context, {"key": wrapped(key), "secret": wrapped(secret), "endpoint_url": "http://127.0.0.1:1"})
        ]
    if key not in url:
        context.fail("requests that are signed with the key", "they are signed with another one")
    texts += [record.getMessage() for record in records]
    if any(shows_secret(text, (secret,)) for text in texts):
        context.fail("no secret in a repr, an error or a log record", "one has it")


@probe("s3options.chain")
def chain(context: ProbeContext) -> None:
    """Without key and secret the credentials are those of the environment."""
    found = {"AWS_ACCESS_KEY_ID": "KEYOFTHEENVIRONMENT0", "AWS_SECRET_ACCESS_KEY": "nobodys"}
    with _environment(found), another(context, key=None, secret=None) as backend:
        url = _presigned(client_of(context, backend), bucket_of(context))
    if found["AWS_ACCESS_KEY_ID"] not in url:
        context.fail("requests that are signed with the key of AWS_ACCESS_KEY_ID", "they are signed with another one")


@probe("s3options.no_credentials")
def no_credentials(context: ProbeContext, found: str) -> None:
    """Without credentials an operation is denied, and nothing is sent."""
    sent: list[str] = []
    with _environment(_NOT_ENOUGH[found]), another(context, key=None, secret=None) as backend:
        with contextlib.suppress(RemoteStoreError):
            client_of_backend: Any = backend.unwrap(_base_client())
            client_of_backend.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.url))
        for name, call in (
            ("read_bytes", lambda: backend.read_bytes("a")),
            ("write", lambda: backend.write("a", b"x")),
        ):
            try:
                call()
            except PermissionDenied:
                continue
            except Exception as exc:
                context.fail(f"PermissionDenied from {name}()", f"{type(exc).__name__}: {exc}")
            context.fail(f"PermissionDenied from {name}()", "it returned")
    if sent:
        context.fail("nothing sent", str(len(sent)))


@probe("s3options.ca_bundle")
def ca_bundle(context: ProbeContext, source: str) -> None:
    """The CA bundle comes from the parameter or the first variable that is set, and has to be a file."""
    with tempfile.TemporaryDirectory() as folder:
        good, missing = Path(folder, "good.pem"), Path(folder, "missing.pem")
        good.write_text(_some_bundle())
        ranked = ("parameter", *_CA_VARIABLES)
        at = ranked.index(source)
        for chosen in (good, missing):
            # Those before are empty, which is as good as not set; those after must not matter.
            values = dict.fromkeys(ranked[:at], "") | {name: str(missing) for name in ranked[at + 1 :]}
            values[source] = str(chosen)
            parameter = values.pop("parameter", "") or None
            with _environment(values):
                try:
                    closed(constructed(context, "plain", tls_ca_bundle=parameter))
                except ValueError as exc:
                    if chosen is good:
                        context.fail(f"the file named by {source} to be taken", f"ValueError: {exc}")
                    if str(missing) not in str(exc):
                        context.fail("a ValueError that names the file", str(exc))
                    continue
            if chosen is missing:
                context.fail(f"ValueError for what {source} names and is no file", "an instance was made")


@probe("s3options.retry_fields")
def retry_fields(context: ProbeContext) -> None:
    """Fields of a RetryPolicy that boto3 has no setting for are told by one DEBUG record."""
    policy = RetryPolicy(max_attempts=2, backoff_base=9.0, backoff_max=99.0)
    records = _logged(context, retry=policy)
    told = [record for record in records if record.levelname == "DEBUG" and "backoff_base" in record.getMessage()]
    if len(told) != 1 or "backoff_max" not in told[0].getMessage():
        context.fail("one DEBUG record that names backoff_base and backoff_max", f"{len(told)} records of that kind")


@probe("s3options.retry_dropped")
def retry_dropped(context: ProbeContext) -> None:
    """retry outranks the retries of config_kwargs, and a WARNING names what is dropped."""
    options = {"config_kwargs": {"retries": {"mode": "adaptive", "total_max_attempts": 7}}}
    records = _logged(context, retry=RetryPolicy(max_attempts=2), client_options=options)
    told = [record.getMessage() for record in records if record.levelname == "WARNING"]
    if not any("total_max_attempts" in text and "mode" in text for text in told):
        context.fail("a WARNING that names mode and total_max_attempts", str(told))
    with another(context, retry=RetryPolicy(max_attempts=2), client_options=options) as backend:
        retries = client_of(context, backend).meta.config.retries
    if retries.get("total_max_attempts") != 2:
        context.fail("a client that sends a request twice at most", str(retries))


@probe("s3options.checksums")
def checksums(context: ProbeContext) -> None:
    """A write carries no checksum when those are to be sent only where they are required."""
    carried: list[str] = []

    def look(request: Any, **_: object) -> None:
        carried.extend(name.lower() for name in request.headers if "checksum" in name.lower())

    with another(context, "no-checksums") as backend:
        client_of(context, backend).meta.events.register("before-send.s3", look)
        context.call("write()", backend.write, "a", b"x", overwrite=True)
        context.call("write()", backend.write, "b", io.BytesIO(bytes(9 << 20)), overwrite=True)
    if carried:
        context.fail("writes without a checksum header", f"they carry {', '.join(sorted(set(carried)))}")


@probe("s3options.first_use")
def first_use(context: ProbeContext) -> None:
    """First operations of several threads at once make one client, and none fails."""
    from botocore.client import ClientCreator

    made: list[object] = []
    create = ClientCreator.create_client

    def counted(self: Any, *args: Any, **options: Any) -> Any:
        made.append(self)
        return create(self, *args, **options)

    failures: list[str] = []
    start = threading.Barrier(_THREADS)

    def use(backend: Backend) -> None:
        start.wait()
        try:
            backend.exists("a")
        except Exception as exc:
            failures.append(f"{type(exc).__name__}: {exc}")

    with another(context) as backend, mock.patch.object(ClientCreator, "create_client", counted):
        threads = [threading.Thread(target=use, args=(backend,)) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        context.fail(f"{_THREADS} answers", f"{len(failures)} failures: {failures[0]}")
    if len(made) != 1:
        context.fail("one client", f"{len(made)}")


@probe("s3options.closed_once")
def closed_once(context: ProbeContext) -> None:
    """A client that the backend made is closed once, however often the backend is."""
    with another(context) as backend:
        client = client_of(context, backend)
        context.call("exists()", backend.exists, "a")
        calls: list[None] = []
        close = client.close

        def counted() -> None:
            calls.append(None)
            close()

        client.close = counted
        context.call("close()", backend.close)
        context.call("close() again", backend.close)
    if len(calls) != 1:
        context.fail("the client closed once", f"{len(calls)} times")


@probe("s3options.unknown_keyword")
def unknown_keyword(context: ProbeContext) -> None:
    """A keyword that no Config takes is refused when the backend is made, and named."""
    name = "read_timeuot"
    try:
        closed(constructed(context, "plain", client_options={"config_kwargs": {name: 1}}))
    except ValueError as exc:
        if name not in str(exc):
            context.fail(f"a ValueError that names {name}", str(exc))
        return
    except Exception as exc:
        context.fail(f"ValueError for {name}", f"{type(exc).__name__}: {exc}")
    context.fail(f"ValueError for {name}", "an instance was made")


@probe("s3options.pickled")
def pickled(context: ProbeContext, path: str, how: str, used: bool) -> None:
    """A twin of a backend, made by pickling or copying it, reads the same file when the first is closed."""
    with another(context) as backend:
        if used:
            context.call("read_bytes()", backend.read_bytes, path)
        twin: Backend = context.call(f"{how} of the backend", _TWINS[how], backend)
        context.call("close()", backend.close)
    try:
        found = context.call("read_bytes() of the twin", twin.read_bytes, path)
    finally:
        closed(twin)
    if found != context.content[path]:
        context.fail("the bytes of the file", f"{len(found)} others")


@probe("s3options.unwrapped")
def unwrapped(context: ProbeContext) -> None:
    """unwrap() shows the live S3 client as a BaseClient, and nothing as anything else."""
    client: Any = context.call("unwrap(BaseClient)", context.backend.unwrap, _base_client())
    if not isinstance(client, _base_client()) or client.meta.service_model.service_name != "s3":
        context.fail("an S3 client of botocore", type(client).__name__)
    if client_of(context) is not client:
        context.fail("the same client every time", "another one")
    for hint in (str, object, dict, type("S3FileSystem", (), {})):
        try:
            context.backend.unwrap(hint)
        except CapabilityNotSupported:
            continue
        except Exception as exc:
            context.fail(f"CapabilityNotSupported from unwrap({hint.__name__})", f"{type(exc).__name__}: {exc}")
        context.fail(f"CapabilityNotSupported from unwrap({hint.__name__})", "it returned something")
    for what in ("BaseClient", 3, None):
        try:
            context.backend.unwrap(what)  # type: ignore[arg-type]  # That is what is tried.
        except RemoteStoreError:
            continue
        except Exception as exc:
            context.fail(f"an error of remote_store from unwrap({what!r})", f"{type(exc).__name__}: {exc}")
        context.fail(f"an error of remote_store from unwrap({what!r})", "it returned something")


@probe("s3options.documented")
def documented(context: ProbeContext) -> None:
    """The class says that its move() is not atomic."""
    text = " ".join((inspect.getdoc(class_of(context.backend)) or "").split())
    sentences = [sentence for sentence in re.split(r"(?<=[.:])\s", text) if "move" in sentence]
    if not any(re.search(r"\bnot\b.*\batomic|non-?atomic", sentence) for sentence in sentences):
        context.fail("a docstring that says that move() is not atomic", f"{text[:80]!r} and so on")


def _base_client() -> Any:
    from botocore.client import BaseClient

    return BaseClient


def _presigned(client: Any, bucket: str) -> str:
    """Return a URL that the client would ask: it shows address and key without anything being sent."""
    return str(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}))


def _some_bundle() -> str:
    """Return the CA certificates that come with botocore, for a backend that looks into the file."""
    return files("botocore").joinpath("cacert.pem").read_text()


def _error_of(context: ProbeContext, options: Mapping[str, Any]) -> str:
    """Return all that the error of an instance says that has nobody to talk to."""
    with another(context, retry=RetryPolicy.disabled(), **options) as backend:
        try:
            backend.read_bytes("a")
        except Exception as exc:
            return f"{exc!r} {exc} {vars(exc)} {exc.__cause__!r}"
    return ""


def _logged(context: ProbeContext, **options: Any) -> list[Any]:
    """Return what is logged, whatever the logger is called, while an instance is made and used for the first time."""
    with records_of({""}) as records, another(context, **options) as backend:
        context.call("exists()", backend.exists, "a")
        return list(records)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Take away what boto3 could find credentials or a CA bundle in, and set some variables, while this lasts."""
    hidden = dict.fromkeys((*_CREDENTIAL_VARIABLES, *_CA_VARIABLES), "")
    with mock.patch.dict("os.environ", {**_NO_CREDENTIALS, **values}) as environ:
        for name in hidden.keys() - values.keys():
            environ.pop(name, None)
        yield
