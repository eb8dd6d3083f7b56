"""What the wire costs: boto3 reads of an object through it, against the same reads of the same moto server without it.

Client, wire and server share one process, as they do in a run, and both ways are measured in turns.

Usage: python benchmarks/wire.py [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from rsconform.wire import S3, Proxy

SIZES = {"1 KiB": 1024, "1 MiB": 1024 * 1024}


def client_of(url: str) -> Any:
    """Return an S3 client that tries once."""
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    named = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nobodys", "region_name": "us-east-1"}
    return boto3.session.Session(**named).client("s3", endpoint_url=url, config=config)


def seconds_per_get(client: Any, key: str, times: int) -> float:
    """Return how much CPU one GET takes at client, wire and server, its body read to the end."""
    started = time.process_time()
    for _ in range(times):
        client.get_object(Bucket="bucket", Key=key)["Body"].read()
    return (time.process_time() - started) / times


def main() -> None:
    """Print a ratio for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with Proxy(host, port, S3()) as wire:
        direct, wired = client_of(f"http://{host}:{port}"), client_of(wire.url)
        direct.create_bucket(Bucket="bucket")
        for name, size in SIZES.items():
            direct.put_object(Bucket="bucket", Key="k", Body=bytes(size))
            times = 60 if size < 100_000 else 30
            pairs = [(seconds_per_get(wired, "k", times), seconds_per_get(direct, "k", times)) for _ in range(rounds)]
            ratios = [through / without for through, without in pairs]
            added = statistics.median(through - without for through, without in pairs) * 1000
            low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
            spread = f"ratio {middle:.2f} ({low:.2f} to {high:.2f})"
            print(f"GET of {name} through the wire\n  {spread}, {added:+.2f} ms of CPU")
    server.stop()


if __name__ == "__main__":
    main()
