"""What several probes use, and what the probe of a lane may use: sources, observers, ordinary use, errors."""
