"""`studio batch …`."""
