"""One lane in one worker: its subjects, its store, its limits."""
