"""Batch files: read, checked row by row, planned as jobs, reported at the end."""
