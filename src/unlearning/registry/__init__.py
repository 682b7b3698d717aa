"""The model registry: versions, moves, transitions, the journal and the lock."""
