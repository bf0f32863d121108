"""Artifacts on disk and in the database, and their recipes. No Qt, no torch."""
