"""Probes of memory, handles, threads and requests that pile up."""
