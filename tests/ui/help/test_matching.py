"""The fuzzy search of the command palette."""

import pytest

from studio.ui.help.matching import MAX_RESULTS, Entry, rank


def entries(*titles):
    return [Entry(title, "Action", print) for title in titles]


def titles(found):
    return [entry.title for entry in found]


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("queue", "Queue"),
        ("QUE", "Queue"),
        ("sett", "Settings…"),
        ("folder batch", "Batch from a folder…"),
        ("bff", "Batch from a file…"),
        ("设置", "打开设置"),
        ("  theme   dark ", "Theme: dark"),
    ],
)
def test_the_best_match_comes_first(query, best):
    known = entries(
        "Pause the queue",
        "Queue",
        "Batch from a folder…",
        "Batch from a file…",
        "Settings…",
        "Theme: dark",
        "Theme: light",
        "打开设置",
    )
    assert titles(rank(known, query))[0] == best


def test_every_word_must_match():
    assert rank(entries("Theme: dark"), "theme queue") == []
    assert rank(entries("Theme: dark"), "xyz") == []


def test_other_texts_are_searched_after_the_title():
    found = rank([Entry("Save", "File", print, words="keep queue"), *entries("Queue")], "queue")
    assert titles(found) == ["Queue", "Save"]
    assert titles(rank([Entry("Save", "File", print, "Ctrl+S")], "ctrl+s")) == ["Save"]


def test_matches_of_a_provider_stay_in_its_order():
    own = [Entry(title, "Result", print, is_match=True) for title in ("b", "a", "c")]
    assert titles(rank([*own, *entries("x")], "lighthouse")) == ["b", "a", "c"]


def test_without_a_query_the_order_is_that_of_the_providers():
    known = entries(*map(str, range(1_000)))
    assert titles(rank(known, " ")) == [str(number) for number in range(MAX_RESULTS)]


@pytest.mark.parametrize("query", ["(", "a" * 10_000, ".*", "\\", "\0", "a " * 2_000])
def test_no_query_is_an_error(query):
    assert len(rank(entries("a" * 100_000, "Save"), query)) <= 2
