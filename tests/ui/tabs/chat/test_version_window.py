"""All versions of a turn side by side, in the real window."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from studio.ui.tabs.chat.version_window import VersionWindow
from tests.ui.conftest import PATIENCE, close_studio
from tests.ui.tabs.chat.conftest import click, send, shown, wait_answer


def last_view(page):
    return list(page.turns.views.values())[-1]


def regenerate(qtbot, page):
    count = last_view(page).count
    click(last_view(page).retry_button)
    qtbot.waitUntil(lambda: last_view(page).count == count + 1, timeout=PATIENCE)
    wait_answer(qtbot, page, len(page.turns.views))


def compare(qtbot, page):
    click(last_view(page).compare_button)
    (window,) = page.turns.findChildren(VersionWindow)
    qtbot.waitUntil(lambda: window.isVisible(), timeout=PATIENCE)
    return window


def texts(window):
    return [column.view.toPlainText() for column in window.columns.columns.values()]


def marked(column):
    return [one.cursor.selectedText() for one in column.view.extraSelections()]


def test_versions_stand_side_by_side_and_one_is_chosen_with_the_keyboard(qtbot, open_chat, data):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    assert last_view(page).compare_button.isHidden()
    regenerate(qtbot, page)
    regenerate(qtbot, page)
    window = compare(qtbot, page)
    versions = page.chat.versions(page.chat.path()[1])
    assert texts(window) == [one.text for one in versions]
    first, second, third = window.columns.columns.values()
    assert third.title.isChecked()
    qtbot.waitUntil(lambda: bool(marked(first)) and not marked(third), timeout=PATIENCE)
    assert QApplication.focusWidget() is third.title
    QTest.keyClick(third.title, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: bool(marked(third)) and not marked(second), timeout=PATIENCE)
    QTest.keyClick(window, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown(page)[1] == versions[1].text, timeout=PATIENCE)
    assert page.chat.path()[1].id == versions[1].id
    close_studio(studio)
    again = open_chat()[2]
    qtbot.waitUntil(lambda: shown(again)[1:] == [versions[1].text], timeout=PATIENCE)


def test_a_version_that_is_written_grows_in_its_column(qtbot, open_chat):
    studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    regenerate(qtbot, page)
    window = compare(qtbot, page)
    studio.session.engine._step_seconds = 0.2
    click(window.regenerate_button)
    qtbot.waitUntil(lambda: len(texts(window)) == 3 and bool(texts(window)[2]), timeout=PATIENCE)
    assert page.answers.jobs_of(page.chat.id)
    assert not window.regenerate_button.isEnabled()
    click(page.stop_button)
    qtbot.waitUntil(window.regenerate_button.isEnabled, timeout=PATIENCE)
    assert texts(window)[2] == page.chat.path()[1].text


def test_a_column_is_picked_copied_and_edited_as_a_document(qtbot, open_chat):
    _studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    regenerate(qtbot, page)
    versions = page.chat.versions(page.chat.path()[1])
    window = compare(qtbot, page)
    click(window.columns.columns[0].copy_button)
    assert QApplication.clipboard().text() == versions[0].text
    click(window.columns.columns[0].pick_button)
    qtbot.waitUntil(lambda: shown(page)[1] == versions[0].text, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not page.turns.findChildren(VersionWindow), timeout=PATIENCE)
    window = compare(qtbot, page)
    click(window.columns.columns[1].edit_button)
    qtbot.waitUntil(
        lambda: tab.is_document_shown and tab.document_page.document.text == versions[1].text,
        timeout=PATIENCE,
    )


def test_the_focus_stays_on_the_arrow_and_alt_with_an_arrow_steps(qtbot, open_chat):
    _studio, tab, page = open_chat()
    send(qtbot, tab, "Hi")
    regenerate(qtbot, page)
    versions = [one.text for one in page.chat.versions(page.chat.path()[1])]
    last_view(page).before_button.setFocus()
    QTest.keyClick(last_view(page).before_button, Qt.Key.Key_Space)
    assert shown(page)[1] == versions[0]
    view = last_view(page)
    qtbot.waitUntil(view.isVisible, timeout=PATIENCE)
    assert view.isAncestorOf(QApplication.focusWidget())
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert shown(page)[1] == versions[1]
    assert last_view(page).version.text() == "2 of 2"
