"""Keys and native paths beyond what two calls show."""

from __future__ import annotations

from rsconform.probes import ProbeContext, probe


@probe("operations.look_alike_key")
def look_alike_key(context: ProbeContext) -> None:
    """to_key() does not take for its root what only begins with the same letters."""
    root = context.call("native_path()", context.backend.native_path, "")
    own = context.call("native_path()", context.backend.native_path, "zz")
    if not root or not root[-1].isalnum() or own == f"{root}zz":
        context.skip("a native root whose name could go on")
    for native in (f"{root}zz", f"{root}zz/f.txt"):
        key = context.call("to_key()", context.backend.to_key, native)
        if key != native:
            context.fail(f"to_key({native!r}) to leave it alone: it is not below {root!r}", repr(key))


@probe("operations.foreign_key")
def foreign_key(context: ProbeContext, native: str) -> None:
    """to_key() does not fold what is not below its root."""
    if not context.call("native_path()", context.backend.native_path, ""):
        context.skip("a native root")
    key = context.call("to_key()", context.backend.to_key, native)
    if key != native:
        context.fail(f"to_key({native!r}) to leave it alone", repr(key))


@probe("operations.key_below_root")
def key_below_root(context: ProbeContext, key: str) -> None:
    """The native path of a key begins as the root does, at least with its prefix."""
    root = context.call("native_path()", context.backend.native_path, "")
    native = context.call("native_path()", context.backend.native_path, key)
    if root[:1] != native[:1] and root:
        context.fail(f"native_path({key!r}) to begin as the root {root!r} does", repr(native))


@probe("operations.key_with_root_inside")
def key_with_root_inside(context: ProbeContext) -> None:
    """The root comes off the front alone, not out of the middle of a key."""
    root = context.call("native_path()", context.backend.native_path, "")
    letters = "".join(character for character in reversed(root) if character.isalnum())
    for key in ("/".join(_folded(f"a{root}/b")), f"{letters}/{letters}" if letters else "a"):
        native = context.call("native_path()", context.backend.native_path, key)
        back = context.call("to_key()", context.backend.to_key, native)
        if back != key:
            context.fail(f"{key!r} from to_key() of its native path {native!r}", repr(back))


@probe("operations.key_round_trip")
def key_round_trip(context: ProbeContext, key: str) -> None:
    """A key that is not canonical comes back as it was or folded, never as the key of something else."""
    native = context.call("native_path()", context.backend.native_path, key)
    back = context.call("to_key()", context.backend.to_key, native)
    if _folded(str(back)) != _folded(key):
        context.fail(f"{key!r} from to_key() of its native path, or what it is folded to", repr(back))
    if back != key:
        context.notes.append("a key that is not canonical comes back from to_key() folded")


def _folded(key: str) -> list[str]:
    return [part for part in key.replace("\\", "/").split("/") if part not in ("", ".")]
