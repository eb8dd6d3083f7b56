"""What S3 clients cost: requests per operation, CPU against raw boto3, and memory, all in one run.

Lanes: raw boto3 (the fewest calls that do the job, no contract), our backend, the boto3 prototype in remote-store's
source distribution, remote-store's backends over s3fs and pyarrow, and raw obstore. Each lane is a process of its own;
those whose dependencies clash with boto3's get an environment of their own through uv. One that cannot be set up is
named, and left out.

Requests are counted by rsconform's wire in front of moto's server. CPU is the client process's own, all threads; a
ratio is the median over rounds in which the lanes take turns at a server that stores nothing and has an answer for
everything. A figure of a run on a busy machine spreads by some 15 %.

Usage: python benchmarks/s3_costs.py [--rounds N] [--lanes boto3,ours,...] [--write docs/s3-costs.md]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SDIST: Final = "remote-store==0.33.0"
HERE: Final = Path(__file__).resolve().parent
# Lane -> what its environment needs beside Python; empty for the one that runs this.
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "boto3": (),
    "ours": (),
    "prototype": (),
    "s3fs": (SDIST, "s3fs>=2026.2"),
    "pyarrow": (SDIST, "s3fs>=2026.2", "pyarrow"),
    "obstore": ("obstore",),
}
# What is sent for each of these is counted.
OPERATIONS: Final = (
    "read_bytes 1 KiB",
    "read() of 3 MiB, one read()",
    "read() of 3 MiB, 64 KiB reads",
    "read_seekable 8 MiB, 10 x 4 KiB",
    "write 1 KiB, overwrite",
    "write 1 KiB, new",
    "write 1 KiB, taken",
    "write stream 1 KiB",
    "write stream 12 MiB",
    "exists, file",
    "exists, folder",
    "exists, miss",
    "is_folder, file",
    "is_folder, folder",
    "is_folder, miss",
    "get_file_info, hit",
    "get_file_info, miss",
    "list_files, 50 files",
    "list recursive, 200 in 20 folders",
    "list recursive, 2000 keys",
    "get_folder_info, 200 in 20 folders",
    "copy, new",
    "copy, overwrite",
    "move, new",
    "delete, hit",
    "delete, miss",
    "delete_folder, 50 files",
)
# Size of every object at a server that stores nothing -> what is timed there, and how often for one sample.
TIMED: Final[Mapping[int, Mapping[str, int]]] = {
    1024: {
        "read_bytes 1 KiB": 40,
        "exists, file": 40,
        "get_file_info, hit": 40,
        "write 1 KiB, overwrite": 40,
        "write 1 KiB, new": 40,
        "write stream 1 KiB": 40,
        "list recursive, 2000 keys": 4,
    },
    3 << 20: {"read() of 3 MiB, one read()": 1},
    64 << 20: {"drain 64 MiB, one read()": 1, "read 64 MiB in 256 KiB": 1, "write stream 64 MiB": 1},
}
MEMORY: Final = ("read 64 MiB in 256 KiB", "read 256 MiB in 256 KiB", "write stream 256 MiB")


# What would take longer than all the rest.
LEFT_OUT: Final = {("prototype", "drain 64 MiB, one read()"): "left out: 8192 requests"}


@dataclass
class Child:
    """A lane at work: it runs the operations it is sent and reports what they cost."""

    process: subprocess.Popen[str]

    def ask(self, **order: object) -> dict[str, Any]:
        """Return what the lane says to one order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"failed": "the process ended"}
        return answer


@dataclass(frozen=True, slots=True)
class Environment:
    """How a lane's process is started."""

    command: tuple[str, ...]
    path: str = ""

    @contextlib.contextmanager
    def child(self, lane: str, url: str) -> Iterator[Child]:
        """Yield the lane's process, connected to a server."""
        command = [*self.command, str(HERE / "s3_costs_lane.py"), lane, url]
        environ = {**os.environ, "PYTHONPATH": self.path, "AWS_EC2_METADATA_DISABLED": "true"}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        ) as process:
            try:
                yield Child(process)
            finally:
                process.kill()


