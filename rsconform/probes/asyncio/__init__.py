"""Probes of AsyncBackend, and of the adapters between sync and async."""
