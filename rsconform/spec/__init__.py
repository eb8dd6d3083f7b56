"""The contract as data: TOML files become axioms. No I/O beyond reading them."""
