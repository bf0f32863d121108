"""The window with the sentences of a summary next to the text that they come from."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from studio.text_tasks.passages import is_source_of, link_sentences, uncovered_parts
from studio.ui.stage.candidates.sentence_marks import (
    sentence_at,
    sentence_marks,
    sentence_places,
)
from studio.ui.stage.candidates.summary_sources import MAX_SHOWN, SummarySources, show_sources
from tests.ui.conftest import PATIENCE
from tests.ui.tabs.tasks.test_task_form import (
    choose,
    generate,
    main_editor,
    open_tab,  # noqa: F401  a fixture
)
from tests.ui.test_window import is_over

BRIDGE = "The bridge at Kelmore was closed on 14 March."
FERRY = "A ferry named Osprey carried 611 passengers. 😀"
MAYOR = "Mayor Valdur promised 2.4 million crowns."
SOURCE = f"{BRIDGE}\n\n{FERRY}\n\n{MAYOR}"
INVENTED = "Elephants painted giraffes."
SUMMARY = f"Valdur promised 2.4 million crowns. {INVENTED} The Kelmore bridge was closed."


@pytest.fixture
def open_sources(qtbot):
    """Return a function that shows a summary with its source; it waits until both are read."""
    parent = QWidget()
    qtbot.addWidget(parent)

    def open_window(summary, source, changed=None):
        coverage = link_sentences(summary, source)
        window = show_sources(parent, coverage, source if changed is None else changed)
        qtbot.waitUntil(lambda: bool(window.note.text()), timeout=PATIENCE)
        return window

    return open_window


def marked(window):
    """Return the marked stretches of the text that is shown, by opacity."""
    return {
        one.cursor.selectedText(): one.format.background().color().alpha()
        for one in window.text.extraSelections()
    }


def test_the_first_sentence_is_marked_at_once_and_what_is_left_out_lighter(open_sources):
    window = open_sources(SUMMARY, SOURCE)
    found = marked(window)
    assert found[MAYOR] > found[FERRY] > 0
    assert BRIDGE not in found
    cursor = window.text.textCursor()
    assert window.text.place(cursor.position()) == SOURCE.index(MAYOR), "after 😀 too"


def test_arrow_keys_choose_sentences_and_one_without_a_source_is_named(open_sources):
    window = open_sources(SUMMARY, SOURCE)
    rows = [window.sentences.item(row).text() for row in range(window.sentences.count())]
    assert [INVENTED in row and "No source" in row for row in rows] == [False, True, False]
    QTest.keyClick(window.sentences, Qt.Key.Key_Down)
    assert "Check it" in window.note.text()
    assert MAYOR not in marked(window)
    QTest.keyClick(window.sentences, Qt.Key.Key_Down)
    assert BRIDGE in marked(window)
    assert "Check it" not in window.note.text()
    QTest.keyClick(window.sentences, Qt.Key.Key_Return)
    assert window.isVisible()


def test_the_button_goes_through_what_is_left_out_again_and_again(open_sources):
    parts = [f"Part {name} tells of {name} things." for name in ("red", "blue", "green", "wet")]
    source = "\n\n".join(parts)
    window = open_sources("Part blue tells of blue things.", source)

    def next_place():
        QTest.mouseClick(window.next_button, Qt.MouseButton.LeftButton)
        return window.text.place(window.text.textCursor().position())

    left_out = [source.index(parts[number]) for number in (0, 2, 3)]
    assert [next_place() for _ in range(4)] == [*left_out, left_out[0]]


def test_places_hold_in_a_text_with_line_ends_of_windows(open_sources):
    window = open_sources(SUMMARY, SOURCE.replace("\n", "\r\n"))
    assert MAYOR in marked(window)


def test_nothing_is_left_out(open_sources):
    window = open_sources(SOURCE, SOURCE)
    assert not window.next_button.isEnabled()


def test_another_text_than_the_summarized_one_is_not_marked(open_sources):
    window = open_sources(SUMMARY, SOURCE, changed="Something else. " + SOURCE)
    assert "changed" in window.note.text()
    QTest.keyClick(window.sentences, Qt.Key.Key_Down)
    assert "changed" in window.note.text()
    assert not marked(window)
    assert not window.next_button.isEnabled()


def test_a_passage_at_the_end_of_a_long_text_is_shown(open_sources):
    filler = "Snow fell on the quiet road.\n" * (3 * MAX_SHOWN // 29)
    window = open_sources(f"{BRIDGE} {MAYOR}", f"{BRIDGE}\n{filler}{MAYOR}")
    assert BRIDGE in marked(window)
    QTest.keyClick(window.sentences, Qt.Key.Key_Down)
    assert MAYOR in marked(window)
    assert len(window.text.toPlainText()) <= MAX_SHOWN + MAX_SHOWN // 1_000
    QTest.keyClick(window.sentences, Qt.Key.Key_Up)
    assert BRIDGE in marked(window)


def test_parts_and_passages_of_a_text():
    coverage = link_sentences(MAYOR, SOURCE)
    left_out = [SOURCE[one.start : one.end] for one in uncovered_parts(coverage, SOURCE)]
    assert left_out == [BRIDGE, FERRY]
    assert is_source_of(coverage, SOURCE)
    assert not is_source_of(coverage, SOURCE[1:])
    assert uncovered_parts(link_sentences("", ""), "") == []


def test_the_sources_of_a_generated_summary_open_from_the_result(qtbot, open_tab):  # noqa: F811
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "summary")
    main_editor(tab).replace_text("Snow fell in May. The road was closed. Trains ran late.")
    generate(tab)
    review = tab.stage.review
    qtbot.waitUntil(review.sources_button.isVisible, timeout=PATIENCE)
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    QTest.mouseClick(review.sources_button, Qt.MouseButton.LeftButton)
    window = studio.window.findChild(SummarySources)
    qtbot.waitUntil(lambda: bool(window.note.text()), timeout=PATIENCE)
    assert window.sentences.count()
    assert window.text.toPlainText().startswith("Snow fell in May.")
    window.close()


def test_a_click_on_a_sentence_of_the_result_shows_its_source(qtbot, open_tab):  # noqa: F811
    studio, tab = open_tab()
    choose(tab.tasks.write_button, "summary")
    words = "lantern harbour quiet morning silver river window garden paper letter"
    main_editor(tab).replace_text(f"{SOURCE} {words}.")
    generate(tab)
    stage = tab.stage
    qtbot.waitUntil(lambda: is_over(studio, tab), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "Click a sentence" in stage.candidates.legend.text(), timeout=PATIENCE)
    qtbot.waitUntil(stage.review.sources_button.isVisible, timeout=PATIENCE)
    view = stage.view.view
    at = view.rect_of(3).center()
    assert view.tip_at(at)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    (window,) = tab.window().findChildren(SummarySources)
    qtbot.waitUntil(lambda: bool(window.note.text()), timeout=PATIENCE)
    assert window.sentences.currentRow() == 0
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert tab.window().findChildren(SummarySources) == [window], "one window is used again"
    window.close()


def test_sentences_are_found_in_the_text_by_their_places():
    coverage = link_sentences(SUMMARY, SOURCE)
    shown = f"- {SUMMARY}"
    assert [shown[start:end] for start, end, _ in sentence_places(coverage, shown)] == [
        one.text for one in coverage.sentences
    ]
    assert sentence_at(coverage, shown, shown.index("Elephants") + 2) == 1
    assert sentence_at(coverage, shown, 0) == -1
    tips = [mark.format.toolTip() for mark in sentence_marks(coverage, shown)]
    assert tips == [MAYOR, "Not found in the text", BRIDGE]
