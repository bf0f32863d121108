"""No regular expression of Studio takes more than linear time: prompts, files and model cards come
from others.
"""

import re

import pytest

from tests.regular_expressions import Found, collect, growth

ONE_PLACE = {
    ("studio/batch/a1111.py", r'"((?:[^"\\]|\\.)*+)"'): "used with `match` only, through a table",
}
"""Patterns that are quadratic in a search, and why that does no harm."""


def test_every_pattern_is_linear():
    found = collect()
    assert len(found) > 250
    slow = []
    for one in found:
        if (one.place.partition(":")[0], one.pattern.pattern) not in ONE_PLACE:
            ratio, text = growth(one)
            if ratio:
                slow.append(
                    f"{one.place} {one.pattern.pattern!r}: {ratio:.0f} times the time for 4 times "
                    f"{text}"
                )
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+(?=,)",
        r"(\w+)[ ,]$",
        r"unet.*blocks_[2-9]",
        r"For(Reward\w*)$",
        r"(?:\w+ )*?(\w+)(?= and)",
        "[\u200d]*x",
    ],
)
def test_check_finds_slow_patterns(pattern):
    assert growth(Found("here:1", re.compile(pattern), is_search=True))[0] >= 8


@pytest.mark.parametrize(
    "pattern", [r"(?<!\s)\s++(?=,)", r"\{([^{}:]{1,100})", r"a{0,400}b", r"[^\W\d_]{2,}"]
)
def test_check_accepts_linear_patterns(pattern):
    assert growth(Found("here:1", re.compile(pattern), is_search=True))[0] == 0
