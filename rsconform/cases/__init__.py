"""Axiom x lane facts -> cases: matrices unfolded, placeholders filled in, every name checked."""
