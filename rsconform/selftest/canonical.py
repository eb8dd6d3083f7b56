"""The canonical cases: what every mutant is put to beside the cases of its own axiom."""

from typing import Final

# One per operation, and of each kind of refusal one.
CANONICAL: Final = frozenset(
    {
        "BE-004b/there[path=d/e/f.txt]",
        "BE-005a/file[path=a,ask=is_file]",
        "BE-005a/file[path=a,ask=is_folder]",
        "BE-006a/again",
        "BE-007a/top-level",
        "BE-008a/content[content=text,path=a]",
        "BE-008c/existing[how=bytes,overwrite=omitted]",
        "BE-008d/replaced[how=bytes,old=longer]",
        "BE-010a/top-level[how=atomic]",
        "BE-010a/top-level[how=open]",
        "BE-012a/nested[mode=omitted]",
        "BE-013b/nested",
        "BE-014a/immediate[recursion=omitted]",
        "BE-014b/recursive",
        "BE-015a/immediate",
        "BE-016a/described[file=nested]",
        "BE-017a/counted[folder=top]",
        "BE-018a/moved[at=down]",
        "BE-019a/copied[at=up]",
        "BE-020a/unused",
        "BE-021d/missing[call=delete]",
        "BE-021d/missing[call=read]",
        "BE-024b/files[at=one-level]",
        "BE-025b/root",
        "BE-026a/children",
        "SEEK-003a/back-again",
        "WR-001a.1/path-and-size[op=write,content=stream]",
    }
)
