"""Mutation backends, each in one known way, and correct but unusual ones: what the kit is tried on."""
