"""Thumbnails of the library's files: how they are made, and where they are kept."""
