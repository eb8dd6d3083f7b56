"""Mutants, one module a family: each mutant beside the behaviour that makes it wrong."""
