"""Counts of words and characters in several scripts."""

import pytest

from studio.documents.counts import TextCounts, count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", TextCounts()),
        ("Rain fell; it's late-night rain.", TextCounts(5, 32, 0, 1)),
        ("春风送爽，落叶飘零。", TextCounts(8, 10, 8, 1)),
        ("用 GPU 运行\n\n  two words\n", TextCounts(6, 19, 3, 2)),
        ("😀 é", TextCounts(1, 3, 0, 1)),
    ],
)
def test_counts(text, expected):
    assert count(text) == expected
