"""What a table of steps cannot say of Redis."""

from __future__ import annotations

from rsconform.probes import ProbeContext, probe


@probe(surface="sync")
def other_prefix(context: ProbeContext, folder: str) -> None:
    """The same folder below another prefix keeps its files."""
    backend = context.backend
    other = type(backend)(backend.url, f"{backend.prefix}other:")
    context.call("write() below another prefix", other.write, f"{folder}/b", b"theirs")
    context.call("delete_folder()", backend.delete_folder, folder, recursive=True)
    kept = context.call("is_file() below another prefix", other.is_file, f"{folder}/b")
    if not kept:
        context.fail("the file of the other prefix is kept", "it is gone")
