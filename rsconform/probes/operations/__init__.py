"""Probes of single operations."""
