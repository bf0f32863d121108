"""Plays videos in the window: decoded by a child process, painted here, with audio in step."""
