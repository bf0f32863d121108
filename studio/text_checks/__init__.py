"""Checks of a generated text: plain functions without a model; see docs/text.md.

Each takes a text and returns a `Check` with the places that it is about.
"""
