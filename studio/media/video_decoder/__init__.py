"""Decodes videos in a child process, because a damaged or hostile file may crash the decoder."""
