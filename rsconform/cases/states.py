"""States of the store, as TOML says them: what is `given`, and what holds `then`."""

from __future__ import annotations

from collections.abc import Mapping

from rsconform.cases.case import End, Given, GivenFile
from rsconform.cases.content import Content, Source
from rsconform.cases.deferred import Bound
from rsconform.cases.fill import unfold
from rsconform.cases.toml_values import BadValueError, list_of, literal_of, table_of, text_of
from rsconform.spec.keys import THEN_KEYS


def compile_given(table: Mapping[str, object]) -> Given:
    """Return the state that a case begins with."""
    files: dict[str, GivenFile] = {}
    folders: list[str] = []
    for key, value in table.items():
        # With content it is an object whose key ends in a slash: a marker, as other tools leave them in buckets.
        if key.endswith("/") and value == {}:
            folders.append(key.rstrip("/"))
            continue
        file = _given_file(value)
        files.update(dict.fromkeys(unfold(key), file))
    return Given(files, tuple(folders))


def _given_file(value: object) -> GivenFile:
    metadata: Mapping[str, str] | None = None
    if isinstance(value, Mapping) and "content" in value:
        for key in value:
            if key not in ("content", "metadata"):
                raise BadValueError("unknown-key", "unknown key of a file in `given`", key, ("content", "metadata"))
        if "metadata" in value:
            metadata = {key: text_of(item, "metadata") for key, item in table_of(value["metadata"]).items()}
        value = value["content"]
    content = literal_of(value)
    if isinstance(content, Bound):
        raise BadValueError("bad-placeholder", "nothing is bound yet when `given` is seeded", str(content))
    return GivenFile(content, metadata)


def compile_end(table: Mapping[str, object]) -> End:
    """Return what is demanded of the state that a case ends with."""
    for key in table:
        if key not in THEN_KEYS:
            raise BadValueError("unknown-key", "unknown key of `then`", key, THEN_KEYS)
    tree: dict[str, Content | Source | Bound] | None = None
    if "tree" in table:
        tree = {}
        for key, value in table_of(table["tree"]).items():
            tree.update(dict.fromkeys(unfold(key), literal_of(value)))
    folders = table.get("folders")
    return End(
        tree=tree,
        unchanged=table.get("unchanged", False) is True,
        folders=None if folders is None else tuple(text_of(name, "folders") for name in list_of(folders, "folders")),
        residue=False if "residue" in table else None,
        any_of=tuple(compile_end(table_of(item)) for item in list_of(table.get("any_of", []), "any_of")),
    )
