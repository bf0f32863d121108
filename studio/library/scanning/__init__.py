"""Scans of the library's folders, and rebuilds of its index."""
