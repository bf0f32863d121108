"""Stop strings end a text wherever its pieces are cut."""

from hypothesis import given
from hypothesis import strategies as st

from studio.engine.text.constraints.stop_strings import StopStrings


@given(
    st.lists(st.text("ab\n", max_size=4), max_size=8),
    st.lists(st.text("ab\n", min_size=1), max_size=3),
)
def test_text_ends_before_the_first_stop_string(pieces, strings):
    stop = StopStrings(strings)
    sent = "".join(map(stop.push, pieces)) + stop.finish()
    whole = "".join(pieces)
    assert sent == stop.text
    assert whole.startswith(sent)
    assert not any(string in sent for string in strings)
    assert bool(stop.found) == any(string in whole for string in strings)
    if not stop.found:
        assert sent == whole
    else:
        assert stop.found in whole


def test_text_is_held_back_only_while_it_may_stop():
    stop = StopStrings(["END"])
    sent = [stop.push(piece) for piece in ("a E", "N", "x", "EN", "D", "more")]
    assert sent == ["a ", "", "ENx", "", "", ""]
    assert stop.found == "END"
