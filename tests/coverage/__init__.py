"""Runs tiny random checkpoints of every model family, through the path of its catalog card.

`python -m tests.coverage docs/models.md` writes the table of what works; `test_coverage.py` checks
each of its rows.
"""
