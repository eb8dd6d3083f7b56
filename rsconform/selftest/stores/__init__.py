"""Right stores and backends of our own, which mutants and controls are made from."""
