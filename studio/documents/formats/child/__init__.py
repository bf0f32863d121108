"""Reads documents in a child process, because a hostile file may take all memory or never end."""
