"""Looking for sequences of operations that go wrong, outside a run."""
