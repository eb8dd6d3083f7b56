"""The wire: a recording, fault-injecting HTTP/1.1 proxy on loopback, for the lane fixture of anything that talks HTTP.

    with Proxy(host, port, S3()) as wire:
        yield Subject(make=lambda: MyBackend(endpoint_url=wire.url), wire=wire, requests=wire, ...)

It needs h11 (`pip install 'rsconform[wire]'`).
"""

from rsconform.wire.dialects import HTTP, S3, Dialect
from rsconform.wire.proxy import Proxy

__all__ = ["HTTP", "S3", "Dialect", "Proxy"]
