"""Certificate and policy -> decision. Nothing is run for it."""
