"""Controls: right backends of odd kinds, which the kit must not accuse."""
