"""Markdown text to blocks, and blocks to Markdown text."""
