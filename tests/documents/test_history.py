"""The undo stack: words, generations as one step, and edits while a text is generated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.documents.document import insertion, new_document
from studio.documents.history import History
from studio.documents.origins import IMPORTED, PERSON, Origin

MODEL = Origin("model", "job")


class Writer:
    """A document with its history, edited as the editor does."""

    def __init__(self, text=""):
        self.document = new_document("A", text, IMPORTED)
        self.history = History()

    def edit(self, position, text, removed=0, key=""):
        change = insertion(position, text, MODEL if key else PERSON, removed=removed)
        self.history.record(change, self.document.apply(change), key)

    def type(self, text, position=None):
        at = len(self.document.text) if position is None else position
        for offset, character in enumerate(text):
            self.edit(at + offset, character)

    def undo(self):
        return self.history.undo(self.document.apply)

    def redo(self):
        return self.history.redo(self.document.apply)

    @property
    def state(self):
        return self.document.text, self.document.origins


def test_typed_words_are_a_step_each():
    writer = Writer()
    writer.type("one two\nthree")
    texts = []
    while writer.undo():
        texts.append(writer.document.text)
    assert texts == ["one two", "one", ""]


def test_deleted_letters_are_one_step_in_both_directions():
    writer = Writer("abcdef")
    for position in (3, 2, 1):
        writer.edit(position, "", removed=1)
    assert writer.document.text == "aef"
    writer.undo()
    assert writer.document.text == "abcdef"
    for _ in range(3):
        writer.edit(1, "", removed=1)
    writer.undo()
    assert writer.state == Writer("abcdef").state


def test_redo_ends_with_the_next_change():
    writer = Writer()
    writer.type("one two")
    writer.undo()
    assert writer.history.can_redo
    writer.type("x")
    assert not writer.history.can_redo
    assert writer.redo() == []


def test_generation_is_one_step_among_those_of_the_person():
    writer = Writer("Once. ")
    writer.type("Rain")
    for piece in (" fell", " on", " us"):
        writer.edit(len(writer.document.text), piece, key="job")
    writer.history.close_step("job")
    writer.type("!")
    states = [writer.state]
    for expected in ("Once. Rain fell on us", "Once. Rain", "Once. "):
        writer.undo()
        assert writer.document.text == expected
        states.append(writer.state)
    for state in reversed(states[:-1]):
        writer.redo()
        assert writer.state == state


def test_person_types_before_and_after_a_text_that_is_generated():
    writer = Writer("AB")
    writer.edit(1, "m1", key="job")  # A m1 B
    writer.type("xx", 0)  # xxA m1 B
    writer.edit(5, "m2", key="job")
    writer.type("yy")
    writer.edit(7, "m3", key="job")
    assert writer.document.text == "xxAm1m2m3Byy"
    writer.history.close_step("job")
    texts = []
    while writer.undo():
        texts.append(writer.document.text)
    assert texts == ["xxAm1m2m3B", "Am1m2m3B", "AB"]
    while writer.redo():
        pass
    assert writer.document.text == "xxAm1m2m3Byy"


def test_replaced_selection_comes_back_in_one_step():
    writer = Writer("one two three")
    writer.edit(4, "", removed=3, key="job")
    writer.edit(4, "2", key="job")
    writer.edit(5, "!", key="job")
    before = Writer("one two three").state
    writer.undo()
    assert writer.state == before
    writer.redo()
    assert writer.document.text == "one 2! three"


@pytest.mark.parametrize("key", ["", "job"])
def test_memory_is_limited(monkeypatch, key):
    monkeypatch.setattr("studio.documents.history.MAX_CHARACTERS", 100)
    writer = Writer("w" * 1_000)
    for number in range(20):
        writer.edit(0, "", removed=20, key=f"{key}{number}")
        writer.history.close_step(f"{key}{number}")
    steps = 0
    while writer.undo():
        steps += 1
    assert 4 <= steps <= 6


def test_what_can_no_longer_be_made_again_takes_no_memory(monkeypatch):
    monkeypatch.setattr("studio.documents.history.MAX_CHARACTERS", 100)
    writer = Writer()
    for _number in range(5):
        writer.edit(0, "w" * 60)
        writer.undo()
    writer.type("one two three")
    steps = 0
    while writer.undo():
        steps += 1
    assert steps == 3


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("piece"), st.text(alphabet="mn", min_size=1, max_size=3)),
        st.tuples(
            st.just("edit"),
            st.integers(0, 40),
            st.integers(0, 6),
            st.text(alphabet="pq \n", max_size=3),
        ),
        st.tuples(st.just("undo")),
    ),
    max_size=25,
)


def moved(end, position, removed, added):
    """Where the end of the generated text is after a change, before which it stays."""
    if position >= end:
        return end
    return end + added - removed if position + removed <= end else position


def run_edit(writer, edit, end):
    """Make an edit of the test below; return the end of the generated text."""
    length = len(writer.document.text)
    if edit[0] == "piece":
        writer.edit(end, edit[1], key="job")
        return end + len(edit[1])
    if edit[0] == "edit":
        position = min(edit[1], length)
        removed = min(edit[2], length - position)
        if removed or edit[3]:
            writer.edit(position, edit[3], removed)
        return moved(end, position, removed, len(edit[3]))
    if writer.history.next_key != "job":
        for change in writer.undo():
            end = moved(end, change.position, change.removed, len(change.inserted))
    return end


@given(st.text(alphabet="ab", min_size=1, max_size=12), st.integers(0, 12), EDITS)
def test_everything_is_undone_and_redone_wherever_the_person_edits(text, start, edits):
    writer = Writer(text)
    first = writer.state
    end = min(start, len(text))
    for edit in edits:
        end = run_edit(writer, edit, end)
    while writer.redo():
        pass
    last = writer.state
    while writer.undo():
        pass
    assert writer.state == first
    while writer.redo():
        pass
    assert writer.state == last
