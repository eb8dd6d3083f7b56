"""Probes of operations that are stopped in their middle."""
