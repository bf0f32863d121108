"""Runs image pipelines of diffusers."""
