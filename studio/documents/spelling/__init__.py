"""Spell check: words of a text, the dictionaries in a child process, and a person's own words."""
