"""Tests of what limits a text while it is generated."""
