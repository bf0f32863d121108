"""Repositories of a hub, and downloads from it in a process of its own."""
