"""What runs, family by family: tiny random checkpoints of the real classes, through each card's own
path.

`python -m tests.coverage docs/models.md` writes the table; `test_coverage.py` holds every row of it
true.
"""
