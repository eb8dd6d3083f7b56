"""What needs a server of its own: attempts, certificates, connections, and memory on large transfers."""

from __future__ import annotations

import contextlib
import datetime
import gc
import importlib.util
import io
import ipaddress
import ssl
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from remote_store import BackendUnavailable, RetryPolicy

from rsconform.cases.content import parse_size
from rsconform.probes import ProbeContext, probe
from rsconform.probes.away import Takes
from rsconform.probes.s3client import another
from rsconform.probes.s3stub import stub_server

_CYCLES: Final = 50
_STEP: Final = 64 << 10
_NOISE: Final = 16 << 20
# What is not the transfer's: parsers, buffers, connections, made on first use.
_WARM_UP: Final = "warm"


@probe("s3server.attempts")
def attempts(context: ProbeContext, attempts: int) -> None:
    """A server that always answers 503 gets as many requests as the policy has attempts."""
    policy = RetryPolicy(max_attempts=attempts)
    with stub_server() as server, another(context, endpoint_url=server.url, retry=policy) as backend:
        try:
            backend.read_bytes("refused")
        except BackendUnavailable:
            pass
        except Exception as exc:
            context.fail("BackendUnavailable", f"{type(exc).__name__}: {exc}")
        else:
            context.fail("BackendUnavailable", "it returned")
    if server.counts["GET"] != attempts:
        context.fail(f"{attempts} requests", str(server.counts["GET"]))


@probe("s3server.certificate")
def certificate(context: ProbeContext, vouches: bool) -> None:
    """A server that the CA bundle vouches for is talked to, and no other."""
    if importlib.util.find_spec("cryptography") is None:
        context.skip_without("cryptography")
    with tempfile.TemporaryDirectory() as folder:
        ours, other = (_certificate(Path(folder, name)) for name in ("ours", "other"))
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(*ours)
        bundle = str((ours if vouches else other)[0])
        options: dict[str, Any] = {"tls_ca_bundle": bundle, "retry": RetryPolicy.disabled()}
        with stub_server(context=serving) as server, another(context, endpoint_url=server.url, **options) as backend:
            if vouches:
                context.call("exists() at a server that the bundle vouches for", backend.exists, "a")
                return
            try:
                backend.exists("a")
            except BackendUnavailable:
                return
            except Exception as exc:
                context.fail("BackendUnavailable", f"{type(exc).__name__}: {exc}")
            context.fail("BackendUnavailable from a server that nobody vouches for", "an answer was taken")


@probe("s3server.connections")
def connections(context: ProbeContext, op: str, ends: str) -> None:
    """Readers that were closed early or dropped keep no connection."""
    with stub_server(4 << 20) as server, another(context, "one-connection", endpoint_url=server.url) as backend:
        closed = []  # Lease on to, so that closing them is what counts.
        for _ in range(_CYCLES):
            stream = context.call(f"{op}()", getattr(backend, op), "a")
            context.call("read()", stream.read, 100)
            if ends == "closed":
                context.call("close()", stream.close)
                closed.append(stream)
            del stream
        gc.collect()
        for _ in range(50):
            if server.counts["connections"] <= 1:
                return
            time.sleep(0.02)  # The server learns of it a moment later.
        context.fail(f"one connection after {_CYCLES} readers", f"{server.counts['connections']}")


@probe("s3server.read_memory")
def read_memory(context: ProbeContext, size: str, limit: str) -> None:
    """Streaming a large object through read() holds no more than the limit at once."""
    with _served(parse_size(size)) as url, another(context, endpoint_url=url) as backend:
        with contextlib.closing(context.call("read()", backend.read, _WARM_UP)) as stream:
            context.call("read()", stream.read, _STEP)

        def stream_it() -> int:
            with contextlib.closing(backend.read("large")) as large:
                return sum(len(piece) for piece in iter(lambda: large.read(_STEP), b""))

        read, peak = _measured(context, "reading", parse_size(size), stream_it)
    if read != parse_size(size):
        context.fail(f"{parse_size(size)} bytes", str(read))
    _require_below(context, peak, parse_size(limit))


@probe("s3server.write_memory")
def write_memory(context: ProbeContext, size: str, limit: str) -> None:
    """Streaming a large source through write() holds no more than the limit at once."""
    with _served(0) as url, another(context, endpoint_url=url) as backend:
        context.call("write()", backend.write, _WARM_UP, io.BytesIO(bytes(_STEP)), overwrite=True)
        source: Any = _Zeros(parse_size(size))
        _, peak = _measured(
            context, "writing", parse_size(size), lambda: backend.write("large", source, overwrite=True).size
        )
    _require_below(context, peak, parse_size(limit))


class _Zeros(io.RawIOBase):
    """So many zeros, made when they are asked for."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self._left = size_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._left)
        self._left -= count
        buffer[:count] = bytes(count)
        return int(count)


def _measured(context: ProbeContext, what: str, size: int, transfer: Any) -> tuple[int, int]:
    """Return what a transfer gives and by how much the memory of Python grew meanwhile, at most.

    What is allocated past Python shows in the resident memory of the process. That has other parts that come and go, so
    only half of what is transferred counts against a backend.
    """
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        with Takes() as takes:
            done = context.call(what, transfer)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    _require_below(context, takes.bytes["memory"], max(size // 2, _NOISE))
    return int(done), peak - before


def _require_below(context: ProbeContext, peak: int, limit: int) -> None:
    if peak > limit:
        context.fail(f"at most {limit >> 20} MiB more", f"{peak / (1 << 20):.1f} MiB")


@contextlib.contextmanager
def _served(size_bytes: int) -> Iterator[str]:
    """Yield the URL of a server in a process of its own, whose memory is not counted."""
    command = [sys.executable, "-m", "rsconform.probes.s3stub", str(size_bytes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _certificate(path: Path) -> tuple[Path, Path]:
    """Return the files of a certificate for loopback, signed by itself, and of its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rsconform")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = path.with_suffix(".pem"), path.with_suffix(".key")
    certificate_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key_file.write_bytes(private)
    return certificate_file, key_file
