"""One lane of s3_costs.py, in a process of its own: runs the operations sent on standard input and reports their cost.

It runs in environments that hold nothing but the lane's own client, so it imports nothing else.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import io
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MiB = 1 << 20
PIECE = 256 << 10
NUMBERS = itertools.count(random.randrange(1 << 40))
CREDENTIALS = {"key": "k", "secret": "s", "region_name": "us-east-1"}


class Zeros(io.RawIOBase):
    """So many zeros that cannot be sought in."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._left)
        self._left -= count
        buffer[:count] = bytes(count)
        return int(count)


def new_key() -> str:
    return f"new/{next(NUMBERS)}"


def drained(stream: Any, size: int) -> None:
    with contextlib.closing(stream):
        while stream.read(size):
            continue


def at_random(stream: Any) -> None:
    with contextlib.closing(stream):
        for number in range(10):
            stream.seek((number * 7919 * 997) % (8 * MiB - 4096))
            stream.read(4096)


def contract(backend: Any) -> Mapping[str, Callable[[], Any]]:
    """Return the operations through remote-store's contract; what each needs is made by `ready` before it is timed."""
    from remote_store import AlreadyExists, NotFound

    def but(error: type[Exception], call: Callable[[], Any]) -> None:
        with contextlib.suppress(error):
            call()

    small = bytes(1024)
    return {
        "read_bytes 1 KiB": lambda: backend.read_bytes("small"),
        "read() of 3 MiB, one read()": lambda: drained(backend.read("medium"), -1),
        "read() of 3 MiB, 64 KiB reads": lambda: drained(backend.read("medium"), 65536),
        "read_seekable 8 MiB, 10 x 4 KiB": lambda: at_random(backend.read_seekable("large")),
        "write 1 KiB, overwrite": lambda: backend.write("written", small, overwrite=True),
        "write 1 KiB, new": lambda: backend.write(new_key(), small),
        "write 1 KiB, taken": lambda: but(AlreadyExists, lambda: backend.write("small", small)),
        "write stream 1 KiB": lambda: backend.write("written", io.BytesIO(small), overwrite=True),
        "write stream 12 MiB": lambda: backend.write("written", io.BytesIO(bytes(12 * MiB)), overwrite=True),
        "exists, file": lambda: backend.exists("small"),
        "exists, folder": lambda: backend.exists("folder"),
        "exists, miss": lambda: backend.exists("miss"),
        "is_folder, file": lambda: backend.is_folder("small"),
        "is_folder, folder": lambda: backend.is_folder("folder"),
        "is_folder, miss": lambda: backend.is_folder("miss"),
        "get_file_info, hit": lambda: backend.get_file_info("small"),
        "get_file_info, miss": lambda: but(NotFound, lambda: backend.get_file_info("miss")),
        "list_files, 50 files": lambda: list(backend.list_files("flat")),
        "list recursive, 200 in 20 folders": lambda: list(backend.list_files("nested", recursive=True)),
        "list recursive, 2000 keys": lambda: list(backend.list_files("many", recursive=True)),
        "get_folder_info, 200 in 20 folders": lambda: backend.get_folder_info("nested"),
        "copy, new": lambda: backend.copy("small", new_key()),
        "copy, overwrite": lambda: backend.copy("small", "copied", overwrite=True),
        "move, new": lambda: backend.move("spare", new_key()),
        "delete, hit": lambda: backend.delete("spare"),
        "delete, miss": lambda: backend.delete("miss", missing_ok=True),
        "delete_folder, 50 files": lambda: backend.delete_folder("doomed", recursive=True),
        "drain 64 MiB, one read()": lambda: drained(backend.read("bulk"), -1),
        "read 64 MiB in 256 KiB": lambda: drained(backend.read("bulk"), PIECE),
        "read 256 MiB in 256 KiB": lambda: drained(backend.read("bulk"), PIECE),
        "write stream 64 MiB": lambda: backend.write("written", Zeros(64 * MiB), overwrite=True),
        "write stream 256 MiB": lambda: backend.write("written", Zeros(256 * MiB), overwrite=True),
    }


def ours(url: str) -> Mapping[str, Callable[[], Any]]:
    from rsconform_s3 import S3Boto3Backend

    return contract(S3Boto3Backend("bucket", endpoint_url=url, conditional_writes=True, **CREDENTIALS))


def prototype(url: str) -> Mapping[str, Callable[[], Any]]:
    from remote_store.backends._s3_boto3 import S3Boto3Backend

    return contract(S3Boto3Backend("bucket", endpoint_url=url, **CREDENTIALS))


def s3fs(url: str) -> Mapping[str, Callable[[], Any]]:
    from remote_store.backends import S3Backend

    return contract(S3Backend("bucket", endpoint_url=url, **CREDENTIALS))


