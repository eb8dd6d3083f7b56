"""Case x lane -> outcome: the interpreter, the invariants, the journal and the supervisor."""
