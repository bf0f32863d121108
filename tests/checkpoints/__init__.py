"""Makes tiny random checkpoints of the real classes, for tests."""