def pyarrow(url: str) -> Mapping[str, Callable[[], Any]]:
    from remote_store.backends import S3PyArrowBackend

    return contract(S3PyArrowBackend("bucket", endpoint_url=url, **CREDENTIALS))


def boto3(url: str) -> Mapping[str, Callable[[], Any]]:
    """Return the fewest calls of boto3 that do the job, with a client as anybody makes it."""
    from boto3 import client as make
    from botocore.exceptions import ClientError

    s3 = make("s3", endpoint_url=url, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")
    small, where = bytes(1024), {"Bucket": "bucket"}

    def but(call: Callable[[], Any]) -> None:
        with contextlib.suppress(ClientError):
            call()

    def listed(prefix: str, **more: str) -> list[Any]:
        pages = s3.get_paginator("list_objects_v2").paginate(**where, Prefix=prefix, **more)
        return [entry for page in pages for entry in page.get("Contents", ())]

    def body(key: str) -> Any:
        return s3.get_object(**where, Key=key)["Body"]

    def head(key: str) -> Any:
        return s3.head_object(**where, Key=key)

    def below(key: str) -> Any:
        return s3.list_objects_v2(**where, Prefix=f"{key}/", MaxKeys=1)

    def ranged() -> None:
        for number in range(10):
            start = (number * 7919 * 997) % (8 * MiB - 4096)
            s3.get_object(**where, Key="large", Range=f"bytes={start}-{start + 4095}")["Body"].read()

    def put(key: str, content: Any, **more: str) -> Any:
        return s3.put_object(**where, Key=key, Body=content, **more)

    def copied(key: str) -> Any:
        return s3.copy_object(**where, Key=key, CopySource={**where, "Key": "small"})

    def moved() -> None:
        copied(new_key())
        s3.delete_object(**where, Key="spare")

    def folder_deleted() -> None:
        keys = [{"Key": entry["Key"]} for entry in listed("doomed/")]
        s3.delete_objects(**where, Delete={"Objects": keys, "Quiet": True})

    return {
        "read_bytes 1 KiB": lambda: body("small").read(),
        "read() of 3 MiB, one read()": lambda: body("medium").read(),
        "read() of 3 MiB, 64 KiB reads": lambda: drained(body("medium"), 65536),
        "read_seekable 8 MiB, 10 x 4 KiB": ranged,
        "write 1 KiB, overwrite": lambda: put("written", small),
        "write 1 KiB, new": lambda: put(new_key(), small, IfNoneMatch="*"),
        "write 1 KiB, taken": lambda: but(lambda: put("small", small, IfNoneMatch="*")),
        "write stream 1 KiB": lambda: put("written", io.BytesIO(small)),
        "write stream 12 MiB": lambda: s3.upload_fileobj(io.BytesIO(bytes(12 * MiB)), "bucket", "written"),
        "exists, file": lambda: head("small"),
        "exists, folder": lambda: (but(lambda: head("folder")), below("folder")),
        "exists, miss": lambda: (but(lambda: head("miss")), below("miss")),
        "is_folder, file": lambda: below("small"),
        "is_folder, folder": lambda: below("folder"),
        "is_folder, miss": lambda: below("miss"),
        "get_file_info, hit": lambda: head("small"),
        "get_file_info, miss": lambda: but(lambda: head("miss")),
        "list_files, 50 files": lambda: listed("flat/", Delimiter="/"),
        "list recursive, 200 in 20 folders": lambda: listed("nested/"),
        "list recursive, 2000 keys": lambda: listed("many/"),
        "get_folder_info, 200 in 20 folders": lambda: listed("nested/"),
        "copy, new": lambda: copied(new_key()),
        "copy, overwrite": lambda: copied("copied"),
        "move, new": moved,
        "delete, hit": lambda: s3.delete_object(**where, Key="spare"),
        "delete, miss": lambda: s3.delete_object(**where, Key="miss"),
        "delete_folder, 50 files": folder_deleted,
        "drain 64 MiB, one read()": lambda: body("bulk").read(),
        "read 64 MiB in 256 KiB": lambda: drained(body("bulk"), PIECE),
        "read 256 MiB in 256 KiB": lambda: drained(body("bulk"), PIECE),
        "write stream 64 MiB": lambda: s3.upload_fileobj(Zeros(64 * MiB), "bucket", "written"),
        "write stream 256 MiB": lambda: s3.upload_fileobj(Zeros(256 * MiB), "bucket", "written"),
    }


def obstore(url: str) -> Mapping[str, Callable[[], Any]]:
    """Return the calls of obstore that do the job; streams are handed over as iterators."""
    from obstore.store import S3Store

    store = S3Store(
        "bucket",
        endpoint=url,
        access_key_id="k",
        secret_access_key="s",
        region="us-east-1",
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    small = bytes(1024)

    def but(call: Callable[[], Any]) -> None:
        with contextlib.suppress(Exception):
            call()

    def pieces(size: int) -> Any:
        source = Zeros(size)
        return iter(lambda: source.read(PIECE), b"")

    def streamed(key: str, size: int) -> None:
        for _ in store.get(key).stream(min_chunk_size=size):
            continue

    def listed(prefix: str) -> list[Any]:
        return [entry for page in store.list(prefix) for entry in page]

    def ranged() -> None:
        for number in range(10):
            start = (number * 7919 * 997) % (8 * MiB - 4096)
            store.get_range("large", start=start, length=4096)

    return {
        "read_bytes 1 KiB": lambda: store.get("small").bytes(),
        "read() of 3 MiB, one read()": lambda: store.get("medium").bytes(),
        "read() of 3 MiB, 64 KiB reads": lambda: streamed("medium", 65536),
        "read_seekable 8 MiB, 10 x 4 KiB": ranged,
        "write 1 KiB, overwrite": lambda: store.put("written", small),
        "write 1 KiB, new": lambda: store.put(new_key(), small, mode="create"),
        "write 1 KiB, taken": lambda: but(lambda: store.put("small", small, mode="create")),
        "write stream 1 KiB": lambda: store.put("written", iter([small])),
        "write stream 12 MiB": lambda: store.put("written", pieces(12 * MiB)),
        "exists, file": lambda: store.head("small"),
        "exists, folder": lambda: (but(lambda: store.head("folder")), next(iter(store.list("folder/")), None)),
        "exists, miss": lambda: (but(lambda: store.head("miss")), next(iter(store.list("miss/")), None)),
        "is_folder, file": lambda: next(iter(store.list("small/")), None),
        "is_folder, folder": lambda: next(iter(store.list("folder/")), None),
        "is_folder, miss": lambda: next(iter(store.list("miss/")), None),
        "get_file_info, hit": lambda: store.head("small"),
        "get_file_info, miss": lambda: but(lambda: store.head("miss")),
        "list_files, 50 files": lambda: store.list_with_delimiter("flat"),
        "list recursive, 200 in 20 folders": lambda: listed("nested"),
        "list recursive, 2000 keys": lambda: listed("many"),
        "get_folder_info, 200 in 20 folders": lambda: listed("nested"),
        "copy, new": lambda: store.copy("small", new_key()),
        "copy, overwrite": lambda: store.copy("small", "copied"),
        "move, new": lambda: store.rename("spare", new_key()),
        "delete, hit": lambda: store.delete("spare"),
        "delete, miss": lambda: but(lambda: store.delete("miss")),
        "delete_folder, 50 files": lambda: store.delete([entry["path"] for entry in listed("doomed")]),
        "drain 64 MiB, one read()": lambda: bytes(store.get("bulk").bytes()),
        "read 64 MiB in 256 KiB": lambda: streamed("bulk", PIECE),
        "read 256 MiB in 256 KiB": lambda: streamed("bulk", PIECE),
        "write stream 64 MiB": lambda: store.put("written", pieces(64 * MiB)),
        "write stream 256 MiB": lambda: store.put("written", pieces(256 * MiB)),
    }


LANES = {"boto3": boto3, "ours": ours, "prototype": prototype, "s3fs": s3fs, "pyarrow": pyarrow, "obstore": obstore}
PARTS = ("remote-store", "boto3", "botocore", "s3fs", "aiobotocore", "pyarrow", "obstore")


def versions() -> str:
    """Return what is installed of what matters, with Python's version."""
    found = []
    for part in PARTS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{part} {importlib.metadata.version(part)}")
    return ", ".join([*found, f"Python {sys.version.split()[0]}"])


def resident(field: str) -> int:
    with Path("/proc/self/status").open() as status:
        line = next(line for line in status if line.startswith(field))
    return int(line.split()[1]) * 1024


def grown(call: Callable[[], Any]) -> int:
    """Return by how much the process grew at most while a call was under way (Linux)."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    call()
    return resident("VmHWM") - before


def answer(operations: Mapping[str, Callable[[], Any]], order: Mapping[str, Any]) -> dict[str, Any]:
    if order["do"] == "versions":
        return {"versions": versions()}
    call = operations[order["do"]]
    try:
        if order.get("memory"):
            return {"grew_bytes": grown(call)}
        started = time.process_time()
        for _ in range(order.get("times", 1)):
            call()
        return {"cpu_s": time.process_time() - started}
    except Exception as exc:
        return {"failed": type(exc).__name__}


def main() -> None:
    name, url = sys.argv[1:]
    operations = LANES[name](url)
    # Whatever a library prints is not for who asks.
    said, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        said.write(json.dumps(answer(operations, json.loads(line))) + "\n")
        said.flush()


if __name__ == "__main__":
    main()
