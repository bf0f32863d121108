"""Texts, changes of them, and who wrote what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.documents.document import (
    Change,
    change_to,
    clean_text,
    difference,
    insertion,
    new_document,
    title_of,
)
from studio.documents.origins import (
    IMPORTED,
    PERSON,
    Origin,
    Stretch,
    cut,
    merged,
    replace,
    shares,
    stretches_of,
    total_length,
    with_length,
)

MODEL = Origin("model", "job-1")
ORIGINS = st.sampled_from([PERSON, IMPORTED, MODEL, Origin("model", "job-2")])
STRETCHES = st.lists(st.builds(Stretch, st.integers(0, 5), ORIGINS), max_size=8).map(merged)


def spelled(stretches):
    """One origin a character: the plain form that run lengths stand for."""
    return [stretch.origin for stretch in stretches for _ in range(stretch.length)]


@given(STRETCHES, STRETCHES, st.integers(0, 40), st.integers(0, 40))
def test_stretches_are_replaced_like_a_list(stretches, by, first, second):
    start, end = sorted(min(total_length(stretches), place) for place in (first, second))
    after = replace(stretches, start, end, by)
    plain = spelled(stretches)
    assert spelled(after) == plain[:start] + spelled(by) + plain[end:]
    assert after == merged(after)
    assert spelled(cut(stretches, start, end)) == plain[start:end]


@given(STRETCHES, st.integers(0, 30))
def test_stored_stretches_fit_their_text_whatever_they_are(stretches, length):
    assert total_length(with_length(stretches, length)) == length


@given(
    st.text(max_size=20),
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 30), st.text(max_size=5), ORIGINS), max_size=10
    ),
)
def test_changes_are_taken_back_with_their_origins(text, edits):
    document = new_document("A", text, IMPORTED)
    states, backs = [(document.text, document.origins)], []
    for first, second, inserted, origin in edits:
        start, end = sorted(min(len(document.text), place) for place in (first, second))
        backs.append(document.apply(insertion(start, inserted, origin, removed=end - start)))
        states.append((document.text, document.origins))
        assert total_length(document.origins) == len(document.text)
    for back in reversed(backs):
        assert (document.text, document.origins) == states.pop()
        document.apply(back)
    assert (document.text, document.origins) == states.pop()


@pytest.mark.parametrize(
    "change",
    [
        Change(4, 0, "", ()),
        Change(0, 4, "", ()),
        Change(-1, 0, "", ()),
        Change(0, 0, "ab", stretches_of(1, PERSON)),
    ],
)
def test_impossible_change_is_refused(change):
    document = new_document("A", "abc")
    with pytest.raises(ValueError, match=r"outside|origins"):
        document.apply(change)
    assert document.text == "abc"


@given(st.text(alphabet="ab\n光", max_size=30), st.text(alphabet="ab\n光", max_size=30))
def test_difference_leads_from_one_text_to_the_other(before, after):
    position, removed, inserted = difference(before, after)
    assert before[:position] + inserted + before[position + removed :] == after


@given(
    st.text(alphabet="ab", max_size=12), st.text(alphabet="ab", max_size=12), STRETCHES, STRETCHES
)
def test_document_gets_another_text_with_its_origins(before, after, first, second):
    document = new_document("A", before)
    document.origins = with_length(first, len(before))
    origins = with_length(second, len(after))
    document.apply(change_to(document, after, origins))
    assert (document.text, document.origins) == (after, origins)


def test_difference_is_small():
    assert difference("one two three", "one 2 three") == (4, 3, "2")


def test_text_has_one_kind_of_line_break_and_nothing_that_cannot_be_stored():
    assert clean_text("a\r\nb\rc\u2029d\0e\ud800f\ufdd0") == "a\nb\nc\nd\ufffde\ufffdf\ufffd"
    clean_text("光\U0001f600\u2028").encode()


def test_title_is_the_first_line_with_letters():
    assert title_of("\n\n## Rain *again*\ntext") == "Rain *again*"
    assert title_of("\n \n") == ""
    assert len(title_of("w" * 500)) == 60


def test_shares_count_characters():
    document = new_document("A", "abcd", IMPORTED)
    document.apply(insertion(4, "ef", MODEL))
    document.apply(insertion(0, "x"))
    assert shares(document.origins) == {"imported": 4, "person": 1, "model": 2}
