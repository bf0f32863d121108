"""Places in a text and in its editor, against the plain way to find them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.ui.text.places import Places, break_lines, units_of
from studio.ui.widgets import soft_break_view as module

TEXTS = st.text(alphabet="ab \n光\U0001f600", max_size=60)


@pytest.fixture(autouse=True)
def _short_lines(monkeypatch):
    monkeypatch.setattr(module, "MIN_BROKEN", 5)
    monkeypatch.setattr(module, "MAX_LINE", 8)


def shown_of(text):
    places = Places()
    shown, breaks = break_lines(text)
    places.replace(0, 0, text)
    places.replace_shown(0, 0, units_of(shown), breaks)
    return places, shown, breaks


def units(text):
    return text.encode("utf-16-le", "surrogatepass")


@given(TEXTS)
def test_broken_lines_are_short_and_have_the_whole_text(text):
    places, shown, breaks = shown_of(text)
    assert all(len(line) <= 8 for line in shown.split("\n"))
    whole = units(shown)
    for place in reversed(breaks):
        assert whole[2 * place : 2 * place + 2] == units("\n")
        whole = whole[: 2 * place] + whole[2 * place + 2 :]
    assert whole == units(text)
    assert places.shown_length(len(text)) == len(units(shown)) // 2


@given(TEXTS)
def test_each_character_is_found_in_the_editor_and_back(text):
    places, shown, _breaks = shown_of(text)
    coded = units(shown)
    for place, character in enumerate(text):
        at = places.to_shown(place)
        assert coded[2 * at :].startswith(units(character))
        assert places.to_text(at) == place
        assert places.to_text(places.to_shown(place, is_end=True)) == place
    assert places.to_text(places.to_shown(len(text))) == len(text)


@given(TEXTS, st.integers(0, 60), st.integers(0, 60), TEXTS)
def test_places_follow_changes(text, first, second, inserted):
    places, _shown, _breaks = shown_of(text)
    start, end = sorted(min(len(text), place) for place in (first, second))
    low, high = (
        places.to_shown(start),
        max(places.to_shown(start), places.to_shown(end, is_end=True)),
    )
    places.replace_shown(low, high - low, units_of(inserted))
    places.replace(start, end - start, inserted)
    after = text[:start] + inserted + text[end:]
    for place in range(len(after) + 1):
        assert places.to_text(places.to_shown(place)) == place
        assert places.to_shown(place) - places.to_shown(0, is_end=True) >= units_of(after[:place])


def test_a_line_goes_on_after_what_is_before_it():
    shown, breaks = break_lines("abcdef", used=6)
    assert (shown, breaks) == ("ab\ncdef", (2,))
