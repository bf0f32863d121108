"""Alternatives in the prompt of a form, read as in a batch."""