def prototype_folder(folder: Path) -> Path:
    """Return where the modules of remote-store's source distribution lie."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "remote-store"]
    subprocess.run([*command, SDIST, "-d", str(folder)], check=True, capture_output=True)
    with tarfile.open(next(folder.glob("remote_store-*.tar.gz"))) as packed:
        packed.extractall(folder, filter="data")
    return next(folder.glob("remote_store-*/src"))


def environments(names: Sequence[str], folder: Path) -> tuple[dict[str, Environment], dict[str, str]]:
    """Return how each lane is started, and why others cannot be."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    found: dict[str, Environment] = {}
    missing: dict[str, str] = {}
    for name in names:
        try:
            if name == "prototype":
                found[name] = Environment((sys.executable,), str(prototype_folder(folder)))
            elif NEEDS[name]:
                python = folder / name / "bin" / "python"
                subprocess.run([uv, "venv", "-q", "-p", sys.executable, str(folder / name)], check=True)
                subprocess.run([uv, "pip", "install", "-q", "-p", str(python), *NEEDS[name]], check=True)
                found[name] = Environment((str(python),))
            else:
                found[name] = Environment((sys.executable,))
        except (subprocess.CalledProcessError, OSError, StopIteration) as exc:
            missing[name] = type(exc).__name__
    return found, missing


@contextlib.contextmanager
def moto_behind_a_wire() -> Iterator[Any]:
    """Yield a wire in front of moto's server."""
    import logging

    from moto.server import ThreadedMotoServer

    from rsconform.wire import S3, Proxy

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        with Proxy(host, port, S3()) as wire:
            yield wire
    finally:
        server.stop()


