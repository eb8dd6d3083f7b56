"""What is under way while the store changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice

from rsconform.probes import ProbeContext, probe

_CHANGES = {
    "write": lambda backend, path: backend.write(path, b"new"),
    "overwrite": lambda backend, path: backend.write(path, b"new", overwrite=True),
    "delete": lambda backend, path: backend.delete(path),
}


@probe("operations.listing_during_changes")
def listing_during_changes(
    context: ProbeContext,
    path: str,
    op: str,
    change: str,
    changed: str,
    *,
    recursive: bool = False,
    max_depth: int | None = None,
) -> None:
    """What was there all the time is listed once; what came, went or changed meanwhile once at most."""
    options: dict[str, object] = {"recursive": True} if recursive else {}
    options |= {"max_depth": max_depth} if max_depth is not None else {}
    entries = iter(context.call(f"{op}()", getattr(context.backend, op), path, **options))
    seen = Counter([_path(context.call("the first entry", next, entries, None))])
    if changed in seen:  # What is still to come shows more.
        changed = next(name for name in context.content if name not in seen)
    context.change(f"{change} meanwhile", _CHANGES[change], context.backend, changed)
    for _ in range(10_000):
        entry = context.call("the next entry", next, entries, None)
        if entry is None:
            break
        seen[_path(entry)] += 1
    steady = set(context.content) - {changed}
    _require_each_once(context, seen, steady, {*steady, changed})


@probe("operations.clear_while_listing")
def clear_while_listing(context: ProbeContext, path: str, op: str) -> None:
    """Each file of a folder is deleted as soon as it is listed, as in a cleanup; all of them are listed."""
    entries = iter(context.call(f"{op}()", getattr(context.backend, op), path))
    seen: Counter[str] = Counter()
    for _ in range(10_000):
        entry = context.call("the next entry", next, entries, None)
        if entry is None:
            break
        seen[_path(entry)] += 1
        context.change("delete() of what was listed", context.backend.delete, _path(entry), missing_ok=True)
    missing, strange = set(context.content) - set(seen), set(seen) - set(context.content)
    if missing or strange or len(seen) != seen.total():
        context.fail(
            f"each of {len(context.content)} files once",
            f"{len(missing)} missing, {len(strange)} made up, {seen.total() - len(seen)} more than once",
        )


@probe("operations.listing_deleted_subfolder")
def listing_deleted_subfolder(context: ProbeContext, path: str, max_depth: int | None = None) -> None:
    """A recursive listing meets that a folder is deleted which it has not come to yet."""
    options = {} if max_depth is None else {"max_depth": max_depth}
    entries = iter(context.call("list_files()", context.backend.list_files, path, recursive=True, **options))
    first = _path(context.call("the first entry", next, entries, None))
    folders = sorted({name.rpartition("/")[0] for name in context.content} - {first.rpartition("/")[0]})
    gone = folders[len(folders) // 2]
    context.change("delete_folder() meanwhile", context.backend.delete_folder, gone, recursive=True)
    seen = Counter([first, *(_path(entry) for entry in context.call("the other entries", _some, entries))])
    steady = {name for name in context.content if not name.startswith(f"{gone}/")}
    _require_each_once(context, seen, steady, context.content)


def _some(entries: Iterator[object]) -> list[object]:
    return list(islice(entries, 10_000))


@probe("operations.list_folders_during_changes")
def list_folders_during_changes(context: ProbeContext, path: str, change: str, changed: str) -> None:
    """The same of list_folders(), where what changes is a file in one of the folders."""
    entries = iter(context.call("list_folders()", context.backend.list_folders, path))
    seen = Counter([_path(context.call("the first entry", next, entries, None))])
    context.change(f"{change} meanwhile", _CHANGES[change], context.backend, changed)
    for entry in context.call("the other entries", list, entries):
        seen[_path(entry)] += 1
    own = changed.rpartition("/")[0]
    steady = {name.rpartition("/")[0] for name in context.content} - {own}
    _require_each_once(context, seen, steady, {*steady, own})


def _require_each_once(
    context: ProbeContext, seen: Counter[str], steady: Collection[str], possible: Collection[str]
) -> None:
    """Look whether what was there all the time was listed once, and what was there at some time once at most."""
    missing = sorted(set(steady) - set(seen))
    wrong = sorted(name for name, count in seen.items() if count > 1 or name not in possible)
    if missing or wrong:
        context.fail("every entry once", f"missing: {missing or 'none'}; more than once, or made up: {wrong or 'none'}")


def _path(entry: object) -> str:
    return str(getattr(entry, "path", entry))
