"""Runs video pipelines of diffusers."""
