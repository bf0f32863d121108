"""Families that write text."""

from tests.checkpoints_text import make_gpt2
from tests.coverage.family import Family

FAMILIES = [
    Family("gpt2", make_gpt2),
]
