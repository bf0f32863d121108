"""Loads and runs video pipelines of diffusers."""
