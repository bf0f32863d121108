"""Find and replace: options, groups, origins, and expressions that never end."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import StudioError
from studio.documents import find as module
from studio.documents.document import new_document
from studio.documents.find import FindQuery, find_all, replace_all, replacement
from studio.documents.origins import IMPORTED, PERSON, Stretch

TEXT = "Rain, rain; raining 雨 Rain."


def places(query, text=TEXT):
    return [(match.start, match.end) for match in find_all(text, query).found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (FindQuery("rain"), [(0, 4), (6, 10), (12, 16), (22, 26)]),
        (FindQuery("Rain", is_case=True), [(0, 4), (22, 26)]),
        (FindQuery("rain", is_word=True), [(0, 4), (6, 10), (22, 26)]),
        (FindQuery("雨"), [(20, 21)]),
        (FindQuery("r.in", is_case=True), []),
        (FindQuery("r.in", is_case=True, is_regex=True), [(6, 10), (12, 16)]),
        (FindQuery("^Ra|n.$", is_regex=True), [(0, 2), (25, 27)]),
        (FindQuery("x*", is_regex=True), []),
        (FindQuery(""), []),
    ],
)
def test_find(query, expected):
    assert places(query) == expected


@pytest.mark.parametrize("pattern", ["(", "[a", "(?P<a>b)(?P<a", "*"])
def test_invalid_expression_is_named(pattern):
    with pytest.raises(StudioError, match="no regular expression"):
        find_all(TEXT, FindQuery(pattern, is_regex=True))


def test_expression_that_never_ends_is_stopped(monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.2)
    query = FindQuery("(x+x+)+y", is_regex=True)
    begun = time.monotonic()
    for do in (
        lambda: find_all("x" * 100_000, query),
        lambda: replace_all("x" * 100_000, (), query, "z"),
    ):
        with pytest.raises(StudioError, match="too long") as caught:
            do()
        assert caught.value.cure
    assert time.monotonic() - begun < 60


def test_groups_are_inserted():
    query = FindQuery(r"(\w+), (\w+)", is_regex=True)
    match = find_all(TEXT, query).found[0]
    assert replacement(TEXT, query, match, r"\2 and \1") == "rain and Rain"
    assert replacement(TEXT, FindQuery("Rain"), match, r"\2") == r"\2"
    with pytest.raises(StudioError, match="replacement"):
        replacement(TEXT, query, match, r"\9")
    with pytest.raises(StudioError, match="replacement"):
        replace_all(TEXT, (Stretch(len(TEXT), PERSON),), query, r"\9")


def test_too_many_matches_are_cut(monkeypatch):
    monkeypatch.setattr(module, "MAX_MATCHES", 3)
    assert find_all("aaaa", FindQuery("a")).is_cut
    assert not find_all("aaa", FindQuery("a")).is_cut


@given(
    st.text(alphabet="ab光", max_size=30),
    st.sampled_from(["a", "ab", "光"]),
    st.sampled_from(["", "x", "aa"]),
)
def test_everything_is_replaced_and_the_rest_keeps_its_origin(text, wanted, by):
    document = new_document("A", text, IMPORTED)
    change, number = replace_all(document.text, document.origins, FindQuery(wanted), by)
    assert number == text.count(wanted)
    document.apply(change)
    assert document.text == text.replace(wanted, by)
    kept = sum(s.length for s in document.origins if s.origin == IMPORTED)
    assert kept == len(text) - number * len(wanted)


def test_expression_with_groups_replaces_all():
    text = "a1 b2 c3"
    origins = (Stretch(len(text), IMPORTED),)
    change, number = replace_all(text, origins, FindQuery(r"(\w)(\d)", is_regex=True), r"\2\1\n")
    assert (change.inserted, number) == ("1a\n 2b\n 3c\n", 3)


def test_replacement_does_not_grow_without_limit(monkeypatch):
    monkeypatch.setattr(module, "MAX_REPLACED_CHARACTERS", 10)
    with pytest.raises(StudioError, match="too long"):
        replace_all("aaa", (Stretch(3, PERSON),), FindQuery("a"), "xxxxx")
