"""`studio models …`."""