@contextlib.contextmanager
def stub(size_bytes: int) -> Iterator[str]:
    """Yield the address of a server that stores nothing, in a process of its own."""
    command = [sys.executable, "-m", "rsconform_fixtures.s3.probes._stub_server", str(size_bytes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def stored() -> Any:
    """Return moto's own model of the store, past every request."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends

    return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]


def seed() -> None:
    """Fill the bucket that every lane works on."""
    stored().create_bucket("bucket", "us-east-1")
    files = {"small": 1024, "medium": 3 << 20, "large": 8 << 20, "folder/file": 1}
    files |= {f"flat/f{number:02}": 1 for number in range(50)}
    files |= {f"nested/d{folder:02}/f{number:02}": 1 for folder in range(20) for number in range(10)}
    files |= {f"many/d{folder:02}/f{number:03}": 1 for folder in range(20) for number in range(100)}
    for key, size in files.items():
        stored().put_object("bucket", key, bytes(size))


def make_ready(operation: str) -> None:
    """Put back what an operation takes away."""
    if operation in ("move, new", "delete, hit"):
        stored().put_object("bucket", "spare", b"x")
    elif operation.startswith("delete_folder"):
        for number in range(50):
            stored().put_object("bucket", f"doomed/f{number:02}", b"x")


def requests_of(child: Child, wire: Any) -> dict[str, str]:
    """Return what each operation sends, in words."""
    found = {}
    child.ask(do="exists, file")  # So that what is sent once for each client is not counted.
    for operation in OPERATIONS:
        make_ready(operation)
        before = len(wire.requests())
        answer = child.ask(do=operation)
        if "failed" in answer:
            found[operation] = answer["failed"]
            continue
        kinds: dict[str, int] = {}
        for request in wire.requests()[before:]:
            name = request.kind + ("[range]" if "range" in request.headers else "")
            kinds[name] = kinds.get(name, 0) + 1
        shown = ", ".join(name if count == 1 else f"{count} {name}" for name, count in kinds.items())
        found[operation] = f"**{sum(kinds.values())}** {shown}"
    return found


def ratios(children: Mapping[str, Child], operations: Mapping[str, int], rounds: int) -> dict[str, dict[str, str]]:
    """Return for each operation and lane its CPU as a ratio to raw boto3's, median and spread."""
    found: dict[str, dict[str, str]] = {}
    for operation, times in operations.items():
        samples: dict[str, list[float]] = {lane: [] for lane in children}
        failed: dict[str, str] = {}
        for lane, child in children.items():
            why = LEFT_OUT.get((lane, operation)) or child.ask(do=operation).get("failed")  # That it is warm.
            if why:
                failed[lane] = why
        for _ in range(rounds):
            order = [lane for lane in children if lane not in failed]
            random.shuffle(order)
            for lane in order:
                samples[lane].append(children[lane].ask(do=operation, times=times)["cpu_s"])
        base = samples["boto3"]
        row = dict(failed)
        for lane, taken in samples.items():
            if taken and base:
                each = [mine / raw for mine, raw in zip(taken, base, strict=True)]
                row[lane] = f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"
        row["_raw"] = f"{statistics.median(base) / times * 1000:.2f} ms" if base else "-"
        found[operation] = row
        print(operation, row, file=sys.stderr, flush=True)
    return found


def memory_of(environment: Environment, lane: str, url: str, operation: str) -> str:
    """Return how much a fresh process grows by one transfer."""
    with environment.child(lane, url) as child:
        child.ask(do="exists, file")
        answer = child.ask(do=operation, memory=True)
    return str(answer.get("failed") or f"{answer['grew_bytes'] / (1 << 20):.0f} MiB")


def table(corner: str, rows: Mapping[str, Mapping[str, str]], columns: Sequence[str]) -> str:
    """Return a table in Markdown."""
    lines = [f"| {corner} | {' | '.join(columns)} |", "| --- " * (len(columns) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(row.get(one, '-') for one in columns)} |" for name, row in rows.items()]
    return "\n".join(lines)


def measure(names: Sequence[str], rounds: int, folder: Path) -> str:
    """Return the report of one run."""
    started, missing = environments(names, folder)
    lanes = list(started)
    with moto_behind_a_wire() as wire:
        seed()
        sent: dict[str, dict[str, str]] = {operation: {} for operation in OPERATIONS}
        for lane in lanes:
            with started[lane].child(lane, wire.url) as child:
                for operation, shown in requests_of(child, wire).items():
                    sent[operation][lane] = shown
    cpu: dict[str, dict[str, str]] = {}
    for size_bytes, operations in TIMED.items():
        with stub(size_bytes) as url, contextlib.ExitStack() as stack:
            children = {lane: stack.enter_context(started[lane].child(lane, url)) for lane in lanes}
            cpu |= ratios(children, operations, rounds)
    grown: dict[str, dict[str, str]] = {operation: {} for operation in MEMORY}
    for operation in MEMORY:
        with stub((256 if "256 MiB in" in operation else 64) << 20) as url:
            for lane in lanes:
                grown[operation][lane] = memory_of(started[lane], lane, url, operation)
    versions = {lane: version_of(started[lane], lane) for lane in lanes}
    return rendered(sent, cpu, grown, versions, missing, lanes, rounds)


def version_of(environment: Environment, lane: str) -> str:
    """Return what a lane is made of."""
    with environment.child(lane, "http://127.0.0.1:1") as child:
        return str(child.ask(do="versions").get("versions", "?"))


def rendered(
    sent: Mapping[str, Mapping[str, str]],
    cpu: Mapping[str, Mapping[str, str]],
    grown: Mapping[str, Mapping[str, str]],
    versions: Mapping[str, str],
    missing: Mapping[str, str],
    lanes: Sequence[str],
    rounds: int,
) -> str:
    """Return the tables of a run as a part of a page."""
    parts = ["## Lanes", "", *(f"- {lane}: {text}" for lane, text in versions.items())]
    parts += [f"- {lane} is left out: it could not be set up ({why})" for lane, why in missing.items()]
    parts += ["", "## Requests per operation", "", table("operation", sent, lanes)]
    parts += ["", f"## CPU against raw boto3 ({rounds} rounds: median, least and most)", ""]
    parts += [table("operation", cpu, [*[lane for lane in lanes if lane != "boto3"], "_raw"]).replace("_raw", "boto3")]
    parts += ["", "## Growth of a fresh process", "", table("transfer", grown, lanes), ""]
    return "\n".join(parts)


def main() -> None:
    """Measure, and print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lanes", default=",".join(NEEDS))
    parser.add_argument("--write", type=Path, help="a page whose part below the line '<!-- measured -->' is replaced")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(options.lanes.split(","), options.rounds, Path(folder))
    if options.write is None:
        print(report)
        return
    head, mark, _ = options.write.read_text().partition("<!-- measured -->\n")
    options.write.write_text(f"{head}{mark}\n{report}")


if __name__ == "__main__":
    main()
