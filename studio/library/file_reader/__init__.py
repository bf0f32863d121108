"""Reads files for the index and thumbnails, in this process or in a child."""
