"""One case: its given state is made, its steps or probe run, its end checked."""
