"""Sequences of operations, and the plain dictionary that they are compared with."""
