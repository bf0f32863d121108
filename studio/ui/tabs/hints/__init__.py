"""Hints in the form of texts about a prompt, its constraints and its length."""
