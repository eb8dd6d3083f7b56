"""What a backend imports, when, and what its distribution asks for."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from unittest import mock
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement

from rsconform.lanes.facade import class_of
from rsconform.probes import ProbeContext, probe
from rsconform.probes.s3client import closed, constructed
from rsconform.probes.usage import use_everything

_BOTO3: Final = ("boto3", "botocore")
_OTHERS: Final = ("s3fs", "aiobotocore", "fsspec", "pyarrow")
# The last release that knows no If-None-Match for PutObject and CompleteMultipartUpload together.
_TOO_OLD: Final = "1.35.4"

_IMPORT: Final = """
import importlib, sys
for name in {blocked!r}:
    sys.modules[name] = None
importlib.import_module({module!r})
print(*[name for name in {watched!r} if sys.modules.get(name) is not None])
"""


@probe("s3imports.lazily")
def lazily(context: ProbeContext) -> None:
    """Neither the module nor an instance that has nothing to send needs boto3."""
    for module in _modules(context):
        failed, _ = _import_in_a_child(module, blocked=_BOTO3)
        if failed:
            context.fail(f"{module} to be importable without boto3", failed)
    with _absent(_BOTO3):
        try:
            backend = constructed(context, "plain")
            native = backend.native_path("d/a")
            used = (backend.name, backend.capabilities, repr(backend), backend.to_key(native), backend.resolve("d/a"))
        except ImportError as exc:
            context.fail("an instance that has nothing to send not to need boto3", f"{type(exc).__name__}: {exc}")
        closed(backend)
    assert used


@probe("s3imports.nothing_else")
def nothing_else(context: ProbeContext, path: str, other: str) -> None:
    """Neither the module nor any operation imports another S3 library."""
    for module in _modules(context):
        failed, imported = _import_in_a_child(module, watched=_OTHERS)
        if failed or imported:
            context.fail(f"{module} to import none of {', '.join(_OTHERS)}", failed or imported)
    asked = _Asked()
    with _absent(_OTHERS, forget=True), mock.patch.object(sys, "meta_path", [asked, *sys.meta_path]):
        use_everything(context.backend, path, other)
    if asked.names:
        context.fail(f"operations that import none of {', '.join(_OTHERS)}", ", ".join(sorted(asked.names)))


@probe("s3imports.lower_bound")
def lower_bound(context: ProbeContext) -> None:
    """The distribution asks for a boto3 that can write conditionally."""
    package = class_of(context.backend).__module__.partition(".")[0]
    for name in _distributions(package):
        asked = [Requirement(one) for one in importlib.metadata.requires(name) or []]
        wanted = [one for one in asked if one.name == "boto3"]
        if wanted:
            old = [str(one) for one in wanted if one.specifier.contains(_TOO_OLD)]
            if old:
                context.fail(f"a requirement that excludes boto3 {_TOO_OLD}", f"{name} asks for {', '.join(old)}")
            return
    context.skip(f"a distribution of {package!r} that asks for boto3")


def _distributions(package: str) -> list[str]:
    """Return the distributions that a package comes from, those included that are installed from where they lie."""
    found = list(importlib.metadata.packages_distributions().get(package, []))
    spec = importlib.util.find_spec(package)
    origin = str(spec.origin) if spec is not None else ""
    for one in importlib.metadata.distributions():
        installed = json.loads(one.read_text("direct_url.json") or "{}")
        if installed.get("dir_info", {}).get("editable"):
            folder = unquote(urlsplit(installed["url"]).path)
            if origin.startswith(f"{folder}/"):
                found.append(one.name)
    return found


def _modules(context: ProbeContext) -> list[str]:
    """Return the modules that the class under test comes from, as far as they can be imported by name."""
    names = {base.__module__ for base in class_of(context.backend).__mro__}
    names = {name for name in names if name.partition(".")[0] not in ("abc", "builtins", "typing", "remote_store")}
    return sorted(name for name in names if name != "__main__" and _is_importable(name))


def _is_importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _import_in_a_child(module: str, *, blocked: Sequence[str] = (), watched: Sequence[str] = ()) -> tuple[str, str]:
    """Return what went wrong with importing a module in a process of its own, and which others it imported."""
    code = _IMPORT.format(blocked=tuple(blocked), module=module, watched=tuple(watched))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    failed = done.stderr.strip().splitlines()[-1] if done.returncode else ""
    return failed, done.stdout.strip()


class _Asked:
    """A finder that finds nothing and remembers which of the other libraries it was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, name: str, *_: Any) -> None:
        if name.partition(".")[0] in _OTHERS:
            self.names.add(name)


@contextmanager
def _absent(packages: Sequence[str], *, forget: bool = False) -> Iterator[None]:
    """Let packages be as if they were not installed, or only as if they had not been imported yet."""
    known = [name for name in sys.modules if name.partition(".")[0] in packages]
    with mock.patch.dict(sys.modules):
        for name in {*known, *packages}:
            if forget:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = None  # type: ignore[assignment]  # What import takes for 'not there'.
        yield
