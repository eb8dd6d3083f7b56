"""How listings come: one item after the other, and the same from an override as from the default."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from remote_store import Backend, RemoteStoreError

from rsconform.lanes.async_facade import class_of, contract_of
from rsconform.probes import ProbeContext, probe


@probe("operations.listing_iterator", surface="sync")
def listing_iterator(context: ProbeContext, op: str, argument: str) -> None:
    """What the operation returns is an iterator, not a list that was filled before."""
    listing = context.call(f"{op}()", getattr(context.backend, op), argument)
    if not hasattr(listing, "__next__"):
        context.fail(f"an iterator from {op}()", type(listing).__name__)


@probe("operations.lazy_listing")
def lazy_listing(context: ProbeContext, op: str, argument: str, few: str) -> None:
    """The first item comes before the requests for the last ones are sent, where many items take more than a few.

    Args:
        few: What lists a few items only.
    """
    before = _sent(context)
    context.call(f"{op}() of a few", _count, getattr(context.backend, op)(few))
    for_few = _sent(context) - before
    before = _sent(context)
    listing = iter(context.call(f"{op}()", getattr(context.backend, op), argument))
    context.call("the first item", next, listing)
    for_one = _sent(context) - before
    rest = context.call("the rest", _count, listing)
    in_all = _sent(context) - before
    if rest == 0 or in_all <= for_few:
        context.skip("a listing that takes several requests")
    if for_one == in_all:
        context.fail("some requests after the first item", f"all {in_all} of them sent before it")


@probe("operations.same_children")
def same_children(context: ProbeContext, path: str) -> None:
    """An iter_children() of its own gives the children that the inherited one would."""
    kind = class_of(context.backend)
    if kind.iter_children is contract_of(context.backend).iter_children:
        context.skip("an iter_children() of its own")
    own = context.call("iter_children()", _children, context.backend.iter_children(path))
    inherited = context.call("list_files() and list_folders()", _children, Backend.iter_children(context.backend, path))
    if own != inherited:
        lacking, strange = inherited - own, own - inherited
        observed = f"lacking {_shown(lacking)}, beyond them {_shown(strange)}"
        context.fail("the children that list_files() and list_folders() give", observed)


def _children(listing: Iterable[object]) -> Counter[tuple[str, str]]:
    return Counter((type(item).__name__, str(getattr(item, "path", item))) for item in listing)


def _shown(children: Counter[tuple[str, str]]) -> str:
    said = [f"{kind} {path!r}" for kind, path in sorted(children.elements())]
    return ", ".join(said[:5]) + (f" and {len(said) - 5} more" if len(said) > 5 else "") or "none"


def _count(listing: Iterable[object]) -> int:
    return sum(1 for _ in listing)


def _sent(context: ProbeContext) -> int:
    if context.subject.requests is None:
        context.skip_without("requests")
    return sum(context.subject.requests.counts().values())


@probe("operations.other_root_spelling")
def other_root_spelling(context: ProbeContext, root: str) -> None:
    """A listing of a spelling of the root that is left open shows only what is there."""
    try:
        found = [str(info.path) for info in context.backend.list_files(root, recursive=True)]
    except RemoteStoreError as exc:
        context.notes.append(f"list_files() of a further spelling of the root raises {type(exc).__name__}")
        return
    strange = sorted(set(found) - context.content.keys())
    if strange:
        context.fail(f"from list_files({root!r}) only what is there", f"{', '.join(strange)} as well")
    if len(found) < len(context.content):
        context.notes.append(f"list_files() of a further spelling of the root gives {'less' if found else 'nothing'}")
