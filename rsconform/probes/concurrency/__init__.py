"""Probes of operations that run at the same time."""
