"""Guided tasks such as headline and summary: TOML files that become requests; see docs/text.md.

No torch and no Qt: a task's fields become a prompt, and the texts of the model are cleaned,
checked and ranked.
"""
