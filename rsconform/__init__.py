"""rsconform: the contract of remote_store as data, run against any backend, ending in a certificate."""

__version__ = "0.1.0.dev0"
